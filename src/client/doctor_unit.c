#include "client/doctor_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"

#define LIMIT_NS INT64_C(5000000000)

bool doctor_unit_is_active(const struct doctor_unit *unit)
{
	return !strcmp(unit->active, "active") || !strcmp(unit->active, "activating") || !strcmp(unit->active, "reloading");
}

/* Made by a generator (a console of the kernel's) counts as well as enabled. */
bool doctor_unit_is_enabled(const struct doctor_unit *unit)
{
	return !strncmp(unit->enabled, "enabled", 7) || !strcmp(unit->enabled, "generated");
}

/* Is the path one of the directories, or in one?  They are separated by blanks; what `before` ends with stands in front of each. */
static bool is_in(const char *path, const char *before, const char *directories)
{
	for (const char *at = directories; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " "), mark = strspn(at, "-+"), skip = strlen(before), rest = length - mark;

		/* a state directory may have other names behind a colon */
		if (*before)
			rest = strcspn(at + mark, " :");
		if (rest && !strncmp(path, before, skip) && !strncmp(path + skip, at + mark, rest) &&
		    (!path[skip + rest] || path[skip + rest] == '/'))
			return true;
		at += length;
	}
	return false;
}

bool doctor_unit_makes(const struct doctor_unit *unit, const char *directory)
{
	return !strcmp(unit->load, "loaded") && (is_in(directory, "/var/lib/", unit->state) || is_in(directory, "/run/", unit->runtime));
}

/* No other line gives back what PrivateTmp= and ProtectHome= hide: systemd.exec(5). */
enum doctor_unit_bar doctor_unit_bar(const struct doctor_unit *unit, const char *path)
{
	if (strcmp(unit->load, "loaded") != 0)
		return BAR_NONE;
	if (is_in(path, "", "/tmp /var/tmp"))
		return strcmp(unit->temporary, "yes") ? BAR_NONE : BAR_TEMPORARY;
	if (is_in(path, "", "/home /root /run/user") && (!strcmp(unit->home, "yes") || !strcmp(unit->home, "tmpfs")))
		return BAR_HOME;
	if (doctor_unit_makes(unit, path) || is_in(path, "", unit->writable))
		return BAR_NONE;
	if (is_in(path, "", "/home /root /run/user") && !strcmp(unit->home, "read-only"))
		return BAR_HOME;
	return strcmp(unit->system, "strict") || is_in(path, "", "/dev /proc /sys") ? BAR_NONE : BAR_SYSTEM;
}

static void take(char *field, size_t size, const char *value)
{
	snprintf(field, size, "%s", value);
}

static void take_property(struct doctor_unit *unit, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *field;
		size_t size;
	} known[] = {
		{ "LoadState", unit->load, sizeof(unit->load) },
		{ "ActiveState", unit->active, sizeof(unit->active) },
		{ "SubState", unit->sub, sizeof(unit->sub) },
		{ "UnitFileState", unit->enabled, sizeof(unit->enabled) },
		{ "Result", unit->result, sizeof(unit->result) },
		{ "User", unit->user, sizeof(unit->user) },
		{ "SupplementaryGroups", unit->groups, sizeof(unit->groups) },
		{ "LimitRTPRIO", unit->rtprio, sizeof(unit->rtprio) },
		{ "LimitMEMLOCK", unit->memlock, sizeof(unit->memlock) },
		{ "ProtectSystem", unit->system, sizeof(unit->system) },
		{ "ProtectHome", unit->home, sizeof(unit->home) },
		{ "PrivateTmp", unit->temporary, sizeof(unit->temporary) },
		{ "PrivateNetwork", unit->network, sizeof(unit->network) },
		{ "StateDirectory", unit->state, sizeof(unit->state) },
		{ "RuntimeDirectory", unit->runtime, sizeof(unit->runtime) },
		{ "ReadWritePaths", unit->writable, sizeof(unit->writable) },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(key, known[i].key))
			take(known[i].field, known[i].size, value);
	if (!strcmp(key, "NRestarts"))
		unit->restarts = strtol(value, NULL, 10);
	if (!strcmp(key, "MainPID"))
		unit->pid = (pid_t)strtol(value, NULL, 10);
}

