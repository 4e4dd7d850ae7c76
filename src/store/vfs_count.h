/*
 * vfs_count - SQLite's own way to its files, with an account of what it writes and why it failed (SQLite forgets
 * the errno while it rolls back).
 *
 * It offers no shared memory: a database in WAL mode opens only with locking_mode = EXCLUSIVE, which keeps the WAL's index in
 * the process and spares the flash a -shm file.
 */
#ifndef STORE_VFS_COUNT_H
#define STORE_VFS_COUNT_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>

struct vfs_count {
	sqlite3_vfs vfs;
	sqlite3_vfs *parent;		/* the process's default at the time of vfs_count_register */
	char name[40];			/* for sqlite3_open_v2 */
	_Atomic uint64_t bytes;		/* written so far */
	int error;			/* errno of the last write, sync or truncation that failed; set to 0 by the user */
};

/* `count` stays where it is until vfs_count_unregister.  0, -ENOMEM or -ENODEV. */
int vfs_count_register(struct vfs_count *count);
void vfs_count_unregister(struct vfs_count *count);

#endif
