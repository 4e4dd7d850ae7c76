#include "daemon/meter_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "metering/alerts.h"

#define SECOND INT64_C(1000000000)
/* How long the thread sleeps at most: staleness is seen, and life is shown, this often. */
#define TICK_NS INT64_C(50000000)
#define PATIENCE_NS (2 * SECOND)	/* of who waits for a request's result */
#define HANDOVER_ENTRIES 8

enum request_state { REQUEST_NONE, REQUEST_POSTED, REQUEST_DONE };

/* The bus is told by an eventfd, others wait on a condition: each has a request of its own under way. */
enum { SLOT_BUS, SLOT_LOCAL, SLOT_PANEL, SLOTS };

struct slot {
	struct meter_request request;
	enum request_state state;
	bool abandoned;		/* nobody waits for the result */
	int result;
};

struct meter_thread {
	pthread_t thread;
	struct block_queue *queue;
	struct outputs *outputs;
	struct store *store;
	struct tap *tap;
	struct meter *meter;
	void *memory;
	int done_fd, port_fd;
	struct nv own;		/* the thread's: what it publishes next */
	int64_t still_ns;	/* a thread that shows no life for so long stands still: what it has published is stale */

	pthread_mutex_t lock;	/* all below */
	pthread_cond_t answered;
	struct snapshot snapshot;
	struct register_image image, *next_image;	/* next_image: the thread's, encoded outside the lock */
	struct nv nv;
	struct datalog_entry *entry;	/* DATALOG_ENTRIES, each at its serial modulo that */
	uint64_t serial;		/* of the newest in `entry` */
	struct slot slot[SLOTS];
	int64_t heartbeat_ns;
	bool stop;
};

/* Entries that are new since the last time: copied once, so that nobody reads the meter's own. */
static unsigned publish_entries(struct meter_thread *thread)
{
	const struct datalog *log = meter_datalog(thread->meter);
	unsigned fresh = 0;

	while (fresh < DATALOG_ENTRIES && log->state.serial - fresh > thread->serial)
		fresh++;
	for (unsigned age = 0; age < fresh; age++) {
		uint64_t serial = log->state.serial - age;

		thread->entry[serial % DATALOG_ENTRIES] = log->entry[serial % DATALOG_ENTRIES];
	}
	thread->serial = log->state.serial;
	return fresh;
}

static void hand_over(struct meter_thread *thread)
{
	struct datalog_entry newest[HANDOVER_ENTRIES];
	unsigned n = 0;

	for (unsigned age = HANDOVER_ENTRIES; age-- > 0;) {
		const struct datalog_entry *entry = datalog_entry(meter_datalog(thread->meter), age);

		if (entry)
			newest[n++] = *entry;
	}
	store_handover(thread->store, &thread->own, newest, n);
}

/*
 * Returns whether the log has grown.  First what the store asks for, so that a commit that names a handover as included has a
 * state at least as new; then the handover; then what others are shown, so that a kill takes nothing back.
 */
static bool publish(struct meter_thread *thread)
{
	const struct snapshot *snapshot = meter_snapshot(thread->meter);
	unsigned fresh;

	registers_encode(snapshot, thread->next_image);
	meter_get_state(thread->meter, &thread->own.meter);
	pthread_mutex_lock(&thread->lock);
	thread->nv = thread->own;
	fresh = publish_entries(thread);
	pthread_mutex_unlock(&thread->lock);
	if (thread->store)
		hand_over(thread);
	pthread_mutex_lock(&thread->lock);
	thread->snapshot = *snapshot;
	thread->image = *thread->next_image;
	pthread_mutex_unlock(&thread->lock);
	return fresh > 0;
}

/* The contacts begin no closure any more until the next plan; what they have begun is accounted for. */
static void recall_pulses(struct meter_thread *thread)
{
	uint64_t made[PULSE_OUTPUTS];

	if (!thread->outputs)
		return;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		made[i] = outputs_recall(thread->outputs, (enum pulse_output)i);
	meter_pulses_made(thread->meter, made);
	memcpy(thread->own.run_made, made, sizeof(made));
}

static void plan_pulses(struct meter_thread *thread)
{
	struct pulse_plan plan[PULSE_OUTPUTS];

	if (!thread->outputs)
		return;
	meter_pulses_plan(thread->meter, plan);
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		outputs_plan(thread->outputs, (enum pulse_output)i, &plan[i]);
}

