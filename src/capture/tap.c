#include "capture/tap.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9

/* Memory for the samples of one block.  Counted: the ring itself, and who copies. */
struct buffer {
	double *scans[ADC_CHANNELS];
	unsigned users;
};

struct slot {
	struct tap_block block;
	struct tap_source source;
	struct tap_window window;
	bool measured;			/* a window ended in it */
	unsigned buffer;
};

struct tap {
	pthread_mutex_t lock;		/* all below */
	double seconds, delay_us[ADC_CHANNELS];
	unsigned block_scans;
	struct slot *slot;
	unsigned slots, first, filled;
	struct buffer *buffer;
	double *samples;
	unsigned *spare, spares;	/* buffers that nobody uses, the newest last: memory that the cache knows */
	unsigned readers;
	uint64_t next, lost_total, restarts;
};

/* Other threads hold the lock for less than a microsecond; should one be preempted then, it inherits the priority of who waits. */
static int init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);

	if (error)
		return -error;
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	error = pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return -error;
}

static void lay_out(struct tap *tap, unsigned buffers)
{
	for (unsigned i = 0; i < buffers; i++) {
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			tap->buffer[i].scans[c] = tap->samples + ((size_t)i * ADC_CHANNELS + c) * tap->block_scans;
		tap->spare[tap->spares++] = buffers - 1 - i;
	}
}

struct tap *tap_new(double seconds, double max_rate_hz, unsigned block_scans, const double delay_us[ADC_CHANNELS])
{
	struct tap *tap = calloc(1, sizeof(*tap));
	unsigned buffers;

	if (!tap)
		return NULL;
	tap->seconds = seconds;
	tap->block_scans = block_scans;
	memcpy(tap->delay_us, delay_us, sizeof(tap->delay_us));
	tap->slots = (unsigned)ceil(seconds * max_rate_hz / block_scans) + 2;
	/* each reader keeps one at most from the ring, and one goes out when one comes in */
	buffers = tap->slots + TAP_READERS + 1;
	tap->slot = calloc(tap->slots, sizeof(*tap->slot));
	tap->buffer = calloc(buffers, sizeof(*tap->buffer));
	tap->spare = calloc(buffers, sizeof(*tap->spare));
	tap->samples = calloc((size_t)buffers * ADC_CHANNELS, block_scans * sizeof(*tap->samples));
	if (!tap->slot || !tap->buffer || !tap->spare || !tap->samples || init_lock(&tap->lock)) {
		free(tap->samples);
		free(tap->spare);
		free(tap->buffer);
		free(tap->slot);
		free(tap);
		return NULL;
	}
	lay_out(tap, buffers);
	return tap;
}

void tap_free(struct tap *tap)
{
	if (!tap)
		return;
	pthread_mutex_destroy(&tap->lock);
	free(tap->samples);
	free(tap->spare);
	free(tap->buffer);
	free(tap->slot);
	free(tap);
}

static struct slot *slot_at(const struct tap *tap, unsigned i)
{
	return &tap->slot[(tap->first + i) % tap->slots];
}

/* The lock is held. */
static void release(struct tap *tap, unsigned buffer)
{
	if (!--tap->buffer[buffer].users)
		tap->spare[tap->spares++] = buffer;
}

static void drop_oldest(struct tap *tap)
{
	release(tap, slot_at(tap, 0)->buffer);
	tap->first = (tap->first + 1) % tap->slots;
	tap->filled--;
}

/* Time of scan k of a block. */
static int64_t scan_ns(const struct tap_block *block, unsigned k)
{
	return block->t_ns - llround((block->n - 1 - k) / block->rate_hz * NS_PER_S);
}

/* What is older than asked for goes, so that memory that is not needed is never touched. */
static void make_room(struct tap *tap, int64_t now_ns)
{
	int64_t limit_ns = now_ns - llround(tap->seconds * NS_PER_S);

	while (tap->filled && (tap->filled == tap->slots || slot_at(tap, 0)->block.t_ns < limit_ns))
		drop_oldest(tap);
}

static void fill_source(const struct tap *tap, struct tap_source *source, const struct adc_block *block)
{
	source->nominal_hz = block->nominal_hz;
	source->primary = block->primary;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		source->delay_us[c] = tap->delay_us[c] + block->delay_us[c];
	memcpy(source->step, block->step, sizeof(source->step));
	memcpy(source->zero, block->zero, sizeof(source->zero));
}

static void fill_account(struct tap *tap, struct tap_block *account, const struct adc_block *block)
{
	tap->lost_total += block->lost;
	tap->restarts += block->restarted;
	*account = (struct tap_block){
		.first = tap->next, .n = block->n, .t_ns = block->t_ns, .rate_hz = block->rate_hz, .lost = block->lost,
		.restarted = block->restarted, .clipped = block->clipped, .lost_total = tap->lost_total, .restarts = tap->restarts,
	};
	tap->next += block->n;
}

void tap_put(struct tap *tap, struct adc_block *block, const struct tap_window *window)
{
	struct buffer *buffer;
	struct slot *slot;

	if (!block->n)
		return;
	pthread_mutex_lock(&tap->lock);
	make_room(tap, block->t_ns);
	slot = slot_at(tap, tap->filled++);
	fill_account(tap, &slot->block, block);
	fill_source(tap, &slot->source, block);
	slot->measured = window;
	if (window) {
		slot->window = *window;
		slot->window.first = tap->next - window->first;
	}
	slot->buffer = tap->spare[--tap->spares];
	buffer = &tap->buffer[slot->buffer];
	buffer->users = 1;
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		double *ours = buffer->scans[c];

		buffer->scans[c] = block->scans[c];
		block->scans[c] = ours;
	}
	pthread_mutex_unlock(&tap->lock);
}

