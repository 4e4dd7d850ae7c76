/*
 * calibration - gains and delays of a phase's two channels from what a reference meter read beside this one.
 *
 * At each point of load the reference gives V, I and P of the phase, the meter the same and how its P depends on a delay between its two
 * channels.  With gains gv, gi and the delay x (what the current's channel lags beyond what is corrected), the least squares of
 *     gv V / Vref - 1,   gi I / Iref - 1,   (gv gi P(x) - Pref) / (Vref Iref)
 * over all points are found (Gauss-Newton).  Only the delay between the two channels of a phase shows in its power; that of one
 * phase against another does not.
 *
 * Pure.
 */
#ifndef METERING_CALIBRATION_H
#define METERING_CALIBRATION_H

#include "metering/moments.h"

#define CALIBRATION_POINTS_MAX 20
/* A delay is told by a point whose reactive power is at least so much of the apparent: a PF of 0.95. */
#define CALIBRATION_REACTIVE_MIN 0.3
/* At one of less, current of another phase may have the same P: which it is, a point of at least this PF tells. */
#define CALIBRATION_REAL_MIN 0.9
/* A gain further from 1 is a wrong ratio, not an error of a part. */
#define CALIBRATION_GAIN_ODD 0.2
#define CALIBRATION_DELAY_MOST_US 400.0

struct calibration_point {
	double reference_v, reference_a, reference_w;	/* > 0, > 0, any */
	double v, a, w;		/* the meter's, rms and mean */
	/* P with the current's channel corrected by x us more: p1 cos(2 pi hz x) + q1 sin(2 pi hz x) + (w - p1) + slope x + bend x^2 */
	double hz, p1, q1, slope, bend;		/* W, W per us, W per us^2; slope and bend are those of the harmonics */
};

enum calibration_verdict {
	CALIBRATION_GOOD,
	CALIBRATION_NO_REACTIVE,	/* no point tells the delay */
	CALIBRATION_NO_REAL,		/* no point tells that voltage and current are of one phase */
	CALIBRATION_REVERSED,		/* P of meter and reference differ in sign: a transformer is turned around, or phases exchanged */
	CALIBRATION_RATIO,		/* a gain beyond CALIBRATION_GAIN_ODD: a ratio is wrong, or the range of the reference */
	CALIBRATION_DELAY,		/* a delay beyond CALIBRATION_DELAY_MOST_US: phases exchanged and a transformer turned around */
};

struct calibration {
	double voltage_gain, current_gain;	/* to be multiplied with those in force */
	double delay_us;			/* to be added to that of the current's channel */
	/* Largest error of V, I, P among the points, as parts of the reference's V, I, VI: as found, and with the three applied. */
	double found[3], left[3];
	enum calibration_verdict verdict;	/* what is wrong first; the rest is computed all the same */
};

/* The power that the meter would read at this point with these. */
double calibration_power(const struct calibration_point *point, double voltage_gain, double current_gain, double delay_us);

/* `n` points, 1..CALIBRATION_POINTS_MAX. */
void calibration_solve(const struct calibration_point *points, int n, struct calibration *calibration);

/*
 * What the meter read of one phase, from one window's moments: as they are, and with the current's channel corrected by step_us more and
 * less, which tells how P depends on it.  Fills all but the reference's of *point.
 */
void calibration_read(const struct moments *now, const struct moments *more, const struct moments *less, double step_us, int phase,
		      struct calibration_point *point);

#endif