/* Fail-safe: said anew all the time, so that the contact falls to alarm by itself when this thread stands still. */
static void tell_health(struct meter_thread *thread)
{
	const struct snapshot *snapshot = meter_snapshot(thread->meter);

	if (thread->outputs)
		outputs_set_healthy(thread->outputs, snapshot->live && !(snapshot->alerts & ALERTS_PHASE_LOSS),
				    monotonic_ns() + thread->still_ns);
}

static bool same_port(const struct settings *a, const struct settings *b)
{
	return a->address == b->address && a->baud == b->baud && a->parity == b->parity;
}

/* Nobody has changed what the file was held against. */
static bool still_holds(const struct meter_thread *thread, const struct meter_file *file)
{
	return !memcmp(&file->old_settings, &meter_snapshot(thread->meter)->settings, sizeof(file->old_settings)) &&
	       !strcmp(file->old_setup_password, thread->own.setup_password) &&
	       !strcmp(file->old_reset_password, thread->own.reset_password);
}

/* What a request would do, as a Modbus exception code or -EAGAIN. */
static int check(struct meter_thread *thread, const struct meter_request *request, struct meter_change *change)
{
	const struct snapshot *snapshot = meter_snapshot(thread->meter);

	if (request->kind == METER_WRITE_REGISTERS)
		return registers_check_write(request->first, request->count, request->values, snapshot, change);
	registers_no_change(snapshot, change);
	if (request->kind == METER_TAKE_FILE) {
		if (!still_holds(thread, &request->file))
			return -EAGAIN;
		change->settings = request->file.settings;
	}
	if (request->kind == METER_SET && setting_set(&change->settings, request->setting, request->value))
		return REGISTERS_ILLEGAL_VALUE;
	return REGISTERS_OK;
}

static void take_file(struct nv *nv, const struct meter_file *file)
{
	nv->file_settings = file->file_settings;
	memcpy(nv->setup_password, file->setup_password, NV_HASH_MAX);
	memcpy(nv->reset_password, file->reset_password, NV_HASH_MAX);
	memcpy(nv->file_setup_password, file->file_setup_password, NV_HASH_MAX);
	memcpy(nv->file_reset_password, file->file_reset_password, NV_HASH_MAX);
}

static void apply(struct meter_thread *thread, const struct meter_request *request, const struct meter_change *change)
{
	bool port = !same_port(&meter_snapshot(thread->meter)->settings, &change->settings);
	struct nv before = thread->own;

	if (request->kind == METER_SET_PASSWORD)
		memcpy(request->setup ? thread->own.setup_password : thread->own.reset_password, request->hash, NV_HASH_MAX);
	if (request->kind == METER_TAKE_FILE)
		take_file(&thread->own, &request->file);
	recall_pulses(thread);
	meter_change(thread->meter, change);
	plan_pulses(thread);
	publish(thread);
	/* A master that writes what is there already, again and again, wears no flash. */
	if (thread->store && memcmp(&before, &thread->own, sizeof(before)))
		store_commit(thread->store);
	if (port)
		kick_give(thread->port_fd);
}

/* The image shows what was written, and a kill does not undo it, before anyone hears that it was. */
static void carry_out(struct meter_thread *thread, unsigned which, const struct meter_request *request)
{
	struct slot *slot = &thread->slot[which];
	struct meter_change change;
	int result;

	meter_set_utc(thread->meter, monotonic_to_utc_ns());
	meter_show_clock(thread->meter, monotonic_ns());
	result = check(thread, request, &change);

	if (result == REGISTERS_OK)
		apply(thread, request, &change);
	pthread_mutex_lock(&thread->lock);
	slot->result = result;
	slot->state = slot->abandoned ? REQUEST_NONE : REQUEST_DONE;
	slot->abandoned = false;
	pthread_cond_broadcast(&thread->answered);
	pthread_mutex_unlock(&thread->lock);
	if (which == SLOT_BUS)
		kick_give(thread->done_fd);
}

/* Shows life; returns whether to go on, and the slot of a request that waits, or SLOTS. */
static bool look_around(struct meter_thread *thread, unsigned *which, struct meter_request *request)
{
	bool stop;

	heartbeat_beat();
	pthread_mutex_lock(&thread->lock);
	thread->heartbeat_ns = monotonic_ns();
	stop = thread->stop;
	for (*which = 0; *which < SLOTS && thread->slot[*which].state != REQUEST_POSTED; ++*which)
		;
	if (*which < SLOTS)
		*request = thread->slot[*which].request;
	pthread_mutex_unlock(&thread->lock);
	return !stop;
}

static void log_liveness(bool *live, const struct snapshot *snapshot)
{
	if (snapshot->live == *live)
		return;
	*live = snapshot->live;
	if (*live)
		log_notice("measuring, %.6g samples a second", snapshot->rate_hz);
	else
		log_warning("no valid measurement: readings are shown as not valid until samples return");
}

