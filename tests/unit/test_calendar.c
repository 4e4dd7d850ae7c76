/* Date and time against the C library's own. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "metering/calendar.h"

#define DAY INT64_C(86400)

static void check_second(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct calendar c;
	struct tm tm;

	gmtime_r(&t, &tm);
	calendar_from_seconds(seconds, &c);
	if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday || c.hour != tm.tm_hour ||
	    c.minute != tm.tm_min || c.second != tm.tm_sec || !calendar_valid(&c) || calendar_to_seconds(&c) != seconds)
		ck_abort_msg("%lld is not %d-%d-%d %d:%d:%d", (long long)seconds, c.year, c.month, c.day, c.hour, c.minute, c.second);
}

START_TEST(every_day_until_2400_is_the_librarys)
{
	for (int64_t day = 0; day <= 157060; day++) {
		check_second(day * DAY);
		check_second(day * DAY + DAY - 1);
	}
}
END_TEST

START_TEST(every_second_of_a_leap_day_is_the_librarys)
{
	for (int64_t s = 1835395200 - 5; s < 1835395200 + DAY + 5; s++)
		check_second(s);
}
END_TEST

/* A day exists when the library, given it, gives it back. */
START_TEST(days_that_do_not_exist_are_not_valid)
{
	for (int year = 1970; year <= 2210; year++)
		for (int month = 0; month <= 13; month++)
			for (int day = 0; day <= 32; day++) {
				struct calendar c = { year, month, day, 12, 0, 0 };
				struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12 };
				bool exists;

				timegm(&tm);
				exists = tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day;
				ck_assert_msg(calendar_valid(&c) == exists, "%d-%d-%d", year, month, day);
			}
}
END_TEST

START_TEST(times_that_do_not_exist_are_not_valid)
{
	static const struct calendar bad[] = {
		{ 2026, 1, 1, 24, 0, 0 }, { 2026, 1, 1, -1, 0, 0 }, { 2026, 1, 1, 0, 60, 0 }, { 2026, 1, 1, 0, -1, 0 },
		{ 2026, 1, 1, 0, 0, 60 }, { 2026, 1, 1, 0, 0, -1 }, { 1969, 12, 31, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert(!calendar_valid(&bad[i]));
}
END_TEST

START_TEST(text_is_iso_8601)
{
	char text[21];

	calendar_text(1835396071, text);
	ck_assert_str_eq(text, "2028-02-29T00:14:31Z");
	calendar_text(0, text);
	ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
	calendar_text(253402300799, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59Z");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calendar");
	TCase *cases = tcase_create("calendar");

	tcase_set_timeout(cases, 60);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, every_day_until_2400_is_the_librarys);
	tcase_add_test(cases, every_second_of_a_leap_day_is_the_librarys);
	tcase_add_test(cases, days_that_do_not_exist_are_not_valid);
	tcase_add_test(cases, times_that_do_not_exist_are_not_valid);
	tcase_add_test(cases, text_is_iso_8601);
	return check_main_run(suite);
}
