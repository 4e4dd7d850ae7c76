/*
 * wave - analytic three-phase waveforms and what they amount to.
 *
 * Everything follows from the Fourier coefficients: samples by summing sines,
 * the truth by the textbook formulae, so neither knows how the meter measures.
 */
#ifndef TESTS_LIB_WAVE_H
#define TESTS_LIB_WAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/block.h"

#define WAVE_HARMONICS 24

/* One channel: rms and phase (radians, of a cosine at t = 0) of each harmonic; [0] is DC in rms[0]. */
struct wave_channel {
	double rms[WAVE_HARMONICS + 1], phase[WAVE_HARMONICS + 1];
};

struct wave {
	double hz, rate_hz;
	double delay_us[ADC_CHANNELS];	/* each channel is sampled so much late */
	struct wave_channel channel[ADC_CHANNELS];
	double lsb[ADC_CHANNELS];	/* > 0: quantised to it, after noise of noise_lsb rms */
	double noise_lsb;
	uint64_t seed;
	bool as_float;			/* samples pass through single precision */
};

/* Symmetric three phases: v, i rms of the fundamental, angle by which currents lag, start phase. */
void wave_three_phase(struct wave *wave, double rate_hz, double hz, double v, double i, double lag, double start);

/* Adds harmonic h to all voltages and currents: rms in parts of the fundamental's, phase of it relative to h x fundamental's. */
void wave_add_harmonic(struct wave *wave, int h, double v_part, double i_part, double v_phase, double i_phase);

/* Samples from..from + n - 1 of all channels. */
void wave_fill(const struct wave *wave, uint64_t from, unsigned n, double *const scans[ADC_CHANNELS]);

/* Truth without DC: rms of a channel, of the difference of two, mean product, fundamental reactive power. */
double wave_rms(const struct wave_channel *a);
double wave_difference_rms(const struct wave_channel *a, const struct wave_channel *b);
double wave_power(const struct wave_channel *v, const struct wave_channel *i);
double wave_reactive(const struct wave_channel *v, const struct wave_channel *i);

/* Uniform in 0..1 and standard normal numbers from a seed. */
double wave_uniform(uint64_t *state);
double wave_normal(uint64_t *state);

#endif
