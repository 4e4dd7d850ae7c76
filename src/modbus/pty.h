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
	int name_lock;		/* holds the link's name */
	int watch;		/* readable when a user of the far end has left; -1 = cannot be told */
	char name[64];		/* /dev/pts/N */
	char link[256];
	bool link_missing;	/* and cannot be made anew: told */
};

/*
 * Makes a pseudo-terminal in raw mode and the symbolic link `link` to it.  A link that a dead process left is replaced;
 * anything else at that path is not.  Returns 0 or -errno after a log line (`quiet`: without).
 */
int pty_open(struct pty *pty, const char *link, bool quiet);

/* May the link be made, or made anew?  0; -EEXIST: something stands there that is no link to a pseudo-terminal; -errno. */
int pty_check_link(const char *link);

/*
 * To be called when `watch` is readable, before other input is looked at.  A reply that nobody has read is lost with the
 * last user, as on a line: else the next one would find it, and be a reply behind from then on.  Takes 1 ms while
 * another user stays.
 */
void pty_watch(struct pty *pty);

/* To be called now and then: a link that somebody removed is made anew, with a log line. */
void pty_look_after(struct pty *pty);

/* Removes the link, if it is still ours, and the pseudo-terminal. */
void pty_close(struct pty *pty);

#endif
