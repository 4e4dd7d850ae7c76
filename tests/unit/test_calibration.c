/* Known errors of gain and delay, put into analytic waves, are found again from the waves' true V, I and P. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/check_main.h"
#include "lib/wave.h"
#include "metering/calibration.h"
#include "metering/readings.h"

#define RATE_HZ 2520.0
#define STEP_US 50.0
#define GAIN_TOLERANCE 1e-5	/* 0.001 % */
#define DELAY_TOLERANCE_US 0.1

struct errors {
	double voltage_gain, current_gain, delay_us;	/* the channels show so many times the truth; the current lags */
};

static struct moments look(const struct wave *wave, uint64_t from, const struct channel_errors *errors)
{
	static const struct frequency_reference references[] = { { { 1, 0, 0 } } };
	void *memory = malloc(window_bytes(wave->rate_hz));
	struct moments moments;
	struct window window;

	window_init(&window, memory, wave->rate_hz);
	wave_fill(wave, from, window.length, window.scans);
	moments_compute(&window, wave->rate_hz, errors, references, 1, 0, &moments);
	free(memory);
	return moments;
}

/* The channels of phase A with errors, and the truth beside. */
static struct calibration_point point_of(const struct wave *truth, const struct errors *errors)
{
	struct channel_errors now = { .sinc_order = 0 }, more = now, less = now;
	struct calibration_point point;
	struct moments moments[3];
	struct wave wave = *truth;

	for (int h = 0; h <= WAVE_HARMONICS; h++) {
		wave.channel[ADC_VA].rms[h] *= errors->voltage_gain;
		wave.channel[ADC_IA].rms[h] *= errors->current_gain;
	}
	for (int p = 0; p < PHASES; p++)
		wave.delay_us[ADC_IA + p] = errors->delay_us;
	more.delay_us[ADC_IA] += STEP_US;
	less.delay_us[ADC_IA] -= STEP_US;
	moments[0] = look(&wave, 777, &now);
	moments[1] = look(&wave, 777, &more);
	moments[2] = look(&wave, 777, &less);
	calibration_read(&moments[0], &moments[1], &moments[2], STEP_US, PHASE_A, &point);
	point.reference_v = wave_rms(&truth->channel[ADC_VA]);
	point.reference_a = wave_rms(&truth->channel[ADC_IA]);
	point.reference_w = wave_power(&truth->channel[ADC_VA], &truth->channel[ADC_IA]);
	return point;
}

/* Loads at PF 1 and 0.5. */
static struct calibration calibrate(double hz, bool harmonics, const struct errors *errors)
{
	static const double lag_deg[] = { 0, 60 };
	struct calibration_point points[2];
	struct calibration calibration;

	for (int p = 0; p < 2; p++) {
		struct wave wave;

		wave_three_phase(&wave, RATE_HZ, hz, 230, 5, lag_deg[p] * M_PI / 180, 0.3);
		if (harmonics) {
			wave_add_harmonic(&wave, 3, 0.03, 0.2, 0.5, 1.1);
			wave_add_harmonic(&wave, 5, 0.05, 0.3, 1.5, -0.7);
			wave_add_harmonic(&wave, 11, 0.02, 0.1, -1, 2);
		}
		points[p] = point_of(&wave, errors);
	}
	calibration_solve(points, 2, &calibration);
	return calibration;
}

static void check_found(const struct calibration *calibration, const struct errors *errors)
{
	ck_assert_int_eq(calibration->verdict, CALIBRATION_GOOD);
	ck_assert_double_eq_tol(calibration->voltage_gain * errors->voltage_gain, 1, GAIN_TOLERANCE);
	ck_assert_double_eq_tol(calibration->current_gain * errors->current_gain, 1, GAIN_TOLERANCE);
	ck_assert_msg(fabs(calibration->delay_us - errors->delay_us) < DELAY_TOLERANCE_US, "delay %g us, found %g", errors->delay_us,
		      calibration->delay_us);
	for (int i = 0; i < 3; i++)
		ck_assert_double_lt(fabs(calibration->left[i]), GAIN_TOLERANCE);
}

START_TEST(known_errors_are_found_to_a_thousandth_of_a_percent_and_a_tenth_of_a_microsecond)
{
	static const struct errors errors[] = {
		{ 1, 1, 0 }, { 1.013, 0.987, 12.5 }, { 0.95, 1.08, -83 }, { 1.0004, 0.9999, 0.7 }, { 0.9, 1.15, 250 }, { 1.1, 0.93, -390 },
	};

	for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
		for (double hz = 45; hz <= 65; hz += 5) {
			struct calibration calibration = calibrate(hz, false, &errors[e]);

			check_found(&calibration, &errors[e]);
		}
	}
}
END_TEST

