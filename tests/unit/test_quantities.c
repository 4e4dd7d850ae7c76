/* Readings of one window against the Fourier coefficients it was made of, in all five system types. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "lib/wave.h"
#include "metering/quantities.h"
#include "metering/system_type.h"

#define RATE_HZ 2520.0

static struct window window;
static void *memory;

static void setup(void)
{
	memory = malloc(window_bytes(RATE_HZ));
	window_init(&window, memory, RATE_HZ);
}

static void teardown(void)
{
	free(memory);
}

static const struct channel_errors no_errors;

struct outcome {
	struct readings r;
	double accrual_w[PHASES];
};

static struct outcome measure(const struct wave *wave, const struct settings *settings, const struct rules *rules,
			      bool primary, struct orientation *orientation)
{
	struct frequency_reference references[PHASES];
	unsigned n = quantities_frequency_references(settings->system_type, references);
	struct moments moments;
	struct outcome outcome;

	wave_fill(wave, 0, window.length, window.scans);
	moments_compute(&window, RATE_HZ, &no_errors, references, n, quantities_frequency_min(settings, primary), &moments);
	quantities_compute(&(struct quantities_input){ .settings = settings, .rules = rules, .moments = &moments, .primary = primary },
			   orientation, &outcome.r, outcome.accrual_w);
	return outcome;
}

static struct outcome measure_type(const struct wave *wave, int system_type)
{
	struct orientation orientation;
	struct settings settings;
	struct rules rules;

	settings_defaults(&settings);
	rules_defaults(&rules);
	settings.system_type = system_type;
	orientation_init(&orientation);
	return measure(wave, &settings, &rules, true, &orientation);
}

/* Unbalanced on every side, with harmonics and DC. */
static struct wave crooked_wave(uint64_t seed)
{
	struct wave wave;

	wave_three_phase(&wave, RATE_HZ, 45 + 20 * wave_uniform(&seed), 277, 50, 0.5, 2 * M_PI * wave_uniform(&seed));
	wave_add_harmonic(&wave, 5, 0.08, 0.2, 0.4, 1.1);
	wave_add_harmonic(&wave, 7, 0.03, 0.1, 2.0, 0.2);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		wave.channel[c].rms[0] = c < 3 ? 4 : 1;
		wave.channel[c].rms[1] *= 0.8 + 0.4 * wave_uniform(&seed);
		wave.channel[c].phase[1] += 0.3 * (wave_uniform(&seed) - 0.5);
	}
	return wave;
}

/* A channel as Fourier coefficients of weights . voltages. */
static struct wave_channel combine(const struct wave *wave, const double weight[3])
{
	struct wave_channel sum;

	memset(&sum, 0, sizeof(sum));
	for (int h = 1; h <= WAVE_HARMONICS; h++) {
		double re = 0, im = 0;

		for (int i = 0; i < 3; i++) {
			re += weight[i] * wave->channel[i].rms[h] * cos(wave->channel[i].phase[h]);
			im += weight[i] * wave->channel[i].rms[h] * sin(wave->channel[i].phase[h]);
		}
		sum.rms[h] = hypot(re, im);
		sum.phase[h] = atan2(im, re);
	}
	return sum;
}

static void assert_close(double got, double want, double scale)
{
	ck_assert_msg(fabs(got - want) <= 2e-6 * scale, "got %.12g, want %.12g", got, want);
}

/* Totals by the definitions, from phases p, q, s. */
static void check_totals(const struct readings *r, int phases, const double *p, const double *q, const double *s)
{
	double sp = 0, sq = 0, sd = 0, total;

	for (int k = 0; k < phases; k++) {
		sp += fabs(p[k]);
		sq += p[k] < 0 ? -q[k] : q[k];
		sd += sqrt(fmax(0, s[k] * s[k] - p[k] * p[k] - q[k] * q[k]));
	}
	total = sqrt(sp * sp + sq * sq + sd * sd);
	assert_close(r->p_w, sp, total);
	assert_close(r->q_var, fabs(sq), total);
	assert_close(r->s_va, total, total);
	assert_close(r->pf, sp / total, 1);
}

