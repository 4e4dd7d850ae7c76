#include "adc/acquire.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/heartbeat.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"

#define SECOND INT64_C(1000000000)
#define LASTED (5 * SECOND)	/* an open that delivered for so long starts the back-off anew */
#define LATE_MOST (2 * SECOND)	/* a paced source further behind than this does not catch up: a gap is declared */
#define CALL_NS (15 * SECOND)	/* a converter may hold up so long who opens or reads it */
#define BEAT SECOND		/* a long wait shows a sign of life so often */

struct acquire {
	struct adc *adc;
	struct block_queue *queue;
	pthread_t thread;
	pthread_mutex_t lock;		/* guards stop and status */
	pthread_cond_t stopped;
	bool stop;
	struct acquire_status status;

	/* The thread's own. */
	struct adc_info info;
	struct adc_block spare;		/* where the ADC is read to while the queue is full */
	double *spare_samples;
	bool restarted;			/* the next block follows an open or a gap of unknown length */
	uint64_t dropped;		/* scans thrown away since the last committed block */
	bool behind;			/* the queue is full */
	bool punctual;			/* the thread has asked for it */
	int64_t due_ns;			/* a paced source's clock: when the scans read so far were taken */
	double due_part;		/* ... and its fraction of a nanosecond */
	struct log_limit state_limit, loss_limit;
};

/* Waits until `until_ns` or acquire_stop, with signs of life.  True: stop. */
static bool wait_until(struct acquire *acquire, int64_t until_ns)
{
	bool stop;

	pthread_mutex_lock(&acquire->lock);
	for (;;) {
		int64_t now = monotonic_ns(), wake = until_ns < now + BEAT ? until_ns : now + BEAT;

		acquire->status.heartbeat_ns = now;
		heartbeat_beat();
		if (acquire->stop || now >= until_ns)
			break;
		monotonic_wait_until(&acquire->stopped, &acquire->lock, wake);
	}
	stop = acquire->stop;
	pthread_mutex_unlock(&acquire->lock);
	return stop;
}

static bool stopping(struct acquire *acquire)
{
	return wait_until(acquire, 0);
}

static void count_error(struct acquire *acquire, int error)
{
	pthread_mutex_lock(&acquire->lock);
	acquire->status.open = false;
	acquire->status.errors++;
	acquire->status.last_error = error;
	pthread_mutex_unlock(&acquire->lock);
}

static void count_loss(struct acquire *acquire, uint64_t lost, bool gap)
{
	pthread_mutex_lock(&acquire->lock);
	acquire->status.lost += lost;
	acquire->status.gaps += gap;
	pthread_mutex_unlock(&acquire->lock);
}

/* Opens the source.  0 or -errno. */
static int open_source(struct acquire *acquire)
{
	struct adc *adc = acquire->adc;
	int error;

	heartbeat_may_take(CALL_NS);
	error = adc->ops->open(adc, &acquire->info);
	heartbeat_beat();
	if (error)
		return error;
	if (acquire->info.block_scans > block_queue_scans(acquire->queue)) {
		log_error("ADC %s: delivers %u scans a block, at most %u can be taken", adc->name,
			  acquire->info.block_scans, block_queue_scans(acquire->queue));
		adc->ops->close(adc);
		return -EOVERFLOW;
	}
	/* a converter does not wait; what is made or read from a file must not take the processor from who measures it */
	if (acquire->info.paced && !acquire->punctual)
		thread_be_punctual();
	acquire->punctual |= acquire->info.paced;
	acquire->restarted = true;
	acquire->due_ns = monotonic_ns();
	acquire->due_part = 0;
	pthread_mutex_lock(&acquire->lock);
	acquire->status.open = true;
	acquire->status.opens++;
	acquire->status.nominal_hz = acquire->status.rate_hz = acquire->info.rate_hz;
	pthread_mutex_unlock(&acquire->lock);
	log_limited(&acquire->state_limit, LOG_NOTICE, "ADC %s: open, %.7g Hz", adc->name, acquire->info.rate_hz);
	return 0;
}

/* Moves a paced source's clock on by `scans`. */
static void advance(struct acquire *acquire, uint64_t scans, double rate_hz)
{
	double span = (double)scans * 1e9 / rate_hz + acquire->due_part;

	acquire->due_ns += (int64_t)floor(span);
	acquire->due_part = span - floor(span);
}

