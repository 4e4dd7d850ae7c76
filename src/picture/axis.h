/*
 * axis - the scale beside a diagram: where its ticks are and how they are labelled.  Ticks are 1, 2 or 5 times a power of ten apart,
 * those of time at whole minutes, hours, days.
 *
 * Pure.
 */
#ifndef PICTURE_AXIS_H
#define PICTURE_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AXIS_TICKS_MAX 40
#define AXIS_LABEL_MAX 24		/* bytes of a label with its NUL */

struct axis {
	double low, high;		/* the ends, low < high */
	double step;			/* from tick to tick */
	unsigned ticks;
	double tick[AXIS_TICKS_MAX];	/* upwards, within the ends */
	int decimals;			/* of the labels */
	int exponent;			/* labels are in units of ten to this: 3 = kilo, -3 = milli, 0 */
	bool time;			/* values are seconds since 1970 UTC; labels are the time at offset_s */
	int64_t offset_s;		/* local time less UTC */
};

/*
 * The axis that holds low..high with ends at ticks, and at most `wanted` (2..AXIS_TICKS_MAX - 1) steps; equal ends are moved apart, zero
 * is included then.  0, or -EINVAL: not finite, or low > high; then the axis is 0..1.
 */
int axis_round(struct axis *axis, double low, double high, unsigned wanted);

/* The same with its ends as they are, the ticks within them. */
int axis_exact(struct axis *axis, double low, double high, unsigned wanted);

/*
 * Seconds since 1970 UTC (0 <= from < to), ends as they are, ticks at whole minutes, hours, days or weeks of local time.  `offset_s`:
 * local time less UTC, of the whole axis.  0, or -EINVAL; then the axis is the first hour of 1970.
 */
int axis_time(struct axis *axis, int64_t from_s, int64_t to_s, int64_t offset_s, unsigned wanted);

/* Labels in thousands, millions .. or thousandths .. of the unit, as the larger end asks for; not for times. */
void axis_use_prefix(struct axis *axis);

/* "−50", "0.25"; "14:30", at midnight "27 Nov".  A minus is U+2212. */
void axis_label(const struct axis *axis, unsigned tick, char label[AXIS_LABEL_MAX]);

/* "kA" of "A". */
void axis_unit(const struct axis *axis, const char *unit, char *text, size_t size);

/* Where a value is: 0 at the low end, 1 at the high one; outside also less and more. */
double axis_part(const struct axis *axis, double value);

#endif
