#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "store/store_private.h"

#define SECOND INT64_C(1000000000)
#define BEAT SECOND		/* a long wait shows a sign of life so often */
#define BACKOFF_MOST (60 * SECOND)
#define UNUSABLE_AGAIN (5 * SECOND)
#define REQUESTS_APART SECOND	/* while commits fail */

static void store_free(struct store *store)
{
	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		generation_close(&store->generation[i], false);
	vfs_count_unregister(&store->vfs);
	handover_close(&store->handover);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_mutex_destroy(&store->handover_lock);
	pthread_mutex_destroy(&store->ops_lock);
	pthread_cond_destroy(&store->changed);
	pthread_mutex_destroy(&store->lock);
	free(store->entries);
	free(store);
}

static bool is_unusable(const struct store *store)
{
	return !store->adopted;
}

/* Files that were renamed are told of until something worse happens.  The lock is held. */
void store_note_set_aside(struct store *store)
{
	unsigned set_aside = store->generation[0].set_aside + store->generation[1].set_aside;

	for (int i = 0; i < 2 && set_aside > store->status.set_aside; i++)
		if (*store->generation[i].aside)
			snprintf(store->status.message, sizeof(store->status.message), "%s", store->generation[i].aside);
	store->status.set_aside = set_aside;
}

/* One of the two files cannot be written: what is kept is kept once.  0 or its error. */
static int one_generation_fails(const struct store *store, const char **message)
{
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		*message = store->generation_message[i];
		if (store->generation_error[i])
			return store->generation_error[i];
	}
	return 0;
}

static enum store_state state_of(const struct store *store, int error)
{
	if (error && is_unusable(store))
		return STORE_UNUSABLE;
	if (error)
		return STORE_FAILING;
	return store->status.set_aside ? STORE_REPAIRED : STORE_GOOD;
}

/* Tells the log of changes alone. */
static void note_result(struct store *store, int error, const char *message)
{
	if (error && error != store->failing) {
		log_error("store: %s; the meter goes on, state is kept in memory", message);
	} else if (!error && store->failing) {
		log_notice("store: %s: written again", store->directory);
	}
	store->failing = error;
	pthread_mutex_lock(&store->lock);
	store_note_set_aside(store);
	/* what a commit itself failed at is counted where it is made */
	if (error)
		store->status.failures += !store->adopted || store->lock_fd < 0;
	else
		error = one_generation_fails(store, &message);
	if (error) {
		store->status.last_error = error;
		snprintf(store->status.message, sizeof(store->status.message), "%s", message);
	}
	store->status.state = state_of(store, error);
	pthread_mutex_unlock(&store->lock);
}

int store_open(struct store **out, const char *directory, int interval_s)
{
	struct store *store = calloc(1, sizeof(*store));
	char message[256] = "";
	int error;

	if (!store)
		return -ENOMEM;
	store->lock_fd = store->handover.fd = -1;
	store->interval_s = interval_s;
	store->writing = -1;
	error = files_get_absolute(directory, store->directory);
	if (!error)
		error = vfs_count_register(&store->vfs);
	if (error)
		goto free_store;
	store->entries = calloc(DATALOG_ENTRIES, sizeof(*store->entries));
	error = store->entries ? monotonic_lock_init(&store->lock, &store->changed) : -ENOMEM;
	if (error)
		goto free_vfs;
	pthread_mutex_init(&store->handover_lock, NULL);
	pthread_mutex_init(&store->ops_lock, NULL);
	handover_get_boot_id(store->boot_id);
	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		generation_init(&store->generation[i], store->directory, i, &store->vfs);
	error = store_recover(store, false, message, sizeof(message));
	if (!store->epoch) {
		sqlite3_randomness(sizeof(store->epoch), &store->epoch);
		store->epoch &= INT64_MAX;
		store->handed.epoch = store->epoch;
	}
	note_result(store, error, message);
	store->status.heartbeat_ns = monotonic_ns();
	*out = store;
	return 0;
free_vfs:
	free(store->entries);
	vfs_count_unregister(&store->vfs);
free_store:
	free(store);
	return error;
}

bool store_get_nv(const struct store *store, struct nv *nv)
{
	if (store->found)
		*nv = store->found_nv;
	return store->found;
}

const char *store_boot_id(const struct store *store)
{
	return store->boot_id;
}

unsigned store_get_entries(const struct store *store, struct datalog_entry *entries)
{
	if (store->n_entries)
		memcpy(entries, store->entries, store->n_entries * sizeof(*entries));
	return store->n_entries;
}

/* Waits until a commit is due or asked for.  False: stop. */
static bool wait_for_work(struct store *store, int64_t due_ns, int64_t request_ns, bool *important)
{
	bool stop;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		int64_t now = monotonic_ns(), wake = now + BEAT;

		store->status.heartbeat_ns = now;
		heartbeat_beat();
		if (store->stop || now >= due_ns || (store->wanted && now >= request_ns))
			break;
		if (due_ns < wake)
			wake = due_ns;
		if (store->wanted && request_ns < wake)
			wake = request_ns;
		monotonic_wait_until(&store->changed, &store->lock, wake);
	}
	*important = store->wanted;
	store->wanted = false;
	stop = store->stop;
	pthread_mutex_unlock(&store->lock);
	return !stop;
}

/* How long until the next try after `failures` in a row. */
static int64_t delay_after(const struct store *store, unsigned failures)
{
	int64_t delay = store->interval_s * SECOND;

	if (!failures)
		return delay;
	if (!store->adopted && !store->refused)
		return UNUSABLE_AGAIN;
	while (--failures && delay < BACKOFF_MOST)
		delay *= 2;
	return delay < BACKOFF_MOST ? delay : BACKOFF_MOST;
}

