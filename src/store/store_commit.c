/* One commit: to which generation, and what becomes of the handover. */
#include "store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
/* How often a file that can be neither used nor renamed is looked at again. */
#define LOOK_AGAIN (60 * SECOND)

/* The daemon's calls, as long as the daemon waits. */
static unsigned ask_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	struct store *store = context;
	unsigned n = 0;

	pthread_mutex_lock(&store->ops_lock);
	if (!store->abandoned)
		n = store->ops.entries(store->context, from, max, entries);
	pthread_mutex_unlock(&store->ops_lock);
	return n;
}

static bool ask_nv(struct store *store, struct nv *nv)
{
	bool asked;

	pthread_mutex_lock(&store->ops_lock);
	asked = !store->abandoned;
	if (asked)
		store->ops.nv(store->context, nv);
	pthread_mutex_unlock(&store->ops_lock);
	return asked;
}

void store_renew_handover(struct store *store)
{
	struct handover fresh, old;
	bool same = !strcmp(store->handover.name.path, store->handover_name.path);
	int error;

	if (!*store->handover_name.path || (same && handover_stands(&store->handover)))
		return;
	error = handover_open(&fresh, &store->handover_name);
	pthread_mutex_lock(&store->handover_lock);
	old = store->handover;
	if (!error)
		store->handover = fresh;
	pthread_mutex_unlock(&store->handover_lock);
	/* Of a directory that is another one now: what is kept from now on is newer. */
	if (!error && !same && old.fd >= 0)
		handover_remove(&old.name);
	if (!error)
		handover_close(&old);
	if (error && error != store->handover_error)
		log_warning("store: %s: %s; a killed process loses what came after the last commit", store->handover_name.path,
			    error == -EPERM ? "not a file of the state directory's owner" :
			    error == -ENODEV ? "does not lie in memory" : strerror(-error));
	store->handover_error = error;
}

void store_hand_over(struct store *store, const struct nv *nv, const struct datalog_entry *newest, unsigned n, bool stopped)
{
	struct handover_state *state = &store->handed;

	if (n > HANDOVER_ENTRIES) {
		newest += n - HANDOVER_ENTRIES;
		n = HANDOVER_ENTRIES;
	}
	pthread_mutex_lock(&store->handover_lock);
	state->sequence++;
	state->nv = *nv;
	snprintf(state->nv.boot_id, sizeof(state->nv.boot_id), "%s", store->boot_id);
	state->nv.stopped = stopped;
	snprintf(state->boot_id, sizeof(state->boot_id), "%s", store->boot_id);
	snprintf(state->directory, sizeof(state->directory), "%s", store->handover_name.directory);
	memset(state->entry, 0, sizeof(state->entry));
	if (n)
		memcpy(state->entry, newest, n * sizeof(*newest));
	state->n = n;
	store->handover.error = handover_write(&store->handover, state);
	pthread_mutex_unlock(&store->handover_lock);
}

static bool is_due(const struct store *store, unsigned i, int64_t now_ns)
{
	return !store->generation[i].in_the_way || now_ns >= store->look_again_ns[i];
}

/* 0 or -errno. */
static int commit_to(struct store *store, unsigned i, struct record *record, char *message, size_t size)
{
	static const struct store_ops wrapped = { .entries = ask_entries };
	int64_t begin_ns = monotonic_ns();
	double took_s;
	int error;

	if (!is_due(store, i, begin_ns)) {
		snprintf(message, size, "%s", store->generation_message[i]);
		return store->generation_error[i];
	}
	pthread_mutex_lock(&store->lock);
	store->writing = (int)i;
	pthread_mutex_unlock(&store->lock);
	record->sequence = store->sequence + 1;
	error = generation_commit(&store->generation[i], record, &wrapped, store, message, size);
	store->look_again_ns[i] = monotonic_ns() + LOOK_AGAIN;
	took_s = (double)(monotonic_ns() - begin_ns) / SECOND;
	/* Also of a failed commit: it may be in the file all the same. */
	store->sequence++;
	pthread_mutex_lock(&store->lock);
	store_note_set_aside(store);
	if (error) {
		store->status.failures++;
		store->status.last_error = error;
		snprintf(store->status.message, sizeof(store->status.message), "%s", message);
	} else {
		store->status.commits++;
		store->status.last_commit_ns = monotonic_ns();
		store->status.last_commit_s = took_s;
		if (took_s > store->status.worst_commit_s)
			store->status.worst_commit_s = took_s;
	}
	pthread_mutex_unlock(&store->lock);
	return error;
}

