#include "control/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

#define BACKLOG 64
#define GROUP_BYTES_FIRST 1024
#define GROUP_BYTES_MOST (1 << 20)

/* The group's number, or -1 after a warning. */
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
	if (*name)
		log_warning("control: there is no group '%s': only root and the daemon's own user may connect", name);
	return (gid_t)-1;
}

/* The directory of the socket, locked against another daemon that starts at the same path; made when missing.  fd or -errno. */
static int open_directory(const char *path, gid_t group)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	int length = slash == path ? 1 : slash ? (int)(slash - path) : 1, fd, error;

	snprintf(directory, sizeof(directory), "%.*s", length, slash ? path : ".");
	/* whatever the umask says: the group must get through */
	if (!mkdir(directory, 0750) &&
	    ((group != (gid_t)-1 && chown(directory, (uid_t)-1, group)) || chmod(directory, 0750)))
		log_warning("control: %s: cannot be given to the group: %s", directory, strerror(errno));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	error = errno == EWOULDBLOCK ? -EAGAIN : -errno;
	close(fd);
	return error;
}

/* Does somebody listen?  A socket whose process died refuses.  0: the name is free now. */
static int make_room(const struct sockaddr_un *address)
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
	int directory, error;

	listener->fd = -1;
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	listener->group = find_group(group);
	directory = open_directory(path, listener->group);
	if (directory < 0)
		return directory;
	error = make_room(&address);
	if (error)
		goto out;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = listener->fd < 0 ? -errno : bind_and_listen(listener, &address);
	if (error && listener->fd >= 0) {
		close(listener->fd);
		listener->fd = -1;
	}
out:
	close(directory);
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
