/* Harmonics, THD, rms, DC and crest of one window against the Fourier coefficients that it was made of. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "lib/wave.h"
#include "metering/harmonics.h"

static const struct channel_errors no_errors;

/* Of the fundamental. */
#define TOLERANCE 1e-4

static struct harmonics measure(const struct wave *wave, const struct channel_errors *errors)
{
	void *memory = malloc(window_bytes(wave->rate_hz));
	struct harmonics harmonics;
	struct window window;

	window_init(&window, memory, wave->rate_hz);
	wave_fill(wave, 12345, window.length, window.scans);
	harmonics_compute(&window, wave->rate_hz, errors, &harmonics);
	free(memory);
	return harmonics;
}

/* Every harmonic below half the rate, with random parts of up to a tenth and random phases; DC. */
static struct wave rich_wave(double rate_hz, double hz, uint64_t *seed)
{
	struct wave wave;

	wave_three_phase(&wave, rate_hz, hz, 277, 50, 0.5, 2 * M_PI * wave_uniform(seed));
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct wave_channel *channel = &wave.channel[c];

		channel->rms[0] = c < 3 ? 4 : -1;
		channel->rms[1] *= 0.5 + wave_uniform(seed);
		for (int h = 2; h <= WAVE_HARMONICS && h * hz < rate_hz / 2; h++) {
			channel->rms[h] = channel->rms[1] * 0.1 * wave_uniform(seed);
			channel->phase[h] = 2 * M_PI * wave_uniform(seed);
		}
	}
	return wave;
}

static double true_thd(const struct wave_channel *channel, unsigned highest)
{
	double sum = 0;

	for (unsigned h = 2; h <= highest; h++)
		sum += channel->rms[h] * channel->rms[h];
	return sqrt(sum) / channel->rms[1];
}

/* A harmonic that beats so slowly with its image that a second is too short to average it out: the meter's rms sways with it. */
static bool beats(const struct wave *wave)
{
	int below = (int)ceil(wave->rate_hz / 2 / wave->hz) - 1;

	return below <= WAVE_HARMONICS && wave->rate_hz - 2 * below * wave->hz < 10;
}

static void check_channel(const struct wave *wave, const struct harmonics *harmonics, int c)
{
	const struct wave_channel *truth = &wave->channel[c];
	const struct harmonics_channel *got = &harmonics->channel[c];

	if (!beats(wave))
		ck_assert_double_eq_tol(got->rms, wave_rms(truth), TOLERANCE * truth->rms[1]);
	ck_assert_double_eq_tol(got->dc, truth->rms[0], TOLERANCE * truth->rms[1]);
	ck_assert_double_eq_tol(hypot(got->fundamental.re, got->fundamental.im), truth->rms[1], TOLERANCE * truth->rms[1]);
	for (unsigned h = 1; h <= HARMONICS_MAX; h++) {
		double error = got->part[h] - truth->rms[h] / truth->rms[1];

		ck_assert_msg(h <= harmonics->highest ? fabs(error) < TOLERANCE : isnan(got->part[h]),
			      "%g samples/s, %.3f Hz, channel %d, harmonic %u of %u: %g, off by %g", wave->rate_hz, wave->hz, c, h,
			      harmonics->highest, got->part[h], error);
	}
	if (harmonics->highest >= 2)
		ck_assert_double_eq_tol(got->thd, true_thd(truth, harmonics->highest), TOLERANCE);
}

/* What is well below half the rate is known, what is not below it never is. */
static void check_highest(const struct harmonics *harmonics)
{
	double half_hz = harmonics->rate_hz / 2;
	unsigned sure = (unsigned)((half_hz - 5) / harmonics->hz);

	ck_assert_uint_ge(harmonics->highest, sure < HARMONICS_MAX ? sure : HARMONICS_MAX);
	ck_assert(harmonics->highest * harmonics->hz < half_hz);
}

static void check_wave(const struct wave *wave, const struct channel_errors *errors)
{
	struct harmonics harmonics = measure(wave, errors);

	ck_assert_double_eq_tol(harmonics.hz, wave->hz, 1e-4);
	check_highest(&harmonics);
	for (int c = 0; c < ADC_CHANNELS; c++)
		check_channel(wave, &harmonics, c);
}

START_TEST(harmonics_are_right_to_1e_4_of_the_fundamental_from_45_to_65_hz_at_any_rate)
{
	static const double rates_hz[] = { 600, 1000, 2520, 4000, 8000, 25600 };
	static const double hz[] = { 45, 47.31, 49.98, 50, 52.7, 57.1, 59.9, 60, 60.02, 61.4, 65 };
	uint64_t seed = 20261127;

	for (unsigned r = 0; r < sizeof(rates_hz) / sizeof(rates_hz[0]); r++)
		for (unsigned f = 0; f < sizeof(hz) / sizeof(hz[0]); f++) {
			struct wave wave = rich_wave(rates_hz[r], hz[f], &seed);

			check_wave(&wave, &no_errors);
		}
}
END_TEST

