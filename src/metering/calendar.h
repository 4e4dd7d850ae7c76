/*
 * calendar - seconds since 1970-01-01 00:00:00 to date and time and back, in the proleptic Gregorian
 * calendar, without leap seconds and time zones.  Pure.
 */
#ifndef METERING_CALENDAR_H
#define METERING_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar {
	int year;		/* 1970 .. */
	int month, day;		/* 1..12, 1..31 */
	int hour, minute, second;
};

/* `seconds` >= 0. */
void calendar_from_seconds(int64_t seconds, struct calendar *calendar);

/* Of a valid date and time, year >= 1970. */
int64_t calendar_to_seconds(const struct calendar *calendar);

/* Is it a day that exists and a time within it? */
bool calendar_valid(const struct calendar *calendar);

/* "2026-02-28T23:59:59Z" and its NUL into text[21]; `seconds` of the years 1970 to 9999. */
void calendar_text(int64_t seconds, char text[21]);

#endif
