/* The meter's thread as others see it: requests answered, and never shown as live when it stands still. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "daemon/meter_thread.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "lib/wave.h"

#define RATE 2520
#define BLOCK 126

static struct block_queue *queue;
static struct meter_thread *thread;
static pthread_t source;
static atomic_bool ending, held;

/* The log's record function, in the thread: it stands still here while the test wants it to. */
static void record(const struct snapshot *snapshot, const uint16_t pointer[DATALOG_LOGS], uint16_t word[DATALOG_LOGS])
{
	struct timespec moment = { .tv_nsec = 1000000 };

	(void)snapshot;
	(void)pointer;
	memset(word, 0, DATALOG_LOGS * sizeof(*word));
	while (held && !ending)
		nanosleep(&moment, NULL);
}

/* Blocks as they are due. */
static void *produce(void *context)
{
	int64_t due_ns = monotonic_ns();
	struct wave wave;
	uint64_t at = 0;

	(void)context;
	wave_three_phase(&wave, RATE, 60, 277, 50, 0.5, 0.2);
	while (!ending) {
		struct adc_block *block = block_queue_reserve(queue);
		struct timespec due;

		due_ns += INT64_C(1000000000) * BLOCK / RATE;
		due = (struct timespec){ .tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		at += BLOCK;
		if (!block)
			continue;
		block->n = BLOCK;
		block->t_ns = due_ns;
		block->nominal_hz = block->rate_hz = RATE;
		block->primary = true;
		block->restarted = at == BLOCK;
		wave_fill(&wave, at - BLOCK, BLOCK, block->scans);
		block_queue_commit(queue);
	}
	return NULL;
}

static void setup(void)
{
	static struct nv nv;
	struct meter_config meter = { .max_rate_hz = RATE, .record = record };
	struct meter_thread_config config = { .meter = &meter, .nv = &nv };

	settings_defaults(&meter.settings);
	meter.settings.demand_subinterval_s = 0;
	rules_defaults(&meter.rules);
	queue = block_queue_new(100, BLOCK);
	config.queue = queue;
	ending = held = false;
	ck_assert_int_eq(meter_thread_start(&thread, &config), 0);
	ck_assert_int_eq(pthread_create(&source, NULL, produce, NULL), 0);
}

static void teardown(void)
{
	ending = true;
	pthread_join(source, NULL);
	meter_thread_stop(thread);
	meter_thread_free(thread);
	block_queue_free(queue);
}

static uint16_t read_register(unsigned number)
{
	static struct register_image image;
	uint16_t value;

	meter_thread_get_image(thread, &image);
	ck_assert_int_eq(registers_read(&image, number, 1, &value), REGISTERS_OK);
	return value;
}

/* Polls: the frequency is valid, or is not. */
static void wait_until_live(bool live)
{
	struct timespec moment = { .tv_nsec = 10000000 };

	while ((read_register(26) != 0x8000) != live)
		nanosleep(&moment, NULL);
}

static int write_register(unsigned number, uint16_t value)
{
	struct meter_request request = { .kind = METER_WRITE_REGISTERS, .first = number, .count = 1, .values = { value } };

	return meter_thread_request(thread, &request);
}

static void *write_for_the_panel(void *context)
{
	struct meter_request request = {
		.kind = METER_WRITE_REGISTERS, .first = 152, .count = 1, .values = { 5 }, .panel = context == NULL,
	};

	return (void *)(intptr_t)meter_thread_request(thread, &request);
}

START_TEST(the_panel_does_not_wait_for_others_nor_they_for_it)
{
	pthread_t waiting[2];
	void *result[2];

	wait_until_live(true);
	held = true;
	ck_assert_int_eq(write_register(129, 21211), 0);
	wait_until_live(false);
	pthread_create(&waiting[0], NULL, write_for_the_panel, NULL);
	pthread_create(&waiting[1], NULL, write_for_the_panel, &held);
	for (int i = 0; i < 2; i++)
		pthread_join(waiting[i], &result[i]);
	/* Neither was turned away: both waited for a meter that stands still. */
	ck_assert_int_eq((int)(intptr_t)result[0], -ETIMEDOUT);
	ck_assert_int_eq((int)(intptr_t)result[1], -ETIMEDOUT);
	held = false;
}
END_TEST

START_TEST(a_thread_that_stands_still_is_not_served_as_live)
{
	struct snapshot snapshot;

	wait_until_live(true);
	held = true;
	ck_assert_int_eq(write_register(129, 21211), 0);	/* the next second ends a sub-interval, and the thread with it */
	wait_until_live(false);
	ck_assert_uint_eq(read_register(3), 0x8000);
	ck_assert_uint_eq(read_register(146), 0x0040);
	ck_assert_uint_eq(read_register(131), 100);		/* what is no reading is there as it was */
	meter_thread_get_snapshot(thread, &snapshot);
	ck_assert(!snapshot.live);
	ck_assert(isnan(snapshot.readings.p_w));
	held = false;
	wait_until_live(true);
	ck_assert_uint_eq(read_register(146), 0);
}
END_TEST

START_TEST(a_request_to_a_thread_that_stands_still_is_given_up_and_carried_out_later)
{
	struct timespec moment = { .tv_nsec = 10000000 };

	wait_until_live(true);
	held = true;
	ck_assert_int_eq(write_register(129, 21211), 0);
	wait_until_live(false);
	ck_assert_int_eq(write_register(142, 20), -ETIMEDOUT);
	ck_assert_int_eq(write_register(142, 30), -EBUSY);
	held = false;
	while (read_register(142) != 20)
		nanosleep(&moment, NULL);
	ck_assert_int_eq(write_register(142, 40), 0);
	ck_assert_uint_eq(read_register(142), 40);
}
END_TEST

START_TEST(settings_without_a_register_are_checked_and_told)
{
	struct meter_request request = { .kind = METER_SET, .setting = SETTING_ADDRESS, .value = 248 };
	struct snapshot snapshot;

	ck_assert_int_eq(meter_thread_request(thread, &request), REGISTERS_ILLEGAL_VALUE);
	request.value = 247;
	ck_assert_int_eq(meter_thread_request(thread, &request), 0);
	meter_thread_get_snapshot(thread, &snapshot);
	ck_assert_int_eq(snapshot.settings.address, 247);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meter thread");
	TCase *cases = tcase_create("thread");

	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_thread_that_stands_still_is_not_served_as_live);
	tcase_add_test(cases, the_panel_does_not_wait_for_others_nor_they_for_it);
	tcase_add_test(cases, a_request_to_a_thread_that_stands_still_is_given_up_and_carried_out_later);
	tcase_add_test(cases, settings_without_a_register_are_checked_and_told);
	return check_main_run(suite);
}
