/*
 * restore - what a daemon starts from: the configuration, and what the store kept.
 */
#ifndef DAEMON_RESTORE_H
#define DAEMON_RESTORE_H

#include "daemon/config.h"
#include "store/closures.h"
#include "store/store.h"

struct restored {
	struct nv nv;				/* of the meter that goes on, the settings in force in it */
	bool found;				/* something was kept */
	struct datalog_entry *entries;		/* of the data log, ascending; to be freed */
	unsigned entries_n;
};

/*
 * `store`: NULL = nothing is kept.  `left`: closures that the contacts began in the run before; those that the kept state does not
 * know of are accounted for.  Logs, for each setting and password of which file and store say different things, which is taken.
 * 0 or -errno.
 */
int restore_state(struct restored *restored, const struct config *config, const struct store *store, const struct closures_left *left);

/*
 * The configuration file's part of it, also for a file that is read again while the meter runs: *nv, what is in force and what the file
 * said before (`found`: there is such a thing), becomes what shall be in force and what the file says now.  Logs likewise.  0 or -errno.
 */
int restore_take_file(const struct config *config, bool found, struct nv *nv);

#endif