/* The samples are others' to look at from now on. */
static void share_samples(struct meter_thread *thread, struct adc_block *block, bool ended)
{
	struct tap_window window = { .cycle = meter_snapshot(thread->meter)->cycle, .rate_hz = block->rate_hz };
	unsigned since;

	if (!thread->tap)
		return;
	ended = ended && meter_window(thread->meter, &window.n, &since);
	if (ended)
		window.first = window.n + since;
	tap_put(thread->tap, block, ended ? &window : NULL);
}

/* One block, or the time that passes without one. */
static void measure(struct meter_thread *thread)
{
	struct adc_block *block = block_queue_wait(thread->queue, monotonic_ns() + TICK_NS);
	bool changed = false;

	meter_set_utc(thread->meter, monotonic_to_utc_ns());
	if (block) {
		changed = meter_feed(thread->meter, block);
		share_samples(thread, block, changed);
		block_queue_release(thread->queue);
	}
	changed |= meter_tick(thread->meter, monotonic_ns());
	if (meter_pulses_due(thread->meter)) {
		recall_pulses(thread);
		plan_pulses(thread);
	}
	if (changed && publish(thread) && thread->store)
		store_commit(thread->store);
	tell_health(thread);
}

static void *run(void *context)
{
	struct meter_thread *thread = context;
	struct meter_request request;
	unsigned which;
	bool live = false;

	heartbeat_begin("meter");
	while (look_around(thread, &which, &request)) {
		if (which < SLOTS)
			carry_out(thread, which, &request);
		else
			measure(thread);
		log_liveness(&live, meter_snapshot(thread->meter));
	}
	recall_pulses(thread);
	publish(thread);
	heartbeat_end();
	return NULL;
}

void meter_thread_free(struct meter_thread *thread)
{
	if (!thread)
		return;
	pthread_cond_destroy(&thread->answered);
	pthread_mutex_destroy(&thread->lock);
	if (thread->done_fd >= 0)
		close(thread->done_fd);
	if (thread->port_fd >= 0)
		close(thread->port_fd);
	free(thread->entry);
	free(thread->next_image);
	free(thread->memory);
	free(thread);
}

static void build_meter(struct meter_thread *thread, const struct meter_thread_config *config)
{
	thread->meter = meter_init(thread->memory, config->meter);
	meter_set_utc(thread->meter, monotonic_to_utc_ns());
	meter_tick(thread->meter, monotonic_ns());
	for (unsigned i = 0; i < config->entries_n; i++) {
		meter_restore_entry(thread->meter, &config->entries[i]);
		thread->entry[config->entries[i].serial % DATALOG_ENTRIES] = config->entries[i];
	}
	thread->serial = meter_datalog(thread->meter)->state.serial;
}

int meter_thread_start(struct meter_thread **out, const struct meter_thread_config *config)
{
	struct meter_thread *thread = calloc(1, sizeof(*thread));
	int ret;

	if (!thread)
		return -ENOMEM;
	ret = monotonic_lock_init(&thread->lock, &thread->answered);
	if (ret) {
		free(thread);
		return ret;
	}
	thread->queue = config->queue;
	thread->outputs = config->outputs;
	thread->store = config->store;
	thread->tap = config->tap;
	thread->own = *config->nv;
	thread->still_ns = (int64_t)(config->meter->rules.stale_s * 1e9);
	thread->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread->port_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread->memory = malloc(meter_bytes(config->meter));
	thread->next_image = malloc(sizeof(*thread->next_image));
	thread->entry = calloc(DATALOG_ENTRIES, sizeof(*thread->entry));
	ret = thread->done_fd < 0 || thread->port_fd < 0 ? -EMFILE : -ENOMEM;
	if (ret == -EMFILE || !thread->memory || !thread->next_image || !thread->entry)
		goto fail;
	build_meter(thread, config);
	thread->heartbeat_ns = monotonic_ns();
	publish(thread);
	ret = -pthread_create(&thread->thread, NULL, run, thread);
	if (ret)
		goto fail;
	pthread_setname_np(thread->thread, "meter");
	*out = thread;
	return 0;
fail:
	meter_thread_free(thread);
	return ret;
}

/* Does the thread stand still, so that nobody else sees the data go stale?  The lock is held. */
static bool stands_still(const struct meter_thread *thread)
{
	return monotonic_ns() - thread->heartbeat_ns > thread->still_ns;
}

