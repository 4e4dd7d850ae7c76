/*
 * The IIO source: blocks without a gap inside, out of what the capture thread refills.
 *
 * Scans wait in a queue until gaps.h says that nothing is missing between them; mostly that is at once.  Nothing here calls libiio:
 * every wait has a deadline, and cancel ends it.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc.h"
#include "adc/adc_iio_queue.h"
#include "adc/adc_iio_thread.h"
#include "adc/gaps.h"
#include "adc/rate_check.h"
#include "adc/rate_clock.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"

static const int64_t open_timeout_ns = INT64_C(8000000000);
static const int64_t stop_timeout_ns = 500000000;
enum { EMPTY_REFILLS = 3 };	/* in a row: then the device is opened anew */

struct adc_iio {
	struct adc adc;
	struct adc_config config;
	pthread_mutex_t lock;		/* of the next two */
	struct capture_thread *thread;
	bool cancelled;
	struct capture_thread *stuck;	/* one that was given up */
	struct capture_facts facts;
	struct scan_queue queue;
	struct gaps gaps;
	struct arrivals arrivals;
	struct rate_clock rate;
	struct rate_check check;
	bool checked;			/* facts.rate_hz is true: until then nothing is delivered */
	uint64_t lost_unchecked;	/* scans found missing before that, to be told with the first block */
	double told_hz;			/* a rate other than the stated one, as logged */
	struct gap ahead;		/* in front of the queue's first scan, when stamps do not tell */
	unsigned run;			/* scans of the queue that are known to be continuous */
	int64_t first_arrival_ns;	/* the least late arrival known, and the scans since it: bounds what can be lost */
	double counted;
	uint64_t uncounted;		/* scans delivered since the last arrival given to the rate clock */
	int64_t newest_arrival_ns, delivered_ns;
	unsigned empty_refills;
	char last_error[512];		/* as logged; "" = none since the last block */
	char last_notice[512];
};

static struct adc_iio *adc_iio_of(struct adc *adc)
{
	return (struct adc_iio *)adc;
}

/* ---- open and close ---- */

/* The same failure at each new attempt is no news. */
static int log_failure(struct adc_iio *iio, int error, const char *text)
{
	if (error != -ECANCELED && strcmp(text, iio->last_error)) {
		log_error("adc: %s", text);
		snprintf(iio->last_error, sizeof(iio->last_error), "%s", text);
	}
	return error;
}

static void log_open(struct adc_iio *iio, int error)
{
	const char *text = iio->facts.text;

	if (error < 0) {
		log_failure(iio, error, text);
		return;
	}
	if (text[0] && strcmp(text, iio->last_notice))
		log_notice("adc: %s", text);
	snprintf(iio->last_notice, sizeof(iio->last_notice), "%s", text);
}

/* Hands over the thread to who stops it: cancel must not meet it any more. */
static struct capture_thread *take_thread(struct adc_iio *iio)
{
	struct capture_thread *thread;

	pthread_mutex_lock(&iio->lock);
	thread = iio->thread;
	iio->thread = NULL;
	pthread_mutex_unlock(&iio->lock);
	return thread;
}

static void stop_thread(struct adc_iio *iio)
{
	struct capture_thread *thread = take_thread(iio);

	if (thread && !capture_thread_stop(thread, stop_timeout_ns)) {
		log_warning("adc: the ADC does not answer; what is open is left to itself until it does");
		iio->stuck = thread;
	}
}

static int start_thread(struct adc_iio *iio)
{
	struct capture_thread *thread;
	bool cancelled;
	int error = capture_thread_start(&thread, &iio->config);

	if (error < 0)
		return error;
	pthread_mutex_lock(&iio->lock);
	iio->thread = thread;
	cancelled = iio->cancelled;
	pthread_mutex_unlock(&iio->lock);
	if (cancelled)
		capture_thread_interrupt(thread);
	return 0;
}

static int open_capture(struct adc_iio *iio)
{
	int error;

	memset(&iio->facts, 0, sizeof(iio->facts));
	if (iio->stuck) {
		if (!capture_thread_is_gone(iio->stuck)) {
			snprintf(iio->facts.text, sizeof(iio->facts.text), "an earlier opening still hangs");
			return -EBUSY;
		}
		iio->stuck = NULL;
	}
	error = start_thread(iio);
	if (error < 0) {
		snprintf(iio->facts.text, sizeof(iio->facts.text), "no thread for the ADC: %s", strerror(-error));
		return error;
	}
	return capture_thread_wait_open(iio->thread, open_timeout_ns, &iio->facts);
}

