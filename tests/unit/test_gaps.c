/* Losses told from stamps: a made stream knows which of its scans it left out. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adc/gaps.h"
#include "lib/check_main.h"

enum { MOST = 1 << 20, BLOCK = 126 };

/* Evenly stamped; some a stamp; each its own, late by chance; some a stamp from before they were taken. */
enum kind { REGULAR, SHARED, LATE, EARLY };

struct stream {
	enum kind kind;
	double rate_hz, true_hz;	/* as told; as it is */
	double jitter_s;		/* of regular stamps, either way */
	double hole_s;			/* longest time between interrupts */
	double slow;			/* part of the interrupts that are handled late */
	unsigned seed;
	double interrupt_s, tick_s, handled_s;
	uint64_t number;		/* of the next scan, lost ones counted */
	int64_t base_ns;
};

/* What came out: losses told, and where. */
struct account {
	uint64_t lost, scans, waited_most;
	unsigned gaps, restarts, misplaced, tolerance;
};

static struct gaps gaps;
static int64_t stamps[MOST];
static uint64_t numbers[MOST];
static unsigned waiting;
static uint64_t last_number;

static double chance(struct stream *stream)
{
	/* xorshift: the same on every machine */
	stream->seed ^= stream->seed << 13;
	stream->seed ^= stream->seed >> 17;
	stream->seed ^= stream->seed << 5;
	return stream->seed / 4294967296.0;
}

static int64_t next_stamp(struct stream *stream)
{
	double at_s = (double)stream->number / stream->true_hz;

	switch (stream->kind) {
	case REGULAR:
		at_s += (chance(stream) - 0.5) * 2 * stream->jitter_s;
		break;
	case SHARED:
		while (stream->interrupt_s < at_s)
			stream->interrupt_s += chance(stream) < 0.02 ? stream->hole_s * chance(stream)
					: 4 / stream->rate_hz * (0.9 + 0.2 * chance(stream));
		at_s = stream->interrupt_s;
		break;
	case LATE:
		/* mostly prompt, now and then a hole that is made up for */
		if (stream->interrupt_s < at_s)
			stream->interrupt_s = at_s + (chance(stream) < 0.01 ? stream->hole_s * chance(stream) : 0);
		else
			stream->interrupt_s += 5e-6;
		at_s = stream->interrupt_s;
		break;
	case EARLY:
		/* a FIFO of eight: its interrupt is stamped, later all that is in it by then is read */
		while (stream->handled_s < at_s) {
			stream->tick_s += 8 / stream->rate_hz;
			stream->interrupt_s = stream->tick_s + (chance(stream) < 0.02 ? stream->hole_s * chance(stream) : 0);
			stream->interrupt_s = fmax(stream->interrupt_s, stream->handled_s + 10e-6);
			stream->handled_s = stream->interrupt_s + 20e-6 + (chance(stream) < stream->slow ? 0.005 * chance(stream) : 0);
		}
		at_s = stream->interrupt_s;
		break;
	}
	return stream->base_ns + llround(at_s * 1e9);
}

static void start(struct stream *stream)
{
	gaps_init(&gaps, stream->rate_hz);
	waiting = 0;
	last_number = 0;
}

/* All runs that can be told; each scan's true number shows whether a loss was placed where it was. */
static void drain(struct account *account, uint64_t most_lost)
{
	struct gap gap;
	unsigned run;

	while ((run = gaps_next(&gaps, stamps, waiting, most_lost, &gap)) > 0) {
		uint64_t missing = numbers[0] - last_number - 1;

		account->lost += gap.lost;
		account->gaps += gap.lost > 0;
		account->restarts += gap.restarted;
		account->scans += run;
		if (account->tolerance == 0 && account->scans > run && !gap.restarted)
			account->misplaced += missing != gap.lost;
		for (unsigned i = 1; i < run && account->tolerance == 0; i++)
			account->misplaced += numbers[i] != numbers[i - 1] + 1;
		last_number = numbers[run - 1];
		waiting -= run;
		memmove(stamps, stamps + run, waiting * sizeof(*stamps));
		memmove(numbers, numbers + run, waiting * sizeof(*numbers));
	}
	if (waiting > account->waited_most)
		account->waited_most = waiting;
}

