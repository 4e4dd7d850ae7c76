/*
 * image - a database with its WAL, copied into memory as it stands on the disk, and opened there.
 *
 * Looking at a file never changes it: not the WAL of a damaged one (opening would recover and fold it in), not one on a
 * file system that is read-only, not one that a daemon is writing.
 *
 * A copy is whole when the WAL's header is the same before and behind it: until then no frame was overwritten, and a page
 * that a checkpoint was just moving stands in the WAL too.
 */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* A generation with a full log is 1 MB: what is so much larger is none. */
#define IMAGE_MAX (64u << 20)

struct image_bytes {
	unsigned char *data;
	size_t size, room;
};

struct image {
	struct image_bytes database, wal;
	sqlite3_vfs vfs;
	char name[40];
	bool registered;
};

/*
 * Copies PATH and PATH-wal.  0; -ENOENT without the file; -ELOOP, -EISDIR, -ENODEV what is no plain file; -EFBIG; -EAGAIN changed under the
 * copy time and again; else what reading it gave.  On an error there is nothing to free.
 */
int image_read(struct image *image, const char *path);

/* Opens the copy.  Changes stay in memory.  An SQLite result; *db is to be closed in any case. */
int image_open(struct image *image, sqlite3 **db);

/* After *db was closed. */
void image_free(struct image *image);

#endif
