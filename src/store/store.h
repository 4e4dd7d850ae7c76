/*
 * store - non-volatile state and log, kept in SQLite by a thread of its own.
 *
 * In the directory: state.0.db and state.1.db, two generations that are written in turn (both at an important commit),
 * each whole in itself; `lock`, held while a daemon uses the directory.  In /dev/shm: the handover, a page of memory
 * that a killed process leaves to the next one of the same boot (handover.h).
 * A file that cannot be read, is damaged or of a newer schema is renamed, never overwritten.
 *
 * A state that could not be read at the start (the directory was not there, or in use) and appears later is left alone: the
 * store stays STORE_UNUSABLE, and the next start takes it.
 *
 * Nothing here blocks its caller on the disk, but for open and stop.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/datalog.h"
#include "store/nv.h"

struct store;

/*
 * What the thread takes what it writes from; called from the store's thread and from within store_stop, must return at once.
 * nv gives a state at least as new as that of the last store_handover; its boot_id and stopped are the store's business.
 */
struct store_ops {
	void (*nv)(void *context, struct nv *nv);
	/* Entries with serial >= from, ascending, at most `max`; returns how many. */
	unsigned (*entries)(void *context, uint64_t from, unsigned max, struct datalog_entry *entries);
};

enum store_state {
	STORE_GOOD,		/* commits succeed */
	STORE_REPAIRED,		/* good, but since the start a damaged file was set aside */
	STORE_FAILING,		/* the last commit failed, or does not end, or one of the two files cannot be written: tried again */
	STORE_UNUSABLE		/* no directory, no permission, in use by another process: tried again */
};

struct store_status {
	enum store_state state;
	int last_error;			/* -errno of the newest failure, 0 = none */
	char message[256];		/* that failure, or what was set aside, in words with its file; "" = none */
	uint64_t commits, failures;
	uint64_t bytes_written;		/* by SQLite to its files since start */
	int64_t last_commit_ns;		/* CLOCK_MONOTONIC, 0 = never */
	double last_commit_s, worst_commit_s;	/* how long commits took */
	unsigned set_aside;		/* files renamed because they were damaged or foreign */
	int64_t heartbeat_ns;		/* of the thread; a commit that hangs stops it */
};

/*
 * Opens the directory (made when it is missing) and takes the newest good generation.  Never fails for the disk's
 * sake: then the store is STORE_UNUSABLE, *found is false, and the thread goes on trying.  0, or -ENOMEM.
 */
int store_open(struct store **store, const char *directory, int interval_s);

/* What was found: true and *nv, or false on a first start or when nothing was readable. */
bool store_get_nv(const struct store *store, struct nv *nv);

/* This boot's id, to compare with the nv.boot_id that was found; "" when the kernel does not tell. */
const char *store_boot_id(const struct store *store);

/* The log entries that were found, ascending by serial, DATALOG_ENTRIES at most; returns how many.  Ahead of store_start. */
unsigned store_get_entries(const struct store *store, struct datalog_entry *entries);

/* Starts the thread: a commit every interval_s. */
int store_start(struct store *store, const struct store_ops *ops, void *context);

/* Any thread: another interval, from the next commit on. */
void store_set_interval(struct store *store, int interval_s);

/* Any thread: commit at once, to both generations (a setting, a command, a log entry, SIGPWR). */
void store_commit(struct store *store);

/*
 * The meter's thread: leaves the present state to whoever comes after a kill.  Memory alone: never waits for a
 * disk.  Notices here and in store_get_status that a commit does not end, and logs that.  `newest`: log entries that may not be committed yet (those with a serial > nv's newest less 8 do).
 */
void store_handover(struct store *store, const struct nv *nv, const struct datalog_entry *newest, unsigned n);

/* Any thread; never waits for a disk. */
void store_get_status(struct store *store, struct store_status *status);

/*
 * A last commit to both generations with nv.stopped set (waits up to wait_s for the disk), joins, frees.  A thread that the
 * disk does not give back is left behind; the handover then stays for the next start.
 */
void store_stop(struct store *store, double wait_s);

#endif