static int try_commit(struct store *store, bool important, bool final)
{
	char message[256] = "";
	int64_t begun_ns = monotonic_ns(), ended_ns;
	int error;

	pthread_mutex_lock(&store->lock);
	store->begun_ns = begun_ns;
	pthread_mutex_unlock(&store->lock);
	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	error = store_write(store, important, final, message, sizeof(message));
	ended_ns = monotonic_ns();
	pthread_mutex_lock(&store->lock);
	store->begun_ns = 0;
	store->writing = -1;
	store->took_ns = ended_ns - begun_ns;
	if (!error)
		store->kept_ns = ended_ns;
	pthread_mutex_unlock(&store->lock);
	if (error != -ECANCELED)
		note_result(store, error, message);
	return error;
}

static void finish(struct store *store)
{
	bool kept = !try_commit(store, true, true), abandoned;

	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		generation_close(&store->generation[i], kept);
	pthread_mutex_lock(&store->lock);
	store->kept = kept;
	store->done = true;
	abandoned = store->abandoned;
	pthread_cond_broadcast(&store->changed);
	pthread_mutex_unlock(&store->lock);
	if (abandoned)
		store_free(store);
}

static void *run(void *context)
{
	struct store *store = context;
	int64_t due_ns = monotonic_ns(), request_ns = due_ns;
	unsigned failures = 0;
	bool important, pending = true;	/* the start itself goes to both */

	heartbeat_begin("store");
	while (wait_for_work(store, due_ns, request_ns, &important)) {
		pending |= important;
		if (try_commit(store, pending, false)) {
			failures++;
		} else {
			failures = 0;
			pending = false;
		}
		due_ns = monotonic_ns() + delay_after(store, failures);
		request_ns = failures ? monotonic_ns() + REQUESTS_APART : 0;
	}
	finish(store);
	heartbeat_end();
	return NULL;
}

int store_start(struct store *store, const struct store_ops *ops, void *context)
{
	sigset_t all, before;
	int error;

	store->ops = *ops;
	store->context = context;
	free(store->entries);
	store->entries = NULL;
	store->n_entries = 0;
	/* Signals are the main thread's: this one is born with all of them blocked. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&store->thread, NULL, run, store);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return error;
	pthread_setname_np(store->thread, "store");
	pthread_mutex_lock(&store->lock);
	store->started = true;
	pthread_mutex_unlock(&store->lock);
	return 0;
}

void store_set_interval(struct store *store, int interval_s)
{
	store->interval_s = interval_s;
	store_commit(store);
}

void store_commit(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->wanted = true;
	pthread_cond_broadcast(&store->changed);
	pthread_mutex_unlock(&store->lock);
}

void store_handover(struct store *store, const struct nv *nv, const struct datalog_entry *newest, unsigned n)
{
	struct store_status status;

	store_hand_over(store, nv, newest, n, false);
	store_watch(store, monotonic_ns(), &status);
}

void store_get_status(struct store *store, struct store_status *status)
{
	store_watch(store, monotonic_ns(), status);
	status->bytes_written = store->vfs.bytes;
}

/* What the last commit will say, also left in memory in case the disk does not take it. */
static void hand_over_the_end(struct store *store)
{
	struct datalog_entry newest[HANDOVER_ENTRIES];
	struct nv nv;
	uint64_t serial;
	unsigned n;

	store->ops.nv(store->context, &nv);
	serial = nv.meter.log.serial;
	n = store->ops.entries(store->context, serial > HANDOVER_ENTRIES ? serial - HANDOVER_ENTRIES + 1 : 1, HANDOVER_ENTRIES,
			       newest);
	while (n && newest[n - 1].serial > serial)
		n--;
	store_hand_over(store, &nv, newest, n, true);
}

/* True: the thread has ended, and the last state is in a file. */
static bool wait_for_end(struct store *store, double wait_s, bool *ended)
{
	int64_t deadline_ns = monotonic_ns() + (int64_t)(wait_s * (double)SECOND);
	bool kept;

	pthread_mutex_lock(&store->lock);
	store->stop = true;
	pthread_cond_broadcast(&store->changed);
	while (!store->done && monotonic_wait_until(&store->changed, &store->lock, deadline_ns) != -ETIMEDOUT)
		;
	*ended = store->done;
	kept = store->kept;
	pthread_mutex_unlock(&store->lock);
	return kept;
}

/* The thread frees the store when the disk lets it go; nobody is called any more. */
static bool abandon(struct store *store)
{
	bool late;

	pthread_mutex_lock(&store->ops_lock);
	pthread_mutex_lock(&store->lock);
	late = store->done;
	if (!late) {
		pthread_detach(store->thread);
		store->abandoned = true;
	}
	pthread_mutex_unlock(&store->lock);
	pthread_mutex_unlock(&store->ops_lock);
	return !late;
}

void store_stop(struct store *store, double wait_s)
{
	bool ended, kept;

	if (!store)
		return;
	if (store->started) {
		hand_over_the_end(store);
		kept = wait_for_end(store, wait_s, &ended);
		if (!ended && abandon(store)) {
			log_error("store: %s: the disk does not answer; the last commit is not made, the state is left in memory",
				  store->directory);
			return;
		}
		pthread_join(store->thread, NULL);
		if (kept && store->handover.fd >= 0)
			handover_remove(&store->handover.name);
	}
	store_free(store);
}
