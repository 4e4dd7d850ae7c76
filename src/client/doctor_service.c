/* The unit that starts the daemon, and the daemon that runs: what each says of itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#include "client/control_client.h"
#include "client/doctor.h"

static const char service[] = "service", running[] = "daemon";

static void judge_unit(struct doctor *doctor, const struct doctor_unit *unit)
{
	bool enabled = doctor_unit_is_enabled(unit);

	if (!strcmp(unit->active, "failed")) {
		doctor_say(doctor, DOCTOR_FAIL, service, "%s has failed (%s) after %ld restarts", unit->name, unit->result, unit->restarts);
		doctor_mend(doctor, "journalctl -u %s -n 50 tells why; then systemctl restart %s", unit->name, unit->name);
	} else if (!strcmp(unit->active, "activating") && !strcmp(unit->sub, "auto-restart")) {
		doctor_say(doctor, DOCTOR_FAIL, service, "%s ends again and again (%s), %ld restarts", unit->name, unit->result, unit->restarts);
		doctor_mend(doctor, "journalctl -u %s -n 50 tells why", unit->name);
	} else if (!doctor_unit_is_active(unit)) {
		doctor_say(doctor, DOCTOR_WARN, service, "%s does not run, is %s", unit->name, enabled ? "enabled" : "not enabled");
		doctor_mend(doctor, "systemctl enable --now %s", unit->name);
	} else if (!enabled) {
		doctor_say(doctor, DOCTOR_WARN, service, "%s runs, but does not start with the machine", unit->name);
		doctor_mend(doctor, "systemctl enable %s", unit->name);
	} else if (unit->restarts > 0) {
		doctor_say(doctor, DOCTOR_WARN, service, "%s runs, after %ld restarts", unit->name, unit->restarts);
		doctor_mend(doctor, "journalctl -u %s tells why", unit->name);
	} else {
		doctor_say(doctor, DOCTOR_OK, service, "%s runs and starts with the machine", unit->name);
	}
}

void doctor_check_service(struct doctor *doctor)
{
	const struct doctor_units *units = &doctor->units;

	if (!units->known) {
		doctor_say(doctor, DOCTOR_WARN, service, "%s: nothing starts the daemon with the machine or after a crash", units->why_not);
	} else if (strcmp(units->service.load, "loaded") != 0) {
		doctor_say(doctor, DOCTOR_WARN, service, "systemd knows no %s%s%s", units->service.name, *units->service.load ? ": " : "",
			   units->service.load);
		doctor_mend(doctor, "systemctl daemon-reload; else install the unit");
	} else {
		judge_unit(doctor, &units->service);
	}
}

static enum doctor_unit_bar find_bar(const struct doctor_unit *unit, const char *path)
{
	enum doctor_unit_bar bar = doctor_unit_bar(unit, path);
	char *real = bar ? realpath(path, NULL) : NULL;

	if (real)
		bar = doctor_unit_bar(unit, real);
	free(real);
	return bar;
}

static void say_hidden(struct doctor *doctor, const char *part, const char *path, const char *why, const char *line)
{
	const struct doctor_unit *unit = &doctor->units.service;

	doctor_say(doctor, DOCTOR_FAIL, part, "%s: %s %s (%s)", path, unit->name, why, line);
	doctor_mend(doctor, "another path in %s, such as one below /var/lib/%s; ReadWritePaths= does not help", doctor->file,
		    *unit->state ? unit->state : "dinmeterd");
}

bool doctor_say_forbidden(struct doctor *doctor, const char *part, const char *path)
{
	const struct doctor_unit *unit = &doctor->units.service;
	enum doctor_unit_bar bar = doctor->of_service && doctor->units.known ? find_bar(unit, path) : BAR_NONE;
	char line[40];

	if (bar == BAR_TEMPORARY)
		say_hidden(doctor, part, path, "keeps that to itself, and leaves nothing there when it stops", "PrivateTmp=yes");
	snprintf(line, sizeof(line), "ProtectHome=%s", unit->home);
	if (bar == BAR_HOME)
		say_hidden(doctor, part, path, "may not write there", line);
	if (bar != BAR_SYSTEM)
		return bar != BAR_NONE;
	doctor_say(doctor, DOCTOR_FAIL, part, "%s: %s may not write there (ProtectSystem=strict)", path, unit->name);
	/* What lies in /run goes with the machine, and a path that is not there keeps the unit from its start. */
	if (!strncmp(path, "/run/", 5))
		doctor_mend(doctor, "systemctl edit %s: [Service] RuntimeDirectory=%s; then systemctl restart %s", unit->name, path + 5, unit->name);
	else if (access(path, F_OK) < 0 && errno == ENOENT)
		doctor_mend(doctor, "install -d -o %s -g %s -m 0750 %s; systemctl edit %s: [Service] ReadWritePaths=%s; then systemctl restart %s",
			    doctor->user.name, doctor_group(&doctor->user), path, unit->name, path, unit->name);
	else
		doctor_mend(doctor, "systemctl edit %s: [Service] ReadWritePaths=%s; then systemctl restart %s", unit->name, path, unit->name);
	return true;
}

