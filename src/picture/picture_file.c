#include "picture/picture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (written == 0)
			return -EIO;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

/* close() is where a network file system says that its disk is full. */
static int finish(int fd, int err)
{
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int write_itself(const char *file, const char *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : finish(fd, write_all(fd, bytes, size));
}

/* Not mkstemp(): its mode is 0600 whatever the umask, and a picture is to be looked at. */
static int open_beside(const char *file, char *fresh, size_t size)
{
	if ((size_t)snprintf(fresh, size, "%s.%ld.new", file, (long)getpid()) >= size)
		return -ENAMETOOLONG;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	return fd < 0 ? -errno : fd;
}

static int write_beside(const char *file, const char *bytes, size_t size)
{
	char fresh[PATH_MAX];
	int fd = open_beside(file, fresh, sizeof(fresh)), err;

	if (fd < 0)
		return fd;
	err = write_all(fd, bytes, size);
	if (!err && fsync(fd))
		err = -errno;
	err = finish(fd, err);
	if (!err && rename(fresh, file))
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}

int picture_file_write(const char *file, const char *bytes, size_t size)
{
	char behind[PATH_MAX];
	struct stat status;

	if (stat(file, &status))
		return write_beside(file, bytes, size);
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return write_itself(file, bytes, size);
	if (access(file, W_OK))
		return -errno;
	if (!realpath(file, behind))
		return -errno;
	return write_beside(behind, bytes, size);
}
