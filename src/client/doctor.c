/* dinmeter doctor: looks at the machine as the daemon's user would, and tells what to mend. */
#include "client/doctor.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/instance.h"

static const char usage[] = "usage: dinmeter doctor [-c FILE] [--user NAME] [--unit NAME] [--state DIR] [--socket PATH] [--json]\n";
static const char help[] =
	"\nLooks at the machine as the daemon's user would see it: a line for each part, ok, warn or FAIL, and what mends it.\n"
	"Changes nothing.  Run it as root: then rights are tried as that user, and other users' processes are seen.\n\n"
	"  -c FILE        the daemon's configuration (default " INSTANCE_MAIN_CONFIG ")\n"
	"  --user NAME    the daemon's user (default: the service's, else dinmeter)\n"
	"  --unit NAME    its systemd unit (default dinmeterd.service; of another FILE in " INSTANCE_DIRECTORY ",\n"
	"                 such as roof.conf, dinmeterd@roof.service with its state and socket)\n"
	"  --state DIR    its state directory (default: as configured)\n"
	"  --socket PATH  its control socket (default: as configured)\n"
	"  --json         JSON: one object with all findings\n\n"
	"Status 0: nothing failed; 1: something did; 2: bad usage or configuration.\n";

static const char *const verdicts[] = { [DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "FAIL" };

struct choices {
	const char *file, *user, *unit, *state, *socket;
	bool json;
};

static unsigned count(const struct doctor *doctor, enum doctor_verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < doctor->findings; i++)
		n += doctor->finding[i].verdict == verdict;
	return n;
}

static void print_text(const struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->findings; i++) {
		const struct doctor_finding *finding = &doctor->finding[i];

		printf("%-5s %-14s %s%s%s\n", verdicts[finding->verdict], finding->part, finding->found, *finding->mend ? "; mend: " : "",
		       finding->mend);
	}
	printf("%u ok, %u to look at, %u failed\n", count(doctor, DOCTOR_OK), count(doctor, DOCTOR_WARN), count(doctor, DOCTOR_FAIL));
}

static void print_json(const struct doctor *doctor)
{
	struct json_object *whole = json_object_new_object(), *list = json_object_new_array();

	for (unsigned i = 0; i < doctor->findings; i++) {
		const struct doctor_finding *finding = &doctor->finding[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "verdict", json_object_new_string(verdicts[finding->verdict]));
		json_object_object_add(one, "part", json_object_new_string(finding->part));
		json_object_object_add(one, "found", json_object_new_string(finding->found));
		json_object_object_add(one, "mend", *finding->mend ? json_object_new_string(finding->mend) : NULL);
		json_object_array_add(list, one);
	}
	json_object_object_add(whole, "ok", json_object_new_boolean(!count(doctor, DOCTOR_FAIL)));
	json_object_object_add(whole, "user", json_object_new_string(doctor->user.name));
	json_object_object_add(whole, "tried", json_object_new_boolean(doctor->user.tried));
	json_object_object_add(whole, "findings", list);
	puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(whole);
}

/* Root may read it, and the members of its group, or of its directory's where that cannot even be looked into. */
static void explain_denied(const char *file)
{
	const char *slash = strrchr(file, '/');
	struct group *group = NULL;
	char directory[PATH_MAX];
	struct stat status;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
	if ((stat(file, &status) == 0 || stat(directory, &status) == 0) && status.st_gid && (status.st_mode & 050))
		group = getgrgid(status.st_gid);
	fprintf(stderr, "dinmeter doctor: run it as root (sudo dinmeter doctor)");
	if (group)
		fprintf(stderr, " or as a member of the group '%s' (usermod -aG %s USER, then log in anew)", group->gr_name, group->gr_name);
	fputc('\n', stderr);
}

static int set(char *field, size_t size, const char *option, const char *value)
{
	if ((size_t)snprintf(field, size, "%s", value) < size)
		return 0;
	fprintf(stderr, "dinmeter doctor: %s: the path is longer than %zu bytes\n", option, size - 1);
	return -EINVAL;
}

