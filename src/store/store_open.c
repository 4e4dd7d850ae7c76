/* What earlier runs have left: found, taken over, or set aside. */
#include "store/store_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

int store_take_lock(struct store *store, char *message, size_t size)
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
			if (recovery->recorded[i]->wal_missing && !late)
				log_warning("store: %s: the run that wrote it did not end, but its %s-wal is missing: its newest commits may "
					    "be missing too", generation->path, generation->name);
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
	snprintf(message, size, "%s: holds the state of another run, which could not be read at the start; it is left as it is, "
		 "restart dinmeterd to take it", store->directory);
	return -EEXIST;
}

/* Is it of this run or of what it has come from?  A higher sequence is a later state of that, which this run has never seen. */
static bool comes_from(const struct store *store, const struct record *best)
{
	return best->epoch == store->epoch && best->sequence <= store->sequence;
}

static int adopt(struct store *store, const struct recovery *recovery, bool late, char *message, size_t size)
{
	struct record record;
	uint64_t handed;

	/* A running meter goes on only with what it comes from itself. */
	if (late && recovery->best >= 0 && !comes_from(store, &recovery->recorded[recovery->best]->record))
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

static void set_handover_name(struct store *store, const struct handover_name *name)
{
	pthread_mutex_lock(&store->handover_lock);
	store->handover_name = *name;
	pthread_mutex_unlock(&store->handover_lock);
}

static void begin_epoch(struct store *store)
{
	sqlite3_randomness(sizeof(store->epoch), &store->epoch);
	store->epoch &= INT64_MAX;
	pthread_mutex_lock(&store->handover_lock);
	store->handed.epoch = store->epoch;
	pthread_mutex_unlock(&store->handover_lock);
}

/*
 * A handover that was not taken goes: it could not be read, perhaps by this user or this build alone, or is of another state, and
 * must not stand against what this run commits.  Where it cannot be removed, it is of another epoch from now on.
 */
static void supersede_handover(struct store *store, const struct handover_name *name)
{
	int error = handover_remove(name);

	if (!error)
		return;
	log_warning("store: %s: cannot be read nor removed (%s); it is not used", name->path, strerror(-error));
	begin_epoch(store);
}

static int look(struct store *store, const struct handover_name *name, bool late, char *message, size_t size)
{
	struct recovery recovery;
	bool ours = late && !strcmp(store->handover_name.path, name->path);
	int error = recovery_read(&recovery, store->directory);

	if (!error) {
		if (!late)
			recovery_read_handover(&recovery, name);
		error = adopt(store, &recovery, late, message, size);
		if (!recovery.handed && !ours && (!late || !error))
			supersede_handover(store, name);
	} else {
		snprintf(message, size, "%s: %s", store->directory, strerror(-error));
	}
	recovery_free(&recovery);
	return error;
}

int store_recover(struct store *store, bool late, char *message, size_t size)
{
	struct handover_name name;
	int error = files_make_directory(store->directory);

	store->refused = false;
	if (!error)
		error = handover_find(store->directory, &name);
	if (error) {
		snprintf(message, size, "%s: %s", store->directory, strerror(-error));
		return error;
	}
	error = store_take_lock(store, message, size);
	if (error == -EBUSY)
		return error;
	error = look(store, &name, late, message, size);
	/* A state that is left alone keeps its handover too. */
	if (!late || !error) {
		set_handover_name(store, &name);
		store_renew_handover(store);
	}
	return error;
}
