#include "store/schema.h"

#include <stdio.h>

#include "store/rows.h"

/*
 * A commit writes each page that holds a changed row, and the rows that change each time are short: the smallest pages write
 * least.  tests/bench/store_wear, a day: 512 19 MB (55 MB in the kernel's pages of 4096), 1024 19 (55), 2048 55 (91), 4096
 * 37 MB (73).  512 were 10 MB with fewer rows: a table WITHOUT ROWID keeps rows on the page above its leaves too, and which ones
 * moves with each row that is added.  Four pages change in a commit now: the energies, the pulses, the sequence, that page.
 */
#define PAGE_SIZE "512"

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

#define LOG_TABLE \
	"CREATE TABLE log(slot INTEGER PRIMARY KEY, serial INTEGER NOT NULL, clock_s INTEGER NOT NULL, " \
	"utc_s INTEGER NOT NULL, scales BLOB NOT NULL, pointers BLOB NOT NULL, words BLOB NOT NULL, crc32 BLOB NOT NULL);"

/* NULL: an entry from before, of which nothing was noted. */
#define NOTED_COLUMN "ALTER TABLE log ADD COLUMN noted BLOB;"

/* steps[n - 1] leads from version n to n + 1. */
static const char *const steps[SCHEMA_VERSION - 1] = {
	LOG_TABLE,
	NOTED_COLUMN,
};

static int execute(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int schema_get_number(sqlite3 *db, const char *sql, sqlite3_int64 *number)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_ERROR : rc;
}

int schema_create(sqlite3 *db)
{
	return execute(db, "PRAGMA page_size = " PAGE_SIZE ";"
			   "PRAGMA application_id = " TEXT_OF(SCHEMA_APPLICATION_ID) ";"
			   "PRAGMA user_version = " TEXT_OF(SCHEMA_VERSION) ";"
			   "CREATE TABLE state(name TEXT PRIMARY KEY, value) WITHOUT ROWID;" LOG_TABLE NOTED_COLUMN);
}

static int migrate_step(sqlite3 *db, unsigned from)
{
	char version[48];
	int rc = execute(db, "BEGIN IMMEDIATE");

	if (rc != SQLITE_OK)
		return rc;
	snprintf(version, sizeof(version), "PRAGMA user_version = %u", from + 1);
	rc = execute(db, steps[from - 1]);
	if (rc == SQLITE_OK)
		rc = rows_insert_initial(db, from + 1);
	if (rc == SQLITE_OK)
		rc = execute(db, version);
	if (rc == SQLITE_OK)
		rc = execute(db, "COMMIT");
	if (rc != SQLITE_OK)
		execute(db, "ROLLBACK");
	return rc;
}

int schema_migrate(sqlite3 *db)
{
	sqlite3_int64 version = 0;
	int rc = schema_get_number(db, "PRAGMA user_version", &version);

	if (rc == SQLITE_OK && (version < 1 || version > SCHEMA_VERSION))
		rc = SQLITE_MISMATCH;
	for (; rc == SQLITE_OK && version < SCHEMA_VERSION; version++)
		rc = migrate_step(db, (unsigned)version);
	return rc;
}