START_TEST(and_so_they_are_where_waves_are_distorted)
{
	static const struct errors errors[] = { { 1.013, 0.987, 12.5 }, { 0.95, 1.08, -83 }, { 0.97, 1.02, 140 } };

	for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
		struct calibration calibration = calibrate(50.02, true, &errors[e]);

		check_found(&calibration, &errors[e]);
	}
}
END_TEST

START_TEST(the_errors_as_found_are_those_that_were_put_in)
{
	const struct errors errors = { 1.01, 0.99, 0 };
	struct calibration calibration = calibrate(60, false, &errors);

	ck_assert_double_eq_tol(calibration.found[0], 0.01, 1e-6);
	ck_assert_double_eq_tol(calibration.found[1], -0.01, 1e-6);
	/* 1.01 x 0.99 - 1, of the apparent power, at PF 1 */
	ck_assert_double_eq_tol(calibration.found[2], -0.0001, 1e-6);
}
END_TEST

START_TEST(without_a_reactive_load_the_delay_is_not_told)
{
	const struct errors errors = { 1.01, 0.99, 40 };
	struct calibration calibration;
	struct calibration_point point;
	struct wave wave;

	wave_three_phase(&wave, RATE_HZ, 50, 230, 5, 0.1, 0);
	point = point_of(&wave, &errors);
	calibration_solve(&point, 1, &calibration);
	ck_assert_int_eq(calibration.verdict, CALIBRATION_NO_REACTIVE);
}
END_TEST

/* The current of the next or the last phase at this voltage; at PF 0.5 it looks like the right one with the other sign of its angle. */
START_TEST(exchanged_phases_are_never_taken_for_good)
{
	const struct errors errors = { 1, 1, 0 };

	for (int turn = -1; turn <= 1; turn += 2) {
		struct calibration_point points[2];
		struct calibration calibration;

		for (int p = 0; p < 2; p++) {
			struct wave wave;

			wave_three_phase(&wave, RATE_HZ, 50, 230, 5, (p ? 0 : -turn * M_PI / 3) + turn * 2 * M_PI / 3, 0);
			points[p] = point_of(&wave, &errors);
			points[p].reference_w = 230 * 5 * (p ? 1 : 0.5);
		}
		calibration_solve(points, 1, &calibration);
		ck_assert_int_eq(calibration.verdict, CALIBRATION_NO_REAL);
		calibration_solve(points, 2, &calibration);
		ck_assert_int_eq(calibration.verdict, CALIBRATION_REVERSED);
	}
}
END_TEST

START_TEST(a_transformer_that_is_turned_around_is_told)
{
	const struct errors errors = { 1, -1, 0 };
	struct calibration calibration = calibrate(50, false, &errors);

	ck_assert_int_eq(calibration.verdict, CALIBRATION_REVERSED);
}
END_TEST

START_TEST(a_wrong_ratio_is_told)
{
	const struct errors errors = { 1, 2, 0 };
	struct calibration calibration = calibrate(50, false, &errors);

	ck_assert_int_eq(calibration.verdict, CALIBRATION_RATIO);
}
END_TEST

START_TEST(readings_that_contradict_each_other_show_in_what_is_left)
{
	const struct errors errors = { 1.01, 0.99, 5 };
	struct calibration_point points[2];
	struct calibration calibration;
	struct wave wave;

	for (int p = 0; p < 2; p++) {
		wave_three_phase(&wave, RATE_HZ, 50, 230, 5, p * M_PI / 3, 0);
		points[p] = point_of(&wave, &errors);
	}
	points[0].reference_w *= 1.01;
	calibration_solve(points, 2, &calibration);
	ck_assert_double_gt(fabs(calibration.left[2]), 1e-3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibration");
	TCase *tests = tcase_create("calibration");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, known_errors_are_found_to_a_thousandth_of_a_percent_and_a_tenth_of_a_microsecond);
	tcase_add_test(tests, and_so_they_are_where_waves_are_distorted);
	tcase_add_test(tests, the_errors_as_found_are_those_that_were_put_in);
	tcase_add_test(tests, without_a_reactive_load_the_delay_is_not_told);
	tcase_add_test(tests, exchanged_phases_are_never_taken_for_good);
	tcase_add_test(tests, a_transformer_that_is_turned_around_is_told);
	tcase_add_test(tests, a_wrong_ratio_is_told);
	tcase_add_test(tests, readings_that_contradict_each_other_show_in_what_is_left);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
