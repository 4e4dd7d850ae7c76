/*
 * rate_check - is a converter's stated rate its true one?  Pure.
 *
 * Drivers count in kHz, hardware is strapped otherwise than configured, and some devices state no rate at all.  All that is measured
 * hangs on the rate, so the first scans after an open are looked at before any is delivered:
 *
 *   - stamps that are a period apart tell the rate at once, also when scans are missing among them;
 *   - of all other stamps, and of the arrivals where there are none, each may be late but hardly early: the slope of
 *     their lower edge over 1.5 s is good to half a percent.  Both halves of that time must agree, else it is tried again.
 */
#ifndef ADC_RATE_CHECK_H
#define ADC_RATE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_CHECK_STAMPS = 256, RATE_CHECK_POINTS = 80 };

struct rate_check {
	double stated_hz;
	bool started;
	int64_t begin_ns;		/* arrival */
	int64_t stamp_ns[RATE_CHECK_STAMPS];	/* the first ones */
	unsigned stamps;
	uint64_t n;			/* scans so far */
	struct {
		uint64_t n;
		int64_t ns;
	} point[RATE_CHECK_POINTS];	/* 25 ms apart at least */
	unsigned points, tries;
	double best_hz;			/* highest rate of any half: that with the fewest scans lost */
};

void rate_check_init(struct rate_check *check, double stated_hz);

/*
 * n more scans, which arrived at arrival_ns; stamp_ns is NULL where there are no stamps.  Returns
 * 0: not to be told yet; the stated rate, when the true one is within 1 % of it; else the true rate, rounded to 4 digits (to 3 from
 * uneven stamps or arrivals).  -EIO: not to be told within 8 s, or in four attempts.
 */
double rate_check_add(struct rate_check *check, const int64_t *stamp_ns, unsigned n, int64_t arrival_ns);

#endif
