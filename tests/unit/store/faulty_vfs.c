#include "faulty_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct faults faults;

static sqlite3_vfs shim, *real_vfs;

struct faulty {
	sqlite3_file base;
	const sqlite3_io_methods *real;
};

/* The real file lies behind ours. */
static sqlite3_file *behind(sqlite3_file *file)
{
	return (sqlite3_file *)((struct faulty *)file + 1);
}

#define REAL(file) behind(file)->pMethods

static int xclose(sqlite3_file *f) { return REAL(f)->xClose(behind(f)); }
static int xread(sqlite3_file *f, void *d, int n, sqlite3_int64 at) { return REAL(f)->xRead(behind(f), d, n, at); }
static int xsize(sqlite3_file *f, sqlite3_int64 *size) { return REAL(f)->xFileSize(behind(f), size); }
static int xlock(sqlite3_file *f, int level) { return REAL(f)->xLock(behind(f), level); }
static int xunlock(sqlite3_file *f, int level) { return REAL(f)->xUnlock(behind(f), level); }
static int xreserved(sqlite3_file *f, int *out) { return REAL(f)->xCheckReservedLock(behind(f), out); }
static int xcontrol(sqlite3_file *f, int op, void *a) { return REAL(f)->xFileControl(behind(f), op, a); }
static int xsector(sqlite3_file *f) { return REAL(f)->xSectorSize(behind(f)); }
static int xcharacteristics(sqlite3_file *f) { return REAL(f)->xDeviceCharacteristics(behind(f)); }

static bool dies(void)
{
	faults.writes++;
	return faults.kill_at && --faults.kill_at == 0;
}

static int xwrite(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	if (dies()) {
		if (faults.kill_torn)
			REAL(f)->xWrite(behind(f), data, n / 2, at);
		_exit(FAULTY_KILLED);
	}
	while (faults.hang)
		usleep(1000);
	if (faults.slow_ms)
		usleep((useconds_t)faults.slow_ms * 1000);
	if (faults.write_error) {
		errno = faults.write_errno;
		return faults.write_error;
	}
	return REAL(f)->xWrite(behind(f), data, n, at);
}

static int xsync(sqlite3_file *f, int flags)
{
	if (dies())
		_exit(FAULTY_KILLED);
	if (faults.sync_error) {
		errno = EIO;
		return faults.sync_error;
	}
	return REAL(f)->xSync(behind(f), flags);
}

static int xtruncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (dies())
		_exit(FAULTY_KILLED);
	return REAL(f)->xTruncate(behind(f), size);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = xclose, .xRead = xread, .xWrite = xwrite, .xTruncate = xtruncate, .xSync = xsync,
	.xFileSize = xsize, .xLock = xlock, .xUnlock = xunlock, .xCheckReservedLock = xreserved, .xFileControl = xcontrol,
	.xSectorSize = xsector, .xDeviceCharacteristics = xcharacteristics,
};

static int xopen(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = real_vfs->xOpen(real_vfs, name, behind(file), flags, out);

	(void)vfs;
	file->pMethods = behind(file)->pMethods ? &methods : NULL;
	return rc;
}

static int xlast_error(sqlite3_vfs *vfs, int n, char *text)
{
	(void)vfs;
	(void)n;
	(void)text;
	return errno;
}

void faulty_vfs_install(void)
{
	sqlite3_initialize();
	real_vfs = sqlite3_vfs_find(NULL);
	shim = *real_vfs;
	shim.zName = "faulty";
	shim.szOsFile += (int)sizeof(struct faulty);
	shim.xOpen = xopen;
	shim.xGetLastError = xlast_error;
	sqlite3_vfs_register(&shim, 1);
}
