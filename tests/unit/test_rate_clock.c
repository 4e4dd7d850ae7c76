/* The rate found against a clock of which the test knows the error, and the choice among rates on offer. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adc/rate_check.h"
#include "adc/rate_clock.h"
#include "adc/rate_list.h"
#include "lib/check_main.h"

enum { BLOCK = 126 };

struct source {
	struct rate_clock clock;
	double true_hz, at_s, drift_per_s;	/* relative */
	unsigned seed;
	bool exact;
	double worst_step;			/* relative change of the rate from block to block */
};

static double chance(struct source *source)
{
	source->seed ^= source->seed << 13;
	source->seed ^= source->seed >> 17;
	source->seed ^= source->seed << 5;
	return source->seed / 4294967296.0;
}

static unsigned seed_of_day(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	printf("SEED=%u\n", seed);
	return seed ? seed : 1;
}

static void start(struct source *source, double nominal_hz, double ppm)
{
	rate_clock_init(&source->clock, nominal_hz);
	source->true_hz = nominal_hz * (1 + ppm * 1e-6);
	source->at_s = 100;
	source->worst_step = 0;
	source->exact = false;
	source->drift_per_s = 0;
	source->seed = seed_of_day();
}

/* Blocks for so long, each late by chance: mostly little, up to 8 ms; or on time. */
static void run(struct source *source, double seconds)
{
	double end_s = source->at_s + seconds;

	while (source->at_s < end_s) {
		double before_hz = rate_clock_hz(&source->clock), late_s;

		source->true_hz *= 1 + source->drift_per_s * BLOCK / source->true_hz;
		source->at_s += BLOCK / source->true_hz;
		late_s = source->exact ? 0 : 20e-6 + 8e-3 * pow(chance(source), 3);
		rate_clock_add(&source->clock, BLOCK, llround((source->at_s + late_s) * 1e9));
		source->worst_step = fmax(source->worst_step, fabs(rate_clock_hz(&source->clock) / before_hz - 1));
	}
}

static double error_ppm(const struct source *source)
{
	return (rate_clock_hz(&source->clock) / source->true_hz - 1) * 1e6;
}

START_TEST(the_rate_begins_as_told)
{
	struct source source;

	start(&source, 2520, 300);
	ck_assert_double_eq(rate_clock_hz(&source.clock), 2520);
	run(&source, 1);
	ck_assert_double_eq(rate_clock_hz(&source.clock), 2520);
}
END_TEST

START_TEST(exact_times_give_the_rate_to_1_ppm_in_45_s)
{
	struct source source;

	start(&source, 2520, 200);
	source.exact = true;
	run(&source, 45);
	ck_assert_double_eq_tol(error_ppm(&source), 0, 1);
	ck_assert_double_le(source.worst_step, 10e-6);
}
END_TEST

START_TEST(a_crystal_is_known_to_1_ppm_after_three_minutes)
{
	static const double errors_ppm[] = { 0, 80, -100, 30 };
	struct source source;

	for (int i = 0; i < 4; i++) {
		start(&source, 2520, errors_ppm[i]);
		run(&source, 180);
		ck_assert_double_lt(fabs(error_ppm(&source)), 1);
		run(&source, 600);
		ck_assert_double_lt(fabs(error_ppm(&source)), 0.3);
		ck_assert_double_lt(source.worst_step, 3e-6);
	}
}
END_TEST

START_TEST(an_rc_oscillator_off_by_a_percent_is_found_without_a_jump)
{
	struct source source;

	start(&source, 10000, 15000);
	run(&source, 240);
	ck_assert_double_lt(fabs(error_ppm(&source)), 1);
	/* 126 scans of 12.6 ms, 8 ms late, at a time constant of 2 s at least */
	ck_assert_double_lt(source.worst_step, 15000e-6 * 0.0206 / 2);
}
END_TEST