static void check_type(int code, const double weights[3][3], uint64_t seed)
{
	const struct system_type *type = system_type_find(code);
	struct wave wave = crooked_wave(seed);
	struct outcome outcome = measure_type(&wave, code);
	const struct readings *r = &outcome.r;
	double p[PHASES], q[PHASES], s[PHASES];
	int n = 0;

	for (int k = 0; k < PHASES; k++) {
		struct wave_channel v = combine(&wave, weights[k]);
		const struct wave_channel *i = &wave.channel[ADC_IA + k];

		if (!(type->phases & 1u << k)) {
			ck_assert(isnan(r->p_phase_w[k]) && isnan(r->q_phase_var[k]) && isnan(r->s_phase_va[k]));
			ck_assert(isnan(r->pf_phase[k]) && isnan(r->i_a[k]));
			ck_assert_double_eq(outcome.accrual_w[k], 0);
			continue;
		}
		p[n] = wave_power(&v, i);
		q[n] = wave_reactive(&v, i);
		s[n] = wave_rms(&v) * wave_rms(i);
		assert_close(r->p_phase_w[k], fabs(p[n]), s[n]);
		assert_close(r->q_phase_var[k], fabs(q[n]), s[n]);
		assert_close(r->s_phase_va[k], s[n], s[n]);
		assert_close(r->pf_phase[k], fabs(p[n]) / s[n], 1);
		assert_close(r->i_a[k], wave_rms(i), wave_rms(i));
		assert_close(outcome.accrual_w[k], fabs(p[n]), s[n]);
		n++;
	}
	check_totals(r, n, p, q, s);
	assert_close(r->hz, wave.hz, 1e-3);
}

static void check_voltages(int code, const char *valid_ll, const char *valid_ln)
{
	static const int pair[PAIRS][2] = { { 0, 1 }, { 1, 2 }, { 0, 2 } };
	struct wave wave = crooked_wave(7);
	struct readings r = measure_type(&wave, code).r;
	double ll = 0, ln = 0;
	int n_ll = 0, n_ln = 0;

	for (int k = 0; k < 3; k++) {
		double want_ll = wave_difference_rms(&wave.channel[pair[k][0]], &wave.channel[pair[k][1]]);
		double want_ln = wave_rms(&wave.channel[k]);

		ck_assert_int_eq(isnan(r.v_ll_v[k]), valid_ll[k] == '-');
		ck_assert_int_eq(isnan(r.v_ln_v[k]), valid_ln[k] == '-');
		if (valid_ll[k] != '-') {
			assert_close(r.v_ll_v[k], want_ll, want_ll);
			ll += want_ll;
			n_ll++;
		}
		if (valid_ln[k] != '-') {
			assert_close(r.v_ln_v[k], want_ln, want_ln);
			ln += want_ln;
			n_ln++;
		}
	}
	ck_assert_int_eq(isnan(r.v_ll_avg_v), n_ll == 0);
	ck_assert_int_eq(isnan(r.v_ln_avg_v), n_ln == 0);
	if (n_ll)
		assert_close(r.v_ll_avg_v, ll / n_ll, 300);
	if (n_ln)
		assert_close(r.v_ln_avg_v, ln / n_ln, 300);
}

START_TEST(powers_of_each_system_type_follow_from_its_wiring)
{
	static const double neutral[3][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };
	static const double line[3][3] = { { 1, -1, 0 } };
	static const double delta[3][3] = { { 2. / 3, -1. / 3, -1. / 3 }, { -1. / 3, 2. / 3, -1. / 3 }, { -1. / 3, -1. / 3, 2. / 3 } };

	for (uint64_t seed = 1; seed <= 40; seed++) {
		check_type(10, neutral, seed);
		check_type(11, line, seed);
		check_type(12, neutral, seed);
		check_type(31, delta, seed);
		check_type(40, neutral, seed);
	}
}
END_TEST