static void begin(struct adc_iio *iio)
{
	double rate_hz = iio->facts.rate_hz;

	if (iio->rate.nominal_hz != rate_hz)
		rate_clock_init(&iio->rate, rate_hz);
	rate_clock_break(&iio->rate);
	gaps_init(&iio->gaps, rate_hz);
	arrivals_init(&iio->arrivals);
	iio->ahead = (struct gap){ .restarted = true };
	iio->run = 0;
	/* The device began to convert when its buffer was made, just now. */
	iio->first_arrival_ns = monotonic_ns();
	iio->counted = 0;
	iio->uncounted = 0;
	iio->lost_unchecked = 0;
	iio->delivered_ns = INT64_MIN;
	iio->empty_refills = 0;
}

static int iio_open(struct adc *adc, struct adc_info *info)
{
	struct adc_iio *iio = adc_iio_of(adc);
	int error = open_capture(iio);

	if (error == 0) {
		begin(iio);
		error = scan_queue_allocate(&iio->queue, gaps_most_waiting(&iio->gaps) + 2 * iio->config.block_scans);
		if (error < 0)
			snprintf(iio->facts.text, sizeof(iio->facts.text), "no memory for the scans of a second");
		rate_check_init(&iio->check, iio->facts.rate_hz);
		iio->checked = false;
	}
	log_open(iio, error);
	if (error < 0) {
		stop_thread(iio);
		return error;
	}
	info->rate_hz = iio->facts.rate_hz;
	info->block_scans = iio->config.block_scans;
	info->paced = true;
	return 0;
}

static void iio_close(struct adc *adc)
{
	struct adc_iio *iio = adc_iio_of(adc);

	stop_thread(iio);
	scan_queue_free(&iio->queue);
}

static void iio_cancel(struct adc *adc)
{
	struct adc_iio *iio = adc_iio_of(adc);

	pthread_mutex_lock(&iio->lock);
	iio->cancelled = true;
	if (iio->thread)
		capture_thread_interrupt(iio->thread);
	pthread_mutex_unlock(&iio->lock);
}

static void iio_free(struct adc *adc)
{
	struct adc_iio *iio = adc_iio_of(adc);

	iio_close(adc);
	if (iio->stuck)
		capture_thread_forget(iio->stuck);
	pthread_mutex_destroy(&iio->lock);
	free(iio);
}

/* ---- read ---- */

/* By the clock: what can be missing of the scans that should have come since the least late arrival, generously. */
static uint64_t most_lost(const struct adc_iio *iio)
{
	double elapsed_s = (double)(iio->newest_arrival_ns - iio->first_arrival_ns) * 1e-9;
	double rate_hz = rate_clock_hz(&iio->rate);
	double most = elapsed_s * rate_hz - iio->counted + 0.1 * rate_hz + iio->config.block_scans;

	return most > 0 ? (uint64_t)most : 0;
}

static void count_arrival(struct adc_iio *iio, const struct capture_scans *scans)
{
	double lag;

	iio->counted += scans->n;
	iio->newest_arrival_ns = scans->arrival_ns;
	lag = (double)(scans->arrival_ns - iio->first_arrival_ns) * 1e-9 * rate_clock_hz(&iio->rate) - iio->counted;
	if (lag < 0) {
		iio->first_arrival_ns = scans->arrival_ns;
		iio->counted = 0;
	}
}

/* The true rate is not the stated one: all begins anew with it. */
static int take_rate(struct adc_iio *iio, double rate_hz)
{
	int error;

	if (rate_hz != iio->told_hz)
		log_warning("adc: the ADC delivers %g scans per second, not %g: %g Hz is taken", rate_hz, iio->facts.rate_hz, rate_hz);
	iio->told_hz = rate_hz;
	iio->facts.rate_hz = rate_hz;
	begin(iio);
	scan_queue_free(&iio->queue);
	error = scan_queue_allocate(&iio->queue, gaps_most_waiting(&iio->gaps) + 2 * iio->config.block_scans);
	return error < 0 ? log_failure(iio, error, "no memory for the scans of a second") : 0;
}

/* 0, with iio->checked set once the true rate is known, or -errno. */
static int check_rate(struct adc_iio *iio, const struct capture_scans *scans)
{
	double rate_hz = rate_check_add(&iio->check, scans->stamped ? scans->stamp_ns : NULL, scans->n, scans->arrival_ns);
	char text[512];
	int error = 0;

	if (rate_hz == 0)
		return 0;
	if (rate_hz < 0) {
		snprintf(text, sizeof(text), "the true rate of the ADC cannot be told: its scans come too irregularly for %g Hz",
				iio->facts.rate_hz);
		return log_failure(iio, -EIO, text);
	}
	if (rate_hz < ADC_RATE_MIN_HZ || rate_hz > ADC_RATE_MAX_HZ) {
		snprintf(text, sizeof(text), "the ADC delivers %g scans per second, not %g, must be %d to %d", rate_hz,
				iio->facts.rate_hz, ADC_RATE_MIN_HZ, ADC_RATE_MAX_HZ);
		return log_failure(iio, -ERANGE, text);
	}
	iio->checked = iio->ahead.restarted = true;
	if (rate_hz != iio->facts.rate_hz)
		error = take_rate(iio, rate_hz);
	return error;
}