START_TEST(a_warming_crystal_is_followed)
{
	struct source source;

	start(&source, 2520, 50);
	run(&source, 600);
	source.drift_per_s = 10e-6 / 3600;	/* 10 ppm an hour */
	run(&source, 1800);
	ck_assert_double_lt(fabs(error_ppm(&source)), 1);
}
END_TEST

START_TEST(counted_losses_do_not_disturb)
{
	struct source source;

	start(&source, 2520, 40);
	run(&source, 300);
	for (int i = 0; i < 20; i++) {
		source.at_s += 777 / source.true_hz;
		rate_clock_add(&source.clock, 777, llround(source.at_s * 1e9));
		run(&source, 7);
		ck_assert_double_lt(fabs(error_ppm(&source)), 0.5);
	}
}
END_TEST

START_TEST(breaks_of_unknown_length_keep_what_was_learnt)
{
	struct source source;

	start(&source, 2520, -60);
	run(&source, 200);
	for (int i = 0; i < 10; i++) {
		rate_clock_break(&source.clock);
		source.at_s += 3.3 * i + 0.12345;
		run(&source, 23);
		ck_assert_double_lt(fabs(error_ppm(&source)), 2);
	}
	run(&source, 300);
	ck_assert_double_lt(fabs(error_ppm(&source)), 0.5);
}
END_TEST

START_TEST(a_loss_that_nobody_saw_is_not_taken_for_a_slower_crystal)
{
	struct source source;

	start(&source, 2520, 20);
	run(&source, 300);
	source.at_s += 0.3;
	run(&source, 60);
	ck_assert_double_lt(fabs(error_ppm(&source)), 1);
}
END_TEST

