/*
 * store_private - what store.c (threads), store_commit.c (a commit), store_open.c (what was found) and store_watch.c (a commit that
 * does not end) share.
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <stdatomic.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/recovery.h"
#include "store/store.h"

struct store {
	char directory[FILES_PATH_MAX];		/* absolute */
	atomic_int interval_s;
	char boot_id[HANDOVER_BOOT_MAX];
	struct vfs_count vfs;

	/* Of whoever opens, then of the thread. */
	struct generation generation[FILES_GENERATIONS];
	int generation_error[FILES_GENERATIONS];	/* told to the log; .. */
	char generation_message[FILES_GENERATIONS][256];	/* .. in words */
	int64_t look_again_ns[FILES_GENERATIONS];	/* at a file that is in the way */
	int lock_fd;
	bool adopted;			/* what is in the directory has been seen: the files are ours to write */
	bool refused;			/* .. it is a state that ours does not come from */
	uint64_t epoch, sequence;
	int failing;			/* -errno that the log tells of, 0 = commits succeed */
	bool repaired;
	struct nv legal;		/* the last state in which every member was legal */
	bool has_legal;
	const struct nv_field *illegal;	/* told to the log */

	bool found;
	struct nv found_nv;
	struct datalog_entry *entries;	/* that were found; freed at the start of the thread */
	unsigned n_entries;

	pthread_mutex_t handover_lock;	/* the five below */
	struct handover handover;
	struct handover_state handed;	/* what was written last; sequence and epoch are always right */
	int handover_error;		/* told to the log */
	struct handover_name handover_name;	/* path "" = none: no directory, or it is another process's */

	pthread_mutex_t ops_lock;	/* the three below: after store_stop nobody is called */
	struct store_ops ops;
	void *context;
	bool abandoned;

	pthread_mutex_t lock;		/* all below */
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stop, wanted, done;
	bool kept;			/* done: the last state is in a generation */
	int64_t begun_ns;		/* of the commit under way, 0 = none; .. */
	int writing;			/* .. to which generation, -1 = to none yet */
	int64_t took_ns;		/* the one before it */
	int64_t kept_ns;		/* when the files were last known to have the state */
	bool stuck;			/* told to the log */
	struct store_status status;
};

/*
 * Looks at the directory and takes what it finds.  `late`: the meter runs with a state of its own already.  0; or -errno with
 * the reason in words, the store is not adopted.
 */
int store_recover(struct store *store, bool late, char *message, size_t size);

/* Takes the directory's lock when it is not held.  0 or -errno with the reason in words. */
int store_take_lock(struct store *store, char *message, size_t size);

/* The account of files set aside; status lock held. */
void store_note_set_aside(struct store *store);

/* Commits what is new.  0 or -errno with the reason in words; -ECANCELED after store_stop has given the thread up. */
int store_write(struct store *store, bool important, bool final, char *message, size_t size);

/* The status as it is at now_ns; the log is told when a commit has been under way for too long, and when it has ended. */
void store_watch(struct store *store, int64_t now_ns, struct store_status *status);

/* The handover of a state, with the store's marks; the caller holds no lock.  `stopped`: as nv.stopped. */
void store_hand_over(struct store *store, const struct nv *nv, const struct datalog_entry *newest, unsigned n, bool stopped);

/* Opens the handover when it is not open, or no longer the file at its path. */
void store_renew_handover(struct store *store);

#endif