/* The lock is held. */
static void look(const struct tap *tap, struct tap_reading *reading)
{
	const struct tap_block *oldest = tap->filled ? &slot_at(tap, 0)->block : NULL;

	reading->next = tap->next;
	reading->oldest = oldest ? oldest->first : tap->next;
	reading->oldest_ns = oldest ? scan_ns(oldest, 0) : 0;
	reading->newest_ns = oldest ? slot_at(tap, tap->filled - 1)->block.t_ns : 0;
	reading->from = reading->next;
	reading->n = reading->blocks = reading->windows = 0;
}

void tap_look(struct tap *tap, struct tap_reading *reading)
{
	pthread_mutex_lock(&tap->lock);
	look(tap, reading);
	pthread_mutex_unlock(&tap->lock);
}

/* The slot that holds scan number `at`, which one does.  The lock is held. */
static struct slot *find_slot(const struct tap *tap, uint64_t at)
{
	unsigned low = 0, high = tap->filled - 1;

	while (low < high) {
		unsigned middle = (low + high + 1) / 2;

		if (slot_at(tap, middle)->block.first <= at)
			low = middle;
		else
			high = middle - 1;
	}
	return slot_at(tap, low);
}

uint64_t tap_find(struct tap *tap, int64_t t_ns)
{
	unsigned low = 0, high;
	uint64_t found;

	pthread_mutex_lock(&tap->lock);
	found = tap->next;
	for (high = tap->filled; low < high;) {
		unsigned middle = (low + high) / 2;

		if (slot_at(tap, middle)->block.t_ns < t_ns)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < tap->filled) {
		const struct tap_block *block = &slot_at(tap, low)->block;
		double before = ceil((double)(t_ns - scan_ns(block, 0)) / NS_PER_S * block->rate_hz);

		found = block->first + (before > 0 ? (uint64_t)fmin(before, block->n - 1) : 0);
	}
	pthread_mutex_unlock(&tap->lock);
	return found;
}

static bool same_source(const struct tap_source *a, const struct tap_source *b)
{
	return a->nominal_hz == b->nominal_hz && a->primary == b->primary && !memcmp(a->delay_us, b->delay_us, sizeof(a->delay_us)) &&
	       !memcmp(a->step, b->step, sizeof(a->step)) && !memcmp(a->zero, b->zero, sizeof(a->zero));
}

/*
 * Takes hold of the slot with scan number `at`; the first of a reading may have gone since, then the oldest.  False: there is none, or its source is another than what was read before. */
static bool hold(struct tap *tap, uint64_t at, struct tap_reading *reading, struct slot *held)
{
	const struct slot *slot;

	if (!reading->n && at < tap->next && at < slot_at(tap, 0)->block.first)
		at = reading->from = slot_at(tap, 0)->block.first;
	if (at >= tap->next || at < slot_at(tap, 0)->block.first)
		return false;
	slot = find_slot(tap, at);
	if (reading->n && !same_source(&slot->source, &reading->source))
		return false;
	*held = *slot;
	tap->buffer[slot->buffer].users++;
	return true;
}

/* The part of a block from scan number `at` on, as far as there is room. */
static void copy(const struct slot *slot, double *const scans[ADC_CHANNELS], uint64_t at, struct tap_reading *reading)
{
	unsigned skip = (unsigned)(at - slot->block.first), n = slot->block.n - skip;
	struct tap_block *part = &reading->block[reading->blocks++];
	uint64_t end;

	if (n > reading->room - reading->n)
		n = reading->room - reading->n;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		memcpy(reading->scans[c] + reading->n, scans[c] + skip, n * sizeof(double));
	reading->source = slot->source;
	*part = slot->block;
	part->first = at;
	part->n = n;
	part->t_ns = scan_ns(&slot->block, skip + n - 1);
	if (skip) {
		part->lost = 0;
		part->restarted = false;
	}
	reading->n += n;
	end = slot->window.first + slot->window.n;
	if (slot->measured && end > at && end <= at + n)
		reading->window[reading->windows++] = slot->window;
}

/* Block by block; each is copied without the lock. */
static void copy_all(struct tap *tap, struct tap_reading *reading)
{
	double *scans[ADC_CHANNELS];
	struct slot held;

	while (reading->n < reading->room && reading->blocks < TAP_BLOCKS_MAX) {
		bool found;

		pthread_mutex_lock(&tap->lock);
		found = hold(tap, reading->from + reading->n, reading, &held);
		if (found)
			memcpy(scans, tap->buffer[held.buffer].scans, sizeof(scans));
		pthread_mutex_unlock(&tap->lock);
		if (!found)
			return;
		copy(&held, scans, reading->from + reading->n, reading);
		pthread_mutex_lock(&tap->lock);
		release(tap, held.buffer);
		pthread_mutex_unlock(&tap->lock);
	}
}

int tap_read(struct tap *tap, uint64_t from, struct tap_reading *reading)
{
	bool busy;

	pthread_mutex_lock(&tap->lock);
	look(tap, reading);
	reading->from = from > reading->oldest ? from : reading->oldest;
	busy = tap->readers == TAP_READERS;
	tap->readers += !busy;
	pthread_mutex_unlock(&tap->lock);
	if (busy)
		return -EAGAIN;
	copy_all(tap, reading);
	pthread_mutex_lock(&tap->lock);
	tap->readers--;
	pthread_mutex_unlock(&tap->lock);
	return 0;
}
