#include "store/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 20
#define WAL_HEADER 32

struct image_file {
	sqlite3_file base;
	struct image_bytes *bytes;
};

static int reserve(struct image_bytes *bytes, size_t size)
{
	size_t room = bytes->room ? bytes->room : 65536;
	unsigned char *data;

	if (size <= bytes->room)
		return 0;
	if (size > IMAGE_MAX)
		return -EFBIG;
	while (room < size)
		room *= 2;
	data = realloc(bytes->data, room);
	if (!data)
		return -ENOMEM;
	bytes->data = data;
	bytes->room = room;
	return 0;
}

/* All of an open file.  0 or -errno. */
static int read_all(int fd, struct image_bytes *bytes)
{
	bytes->size = 0;
	for (;;) {
		int error = reserve(bytes, bytes->size + 65536);
		ssize_t n;

		if (error)
			return error;
		n = pread(fd, bytes->data + bytes->size, bytes->room - bytes->size, (off_t)bytes->size);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			bytes->size += (size_t)n;
	}
}

/* A plain file of the size that one may have.  An fd or -errno. */
static int open_plain(const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, status))
		error = -errno;
	else if (!S_ISREG(status->st_mode))
		error = S_ISDIR(status->st_mode) ? -EISDIR : -ENODEV;
	else if (status->st_size > (off_t)IMAGE_MAX)
		error = -EFBIG;
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* The WAL's header into `header`, zeros where there is none. */
static int read_wal_header(const char *wal_path, unsigned char header[WAL_HEADER])
{
	struct stat status;
	int fd = open_plain(wal_path, &status), error = 0;

	memset(header, 0, WAL_HEADER);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (pread(fd, header, WAL_HEADER, 0) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int read_wal(const char *wal_path, struct image_bytes *bytes)
{
	struct stat status;
	int fd = open_plain(wal_path, &status), error;

	bytes->size = 0;
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	error = read_all(fd, bytes);
	close(fd);
	return error;
}

static int read_once(struct image *image, const char *path, const char *wal_path)
{
	unsigned char before[WAL_HEADER], behind[WAL_HEADER];
	struct stat status, named;
	int error = read_wal_header(wal_path, before), fd;

	if (error)
		return error;
	fd = open_plain(path, &status);
	if (fd < 0)
		return fd;
	error = read_all(fd, &image->database);
	close(fd);
	if (!error)
		error = read_wal(wal_path, &image->wal);
	if (!error)
		error = read_wal_header(wal_path, behind);
	if (error)
		return error;
	if (memcmp(before, behind, WAL_HEADER) || stat(path, &named) || named.st_ino != status.st_ino)
		return -EAGAIN;
	return 0;
}

static void free_bytes(struct image *image)
{
	free(image->database.data);
	free(image->wal.data);
}

int image_read(struct image *image, const char *path)
{
	char wal_path[PATH_MAX];
	int error = -EAGAIN;

	memset(image, 0, sizeof(*image));
	if (snprintf(wal_path, sizeof(wal_path), "%s-wal", path) >= (int)sizeof(wal_path))
		return -ENAMETOOLONG;
	for (int i = 0; i < TRIES && error == -EAGAIN; i++)
		error = read_once(image, path, wal_path);
	if (error)
		free_bytes(image);
	return error;
}

static struct image_bytes *bytes_of(sqlite3_file *file)
{
	return ((struct image_file *)file)->bytes;
}

static int file_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	const struct image_bytes *bytes = bytes_of(file);
	size_t from = (size_t)at, want = (size_t)n, have = from < bytes->size ? bytes->size - from : 0;

	if (have > want)
		have = want;
	if (have)
		memcpy(data, bytes->data + from, have);
	memset((char *)data + have, 0, want - have);
	return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	struct image_bytes *bytes = bytes_of(file);
	size_t end = (size_t)at + (size_t)n;

	if (reserve(bytes, end))
		return SQLITE_FULL;
	if ((size_t)at > bytes->size)
		memset(bytes->data + bytes->size, 0, (size_t)at - bytes->size);
	memcpy(bytes->data + at, data, (size_t)n);
	if (end > bytes->size)
		bytes->size = end;
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if ((size_t)size < bytes_of(file)->size)
		bytes_of(file)->size = (size_t)size;
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)bytes_of(file)->size;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *reserved)
{
	(void)file;
	*reserved = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	(void)file;
	(void)operation;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int file_zero(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
	.xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_lock,
	.xCheckReservedLock = file_reserved, .xFileControl = file_control, .xSectorSize = file_zero,
	.xDeviceCharacteristics = file_zero,
};

static bool is_wal(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, "-wal");
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct image *image = vfs->pAppData;

	file->pMethods = NULL;
	/* The image is its database and WAL alone; journals and temporary tables stay in SQLite's memory. */
	if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return SQLITE_CANTOPEN;
	((struct image_file *)file)->bytes = flags & SQLITE_OPEN_WAL ? &image->wal : &image->database;
	file->pMethods = &methods;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	struct image *image = vfs->pAppData;

	(void)sync_directory;
	if (is_wal(name))
		image->wal.size = 0;
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	const struct image *image = vfs->pAppData;

	(void)flags;
	*result = is_wal(name) && image->wal.size > 0;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
	(void)vfs;
	return snprintf(path, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static sqlite3_vfs *parent(void)
{
	return sqlite3_vfs_find(NULL);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *bytes)
{
	(void)vfs;
	return parent()->xRandomness(parent(), n, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return parent()->xSleep(parent(), microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *julian_day)
{
	(void)vfs;
	return parent()->xCurrentTime(parent(), julian_day);
}

int image_open(struct image *image, sqlite3 **db)
{
	int rc;

	*db = NULL;
	snprintf(image->name, sizeof(image->name), "image-%p", (void *)image);
	image->vfs = (sqlite3_vfs){
		.iVersion = 1, .szOsFile = sizeof(struct image_file), .mxPathname = 64, .zName = image->name, .pAppData = image,
		.xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access, .xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness, .xSleep = vfs_sleep, .xCurrentTime = vfs_time,
	};
	rc = sqlite3_initialize();
	if (rc == SQLITE_OK)
		rc = sqlite3_vfs_register(&image->vfs, 0);
	if (rc != SQLITE_OK)
		return rc;
	image->registered = true;
	rc = sqlite3_open_v2("image", db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, image->name);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
	return rc;
}

void image_free(struct image *image)
{
	if (image->registered)
		sqlite3_vfs_unregister(&image->vfs);
	image->registered = false;
	free_bytes(image);
}
