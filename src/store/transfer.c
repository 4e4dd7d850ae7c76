#include "store/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/recovery.h"

static int say(char message[TRANSFER_MESSAGE_MAX], const char *path, int error)
{
	snprintf(message, TRANSFER_MESSAGE_MAX, "%.300s: %s", path, strerror(-error));
	return error;
}

static int explain_nothing(const struct recovery *recovery, const char *directory, char message[TRANSFER_MESSAGE_MAX])
{
	struct stat status;

	if (stat(directory, &status) < 0)
		return say(message, directory, -errno);
	if (!S_ISDIR(status.st_mode))
		return say(message, directory, -ENOTDIR);
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		if (recovery->verdict[i] == GENERATION_MISSING)
			continue;
		snprintf(message, TRANSFER_MESSAGE_MAX, "%.100s/state.%u.db: %s", directory, i, recovery->reason[i]);
		return -EBADMSG;
	}
	snprintf(message, TRANSFER_MESSAGE_MAX, "%.300s: holds no state", directory);
	return -ENOENT;
}

int transfer_read(const char *directory, struct nv *nv, struct datalog_entry *entries, unsigned *n,
		  char message[TRANSFER_MESSAGE_MAX])
{
	char absolute[FILES_PATH_MAX];
	struct handover_name name;
	struct recovery recovery;
	struct record record;
	int error = files_get_absolute(directory, absolute);

	if (error)
		return say(message, directory, error);
	error = recovery_read(&recovery, absolute);
	if (error) {
		say(message, directory, error);
		goto out;
	}
	if (!handover_find(absolute, &name))
		recovery_read_handover(&recovery, &name);
	if (!recovery_found(&recovery)) {
		error = explain_nothing(&recovery, absolute, message);
		goto out;
	}
	*n = recovery_get(&recovery, &record, entries);
	*nv = record.nv;
out:
	recovery_free(&recovery);
	return error;
}

struct given {
	const struct datalog_entry *entries;
	unsigned n;
};

static unsigned give_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	const struct given *given = context;
	unsigned n = 0;

	for (unsigned i = 0; i < given->n && n < max; i++)
		if (given->entries[i].serial >= from)
			entries[n++] = given->entries[i];
	return n;
}

/* The highest sequence that stands in the directory: what is imported is newer. */
static int read_sequence(const char *directory, uint64_t *sequence)
{
	struct recovery recovery;
	int error = recovery_read(&recovery, directory);

	*sequence = 0;
	if (!error && recovery.best >= 0)
		*sequence = recovery.recorded[recovery.best]->record.sequence;
	recovery_free(&recovery);
	return error;
}

static void remove_fresh(const char *fresh)
{
	static const char *const suffix[] = { "", "-wal", ".new", ".new-wal", ".new-journal" };
	char path[FILES_PATH_MAX + 80];

	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		for (size_t k = 0; k < sizeof(suffix) / sizeof(suffix[0]); k++) {
			snprintf(path, sizeof(path), "%s/state.%u.db%s", fresh, i, suffix[k]);
			unlink(path);
		}
	rmdir(fresh);
}

/* Both generations, whole, in the directory `fresh`. */
static int write_fresh(const char *fresh, struct record *record, struct given *given, char message[TRANSFER_MESSAGE_MAX])
{
	static const struct store_ops ops = { .entries = give_entries };
	struct vfs_count vfs;
	int error = vfs_count_register(&vfs);

	if (error)
		return say(message, fresh, error);
	for (unsigned i = 0; i < FILES_GENERATIONS && !error; i++) {
		struct generation generation;

		generation_init(&generation, fresh, i, &vfs);
		record->sequence++;
		error = generation_commit(&generation, record, &ops, given, message, TRANSFER_MESSAGE_MAX);
		generation_close(&generation, true);
	}
	vfs_count_unregister(&vfs);
	return error;
}

/* One generation of the import under its name; `aside`: what was there has that name now, "" = it is in its place. */
static int put_one(const char *directory, const char *from, const char *to, char *aside, size_t size)
{
	int error;

	*aside = '\0';
	error = files_set_aside(directory, to, "before-import", aside, size);
	if (!error)
		error = files_rename(from, to);
	if (!error)
		error = files_sync_directory(directory);
	return error;
}

/*
 * One after the other: at any moment a good generation stands.  Undone when the second fails: the first would be the newest state by
 * its number, although the import has failed.
 */
static int put_in_place(const char *directory, const char *fresh, char message[TRANSFER_MESSAGE_MAX])
{
	char from[FILES_PATH_MAX], to[FILES_PATH_MAX], aside[FILES_GENERATIONS][FILES_PATH_MAX];
	int error = 0;
	unsigned n = 0;

	while (n < FILES_GENERATIONS && !error) {
		files_get_path(fresh, n, from);
		files_get_path(directory, n, to);
		error = put_one(directory, from, to, aside[n], sizeof(aside[n]));
		n++;
	}
	if (!error)
		return 0;
	say(message, to, error);
	while (n-- > 0) {
		int undone;

		files_get_path(fresh, n, from);
		files_get_path(directory, n, to);
		/* Still the import's?  Back to where it is removed. */
		if (*aside[n] && access(from, F_OK) < 0)
			files_rename(to, from);
		undone = *aside[n] ? files_put_back(directory, aside[n], to) : 0;
		if (undone)
			snprintf(message, TRANSFER_MESSAGE_MAX, "%.180s: cannot be put back: %.40s; it is %.120s", to, strerror(-undone), aside[n]);
	}
	return error;
}

static int take_lock(const char *directory, int *fd, char message[TRANSFER_MESSAGE_MAX])
{
	char by[40] = "another process";
	pid_t pid;

	*fd = files_lock(directory, true, &pid);
	if (*fd >= 0)
		return 0;
	if (*fd != -EBUSY)
		return say(message, directory, *fd);
	if (pid)
		snprintf(by, sizeof(by), "process %ld", (long)pid);
	snprintf(message, TRANSFER_MESSAGE_MAX, "%.200s: in use by %s; end dinmeterd first", directory, by);
	return -EBUSY;
}

int transfer_write(const char *directory, const struct nv *nv, const struct datalog_entry *entries, unsigned n,
		   char message[TRANSFER_MESSAGE_MAX])
{
	char absolute[FILES_PATH_MAX], fresh[FILES_PATH_MAX + 16];
	struct record record = { .nv = *nv };
	struct given given = { entries, n };
	struct handover_name name;
	int error = files_get_absolute(directory, absolute), lock_fd;

	/* The next start is one after an end in good order, whatever the export was made of: it counts as a power-up. */
	record.nv.stopped = true;
	if (!error)
		error = files_make_directory(absolute);
	if (error)
		return say(message, directory, error);
	error = take_lock(absolute, &lock_fd, message);
	if (error)
		return error;
	error = read_sequence(absolute, &record.sequence);
	sqlite3_randomness(sizeof(record.epoch), &record.epoch);
	record.epoch &= INT64_MAX;
	snprintf(fresh, sizeof(fresh), "%s/import.new", absolute);
	remove_fresh(fresh);
	if (!error)
		error = files_make_inside(absolute, fresh);
	if (error)
		say(message, directory, error);
	else
		error = write_fresh(fresh, &record, &given, message);
	if (!error)
		error = put_in_place(absolute, fresh, message);
	/* One that cannot be removed does not belong to this epoch. */
	if (!error && !handover_find(absolute, &name))
		handover_remove(&name);
	remove_fresh(fresh);
	close(lock_fd);
	return error;
}
