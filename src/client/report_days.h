/*
 * report_days - days, weeks, months and years of the local time zone, as a report divides its period.  Days of 23 and 25 hours are days.
 *
 * Reads the time zone (TZ); the client's one thread.
 */
#ifndef CLIENT_REPORT_DAYS_H
#define CLIENT_REPORT_DAYS_H

#include <stddef.h>
#include <stdint.h>

#define REPORT_SPANS_MAX 31

enum report_unit { REPORT_DAY, REPORT_WEEK, REPORT_MONTH, REPORT_YEAR };

/* The first second of the local day, week (from Monday), month or year that is `steps` away from the one of t_s. */
int64_t report_days_begin(int64_t t_s, enum report_unit unit, int steps);

/*
 * Divides from_s..to_s at the begins of the smallest unit of which at most REPORT_SPANS_MAX are touched: bound[0] = from_s ..
 * bound[n] = to_s.  Returns n, at least 1; 0 = more than REPORT_SPANS_MAX years.
 */
unsigned report_days_divide(int64_t from_s, int64_t to_s, int64_t bound[REPORT_SPANS_MAX + 1], enum report_unit *unit);

/* What the wall clock of the zone showed at t_s as the UTC of the same digits, and back. */
int64_t report_days_from_local(int64_t as_utc_s);

#define REPORT_TIME_MAX 48
/* "2026-11-27 05:15" in local time; "2026-11-27", "2026-11-23 to 29", "2026-11", "2026" of a span that begins at t_s; "CET, UTC+01:00". */
void report_days_time(int64_t t_s, char text[REPORT_TIME_MAX]);
void report_days_label(int64_t t_s, enum report_unit unit, char text[REPORT_TIME_MAX]);
void report_days_short(int64_t t_s, enum report_unit unit, char text[REPORT_TIME_MAX]);
void report_days_zone(int64_t t_s, char text[REPORT_TIME_MAX]);

#endif
