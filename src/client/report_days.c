#include "client/report_days.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "metering/calendar.h"

static void local(int64_t t_s, struct tm *tm)
{
	time_t t = (time_t)t_s;

	if (!localtime_r(&t, tm))
		*tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
}

static int64_t date_number(int64_t t_s)
{
	struct tm tm;

	local(t_s, &tm);
	return (tm.tm_year * 16 + tm.tm_mon) * 64 + tm.tm_mday;
}

/* Not every day has a midnight, but every date has a first second.  `tm` may be out of range. */
static int64_t first_second(struct tm tm)
{
	int64_t late, early, date;

	tm.tm_hour = 12;
	tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	late = mktime(&tm);
	early = late - 36 * 3600;
	date = date_number(late);
	while (late - early > 1) {
		int64_t middle = early + (late - early) / 2;

		if (date_number(middle) >= date)
			late = middle;
		else
			early = middle;
	}
	return late;
}

int64_t report_days_begin(int64_t t_s, enum report_unit unit, int steps)
{
	struct tm tm;

	local(t_s, &tm);
	switch (unit) {
	case REPORT_DAY:
		tm.tm_mday += steps;
		break;
	case REPORT_WEEK:
		tm.tm_mday += 7 * steps - (tm.tm_wday + 6) % 7;
		break;
	case REPORT_MONTH:
		tm.tm_mday = 1;
		tm.tm_mon += steps;
		break;
	case REPORT_YEAR:
		tm.tm_mday = 1;
		tm.tm_mon = 0;
		tm.tm_year += steps;
		break;
	}
	return first_second(tm);
}

unsigned report_days_divide(int64_t from_s, int64_t to_s, int64_t bound[REPORT_SPANS_MAX + 1], enum report_unit *unit)
{
	for (int which = REPORT_DAY; which <= REPORT_YEAR; which++) {
		unsigned n = 0;
		int64_t at_s = from_s;

		*unit = (enum report_unit)which;
		while (at_s < to_s && n < REPORT_SPANS_MAX) {
			bound[n++] = at_s;
			at_s = report_days_begin(at_s, *unit, 1);
		}
		if (at_s < to_s)
			continue;
		bound[n] = to_s;
		return n;
	}
	return 0;
}

int64_t report_days_from_local(int64_t as_utc_s)
{
	struct calendar calendar;
	struct tm tm = { .tm_isdst = -1 };

	calendar_from_seconds(as_utc_s, &calendar);
	tm.tm_year = calendar.year - 1900;
	tm.tm_mon = calendar.month - 1;
	tm.tm_mday = calendar.day;
	tm.tm_hour = calendar.hour;
	tm.tm_min = calendar.minute;
	tm.tm_sec = calendar.second;
	return mktime(&tm);
}

void report_days_time(int64_t t_s, char text[REPORT_TIME_MAX])
{
	struct tm tm;

	local(t_s, &tm);
	snprintf(text, REPORT_TIME_MAX, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

void report_days_label(int64_t t_s, enum report_unit unit, char text[REPORT_TIME_MAX])
{
	struct tm tm, end;

	local(t_s, &tm);
	local(report_days_begin(t_s, REPORT_WEEK, 1) - 1, &end);
	if (unit == REPORT_YEAR)
		snprintf(text, REPORT_TIME_MAX, "%04d", tm.tm_year + 1900);
	else if (unit == REPORT_MONTH)
		snprintf(text, REPORT_TIME_MAX, "%04d-%02d", tm.tm_year + 1900, tm.tm_mon + 1);
	else if (unit == REPORT_WEEK)
		snprintf(text, REPORT_TIME_MAX, "%04d-%02d-%02d to %02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, end.tm_mon + 1,
			 end.tm_mday);
	else
		snprintf(text, REPORT_TIME_MAX, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void report_days_short(int64_t t_s, enum report_unit unit, char text[REPORT_TIME_MAX])
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	local(t_s, &tm);
	if (unit == REPORT_YEAR)
		snprintf(text, REPORT_TIME_MAX, "%04d", tm.tm_year + 1900);
	else if (unit == REPORT_MONTH)
		snprintf(text, REPORT_TIME_MAX, "%s %04d", months[tm.tm_mon], tm.tm_year + 1900);
	else
		snprintf(text, REPORT_TIME_MAX, "%d %s", tm.tm_mday, months[tm.tm_mon]);
}

void report_days_zone(int64_t t_s, char text[REPORT_TIME_MAX])
{
	struct tm tm;
	long minutes;

	local(t_s, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	snprintf(text, REPORT_TIME_MAX, "%.20s, UTC%c%02ld:%02ld", tm.tm_zone ? tm.tm_zone : "", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
		 minutes % 60);
}
