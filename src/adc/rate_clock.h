/*
 * rate_clock - the true rate of a converter against CLOCK_MONOTONIC.  Pure.
 *
 * A crystal is off by some 50 ppm, an RC oscillator by a percent; energy and frequency would be off as much.  Blocks arrive late by
 * milliseconds of scheduling but never early, so of each 5 s only the earliest arrival counts, and the rate is
 * the slope of a straight line through the last 60 of these points (least squares; 5 minutes).  With 20 blocks a second,
 * each up to several milliseconds late, it is good to 1 ppm after two or three minutes.  The rate given out glides towards
 * that slope with a time constant of 10 s, of 2 s where the points lie so well on the line that they know it; it starts at the
 * nominal rate and never jumps.
 */
#ifndef ADC_RATE_CLOCK_H
#define ADC_RATE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_CLOCK_POINTS = 60 };

struct rate_clock_point {
	uint64_t n;		/* scans */
	int64_t ns;		/* arrival of the newest of them */
	unsigned segment;	/* only points of the same segment are on one line */
};

struct rate_clock {
	double nominal_hz, target_hz, rate_hz, glide_s;
	uint64_t n;
	int64_t last_ns;
	bool running;		/* last_ns and the bucket are valid */
	unsigned segment;
	int64_t bucket_end_ns;
	struct rate_clock_point best;	/* of the bucket */
	bool has_best;
	struct rate_clock_point point[RATE_CLOCK_POINTS];
	unsigned points, next;
};

void rate_clock_init(struct rate_clock *clock, double nominal_hz);

/* `scans` more since the last call, those known to be lost included; the newest arrived at now_ns. */
void rate_clock_add(struct rate_clock *clock, uint64_t scans, int64_t now_ns);

/* An unknown number of scans is missing between the last call and the next.  What was learnt of the rate stays. */
void rate_clock_break(struct rate_clock *clock);

/* Scans per second. */
double rate_clock_hz(const struct rate_clock *clock);

#endif
