/*
 * SQLite's way to its files with faults on demand: becomes the process's default, so that the store under test goes through it.
 */
#ifndef TESTS_FAULTY_VFS_H
#define TESTS_FAULTY_VFS_H

#include <stdbool.h>
#include <stdatomic.h>

struct faults {
	atomic_int write_error;		/* SQLite result of each write of a file, 0 = none; .. */
	atomic_int write_errno;		/* .. with errno */
	atomic_int sync_error;		/* of each fsync */
	atomic_int slow_ms;		/* each write takes so long */
	atomic_bool hang;		/* each write waits until this is false */
	atomic_int kill_at;		/* the process ends at the n-th write or sync from now; 0 = never */
	atomic_bool kill_torn;		/* .. in the middle of it: half of its bytes are written */
	atomic_int writes;		/* writes, syncs and truncations so far */
};

extern struct faults faults;

#define FAULTY_KILLED 77	/* exit status of the process that kill_at has ended */

void faulty_vfs_install(void);

#endif