START_TEST(the_lowest_rate_that_reaches_is_chosen)
{
	static const struct {
		const char *text;
		double wanted_hz, hz;
	} cases[] = {
		{ "1000 2000 4000 8000\n", 2520, 4000 }, { "8000 4000 2000 1000", 2520, 4000 },
		{ "1000 2000", 2520, 2000 }, { "2520 5040", 2520, 2520 }, { "2519.9999 5040", 2520, 2519.9999 },
		{ "2519 5040.25", 2520, 5040.25 }, { "15.625 250 500 1000 2000 4000", 600, 1000 },
		{ "[1000 500 256000]", 2520, 3000 }, { "[1 1 100000]", 2520, 2520 }, { " [ 10 0.1 5000 ]\n", 2520.05, 2520.1 },
		{ "[4000 1 8000]", 2520, 4000 }, { "[1 1 2000]", 2520, 2000 }, { "[100 1000 2600]", 2520, 2600 },
		{ "[0 40 10000]", 2520, 2520 }, { "[0 30 10000]", 2500, 2520 }, { "0 3000", 2520, 3000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		double hz = 0;

		ck_assert_int_eq(rate_list_choose(cases[i].text, cases[i].wanted_hz, &hz), 0);
		ck_assert_double_eq_tol(hz, cases[i].hz, 1e-6);
	}
}
END_TEST

START_TEST(what_is_no_list_of_rates_is_refused)
{
	static const char *const texts[] = { "", " \n", "fast", "1000 fast", "[1 2]", "[1 2 3", "[3 1 2]", "[1 -1 9]", "0", "nan", "inf", "-5" };
	double hz;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert_int_eq(rate_list_choose(texts[i], 2520, &hz), -EINVAL);
}
END_TEST

/* ---- rate_check ---- */

enum kind { EVEN, SHARED, ARRIVALS };

static double part_of(unsigned *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed / 4294967296.0;
}

/* A converter of true_hz whose blocks of n come in until the rate is told; so many of a thousand blocks lose up to 50 scans. */
static double told_rate(enum kind kind, double stated_hz, double true_hz, unsigned n, unsigned lossy, unsigned seed, double *after_s)
{
	static struct rate_check check;
	static int64_t stamps[4096];
	uint64_t number = 0;
	double interrupt_s = 0, hz = 0;

	rate_check_init(&check, stated_hz);
	while (hz == 0) {
		if (part_of(&seed) * 1000 < lossy)
			number += (uint64_t)(part_of(&seed) * 50);
		for (unsigned i = 0; i < n; i++) {
			double at_s = (double)++number / true_hz;

			while (interrupt_s < at_s)
				interrupt_s += (part_of(&seed) < 0.02 ? 0.009 : 4 / true_hz) * (0.5 + 0.5 * part_of(&seed));
			at_s = kind == SHARED ? interrupt_s : at_s + (part_of(&seed) - 0.5) * 0.1 / true_hz;
			stamps[i] = llround(at_s * 1e9);
		}
		*after_s = (double)number / true_hz;
		hz = rate_check_add(&check, kind == ARRIVALS ? NULL : stamps, n, llround((*after_s + part_of(&seed) * 4e-3) * 1e9));
	}
	return hz;
}

START_TEST(a_stated_rate_that_is_true_is_kept_and_any_other_is_found)
{
	static const double off[] = { 1, 1.002, 0.995, 1.015, 0.98, 1.25, 1.587, 0.397, 1000, 0.001, 10 };
	unsigned seed = seed_of_day();

	for (unsigned k = 0; k < 11 * 12; k++) {
		enum kind kind = (enum kind)(k % 3);
		double stated_hz = k % 2 ? 2520 : 4000, true_hz = stated_hz * off[k / 12], after_s;
		double hz, near = kind == EVEN ? 0.006 : 0.012;

		if (true_hz < 600 || true_hz > 100000) {
			stated_hz = true_hz;
			true_hz = k % 2 ? 2520 : 4000;
		}
		hz = told_rate(kind, stated_hz, true_hz, true_hz > 20000 ? 2000 : 126, 0, seed + k * 7919, &after_s);
		if (fabs(true_hz / stated_hz - 1) < 0.0055 && kind == EVEN)
			ck_assert_double_eq(hz, stated_hz);
		ck_assert_msg(fabs(hz / true_hz - 1) < near, "kind %u: stated %g, true %g: told %g", kind, stated_hz, true_hz, hz);
		ck_assert_double_lt(after_s, kind == EVEN ? 0.5 : 3.5);
	}
}
END_TEST

START_TEST(even_stamps_tell_the_rate_although_scans_are_lost_all_the_time)
{
	unsigned seed = seed_of_day();

	for (unsigned k = 0; k < 40; k++) {
		double after_s, hz = told_rate(EVEN, 2520, 4000, 16 + 16 * (k % 8), 500, seed + k * 104729, &after_s);

		ck_assert_msg(fabs(hz / 4000 - 1) < 0.006, "%g", hz);
	}
}
END_TEST

START_TEST(scans_that_tell_no_rate_are_told_to_be_such)
{
	static const int64_t standing[16];
	static struct rate_check check;
	double hz = 0;
	unsigned n = 0;

	rate_check_init(&check, 2520);
	for (; hz == 0 && n < 2000; n++)
		hz = rate_check_add(&check, standing, 16, n * INT64_C(6349206));
	ck_assert_double_eq(hz, -EIO);
	ck_assert_uint_lt(n, 1500);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_rate_begins_as_told,
		exact_times_give_the_rate_to_1_ppm_in_45_s,
		a_crystal_is_known_to_1_ppm_after_three_minutes,
		an_rc_oscillator_off_by_a_percent_is_found_without_a_jump,
		a_warming_crystal_is_followed,
		counted_losses_do_not_disturb,
		breaks_of_unknown_length_keep_what_was_learnt,
		a_loss_that_nobody_saw_is_not_taken_for_a_slower_crystal,
		the_lowest_rate_that_reaches_is_chosen,
		what_is_no_list_of_rates_is_refused,
		a_stated_rate_that_is_true_is_kept_and_any_other_is_found,
		even_stamps_tell_the_rate_although_scans_are_lost_all_the_time,
		scans_that_tell_no_rate_are_told_to_be_such,
	};
	Suite *suite = suite_create("rate_clock");
	TCase *tcase = tcase_create("rate_clock");

	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
