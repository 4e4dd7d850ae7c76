/*
 * generation - one of the two databases: is the file whole, what does it say; a commit to it; making it anew.
 *
 * Belongs to one thread.
 */
#ifndef STORE_GENERATION_H
#define STORE_GENERATION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/files.h"
#include "store/rows.h"
#include "store/store.h"
#include "store/vfs_count.h"

enum generation_verdict {
	GENERATION_GOOD,
	GENERATION_MISSING,	/* no file */
	GENERATION_DAMAGED,	/* no database, truncated, a row that is not legal .. */
	GENERATION_NEWER,	/* of a schema that a later program made */
	GENERATION_FOREIGN,	/* another program's, another user's, not a file that can be read */
	GENERATION_FAILED	/* memory is short, or the file changes all the time: nothing can be said of it */
};

/* "damaged", "newer", "foreign": how the file is renamed; NULL where it is left alone. */
const char *generation_why(enum generation_verdict verdict);

#define GENERATION_REASON_MAX 200

/*
 * Reads the file at `path` as it stands and checks it whole; a file of an older schema as it will be.  Never writes to it.
 * `reason`: what is wrong with it.
 */
enum generation_verdict generation_load(const char *path, struct recorded *recorded, char reason[GENERATION_REASON_MAX]);

struct generation {
	char directory[FILES_PATH_MAX], path[FILES_PATH_MAX];
	const char *name;		/* path without the directory */
	struct vfs_count *vfs;
	bool standing;			/* the file is there and was found good */
	bool fresh;			/* .. `committed` says what is in it */
	bool in_the_way;		/* a file that is no generation and could not be renamed */
	char obstacle[256];		/* in_the_way: the reason in words, for the status */
	struct record committed;
	bool incomplete;		/* rows are missing that have an initial value */
	uint32_t other_crc;
	uint64_t log_serial;		/* all entries up to this one are in it */
	unsigned set_aside;		/* files renamed so far */
	char aside[256];		/* the newest of them in words, "" = none */

	sqlite3 *db;			/* NULL = not open */
	struct rows rows;
	struct files_print database, wal;
};

void generation_init(struct generation *generation, const char *directory, unsigned number, struct vfs_count *vfs);

/* The file was found good with this content, of which the log is in it up to log_serial. */
void generation_adopt(struct generation *generation, const struct recorded *recorded, uint64_t log_serial);

/* Has it all of `record`, and nobody has touched its files since? */
bool generation_is_current(const struct generation *generation, const struct record *record);

/*
 * Renames a file that is no good generation; sets in_the_way when it cannot be.  `instead`: what is used in its place, for the
 * log's line.  0 or -errno.
 */
int generation_set_aside(struct generation *generation, enum generation_verdict verdict, const char *reason, const char *instead);

/*
 * Commits `record` and the log entries that it knows and the file lacks.  A file that is gone is made anew; one that is found
 * damaged, or is not the one that was written last, is set aside and made anew.  0, or -errno with the reason in words in
 * `message`.
 */
int generation_commit(struct generation *generation, const struct record *record, const struct store_ops *ops, void *context,
		      char *message, size_t size);

/* Closes the file, and nothing is known of what lies there: the directory may be another one. */
void generation_release(struct generation *generation);

/* Closes the file; `fold`: the WAL is moved into it, so that one file remains. */
void generation_close(struct generation *generation, bool fold);

#endif
