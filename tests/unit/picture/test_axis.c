/*
 * Ticks against worked examples: what a person would write beside the diagram.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "picture/axis.h"

/* All labels of an axis with a blank between. */
static const char *labels(const struct axis *axis)
{
	static char text[AXIS_TICKS_MAX * AXIS_LABEL_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < axis->ticks; i++) {
		char label[AXIS_LABEL_MAX];

		axis_label(axis, i, label);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", label);
	}
	return text;
}

static const struct example {
	double low, high;
	unsigned wanted;
	const char *round, *exact;
} examples[] = {
	{ 0, 10, 5, "0 2 4 6 8 10", "0 2 4 6 8 10" },
	{ 0, 10, 10, "0 1 2 3 4 5 6 7 8 9 10", "0 1 2 3 4 5 6 7 8 9 10" },
	{ 0, 9.7, 5, "0 2 4 6 8 10", "0 2 4 6 8" },
	{ -392, 392, 4, "−400 −200 0 200 400", "−200 0 200" },
	{ 0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0", "0.0 0.2 0.4 0.6 0.8 1.0" },
	{ 0.3, 0.9, 3, "0.0 0.5 1.0", "0.4 0.6 0.8" },
	{ 49.97, 50.03, 6, "49.97 49.98 49.99 50.00 50.01 50.02 50.03", "49.97 49.98 49.99 50.00 50.01 50.02 50.03" },
	{ 0, 0.1, 2, "0.00 0.05 0.10", "0.00 0.05 0.10" },
	{ 0, 0, 2, "0.0 0.5 1.0", "0.0 0.5 1.0" },
	{ 230, 230, 5, "0 50 100 150 200 250", "0 50 100 150 200" },
	{ -8, -8, 4, "−8 −6 −4 −2 0", "−8 −6 −4 −2 0" },
	{ 1200, 5200, 5, "1000 2000 3000 4000 5000 6000", "2000 3000 4000 5000" },
	{ 3, 17, 2, "0 10 20", "5 10 15" },
};

START_TEST(ticks_stand_where_a_person_would_put_them)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct example *e = &examples[i];
		struct axis axis;

		ck_assert_int_eq(axis_round(&axis, e->low, e->high, e->wanted), 0);
		ck_assert_msg(strcmp(labels(&axis), e->round) == 0, "%g..%g rounded: %s", e->low, e->high, labels(&axis));
		ck_assert_int_eq(axis_exact(&axis, e->low, e->high, e->wanted), 0);
		ck_assert_msg(strcmp(labels(&axis), e->exact) == 0, "%g..%g exactly: %s", e->low, e->high, labels(&axis));
	}
}
END_TEST

START_TEST(large_and_small_values_get_a_prefix)
{
	static const struct {
		double low, high;
		const char *unit, *labels;
	} prefixed[] = {
		{ 0, 9000, "kW", "0 2 4 6 8 10" }, { 0, 999, "kW", "0.0 0.2 0.4 0.6 0.8 1.0" }, { 0, 800, "W", "0 200 400 600 800" },
		{ -1.5e6, 1.5e6, "MW", "−2 −1 0 1 2" }, { 0, 0.016, "mW", "0 5 10 15 20" }, { 0, 0.9, "W", "0.0 0.2 0.4 0.6 0.8 1.0" },
		{ 0, 30000, "kW", "0 10 20 30" }, { 0, 2e13, "TW", "0 5 10 15 20" }, { 0, 4e-6, "µW", "0 1 2 3 4" },
	};

	for (size_t i = 0; i < sizeof(prefixed) / sizeof(*prefixed); i++) {
		struct axis axis;
		char unit[8];

		ck_assert_int_eq(axis_round(&axis, prefixed[i].low, prefixed[i].high, 5), 0);
		axis_use_prefix(&axis);
		axis_unit(&axis, "W", unit, sizeof(unit));
		ck_assert_str_eq(unit, prefixed[i].unit);
		ck_assert_str_eq(labels(&axis), prefixed[i].labels);
	}
}
END_TEST

/* 1606780800 is 2020-12-01 00:00:00 UTC (date -u -d @1606780800). */
#define DECEMBER INT64_C(1606780800)

