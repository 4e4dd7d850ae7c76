#include "store/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "store/schema.h"

/*
 * A commit waits until the disk has it (synchronous = FULL: one fdatasync of the WAL), so that a power cut after it takes
 * nothing back.  The WAL is folded in after so many frames, whose pages are then written once for all commits that changed
 * them; it is overwritten in place, never cut, which spares the file system's own writes.
 *
 * Frames share the flash's blocks.  A power cut that spoils a block while it is rewritten takes earlier commits of this file
 * with it; the other generation, written before, has all but the last one.
 */
#define OPEN_PRAGMAS \
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;" \
	"PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = 64;"
/* A new file has another name until it is whole: nothing of it needs to be undone. */
#define CREATE_PRAGMAS \
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
#define ENTRIES_AT_ONCE 64

static const char replaced_reason[] = "not the file that was written last";

void generation_init(struct generation *generation, const char *directory, unsigned number, struct vfs_count *vfs)
{
	memset(generation, 0, sizeof(*generation));
	snprintf(generation->directory, sizeof(generation->directory), "%s", directory);
	files_get_path(directory, number, generation->path);
	generation->name = strrchr(generation->path, '/') + 1;
	generation->vfs = vfs;
}

static void wal_path(const struct generation *generation, char *path, size_t size)
{
	snprintf(path, size, "%s-wal", generation->path);
}

static void take_prints(const struct generation *generation, struct files_print *database, struct files_print *wal)
{
	char path[FILES_PATH_MAX + 16];

	files_take_print(generation->path, database);
	wal_path(generation, path, sizeof(path));
	files_take_print(path, wal);
}

void generation_adopt(struct generation *generation, const struct recorded *recorded, uint64_t log_serial)
{
	generation->standing = generation->fresh = true;
	generation->in_the_way = false;
	generation->committed = recorded->record;
	generation->incomplete = recorded->incomplete;
	generation->other_crc = recorded->other_crc;
	generation->log_serial = log_serial;
	take_prints(generation, &generation->database, &generation->wal);
}

static void forget(struct generation *generation)
{
	generation->standing = generation->fresh = false;
	generation->log_serial = 0;
	generation->other_crc = 0;
}

int generation_set_aside(struct generation *generation, enum generation_verdict verdict, const char *reason, const char *instead)
{
	char name[FILES_PATH_MAX];
	int error = files_set_aside(generation->directory, generation->path, generation_why(verdict), name, sizeof(name));

	forget(generation);
	if (error) {
		if (!generation->in_the_way)
			log_error("store: %s: %s: %s; it cannot be renamed (%s), so it is left alone and not used; %s",
				  generation->path, generation_why(verdict), reason, strerror(-error), instead);
		generation->in_the_way = true;
		snprintf(generation->obstacle, sizeof(generation->obstacle), "%.120s: %.60s; it cannot be renamed: %.40s", generation->path,
			 generation_why(verdict), strerror(-error));
		return error;
	}
	generation->in_the_way = false;
	generation->set_aside++;
	snprintf(generation->aside, sizeof(generation->aside), "%.60s: %.40s; renamed to %.60s, %.60s",
		 strrchr(generation->path, '/') + 1, generation_why(verdict), name, instead);
	log_error("store: %s: %s: %s; renamed to %s, %s", generation->path, generation_why(verdict), reason, name, instead);
	return 0;
}

/* -errno for an SQLite result. */
static int error_of(const struct generation *generation, sqlite3 *db, int rc)
{
	int error = generation->vfs->error;

	if (!error && db)
		error = sqlite3_system_errno(db);
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return error == EDQUOT ? -EDQUOT : -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		if (access(generation->path, R_OK | W_OK) < 0 || access(generation->directory, W_OK) < 0)
			return -errno;
		return error ? -error : -EIO;
	default:
		return error ? -error : -EIO;
	}
}

static int tell(const struct generation *generation, int error, char *message, size_t size)
{
	if (*generation->obstacle)
		snprintf(message, size, "%s", generation->obstacle);
	else
		snprintf(message, size, "%s: cannot write: %s", generation->path,
		 error == -EBUSY ? "another program has it open" : error == -EUCLEAN ? "the file is damaged" : strerror(-error));
	return error;
}

void generation_close(struct generation *generation, bool fold)
{
	if (!generation->db)
		return;
	rows_finish(&generation->rows);
	if (fold)
		sqlite3_db_config(generation->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_close(generation->db);
	generation->db = NULL;
}

void generation_release(struct generation *generation)
{
	generation_close(generation, false);
	forget(generation);
	generation->in_the_way = false;
}

static int require_wal(sqlite3 *db)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		rc = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") ? SQLITE_CANTOPEN : SQLITE_OK;
	sqlite3_finalize(statement);
	return rc;
}

