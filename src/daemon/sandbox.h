/*
 * sandbox - the daemon gives up, before it starts its threads, what it will never need: files and devices that the configuration does
 * not name, the network, other programs, executable memory, privileges of root that do not concern it.
 *
 * What the kernel has no means for is left out and logged: the meter measures without it too.  Under a service manager with protections
 * of its own both hold.  DESIGN.md has the table of what is protected by what.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>

#include "daemon/config.h"
#include "daemon/sandbox_landlock.h"
#include "daemon/sandbox_seccomp.h"

#define SANDBOX_PLACES 76
#define SANDBOX_PATHS 12	/* directories that are part of a configured path */

/* What a configuration needs. */
struct sandbox_plan {
	struct sandbox_place place[SANDBOX_PLACES];
	unsigned places;
	char path[SANDBOX_PATHS][4096];
	unsigned paths;
	struct sandbox_network network;
	struct sandbox_calls calls;
};

/*
 * The configuration's needs.  `file` is the configuration file, NULL = none: its directory may be read again, as the daemon reloads it.
 * Without `keeps_state` there is no state directory.
 */
void sandbox_make_plan(struct sandbox_plan *plan, const struct config *config, const char *file, bool keeps_state);

/*
 * For the main thread, before there are others.  Makes the directories of state, captures and control socket that are missing: what
 * is not there cannot be allowed.  Logs once what protects, and what does not.
 */
void sandbox_enter(const struct config *config, const char *file, bool keeps_state);

#endif
