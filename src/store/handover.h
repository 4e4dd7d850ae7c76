/*
 * handover - the present state in a file that lives in memory, for whoever comes after a killed process.
 *
 * /dev/shm/dinmeterd-UID-DEVICE-INODE, by the owner, device and inode (hexadecimal) of the state directory: whatever the
 * environment and the path, a run finds what another one left.  Never on a disk, whose waiting would be the meter's.
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
#include <sys/types.h>

#include "metering/datalog.h"
#include "store/nv.h"

#define HANDOVER_ENTRIES 8
#define HANDOVER_BOOT_MAX 40
#define HANDOVER_PATH_MAX 512

/* What a slot holds. */
struct handover_state {
	uint64_t epoch, sequence;
	char boot_id[HANDOVER_BOOT_MAX];
	char directory[HANDOVER_PATH_MAX];	/* the store's, as in struct handover_name */
	struct nv nv;
	uint32_t n;
	struct datalog_entry entry[HANDOVER_ENTRIES];	/* the newest, ascending */
};

/* The handover of one state directory. */
struct handover_name {
	char path[HANDOVER_PATH_MAX];		/* "" = none */
	char directory[HANDOVER_PATH_MAX];	/* absolute, without links */
	uid_t owner;				/* the directory's .. */
	gid_t group;
};

struct handover {
	struct handover_name name;
	int fd;			/* -1 = not open */
	int error;		/* -errno of the last failure, 0 = none */
};

/* This boot's id, "" when the kernel does not tell. */
void handover_get_boot_id(char boot_id[HANDOVER_BOOT_MAX]);

/* Another place than /dev/shm, for tests: ahead of all other calls; the text stays the caller's. */
void handover_set_place(const char *directory);

/* Names the handover of the store in `directory`.  0 or -errno: there is no such directory. */
int handover_find(const char *directory, struct handover_name *name);

/*
 * The newest whole slot.  0; -ENOENT no file, -EBADMSG none whole or of another build, -EPERM not a file of the directory's owner
 * or of this process's user; else what reading gave.
 */
int handover_read(const struct handover_name *name, struct handover_state *state);

/*
 * Makes the file (0600, by root given to the directory's owner) or opens it; room for both slots is reserved.  0; -EPERM as
 * above; -ENODEV it does not lie in memory; -errno.
 */
int handover_open(struct handover *handover, const struct handover_name *name);

/* 0 (also when there is none), or -errno: it lies there still. */
int handover_remove(const struct handover_name *name);

/* Is the open file still the one at its path? */
bool handover_stands(const struct handover *handover);

/* Into the slot that `state->sequence` is due to (even, odd).  0 or -errno. */
int handover_write(struct handover *handover, const struct handover_state *state);

void handover_close(struct handover *handover);

#endif
