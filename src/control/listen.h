/*
 * listen - the listening unix socket at its path.
 */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct listener {
	int fd;			/* -1 = none */
	gid_t group;		/* (gid_t)-1 = none, also before the first listen_open */
	dev_t device;		/* of the socket's name */
	ino_t inode;
	pid_t holder;		/* after -EADDRINUSE and -EAGAIN: that process, 0 = cannot be told */
};

/*
 * Listens at `path`, mode 0660 and of `group` where that exists; a directory that is missing is made (the last one alone, 0750,
 * of the group).  A socket that nobody listens at is replaced.  `path`.lock (0600) is there meanwhile.  0 and *listener; or -errno: -EADDRINUSE somebody listens
 * there, -EEXIST what is there is no socket, -EAGAIN another process is just at it.
 */
int listen_open(struct listener *listener, const char *path, const char *group);

/*
 * Makes the directory as listen_open would, where it is missing: for who will not be allowed to do so later.  What fails is silent, as
 * listen_open will tell of it.
 */
void listen_make_directory(const char *path, const char *group);

/* Is the name still that of this socket? */
bool listen_is_there(const struct listener *listener, const char *path);

/* Removes the name, if it is still ours, and closes. */
void listen_close(struct listener *listener, const char *path);

#endif
