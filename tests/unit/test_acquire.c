/*
 * The acquire thread over a scripted source: whatever that does, samples arrive in order, losses are counted, errors
 * lead to a reopen and a stop ends it.  Nothing waits for a time to pass but for a condition; what never happens fails by timeout.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "adc/acquire.h"
#include "daemon/log.h"
#include "lib/check_main.h"

#define FAR INT64_MAX
#define SECOND INT64_C(1000000000)
#define SCANS 10
#define RATE 1000.0

enum action {
	HANG,		/* blocks until cancel; also what follows the script's end */
	BLOCK,		/* a block of SCANS scans, `value` lost before it */
	BLOCKS,		/* `value` blocks without loss */
	NOTHING,	/* returns 0 */
	ERROR,		/* returns -value */
	GATE,		/* waits for open_gate(), then goes on with the next step */
	STALL		/* takes `value` ms of CLOCK_MONOTONIC, then goes on with the next step */
};

struct step {
	enum action action;
	int value;
};

struct fake {
	struct adc adc;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const struct step *steps;
	unsigned step_n, step, repeated;
	double rate_hz;
	const int *open_errors;		/* of the first opens; then they succeed */
	unsigned open_error_n;
	bool paced;
	unsigned block_scans;
	/* What happened. */
	unsigned attempts, opens, closes, reads;
	int64_t attempt_ns[8];
	bool is_open, cancelled, gate, misused;
	double next;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static int fake_open(struct adc *adc, struct adc_info *info)
{
	struct fake *fake = (struct fake *)adc;
	int error = 0;

	pthread_mutex_lock(&fake->lock);
	fake->misused |= fake->is_open;
	if (fake->attempts < 8)
		fake->attempt_ns[fake->attempts] = now_ns();
	if (fake->attempts < fake->open_error_n)
		error = -fake->open_errors[fake->attempts];
	fake->attempts++;
	if (!error) {
		fake->opens++;
		fake->is_open = true;
		*info = (struct adc_info){ .rate_hz = fake->rate_hz, .block_scans = fake->block_scans, .paced = fake->paced };
	}
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	return error;
}

static int give_block(struct fake *fake, struct adc_block *block, unsigned lost)
{
	block->n = SCANS;
	block->nominal_hz = block->rate_hz = fake->rate_hz;
	block->lost = lost;
	fake->next += lost;
	for (unsigned k = 0; k < SCANS; k++) {
		for (int c = 0; c < ADC_CHANNELS; c++)
			block->scans[c][k] = fake->next + c * 1e6;
		fake->next++;
	}
	return SCANS;
}

static void stall(int ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}

static int play(struct fake *fake, struct adc_block *block)
{
	for (;;) {
		struct step step = fake->step < fake->step_n ? fake->steps[fake->step] : (struct step){ HANG, 0 };

		if (fake->cancelled)
			return -ECANCELED;
		if (step.action == HANG || (step.action == GATE && !fake->gate)) {
			pthread_cond_wait(&fake->changed, &fake->lock);
			continue;
		}
		if (step.action == BLOCKS && ++fake->repeated < (unsigned)step.value)
			return give_block(fake, block, 0);
		fake->step++;
		if (step.action == BLOCKS)
			return give_block(fake, block, 0);
		if (step.action == BLOCK)
			return give_block(fake, block, (unsigned)step.value);
		if (step.action == NOTHING)
			return 0;
		if (step.action == ERROR)
			return -step.value;
		if (step.action == STALL)
			stall(step.value);
	}
}

static int fake_read(struct adc *adc, struct adc_block *block)
{
	struct fake *fake = (struct fake *)adc;
	int n;

	pthread_mutex_lock(&fake->lock);
	fake->misused |= !fake->is_open;
	n = play(fake, block);
	fake->reads++;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	return n;
}

static void fake_cancel(struct adc *adc)
{
	struct fake *fake = (struct fake *)adc;

	pthread_mutex_lock(&fake->lock);
	fake->cancelled = true;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static void fake_close(struct adc *adc)
{
	struct fake *fake = (struct fake *)adc;

	pthread_mutex_lock(&fake->lock);
	fake->misused |= !fake->is_open;
	fake->is_open = false;
	fake->closes++;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static void fake_free(struct adc *adc)
{
	(void)adc;
}

static const struct adc_ops fake_ops = { fake_open, fake_read, fake_cancel, fake_close, fake_free };

/* Waits until the source has counted so far. */
static void await(struct fake *fake, const unsigned *counter, unsigned least)
{
	pthread_mutex_lock(&fake->lock);
	while (*counter < least)
		pthread_cond_wait(&fake->changed, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

static unsigned count(struct fake *fake, const unsigned *counter)
{
	unsigned value;

	pthread_mutex_lock(&fake->lock);
	value = *counter;
	pthread_mutex_unlock(&fake->lock);
	return value;
}

static void open_gate(struct fake *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->gate = true;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

/* The source, the queue and the thread of a test. */
struct bench {
	struct fake fake;
	struct block_queue *queue;
	struct acquire *acquire;
};

#define SCRIPT(...) \
	static const struct step script[] = { __VA_ARGS__ }; \
	struct bench bench = { .fake = { .steps = script, .step_n = sizeof(script) / sizeof(script[0]), .paced = true, .rate_hz = RATE, \
					 .block_scans = SCANS } }

static void start(struct bench *bench, unsigned slots)
{
	bench->fake.adc = (struct adc){ .ops = &fake_ops, .name = "fake" };
	pthread_mutex_init(&bench->fake.lock, NULL);
	pthread_cond_init(&bench->fake.changed, NULL);
	bench->queue = block_queue_new(slots, SCANS);
	ck_assert_int_eq(acquire_start(&bench->acquire, &bench->fake.adc, bench->queue), 0);
}

static void stop(struct bench *bench)
{
	acquire_stop(bench->acquire);
	ck_assert(!bench->fake.misused);
	ck_assert(!bench->fake.is_open);
	ck_assert_uint_eq(bench->fake.opens, bench->fake.closes);
	block_queue_free(bench->queue);
	pthread_cond_destroy(&bench->fake.changed);
	pthread_mutex_destroy(&bench->fake.lock);
}

static struct acquire_status status_of(struct bench *bench)
{
	struct acquire_status status;

	acquire_get_status(bench->acquire, &status);
	return status;
}

/* The next block must begin with scan `first`. */
static struct adc_block expect(struct bench *bench, double first, uint64_t lost, bool restarted)
{
	const struct adc_block *block = block_queue_wait(bench->queue, FAR);
	struct adc_block copy = *block;

	ck_assert_uint_eq(block->n, SCANS);
	for (unsigned k = 0; k < SCANS; k++)
		for (int c = 0; c < ADC_CHANNELS; c++)
			ck_assert(block->scans[c][k] == first + k + c * 1e6);
	ck_assert_uint_eq(block->lost, lost);
	ck_assert(block->restarted == restarted);
	block_queue_release(bench->queue);
	return copy;
}

START_TEST(blocks_arrive_in_order_and_the_first_is_marked_restarted)
{
	SCRIPT({ BLOCK, 0 }, { BLOCK, 0 }, { NOTHING, 0 }, { BLOCK, 0 });
	struct acquire_status status;

	start(&bench, 8);
	expect(&bench, 0, 0, true);
	expect(&bench, 10, 0, false);
	expect(&bench, 20, 0, false);
	status = status_of(&bench);
	ck_assert(status.open && !status.ended);
	ck_assert_uint_eq(status.opens, 1);
	ck_assert_uint_eq(status.errors + status.lost + status.gaps, 0);
	ck_assert(status.nominal_hz == RATE);
	stop(&bench);
}
END_TEST

START_TEST(loss_that_the_source_saw_reaches_the_meter_and_the_count)
{
	SCRIPT({ BLOCK, 0 }, { BLOCK, 777 }, { BLOCK, 3 });

	start(&bench, 8);
	expect(&bench, 0, 0, true);
	expect(&bench, 787, 777, false);
	expect(&bench, 800, 3, false);
	ck_assert_uint_eq(status_of(&bench).lost, 780);
	ck_assert_uint_eq(status_of(&bench).gaps, 2);
	stop(&bench);
}
END_TEST

START_TEST(source_missing_at_start_is_opened_when_it_appears)
{
	static const int errors[] = { ENODEV, ECONNREFUSED };
	SCRIPT({ BLOCK, 0 });

	bench.fake.open_errors = errors;
	bench.fake.open_error_n = 2;
	start(&bench, 8);
	expect(&bench, 0, 0, true);
	ck_assert_uint_eq(status_of(&bench).errors, 2);
	ck_assert_uint_eq(status_of(&bench).opens, 1);
	ck_assert_int_eq(status_of(&bench).last_error, -ECONNREFUSED);
	/* The back-off doubles: never earlier than that, however slow the machine. */
	ck_assert_int_ge(bench.fake.attempt_ns[1] - bench.fake.attempt_ns[0], SECOND / 4);
	ck_assert_int_ge(bench.fake.attempt_ns[2] - bench.fake.attempt_ns[1], SECOND / 2);
	stop(&bench);
}
END_TEST

START_TEST(source_that_fails_is_closed_reopened_and_marked_restarted)
{
	SCRIPT({ BLOCK, 0 }, { ERROR, ETIMEDOUT }, { BLOCK, 0 }, { BLOCK, 0 }, { ERROR, EPIPE }, { BLOCK, 0 });

	start(&bench, 8);
	expect(&bench, 0, 0, true);
	expect(&bench, 10, 0, true);
	expect(&bench, 20, 0, false);
	expect(&bench, 30, 0, true);
	ck_assert_uint_eq(status_of(&bench).errors, 2);
	ck_assert_uint_eq(status_of(&bench).opens, 3);
	ck_assert_int_eq(status_of(&bench).last_error, -EPIPE);
	stop(&bench);
}
END_TEST

START_TEST(stop_ends_a_read_that_hangs)
{
	SCRIPT({ BLOCK, 0 }, { HANG, 0 });

	start(&bench, 8);
	await(&bench.fake, &bench.fake.reads, 1);
	stop(&bench);
}
END_TEST

START_TEST(stop_ends_the_back_off)
{
	static const int errors[] = { ENODEV, ENODEV, ENODEV, ENODEV, ENODEV, ENODEV };
	SCRIPT({ HANG, 0 });
	unsigned attempts;

	bench.fake.open_errors = errors;
	bench.fake.open_error_n = 6;
	start(&bench, 8);
	await(&bench.fake, &bench.fake.attempts, 2);
	attempts = count(&bench.fake, &bench.fake.attempts);
	stop(&bench);
	ck_assert_uint_eq(bench.fake.attempts, attempts);
	ck_assert_uint_eq(bench.fake.opens, 0);
}
END_TEST

START_TEST(stop_at_once_after_start_is_clean)
{
	for (int round = 0; round < 200; round++) {
		SCRIPT({ BLOCK, 0 }, { ERROR, EIO });

		start(&bench, 2);
		stop(&bench);
	}
}
END_TEST

START_TEST(what_a_full_queue_drops_is_lost_in_front_of_the_next_block)
{
	SCRIPT({ BLOCK, 0 }, { BLOCK, 0 }, { BLOCK, 0 }, { BLOCK, 5 }, { BLOCK, 0 }, { GATE, 0 }, { BLOCK, 0 }, { BLOCK, 0 });

	start(&bench, 2);
	/* Reads 1 and 2 fill the queue; 3, 4 and 5 find it full. */
	await(&bench.fake, &bench.fake.reads, 5);
	while (status_of(&bench).lost < 35)
		sched_yield();
	expect(&bench, 0, 0, true);
	expect(&bench, 10, 0, false);
	open_gate(&bench.fake);
	expect(&bench, 55, 35, false);
	expect(&bench, 65, 0, false);
	ck_assert_uint_eq(status_of(&bench).lost, 35);
	stop(&bench);
}
END_TEST

START_TEST(restart_is_not_forgotten_when_its_block_is_dropped)
{
	SCRIPT({ BLOCK, 0 }, { ERROR, EIO }, { BLOCK, 0 }, { GATE, 0 }, { BLOCK, 0 });

	start(&bench, 1);
	await(&bench.fake, &bench.fake.reads, 3);
	while (status_of(&bench).lost < 10)
		sched_yield();
	expect(&bench, 0, 0, true);
	open_gate(&bench.fake);
	expect(&bench, 20, 10, true);
	stop(&bench);
}
END_TEST

START_TEST(end_of_a_recording_ends_reading_but_not_the_sign_of_life)
{
	SCRIPT({ BLOCK, 0 }, { ERROR, ENODATA }, { BLOCK, 0 });
	int64_t before;

	start(&bench, 8);
	expect(&bench, 0, 0, true);
	while (!status_of(&bench).ended)
		sched_yield();
	ck_assert(!status_of(&bench).open);
	ck_assert_uint_eq(status_of(&bench).errors, 0);
	before = status_of(&bench).heartbeat_ns;
	while (status_of(&bench).heartbeat_ns == before)
		block_queue_wait(bench.queue, now_ns() + SECOND / 100);
	stop(&bench);
	ck_assert_uint_eq(bench.fake.attempts, 1);
	ck_assert_uint_eq(bench.fake.reads, 2);
}
END_TEST

/* A beat long after an attempt and before the next one. */
static bool beats_between_attempts(struct bench *bench)
{
	unsigned before = count(&bench->fake, &bench->fake.attempts);
	int64_t beat_ns = status_of(bench).heartbeat_ns;
	bool between;

	pthread_mutex_lock(&bench->fake.lock);
	between = before && before == bench->fake.attempts && beat_ns > bench->fake.attempt_ns[before - 1] + SECOND / 2;
	pthread_mutex_unlock(&bench->fake.lock);
	return between;
}

START_TEST(back_off_shows_signs_of_life)
{
	static const int errors[] = { ENODEV, ENODEV, ENODEV, ENODEV, ENODEV, ENODEV, ENODEV, ENODEV };
	SCRIPT({ HANG, 0 });

	bench.fake.open_errors = errors;
	bench.fake.open_error_n = 8;
	start(&bench, 8);
	while (!beats_between_attempts(&bench))
		block_queue_wait(bench.queue, now_ns() + SECOND / 100);
	stop(&bench);
}
END_TEST

START_TEST(source_without_a_clock_is_paced_by_the_samples_it_gives)
{
	SCRIPT({ BLOCK, 0 }, { BLOCK, 0 }, { BLOCK, 20 }, { BLOCK, 0 }, { BLOCK, 0 });
	static const int64_t spans_ms[] = { 10, 30, 10, 10 };	/* at 1000 Hz */
	struct adc_block before, block;

	bench.fake.paced = false;
	start(&bench, 8);
	before = expect(&bench, 0, 0, true);
	for (int k = 0; k < 4; k++) {
		block = expect(&bench, k < 1 ? 10 : 30 + 10 * k, k == 1 ? 20 : 0, false);
		ck_assert_int_eq(block.t_ns - before.t_ns, spans_ms[k] * 1000000);
		/* Never before its last scan was due. */
		ck_assert_int_le(block.t_ns, now_ns());
		before = block;
	}
	stop(&bench);
}
END_TEST

START_TEST(pace_keeps_the_fraction_of_a_nanosecond)
{
	SCRIPT({ BLOCKS, 91 });
	struct adc_block first, last;

	/* 10 scans at 3000 Hz are 3333333 1/3 ns; 90 such blocks are 300 ms. */
	bench.fake.paced = false;
	bench.fake.rate_hz = 3000;
	/* room for all of them: nothing is lost while this test waits for the processor */
	start(&bench, 92);
	first = last = expect(&bench, 0, 0, true);
	for (int k = 1; k <= 90; k++)
		last = expect(&bench, 10 * k, 0, false);
	ck_assert_int_le(llabs(last.t_ns - first.t_ns - 300000000), 1);
	stop(&bench);
}
END_TEST

START_TEST(short_delay_of_a_source_without_a_clock_is_caught_up)
{
	SCRIPT({ BLOCK, 0 }, { STALL, 300 }, { BLOCK, 0 }, { BLOCK, 0 });
	struct adc_block first, last;

	bench.fake.paced = false;
	start(&bench, 8);
	first = expect(&bench, 0, 0, true);
	expect(&bench, 10, 0, false);
	last = expect(&bench, 20, 0, false);
	ck_assert_int_eq(last.t_ns - first.t_ns, 20 * 1000000);
	ck_assert_uint_eq(status_of(&bench).lost, 0);
	stop(&bench);
}
END_TEST

START_TEST(long_standstill_of_a_source_without_a_clock_is_a_gap)
{
	SCRIPT({ BLOCK, 0 }, { STALL, 2500 }, { BLOCK, 0 }, { BLOCK, 0 });
	struct adc_block first, second;
	const struct adc_block *block;

	bench.fake.paced = false;
	start(&bench, 8);
	first = expect(&bench, 0, 0, true);
	block = block_queue_wait(bench.queue, FAR);
	second = *block;
	block_queue_release(bench.queue);
	/* 2.5 s at 1000 Hz, less what was early; the time stamps tell the same. */
	ck_assert_uint_ge(second.lost, 2400);
	ck_assert_int_le(llabs(second.t_ns - first.t_ns - (int64_t)(second.lost + SCANS) * 1000000), 1);
	expect(&bench, 20, 0, false);
	ck_assert_uint_eq(status_of(&bench).lost, second.lost);
	stop(&bench);
}
END_TEST

START_TEST(source_with_larger_blocks_than_the_queue_takes_is_refused)
{
	SCRIPT({ BLOCK, 0 });

	bench.fake.block_scans = SCANS + 1;
	start(&bench, 8);
	await(&bench.fake, &bench.fake.closes, 1);
	while (!status_of(&bench).errors)
		sched_yield();
	ck_assert_int_eq(status_of(&bench).last_error, -EOVERFLOW);
	ck_assert_uint_eq(status_of(&bench).opens, 0);
	stop(&bench);
	ck_assert_uint_eq(bench.fake.reads, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acquire");
	TCase *tests = tcase_create("acquire");

	log_set_level(LOG_EMERG);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, blocks_arrive_in_order_and_the_first_is_marked_restarted);
	tcase_add_test(tests, loss_that_the_source_saw_reaches_the_meter_and_the_count);
	tcase_add_test(tests, source_missing_at_start_is_opened_when_it_appears);
	tcase_add_test(tests, source_that_fails_is_closed_reopened_and_marked_restarted);
	tcase_add_test(tests, stop_ends_a_read_that_hangs);
	tcase_add_test(tests, stop_ends_the_back_off);
	tcase_add_test(tests, stop_at_once_after_start_is_clean);
	tcase_add_test(tests, what_a_full_queue_drops_is_lost_in_front_of_the_next_block);
	tcase_add_test(tests, restart_is_not_forgotten_when_its_block_is_dropped);
	tcase_add_test(tests, end_of_a_recording_ends_reading_but_not_the_sign_of_life);
	tcase_add_test(tests, back_off_shows_signs_of_life);
	tcase_add_test(tests, source_without_a_clock_is_paced_by_the_samples_it_gives);
	tcase_add_test(tests, pace_keeps_the_fraction_of_a_nanosecond);
	tcase_add_test(tests, short_delay_of_a_source_without_a_clock_is_caught_up);
	tcase_add_test(tests, long_standstill_of_a_source_without_a_clock_is_a_gap);
	tcase_add_test(tests, source_with_larger_blocks_than_the_queue_takes_is_refused);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
