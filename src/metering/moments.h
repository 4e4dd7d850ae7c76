/*
 * moments - what one window says of the six channels, before any wiring is considered:
 * means of products, fundamental phasors, frequency.  Every quantity of the meter follows from these.
 *
 * Units: those of the samples.  Channel errors (delay, droop) are corrected here.
 * Pure.
 */
#ifndef METERING_MOMENTS_H
#define METERING_MOMENTS_H

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
};

/*
 * `reference` weighs the three voltages into the signals whose frequency is looked
 * for, in that order, where their rms reaches reference_min; NULL-terminated by
 * count.  When none has a fundamental the currents are tried, so that their
 * phasors are right; *reference_used is then -1, else the index.
 */
struct frequency_reference {
	double voltage[3];
};

void moments_compute(const struct window *window, double rate_hz, const struct channel_errors *errors,
		     const struct frequency_reference *references, unsigned reference_count, double reference_min,
		     struct moments *moments, int *reference_used);

/* Of the weighted sum of voltages that a reference is. */
double moments_voltage_rms(const struct moments *moments, const struct frequency_reference *reference);

#endif
