/*
 * lock - one process a tty, or a link.
 */
#ifndef MODBUS_LOCK_H
#define MODBUS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Takes the exclusive lock (flock) on an open tty, held until the descriptor is closed.  0, or -EBUSY. */
int lock_take(int fd);

/*
 * Takes the name of a link, whatever it leads to, as an abstract socket: it goes with the process and leaves no file.
 * A descriptor that holds it until closed; -EBUSY with *holder, 0 = cannot be told; or -errno.
 */
int lock_take_link(const char *link, pid_t *holder);

/* The process that holds the name of a link, 0 = none, or cannot be told: it may have another network than the caller. */
pid_t lock_link_holder(const char *link);

/* The process that holds the lock on what `path` names, 0 = cannot be told. */
pid_t lock_holder(const char *path);

/* The name of a process, "" = cannot be told. */
void lock_holder_name(pid_t holder, char *name, size_t size);

/* Is it of this very program, by its name? */
bool lock_holder_is_alike(pid_t holder);

#endif