static int open_database(struct generation *generation)
{
	int rc = sqlite3_open_v2(generation->path, &generation->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 generation->vfs->name), error;

	if (rc == SQLITE_OK) {
		sqlite3_db_config(generation->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		rc = sqlite3_db_readonly(generation->db, "main") ? SQLITE_READONLY : SQLITE_OK;
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(generation->db, OPEN_PRAGMAS, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = require_wal(generation->db);
	if (rc == SQLITE_OK)
		rc = schema_migrate(generation->db);
	if (rc == SQLITE_OK)
		rc = rows_prepare(generation->db, &generation->rows);
	if (rc == SQLITE_OK)
		return 0;
	error = error_of(generation, generation->db, rc);
	generation_close(generation, false);
	return error;
}

/* Entries that the record knows and the file lacks. */
static int put_entries(struct rows *rows, const struct datalog_state *log, uint64_t from, const struct store_ops *ops, void *context)
{
	struct datalog_entry entries[ENTRIES_AT_ONCE];
	int rc = SQLITE_OK;

	if (from < log->first_serial)
		from = log->first_serial;
	if (log->serial >= DATALOG_ENTRIES && from <= log->serial - DATALOG_ENTRIES)
		from = log->serial - DATALOG_ENTRIES + 1;
	while (from <= log->serial) {
		unsigned n = ops->entries(context, from, ENTRIES_AT_ONCE, entries), i;

		for (i = 0; i < n && entries[i].serial <= log->serial && rc == SQLITE_OK; i++)
			if (nv_entry_legal(&entries[i]))	/* another would make the file a damaged one */
				rc = rows_put_entry(rows, &entries[i]);
		if (rc != SQLITE_OK || i < n || n == 0)
			break;
		from = entries[n - 1].serial + 1;
	}
	return rc;
}

/* One transaction.  An SQLite result. */
static int write_all(sqlite3 *db, struct rows *rows, const struct generation *generation, const struct record *record,
		     const struct store_ops *ops, void *context)
{
	bool differences = generation->fresh && !generation->incomplete;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = put_entries(rows, &record->nv.meter.log, generation->log_serial + 1, ops, context);
	if (rc == SQLITE_OK)
		rc = rows_put_record(rows, record, differences ? &generation->committed : NULL, generation->other_crc);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

static void note_committed(struct generation *generation, const struct record *record)
{
	generation->standing = generation->fresh = true;
	generation->incomplete = false;
	generation->committed = *record;
	generation->log_serial = record->nv.meter.log.serial;
	take_prints(generation, &generation->database, &generation->wal);
}

static void remove_new(const char *path)
{
	static const char *const suffix[] = { "", "-wal", "-journal" };
	char name[FILES_PATH_MAX + 32];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		unlink(name);
	}
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* A whole generation in the file at `path`, which is new. */
static int fill_new(struct generation *generation, const char *path, const struct record *record, const struct store_ops *ops,
		    void *context)
{
	struct rows rows = { NULL, NULL };
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, generation->vfs->name), error = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, CREATE_PRAGMAS, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_create(db);
	if (rc == SQLITE_OK)
		rc = rows_prepare(db, &rows);
	if (rc == SQLITE_OK)
		rc = write_all(db, &rows, generation, record, ops, context);
	rows_finish(&rows);
	if (rc == SQLITE_OK)
		rc = require_wal(db);
	if (rc != SQLITE_OK)
		error = error_of(generation, db, rc);
	sqlite3_close(db);
	return error ? error : sync_file(path);
}

/* Under its own name only when it is whole and on the disk. */
static int renew(struct generation *generation, const struct record *record, const struct store_ops *ops, void *context)
{
	char path[FILES_PATH_MAX + 16], wal[FILES_PATH_MAX + 16], name[FILES_PATH_MAX];
	int error;

	forget(generation);
	snprintf(path, sizeof(path), "%s.new", generation->path);
	wal_path(generation, wal, sizeof(wal));
	remove_new(path);
	error = files_create(generation->directory, path);
	if (!error)
		error = fill_new(generation, path, record, ops, context);
	/* A WAL that lies there still belongs to another file: this one would take it for its own. */
	if (!error)
		error = files_set_aside(generation->directory, generation->path, "damaged", name, sizeof(name));
	/* An empty one, so that a file without one is seen to have lost it. */
	if (!error)
		error = files_create(generation->directory, wal);
	if (!error) {
		error = files_rename(path, generation->path);
		if (error)
			unlink(wal);
	}
	if (error) {
		remove_new(path);
		return error;
	}
	note_committed(generation, record);
	return files_sync_directory(generation->directory);
}

/* Written over while a commit was under way, a file has the print of that commit: its first bytes tell. */
static bool is_database(const struct generation *generation)
{
	static const char magic[16] = "SQLite format 3";
	int fd = open(generation->path, O_RDONLY | O_CLOEXEC);
	char head[sizeof(magic)];
	bool is;

	if (fd < 0)
		return false;
	is = read(fd, head, sizeof(head)) == sizeof(head) && !memcmp(head, magic, sizeof(magic));
	close(fd);
	return is;
}

static bool untouched(const struct generation *generation)
{
	struct files_print database, wal;

	take_prints(generation, &database, &wal);
	return (!database.exists || is_database(generation)) && files_same_print(&database, &generation->database) && files_same_print(&wal, &generation->wal);
}

bool generation_is_current(const struct generation *generation, const struct record *record)
{
	const struct nv_field *fields;
	size_t n;

	if (!generation->fresh || generation->incomplete || generation->log_serial < record->nv.meter.log.serial ||
	    generation->committed.epoch != record->epoch || !untouched(generation))
		return false;
	fields = nv_fields(&n);
	for (size_t i = 0; i < n; i++)
		if (!nv_equal(&record->nv, &generation->committed.nv, &fields[i]))
			return false;
	return true;
}

/* Looks at the file as if for the first time, after a failure or when somebody has changed it.  0 or -errno: left alone. */
static int examine(struct generation *generation)
{
	struct recorded *recorded = malloc(sizeof(*recorded));
	char reason[GENERATION_REASON_MAX];
	enum generation_verdict verdict;
	struct files_print before = generation->database, now;
	bool expected = generation->standing;

	if (!recorded)
		return -ENOMEM;
	verdict = generation_load(generation->path, recorded, reason);
	files_take_print(generation->path, &now);
	/* Another file system lies over the directory since the lock was looked at: the next look tells. */
	if (expected && now.exists && now.device != before.device) {
		verdict = GENERATION_FAILED;
		snprintf(reason, sizeof(reason), "another file system lies over it");
	}
	if (verdict == GENERATION_GOOD && (!expected || now.inode != before.inode)) {
		verdict = GENERATION_FOREIGN;
		snprintf(reason, sizeof(reason), "%s", replaced_reason);
	}
	if (verdict == GENERATION_GOOD) {
		/* what it has of the log is what it had: entries are only ever added to */
		uint64_t has = recorded->record.nv.meter.log.serial, knew = generation->log_serial;

		generation_adopt(generation, recorded, has < knew ? has : knew);
	}
	free(recorded);
	if (verdict == GENERATION_FAILED) {
		snprintf(generation->obstacle, sizeof(generation->obstacle), "%.120s: cannot be read: %.80s", generation->path, reason);
		return -EAGAIN;
	}
	if (verdict == GENERATION_GOOD)
		return 0;
	if (verdict == GENERATION_MISSING) {
		if (expected)
			log_error("store: %s: is gone; written anew from memory", generation->path);
		forget(generation);
		generation->in_the_way = false;
		return 0;
	}
	return generation_set_aside(generation, verdict, reason, "written anew from memory");
}

static int commit_once(struct generation *generation, const struct record *record, const struct store_ops *ops, void *context)
{
	int error = 0, rc;

	generation->vfs->error = 0;
	if (generation->db && !untouched(generation))
		generation_close(generation, false);
	if (!generation->db && (generation->in_the_way || !generation->fresh || !untouched(generation)))
		error = examine(generation);
	if (error)
		return error;
	if (!generation->standing)
		return renew(generation, record, ops, context);
	if (!generation->db)
		error = open_database(generation);
	if (error)
		return error;
	rc = write_all(generation->db, &generation->rows, generation, record, ops, context);
	if (rc == SQLITE_OK) {
		note_committed(generation, record);
		return 0;
	}
	error = error_of(generation, generation->db, rc);
	generation_close(generation, false);
	/* Nobody knows how much of it has reached the disk. */
	generation->fresh = false;
	return error;
}

int generation_commit(struct generation *generation, const struct record *record, const struct store_ops *ops, void *context,
		      char *message, size_t size)
{
	int error;

	*generation->obstacle = '\0';
	error = commit_once(generation, record, ops, context);
	if (error == -EUCLEAN && generation->standing) {
		generation->fresh = false;
		error = commit_once(generation, record, ops, context);
	}
	return error ? tell(generation, error, message, size) : 0;
}
