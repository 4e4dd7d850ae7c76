/* The ring of samples: whoever keeps up gets each scan once and whole, whoever does not is told how many are gone. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "capture/tap.h"
#include "lib/check_main.h"

#define BLOCK 50
#define RATE 1000.0
#define ROOM 400

static struct tap *tap;
static double memory[ADC_CHANNELS][BLOCK], *mine[ADC_CHANNELS];	/* changes hands with the ring's */
static uint64_t put_scans;	/* so many were put */
static int64_t now_ns;

/* What scan n holds on channel c. */
static double truth(uint64_t n, int c)
{
	return (double)(n * 8 + (unsigned)c);
}

static void put(unsigned n, uint64_t lost, const struct tap_window *window)
{
	struct adc_block block = { .n = n, .nominal_hz = RATE, .rate_hz = RATE, .lost = lost, .restarted = put_scans == 0 };

	now_ns += llround((double)(n + lost) / RATE * 1e9);
	block.t_ns = now_ns;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		block.scans[c] = mine[c];
		for (unsigned k = 0; k < n; k++)
			mine[c][k] = truth(put_scans + k, c);
	}
	tap_put(tap, &block, window);
	put_scans += n;
	memcpy(mine, block.scans, sizeof(mine));
}

static void setup(void)
{
	static const double delay_us[ADC_CHANNELS] = { 1, 2, 3, 4, 5, 6 };

	for (int c = 0; c < ADC_CHANNELS; c++)
		mine[c] = memory[c];
	put_scans = 0;
	now_ns = INT64_C(5000000000);
	tap = tap_new(2, RATE, BLOCK, delay_us);
	ck_assert_ptr_nonnull(tap);
}

static void teardown(void)
{
	tap_free(tap);
}

/* With its room. */
struct reader {
	struct tap_reading reading;
	double scans[ADC_CHANNELS][ROOM];
};

static struct tap_reading *prepare(struct reader *reader)
{
	reader->reading.room = ROOM;
	for (int c = 0; c < ADC_CHANNELS; c++)
		reader->reading.scans[c] = reader->scans[c];
	return &reader->reading;
}

static void check_reading(const struct tap_reading *reading)
{
	uint64_t next = reading->from;

	for (unsigned b = 0; b < reading->blocks; b++) {
		ck_assert_uint_eq(reading->block[b].first, next);
		next += reading->block[b].n;
	}
	ck_assert_uint_eq(next, reading->from + reading->n);
	for (int c = 0; c < ADC_CHANNELS; c++)
		for (unsigned k = 0; k < reading->n; k++)
			ck_assert_double_eq(reading->scans[c][k], truth(reading->from + k, c));
}

START_TEST(who_keeps_up_gets_each_scan_once_with_its_account)
{
	static struct reader reader;
	struct tap_reading *reading = prepare(&reader);
	uint64_t next = 0;

	ck_assert_int_eq(tap_read(tap, 0, reading), 0);
	ck_assert_uint_eq(reading->n, 0);
	for (unsigned turn = 0; turn < 500; turn++) {
		put(1 + turn * 7 % BLOCK, turn == 100 ? 13 : 0, NULL);
		if (turn % 3)
			continue;
		ck_assert_int_eq(tap_read(tap, next, reading), 0);
		ck_assert_uint_eq(reading->from, next);
		check_reading(reading);
		next += reading->n;
		ck_assert_uint_eq(next, put_scans);
		ck_assert_uint_eq(reading->block[reading->blocks - 1].lost_total, turn >= 100 ? 13 : 0);
		ck_assert_int_eq(reading->block[reading->blocks - 1].t_ns, now_ns);
		ck_assert_double_eq(reading->source.delay_us[5], 6);
	}
}
END_TEST

START_TEST(who_does_not_is_told_how_many_are_gone)
{
	static struct reader reader;
	struct tap_reading *reading = prepare(&reader);

	for (unsigned b = 0; b < 100; b++)
		put(BLOCK, 0, NULL);
	ck_assert_int_eq(tap_read(tap, 10, reading), 0);
	/* two seconds are held, and the block that reaches into them */
	ck_assert_uint_ge(reading->from, 5000 - 2000 - BLOCK - 1);
	ck_assert_uint_le(reading->from, 5000 - 2000);
	ck_assert_uint_eq(reading->n, ROOM);
	check_reading(reading);
	ck_assert_uint_eq(reading->next, 5000);
	ck_assert_uint_eq(tap_find(tap, now_ns - INT64_C(100000000)), 5000 - 101);
	ck_assert_uint_eq(tap_find(tap, now_ns + 1), 5000);
}
END_TEST

START_TEST(a_window_comes_with_its_last_scan)
{
	struct tap_window window = { .cycle = 7, .first = 120, .n = 100, .rate_hz = RATE };
	static struct reader reader;
	struct tap_reading *reading = prepare(&reader);

	put(BLOCK, 0, NULL);
	put(BLOCK, 0, NULL);
	put(BLOCK, 0, &window);	/* scans 30 to 129 */
	reading->room = 129;
	ck_assert_int_eq(tap_read(tap, 0, reading), 0);
	ck_assert_uint_eq(reading->windows, 0);
	ck_assert_int_eq(tap_read(tap, 129, reading), 0);
	ck_assert_uint_eq(reading->windows, 1);
	ck_assert_uint_eq(reading->window[0].first, 30);
	ck_assert_uint_eq(reading->window[0].cycle, 7);
	ck_assert_int_eq(tap_read(tap, 130, reading), 0);
	ck_assert_uint_eq(reading->windows, 0);
}
END_TEST

static bool over;

/* Reads as fast as it can what is being overwritten all the time: never half a scan. */
static void *read_on(void *context)
{
	struct reader *reader = context;
	struct tap_reading *reading = prepare(reader);
	uint64_t next = 0, taken = 0;

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE) || !taken) {
		if (tap_read(tap, next, reading))
			continue;
		check_reading(reading);
		next = reading->from + reading->n;
		taken += reading->n;
	}
	return NULL;
}

START_TEST(readers_beside_a_writer_that_overtakes_them_have_whole_scans)
{
	static struct reader readers[4];
	pthread_t reader[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&reader[i], NULL, read_on, &readers[i]), 0);
	for (unsigned b = 0; b < 60000; b++)
		put(BLOCK, 0, NULL);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 4; i++)
		pthread_join(reader[i], NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tap");
	TCase *cases = tcase_create("tap");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 120);
	tcase_add_test(cases, who_keeps_up_gets_each_scan_once_with_its_account);
	tcase_add_test(cases, who_does_not_is_told_how_many_are_gone);
	tcase_add_test(cases, a_window_comes_with_its_last_scan);
	tcase_add_test(cases, readers_beside_a_writer_that_overtakes_them_have_whole_scans);
	suite_add_tcase(suite, cases);
	return check_main_run(suite);
}