int doctor_find_daemon(struct doctor *doctor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);
	int fd, error = 0;

	doctor->daemon_pid = 0;
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", doctor->socket) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* a full backlog is a daemon all the same: it is asked later, and waited for */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EAGAIN)
		error = -errno;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		doctor->daemon_pid = peer.pid;
	close(fd);
	return error;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static const char *text(struct json_object *object, const char *key)
{
	const char *value = json_object_get_string(member(object, key));

	return value ? value : "";
}

static bool is_set(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

static unsigned long long count(struct json_object *object, const char *key)
{
	return json_object_get_uint64(member(object, key));
}

static void judge_samples(struct doctor *doctor, struct json_object *status)
{
	struct json_object *adc = member(status, "adc"), *meter = member(status, "meter");

	if (!is_set(adc, "open")) {
		doctor_say(doctor, DOCTOR_FAIL, running, "its converter is not open%s%s", *text(adc, "last_error") ? ": " : "", text(adc, "last_error"));
		doctor_mend(doctor, "journalctl -u %s | grep adc; and see converter above", doctor->units.service.name);
	} else if (!is_set(meter, "live")) {
		doctor_say(doctor, DOCTOR_FAIL, running, "its readings are not live: no good second was measured of late");
		doctor_mend(doctor, "dinmeter status; journalctl -u %s", doctor->units.service.name);
	}
	if (count(adc, "lost") > 0) {
		doctor_say(doctor, DOCTOR_WARN, running, "%llu samples were lost in %llu gaps since it started", count(adc, "lost"), count(adc, "gaps"));
		doctor_mend(doctor, "a larger adc.block, less load on the machine; dinmeter status shows whether it goes on");
	}
}

static void judge_bus(struct doctor *doctor, struct json_object *status)
{
	struct json_object *bus = member(status, "bus");
	unsigned long long bad = count(bus, "crc_errors") + count(bus, "line_errors");
	unsigned long long good = count(bus, "requests") + count(bus, "other_frames");

	if (!is_set(bus, "open")) {
		doctor_say(doctor, DOCTOR_FAIL, running, "its port %s is not open%s%s", text(bus, "device"), *text(bus, "last_error") ? ": " : "",
			   text(bus, "last_error"));
		doctor_mend(doctor, "journalctl -u %s | grep modbus; and see port above", doctor->units.service.name);
	}
	/* More than one in a hundred is no noise any more, but a wrong speed, parity or termination. */
	if (bad > 10 && bad * 100 > good) {
		doctor_say(doctor, DOCTOR_WARN, running, "of its bus %llu frames were good and %llu damaged", good, bad);
		doctor_mend(doctor, "compare speed and parity with the master's; look at termination and bias");
	}
}

static void judge_outputs(struct doctor *doctor, struct json_object *status)
{
	json_object_object_foreach(member(status, "outputs"), key, value) {
		if (!json_object_is_type(value, json_type_object))
			continue;
		if (!is_set(value, "configured") || is_set(value, "working"))
			continue;
		doctor_say(doctor, DOCTOR_FAIL, running, "its contact %s does not work%s%s", key, *text(value, "last_error") ? ": " : "",
			   text(value, "last_error"));
		doctor_mend(doctor, "see contacts above; it is tried again by itself");
	}
	json_object_object_foreach(member(member(status, "outputs"), "leds"), led, state) {
		if (state && strcmp(json_object_get_string(state), "working") != 0)
			doctor_say(doctor, DOCTOR_WARN, running, "its LED %s does not work", led);
	}
}

static void judge_panel(struct doctor *doctor, struct json_object *status)
{
	static const char *const devices[] = { "display", "buttons" };

	for (size_t i = 0; i < 2; i++) {
		struct json_object *device = member(member(status, "panel"), devices[i]);

		if (is_set(device, "configured") && !is_set(device, "working"))
			doctor_say(doctor, DOCTOR_WARN, running, "its %s does not work%s%s", devices[i], *text(device, "last_error") ? ": " : "",
				   text(device, "last_error"));
	}
}

static void judge_store(struct doctor *doctor, struct json_object *status)
{
	struct json_object *store = member(status, "store"), *capture = member(status, "capture");
	const char *state = text(store, "state");

	if (*state && strcmp(state, "good") != 0 && strcmp(state, "repaired") != 0) {
		doctor_say(doctor, DOCTOR_FAIL, running, "its state is not kept (%s): %s", state, text(store, "message"));
		doctor_mend(doctor, "see disk above; it is tried again by itself");
	}
	if (!strcmp(text(capture, "state"), "failing"))
		doctor_say(doctor, DOCTOR_WARN, running, "its captures cannot be written: %s", text(capture, "last_error"));
}

static void judge_status(struct doctor *doctor, struct json_object *status)
{
	unsigned before = doctor->findings;

	judge_samples(doctor, status);
	judge_bus(doctor, status);
	judge_store(doctor, status);
	if (member(status, "outputs"))
		judge_outputs(doctor, status);
	judge_panel(doctor, status);
	if (doctor->findings == before)
		doctor_say(doctor, DOCTOR_OK, running, "process %ld answers at %s: readings are live, no sample was lost", (long)doctor->daemon_pid,
			   doctor->socket);
}

static void say_silent(struct doctor *doctor, int error)
{
	bool expected = doctor->units.known && doctor_unit_is_active(&doctor->units.service), told = false;

	for (unsigned i = 0; i < doctor->findings; i++)
		told |= doctor->finding[i].verdict == DOCTOR_FAIL && !strcmp(doctor->finding[i].part, "control");
	if (error == -EACCES) {
		doctor_say(doctor, DOCTOR_WARN, running, "%s: %s, so the daemon was not asked", doctor->socket, strerror(-error));
		doctor_mend(doctor, "sudo dinmeter doctor, or usermod -aG %s $USER", doctor->config.control_group);
	} else if (expected) {
		doctor_say(doctor, DOCTOR_FAIL, running, "the service runs, but nobody answers at %s: %s", doctor->socket, strerror(-error));
		if (told)
			doctor_mend(doctor, "see control above");
		else
			doctor_mend(doctor, "dinmeter doctor --socket PATH if it has another; else systemctl restart %s", doctor->units.service.name);
	} else {
		doctor_say(doctor, DOCTOR_WARN, running, "none answers at %s", doctor->socket);
		doctor_mend(doctor, "systemctl start %s, or dinmeterd -c %s", doctor->units.service.name, doctor->file);
	}
}

static void say_speechless(struct doctor *doctor)
{
	doctor_say(doctor, DOCTOR_FAIL, running, "process %ld at %s does not tell its status", (long)doctor->daemon_pid, doctor->socket);
	doctor_mend(doctor, "ps -fp %ld shows who it is; systemctl restart %s", (long)doctor->daemon_pid, doctor->units.service.name);
}

void doctor_check_daemon(struct doctor *doctor, int error)
{
	struct json_object *status = NULL;
	struct control_client client;

	if (error) {
		say_silent(doctor, error);
		return;
	}
	/* What goes wrong from here on it says itself, on stderr. */
	if (control_client_open(&client, doctor->socket, NULL) == CLIENT_DONE) {
		status = control_client_ask(&client, "status", NULL);
		control_client_close(&client);
	}
	if (status)
		judge_status(doctor, status);
	else
		say_speechless(doctor);
	json_object_put(status);
}
