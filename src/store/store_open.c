/* What earlier runs have left: found, taken over, or set aside. */
#include "store/store_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

static int take_lock(struct store *store, char *message, size_t size)
{
	pid_t pid;

	if (store->lock_fd >= 0)
		return 0;
	store->lock_fd = files_lock(store->directory, true, &pid);
	if (store->lock_fd >= 0)
		return 0;
	if (store->lock_fd == -EBUSY && pid)
		snprintf(message, size, "%s: in use by process %ld", store->directory, (long)pid);
	else if (store->lock_fd == -EBUSY)
		snprintf(message, size, "%s: in use by another process", store->directory);
	else
		snprintf(message, size, "%s/lock: %s", store->directory, strerror(-store->lock_fd));
	return store->lock_fd;
}

static const char *used_instead(const struct store *store, const struct recovery *recovery, bool late)
{
	if (late)
		return "written anew from memory";
	if (recovery->handed)
		return "what the last process left in memory is used";
	if (recovery->best >= 0)
		return recovery->best == 0 ? "state.0.db is used" : "state.1.db is used";
	(void)store;
	return "nothing else is left: the meter starts anew";
}

/* Good files are ours to go on with; bad ones are moved out of the way, with the lock alone. */
static void settle(struct store *store, const struct recovery *recovery, bool late)
{
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		struct generation *generation = &store->generation[i];

		switch (recovery->verdict[i]) {
		case GENERATION_GOOD:
			generation_adopt(generation, recovery->recorded[i],
					 recovery_log_serial(recovery, i, store->entries, store->n_entries));
			break;
		case GENERATION_MISSING:
			break;
		case GENERATION_FAILED:
			log_error("store: %s: cannot be read: %s; left alone, %s", generation->path, recovery->reason[i],
				  used_instead(store, recovery, late));
			generation->in_the_way = true;
			break;
		default:
			if (store->lock_fd < 0)
				generation->in_the_way = true;
			else if (!generation_set_aside(generation, recovery->verdict[i], recovery->reason[i],
						       used_instead(store, recovery, late)))
				store->repaired = true;
		}
	}
}

static void take_state(struct store *store, const struct recovery *recovery, struct record *record)
{
	char said[80] = "nothing is stored yet";

	store->n_entries = recovery_get(recovery, record, store->entries);
	store->found = recovery_found(recovery);
	store->found_nv = record->nv;
	store->legal = record->nv;
	store->has_legal = store->found;
	store->epoch = record->epoch;
	if (!store->found)
		sqlite3_randomness(sizeof(store->epoch), &store->epoch);
	store->epoch &= INT64_MAX;
	if (recovery->handed)
		snprintf(said, sizeof(said), "the state that the last process left in memory");
	else if (recovery->best >= 0)
		snprintf(said, sizeof(said), "state.%d.db, commit %" PRIu64, recovery->best, record->sequence);
	log_info("store: %s: %s, %u log entries", store->directory, said, store->n_entries);
}

/* Without the lock nothing is written; but what can be read is taken. */
static bool may_adopt(const struct store *store, const struct recovery *recovery)
{
	bool missing = true;

	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		missing &= recovery->verdict[i] == GENERATION_MISSING;
	return store->lock_fd >= 0 || recovery->best >= 0 || missing;
}

static int refuse(struct store *store, char *message, size_t size)
{
	store->refused = true;
	snprintf(message, size, "%s: holds the state of an earlier run, which could not be read at the start; it is left as it is, "
		 "restart dinmeterd to take it", store->directory);
	return -EEXIST;
}

static int adopt(struct store *store, const struct recovery *recovery, bool late, char *message, size_t size)
{
	struct record record;
	uint64_t handed;

	/* A running meter goes on only with what it comes from itself. */
	if (late && recovery->best >= 0 && (!store->found || recovery->recorded[recovery->best]->record.epoch != store->epoch))
		return refuse(store, message, size);
	if (!late)
		take_state(store, recovery, &record);
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		const struct record *has = &recovery->recorded[i]->record;

		if (recovery->verdict[i] == GENERATION_GOOD && has->sequence > store->sequence)
			store->sequence = has->sequence;
	}
	if (!may_adopt(store, recovery)) {
		snprintf(message, size, "%s: %s", store->generation[0].path, recovery->reason[0]);
		return -EACCES;
	}
	settle(store, recovery, late);
	handed = late ? 0 : record.handover_sequence;
	pthread_mutex_lock(&store->handover_lock);
	store->handed.epoch = store->epoch;
	if (handed > store->handed.sequence)
		store->handed.sequence = handed;
	pthread_mutex_unlock(&store->handover_lock);
	store->adopted = true;
	return 0;
}

/* A daemon that cannot have the directory can still go on from what was left in memory. */
static void adopt_handover_alone(struct store *store, const char *handover_path)
{
	struct recovery recovery = { .best = -1 };
	struct record record;

	recovery_read_handover(&recovery, store->directory, handover_path);
	take_state(store, &recovery, &record);
	pthread_mutex_lock(&store->handover_lock);
	store->handed.epoch = store->epoch;
	store->handed.sequence = record.handover_sequence;
	pthread_mutex_unlock(&store->handover_lock);
}

int store_recover(struct store *store, bool late, char *message, size_t size)
{
	char handover_path[HANDOVER_PATH_MAX];
	struct recovery recovery;
	int error = files_make_directory(store->directory);

	handover_get_path(store->directory, handover_path);
	if (error) {
		snprintf(message, size, "%s: %s", store->directory, strerror(-error));
		store->handover_wanted = true;
		if (!late)
			adopt_handover_alone(store, handover_path);
		return error;
	}
	error = take_lock(store, message, size);
	if (error == -EBUSY)
		return error;
	store->handover_wanted = true;
	error = recovery_read(&recovery, store->directory);
	if (!error) {
		if (!late)
			recovery_read_handover(&recovery, store->directory, handover_path);
		error = adopt(store, &recovery, late, message, size);
	} else {
		snprintf(message, size, "%s: %s", store->directory, strerror(-error));
	}
	recovery_free(&recovery);
	return error;
}