static void feed(struct stream *stream, struct account *account, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		stamps[waiting] = next_stamp(stream);
		numbers[waiting++] = stream->number++;
		if (i % BLOCK == BLOCK - 1 || i == n - 1)
			drain(account, UINT64_MAX);
	}
}

static void lose(struct stream *stream, uint64_t n)
{
	stream->number += n;
}

static unsigned seed_of_day(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	printf("SEED=%u\n", seed);
	return seed ? seed : 1;
}

static void ck_all_told(const struct account *account, uint64_t lost)
{
	ck_assert_uint_eq(account->lost, lost);
	ck_assert_uint_eq(account->restarts, 1);
	ck_assert_uint_eq(account->misplaced, 0);
}

START_TEST(lost_scans_of_even_stamps_are_counted_where_they_are_missing)
{
	static const unsigned losses[] = { 1, 2, 777, 1, 25200, 3 };
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .jitter_s = 20e-6, .seed = 1 };
	struct account account = { 0 };
	uint64_t lost = 0;

	start(&stream);
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		feed(&stream, &account, 2520 * 3 + 17 * (unsigned)i);
		lose(&stream, losses[i]);
		lost += losses[i];
	}
	feed(&stream, &account, 2520);
	ck_all_told(&account, lost);
	ck_assert_uint_eq(account.gaps, 6);
	ck_assert_uint_eq(waiting, 0);
}
END_TEST

START_TEST(random_losses_of_even_stamps_are_counted_to_the_scan)
{
	static const double rates[] = { 600, 2520, 10000, 100000 };
	unsigned seed = seed_of_day();

	for (unsigned k = 0; k < 40; k++) {
		double rate_hz = rates[k % 4];
		struct stream stream = { .rate_hz = rate_hz, .seed = seed + k * 7919,
			.jitter_s = 0.1 / rate_hz, .base_ns = INT64_C(1600000000000000000) };
		struct account account = { 0 };
		uint64_t lost = 0;

		stream.true_hz = rate_hz * (1 + (chance(&stream) - 0.5) * 0.02);
		start(&stream);
		feed(&stream, &account, 2520);
		for (unsigned i = 0; i < 20; i++) {
			unsigned n = 1 + (unsigned)(chance(&stream) * (i % 2 ? 5 : 800));

			lose(&stream, n);
			lost += n;
			feed(&stream, &account, 20 + (unsigned)(chance(&stream) * 3000));
		}
		ck_all_told(&account, lost);
	}
}
END_TEST

START_TEST(every_second_scan_lost_is_counted)
{
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .seed = 5 };
	struct account account = { 0 };

	start(&stream);
	feed(&stream, &account, 2520);
	for (unsigned i = 0; i < 200; i++) {
		lose(&stream, 1);
		feed(&stream, &account, 1);
	}
	feed(&stream, &account, 2520);
	ck_all_told(&account, 200);
}
END_TEST

START_TEST(stamps_of_interrupts_give_no_false_loss)
{
	unsigned seed = seed_of_day();

	for (unsigned k = 0; k < 20; k++) {
		struct stream stream = { .kind = k % 2 ? SHARED : LATE, .rate_hz = 2520, .true_hz = 2520 * (1 + (k % 5 - 2.0) * 50e-6),
			.hole_s = 0.009, .seed = seed + k * 104729 };
		struct account account = { .tolerance = 1 };

		start(&stream);
		feed(&stream, &account, 2520 * 60);
		ck_all_told(&account, 0);
		ck_assert_uint_le(account.waited_most, 2520);
		ck_assert_uint_ge(account.scans + waiting, 2520 * 60);
	}
}
END_TEST

