/* What is not one device: the configuration file, the kernel, the clock, limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "client/doctor.h"

#define LOAD_LIMIT_S 10
#define YEAR_LEAST 2025		/* of no clock that was ever set since this program was made */
#define KERNEL_LEAST 5010	/* major * 1000 + minor */

/* The whole reading, as it may include files that the user may not read. */
static int load(void *context)
{
	const char *file = context;
	struct config *config = calloc(1, sizeof(*config));
	FILE *errors = fopen("/dev/null", "w");
	int error = config && errors ? 0 : -ENOMEM;

	if (!error) {
		config_defaults(config);
		error = config_load(config, file, errors);
	}
	if (errors)
		fclose(errors);
	free(config);
	return error;
}

void doctor_check_configuration(struct doctor *doctor)
{
	char file[DOCTOR_PATH];
	int error;

	snprintf(file, sizeof(file), "%s", doctor->file);
	error = doctor_access(&doctor->user, file, R_OK);
	if (error) {
		doctor_say_denied(doctor, "configuration", file, R_OK, error, NULL);
		return;
	}
	error = doctor->user.tried ? doctor_run(&doctor->user, load, file, LOAD_LIMIT_S) : 0;
	if (error) {
		doctor_say(doctor, DOCTOR_FAIL, "configuration", "%s: read by %s it is not what it is here: a file that it includes, perhaps (%s)",
			   file, doctor->user.name, strerror(-error));
		doctor_mend(doctor, "runuser -u %s -- dinmeterd -t -c %s names it", doctor->user.name, file);
	} else {
		doctor_say(doctor, DOCTOR_OK, "configuration", "%s: no errors", file);
	}
}

void doctor_check_kernel(struct doctor *doctor)
{
	unsigned major_version = 0, minor_version = 0;
	struct utsname name;
	char real_time[16];

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major_version, &minor_version) != 2) {
		doctor_say(doctor, DOCTOR_WARN, "kernel", "its version cannot be told");
		return;
	}
	doctor_read(real_time, sizeof(real_time), "%s/kernel/realtime", doctor->paths.sys);
	if (major_version * 1000 + minor_version < KERNEL_LEAST)
		doctor_say(doctor, DOCTOR_WARN, "kernel", "%s %s: older than 5.10, which libgpiod 2 needs for GPIO lines", name.sysname, name.release);
	else
		doctor_say(doctor, DOCTOR_OK, "kernel", "%s %s, %s%s", name.sysname, name.release, name.machine,
			   *real_time == '1' ? ", real-time" : "");
}

void doctor_check_clock(struct doctor *doctor)
{
	struct timex state = { .modes = 0 };
	time_t now = time(NULL);
	int status = adjtimex(&state);
	struct tm utc;
	char text[32];

	if (!gmtime_r(&now, &utc) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc)) {
		doctor_say(doctor, DOCTOR_FAIL, "clock", "its time cannot be told");
		doctor_mend(doctor, "timedatectl set-time 'YYYY-MM-DD hh:mm:ss'");
		return;
	}
	if (utc.tm_year + 1900 < YEAR_LEAST) {
		doctor_say(doctor, DOCTOR_FAIL, "clock", "%s: was never set, the log's times would be wrong", text);
		doctor_mend(doctor, "timedatectl set-ntp true, or timedatectl set-time 'YYYY-MM-DD hh:mm:ss'");
	} else if (status < 0) {
		doctor_say(doctor, DOCTOR_WARN, "clock", "%s; whether it is synchronised is not told: %s", text, strerror(errno));
	} else if (status == TIME_ERROR || (state.status & STA_UNSYNC)) {
		doctor_say(doctor, DOCTOR_WARN, "clock", "%s, not synchronised: the log's times are as good as it is, energy does not depend on it", text);
		doctor_mend(doctor, "timedatectl set-ntp true");
	} else {
		doctor_say(doctor, DOCTOR_OK, "clock", "%s, synchronised", text);
	}
}

/* "Max realtime priority     0     0     " of a running process: its soft limit. */
static bool limit_of_process(const struct doctor *doctor, const char *what, char *value, size_t size)
{
	char path[DOCTOR_PATH], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%ld/limits", doctor->paths.proc, (long)doctor->daemon_pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *rest = line + strlen(what);

		if (strncmp(line, what, strlen(what)) != 0)
			continue;
		rest += strspn(rest, " ");
		snprintf(value, size, "%.*s", (int)strcspn(rest, " \n"), rest);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

static void print_limit(const struct rlimit *limit, char *value, size_t size)
{
	if (limit->rlim_cur == RLIM_INFINITY)
		snprintf(value, size, "unlimited");
	else
		snprintf(value, size, "%llu", (unsigned long long)limit->rlim_cur);
}

static void say_limits(struct doctor *doctor, const char *whose, const char *rtprio, const char *memlock)
{
	bool endless = !strcmp(memlock, "unlimited") || !strcmp(memlock, "infinity") || !strcmp(memlock, "18446744073709551615");
	bool priority = strcmp(rtprio, "0") != 0;

	if (doctor->user.uid == 0 || (priority && endless)) {
		doctor_say(doctor, DOCTOR_OK, "limits", "%s: real-time priority and locked memory are allowed", whose);
		return;
	}
	doctor_say(doctor, DOCTOR_WARN, "limits", "%s: %s%s%s: under load pulses come later", whose, priority ? "" : "no real-time priority",
		   !priority && !endless ? ", " : "", endless ? "" : "memory may be paged out");
	doctor_mend(doctor, "systemctl edit %s: [Service] LimitRTPRIO=40 LimitMEMLOCK=infinity", doctor->units.service.name);
}

void doctor_check_limits(struct doctor *doctor)
{
	const struct doctor_unit *service = &doctor->units.service;
	struct rlimit limit = { .rlim_cur = 0 };
	char rtprio[32], memlock[32];

	if (doctor->daemon_pid && limit_of_process(doctor, "Max realtime priority", rtprio, sizeof(rtprio)) &&
	    limit_of_process(doctor, "Max locked memory", memlock, sizeof(memlock))) {
		say_limits(doctor, "the running daemon", rtprio, memlock);
		return;
	}
	if (*service->rtprio && *service->memlock) {
		say_limits(doctor, service->name, service->rtprio, service->memlock);
		return;
	}
	getrlimit(RLIMIT_RTPRIO, &limit);
	print_limit(&limit, rtprio, sizeof(rtprio));
	getrlimit(RLIMIT_MEMLOCK, &limit);
	print_limit(&limit, memlock, sizeof(memlock));
	say_limits(doctor, "started from here", rtprio, memlock);
}
