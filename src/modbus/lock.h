/*
 * lock - one process a tty.
 */
#ifndef MODBUS_LOCK_H
#define MODBUS_LOCK_H

#include <sys/types.h>

/* Takes the exclusive lock (flock) on an open tty, held until the descriptor is closed.  0, or -EBUSY. */
int lock_take(int fd);

/* The process that holds the lock on what `path` names, 0 = cannot be told. */
pid_t lock_holder(const char *path);

#endif
