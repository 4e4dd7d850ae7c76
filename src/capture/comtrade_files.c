#include "capture/comtrade_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SETTINGS, DATA, CONFIGURATION, FILES };	/* in the order in which they get their names */

struct file {
	char path[PATH_MAX], fresh[PATH_MAX];
	FILE *stream;
	bool used, exists;	/* exists: `fresh` is in the directory */
};

struct comtrade_files {
	char directory[PATH_MAX];
	bool combined, replace;
	uint64_t data_bytes;
	struct file file[FILES];
};

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcasecmp(name + n - m, end);
}

static int name_file(struct file *file, const char *stem, int length, const char *ending)
{
	if (snprintf(file->path, sizeof(file->path), "%.*s%s", length, stem, ending) >= (int)sizeof(file->path) - 32)
		return -ENAMETOOLONG;
	snprintf(file->fresh, sizeof(file->fresh), "%.*s.new-%ld", (int)sizeof(file->fresh) - 32, file->path, (long)getpid());
	file->used = true;
	return 0;
}

static int name_files(struct comtrade_files *files, const char *name)
{
	bool stated = ends_in(name, ".cfg") || ends_in(name, ".cff");
	int length = (int)strlen(name) - (stated ? 4 : 0), error;
	const char *slash = strrchr(name, '/');

	files->combined = ends_in(name, ".cff");
	if (!length || (slash && slash + 1 == name + length))
		return -EINVAL;
	error = name_file(&files->file[CONFIGURATION], name, length, stated ? name + length : ".cfg");
	if (!error && !files->combined)
		error = name_file(&files->file[DATA], name, length, stated && name[length + 1] == 'C' ? ".DAT" : ".dat");
	if (!error)
		error = name_file(&files->file[SETTINGS], name, length, ".conf");
	snprintf(files->directory, sizeof(files->directory), "%.*s", slash ? (int)(slash - name) + 1 : 2, slash ? name : "./");
	return error;
}

int comtrade_files_open(struct comtrade_files **out, const char *name, bool replace)
{
	struct comtrade_files *files;
	int error;

	if (strlen(name) >= PATH_MAX - 16)
		return -ENAMETOOLONG;
	files = calloc(1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	files->replace = replace;
	error = name_files(files, name);
	for (int i = 0; i < FILES && !error; i++)
		if (files->file[i].used && !replace && access(files->file[i].path, F_OK) == 0)
			error = -EEXIST;
	if (error) {
		comtrade_files_close(files);
		return error;
	}
	*out = files;
	return 0;
}

const char *comtrade_files_path(const struct comtrade_files *files)
{
	return files->file[CONFIGURATION].path;
}

/* Where the file system knows no file without a name, one whose name is taken away at once. */
static int open_nameless(struct comtrade_files *files)
{
	char path[PATH_MAX + 16];
	int fd = open(files->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	snprintf(path, sizeof(path), "%s.samples.XXXXXX", files->directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int comtrade_files_spool(struct comtrade_files *files, FILE **spool)
{
	int fd = open_nameless(files), error;

	if (fd < 0)
		return -errno;
	*spool = fdopen(fd, "w+");
	if (*spool)
		return 0;
	error = -errno;
	close(fd);
	return error;
}

static int open_fresh(struct file *file)
{
	int fd, error;

	/* of a process of the same number that was killed */
	if (unlink(file->fresh) && errno != ENOENT)
		return -errno;
	fd = open(file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	file->exists = true;
	file->stream = fdopen(fd, "w");
	if (file->stream)
		return 0;
	error = -errno;
	close(fd);
	return error;
}

int comtrade_files_begin(struct comtrade_files *files, uint64_t data_bytes, FILE **configuration, FILE **data, FILE **settings)
{
	int error = 0;

	files->data_bytes = data_bytes;
	for (int i = 0; i < FILES && !error; i++)
		if (files->file[i].used)
			error = open_fresh(&files->file[i]);
	*configuration = files->file[CONFIGURATION].stream;
	*data = files->combined ? *configuration : files->file[DATA].stream;
	*settings = files->file[SETTINGS].stream;
	return error;
}

void comtrade_files_head(struct comtrade_files *files, enum comtrade_head head)
{
	if (!files->combined)
		return;
	if (head == COMTRADE_HEAD_CFG)
		fputs("--- file type: CFG ---\r\n", files->file[CONFIGURATION].stream);
	else
		fprintf(files->file[CONFIGURATION].stream,
			"--- file type: INF ---\r\n\r\n--- file type: HDR ---\r\n\r\n--- file type: DAT BINARY32: %" PRIu64 " ---\r\n",
			files->data_bytes);
}

/* On the disk, and closed. */
static int finish(struct file *file)
{
	int error = 0;

	if (!file->stream)
		return 0;
	if (ferror(file->stream) || fflush(file->stream) || fsync(fileno(file->stream)))
		error = errno ? -errno : -EIO;
	if (fclose(file->stream) && !error)
		error = -errno;
	file->stream = NULL;
	return error;
}

static int take_name(const struct comtrade_files *files, struct file *file)
{
	int error;

	if (files->replace)
		error = rename(file->fresh, file->path) ? -errno : 0;
	else if (!link(file->fresh, file->path))
		error = unlink(file->fresh) ? -errno : 0;
	else if (errno == EEXIST)
		error = -EEXIST;
	else	/* a file system without links */
		error = access(file->path, F_OK) == 0 ? -EEXIST : rename(file->fresh, file->path) ? -errno : 0;
	if (!error)
		file->exists = false;
	return error;
}

static void sync_directory(const struct comtrade_files *files)
{
	int fd = open(files->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* where a directory cannot be synchronised the names come to the disk when they come */
	fsync(fd);
	close(fd);
}

int comtrade_files_commit(struct comtrade_files *files)
{
	int error = 0, done = 0;

	for (int i = 0; i < FILES; i++) {
		int ret = finish(&files->file[i]);

		error = error ? error : ret;
	}
	for (; done < FILES && !error; done++)
		if (files->file[done].used)
			error = take_name(files, &files->file[done]);
	if (error && !files->replace)	/* the last is the one that failed */
		for (int i = 0; i + 1 < done; i++)
			if (files->file[i].used)
				unlink(files->file[i].path);
	if (!error)
		sync_directory(files);
	return error;
}

void comtrade_files_close(struct comtrade_files *files)
{
	if (!files)
		return;
	for (int i = 0; i < FILES; i++) {
		if (files->file[i].stream)
			fclose(files->file[i].stream);
		if (files->file[i].exists)
			unlink(files->file[i].fresh);
	}
	free(files);
}