START_TEST(time_has_ticks_at_whole_hours_and_days_of_the_place)
{
	static const struct {
		int64_t from, to, offset;
		unsigned wanted;
		const char *labels;
	} times[] = {
		{ DECEMBER, DECEMBER + 86400, 0, 8, "1 Dec 03:00 06:00 09:00 12:00 15:00 18:00 21:00 2 Dec" },
		{ DECEMBER, DECEMBER + 86400, 3600, 4, "06:00 12:00 18:00 2 Dec" },
		{ DECEMBER - 60, DECEMBER + 120, 0, 6, "23:59:00 23:59:30 1 Dec 00:00:30 00:01:00 00:01:30 00:02:00" },
		{ DECEMBER + 10, DECEMBER + 3600, 0, 4, "00:15 00:30 00:45 01:00" },
		{ DECEMBER, DECEMBER + 7 * 86400, -5 * 3600, 7, "1 Dec 2 Dec 3 Dec 4 Dec 5 Dec 6 Dec 7 Dec" },
		{ DECEMBER, DECEMBER + 5400, 20700, 3, "06:00 06:30 07:00" },	/* Nepal: 5 h 45 min */
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct axis axis;

		ck_assert_int_eq(axis_time(&axis, times[i].from, times[i].to, times[i].offset, times[i].wanted), 0);
		ck_assert_str_eq(labels(&axis), times[i].labels);
		for (unsigned k = 0; k < axis.ticks; k++)
			ck_assert(axis.tick[k] >= (double)times[i].from && axis.tick[k] <= (double)times[i].to);
	}
}
END_TEST

START_TEST(what_is_no_range_is_told_and_still_gives_an_axis)
{
	static const double bad[][2] = { { 1, 0 }, { NAN, 1 }, { 0, NAN }, { 0, INFINITY }, { -INFINITY, 0 }, { 0, 1e301 } };
	struct axis axis;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(axis_round(&axis, bad[i][0], bad[i][1], 5), -EINVAL);
		ck_assert_str_eq(labels(&axis), "0.0 0.2 0.4 0.6 0.8 1.0");
		ck_assert_int_eq(axis_exact(&axis, bad[i][0], bad[i][1], 5), -EINVAL);
	}
	ck_assert_int_eq(axis_time(&axis, 100, 100, 0, 4), -EINVAL);
	ck_assert_int_eq(axis_time(&axis, -1, 100, 0, 4), -EINVAL);
	ck_assert_str_eq(labels(&axis), "1 Jan 00:15 00:30 00:45 01:00");
}
END_TEST

/* A number with its exponent anywhere from -r to r. */
static double random_value(int r)
{
	return (rand() % 2001 - 1000) / 1000.0 * pow(10, rand() % (2 * r + 1) - r);
}

static void check_any(const struct axis *axis, double low, double high, unsigned wanted, bool round)
{
	double mantissa = axis->step / pow(10, floor(log10(axis->step) + 1e-6));

	ck_assert_msg(fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 || fabs(mantissa - 5) < 1e-6, "%g..%g: step %g", low, high,
		      axis->step);
	ck_assert_uint_le(axis->ticks, wanted + 1);
	ck_assert(axis->low < axis->high);
	for (unsigned i = 1; i < axis->ticks; i++)
		ck_assert(fabs(axis->tick[i] - axis->tick[i - 1] - axis->step) < 1e-6 * axis->step);
	for (unsigned i = 0; i < axis->ticks; i++)
		ck_assert(axis_part(axis, axis->tick[i]) > -1e-6 && axis_part(axis, axis->tick[i]) < 1 + 1e-6);
	if (round) {
		ck_assert_uint_ge(axis->ticks, 2);
		ck_assert(axis->low <= low + 1e-6 * axis->step && axis->high >= high - 1e-6 * axis->step);
	} else if (low < high && high - low > 1e-8 * fmax(fabs(low), fabs(high))) {
		ck_assert(axis->low == low && axis->high == high);
	}
}

START_TEST(any_range_gets_steps_of_1_2_5_that_cover_it)
{
	unsigned seed = 20261127;

	printf("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < 3000; i++) {
		double a = random_value(12), b = random_value(12), low = fmin(a, b), high = fmax(a, b);
		unsigned wanted = 2 + (unsigned)rand() % (AXIS_TICKS_MAX - 2);
		struct axis axis;

		ck_assert_int_eq(axis_round(&axis, low, high, wanted), 0);
		check_any(&axis, low, high, wanted, true);
		ck_assert_int_eq(axis_exact(&axis, low, high, wanted), 0);
		check_any(&axis, low, high, wanted, false);
		axis_use_prefix(&axis);
		for (unsigned k = 0; k < axis.ticks; k++) {
			char label[AXIS_LABEL_MAX];

			axis_label(&axis, k, label);
			ck_assert_uint_gt(strlen(label), 0);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("axis");
	TCase *tcase = tcase_create("axis");

	tcase_add_test(tcase, ticks_stand_where_a_person_would_put_them);
	tcase_add_test(tcase, large_and_small_values_get_a_prefix);
	tcase_add_test(tcase, time_has_ticks_at_whole_hours_and_days_of_the_place);
	tcase_add_test(tcase, what_is_no_range_is_told_and_still_gives_an_axis);
	tcase_add_test(tcase, any_range_gets_steps_of_1_2_5_that_cover_it);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