START_TEST(voltages_are_valid_as_the_system_type_says)
{
	check_voltages(10, "---", "v--");
	check_voltages(11, "v--", "---");
	check_voltages(12, "v--", "vv-");
	check_voltages(31, "vvv", "---");
	check_voltages(40, "vvv", "vvv");
}
END_TEST

START_TEST(delta_power_equals_the_two_wattmeter_sum)
{
	/* three wires: the currents sum to zero, so P = v_ac i_a + v_bc i_b whatever the star point */
	struct wave wave = crooked_wave(3);
	const double ac[3] = { 1, 0, -1 }, bc[3] = { 0, 1, -1 };
	struct wave_channel *c = &wave.channel[ADC_IC], v_ac = combine(&wave, ac), v_bc = combine(&wave, bc);
	struct rules rules;
	struct settings settings;
	struct orientation orientation;

	for (int h = 0; h <= WAVE_HARMONICS; h++) {
		double re = 0, im = 0;

		for (int i = ADC_IA; i <= ADC_IB; i++) {
			re -= wave.channel[i].rms[h] * cos(wave.channel[i].phase[h]);
			im -= wave.channel[i].rms[h] * sin(wave.channel[i].phase[h]);
		}
		c->rms[h] = hypot(re, im);
		c->phase[h] = atan2(im, re);
	}
	settings_defaults(&settings);
	rules_defaults(&rules);
	settings.system_type = 31;
	rules.ct_orientation_fixed = true;
	orientation_init(&orientation);
	assert_close(measure(&wave, &settings, &rules, true, &orientation).r.p_w,
		     wave_power(&v_ac, &wave.channel[ADC_IA]) + wave_power(&v_bc, &wave.channel[ADC_IB]), 40000);
}
END_TEST

START_TEST(a_reversed_ct_changes_no_reading)
{
	struct wave wave, turned;
	struct readings a, b;

	wave_three_phase(&wave, RATE_HZ, 60, 277, 50, 0.6, 0.3);
	turned = wave;
	turned.channel[ADC_IB].phase[1] += M_PI;
	a = measure_type(&wave, 40).r;
	b = measure_type(&turned, 40).r;
	assert_close(b.p_w, a.p_w, a.s_va);
	assert_close(b.q_var, a.q_var, a.s_va);
	assert_close(b.s_va, a.s_va, a.s_va);
	assert_close(b.p_phase_w[PHASE_B], a.p_phase_w[PHASE_B], a.s_va);
}
END_TEST

START_TEST(orientation_is_kept_while_power_is_small_beside_apparent_power)
{
	struct orientation orientation;
	struct settings settings;
	struct rules rules;
	struct wave wave;

	settings_defaults(&settings);
	rules_defaults(&rules);
	orientation_init(&orientation);
	/* P = -0.09 S: too little to call the CT reversed */
	wave_three_phase(&wave, RATE_HZ, 60, 277, 50, acos(-0.09), 0);
	measure(&wave, &settings, &rules, true, &orientation);
	ck_assert_int_eq(orientation.sign[PHASE_A], 1);
	wave_three_phase(&wave, RATE_HZ, 60, 277, 50, acos(-0.11), 0);
	measure(&wave, &settings, &rules, true, &orientation);
	ck_assert_int_eq(orientation.sign[PHASE_A], -1);
	/* and back to normal only when decided again */
	wave_three_phase(&wave, RATE_HZ, 60, 277, 50, acos(0.09), 0);
	measure(&wave, &settings, &rules, true, &orientation);
	ck_assert_int_eq(orientation.sign[PHASE_A], -1);
	wave_three_phase(&wave, RATE_HZ, 60, 277, 50, acos(0.11), 0);
	measure(&wave, &settings, &rules, true, &orientation);
	ck_assert_int_eq(orientation.sign[PHASE_A], 1);
}
END_TEST