START_TEST(the_fastest_rate_is_measured_as_well)
{
	uint64_t seed = 7;
	struct wave wave = rich_wave(100000, 50.03, &seed);

	check_wave(&wave, &no_errors);
}
END_TEST

START_TEST(the_21st_at_half_the_rate_is_not_known_and_does_not_count)
{
	struct harmonics harmonics;
	struct wave wave;

	wave_three_phase(&wave, 2520, 60, 277, 50, 0.5, 0.3);
	wave_add_harmonic(&wave, 5, 0.03, 0.2, 0.1, 0.2);
	wave_add_harmonic(&wave, 21, 0.05, 0.1, 0.4, 0.5);
	harmonics = measure(&wave, &no_errors);
	ck_assert_uint_eq(harmonics.highest, 20);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		ck_assert(isnan(harmonics.channel[c].part[21]));
		ck_assert_double_eq_tol(harmonics.channel[c].part[20], 0, TOLERANCE);
		ck_assert_double_eq_tol(harmonics.channel[c].thd, c < 3 ? 0.03 : 0.2, TOLERANCE);
	}
}
END_TEST

START_TEST(delays_of_the_channels_turn_no_phasor)
{
	static const double delay_us[ADC_CHANNELS] = { 0, 120, -80, 400, -500, 33 };
	struct channel_errors errors = { .sinc_order = 0 };
	struct harmonics harmonics, straight;
	uint64_t seed = 11;
	struct wave wave = rich_wave(4000, 51.2, &seed);

	straight = measure(&wave, &no_errors);
	memcpy(wave.delay_us, delay_us, sizeof(delay_us));
	memcpy(errors.delay_us, delay_us, sizeof(delay_us));
	harmonics = measure(&wave, &errors);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		double size = wave.channel[c].rms[1];

		ck_assert_double_eq_tol(harmonics.channel[c].fundamental.re, straight.channel[c].fundamental.re, TOLERANCE * size);
		ck_assert_double_eq_tol(harmonics.channel[c].fundamental.im, straight.channel[c].fundamental.im, TOLERANCE * size);
		check_channel(&wave, &harmonics, c);
	}
}
END_TEST

START_TEST(the_droop_of_a_sinc_filter_is_taken_out_of_every_harmonic)
{
	struct channel_errors errors = { .sinc_order = 3 };
	uint64_t seed = 12;
	struct wave wave = rich_wave(2520, 53, &seed), drooped = wave;
	struct harmonics harmonics;

	for (int c = 0; c < ADC_CHANNELS; c++)
		for (int h = 1; h <= WAVE_HARMONICS; h++) {
			double x = M_PI * h * wave.hz / wave.rate_hz;

			drooped.channel[c].rms[h] *= pow(sin(x) / x, 3);
		}
	harmonics = measure(&drooped, &errors);
	for (int c = 0; c < ADC_CHANNELS; c++)
		for (unsigned h = 2; h <= harmonics.highest; h++)
			ck_assert_double_eq_tol(harmonics.channel[c].part[h], wave.channel[c].rms[h] / wave.channel[c].rms[1], TOLERANCE);
}
END_TEST

START_TEST(noise_of_a_converter_of_16_bits_disturbs_by_no_more_than_its_share)
{
	uint64_t seed = 5;
	struct wave wave = rich_wave(2520, 59.7, &seed);

	for (int c = 0; c < ADC_CHANNELS; c++)
		wave.lsb[c] = 4 * wave.channel[c].rms[1] / 32768;
	wave.noise_lsb = 0.5;
	check_wave(&wave, &no_errors);
}
END_TEST

