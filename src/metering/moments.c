#include "metering/moments.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "metering/frequency.h"

#define VOLTAGES 3

/* Where the scratch arrays of the window go. */
struct scratch {
	double *even[ADC_CHANNELS], *odd[ADC_CHANNELS];	/* half a length each: 6 arrays together */
	double *a;					/* an array for whoever needs it now */
	double *oscillator[3][2];			/* cos and sin of three harmonics, half a length each: 3 arrays */
};

static void scratch_lay_out(struct scratch *scratch, const struct window *window)
{
	double *next = window->work;
	unsigned half = window->length / 2;

	for (int c = 0; c < ADC_CHANNELS; c++, next += window->length) {
		scratch->even[c] = next;
		scratch->odd[c] = next + half;
	}
	for (int h = 0; h < 3; h++, next += window->length) {
		scratch->oscillator[h][0] = next;
		scratch->oscillator[h][1] = next + half;
	}
	scratch->a = next;
}

/*
 * Weighted means and products; leaves the folded weighted samples for the phasors.
 * With its mean taken out, the weighted channel sums to 0: the other one's mean drops out of the product by itself.
 */
static void sum_products(const struct window *window, const struct scratch *scratch, double mean[ADC_CHANNELS],
			 double product[ADC_CHANNELS][ADC_CHANNELS])
{
	unsigned length = window->length;
	double *weighted = scratch->a;

	for (int i = 0; i < ADC_CHANNELS; i++) {
		mean[i] = spectrum_dot(window->weight, window->scans[i], length) / window->hop;
		spectrum_weigh(window->scans[i], mean[i], window->weight, length, weighted);
		for (int j = i; j < ADC_CHANNELS; j++) {
			bool wanted = i < VOLTAGES || i == j;

			product[i][j] = product[j][i] = !wanted ? 0 :
				spectrum_dot(weighted, window->scans[j], length) / window->hop;
		}
		spectrum_fold(weighted, length / 2, scratch->even[i], scratch->odd[i]);
	}
}

double moments_rms(const struct moments *moments, const double voltage[VOLTAGES])
{
	double sum = 0;

	for (int i = 0; i < VOLTAGES; i++)
		for (int j = 0; j < VOLTAGES; j++)
			sum += voltage[i] * voltage[j] * moments->product[i][j];
	return sqrt(fmax(sum, 0));
}

bool moments_finite(const struct moments *moments)
{
	double sum = 0;

	for (int i = 0; i < ADC_CHANNELS; i++)
		for (int j = 0; j < ADC_CHANNELS; j++)
			sum += moments->product[i][j] * 0;
	return sum == 0;
}

static struct frequency voltage_frequency(const struct window *window, double rate_hz, const double voltage[VOLTAGES],
					  const double mean[ADC_CHANNELS], double rms, double *scratch)
{
	double *x = scratch, weighted_mean = 0;

	for (int i = 0; i < VOLTAGES; i++)	/* line to neutral: the samples as they are */
		if (voltage[i] == 1 && voltage[(i + 1) % VOLTAGES] == 0 && voltage[(i + 2) % VOLTAGES] == 0)
			return frequency_estimate(window, window->scans[i], mean[i], rms, rate_hz, scratch);
	for (unsigned n = 0; n < window->length; n++)
		x[n] = voltage[0] * window->scans[ADC_VA][n] + voltage[1] * window->scans[ADC_VB][n] +
		       voltage[2] * window->scans[ADC_VC][n];
	for (int i = 0; i < VOLTAGES; i++)
		weighted_mean += voltage[i] * mean[i];
	return frequency_estimate(window, x, weighted_mean, rms, rate_hz, scratch + window->length);
}

/* Where the search for the frequency stands. */
struct search {
	const struct window *window;
	double rate_hz, *scratch;
	const double *mean;
	struct moments *moments;
};

