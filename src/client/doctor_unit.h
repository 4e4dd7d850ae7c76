/*
 * doctor_unit - what systemd says of the units that matter to the meter.
 */
#ifndef CLIENT_DOCTOR_UNIT_H
#define CLIENT_DOCTOR_UNIT_H

#include <stdbool.h>
#include <sys/types.h>

struct doctor_unit {
	char name[128];
	char load[24], active[24], sub[24], enabled[24], result[32];	/* as systemctl show says, "" = not known */
	char user[64], groups[256];					/* User=, SupplementaryGroups= */
	char rtprio[32], memlock[32];
	char system[16], home[16], temporary[8], network[8];	/* ProtectSystem=, ProtectHome=, PrivateTmp=, PrivateNetwork= */
	char state[128], runtime[128], writable[512];		/* StateDirectory=, RuntimeDirectory=, ReadWritePaths= */
	long restarts;
	pid_t pid;						/* MainPID=, 0 = none */
};

struct doctor_units {
	bool known;			/* systemd runs here and answers */
	char why_not[128];
	struct doctor_unit service;	/* dinmeterd.service, or one of dinmeterd@ */
	struct doctor_unit getty, serial_getty;	/* of the configured tty; name "": it is none */
	struct doctor_unit modem_manager;
};

/*
 * Asks systemctl for `service` and the rivals of a tty ("ttyS0", "": none), 5 s at most.  What it cannot tell stays "".
 */
void doctor_units_read(struct doctor_units *units, const char *service, const char *tty);

/* Takes apart what systemctl show has written: blocks of KEY=VALUE with an empty line between. */
void doctor_units_parse(struct doctor_units *units, char *text);

bool doctor_unit_is_active(const struct doctor_unit *unit);
bool doctor_unit_is_enabled(const struct doctor_unit *unit);

/* Is the directory one that it makes at its start? */
bool doctor_unit_makes(const struct doctor_unit *unit, const char *directory);

/* What keeps it from writing the path, or from finding again what it wrote, whoever its user is; BAR_NONE also of what is not known. */
enum doctor_unit_bar { BAR_NONE, BAR_SYSTEM, BAR_HOME, BAR_TEMPORARY };	/* ProtectSystem=strict, ProtectHome=, PrivateTmp=yes */
enum doctor_unit_bar doctor_unit_bar(const struct doctor_unit *unit, const char *path);

#endif