/* The units come in the order in which they were asked for, those without a name left out. */
void doctor_units_parse(struct doctor_units *units, char *text)
{
	struct doctor_unit *all[] = { &units->service, &units->getty, &units->serial_getty, &units->modem_manager };
	size_t unit = 0, n = sizeof(all) / sizeof(all[0]);
	bool began = false;

	while (*text && unit < n) {
		char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end, *value;

		*end = '\0';
		while (unit < n && !*all[unit]->name)
			unit++;
		value = strchr(text, '=');
		if (value && unit < n) {
			*value = '\0';
			take_property(all[unit], text, value + 1);
			began = true;
		} else if (!*text && began) {
			unit++;
			began = false;
		}
		text = next;
	}
}

static void run_systemctl(int out, const char *const *names, size_t n)
{
	static char program[] = "systemctl", show[] = "show", no_pager[] = "--no-pager",
		    properties[] = "--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,MainPID,User,"
				   "SupplementaryGroups,LimitRTPRIO,LimitMEMLOCK,ProtectSystem,ProtectHome,PrivateTmp,PrivateNetwork,StateDirectory,"
				   "RuntimeDirectory,ReadWritePaths";
	char *arguments[12] = { program, show, no_pager, properties };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t used = 4;

	for (size_t i = 0; i < n; i++)
		if (*names[i])
			arguments[used++] = strdup(names[i]);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	execvp(program, arguments);
	_exit(127);
}

/* What comes until the end or the limit; how many bytes, or -errno. */
static ssize_t gather(int fd, char *text, size_t size)
{
	int64_t until_ns = monotonic_ns() + LIMIT_NS;
	size_t used = 0;

	for (;;) {
		struct pollfd slot = { .fd = fd, .events = POLLIN };
		int64_t left_ns = until_ns - monotonic_ns();
		int ready = left_ns > 0 ? poll(&slot, 1, (int)(left_ns / 1000000) + 1) : 0;
		ssize_t n;

		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready < 0)
			continue;
		n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 || used + 1 == size)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = '\0';
	return (ssize_t)used;
}

/* systemctl's exit status, or -errno. */
static int ask(const char *const *names, size_t n, char *text, size_t size)
{
	int out[2], status = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_systemctl(out[1], names, n);
	got = pid < 0 ? -errno : 0;
	close(out[1]);
	if (pid > 0) {
		got = gather(out[0], text, size);
		if (got < 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(out[0]);
	return got < 0 ? (int)got : WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

void doctor_units_read(struct doctor_units *units, const char *service, const char *tty)
{
	struct doctor_unit *all[] = { &units->service, &units->getty, &units->serial_getty, &units->modem_manager };
	const char *names[4];
	char text[8192] = "";
	int status;

	memset(units, 0, sizeof(*units));
	snprintf(units->service.name, sizeof(units->service.name), "%s", service);
	if (*tty) {
		snprintf(units->getty.name, sizeof(units->getty.name), "getty@%.64s.service", tty);
		snprintf(units->serial_getty.name, sizeof(units->serial_getty.name), "serial-getty@%.64s.service", tty);
	}
	snprintf(units->modem_manager.name, sizeof(units->modem_manager.name), "ModemManager.service");
	for (size_t i = 0; i < 4; i++)
		names[i] = all[i]->name;
	status = ask(names, 4, text, sizeof(text));
	units->known = status == 0;
	if (status == 127)
		snprintf(units->why_not, sizeof(units->why_not), "there is no systemctl here");
	else if (status > 0)
		snprintf(units->why_not, sizeof(units->why_not), "systemd does not run here");
	else if (status < 0)
		snprintf(units->why_not, sizeof(units->why_not), "systemctl: %s", strerror(-status));
	if (units->known)
		doctor_units_parse(units, text);
}
