#include "store/vfs_count.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct counted {
	sqlite3_file base;
	struct vfs_count *count;
	sqlite3_file *real;	/* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct counted *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, n, at);
}

static int note_error(sqlite3_file *file, int rc)
{
	if (rc != SQLITE_OK)
		((struct counted *)file)->count->error = errno;
	return rc;
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	int rc = real_of(file)->pMethods->xWrite(real_of(file), data, n, at);

	if (rc == SQLITE_OK)
		((struct counted *)file)->count->bytes += (uint64_t)n;
	return note_error(file, rc);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return note_error(file, real_of(file)->pMethods->xTruncate(real_of(file), size));
}

static int file_sync(sqlite3_file *file, int flags)
{
	return note_error(file, real_of(file)->pMethods->xSync(real_of(file), flags));
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *reserved)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: without shared memory and mapped reads. */
static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
	.xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved, .xFileControl = file_control, .xSectorSize = file_sector,
	.xDeviceCharacteristics = file_characteristics,
};

static sqlite3_vfs *parent_of(sqlite3_vfs *vfs)
{
	return ((struct vfs_count *)vfs->pAppData)->parent;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct counted *counted = (struct counted *)file;
	int rc;

	counted->count = vfs->pAppData;
	counted->real = (sqlite3_file *)(counted + 1);
	rc = parent_of(vfs)->xOpen(parent_of(vfs), name, counted->real, flags, out_flags);
	/* SQLite closes what has methods, whatever the result. */
	file->pMethods = counted->real->pMethods ? &methods : NULL;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	return parent_of(vfs)->xDelete(parent_of(vfs), name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	return parent_of(vfs)->xAccess(parent_of(vfs), name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
	return parent_of(vfs)->xFullPathname(parent_of(vfs), name, size, path);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *bytes)
{
	return parent_of(vfs)->xRandomness(parent_of(vfs), n, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	return parent_of(vfs)->xSleep(parent_of(vfs), microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *julian_day)
{
	return parent_of(vfs)->xCurrentTime(parent_of(vfs), julian_day);
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *text)
{
	sqlite3_vfs *parent = parent_of(vfs);

	return parent->xGetLastError ? parent->xGetLastError(parent, n, text) : 0;
}

int vfs_count_register(struct vfs_count *count)
{
	memset(count, 0, sizeof(*count));
	if (sqlite3_initialize() != SQLITE_OK)
		return -ENOMEM;
	count->parent = sqlite3_vfs_find(NULL);
	if (!count->parent)
		return -ENODEV;
	snprintf(count->name, sizeof(count->name), "count-%p", (void *)count);
	count->vfs = (sqlite3_vfs){
		.iVersion = 1, .szOsFile = (int)sizeof(struct counted) + count->parent->szOsFile,
		.mxPathname = count->parent->mxPathname, .zName = count->name, .pAppData = count,
		.xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access, .xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness, .xSleep = vfs_sleep, .xCurrentTime = vfs_time, .xGetLastError = vfs_last_error,
	};
	return sqlite3_vfs_register(&count->vfs, 0) == SQLITE_OK ? 0 : -ENOMEM;
}

void vfs_count_unregister(struct vfs_count *count)
{
	sqlite3_vfs_unregister(&count->vfs);
}
