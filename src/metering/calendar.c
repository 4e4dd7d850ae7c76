#include "metering/calendar.h"

#include <stdio.h>

#define S_PER_DAY 86400
#define DAYS_PER_ERA 146097		/* 400 years */
#define YEARS_PER_ERA 400
#define EPOCH_DAY 719468		/* 1970-01-01, counted from 0000-03-01 */

/*
 * Years are counted from 1 March here, so that the leap day is a year's last and the lengths of the months
 * before it, 31 30 31 30 31 31 30 31 30 31 31, are the steps of (153 m + 2) / 5.
 */
void calendar_from_seconds(int64_t seconds, struct calendar *calendar)
{
	int64_t day = seconds / S_PER_DAY + EPOCH_DAY;
	int rest = (int)(seconds % S_PER_DAY);
	int64_t era = day / DAYS_PER_ERA;
	int of_era = (int)(day % DAYS_PER_ERA);
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153;

	calendar->day = of_year - (153 * month + 2) / 5 + 1;
	calendar->month = month < 10 ? month + 3 : month - 9;
	calendar->year = (int)(era * YEARS_PER_ERA) + year + (calendar->month <= 2);
	calendar->hour = rest / 3600;
	calendar->minute = rest / 60 % 60;
	calendar->second = rest % 60;
}

int64_t calendar_to_seconds(const struct calendar *calendar)
{
	int year = calendar->month <= 2 ? calendar->year - 1 : calendar->year;
	int month = calendar->month <= 2 ? calendar->month + 9 : calendar->month - 3;
	int of_era = year % YEARS_PER_ERA;
	int64_t day = (int64_t)(year / YEARS_PER_ERA) * DAYS_PER_ERA + 365 * of_era + of_era / 4 - of_era / 100 +
		      (153 * month + 2) / 5 + calendar->day - 1 - EPOCH_DAY;

	return day * S_PER_DAY + calendar->hour * 3600 + calendar->minute * 60 + calendar->second;
}

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap(year));
}

bool calendar_valid(const struct calendar *calendar)
{
	return calendar->year >= 1970 && calendar->month >= 1 && calendar->month <= 12 &&
	       calendar->day >= 1 && calendar->day <= month_days(calendar->year, calendar->month) &&
	       calendar->hour >= 0 && calendar->hour <= 23 && calendar->minute >= 0 && calendar->minute <= 59 &&
	       calendar->second >= 0 && calendar->second <= 59;
}

void calendar_text(int64_t seconds, char text[21])
{
	struct calendar c;

	calendar_from_seconds(seconds, &c);
	/* The remainders change nothing; they tell the compiler how long the text can get. */
	snprintf(text, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)c.year % 10000, (unsigned)c.month % 100,
		 (unsigned)c.day % 100, (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
}