/*
 * Holds an unpaced block back until its last scan would have been taken.  A
 * short delay (a busy machine) is caught up without loss.  Who was stopped for
 * longer (a debugger, a frozen virtual machine) does not get all the missed time in one burst:
 * the time that passed is declared lost.  True: stop.
 */
static bool pace(struct acquire *acquire, struct adc_block *block)
{
	double rate_hz = block->rate_hz > 0 ? block->rate_hz : acquire->info.rate_hz;
	int64_t late_ns;

	advance(acquire, block->n + block->lost, rate_hz);
	late_ns = monotonic_ns() - acquire->due_ns;
	if (late_ns > LATE_MOST) {
		uint64_t lost = (uint64_t)llround((double)late_ns * rate_hz / 1e9);

		advance(acquire, lost, rate_hz);
		block->lost += lost;
	}
	block->t_ns = acquire->due_ns;
	return wait_until(acquire, acquire->due_ns);
}

static void note_loss(struct acquire *acquire, const struct adc_block *block)
{
	if (!block->lost)
		return;
	count_loss(acquire, block->lost, true);
	log_limited(&acquire->loss_limit, LOG_WARNING, "ADC %s: %llu scans lost", acquire->adc->name,
		    (unsigned long long)block->lost);
}

static void drop(struct acquire *acquire, const struct adc_block *block)
{
	if (!acquire->behind)
		log_limited(&acquire->loss_limit, LOG_WARNING, "ADC %s: the measurement does not keep up, scans are lost",
			    acquire->adc->name);
	count_loss(acquire, block->n, !acquire->behind);
	acquire->behind = true;
	acquire->dropped += block->n + block->lost;
	acquire->restarted |= block->restarted;
}

static void copy_block(struct adc_block *to, const struct adc_block *from)
{
	double *scans[ADC_CHANNELS];

	memcpy(scans, to->scans, sizeof(scans));
	*to = *from;
	memcpy(to->scans, scans, sizeof(scans));
	for (int c = 0; c < ADC_CHANNELS; c++)
		memcpy(to->scans[c], from->scans[c], from->n * sizeof(*from->scans[c]));
}

/* Hands the block over; what was dropped before it is lost in front of it. */
static void deliver(struct acquire *acquire, struct adc_block *block)
{
	if (block == &acquire->spare) {
		struct adc_block *slot = block_queue_reserve(acquire->queue);

		if (!slot) {
			drop(acquire, block);
			return;
		}
		copy_block(slot, block);
		block = slot;
	}
	if (acquire->behind)
		log_limited(&acquire->loss_limit, LOG_NOTICE, "ADC %s: the measurement keeps up again, %llu scans were lost",
			    acquire->adc->name, (unsigned long long)acquire->dropped);
	block->lost += acquire->dropped;
	acquire->dropped = 0;
	acquire->behind = false;
	block_queue_commit(acquire->queue);
}

static struct adc_block *clear_spare(struct acquire *acquire)
{
	struct adc_block *spare = &acquire->spare;

	memset(spare, 0, sizeof(*spare));
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		spare->scans[c] = acquire->spare_samples + (size_t)c * block_queue_scans(acquire->queue);
	return spare;
}

/* Reads one block and hands it over.  0, or what ends the reading. */
static int read_block(struct acquire *acquire)
{
	struct adc *adc = acquire->adc;
	struct adc_block *block = block_queue_reserve(acquire->queue);
	int n;

	if (!block)
		block = clear_spare(acquire);
	if (acquire->info.paced)
		heartbeat_may_take(CALL_NS);
	n = adc->ops->read(adc, block);
	if (n < 0)
		return n;
	if (!n)		/* alive, but nothing to give: never in a tight loop */
		return wait_until(acquire, monotonic_ns() + SECOND / 1000) ? -ECANCELED : 0;
	block->restarted |= acquire->restarted;
	acquire->restarted = false;
	if (!acquire->info.paced && pace(acquire, block))
		return -ECANCELED;
	note_loss(acquire, block);
	pthread_mutex_lock(&acquire->lock);
	acquire->status.heartbeat_ns = monotonic_ns();
	acquire->status.nominal_hz = block->nominal_hz;
	acquire->status.rate_hz = block->rate_hz;
	pthread_mutex_unlock(&acquire->lock);
	deliver(acquire, block);
	return 0;
}