START_TEST(fixed_orientation_sums_signed_powers_and_never_goes_below_zero)
{
	struct orientation orientation;
	struct settings settings;
	struct rules rules;
	struct outcome outcome;
	struct wave wave;

	settings_defaults(&settings);
	rules_defaults(&rules);
	rules.ct_orientation_fixed = true;
	orientation_init(&orientation);
	wave_three_phase(&wave, RATE_HZ, 50, 230, 10, 0, 0);
	wave.channel[ADC_IC].phase[1] += M_PI;
	outcome = measure(&wave, &settings, &rules, true, &orientation);
	assert_close(outcome.r.p_w, 2300, 6900);
	assert_close(outcome.r.p_phase_w[PHASE_C], 2300, 2300);
	ck_assert_double_eq(outcome.accrual_w[PHASE_C], 0);
	wave.channel[ADC_IB].phase[1] += M_PI;
	outcome = measure(&wave, &settings, &rules, true, &orientation);
	ck_assert_double_eq(outcome.r.p_w, 0);
	assert_close(outcome.r.s_va, 2300, 6900);
}
END_TEST

START_TEST(below_the_no_load_gate_a_phase_is_dead)
{
	struct wave wave;
	struct outcome outcome;

	/* 0.04 % of 100 A is 40 mA */
	wave_three_phase(&wave, RATE_HZ, 60, 277, 0.0399, 0, 0);
	wave.channel[ADC_IC].rms[1] = 0.0401;
	outcome = measure_type(&wave, 40);
	ck_assert_double_eq(outcome.r.i_a[PHASE_A], 0);
	ck_assert_double_eq(outcome.r.p_phase_w[PHASE_A], 0);
	ck_assert_double_eq(outcome.r.s_phase_va[PHASE_A], 0);
	ck_assert_double_eq(outcome.r.pf_phase[PHASE_A], 1);
	ck_assert_double_eq(outcome.accrual_w[PHASE_B], 0);
	assert_close(outcome.r.i_a[PHASE_C], 0.0401, 0.0401);
	assert_close(outcome.r.p_w, 277 * 0.0401, 277 * 0.0401);
	assert_close(outcome.r.i_avg_a, 0.0401 / 3, 0.0401);
}
END_TEST

START_TEST(power_factor_of_nothing_is_one)
{
	struct wave wave;
	struct readings r;

	wave_three_phase(&wave, RATE_HZ, 60, 0, 0, 0, 0);
	r = measure_type(&wave, 40).r;
	ck_assert_double_eq(r.pf, 1);
	ck_assert_double_eq(r.pf_phase[PHASE_B], 1);
	ck_assert_double_eq(r.s_va, 0);
	ck_assert_double_eq(r.v_ll_avg_v, 0);
	ck_assert(isnan(r.hz));
}
END_TEST

START_TEST(frequency_falls_back_from_a_to_b_to_c)
{
	struct wave wave;

	wave_three_phase(&wave, RATE_HZ, 51.234, 120, 5, 0, 0);
	for (int dead = ADC_VA; dead <= ADC_VC; dead++) {
		assert_close(measure_type(&wave, 40).r.hz, 51.234, 1e-3);
		wave.channel[dead].rms[1] = 9.99;
	}
	ck_assert(isnan(measure_type(&wave, 40).r.hz));
}
END_TEST

