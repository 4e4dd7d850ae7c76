#include "capture/comtrade_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_used(const struct comtrade_files *files, int part)
{
	return part != COMTRADE_PART_DATA || !files->combined;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length > n && !strcasecmp(text + length - n, end);
}

static int name_files(struct comtrade_files *files, const char *name)
{
	static const char *const ends[COMTRADE_PARTS] = { "conf", "dat", "cfg" };
	size_t length = strlen(name);

	files->combined = ends_in(name, ".cff");
	if (files->combined || ends_in(name, ".cfg"))
		length -= 4;
	if (!length || name[length - 1] == '/')
		return -EISDIR;
	for (int p = 0; p < COMTRADE_PARTS; p++) {
		const char *end = files->combined && p == COMTRADE_PART_CFG ? "cff" : ends[p];

		if ((size_t)snprintf(files->file[p], PATH_MAX, "%.*s.%s", (int)length, name, end) >= PATH_MAX ||
		    (size_t)snprintf(files->fresh[p], PATH_MAX, "%.*s.%s.%ld.new", (int)length, name, end, (long)getpid()) >= PATH_MAX)
			return -ENAMETOOLONG;
	}
	snprintf(files->base, PATH_MAX, "%.*s", (int)length, name);
	return 0;
}

/* The directory that a path lies in. */
static void directory_of(const char *path, char *directory)
{
	const char *slash = strrchr(path, '/');

	snprintf(directory, PATH_MAX, "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 1, slash ? path : ".");
}

/* A file that vanishes with its descriptor; where the file system has none without a name, one whose name is taken away. */
static int open_spool(struct comtrade_files *files)
{
	char directory[PATH_MAX];

	directory_of(files->base, directory);
	files->spool = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (files->spool < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)) {
		files->spool = open(files->fresh[COMTRADE_PART_CFG], O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (files->spool >= 0)
			unlink(files->fresh[COMTRADE_PART_CFG]);
	}
	return files->spool < 0 ? -errno : 0;
}

int comtrade_files_open(struct comtrade_files *files, const char *name, bool force)
{
	struct stat status;
	int ret;

	memset(files, 0, sizeof(*files));
	files->force = force;
	files->spool = -1;
	files->at = name;
	for (int p = 0; p < COMTRADE_PARTS; p++)
		files->fd[p] = -1;
	ret = name_files(files, name);
	for (int p = 0; p < COMTRADE_PARTS && !ret; p++) {
		if (!is_used(files, p) || lstat(files->file[p], &status))
			continue;
		files->at = files->file[p];
		ret = !force ? -EEXIST : S_ISDIR(status.st_mode) ? -EISDIR : 0;
	}
	if (ret)
		return ret;
	files->at = files->file[COMTRADE_PART_CFG];
	return open_spool(files);
}

/* Not mkstemp(): its mode is 0600 whatever the umask, and a recording is to be looked at. */
int comtrade_files_create(struct comtrade_files *files)
{
	for (int p = 0; p < COMTRADE_PARTS; p++) {
		if (!is_used(files, p))
			continue;
		files->at = files->file[p];
		unlink(files->fresh[p]);	/* of a process that had our number and was killed */
		files->fd[p] = open(files->fresh[p], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (files->fd[p] < 0)
			return -errno;
	}
	return 0;
}

/* Over nothing that is there, unless it was asked for. */
static int place(struct comtrade_files *files, int part)
{
	const char *from = files->fresh[part], *to = files->file[part];

	if (files->force)
		return rename(from, to) ? -errno : 0;
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to))
		return -errno;
	unlink(from);
	return 0;
}

static int sync_directory(const struct comtrade_files *files)
{
	char directory[PATH_MAX];
	int fd, ret = 0;

	directory_of(files->base, directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* some file systems have nothing to do there, and say so */
	if (fsync(fd) && errno != EINVAL)
		ret = -errno;
	close(fd);
	return ret;
}

/* close() is where a network file system says that its disk is full. */
static int finish(struct comtrade_files *files, int part)
{
	int ret = fsync(files->fd[part]) ? -errno : 0;

	if (close(files->fd[part]) && !ret)
		ret = -errno;
	files->fd[part] = -1;
	return ret;
}

int comtrade_files_place(struct comtrade_files *files)
{
	int ret = 0;

	for (int p = 0; p < COMTRADE_PARTS && !ret; p++)
		if (is_used(files, p)) {
			files->at = files->file[p];
			ret = finish(files, p);
		}
	for (int p = 0; p < COMTRADE_PARTS && !ret; p++)
		if (is_used(files, p)) {
			files->at = files->file[p];
			ret = place(files, p);
			files->placed[p] = !ret;
		}
	if (!ret)
		return sync_directory(files);
	for (int p = 0; p < COMTRADE_PARTS; p++)
		if (files->placed[p]) {
			unlink(files->file[p]);
			files->placed[p] = false;
		}
	return ret;
}

void comtrade_files_close(struct comtrade_files *files)
{
	if (files->spool >= 0)
		close(files->spool);
	for (int p = 0; p < COMTRADE_PARTS; p++) {
		if (files->fd[p] >= 0)
			close(files->fd[p]);
		if (is_used(files, p) && !files->placed[p] && *files->fresh[p])
			unlink(files->fresh[p]);
		files->fd[p] = -1;
	}
	files->spool = -1;
}

int comtrade_files_write(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