/* Reads until something ends it: -ECANCELED, -ENODATA, or the error. */
static int read_all(struct acquire *acquire)
{
	int error;

	do
		error = stopping(acquire) ? -ECANCELED : read_block(acquire);
	while (!error);
	return error;
}

/* A recording is over; the thread lives on, idle, until it is stopped. */
static void end(struct acquire *acquire)
{
	log_notice("ADC %s: end of the recording", acquire->adc->name);
	pthread_mutex_lock(&acquire->lock);
	acquire->status.open = false;
	acquire->status.ended = true;
	pthread_mutex_unlock(&acquire->lock);
	while (!wait_until(acquire, monotonic_ns() + BEAT))
		;
}

static void *acquire_run(void *argument)
{
	struct acquire *acquire = argument;
	struct adc *adc = acquire->adc;
	int64_t backoff_ns = 0, opened_ns;
	int error;

	log_fold_repeats();
	heartbeat_begin("acquire");
	while (!stopping(acquire)) {
		opened_ns = monotonic_ns();
		error = open_source(acquire);
		if (!error) {
			error = read_all(acquire);
			adc->ops->close(adc);
			if (error == -ENODATA) {
				end(acquire);
				break;
			}
			if (error != -ECANCELED)
				log_limited(&acquire->state_limit, LOG_WARNING, "ADC %s: lost (%s), reopening", adc->name,
					    strerror(-error));
			if (monotonic_ns() - opened_ns >= LASTED)
				backoff_ns = 0;
		}
		if (stopping(acquire))
			break;
		count_error(acquire, error);
		backoff_ns = backoff_next_ns(backoff_ns);
		if (wait_until(acquire, monotonic_ns() + backoff_ns))
			break;
	}
	pthread_mutex_lock(&acquire->lock);
	acquire->status.open = false;
	pthread_mutex_unlock(&acquire->lock);
	heartbeat_end();
	return NULL;
}

/* Signals are the main thread's: this one is born with all of them blocked. */
static int start_thread(struct acquire *acquire)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&acquire->thread, NULL, acquire_run, acquire);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_setname_np(acquire->thread, "acquire");
	return error;
}

int acquire_start(struct acquire **out, struct adc *adc, struct block_queue *queue)
{
	struct acquire *acquire = calloc(1, sizeof(*acquire));
	int error;

	if (!acquire)
		return -ENOMEM;
	acquire->adc = adc;
	acquire->queue = queue;
	acquire->state_limit = (struct log_limit){ .burst = 10, .interval_s = 300 };
	acquire->loss_limit = (struct log_limit){ .burst = 5, .interval_s = 60 };
	acquire->status.heartbeat_ns = monotonic_ns();
	acquire->spare_samples = calloc(ADC_CHANNELS, block_queue_scans(queue) * sizeof(double));
	error = acquire->spare_samples ? 0 : -ENOMEM;
	if (error)
		goto free_acquire;
	error = monotonic_lock_init(&acquire->lock, &acquire->stopped);
	if (error)
		goto free_spare;
	error = start_thread(acquire);
	if (error)
		goto free_sync;
	*out = acquire;
	return 0;
free_sync:
	pthread_cond_destroy(&acquire->stopped);
	pthread_mutex_destroy(&acquire->lock);
free_spare:
	free(acquire->spare_samples);
free_acquire:
	free(acquire);
	return error;
}

void acquire_get_status(struct acquire *acquire, struct acquire_status *status)
{
	pthread_mutex_lock(&acquire->lock);
	*status = acquire->status;
	pthread_mutex_unlock(&acquire->lock);
}

void acquire_stop(struct acquire *acquire)
{
	if (!acquire)
		return;
	pthread_mutex_lock(&acquire->lock);
	acquire->stop = true;
	pthread_cond_broadcast(&acquire->stopped);
	pthread_mutex_unlock(&acquire->lock);
	acquire->adc->ops->cancel(acquire->adc);
	pthread_join(acquire->thread, NULL);
	pthread_cond_destroy(&acquire->stopped);
	pthread_mutex_destroy(&acquire->lock);
	free(acquire->spare_samples);
	free(acquire);
}
