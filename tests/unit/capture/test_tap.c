/* The ring of the newest samples: every scan carries its own number, so what a reader gets is checked to the last one. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "capture/tap.h"

#define RATE_HZ 2520.0
#define BLOCK 126u
#define ROOM 1000u
#define SECONDS 2.0
#define READERS 4
#define BLOCKS_CONCURRENT 20000u

static const double no_delay[ADC_CHANNELS];

/* The meter's side: a block whose arrays the tap exchanges, as it does those of the queue. */
struct source {
	struct tap *tap;
	struct adc_block block;
	double *memory;
	uint64_t next;
	double t_s;
};

struct reader {
	struct tap_reading reading;
	double *memory;
};

static double value_of(uint64_t scan, unsigned c)
{
	return (double)(scan * ADC_CHANNELS + c);
}

static void source_init(struct source *source, double seconds)
{
	memset(source, 0, sizeof(*source));
	source->tap = tap_new(seconds, RATE_HZ, BLOCK, no_delay);
	source->memory = malloc(ADC_CHANNELS * BLOCK * sizeof(double));
	ck_assert(source->tap && source->memory);
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		source->block.scans[c] = source->memory + c * BLOCK;
}

static void source_free(struct source *source)
{
	tap_free(source->tap);
	free(source->memory);
}

static void put(struct source *source, unsigned n, uint64_t lost, bool restarted, const struct tap_window *window)
{
	struct adc_block *block = &source->block;

	source->t_s += (double)(n + lost) / RATE_HZ;
	block->n = n;
	block->lost = lost;
	block->restarted = restarted;
	block->nominal_hz = block->rate_hz = RATE_HZ;
	block->t_ns = llround(source->t_s * 1e9);
	for (unsigned i = 0; i < n; i++, source->next++)
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			block->scans[c][i] = value_of(source->next, c);
	tap_put(source->tap, block, window);
}

static void reader_init(struct reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	reader->memory = malloc(ADC_CHANNELS * ROOM * sizeof(double));
	ck_assert_ptr_nonnull(reader->memory);
	reader->reading.room = ROOM;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		reader->reading.scans[c] = reader->memory + c * ROOM;
}

/* Every scan is the one it says it is, and the accounts cover them without a gap. */
static bool is_sound(const struct tap_reading *reading)
{
	uint64_t at = reading->from;

	for (unsigned i = 0; i < reading->n; i++)
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			if (reading->scans[c][i] != value_of(reading->from + i, c))
				return false;
	for (unsigned b = 0; b < reading->blocks; b++) {
		if (reading->block[b].first != at)
			return false;
		at += reading->block[b].n;
	}
	return at == reading->from + reading->n;
}

START_TEST(reader_that_keeps_up_gets_every_scan_once)
{
	struct source source;
	struct reader reader;
	uint64_t next = 0;

	source_init(&source, SECONDS);
	reader_init(&reader);
	srand(7);
	for (int i = 0; i < 2000; i++) {
		put(&source, 1 + (unsigned)rand() % BLOCK, 0, false, NULL);
		if (rand() % 4)
			continue;
		do {
			ck_assert_int_eq(tap_read(source.tap, next, &reader.reading), 0);
			ck_assert(is_sound(&reader.reading));
			ck_assert(!reader.reading.n || reader.reading.from == next);
			next += reader.reading.n;
		} while (reader.reading.n);
		ck_assert_uint_eq(next, source.next);
	}
	free(reader.memory);
	source_free(&source);
}
END_TEST

