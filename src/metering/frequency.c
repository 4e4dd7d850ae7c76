#include "metering/frequency.h"

#include <math.h>

#include "metering/spectrum.h"

/*
 * Seed: the signal is brought down by 55 Hz and summed in blocks of 2.5 ms; Hann windows of 40 blocks (main lobe
 * +-20 Hz) are laid every 10 ms over the whole window, and the phase advance from each to the next is
 * averaged with the power as weight.  So stretches where the signal is gone, or is just coming back, do not
 * count.  Good to some 10 mHz under harmonics; unambiguous to +-50 Hz.
 */
#define SEED_HZ		55.0
#define BLOCK_S		0.0025
#define BLOCKS_A_STEP	4
#define BLOCKS_A_WINDOW	40
#define REFINEMENTS	2
/* Of the signal's power, what the fundamental must hold to be one. */
#define FUNDAMENTAL_SHARE_MIN 0.02
/* Power in one sub-window beside that in the other, above which neither tells the phase of the whole. */
#define UNSTEADY_RATIO	4.0

static double wrap_turns(double turns)
{
	return turns - round(turns);
}

static struct phasor advance(struct phasor from, struct phasor to)
{
	return (struct phasor){ to.re * from.re + to.im * from.im, to.im * from.re - to.re * from.im };
}

static double turns_of(struct phasor p)
{
	return atan2(p.im, p.re) / (2 * M_PI);
}

static double power_of(struct phasor p)
{
	return p.re * p.re + p.im * p.im;
}

/* Block sums of x brought down by 55 Hz, re and im apart; returns their number. */
static unsigned down_blocks(const double *x, unsigned length, double mean, double rate_hz, double *re, double *im)
{
	unsigned n = (unsigned)fmax(1, round(BLOCK_S * rate_hz)), blocks = length / n;
	double w = 2 * M_PI * SEED_HZ / rate_hz, *cosine = re + blocks, *sine = im + blocks;
	struct phasor turn = { 1, 0 }, step = { cos(w * n), -sin(w * n) };

	for (unsigned k = 0; k < n; k++) {
		cosine[k] = cos(w * k);
		sine[k] = sin(w * k);
	}
	for (unsigned b = 0; b < blocks; b++) {
		double sum_re = 0, sum_im = 0;

		for (unsigned k = 0; k < n; k++) {
			double v = x[b * n + k] - mean;

			sum_re += v * cosine[k];
			sum_im -= v * sine[k];
		}
		re[b] = sum_re * turn.re - sum_im * turn.im;
		im[b] = sum_im * turn.re + sum_re * turn.im;
		turn = phasor_multiply(turn, step);
	}
	return blocks;
}

static double frequency_seed(const double *x, unsigned length, double mean, double rate_hz, double *scratch)
{
	double *re = scratch, *im = scratch + length, hann[BLOCKS_A_WINDOW];
	unsigned blocks = down_blocks(x, length, mean, rate_hz, re, im);
	struct phasor last = { 0, 0 }, sum = { 0, 0 };

	for (unsigned k = 0; k < BLOCKS_A_WINDOW; k++)
		hann[k] = 1 - cos(2 * M_PI * (k + 0.5) / BLOCKS_A_WINDOW);
	for (unsigned b = 0; b + BLOCKS_A_WINDOW <= blocks; b += BLOCKS_A_STEP) {
		struct phasor now = { spectrum_dot(hann, re + b, BLOCKS_A_WINDOW), spectrum_dot(hann, im + b, BLOCKS_A_WINDOW) };
		struct phasor step = advance(last, now);

		sum.re += step.re;
		sum.im += step.im;
		last = now;
	}
	return SEED_HZ / rate_hz + turns_of(sum) / (BLOCKS_A_STEP * fmax(1, round(BLOCK_S * rate_hz)));
}

struct frequency frequency_estimate(const struct window *window, const double *x, double mean, double rms, double rate_hz,
				    double *scratch)
{
	unsigned n = window->slope_length, half = n / 2, apart = window->length - n;
	double *even[2] = { scratch, scratch + n }, *odd[2] = { scratch + half, scratch + n + half };
	double *cosine = scratch + 2 * n, *sine = cosine + half, *weighted = cosine;
	double seed, f, power[2] = { 0, 0 };
	struct frequency none = { NAN, false };

	if (!(rms > 0))
		return none;
	f = seed = frequency_seed(x, window->length, mean, rate_hz, scratch);
	for (int w = 0; w < 2; w++) {
		spectrum_weigh(x + w * apart, mean, window->slope_weight, n, weighted);
		spectrum_fold(weighted, half, even[w], odd[w]);
	}
	for (int k = 0; k < REFINEMENTS; k++) {
		struct phasor first, second;

		spectrum_oscillator(f, half, cosine, sine);
		first = spectrum_phasor(even[0], odd[0], cosine, sine, half);
		second = spectrum_phasor(even[1], odd[1], cosine, sine, half);
		f += wrap_turns(turns_of(advance(first, second)) - f * apart) / apart;
		/* rms^2 of the fundamental: |sum / sum of weights|^2 x 2 */
		power[0] = 2 * power_of(first) / (window->slope_gain * window->slope_gain);
		power[1] = 2 * power_of(second) / (window->slope_gain * window->slope_gain);
	}
	if (!(power[0] + power[1] > 2 * FUNDAMENTAL_SHARE_MIN * rms * rms) || f * rate_hz < 35 || f * rate_hz > 75)
		return none;
	if (fmax(power[0], power[1]) > UNSTEADY_RATIO * fmin(power[0], power[1]))
		return (struct frequency){ seed, false };
	return (struct frequency){ f, true };
}
