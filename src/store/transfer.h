/*
 * transfer - a store's whole content out of its directory, and another one into it: export and import.
 */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H

#include <stddef.h>

#include "metering/datalog.h"
#include "store/nv.h"

#define TRANSFER_MESSAGE_MAX 400

/*
 * Reads the newest good state, what a running or killed process has in its handover included, and its log ascending into
 * entries[DATALOG_ENTRIES].  Takes no lock and writes nothing: a daemon may run.  0; -ENOENT nothing is there; -EBADMSG
 * nothing good; -errno; with a line in `message`.
 */
int transfer_read(const char *directory, struct nv *nv, struct datalog_entry *entries, unsigned *n,
		  char message[TRANSFER_MESSAGE_MAX]);

/*
 * Writes both generations.  What was there is renamed to NAME.before-import-TIME, and nothing in memory is newer than this
 * any more.  0; -EBUSY a daemon runs; -errno: then all is as it was; with a line in `message`.
 */
int transfer_write(const char *directory, const struct nv *nv, const struct datalog_entry *entries, unsigned n,
		   char message[TRANSFER_MESSAGE_MAX]);

#endif