START_TEST(the_crest_of_a_sine_is_the_root_of_2_and_that_of_a_dead_channel_not_known)
{
	struct harmonics harmonics;
	struct wave wave;

	wave_three_phase(&wave, 8000, 50.1, 230, 5, 0.2, 0.1);
	wave.channel[ADC_VB].rms[0] = 100;	/* DC counts for neither */
	memset(&wave.channel[ADC_IB], 0, sizeof(wave.channel[ADC_IB]));
	memset(&wave.channel[ADC_IC], 0, sizeof(wave.channel[ADC_IC]));
	wave.channel[ADC_IC].rms[0] = 0.1;	/* nothing but DC */
	harmonics = measure(&wave, &no_errors);
	ck_assert_double_eq_tol(harmonics.channel[ADC_VB].crest, M_SQRT2, 1e-3);
	ck_assert_double_eq_tol(harmonics.channel[ADC_VB].dc, 100, 1e-3);
	for (int c = ADC_IB; c <= ADC_IC; c++) {
		const struct harmonics_channel *dead = &harmonics.channel[c];

		ck_assert_double_eq_tol(dead->rms, 0, 1e-9);
		ck_assert(isnan(dead->crest) && isnan(dead->thd));
		for (unsigned h = 1; h <= HARMONICS_MAX; h++)
			ck_assert(isnan(dead->part[h]));
	}
	ck_assert(!isnan(harmonics.channel[ADC_IA].thd));
}
END_TEST

START_TEST(a_current_alone_is_enough)
{
	struct harmonics harmonics;
	struct wave wave;

	wave_three_phase(&wave, 2520, 50, 0, 5, 0.2, 0.1);
	wave_add_harmonic(&wave, 3, 0, 0.25, 0, 1);
	harmonics = measure(&wave, &no_errors);
	ck_assert_double_eq_tol(harmonics.hz, 50, 1e-4);
	ck_assert_double_eq_tol(harmonics.channel[ADC_IB].thd, 0.25, TOLERANCE);
	ck_assert(isnan(harmonics.channel[ADC_VA].thd));
}
END_TEST

START_TEST(nothing_at_all_and_noise_alone_and_samples_that_are_no_numbers_have_no_frequency)
{
	struct harmonics harmonics;
	struct wave wave;

	wave_three_phase(&wave, 2520, 50, 0, 0, 0, 0);
	harmonics = measure(&wave, &no_errors);
	ck_assert(isnan(harmonics.hz) && harmonics.highest == 0);
	ck_assert(harmonics.channel[ADC_VA].rms == 0 && isnan(harmonics.channel[ADC_VA].fundamental.re));
	for (int c = 0; c < ADC_CHANNELS; c++)
		wave.lsb[c] = 0.01;
	wave.noise_lsb = 3;
	harmonics = measure(&wave, &no_errors);
	ck_assert(isnan(harmonics.hz) && isnan(harmonics.channel[ADC_IA].thd));
	ck_assert_double_eq_tol(harmonics.channel[ADC_IA].rms, 0.03, 0.002);
	wave.channel[ADC_VA].rms[0] = NAN;
	harmonics = measure(&wave, &no_errors);
	ck_assert(isnan(harmonics.hz) && isnan(harmonics.channel[ADC_VA].rms));
}
END_TEST

START_TEST(a_voltage_that_was_there_only_for_a_part_of_the_second_has_no_harmonics)
{
	void *memory = malloc(window_bytes(2520));
	struct harmonics harmonics;
	struct window window;
	struct wave wave;

	wave_three_phase(&wave, 2520, 50, 230, 0, 0, 0);
	window_init(&window, memory, 2520);
	wave_fill(&wave, 0, window.length, window.scans);
	for (int c = 0; c < ADC_CHANNELS; c++)
		memset(window.scans[c], 0, window.length * 3 / 5 * sizeof(double));
	harmonics_compute(&window, 2520, &no_errors, &harmonics);
	ck_assert(isnan(harmonics.hz) && harmonics.highest == 0 && isnan(harmonics.channel[ADC_VA].part[3]));
	ck_assert(harmonics.channel[ADC_VA].rms > 0);
	free(memory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("harmonics");
	TCase *tc = tcase_create("harmonics");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, harmonics_are_right_to_1e_4_of_the_fundamental_from_45_to_65_hz_at_any_rate);
	tcase_add_test(tc, the_fastest_rate_is_measured_as_well);
	tcase_add_test(tc, the_21st_at_half_the_rate_is_not_known_and_does_not_count);
	tcase_add_test(tc, delays_of_the_channels_turn_no_phasor);
	tcase_add_test(tc, the_droop_of_a_sinc_filter_is_taken_out_of_every_harmonic);
	tcase_add_test(tc, noise_of_a_converter_of_16_bits_disturbs_by_no_more_than_its_share);
	tcase_add_test(tc, the_crest_of_a_sine_is_the_root_of_2_and_that_of_a_dead_channel_not_known);
	tcase_add_test(tc, a_current_alone_is_enough);
	tcase_add_test(tc, nothing_at_all_and_noise_alone_and_samples_that_are_no_numbers_have_no_frequency);
	tcase_add_test(tc, a_voltage_that_was_there_only_for_a_part_of_the_second_has_no_harmonics);
	suite_add_tcase(suite, tc);
	return check_main_run(suite);
}