/* Tries the references whose rms is above `least` and not above `most`; true when one settles it. */
static bool search_references(struct search *search, const struct frequency_reference *references, unsigned count,
			      double least, double most)
{
	struct moments *moments = search->moments;

	for (unsigned r = 0; r < count && !moments->frequency_known; r++) {
		double rms = moments_rms(moments, references[r].voltage);
		struct frequency found;

		if (!(rms > least && rms <= most))
			continue;
		found = voltage_frequency(search->window, search->rate_hz, references[r].voltage, search->mean, rms,
					  search->scratch);
		if (found.steady || isnan(moments->cycles_per_sample))
			moments->cycles_per_sample = found.cycles_per_sample;
		moments->frequency_known = moments->steady = found.steady;
	}
	return moments->frequency_known;
}

static void search_currents(struct search *search)
{
	struct moments *moments = search->moments;

	for (int c = ADC_IA; c <= ADC_IC && isnan(moments->cycles_per_sample); c++) {
		struct frequency found = frequency_estimate(search->window, search->window->scans[c], search->mean[c],
							    sqrt(fmax(moments->product[c][c], 0)), search->rate_hz, search->scratch);

		moments->cycles_per_sample = found.cycles_per_sample;
		moments->steady = found.steady;
	}
}

struct phasor moments_correction(const struct channel_errors *errors, int channel, double turns, double rate_hz)
{
	double x = M_PI * turns, angle = 2 * M_PI * turns * rate_hz * errors->delay_us[channel] * 1e-6;
	double droop = x > 0 ? pow(sin(x) / x, errors->sinc_order) : 1;

	return (struct phasor){ cos(angle) / droop, sin(angle) / droop };
}

static bool channels_need_correction(const struct channel_errors *errors)
{
	bool different = false;

	for (int c = 1; c < ADC_CHANNELS; c++)
		different |= errors->delay_us[c] != errors->delay_us[0];
	return different || errors->sinc_order > 0;
}

/* Further than this from its image a harmonic is free of it. */
#define IMAGE_REACH_HZ 60.0

static double mean_cosine(const double *weight, unsigned length, double gain, double turns_per_sample)
{
	double sum = 0;

	for (unsigned n = 0; n < length / 2; n++)
		sum += weight[length / 2 + n] * cos(2 * M_PI * turns_per_sample * (n + 0.5));
	return 2 * sum / gain;
}

struct moments_image moments_image_of(const struct window *window, double turns_per_sample, double rate_hz)
{
	if ((1 - 2 * turns_per_sample) * rate_hz > IMAGE_REACH_HZ)
		return (struct moments_image){ 0, 0 };
	return (struct moments_image){
		mean_cosine(window->harmonic_weight, window->harmonic_length, window->harmonic_gain, 2 * turns_per_sample),
		mean_cosine(window->weight, window->length, window->hop, 2 * turns_per_sample)
	};
}

/* Adds to each product what a harmonic's true phasors contribute beyond what the samples' products hold of it. */
static void correct_products(const struct phasor measured[ADC_CHANNELS], const struct phasor correction[ADC_CHANNELS],
			     double image, double product[ADC_CHANNELS][ADC_CHANNELS])
{
	struct phasor true_phasor[ADC_CHANNELS];

	for (int c = 0; c < ADC_CHANNELS; c++)
		true_phasor[c] = phasor_multiply(measured[c], correction[c]);
	for (int i = 0; i < ADC_CHANNELS; i++)
		for (int j = 0; j < ADC_CHANNELS; j++)
			if (i < VOLTAGES || j < VOLTAGES || i == j)
				product[i][j] += phasor_dot(true_phasor[i], true_phasor[j]) -
						 phasor_dot(measured[i], measured[j]) -
						 image * phasor_multiply(measured[i], measured[j]).re;
}

/* Phasors of all channels' folded samples at one oscillator. */
static void channel_phasors(const struct scratch *scratch, double *const oscillator[2], unsigned half, double gain,
			    struct phasor measured[ADC_CHANNELS])
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		measured[c] = spectrum_phasor(scratch->even[c], scratch->odd[c], oscillator[0], oscillator[1], half);
		measured[c].re *= sqrt(2) / gain;
		measured[c].im *= sqrt(2) / gain;
	}
}

