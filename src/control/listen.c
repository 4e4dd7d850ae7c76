#include "control/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "modbus/lock.h"

#define BACKLOG 64
#define GROUP_BYTES_FIRST 1024
#define GROUP_BYTES_MOST (1 << 20)

/* The group's number, or -1. */
static gid_t find_group(const char *name)
{
	struct group entry, *found = NULL;
	char *bytes = NULL;
	int error = ERANGE;

	for (size_t size = GROUP_BYTES_FIRST; error == ERANGE && size <= GROUP_BYTES_MOST; size *= 2) {
		free(bytes);
		bytes = malloc(size);
		error = bytes ? getgrnam_r(name, &entry, bytes, size, &found) : ENOMEM;
	}
	if (found) {
		gid_t gid = found->gr_gid;

		free(bytes);
		return gid;
	}
	free(bytes);
	return (gid_t)-1;
}

/* The same, after a warning when there is none.  One that was found once is believed, for who may not look any more. */
static gid_t know_group(gid_t known, const char *name)
{
	gid_t gid = find_group(name);

	if (gid == (gid_t)-1 && *name)
		gid = known;
	if (gid == (gid_t)-1 && *name)
		log_warning("control: there is no group '%s': only root and the daemon's own user may connect", name);
	return gid;
}

/* Makes the directory of the socket when it is missing: for its owner and the group, whatever the umask says. */
static void make_directory(const char *path, gid_t group)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	if (mkdir(directory, 0750))
		return;
	if (group != (gid_t)-1 && chown(directory, (uid_t)-1, group))
		log_warning("control: %s: cannot be given to the group: %s", directory, strerror(errno));
	if (chmod(directory, 0750))
		log_warning("control: %s: its mode cannot be set: %s", directory, strerror(errno));
}

void listen_make_directory(const char *path, const char *group)
{
	make_directory(path, find_group(group));
}

/* Is the name still that of the open file? */
static bool names(const char *path, int fd)
{
	struct stat mine, named;

	return !fstat(fd, &mine) && !lstat(path, &named) && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/*
 * Keeps others that start at the same path away until it is released.  A file that only its owner can open: whoever may enter
 * the directory could hold a lock on that for ever.  fd or -errno; -EAGAIN with *holder.
 */
static int take_lock(const char *path, pid_t *holder)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), error;

	if (fd < 0)
		return -errno;
	error = lock_take(fd);
	if (error == -EBUSY) {
		*holder = lock_holder(path);
		error = -EAGAIN;
	}
	/* who had it before may have removed it meanwhile: then this is nobody's lock */
	if (!error && !names(path, fd))
		error = -EAGAIN;
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* Removed while it is held, so that in /tmp it does not stand in another user's way later. */
static void release_lock(const char *path, int fd)
{
	unlink(path);
	close(fd);
}

/* Who listens at the other end of a connection, 0 = cannot be told. */
static pid_t find_listener(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) ? 0 : peer.pid;
}

/* Does somebody listen?  A socket whose process died refuses.  0: the name is free now; -EADDRINUSE with *holder. */
static int make_room(const struct sockaddr_un *address, pid_t *holder)
{
	struct stat status;
	int fd, error;

	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	if (!error)
		*holder = find_listener(fd);
	close(fd);
	/* a full backlog says EAGAIN: somebody is there, slow */
	if (error == ECONNREFUSED || error == ENOENT)
		return unlink(address->sun_path) && errno != ENOENT ? -errno : 0;
	return error == 0 || error == EAGAIN ? -EADDRINUSE : -error;
}

/* Whoever may not open the name cannot connect before the rights are right: nobody listens until then. */
static int bind_and_listen(struct listener *listener, const struct sockaddr_un *address)
{
	struct stat status;

	if (bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (listener->group != (gid_t)-1 && chown(address->sun_path, (uid_t)-1, listener->group))
		log_warning("control: %s: cannot be given to the group: %s", address->sun_path, strerror(errno));
	if (chmod(address->sun_path, 0660) || lstat(address->sun_path, &status) || listen(listener->fd, BACKLOG)) {
		int error = -errno;

		unlink(address->sun_path);
		return error;
	}
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	return 0;
}

int listen_open(struct listener *listener, const char *path, const char *group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char lock_path[sizeof(address.sun_path) + 8];
	int lock_fd, error;

	listener->fd = -1;
	listener->holder = 0;
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	listener->group = know_group(listener->group, group);
	make_directory(path, listener->group);
	lock_fd = take_lock(lock_path, &listener->holder);
	if (lock_fd < 0)
		return lock_fd;
	error = make_room(&address, &listener->holder);
	if (error)
		goto out;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = listener->fd < 0 ? -errno : bind_and_listen(listener, &address);
	if (error && listener->fd >= 0) {
		close(listener->fd);
		listener->fd = -1;
	}
out:
	release_lock(lock_path, lock_fd);
	return error;
}

bool listen_is_there(const struct listener *listener, const char *path)
{
	struct stat status;

	return !lstat(path, &status) && status.st_dev == listener->device && status.st_ino == listener->inode;
}

void listen_close(struct listener *listener, const char *path)
{
	if (listener->fd < 0)
		return;
	if (listen_is_there(listener, path))
		unlink(path);
	close(listener->fd);
	listener->fd = -1;
}