START_TEST(losses_under_stamps_of_interrupts_are_counted_to_the_scan)
{
	unsigned seed = seed_of_day();

	for (unsigned k = 0; k < 20; k++) {
		struct stream stream = { .kind = k % 2 ? SHARED : LATE, .rate_hz = 2520, .true_hz = 2520 * (1 + (k % 5 - 2.0) * 50e-6),
			.hole_s = 0.009, .seed = seed + k * 15485863 };
		struct account account = { .tolerance = 1 };
		uint64_t lost = 0;

		start(&stream);
		feed(&stream, &account, 2520 * 10);
		for (unsigned i = 0; i < 20; i++) {
			unsigned n = 1 + (unsigned)(chance(&stream) * (i % 2 ? 3 : 777));

			lose(&stream, n);
			lost += n;
			feed(&stream, &account, 2520 + (unsigned)(chance(&stream) * 2520));
		}
		ck_all_told(&account, lost);
		ck_assert_uint_ge(account.gaps, 20);
	}
}
END_TEST

START_TEST(losses_soon_after_the_start_of_stamps_of_interrupts_are_counted_but_for_one_in_forty)
{
	unsigned wrong = 0;

	for (unsigned k = 0; k < 200; k++) {
		double rate_hz = k % 3 ? 4000 : 2520;
		struct stream stream = { .kind = k % 2 ? SHARED : LATE, .rate_hz = rate_hz, .true_hz = rate_hz * (1 + (k % 5 - 2.0) * 50e-6),
			.hole_s = 0.009, .seed = 1 + k * 15485863 };
		struct account account = { .tolerance = 1 };
		unsigned n = k % 7 ? 2 : 8;

		start(&stream);
		feed(&stream, &account, (unsigned)(rate_hz * (2.2 + 2 * chance(&stream))));
		lose(&stream, n);
		feed(&stream, &account, (unsigned)(3 * rate_hz));
		wrong += account.lost != n;
		ck_assert_int_le(llabs((long long)(account.lost - n)), 2);
		ck_assert_uint_eq(account.restarts, 1);
	}
	ck_assert_uint_le(wrong, 200 / 40);
}
END_TEST

START_TEST(stamps_from_before_the_scans_give_no_false_loss)
{
	for (unsigned k = 0; k < 40; k++) {
		struct stream stream = { .kind = EARLY, .rate_hz = 2520, .true_hz = 2520 * (1 + (k % 5 - 2.0) * 50e-6),
			.hole_s = 0.012, .slow = 0.01 * (1 + k % 8), .seed = 1 + k * 15485863 };
		struct account account = { .tolerance = 1 };

		start(&stream);
		feed(&stream, &account, 2520 * 60);
		ck_all_told(&account, 0);
		ck_assert_uint_ge(account.scans + waiting, 2520 * 60);
	}
}
END_TEST

START_TEST(losses_longer_than_stamps_are_early_are_counted_nearly)
{
	for (unsigned k = 0; k < 20; k++) {
		struct stream stream = { .kind = EARLY, .rate_hz = 2520, .true_hz = 2520, .hole_s = 0.009, .slow = 0.02,
			.seed = 1 + k * 104729 };
		struct account account = { .tolerance = 1 };
		uint64_t lost = 0;

		start(&stream);
		feed(&stream, &account, 2520 * 10);
		for (unsigned i = 0; i < 20; i++) {
			unsigned n = 50 + (unsigned)(chance(&stream) * 777);

			lose(&stream, n);
			lost += n;
			feed(&stream, &account, 2520 + (unsigned)(chance(&stream) * 2520));
		}
		ck_assert_int_le(llabs((long long)(account.lost - lost)), 20 * 26);
		ck_assert_uint_ge(account.gaps, 18);
	}
}
END_TEST

START_TEST(a_late_burst_longer_than_the_horizon_is_no_loss)
{
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .seed = 9 };
	struct account account = { 0 };
	unsigned n = 400;	/* 159 ms in one go, as from a FIFO that was read late */

	start(&stream);
	feed(&stream, &account, 2520);
	for (unsigned i = 0; i < n; i++) {
		stamps[waiting] = llround((double)(stream.number + n - 1 - i) / 2520 * 1e9);
		numbers[waiting++] = stream.number++;
		drain(&account, UINT64_MAX);
	}
	feed(&stream, &account, 2520);
	ck_all_told(&account, 0);
}
END_TEST

