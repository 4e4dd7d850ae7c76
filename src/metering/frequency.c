#include "metering/frequency.h"

#include <math.h>

#include "metering/spectrum.h"

/*
 * Seed: phase advance over 10 ms between two 0.1 s Hann windows at 55 Hz.  The
 * main lobe (+-20 Hz) holds any mains frequency; image and harmonics leak at most
 * 1e-3, a few 10 mHz, and the range without ambiguity is +-50 Hz.
 */
#define SEED_HZ		55.0
#define SEED_WINDOW_S	0.1
#define SEED_STEP_S	0.01
#define REFINEMENTS	2
/* Of the signal's power, what the fundamental must hold to be one. */
#define FUNDAMENTAL_SHARE_MIN 0.02

static double wrap_turns(double turns)
{
	return turns - round(turns);
}

static double turns_between(struct phasor from, struct phasor to)
{
	return atan2(to.im * from.re - to.re * from.im, to.re * from.re + to.im * from.im) / (2 * M_PI);
}

static struct phasor seed_phasor(const double *x, unsigned n, double mean, double turns_per_sample)
{
	struct phasor sum = { 0, 0 };
	double step_re = cos(2 * M_PI * turns_per_sample), step_im = -sin(2 * M_PI * turns_per_sample);
	double hann_re = cos(2 * M_PI / n), hann_im = sin(2 * M_PI / n);
	double re = 1, im = 0, hre = cos(M_PI / n), him = sin(M_PI / n), t;

	for (unsigned i = 0; i < n; i++) {
		double v = (x[i] - mean) * (1 - hre);

		sum.re += v * re;
		sum.im += v * im;
		t = re * step_re - im * step_im;
		im = re * step_im + im * step_re;
		re = t;
		t = hre * hann_re - him * hann_im;
		him = hre * hann_im + him * hann_re;
		hre = t;
	}
	return sum;
}

static double frequency_seed(const double *x, unsigned length, double mean, double rate_hz)
{
	unsigned n = (unsigned)llround(SEED_WINDOW_S * rate_hz), step = (unsigned)llround(SEED_STEP_S * rate_hz);
	unsigned from = (length - n - step) / 2;
	double at = SEED_HZ / rate_hz;
	struct phasor first = seed_phasor(x + from, n, mean, at);
	struct phasor second = seed_phasor(x + from + step, n, mean, at);

	/* each phasor refers to its own start: the carrier turned by at * step between them */
	return at + wrap_turns(turns_between(first, second) - at * step) / step;
}

double frequency_estimate(const struct window *window, const double *x, double mean, double rms, double rate_hz, double *scratch)
{
	unsigned n = window->slope_length, half = n / 2, apart = window->length - n;
	double *even[2] = { scratch, scratch + n }, *odd[2] = { scratch + half, scratch + n + half };
	double *cosine = scratch + 2 * n, *sine = cosine + half, *weighted = cosine;
	double f, amplitude2 = 0;

	if (!(rms > 0))
		return NAN;
	f = frequency_seed(x, window->length, mean, rate_hz);
	for (int w = 0; w < 2; w++) {
		spectrum_weigh(x + w * apart, mean, window->slope_weight, n, weighted);
		spectrum_fold(weighted, half, even[w], odd[w]);
	}
	for (int k = 0; k < REFINEMENTS; k++) {
		struct phasor first, second;

		spectrum_oscillator(f, half, cosine, sine);
		first = spectrum_phasor(even[0], odd[0], cosine, sine, half);
		second = spectrum_phasor(even[1], odd[1], cosine, sine, half);
		f += wrap_turns(turns_between(first, second) - f * apart) / apart;
		amplitude2 = first.re * first.re + first.im * first.im + second.re * second.re + second.im * second.im;
	}
	/* rms^2 of the fundamental, mean of the two: |sum / sum of weights|^2 x 2 */
	amplitude2 /= window->slope_gain * window->slope_gain;
	if (!(amplitude2 > FUNDAMENTAL_SHARE_MIN * rms * rms) || f * rate_hz < 35 || f * rate_hz > 75)
		return NAN;
	return f;
}
