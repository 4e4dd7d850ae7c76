#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_TRIED 1000

int files_get_absolute(const char *directory, char absolute[FILES_PATH_MAX])
{
	char here[FILES_PATH_MAX];
	int n;

	if (directory[0] == '/')
		n = snprintf(absolute, FILES_PATH_MAX, "%s", directory);
	else if (getcwd(here, sizeof(here)))
		n = snprintf(absolute, FILES_PATH_MAX, "%s/%s", here, directory);
	else
		return -errno;
	/* room for the names of files behind it */
	if (n >= FILES_PATH_MAX - 64)
		return -ENAMETOOLONG;
	while (n > 1 && absolute[n - 1] == '/')
		absolute[--n] = '\0';
	return 0;
}

void files_get_path(const char *directory, unsigned generation, char path[FILES_PATH_MAX])
{
	snprintf(path, FILES_PATH_MAX, "%s/state.%u.db", directory, generation);
}

/* Missing parents are made too, as mkdir -p does. */
int files_make_directory(const char *directory)
{
	char path[FILES_PATH_MAX];
	struct stat status;

	if (stat(directory, &status) == 0)
		return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
	if (errno != ENOENT)
		return -errno;
	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0750) < 0 && errno != EEXIST ? -errno : 0;
}

static pid_t read_pid(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* What root makes belongs to whoever the directory belongs to: the daemon of another user shall be able to go on with it. */
static int give_away(const char *directory, int fd)
{
	struct stat status;

	if (geteuid() != 0)
		return 0;
	if (stat(directory, &status) < 0 || fchown(fd, status.st_uid, status.st_gid) < 0)
		return -errno;
	return 0;
}

int files_lock(const char *directory, bool may_create, pid_t *pid)
{
	char path[FILES_PATH_MAX], text[32];
	int fd, error = 0, n;

	*pid = 0;
	snprintf(path, sizeof(path), "%s/lock", directory);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (may_create ? O_CREAT : 0), 0640);
	if (fd < 0 && (errno == EROFS || errno == EACCES))	/* the lock needs no right to write */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		*pid = read_pid(fd);
		goto fail;
	}
	/* For whoever finds it taken, nothing more: a full disk keeps nobody from the lock. */
	n = snprintf(text, sizeof(text), "%-11ld\n", (long)getpid());
	if (give_away(directory, fd) || pwrite(fd, text, (size_t)n, 0) < 0)
		errno = 0;
	return fd;
fail:
	close(fd);
	return error;
}

bool files_lock_stands(const char *directory, int fd)
{
	char path[FILES_PATH_MAX];
	struct stat mine, named;

	snprintf(path, sizeof(path), "%s/lock", directory);
	return fstat(fd, &mine) == 0 && lstat(path, &named) == 0 && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

int files_make_inside(const char *directory, const char *path)
{
	int fd, error;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	error = give_away(directory, fd);
	close(fd);
	return error;
}

int files_check_owner(const char *path)
{
	struct stat status;
	int fd;

	if (lstat(path, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENODEV;
	if (geteuid() != 0 && status.st_uid != geteuid())
		return -EPERM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int files_create(const char *directory, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), error;

	if (fd < 0)
		return -errno;
	error = give_away(directory, fd);
	close(fd);
	if (error)
		unlink(path);
	return error;
}

int files_sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	/* Some file systems know no fsync of a directory: then it needs none. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		error = -errno;
	close(fd);
	return error;
}

int files_rename(const char *from, const char *to)
{
	struct stat status;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system without that call: nobody else renames here, so looking first is as good. */
	if (lstat(to, &status) == 0)
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

static void rename_beside(const char *path, const char *to)
{
	static const char *const suffix[] = { "-wal", "-shm", "-journal" };
	char from_path[FILES_PATH_MAX + 96], to_path[FILES_PATH_MAX + 96];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(from_path, sizeof(from_path), "%s%s", path, suffix[i]);
		snprintf(to_path, sizeof(to_path), "%s%s", to, suffix[i]);
		files_rename(from_path, to_path);
	}
}

static bool taken(const char *path, const char *suffix)
{
	char beside[FILES_PATH_MAX + 96];
	struct stat status;

	snprintf(beside, sizeof(beside), "%s%s", path, suffix);
	return lstat(beside, &status) == 0;
}

int files_set_aside(const char *directory, const char *path, const char *why, char *name, size_t size)
{
	char to[FILES_PATH_MAX + 80], stamp[32];
	time_t now = time(NULL);
	struct tm utc;
	int error = -EEXIST;

	if (!gmtime_r(&now, &utc) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc))
		return -EOVERFLOW;
	for (unsigned i = 1; i <= NAMES_TRIED && error == -EEXIST; i++) {
		int n = snprintf(to, sizeof(to), "%s.%s-%s", path, why, stamp);

		if (i > 1)
			snprintf(to + n, sizeof(to) - (size_t)n, "-%u", i);
		if (taken(to, "-wal") || taken(to, "-shm") || taken(to, "-journal"))
			continue;
		error = files_rename(path, to);
	}
	if (error && error != -ENOENT)
		return error;
	rename_beside(path, to);
	snprintf(name, size, "%s", strrchr(to, '/') ? strrchr(to, '/') + 1 : to);
	return files_sync_directory(directory);
}

int files_put_back(const char *directory, const char *name, const char *path)
{
	char from[FILES_PATH_MAX + 80];
	int error;

	snprintf(from, sizeof(from), "%.*s/%.*s", FILES_PATH_MAX - 1, directory, 78, name);
	error = files_rename(from, path);
	if (error && error != -ENOENT)
		return error;
	rename_beside(from, path);
	return files_sync_directory(directory);
}

void files_take_print(const char *path, struct files_print *print)
{
	struct stat status;

	memset(print, 0, sizeof(*print));
	if (lstat(path, &status) < 0)
		return;
	print->exists = true;
	print->device = status.st_dev;
	print->inode = status.st_ino;
	print->size = status.st_size;
	print->modified = status.st_mtim;
}

bool files_same_print(const struct files_print *a, const struct files_print *b)
{
	return a->exists == b->exists && a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}