void meter_thread_get_snapshot(struct meter_thread *thread, struct snapshot *snapshot)
{
	bool still;

	pthread_mutex_lock(&thread->lock);
	*snapshot = thread->snapshot;
	still = stands_still(thread);
	pthread_mutex_unlock(&thread->lock);
	if (!still || !snapshot->live)
		return;
	snapshot->live = false;
	readings_clear(&snapshot->readings);
	snapshot->alerts = alerts_stale(snapshot->alerts, &snapshot->derived);
}

void meter_thread_get_image(struct meter_thread *thread, struct register_image *image)
{
	struct snapshot snapshot;
	bool still;

	pthread_mutex_lock(&thread->lock);
	*image = thread->image;
	still = stands_still(thread);
	pthread_mutex_unlock(&thread->lock);
	if (!still)
		return;
	meter_thread_get_snapshot(thread, &snapshot);
	registers_encode(&snapshot, image);
}

void meter_thread_get_nv(struct meter_thread *thread, struct nv *nv)
{
	pthread_mutex_lock(&thread->lock);
	*nv = thread->nv;
	pthread_mutex_unlock(&thread->lock);
}

unsigned meter_thread_get_entries(struct meter_thread *thread, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	unsigned n = 0;
	uint64_t oldest;

	pthread_mutex_lock(&thread->lock);
	oldest = thread->nv.meter.log.first_serial;
	if (thread->serial >= DATALOG_ENTRIES && oldest < thread->serial - DATALOG_ENTRIES + 1)
		oldest = thread->serial - DATALOG_ENTRIES + 1;
	for (uint64_t serial = from > oldest ? from : oldest; serial <= thread->serial && n < max; serial++) {
		const struct datalog_entry *entry = &thread->entry[serial % DATALOG_ENTRIES];

		if (entry->serial == serial)
			entries[n++] = *entry;
	}
	pthread_mutex_unlock(&thread->lock);
	return n;
}

static int post(struct meter_thread *thread, unsigned which, const struct meter_request *request)
{
	struct slot *slot = &thread->slot[which];

	if (slot->state != REQUEST_NONE)
		return -EBUSY;
	slot->request = *request;
	slot->state = REQUEST_POSTED;
	return 0;
}

int meter_thread_post(struct meter_thread *thread, const struct meter_request *request)
{
	int ret;

	pthread_mutex_lock(&thread->lock);
	ret = post(thread, SLOT_BUS, request);
	pthread_mutex_unlock(&thread->lock);
	if (!ret)
		block_queue_kick(thread->queue);
	return ret;
}

int meter_thread_done_fd(const struct meter_thread *thread)
{
	return thread->done_fd;
}

int meter_thread_take_result(struct meter_thread *thread)
{
	struct slot *slot = &thread->slot[SLOT_BUS];
	int ret = -EAGAIN;

	kick_take(thread->done_fd);
	pthread_mutex_lock(&thread->lock);
	if (slot->state == REQUEST_DONE) {
		slot->state = REQUEST_NONE;
		ret = slot->result;
	}
	pthread_mutex_unlock(&thread->lock);
	return ret;
}

int meter_thread_request(struct meter_thread *thread, const struct meter_request *request)
{
	unsigned which = request->panel ? SLOT_PANEL : SLOT_LOCAL;
	struct slot *slot = &thread->slot[which];
	int64_t deadline_ns = monotonic_ns() + PATIENCE_NS;
	int ret;

	pthread_mutex_lock(&thread->lock);
	ret = post(thread, which, request);
	if (ret)
		goto out;
	block_queue_kick(thread->queue);
	while (slot->state == REQUEST_POSTED && !ret)
		ret = monotonic_wait_until(&thread->answered, &thread->lock, deadline_ns);
	if (slot->state == REQUEST_DONE) {
		slot->state = REQUEST_NONE;
		ret = slot->result;
	} else {
		slot->abandoned = true;
	}
out:
	pthread_mutex_unlock(&thread->lock);
	return ret;
}

int meter_thread_port_fd(const struct meter_thread *thread)
{
	return thread->port_fd;
}

void meter_thread_clear_port_fd(struct meter_thread *thread)
{
	kick_take(thread->port_fd);
}

int64_t meter_thread_heartbeat_ns(struct meter_thread *thread)
{
	int64_t heartbeat_ns;

	pthread_mutex_lock(&thread->lock);
	heartbeat_ns = thread->heartbeat_ns;
	pthread_mutex_unlock(&thread->lock);
	return heartbeat_ns;
}

void meter_thread_stop(struct meter_thread *thread)
{
	if (!thread)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->stop = true;
	pthread_mutex_unlock(&thread->lock);
	block_queue_kick(thread->queue);
	pthread_join(thread->thread, NULL);
}
