/* Local days against the calendar of zones written out, by rule: no file of time zones is needed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/report_days.h"
#include "lib/check_main.h"

#define H 3600
/* 2026-03-28 23:00 UTC and 2026-10-24 22:00 UTC: midnights of the Sundays on which the clocks of middle Europe are changed. */
#define SPRING INT64_C(1774738800)
#define AUTUMN INT64_C(1792879200)

static void zone(const char *rule)
{
	setenv("TZ", rule, 1);
	tzset();
}

START_TEST(days_on_which_the_clock_is_changed_have_23_and_25_hours)
{
	int64_t bound[REPORT_SPANS_MAX + 1];
	enum report_unit unit;

	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	ck_assert_uint_eq(report_days_divide(SPRING - 24 * H, SPRING + 47 * H, bound, &unit), 3);
	ck_assert_int_eq(unit, REPORT_DAY);
	ck_assert_int_eq(bound[1], SPRING);
	ck_assert_int_eq(bound[2], SPRING + 23 * H);
	ck_assert_int_eq(bound[3], SPRING + 47 * H);
	ck_assert_int_eq(report_days_begin(AUTUMN + 24 * H + 1, REPORT_DAY, 0), AUTUMN);
	ck_assert_int_eq(report_days_begin(AUTUMN, REPORT_DAY, 1), AUTUMN + 25 * H);
	ck_assert_int_eq(report_days_begin(AUTUMN, REPORT_DAY, -6), AUTUMN - 6 * 24 * H);
}
END_TEST

/* Where the clock goes from 24:00 to 01:00 the day begins at one. */
START_TEST(a_day_without_midnight_begins_with_its_first_second)
{
	zone("XST3XDT,M3.5.0/0,M10.5.0/0");
	/* 2026-03-29 00:00 of UTC-3 is 03:00 UTC */
	ck_assert_int_eq(report_days_begin(SPRING + 20 * H, REPORT_DAY, 0), SPRING + 4 * H);
	ck_assert_int_eq(report_days_begin(SPRING, REPORT_DAY, 1), SPRING + 4 * H);
	ck_assert_int_eq(report_days_begin(SPRING + 20 * H, REPORT_DAY, 1), SPRING + 4 * H + 23 * H);
}
END_TEST

START_TEST(longer_periods_are_divided_by_weeks_months_and_years)
{
	static const struct {
		int days;
		enum report_unit unit;
		unsigned n;
	} cases[] = {	/* from Thursday 2026-01-01 */
		{ 1, REPORT_DAY, 1 }, { 31, REPORT_DAY, 31 }, { 32, REPORT_WEEK, 5 }, { 4 + 30 * 7, REPORT_WEEK, 31 },
		{ 4 + 30 * 7 + 1, REPORT_MONTH, 8 }, { 365, REPORT_MONTH, 12 }, { 2191, REPORT_YEAR, 6 },
	};
	char text[REPORT_TIME_MAX];

	zone("UTC0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t bound[REPORT_SPANS_MAX + 1], from_s = 1767225600, to_s = from_s + cases[i].days * INT64_C(86400);
		enum report_unit unit;

		ck_assert_uint_eq(report_days_divide(from_s, to_s, bound, &unit), cases[i].n);
		ck_assert_int_eq(unit, cases[i].unit);
		ck_assert_int_eq(bound[0], from_s);
		ck_assert_int_eq(bound[cases[i].n], to_s);
	}
	report_days_label(1767225600 + 4 * 86400, REPORT_WEEK, text);
	ck_assert_str_eq(text, "2026-01-05 to 01-11");
}
END_TEST

START_TEST(local_times_become_utc)
{
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	ck_assert_int_eq(report_days_from_local(SPRING + H), SPRING);		/* the digits of midnight */
	ck_assert_int_eq(report_days_from_local(AUTUMN + 2 * H), AUTUMN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("days of a report");
	TCase *cases = tcase_create("days");

	suite_add_tcase(suite, cases);
	tcase_add_test(cases, days_on_which_the_clock_is_changed_have_23_and_25_hours);
	tcase_add_test(cases, a_day_without_midnight_begins_with_its_first_second);
	tcase_add_test(cases, longer_periods_are_divided_by_weeks_months_and_years);
	tcase_add_test(cases, local_times_become_utc);
	return check_main_run(suite);
}