/* The configuration, and what the command line or the template unit say instead. */
static int configure(struct doctor *doctor, const struct choices *choices, const struct instance *instance)
{
	struct config *config = &doctor->config;

	config_defaults(config);
	if (config_load(config, doctor->file, stderr)) {
		if (access(doctor->file, R_OK) && errno == EACCES)
			explain_denied(doctor->file);
		return -EINVAL;
	}
	if (config_check_source(config, stderr) || instance_apply(instance, config, stderr))
		return -EINVAL;
	if (choices->state && set(config->store_path, sizeof(config->store_path), "--state", choices->state))
		return -EINVAL;
	if (choices->socket && set(config->control_socket, sizeof(config->control_socket), "--socket", choices->socket))
		return -EINVAL;
	doctor->socket = config->control_socket;
	return 0;
}

static void read_units(struct doctor *doctor, const char *unit, const struct instance *instance)
{
	char name[288], device[PATH_MAX];

	if (unit)
		snprintf(name, sizeof(name), "%s%s", unit, strchr(unit, '.') ? "" : ".service");
	else if (*instance->name)
		snprintf(name, sizeof(name), "dinmeterd@%s.service", instance->name);
	else
		snprintf(name, sizeof(name), "dinmeterd.service");
	doctor->of_service = unit || instance->has_unit;
	/* Rivals bear the name of the node itself, whatever link leads there. */
	if (!realpath(doctor->config.modbus.device, device) || strncmp(device, "/dev/tty", 8) != 0)
		device[0] = '\0';
	doctor_units_read(&doctor->units, name, *device ? device + strlen("/dev/") : "");
}

static int examine(struct doctor *doctor, const char *user)
{
	int answers = doctor_find_daemon(doctor);

	if (doctor_find_user(doctor, user)) {
		fprintf(stderr, "dinmeter doctor: --user: there is no user \"%s\"\n", user);
		return CLIENT_USAGE;
	}
	doctor_check_configuration(doctor);
	doctor_check_kernel(doctor);
	doctor_check_converter(doctor);
	doctor_check_port(doctor);
	doctor_check_contacts(doctor);
	doctor_check_leds(doctor);
	doctor_check_panel(doctor);
	doctor_check_disk(doctor);
	doctor_check_handover(doctor);
	doctor_check_control(doctor);
	doctor_check_clock(doctor);
	doctor_check_limits(doctor);
	doctor_check_service(doctor);
	doctor_check_daemon(doctor, answers);
	return CLIENT_DONE;
}

static int read_options(struct choices *choices, int argc, char **argv)
{
	static const struct option known[] = {
		{ "user", required_argument, NULL, 'u' }, { "unit", required_argument, NULL, 'n' }, { "state", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "c:h", known, NULL)) != -1)
		switch (option) {
		case 'u': choices->user = optarg; break;
		case 'n': choices->unit = optarg; break;
		case 'd': choices->state = optarg; break;
		case 'j': choices->json = true; break;
		default: status = control_client_take_option(&choices->socket, &choices->file, option, usage, help); break;
		}
	if (status >= 0 || optind == argc)
		return status;
	fprintf(stderr, "dinmeter doctor: unexpected '%s'\n%s", argv[optind], usage);
	return CLIENT_USAGE;
}

int client_doctor(int argc, char **argv)
{
	struct choices choices = { .file = INSTANCE_MAIN_CONFIG };
	int status = read_options(&choices, argc, argv);
	struct doctor *doctor;
	struct instance instance;

	if (status >= 0)
		return status;
	doctor = calloc(1, sizeof(*doctor));
	if (!doctor)
		return fputs("dinmeter: memory is short\n", stderr), CLIENT_FAILED;
	doctor->paths = doctor_paths;
	doctor->file = choices.file;
	instance_find(&instance, choices.file);
	status = CLIENT_USAGE;
	if (!configure(doctor, &choices, &instance)) {
		read_units(doctor, choices.unit, &instance);
		status = examine(doctor, choices.user);
	}
	if (status == CLIENT_DONE) {
		if (choices.json)
			print_json(doctor);
		else
			print_text(doctor);
		status = count(doctor, DOCTOR_FAIL) ? CLIENT_FAILED : CLIENT_DONE;
	}
	free(doctor);
	return status;
}