/* Folds the middle of the window under the harmonics' weights. */
static void fold_middle(const struct window *window, const struct scratch *scratch, const double mean[ADC_CHANNELS])
{
	unsigned n = window->harmonic_length, from = (window->length - n) / 2;
	double *weighted = scratch->a;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		spectrum_weigh(window->scans[c] + from, mean[c], window->harmonic_weight, n, weighted);
		spectrum_fold(weighted, n / 2, scratch->even[c], scratch->odd[c]);
	}
}

static void corrections_at(const struct channel_errors *errors, double cycles_per_sample, double rate_hz,
			   struct phasor correction[ADC_CHANNELS])
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		correction[c] = moments_correction(errors, c, cycles_per_sample, rate_hz);
}

static void correct_fundamental(const struct channel_errors *errors, double rate_hz, struct moments *moments)
{
	struct phasor correction[ADC_CHANNELS];

	corrections_at(errors, moments->cycles_per_sample, rate_hz, correction);
	correct_products(moments->fundamental, correction, 0, moments->product);
	for (int c = 0; c < ADC_CHANNELS; c++)
		moments->fundamental[c] = phasor_multiply(moments->fundamental[c], correction[c]);
}

static void correct_harmonics(const struct window *window, const struct scratch *scratch, const struct channel_errors *errors,
			      double rate_hz, struct moments *moments)
{
	double f = moments->cycles_per_sample, *const *oscillator = scratch->oscillator[0], *cosine = scratch->a;
	unsigned half = window->harmonic_length / 2;

	spectrum_oscillator(f, half, scratch->oscillator[1][0], scratch->oscillator[1][1]);
	memcpy(cosine, scratch->oscillator[1][0], half * sizeof(double));
	for (unsigned n = 0; n < half; n++) {	/* harmonic 0 */
		oscillator[0][n] = 1;
		oscillator[1][n] = 0;
	}
	for (int h = 2; h <= MOMENTS_HARMONIC_MAX && h * f < 0.5; h++) {
		struct phasor measured[ADC_CHANNELS], correction[ADC_CHANNELS];
		struct moments_image image = moments_image_of(window, h * f, rate_hz);

		for (int part = 0; part < 2; part++)
			spectrum_next_harmonic(cosine, scratch->oscillator[(h - 1) % 3][part], scratch->oscillator[(h - 2) % 3][part],
					       half, scratch->oscillator[h % 3][part]);
		corrections_at(errors, h * f, rate_hz, correction);
		channel_phasors(scratch, scratch->oscillator[h % 3], half, window->harmonic_gain, measured);
		if (fabs(image.phasor) > MOMENTS_IMAGE_PART_MAX)
			continue;
		for (int c = 0; c < ADC_CHANNELS; c++) {
			measured[c].re /= 1 + image.phasor;
			measured[c].im /= 1 - image.phasor;
		}
		correct_products(measured, correction, image.product, moments->product);
	}
}

void moments_compute(const struct window *window, double rate_hz, const struct channel_errors *errors,
		     const struct frequency_reference *references, unsigned reference_count, double reference_min,
		     struct moments *moments)
{
	unsigned half = window->length / 2;
	double mean[ADC_CHANNELS];
	struct scratch scratch;
	struct search search = { window, rate_hz, NULL, mean, moments };

	scratch_lay_out(&scratch, window);
	search.scratch = scratch.oscillator[0][0];
	memset(moments, 0, sizeof(*moments));
	moments->rate_hz = rate_hz;
	moments->cycles_per_sample = NAN;
	sum_products(window, &scratch, mean, moments->product);
	if (!search_references(&search, references, reference_count, reference_min, INFINITY) &&
	    !search_references(&search, references, reference_count, 0, reference_min))
		search_currents(&search);
	if (isnan(moments->cycles_per_sample))
		return;
	spectrum_oscillator(moments->cycles_per_sample, half, scratch.oscillator[0][0], scratch.oscillator[0][1]);
	channel_phasors(&scratch, scratch.oscillator[0], half, window->hop, moments->fundamental);
	if (!channels_need_correction(errors))
		return;
	correct_fundamental(errors, rate_hz, moments);
	fold_middle(window, &scratch, mean);
	correct_harmonics(window, &scratch, errors, rate_hz, moments);
}
