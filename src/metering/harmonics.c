#include "metering/harmonics.h"

#include <math.h>

/* Of a channel's power, what its fundamental must hold to be one: as for the frequency.  Less is noise, or a THD above 700 %. */
#define FUNDAMENTAL_SHARE_MIN 0.02

static void clear(struct harmonics *harmonics, double rate_hz)
{
	*harmonics = (struct harmonics){ .rate_hz = rate_hz, .hz = NAN };
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct harmonics_channel *channel = &harmonics->channel[c];

		*channel = (struct harmonics_channel){ .dc = NAN, .rms = NAN, .peak = NAN, .crest = NAN, .thd = NAN,
						       .fundamental = { NAN, NAN } };
		for (int h = 0; h <= HARMONICS_MAX; h++)
			channel->part[h] = NAN;
	}
}

static void measure_samples(const struct window *window, int c, double rms, struct harmonics_channel *channel)
{
	const double *x = window->scans[c];
	double peak = 0;

	channel->dc = spectrum_dot(window->weight, x, window->length) / window->hop;
	for (unsigned n = 0; n < window->length; n++)
		peak = fmax(peak, fabs(x[n] - channel->dc));
	/* a constant differs from its mean by roundings only */
	if (peak <= 1e-12 * fabs(channel->dc))
		rms = peak = 0;
	channel->rms = rms;
	channel->peak = peak;
	channel->crest = rms > 0 ? peak / rms : NAN;
}

/* Where the scratch arrays of the window go. */
static double *even_of(const struct window *window, int c)
{
	return window->work + (size_t)c * window->length;
}

static double *odd_of(const struct window *window, int c)
{
	return even_of(window, c) + window->harmonic_length / 2;
}

static void fold_middle(const struct window *window, const struct harmonics *harmonics)
{
	unsigned n = window->harmonic_length, from = (window->length - n) / 2;
	double *weighted = window->work + (size_t)ADC_CHANNELS * window->length;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		spectrum_weigh(window->scans[c] + from, harmonics->channel[c].dc, window->harmonic_weight, n, weighted);
		spectrum_fold(weighted, n / 2, even_of(window, c), odd_of(window, c));
	}
}

/* The true rms of harmonic h of each channel; `turns` is its frequency in cycles a sample. */
static void measure_harmonic(const struct window *window, const struct channel_errors *errors, double rate_hz, double turns,
			     struct moments_image image, double rms[ADC_CHANNELS])
{
	unsigned half = window->harmonic_length / 2;
	double *cosine = window->work + (size_t)ADC_CHANNELS * window->length, *sine = cosine + window->length;

	spectrum_oscillator(turns, half, cosine, sine);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct phasor p = spectrum_phasor(even_of(window, c), odd_of(window, c), cosine, sine, half);
		struct phasor correction = moments_correction(errors, c, turns, rate_hz);

		rms[c] = sqrt(2) / window->harmonic_gain * hypot(p.re / (1 + image.phasor), p.im / (1 - image.phasor)) *
			 hypot(correction.re, correction.im);
	}
}

static bool has_fundamental(const struct harmonics_channel *channel)
{
	double squared = phasor_dot(channel->fundamental, channel->fundamental);

	return channel->rms > 0 && squared >= FUNDAMENTAL_SHARE_MIN * channel->rms * channel->rms;
}

static void measure_parts(const struct window *window, const struct channel_errors *errors, double cycles_per_sample,
			  struct harmonics *harmonics)
{
	double first[ADC_CHANNELS], squares[ADC_CHANNELS] = { 0 };

	fold_middle(window, harmonics);
	for (int h = 1; h <= HARMONICS_MAX && h * cycles_per_sample < 0.5; h++) {
		struct moments_image image = moments_image_of(window, h * cycles_per_sample, harmonics->rate_hz);
		double rms[ADC_CHANNELS], *now = h == 1 ? first : rms;

		if (fabs(image.phasor) > MOMENTS_IMAGE_PART_MAX)
			break;
		measure_harmonic(window, errors, harmonics->rate_hz, h * cycles_per_sample, image, now);
		harmonics->highest = (unsigned)h;
		for (int c = 0; c < ADC_CHANNELS; c++) {
			struct harmonics_channel *channel = &harmonics->channel[c];

			if (!has_fundamental(channel) || !(first[c] > 0))
				continue;
			channel->part[h] = now[c] / first[c];
			if (h == 1)
				continue;
			squares[c] += channel->part[h] * channel->part[h];
			channel->thd = sqrt(squares[c]);
		}
	}
}

void harmonics_compute(const struct window *window, double rate_hz, const struct channel_errors *errors, struct harmonics *harmonics)
{
	static const struct frequency_reference references[] = { { { 1, 0, 0 } }, { { 0, 1, 0 } }, { { 0, 0, 1 } } };
	struct moments moments;

	clear(harmonics, rate_hz);
	moments_compute(window, rate_hz, errors, references, sizeof(references) / sizeof(references[0]), 0, &moments);
	if (!moments_finite(&moments))
		return;
	for (int c = 0; c < ADC_CHANNELS; c++)
		measure_samples(window, c, sqrt(fmax(moments.product[c][c], 0)), &harmonics->channel[c]);
	if (!moments.steady)
		return;
	harmonics->hz = moments.cycles_per_sample * rate_hz;
	for (int c = 0; c < ADC_CHANNELS; c++)
		harmonics->channel[c].fundamental = moments.fundamental[c];
	measure_parts(window, errors, moments.cycles_per_sample, harmonics);
}
