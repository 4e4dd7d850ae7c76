/*
 * rows - what stands in a generation's tables: reading it with every check, writing what has changed.
 *
 * Beside the fields of nv_fields the table `state` has rows of the store itself: sequence (of the commit), sequence_handover
 * (newest handover that is in it), sequence_crc32 (of all rows), epoch (an import begins another).
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "metering/datalog.h"
#include "store/nv.h"

struct record {
	struct nv nv;
	uint64_t sequence;		/* grows with every commit, of both generations together */
	uint64_t handover_sequence;	/* the newest handover that it includes; 0 = none */
	uint64_t epoch;			/* a handover of another epoch is not this state's */
};

/* A generation's whole content. */
struct recorded {
	struct record record;
	uint32_t other_crc;		/* of rows that this program does not know */
	bool incomplete;		/* rows with an initial value are not there yet */
	bool wal_missing;		/* set by generation_load: the run that wrote it did not end, but its WAL is not there */
	unsigned n;			/* entries, ascending by serial */
	struct datalog_entry entry[DATALOG_ENTRIES];
};

/*
 * Reads all.  0; -EBADMSG with what is wrong in `reason`; -ENOMEM; -EIO with SQLite's words in `reason`.
 * Entries that the state does not know (cleared ones) are left out.
 */
int rows_load(sqlite3 *db, struct recorded *recorded, char *reason, size_t size);

/* Rows that a version of the schema brought, with their initial values, and the checksum anew.  An SQLite result. */
int rows_insert_initial(sqlite3 *db, unsigned version);

struct rows {
	sqlite3_stmt *state, *log;
};

/* SQLite results; rows_finish in any case. */
int rows_prepare(sqlite3 *db, struct rows *rows);
/* Writes the rows in which `record` differs from `before` (NULL: all).  `other_crc` as loaded. */
int rows_put_record(struct rows *rows, const struct record *record, const struct record *before, uint32_t other_crc);
int rows_put_entry(struct rows *rows, const struct datalog_entry *entry);
void rows_finish(struct rows *rows);

#endif