/* 1 when scans came, 0 when none did, or -errno. */
static int fetch(struct adc_iio *iio)
{
	int64_t timeout_ns = iio->facts.timeout_ms * INT64_C(1000000) + 1000000000;
	const struct capture_scans *scans;
	char text[512] = "";
	int error = capture_thread_refill(iio->thread, timeout_ns, &scans, text);

	if (error < 0)
		return log_failure(iio, error, text);
	if (scans->n == 0)
		return ++iio->empty_refills < EMPTY_REFILLS ? 0 : log_failure(iio, -EIO, "the ADC sends blocks without a scan");
	iio->empty_refills = 0;
	if (!iio->checked) {
		error = check_rate(iio, scans);
		if (error < 0)
			return error;
	}
	scan_queue_append(&iio->queue, scans, iio->facts.monotonic, rate_clock_hz(&iio->rate));
	count_arrival(iio, scans);
	if (!scans->stamped)
		iio->ahead.lost += arrivals_add(&iio->arrivals, scans->n, scans->arrival_ns, rate_clock_hz(&iio->rate));
	return 1;
}

/* Scans at the queue's front that are known to be continuous; what is ahead of them is added to iio->ahead. */
static void find_run(struct adc_iio *iio)
{
	const struct scan_queue *queue = &iio->queue;
	struct gap gap = { 0 };

	if (iio->run || !queue->n)
		return;
	if (!iio->facts.stamped) {
		iio->run = queue->n;
		return;
	}
	iio->run = gaps_next(&iio->gaps, queue->stamp_ns + queue->first, queue->n, most_lost(iio), &gap);
	iio->ahead.lost += gap.lost;
	iio->ahead.restarted = iio->ahead.restarted || gap.restarted;
}

/* Even stamps on CLOCK_MONOTONIC are the times of the scans themselves; all others are no better than the arrival. */
static void follow_rate(struct adc_iio *iio, const struct adc_block *block)
{
	const struct scan_queue *queue = &iio->queue;
	const int64_t *time_ns = iio->facts.monotonic && iio->gaps.even ? queue->time_ns : queue->arrival_ns;
	uint64_t scans = iio->uncounted + iio->ahead.lost;

	if (iio->ahead.restarted || (iio->ahead.lost && !iio->facts.stamped))
		rate_clock_break(&iio->rate);
	iio->counted += (double)iio->ahead.lost;
	for (unsigned i = 0; i < block->n; i++) {
		scans++;
		if (queue->arrival_ns[queue->first + i]) {
			rate_clock_add(&iio->rate, scans, time_ns[queue->first + i]);
			scans = 0;
		}
	}
	iio->uncounted = scans;
}

static int deliver(struct adc_iio *iio, struct adc_block *block)
{
	block->n = iio->run < iio->config.block_scans ? iio->run : iio->config.block_scans;
	follow_rate(iio, block);
	block->nominal_hz = iio->facts.rate_hz;
	block->rate_hz = rate_clock_hz(&iio->rate);
	block->primary = false;
	memcpy(block->step, iio->facts.step, sizeof(block->step));
	memcpy(block->zero, iio->facts.zero, sizeof(block->zero));
	block->lost = iio->ahead.lost;
	if (iio->checked) {
		block->lost += iio->lost_unchecked;
		iio->lost_unchecked = 0;
	}
	block->restarted = iio->ahead.restarted;
	scan_queue_take(&iio->queue, block);
	/* Late stamps and late arrivals do not let the time run backward. */
	if (block->t_ns < iio->delivered_ns && !block->restarted)
		block->t_ns = iio->delivered_ns;
	iio->delivered_ns = block->t_ns;
	iio->ahead = (struct gap){ 0 };
	iio->run -= block->n;
	if (iio->checked)
		iio->last_error[0] = '\0';
	return (int)block->n;
}

static int iio_read(struct adc *adc, struct adc_block *block)
{
	struct adc_iio *iio = adc_iio_of(adc);

	for (;;) {
		int got;

		find_run(iio);
		if (iio->run) {
			got = deliver(iio, block);
			if (iio->checked)
				return got;
			/* The losses and the rate are followed already, the scans are nobody's until their rate is known. */
			iio->lost_unchecked += block->lost;
			return 0;
		}
		got = fetch(iio);
		if (got <= 0)
			return got;
	}
}

struct adc *adc_iio_new(const struct adc_config *config)
{
	static const struct adc_ops ops = {
		.open = iio_open, .read = iio_read, .cancel = iio_cancel, .close = iio_close, .free = iio_free,
	};
	struct adc_iio *iio = calloc(1, sizeof(*iio));

	if (!iio)
		return NULL;
	iio->adc.ops = &ops;
	iio->adc.name = "iio";
	iio->config = *config;
	pthread_mutex_init(&iio->lock, NULL);
	return &iio->adc;
}
