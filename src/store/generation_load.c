/* Reading a generation: deciding what a file is, without ever writing to it. */
#include "store/generation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/image.h"
#include "store/schema.h"

const char *generation_why(enum generation_verdict verdict)
{
	switch (verdict) {
	case GENERATION_DAMAGED: return "damaged";
	case GENERATION_NEWER: return "newer";
	case GENERATION_FOREIGN: return "foreign";
	default: return NULL;
	}
}

static enum generation_verdict verdict_of_sql(sqlite3 *db, int rc, char *reason)
{
	snprintf(reason, GENERATION_REASON_MAX, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	return (rc & 0xff) == SQLITE_NOMEM ? GENERATION_FAILED : GENERATION_DAMAGED;
}

/* The whole of SQLite's own check: every page, every row in its order. */
static enum generation_verdict check_integrity(sqlite3 *db, char *reason)
{
	enum generation_verdict verdict = GENERATION_GOOD;
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return verdict_of_sql(db, rc, reason);
	rc = sqlite3_step(statement);
	if (rc != SQLITE_ROW) {
		verdict = verdict_of_sql(db, rc, reason);
	} else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
		snprintf(reason, GENERATION_REASON_MAX, "%.*s", GENERATION_REASON_MAX - 1,
			 (const char *)sqlite3_column_text(statement, 0));
		verdict = GENERATION_DAMAGED;
	}
	sqlite3_finalize(statement);
	return verdict;
}

/* Whose database is it, and of which schema? */
static enum generation_verdict check_kind(sqlite3 *db, char *reason)
{
	sqlite3_int64 application_id, version;
	int rc = schema_get_number(db, "PRAGMA application_id", &application_id);

	if (rc == SQLITE_OK)
		rc = schema_get_number(db, "PRAGMA user_version", &version);
	if (rc != SQLITE_OK)
		return verdict_of_sql(db, rc, reason);
	if (application_id != SCHEMA_APPLICATION_ID) {
		snprintf(reason, GENERATION_REASON_MAX, "another program's database (application_id %lld, must be %d)",
			 application_id, SCHEMA_APPLICATION_ID);
		return GENERATION_FOREIGN;
	}
	if (version > SCHEMA_VERSION) {
		snprintf(reason, GENERATION_REASON_MAX, "made by a later version (schema %lld, this one knows 1 to %d)", version,
			 SCHEMA_VERSION);
		return GENERATION_NEWER;
	}
	if (version < 1) {
		snprintf(reason, GENERATION_REASON_MAX, "schema %lld is none", version);
		return GENERATION_DAMAGED;
	}
	return GENERATION_GOOD;
}

static enum generation_verdict load_image(sqlite3 *db, struct recorded *recorded, char *reason)
{
	enum generation_verdict verdict = check_kind(db, reason);
	int rc, error;

	if (verdict == GENERATION_GOOD)
		verdict = check_integrity(db, reason);
	if (verdict != GENERATION_GOOD)
		return verdict;
	/* A file of the schema's first version may not be in WAL mode: the image keeps its journal in memory. */
	rc = sqlite3_exec(db, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_migrate(db);
	if (rc != SQLITE_OK)
		return verdict_of_sql(db, rc, reason);
	error = rows_load(db, recorded, reason, GENERATION_REASON_MAX);
	return error == 0 ? GENERATION_GOOD : error == -ENOMEM ? GENERATION_FAILED : GENERATION_DAMAGED;
}

static enum generation_verdict verdict_of_error(int error, char *reason)
{
	snprintf(reason, GENERATION_REASON_MAX, "%s", strerror(-error));
	switch (error) {
	case -EPERM:
		snprintf(reason, GENERATION_REASON_MAX, "owned by another user");
		return GENERATION_FOREIGN;
	case -ELOOP:
	case -ENODEV:
	case -ENXIO:
	case -EISDIR:
		snprintf(reason, GENERATION_REASON_MAX, "not a plain file");
		return GENERATION_FOREIGN;
	case -EACCES:
		return GENERATION_FOREIGN;
	case -EFBIG:
	case -EIO:
	case -EUCLEAN:
		return GENERATION_DAMAGED;
	case -ENOENT:
		return GENERATION_MISSING;
	default:
		return GENERATION_FAILED;
	}
}

/*
 * Only an end in good order folds the WAL in and removes it, and a new file gets an empty one with its name: somebody has copied the
 * database alone.
 */
static bool misses_wal(const char *path, const struct image *image)
{
	enum { WRITE_VERSION = 18, IN_WAL_MODE = 2 };	/* SQLite's database file format, 1.3 */
	char wal[FILES_PATH_MAX + 16];
	struct stat status;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return image->database.size > WRITE_VERSION && image->database.data[WRITE_VERSION] == IN_WAL_MODE && lstat(wal, &status) < 0 &&
	       errno == ENOENT;
}

enum generation_verdict generation_load(const char *path, struct recorded *recorded, char reason[GENERATION_REASON_MAX])
{
	enum generation_verdict verdict;
	struct image image;
	sqlite3 *db = NULL;
	bool without_wal;
	int error = files_check_owner(path), rc;

	*reason = '\0';
	if (!error)
		error = image_read(&image, path);
	if (error)
		return verdict_of_error(error, reason);
	without_wal = misses_wal(path, &image);
	if (image.database.size == 0) {
		snprintf(reason, GENERATION_REASON_MAX, "the file is empty");
		image_free(&image);
		return GENERATION_DAMAGED;
	}
	rc = image_open(&image, &db);
	verdict = rc == SQLITE_OK ? load_image(db, recorded, reason) : verdict_of_sql(db, rc, reason);
	sqlite3_close(db);
	if (verdict == GENERATION_GOOD)
		recorded->wal_missing = without_wal && !recorded->record.nv.stopped;
	image_free(&image);
	return verdict;
}
