/*
 * handover - the present state in a file that lives in memory, for whoever comes after a killed process.
 *
 * Two slots, each whole in itself with a checksum; the older one is always the one that is overwritten, so that a kill at
 * any byte leaves the other.  Written with pwrite, not through a mapping: the kernel keeps both as well after a kill, but a
 * file that somebody has cut short makes an error and not a SIGBUS.
 *
 * Calls for one struct handover exclude each other (the caller's lock).
 */
#ifndef STORE_HANDOVER_H
#define STORE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/datalog.h"
#include "store/nv.h"

#define HANDOVER_ENTRIES 8
#define HANDOVER_BOOT_MAX 40
#define HANDOVER_PATH_MAX 512

/* What a slot holds. */
struct handover_state {
	uint64_t epoch, sequence;
	char boot_id[HANDOVER_BOOT_MAX];
	char directory[HANDOVER_PATH_MAX];	/* the store's, absolute */
	struct nv nv;
	uint32_t n;
	struct datalog_entry entry[HANDOVER_ENTRIES];	/* the newest, ascending */
};

struct handover {
	char path[HANDOVER_PATH_MAX];
	int fd;			/* -1 = not open */
	int error;		/* -errno of the last failure, 0 = none */
};

/* This boot's id, "" when the kernel does not tell. */
void handover_get_boot_id(char boot_id[HANDOVER_BOOT_MAX]);

/* The file for a store in `directory`: in $RUNTIME_DIRECTORY, else in the directory itself. */
void handover_get_path(const char *directory, char path[HANDOVER_PATH_MAX]);

/* The newest whole slot.  0; -ENOENT no file, -EBADMSG none whole or of another build; else what reading gave. */
int handover_read(const char *path, struct handover_state *state);

/* Makes the file (0600) or opens it; room for both slots is reserved.  0 or -errno. */
int handover_open(struct handover *handover, const char *path);

/* Is the open file still the one at its path? */
bool handover_stands(const struct handover *handover);

/* Into the slot that `state->sequence` is due to (even, odd).  0 or -errno. */
int handover_write(struct handover *handover, const struct handover_state *state);

void handover_close(struct handover *handover);

#endif