static unsigned older(const struct store *store)
{
	const struct generation *generation = store->generation;

	if (generation[0].standing != generation[1].standing)
		return generation[0].standing ? 1 : 0;
	return generation[0].committed.sequence <= generation[1].committed.sequence ? 0 : 1;
}

/* One generation fails while the other one works: told once, and once that it is over. */
static void tell_generation(struct store *store, unsigned i, int error, const char *message)
{
	if (error && error != store->generation_error[i] && !store->generation[i].in_the_way)
		log_error("store: %s; the other generation is used", message);
	if (!error && store->generation_error[i])
		log_notice("store: %s: written again", store->generation[i].path);
	store->generation_error[i] = error;
	snprintf(store->generation_message[i], sizeof(store->generation_message[i]), "%.255s", error ? message : "");
}

/* The older generation first, so that the newest state stands whole while it is written.  0 or -errno: no generation has it. */
static int commit_where_due(struct store *store, struct record *record, bool both, char *message, size_t size)
{
	unsigned first = older(store);
	int error[FILES_GENERATIONS] = { 0, 0 };
	char said[FILES_GENERATIONS][256] = { "", "" };
	bool done = false, tried[FILES_GENERATIONS] = { false, false };

	for (unsigned k = 0; k < FILES_GENERATIONS && (both || !done); k++) {
		unsigned i = k ? 1 - first : first;

		tried[i] = true;
		if (!generation_is_current(&store->generation[i], record))
			error[i] = commit_to(store, i, record, said[i], sizeof(said[i]));
		done |= !error[i];
	}
	if (done) {
		for (unsigned i = 0; i < FILES_GENERATIONS; i++)
			if (tried[i])
				tell_generation(store, i, error[i], said[i]);
		return 0;
	}
	snprintf(message, size, "%s", said[*said[1 - first] ? 1 - first : first]);
	return error[1 - first] ? error[1 - first] : error[first];
}

/*
 * Somebody has removed the lock, or another directory lies over ours, perhaps a disk that was mounted late.  What is there now
 * is looked at as at the start: nothing is known of it.
 */
static void let_go_of_lost_lock(struct store *store)
{
	if (store->lock_fd < 0 || files_lock_stands(store->directory, store->lock_fd))
		return;
	log_error("store: %s: its lock is not there any more: removed, or something was mounted over it; looked at anew",
		  store->directory);
	close(store->lock_fd);
	store->lock_fd = -1;
	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		generation_release(&store->generation[i]);
	store->adopted = false;
}

/*
 * A state with a member that is not legal would be damaged for whoever reads it: such a member keeps the value it had.  That is a
 * fault of the program; 0, or -EINVAL when there is no such value.
 */
static int make_legal(struct store *store, struct nv *nv, char *message, size_t size)
{
	char text[NV_TEXT_MAX], range[NV_TEXT_MAX];
	const struct nv_field *field;

	while (nv_check(nv, &field)) {
		nv_get_text(nv, field, text, sizeof(text));
		nv_get_range(field, range, sizeof(range));
		snprintf(message, size, "%.100s: %s: got %.60s, must be %.60s", store->directory, field->name, text, range);
		if (!store->has_legal)
			return -EINVAL;
		if (field != store->illegal)
			log_error("store: %s; the value before it is kept", message);
		store->illegal = field;
		memcpy((char *)nv + field->offset, (const char *)&store->legal + field->offset, field->size);
	}
	store->legal = *nv;
	store->has_legal = true;
	return 0;
}

int store_write(struct store *store, bool important, bool final, char *message, size_t size)
{
	struct record record = { .epoch = store->epoch };
	unsigned newest = 1 - older(store);
	int error = 0;

	store_renew_handover(store);
	/* Ahead of the state: what is asked for now is at least as new as this handover. */
	pthread_mutex_lock(&store->handover_lock);
	record.handover_sequence = store->handed.sequence;
	pthread_mutex_unlock(&store->handover_lock);
	if (!ask_nv(store, &record.nv))
		return -ECANCELED;
	snprintf(record.nv.boot_id, sizeof(record.nv.boot_id), "%s", store->boot_id);
	record.nv.stopped = final;
	error = make_legal(store, &record.nv, message, size);
	let_go_of_lost_lock(store);
	if (!error)
		error = store->adopted ? store_take_lock(store, message, size) : store_recover(store, true, message, size);
	if (error)
		return error;
	record.epoch = store->epoch;
	if (store->generation[newest].log_serial < record.nv.meter.log.serial)
		important = true;
	if (!important && generation_is_current(&store->generation[newest], &record))
		return 0;
	return commit_where_due(store, &record, important, message, size);
}