START_TEST(a_clock_set_back_restarts)
{
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .seed = 3, .base_ns = INT64_C(5000000000) };
	struct account account = { 0 };

	start(&stream);
	feed(&stream, &account, 1000);
	stream.base_ns -= 2000000000;
	feed(&stream, &account, 1000);
	ck_assert_uint_eq(account.restarts, 2);
	ck_assert_uint_eq(account.lost, 0);
	ck_assert_uint_eq(account.scans, 2000);
}
END_TEST

START_TEST(stamps_that_claim_more_than_time_allows_restart)
{
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .seed = 3 };
	struct account account = { 0 };

	start(&stream);
	feed(&stream, &account, 1000);
	lose(&stream, 2520 * 3600);
	for (unsigned i = 0; i < BLOCK; i++) {
		stamps[waiting] = next_stamp(&stream);
		numbers[waiting++] = stream.number++;
	}
	drain(&account, 3000);
	ck_assert_uint_eq(account.restarts, 2);
	ck_assert_uint_eq(account.lost, 0);
	ck_assert_uint_eq(waiting, 0);
}
END_TEST

START_TEST(any_stamps_at_all_are_delivered_in_the_end)
{
	struct stream stream = { .rate_hz = 2520, .true_hz = 2520, .seed = seed_of_day() };
	struct account account = { .tolerance = 1 };

	start(&stream);
	for (unsigned i = 0; i < 20000; i++) {
		double kind = chance(&stream);

		stamps[waiting] = kind < 0.3 ? INT64_MAX : kind < 0.6 ? INT64_MIN : (int64_t)((chance(&stream) - 0.5) * 1e19);
		numbers[waiting++] = i;
		drain(&account, 1000);
		ck_assert_uint_le(waiting, gaps_most_waiting(&gaps));
	}
}
END_TEST

START_TEST(without_stamps_a_lasting_loss_is_counted_from_arrivals)
{
	struct stream stream = { .seed = seed_of_day() };
	struct arrivals arrivals;
	uint64_t lost = 0;
	double at_s = 0;

	arrivals_init(&arrivals);
	for (unsigned i = 0; i < 20 * 60; i++) {
		at_s += BLOCK / 2520.0;
		if (i == 400)
			at_s += 762 / 2520.0;
		/* late by up to 5 ms, once by a second that is made up for */
		lost += arrivals_add(&arrivals, BLOCK, llround((at_s + chance(&stream) * 5e-3 + (i == 200)) * 1e9), 2520);
	}
	ck_assert_int_le(llabs((long long)lost - 762), 8);
}
END_TEST

START_TEST(without_stamps_jitter_and_a_wrong_rate_are_no_loss)
{
	struct stream stream = { .seed = seed_of_day() };
	struct arrivals arrivals;

	arrivals_init(&arrivals);
	for (unsigned i = 0; i < 20 * 600; i++) {
		double at_s = i * BLOCK / (2520 * (1 - 100e-6));

		ck_assert_uint_eq(arrivals_add(&arrivals, BLOCK, llround((at_s + chance(&stream) * 8e-3) * 1e9), 2520), 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		lost_scans_of_even_stamps_are_counted_where_they_are_missing,
		random_losses_of_even_stamps_are_counted_to_the_scan,
		every_second_scan_lost_is_counted,
		stamps_of_interrupts_give_no_false_loss,
		losses_under_stamps_of_interrupts_are_counted_to_the_scan,
		losses_soon_after_the_start_of_stamps_of_interrupts_are_counted_but_for_one_in_forty,
		stamps_from_before_the_scans_give_no_false_loss,
		losses_longer_than_stamps_are_early_are_counted_nearly,
		a_late_burst_longer_than_the_horizon_is_no_loss,
		a_clock_set_back_restarts,
		stamps_that_claim_more_than_time_allows_restart,
		any_stamps_at_all_are_delivered_in_the_end,
		without_stamps_a_lasting_loss_is_counted_from_arrivals,
		without_stamps_jitter_and_a_wrong_rate_are_no_loss,
	};
	Suite *suite = suite_create("gaps");
	TCase *tcase = tcase_create("gaps");

	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
