/*
 * moments - what one window says of the six channels, before any wiring is considered:
 * means of products, fundamental phasors, frequency.  Every quantity of the meter follows from these.
 *
 * Units: those of the samples.  Channel errors (delay, droop) are corrected here.
 * Pure.
 */
#ifndef METERING_MOMENTS_H
#define METERING_MOMENTS_H

#include <stdbool.h>

#include "metering/block.h"
#include "metering/spectrum.h"
#include "metering/window.h"

/* Highest harmonic whose phasor is corrected for delay and droop. */
#define MOMENTS_HARMONIC_MAX 20

/* Known errors of the channels. */
struct channel_errors {
	double delay_us[ADC_CHANNELS];	/* what each channel lags */
	unsigned sinc_order;		/* droop of a sinc^order decimation filter at the sample rate */
};

struct moments {
	/* mean of v_i x v_j, v_i x i_j, i_i^2, each channel's mean removed; symmetric, 0 between different currents */
	double product[ADC_CHANNELS][ADC_CHANNELS];
	struct phasor fundamental[ADC_CHANNELS];	/* rms, phase at the window's centre */
	double cycles_per_sample;			/* of the fundamental; NAN when none was found */
	bool frequency_known;				/* it was found in a voltage that was there all the time */
	bool steady;					/* the same, or in a current that was: exact enough for harmonics */
	double rate_hz;					/* true sample rate of the window */
};

/* Weights of the three voltages that make a signal whose frequency is looked for. */
struct frequency_reference {
	double voltage[3];
};

/* rms of such a signal. */
double moments_rms(const struct moments *moments, const double voltage[3]);

/* All moments finite: no sample was NaN, infinite or absurd. */
bool moments_finite(const struct moments *moments);

/* What a phasor of the channel, measured at `turns` cycles a sample, is to be multiplied with to get the true one. */
struct phasor moments_correction(const struct channel_errors *errors, int channel, double turns, double rate_hz);

/*
 * A harmonic close to half the sample rate beats with its own image: the
 * phasor's sums hold phasor and image, and so do the products.
 */
struct moments_image {
	double phasor;		/* the image's part in a phasor of the harmonics' window, -1..1; 0 = out of reach */
	double product;		/* ... and in a product of the whole window */
};

/* Closer to 1 than this and the two cannot be told apart. */
#define MOMENTS_IMAGE_PART_MAX 0.9

struct moments_image moments_image_of(const struct window *window, double turns_per_sample, double rate_hz);

/*
 * The frequency is looked for in the references in their order: first in those whose rms reaches reference_min, then in
 * the others, then in the currents, so that the phasors are right in any case.
 */
void moments_compute(const struct window *window, double rate_hz, const struct channel_errors *errors,
		     const struct frequency_reference *references, unsigned reference_count, double reference_min,
		     struct moments *moments);

#endif
