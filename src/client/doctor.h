/*
 * doctor - what `dinmeter doctor` finds: one line for each part of the machine, as the daemon's user would see it.
 *
 * Looking changes nothing: no setting is written, no line requested, no port opened.  Each doctor_check_*() adds at least one
 * finding.  One thread.
 */
#ifndef CLIENT_DOCTOR_H
#define CLIENT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/config.h"
#include "client/doctor_unit.h"
#include "outputs/gpio.h"
#include "panel/buttons.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

#define DOCTOR_FINDINGS 80
#define DOCTOR_GROUPS 64
#define DOCTOR_PATH 512

struct doctor_finding {
	enum doctor_verdict verdict;
	char part[16];
	char found[600];
	char mend[400];		/* "": nothing to mend, or nobody knows how */
};

/* Who the daemon is. */
struct doctor_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	gid_t group[DOCTOR_GROUPS];	/* gid among them */
	int groups;
	/* How rights are told: by trying as that user, which is us or root may become; else by owner, group and mode alone. */
	bool tried;
};

/* Where things are looked for. */
struct doctor_paths {
	const char *proc, *sys;			/* "/proc", "/sys" */
	struct gpio_paths gpio;
	struct buttons_paths buttons;
	const char *leds;
	const char *shm;			/* "/dev/shm" */
};
extern const struct doctor_paths doctor_paths;

struct doctor {
	const char *file;		/* the configuration's */
	const char *socket;		/* of the daemon */
	struct config config;
	struct doctor_paths paths;
	struct doctor_user user;
	struct doctor_units units;
	bool of_service;		/* the file is the service's: what that forbids counts */
	pid_t daemon_pid;		/* of the daemon that answers, 0 = none does */
	struct doctor_finding finding[DOCTOR_FINDINGS];
	unsigned findings;
};

/* Adds a finding. */
void doctor_say(struct doctor *doctor, enum doctor_verdict verdict, const char *part, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The command that mends the newest finding. */
void doctor_mend(struct doctor *doctor, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first line of a file; false when it cannot be read (then text is ""). */
bool doctor_read(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * The user `name`, or without one whoever the service runs as, else "dinmeter", else the caller; a finding says who.
 * 0, or -ENOENT after a message: there is no user of that name.
 */
int doctor_find_user(struct doctor *doctor, const char *name);

/* Fills in what is behind uid, gid and groups: can rights be tried? */
void doctor_prepare_user(struct doctor_user *user);

bool doctor_has_group(const struct doctor_user *user, gid_t group);
/* The name of its group, else the number; until the next call. */
const char *doctor_group(const struct doctor_user *user);

/* May the user do `mode` (R_OK, W_OK, X_OK) with the path?  0 or -errno. */
int doctor_access(const struct doctor_user *user, const char *path, int mode);

/*
 * Runs function(context), as the user where that can be, in a process of its own, `limit_s` at most.  What it returns, 0 or -errno;
 * -ETIMEDOUT.  What it changes in memory is seen only in memory that is shared.
 */
int doctor_run(const struct doctor_user *user, int (*function)(void *context), void *context, unsigned limit_s);

/* "crw-rw---- root dialout", for messages. */
void doctor_describe_mode(const char *path, char *text, size_t size);

/*
 * Says that the user may not, with what the path is.  What mends it: of the first directory above that the user may not pass, that; else
 * `mend`; else, for NULL, the udev rules, the group to join, or a change of group and mode.
 */
void doctor_say_denied(struct doctor *doctor, const char *part, const char *path, int mode, int error, const char *mend);

/* Says that the service may not write the path, whatever its user may, and what mends that; false when it may. */
bool doctor_say_forbidden(struct doctor *doctor, const char *part, const char *path);

/* A directory that the daemon writes. */
struct doctor_place {
	const char *part, *key;		/* the key of the configuration that names it */
	char path[DOCTOR_PATH + 16];
	int mode;			/* as in doctor_access() */
	enum { PLACE_STANDS, PLACE_MADE, PLACE_MADE_DEEP } made;	/* by the daemon: not, without those above it, with them */
	bool own;			/* nothing but the daemon's lies there */
	char there[DOCTOR_PATH + 16];	/* found: it, or the nearest directory above */
	char maker[100];		/* who makes it, "" = it is there */
};

/* May the user write it, or make it, or does the service?  Else a finding says so. */
bool doctor_check_place(struct doctor *doctor, struct doctor_place *place);

/* Is the process the daemon that is looked at: the one that answers, or the service's? */
bool doctor_is_ours(const struct doctor *doctor, pid_t pid);

/* A process that has a file open. */
struct doctor_holder {
	pid_t pid;
	char name[32];		/* as /proc/PID/comm */
};

/*
 * Who has the file of that path open, a device by whatever path; ourselves left out.  How many, at most `most` filled in.  Of other users' processes
 * only root sees it.
 */
unsigned doctor_find_holders(const struct doctor *doctor, const char *path, struct doctor_holder *holder, unsigned most);

/* The first of them that is not ours; false when there is none. */
bool doctor_find_rival(const struct doctor *doctor, const char *path, struct doctor_holder *rival);

/* Kernel, clock, limits of scheduling and memory. */
void doctor_check_kernel(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
void doctor_check_limits(struct doctor *doctor);

/* Configuration as the user reads it. */
void doctor_check_configuration(struct doctor *doctor);

void doctor_check_converter(struct doctor *doctor);
void doctor_check_port(struct doctor *doctor);
void doctor_check_contacts(struct doctor *doctor);
void doctor_check_leds(struct doctor *doctor);
void doctor_check_panel(struct doctor *doctor);
void doctor_check_disk(struct doctor *doctor);
void doctor_check_handover(struct doctor *doctor);
void doctor_check_control(struct doctor *doctor);
void doctor_check_service(struct doctor *doctor);

/* Looks who answers at doctor->socket: daemon_pid.  0 or -errno. */
int doctor_find_daemon(struct doctor *doctor);
/* What that one says of itself; `error` as found before. */
void doctor_check_daemon(struct doctor *doctor, int error);

#endif