START_TEST(reader_that_is_late_is_told_from_where_on_there_is_something)
{
	struct source source;
	struct reader reader;

	source_init(&source, SECONDS);
	reader_init(&reader);
	ck_assert_int_eq(tap_read(source.tap, 0, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.n, 0);
	for (int i = 0; i < 200; i++)
		put(&source, BLOCK, 0, false, NULL);
	ck_assert_int_eq(tap_read(source.tap, 5, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.from, reader.reading.oldest);
	ck_assert(is_sound(&reader.reading));
	/* two seconds are there, and no more than a few blocks beyond */
	ck_assert_uint_ge(source.next - reader.reading.oldest, (uint64_t)(SECONDS * RATE_HZ));
	ck_assert_uint_le(source.next - reader.reading.oldest, (uint64_t)(SECONDS * RATE_HZ) + 3 * BLOCK);
	ck_assert_uint_eq(reader.reading.next, source.next);
	/* what is still to come is nothing yet */
	ck_assert_int_eq(tap_read(source.tap, source.next + 9, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.n, 0);
	free(reader.memory);
	source_free(&source);
}
END_TEST

START_TEST(accounts_say_what_was_lost_and_where)
{
	struct source source;
	struct reader reader;

	source_init(&source, SECONDS);
	reader_init(&reader);
	put(&source, 100, 0, true, NULL);
	put(&source, 50, 7, false, NULL);
	put(&source, 60, 3, true, NULL);
	ck_assert_int_eq(tap_read(source.tap, 0, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.blocks, 3);
	ck_assert_uint_eq(reader.reading.block[1].lost, 7);
	ck_assert_uint_eq(reader.reading.block[1].lost_total, 7);
	ck_assert(!reader.reading.block[1].restarted && reader.reading.block[2].restarted);
	ck_assert_uint_eq(reader.reading.block[2].lost_total, 10);
	ck_assert_uint_eq(reader.reading.block[2].restarts, 2);
	/* who begins within a block is not told of what was lost before it */
	ck_assert_int_eq(tap_read(source.tap, 110, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.block[0].first, 110);
	ck_assert_uint_eq(reader.reading.block[0].lost, 0);
	ck_assert(llabs(reader.reading.block[0].t_ns - llround(157 / RATE_HZ * 1e9)) <= 1);
	free(reader.memory);
	source_free(&source);
}
END_TEST

START_TEST(window_is_told_with_its_last_scan)
{
	struct tap_window window = { .cycle = 4, .first = 130, .n = 120, .rate_hz = RATE_HZ };
	struct source source;
	struct reader reader;

	source_init(&source, SECONDS);
	reader_init(&reader);
	put(&source, 100, 0, false, NULL);
	put(&source, 100, 0, false, &window);	/* from 130 scans before its end on: 70 .. 189 */
	reader.reading.room = 180;
	ck_assert_int_eq(tap_read(source.tap, 0, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.windows, 0);
	ck_assert_int_eq(tap_read(source.tap, 180, &reader.reading), 0);
	ck_assert_uint_eq(reader.reading.windows, 1);
	ck_assert_uint_eq(reader.reading.window[0].first, 70);
	ck_assert_uint_eq(reader.reading.window[0].cycle, 4);
	free(reader.memory);
	source_free(&source);
}
END_TEST

START_TEST(scan_is_found_by_its_time)
{
	struct source source;

	source_init(&source, SECONDS);
	for (int i = 0; i < 30; i++)
		put(&source, BLOCK, 0, false, NULL);
	/* scan k was taken at (k + 1) / rate */
	for (uint64_t k = source.next - 3000; k < source.next; k += 77)
		ck_assert_uint_eq(tap_find(source.tap, llround(((double)k + 0.5) / RATE_HZ * 1e9)), k);
	ck_assert_uint_eq(tap_find(source.tap, llround((source.t_s + 1) * 1e9)), source.next);
	source_free(&source);
}
END_TEST

struct concurrent {
	struct tap *tap;
	atomic_bool ended;
	atomic_ulong wrong, scans, overtaken;
};

static void *follow(void *argument)
{
	struct concurrent *shared = argument;
	struct reader reader;
	uint64_t next = 0;

	reader_init(&reader);
	for (bool last = false; !last;) {
		last = atomic_load(&shared->ended);
		if (tap_read(shared->tap, next, &reader.reading))
			continue;
		if (!is_sound(&reader.reading) || reader.reading.from < next)
			atomic_fetch_add(&shared->wrong, 1);
		if (reader.reading.n && reader.reading.from > next)
			atomic_fetch_add(&shared->overtaken, 1);
		atomic_fetch_add(&shared->scans, reader.reading.n);
		if (reader.reading.n)
			next = reader.reading.from + reader.reading.n;
	}
	free(reader.memory);
	return NULL;
}

START_TEST(readers_beside_a_fast_writer_never_get_a_scan_that_was_overwritten)
{
	struct concurrent shared = { .tap = NULL };
	pthread_t reader[READERS];
	struct source source;

	source_init(&source, 1.0);
	shared.tap = source.tap;
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&reader[i], NULL, follow, &shared), 0);
	for (unsigned i = 0; i < BLOCKS_CONCURRENT; i++)
		put(&source, BLOCK, 0, false, NULL);
	atomic_store(&shared.ended, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	ck_assert_uint_eq(atomic_load(&shared.wrong), 0);
	ck_assert_uint_gt(atomic_load(&shared.scans), 0);
	source_free(&source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tap");
	TCase *tcase = tcase_create("tap");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, reader_that_keeps_up_gets_every_scan_once);
	tcase_add_test(tcase, reader_that_is_late_is_told_from_where_on_there_is_something);
	tcase_add_test(tcase, accounts_say_what_was_lost_and_where);
	tcase_add_test(tcase, window_is_told_with_its_last_scan);
	tcase_add_test(tcase, scan_is_found_by_its_time);
	tcase_add_test(tcase, readers_beside_a_fast_writer_never_get_a_scan_that_was_overwritten);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
