/*
 * pty - a pseudo-terminal with a symbolic link to its far end, in place of a serial port.
 */
#ifndef MODBUS_PTY_H
#define MODBUS_PTY_H

#include <stdbool.h>
#include <stddef.h>

struct pty {
	int master;		/* our end */
	int far;		/* the far end, held open: its user may come and go without a hangup; carries the lock */
	char name[64];		/* /dev/pts/N */
	char link[256];
};

/*
 * Makes a pseudo-terminal in raw mode and the symbolic link `link` to it.  A link that a dead process left is replaced;
 * anything else at that path is not.  Returns 0 or -errno after a log line (`quiet`: without).
 */
int pty_open(struct pty *pty, const char *link, bool quiet);

/* Removes the link, if it is still ours, and the pseudo-terminal. */
void pty_close(struct pty *pty);

#endif