START_TEST(frequency_outside_45_to_65_is_not_valid)
{
	static const struct { double hz; bool valid; } cases[] = {
		{ 44.99, false }, { 45.00, true }, { 65.00, true }, { 65.01, false }, { 40, false }, { 70, false }, { 100, false },
		{ 355, false }, { 400, false }, { 155, false }, { 25, false },
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct wave wave;
		struct readings r;

		wave_three_phase(&wave, RATE_HZ, cases[k].hz, 120, 5, 0, 1);
		r = measure_type(&wave, 40).r;
		ck_assert_msg(isnan(r.hz) != cases[k].valid, "%g Hz read as %g", cases[k].hz, r.hz);
		/* the rest goes on */
		assert_close(r.v_ln_v[PHASE_A], 120, 120);
		assert_close(r.p_w, 1800, 1800);
	}
}
END_TEST

/* Angle of a against b, in radians. */
static double angle_between(struct phasor a, struct phasor b)
{
	struct phasor turned = phasor_multiply(a, (struct phasor){ b.re, -b.im });

	return atan2(turned.im, turned.re);
}

START_TEST(phasors_show_the_inputs_as_they_are_wired)
{
	static const int types[] = { 10, 11, 12, 31, 40 };
	struct wave wave;

	wave_three_phase(&wave, RATE_HZ, 50, 230, 20, M_PI / 6, 0.7);
	wave.channel[ADC_IB].phase[1] += M_PI;		/* turned around */
	for (unsigned t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		struct outcome outcome = measure_type(&wave, types[t]);

		for (int c = 0; c < ADC_CHANNELS; c++) {
			double turned = wave.channel[c].phase[1] - wave.channel[ADC_VA].phase[1];

			ck_assert_double_eq_tol(hypot(outcome.r.phasor[c].re, outcome.r.phasor[c].im), wave.channel[c].rms[1], 1e-5);
			ck_assert_double_eq_tol(remainder(angle_between(outcome.r.phasor[c], outcome.r.phasor[ADC_VA]) - turned, 2 * M_PI),
						0, 1e-7);
		}
	}
}
END_TEST

START_TEST(secondary_samples_are_scaled_by_the_ratios)
{
	struct orientation orientation;
	struct settings settings;
	struct rules rules;
	struct wave wave;
	struct readings r;

	settings_defaults(&settings);
	rules_defaults(&rules);
	settings.pt_ratio = 250;	/* 2.5 : 1 */
	settings.ct_primary = 400;
	orientation_init(&orientation);
	/* 120 V at the input, 0.25 V of 1 V at the CT: 300 V, 100 A */
	wave_three_phase(&wave, RATE_HZ, 60, 120, 0.25, 0, 0);
	r = measure(&wave, &settings, &rules, false, &orientation).r;
	assert_close(r.v_ln_v[PHASE_A], 300, 300);
	assert_close(r.i_a[PHASE_A], 100, 100);
	assert_close(r.p_w, 90000, 90000);
	settings.ct_secondary = 3;	/* 0.25 V of exactly 1/3 V: 300 A */
	r = measure(&wave, &settings, &rules, false, &orientation).r;
	assert_close(r.i_a[PHASE_A], 300, 300);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("quantities");
	TCase *c = tcase_create("window");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, powers_of_each_system_type_follow_from_its_wiring);
	tcase_add_test(c, voltages_are_valid_as_the_system_type_says);
	tcase_add_test(c, delta_power_equals_the_two_wattmeter_sum);
	tcase_add_test(c, a_reversed_ct_changes_no_reading);
	tcase_add_test(c, orientation_is_kept_while_power_is_small_beside_apparent_power);
	tcase_add_test(c, fixed_orientation_sums_signed_powers_and_never_goes_below_zero);
	tcase_add_test(c, below_the_no_load_gate_a_phase_is_dead);
	tcase_add_test(c, power_factor_of_nothing_is_one);
	tcase_add_test(c, frequency_falls_back_from_a_to_b_to_c);
	tcase_add_test(c, frequency_outside_45_to_65_is_not_valid);
	tcase_add_test(c, phasors_show_the_inputs_as_they_are_wired);
	tcase_add_test(c, secondary_samples_are_scaled_by_the_ratios);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return check_main_run(suite());
}
