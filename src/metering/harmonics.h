/*
 * harmonics - what is in the waves of the six channels: fundamental and harmonics to the 21st, THD, rms, DC and crest.
 *
 * Fundamental and rms are those of the meter (moments.h), over the second of the window.  Harmonics are taken from the 0.3 s in
 * its middle, each at its own frequency, a multiple of the measured one: a window that is not tied to cycles or to 50 or 60 Hz,
 * with side lobes below -130 dB, in the place of the 10 or 12 cycles of IEC 61000-4-7.  No groups are formed: what stands between
 * the harmonics belongs to none.
 *
 * Pure.
 */
#ifndef METERING_HARMONICS_H
#define METERING_HARMONICS_H

#include "metering/moments.h"
#include "metering/window.h"

#define HARMONICS_MAX 21

/* NAN: not known.  Units are those of the samples. */
struct harmonics_channel {
	double dc;			/* mean */
	double rms;			/* without the mean, as the meter measures; 0 for a dead channel */
	double peak;			/* the largest distance of a sample from the mean */
	double crest;			/* peak / rms; NAN for a dead channel */
	struct phasor fundamental;	/* rms, phase at the window's centre */
	/*
	 * rms of the harmonic in parts of the fundamental, [1] is 1, [0] is not used.  NAN: at or beyond half the sample rate or so
	 * close to it that no algorithm tells it from its image; or no fundamental (below 2 % of the channel's power).
	 */
	double part[HARMONICS_MAX + 1];
	double thd;			/* root of the sum of the squares of part[2..highest]: THD-F; NAN where highest < 2 */
};

struct harmonics {
	double rate_hz, hz;		/* hz NAN: no fundamental was found, so neither are harmonics */
	unsigned highest;		/* all harmonics up to this are known, <= HARMONICS_MAX; 0: none */
	struct harmonics_channel channel[ADC_CHANNELS];
};

/*
 * From a full window at the true rate.  The frequency is looked for in the voltages, then in the currents.  errors: what the
 * channels lag, and the droop of their filter, which phasors, rms, harmonics and THD are corrected for (peak and crest are not).
 */
void harmonics_compute(const struct window *window, double rate_hz, const struct channel_errors *errors, struct harmonics *harmonics);

#endif
