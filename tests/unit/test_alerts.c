/* Alerts: one rule a test, bits and limits worked by hand from the installation guide's numbers. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/check_main.h"
#include "metering/alerts.h"
#include "metering/block.h"
#include "metering/system_type.h"

#define A ALERT_PHASE_LOSS(PHASE_A)
#define B ALERT_PHASE_LOSS(PHASE_B)
#define C ALERT_PHASE_LOSS(PHASE_C)
#define VA ALERT_VOLTAGE(PHASE_A)
#define VB ALERT_VOLTAGE(PHASE_B)
#define VC ALERT_VOLTAGE(PHASE_C)

static unsigned seed;

/* A meter at 480 V line to line with a sound load of 50 A in every phase that the type has. */
struct bench {
	struct readings r;
	struct settings s;
	struct derived d;
	struct rules rules;
	unsigned clipped;
};

static void set_up(struct bench *b, int type_code, double v_ln, double v_ll)
{
	const struct system_type *type = system_type_find(type_code);

	*b = (struct bench){
		.s = { .system_type = type_code, .ct_primary = 100, .ct_secondary = 1, .pt_ratio = 100, .system_voltage = 480,
		       .phase_loss_voltage = 10, .phase_loss_imbalance = 25, .pulse_energy = 1000 },
		.rules = { .no_load_percent = 0.04, .stale_s = 2 },
	};
	readings_clear(&b->r);
	b->r.hz = 60;
	for (int i = 0; i < 3; i++) {
		if (type->v_ln & 1u << i)
			b->r.v_ln_v[i] = v_ln;
		if (type->v_ll & 1u << i)
			b->r.v_ll_v[i] = v_ll;
		if (type->phases & 1u << i) {
			b->r.i_a[i] = 50;
			b->r.pf_phase[i] = 0.9;
		}
	}
}

static unsigned alerts(const struct bench *b)
{
	return alerts_evaluate(&b->r, &b->s, &b->d, &b->rules, b->clipped);
}

static void set_pairs(struct bench *b, double ab, double bc, double ac)
{
	b->r.v_ll_v[PAIR_AB] = ab;
	b->r.v_ll_v[PAIR_BC] = bc;
	b->r.v_ll_v[PAIR_AC] = ac;
}

START_TEST(a_sound_meter_of_each_type_has_no_alert)
{
	static const struct {
		int type;
		double v_ln, v_ll;
	} sound[] = { { 10, 480, 0 }, { 11, 0, 480 }, { 12, 240, 480 }, { 31, 0, 480 }, { 40, 277, 480 } };
	struct bench b;

	for (int i = 0; i < 5; i++)
		for (int below = 0; below <= 1; below++) {
			set_up(&b, sound[i].type, sound[i].v_ln, sound[i].v_ll);
			b.s.system_voltage = 480;
			/* 480 V to neutral is itself out of the range of the input. */
			if (sound[i].type == 10)
				b.r.v_ln_v[PHASE_A] = b.s.system_voltage = 277;
			b.rules.phase_loss_percent_below = below;
			ck_assert_msg(alerts(&b) == 0, "type %d: %#x", sound[i].type, alerts(&b));
		}
}
END_TEST

START_TEST(percent_of_10_percent_of_600_v_is_60_v)
{
	struct bench b;

	set_up(&b, 11, 0, 60.01);
	b.s.system_voltage = 600;
	ck_assert_uint_eq(alerts(&b) & ALERTS_PHASE_LOSS, 0);
	b.r.v_ll_v[PAIR_AB] = 59.99;
	ck_assert_uint_eq(alerts(&b) & ALERTS_PHASE_LOSS, A | B);
}
END_TEST

START_TEST(percent_below_480_v_is_249_v_to_neutral_and_432_v_line_to_line)
{
	struct bench b;

	set_up(&b, 40, 277, 480);
	b.rules.phase_loss_percent_below = true;
	for (int phase = 0; phase < 3; phase++) {
		/* 0.9 x 480 / sqrt 3 = 249.415 */
		b.r.v_ln_v[phase] = 249.42;
		ck_assert_uint_eq(alerts(&b), 0);
		b.r.v_ln_v[phase] = 249.41;
		ck_assert_uint_eq(alerts(&b), A << phase);
		b.r.v_ln_v[phase] = 277;
	}
	set_pairs(&b, 432.01, 432.01, 432.01);
	ck_assert_uint_eq(alerts(&b), 0);
	set_pairs(&b, 431.99, 432.01, 432.01);
	ck_assert_uint_eq(alerts(&b), A | B);
}
END_TEST

START_TEST(faulty_pairs_of_a_delta_mark_the_phase_they_share)
{
	static const struct {
		double ab, bc, ac;
		unsigned expected;
	} rows[] = {
		{ 480, 480, 480, 0 },
		{ 30, 480, 480, A | B }, { 480, 30, 480, B | C }, { 480, 480, 30, A | C },
		{ 30, 30, 480, B }, { 30, 480, 30, A }, { 480, 30, 30, C },
		{ 30, 30, 30, A | B | C },
		{ 0, 0, 0, A | B | C },
	};
	struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(&b, 31, 0, 480);
		set_pairs(&b, rows[i].ab, rows[i].bc, rows[i].ac);
		ck_assert_msg(alerts(&b) == rows[i].expected, "row %zu: %#x", i, alerts(&b));
	}
}
END_TEST

START_TEST(split_phase_pair_is_explained_by_a_faulty_phase)
{
	struct bench b;

	/* Nominal 480 V: 240 V to neutral; percent-of 10 %: 24 V and 48 V. */
	set_up(&b, 12, 240, 480);
	b.s.phase_loss_imbalance = 99;
	b.r.v_ll_v[PAIR_AB] = 40;
	ck_assert_uint_eq(alerts(&b), A | B);
	b.r.v_ln_v[PHASE_A] = 20;
	ck_assert_uint_eq(alerts(&b), A);
	b.r.v_ln_v[PHASE_A] = 240;
	b.r.v_ln_v[PHASE_B] = 20;
	ck_assert_uint_eq(alerts(&b), B);
	b.r.v_ln_v[PHASE_A] = 20;
	ck_assert_uint_eq(alerts(&b), A | B);
}
END_TEST

START_TEST(a_wye_pair_marks_its_phases_whatever_the_neutral_voltages_say)
{
	struct bench b;

	set_up(&b, 40, 277, 480);
	b.r.v_ln_v[PHASE_A] = 20;
	set_pairs(&b, 40, 480, 480);
	ck_assert_uint_eq(alerts(&b), A | B);
}
END_TEST

START_TEST(split_phase_nominal_to_neutral_is_half_the_system_voltage)
{
	struct bench b;

	set_up(&b, 12, 216.01, 480);
	b.rules.phase_loss_percent_below = true;
	ck_assert_uint_eq(alerts(&b), 0);
	b.r.v_ln_v[PHASE_B] = 215.99;
	ck_assert_uint_eq(alerts(&b), B);
}
END_TEST

START_TEST(single_phase_nominal_is_the_system_voltage_itself)
{
	struct bench b;

	set_up(&b, 10, 108.01, 0);
	b.s.system_voltage = 120;
	b.rules.phase_loss_percent_below = true;
	ck_assert_uint_eq(alerts(&b), 0);
	b.r.v_ln_v[PHASE_A] = 107.99;
	ck_assert_uint_eq(alerts(&b), A);
}
END_TEST

START_TEST(imbalance_marks_every_phase_too_far_below_the_highest)
{
	struct bench b;

	/* 25 % of 277 V: 207.75 V. */
	set_up(&b, 40, 277, 480);
	b.r.v_ln_v[PHASE_C] = 207.76;
	ck_assert_uint_eq(alerts(&b), 0);
	b.r.v_ln_v[PHASE_C] = 207.74;
	ck_assert_uint_eq(alerts(&b), C);
	b.r.v_ln_v[PHASE_B] = 200;
	ck_assert_uint_eq(alerts(&b), B | C);
}
END_TEST

START_TEST(imbalance_of_split_phase_compares_the_neutral_voltages)
{
	struct bench b;

	set_up(&b, 12, 240, 420);
	b.r.v_ln_v[PHASE_B] = 180.01;
	ck_assert_uint_eq(alerts(&b), 0);
	b.r.v_ln_v[PHASE_B] = 179.99;
	ck_assert_uint_eq(alerts(&b), B);
}
END_TEST

START_TEST(imbalance_of_a_delta_marks_phases_by_pairs)
{
	struct bench b;

	set_up(&b, 31, 0, 480);
	set_pairs(&b, 480, 360.01, 360.01);
	ck_assert_uint_eq(alerts(&b), 0);
	set_pairs(&b, 480, 359.99, 359.99);
	ck_assert_uint_eq(alerts(&b), C);
	set_pairs(&b, 480, 480, 359.99);
	ck_assert_uint_eq(alerts(&b), A | C);
}
END_TEST

START_TEST(imbalance_of_a_wye_tests_line_to_line_too)
{
	struct bench b;

	set_up(&b, 40, 277, 480);
	set_pairs(&b, 480, 359, 480);
	ck_assert_uint_eq(alerts(&b), B | C);
}
END_TEST

START_TEST(threshold_and_imbalance_pairs_are_judged_together)
{
	struct bench b;

	/* AB is below 48 V, AC is only out of balance: they share A. */
	set_up(&b, 31, 0, 480);
	set_pairs(&b, 40, 480, 300);
	ck_assert_uint_eq(alerts(&b), A);
}
END_TEST

START_TEST(imbalance_is_skipped_when_all_are_zero)
{
	struct bench b;

	set_up(&b, 40, 0, 0);
	b.s.phase_loss_voltage = 1;
	b.s.system_voltage = 0;
	ck_assert_uint_eq(alerts(&b), 0);
}
END_TEST

START_TEST(voltage_above_1_2_times_the_range_marks_its_phase)
{
	static const double pt[] = { 1.0, 2.0, 320.0, 0.5 };
	struct bench b;

	for (int i = 0; i < 4; i++)
		for (int phase = 0; phase < 3; phase++) {
			set_up(&b, 40, 400 * pt[i], 600 * pt[i]);
			b.s.pt_ratio = (int)lround(100 * pt[i]);
			b.s.system_voltage = (int)(600 * pt[i]);
			/* 1.2 x 347 V = 416.4 V at the input */
			b.r.v_ln_v[phase] = 416.39 * pt[i];
			ck_assert_uint_eq(alerts(&b), 0);
			b.r.v_ln_v[phase] = 416.41 * pt[i];
			ck_assert_uint_eq(alerts(&b), VA << phase);
		}
}
END_TEST

START_TEST(line_to_line_above_720_v_marks_phases_as_phase_loss_does)
{
	struct bench b;

	set_up(&b, 31, 0, 719.9);
	ck_assert_uint_eq(alerts(&b), 0);
	set_pairs(&b, 720.1, 719.9, 719.9);
	ck_assert_uint_eq(alerts(&b), VA | VB);
	set_pairs(&b, 720.1, 720.1, 719.9);
	ck_assert_uint_eq(alerts(&b), VB);
	set_pairs(&b, 720.1, 720.1, 720.1);
	ck_assert_uint_eq(alerts(&b), VA | VB | VC);

	set_up(&b, 11, 0, 720.1);
	ck_assert_uint_eq(alerts(&b), VA | VB);

	set_up(&b, 12, 400, 720.1);
	ck_assert_uint_eq(alerts(&b), VA | VB);
	b.r.v_ln_v[PHASE_B] = 416.5;
	ck_assert_uint_eq(alerts(&b), VB);
}
END_TEST

START_TEST(current_above_1_2_times_ct_primary_marks_its_phase)
{
	struct bench b;

	for (int phase = 0; phase < 3; phase++) {
		set_up(&b, 31, 0, 480);
		b.r.i_a[phase] = 120;
		ck_assert_uint_eq(alerts(&b), 0);
		b.r.i_a[phase] = 120.01;
		ck_assert_uint_eq(alerts(&b), ALERT_CURRENT(phase));
	}
}
END_TEST

START_TEST(clipping_marks_only_inputs_that_the_type_uses)
{
	static const struct {
		int type;
		unsigned expected;
	} rows[] = {
		{ 10, VA | ALERT_CURRENT(0) },
		{ 11, VA | VB | ALERT_CURRENT(0) },
		{ 12, VA | VB | ALERT_CURRENT(0) | ALERT_CURRENT(1) },
		{ 31, 0x3f },
		{ 40, 0x3f },
	};
	struct bench b;

	for (int i = 0; i < 5; i++) {
		set_up(&b, rows[i].type, 240, 480);
		b.clipped = (1u << ADC_CHANNELS) - 1;
		ck_assert_msg(alerts(&b) == rows[i].expected, "type %d: %#x", rows[i].type, alerts(&b));
	}
	set_up(&b, 40, 277, 480);
	for (unsigned channel = 0; channel < ADC_CHANNELS; channel++) {
		b.clipped = 1u << channel;
		ck_assert_uint_eq(alerts(&b), 1u << channel);
	}
}
END_TEST

START_TEST(frequency_outside_45_to_65_hz_or_unknown_sets_bit_6)
{
	static const struct {
		double hz;
		unsigned expected;
	} rows[] = {
		{ 44.994, ALERT_FREQUENCY }, { 44.996, 0 }, { 45, 0 }, { 50, 0 }, { 65, 0 }, { 65.004, 0 },
		{ 65.006, ALERT_FREQUENCY },
		{ NAN, ALERT_FREQUENCY }, { 0, ALERT_FREQUENCY }, { INFINITY, ALERT_FREQUENCY },
	};
	struct bench b;

	set_up(&b, 40, 277, 480);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b.r.hz = rows[i].hz;
		ck_assert_uint_eq(alerts(&b), rows[i].expected);
	}
}
END_TEST

START_TEST(power_factor_below_one_half_is_low_only_above_the_no_load_gate)
{
	struct bench b;

	for (int phase = 0; phase < 3; phase++) {
		set_up(&b, 40, 277, 480);
		b.r.pf_phase[phase] = 0.5;
		ck_assert_uint_eq(alerts(&b), 0);
		b.r.pf_phase[phase] = 0.4999;
		ck_assert_uint_eq(alerts(&b), ALERT_LOW_PF(phase));
		b.r.i_a[phase] = 0.0401;	/* the gate is 0.04 % of 100 A */
		ck_assert_uint_eq(alerts(&b), ALERT_LOW_PF(phase));
		b.r.i_a[phase] = 0.0399;
		ck_assert_uint_eq(alerts(&b), 0);
		b.r.i_a[phase] = 0;
		b.rules.no_load_percent = 0;
		ck_assert_uint_eq(alerts(&b), 0);
	}
}
END_TEST

START_TEST(what_is_not_a_number_sets_no_bit_but_frequency)
{
	static const int types[] = { 10, 11, 12, 31, 40 };
	struct bench b;

	for (int i = 0; i < 5; i++) {
		set_up(&b, types[i], 240, 480);
		b.rules.phase_loss_percent_below = true;
		readings_clear(&b.r);
		ck_assert_uint_eq(alerts(&b), ALERT_FREQUENCY);
	}
}
END_TEST

START_TEST(inputs_that_the_type_does_not_use_never_set_a_bit)
{
	static const int types[] = { 10, 11, 12, 31, 40 };

	for (int n = 0; n < 20000; n++) {
		const struct system_type *type = system_type_find(types[n % 5]);
		struct bench b;
		unsigned before;

		set_up(&b, type->code, 240, 480);
		b.r.v_ln_v[rand_r(&seed) % 3] *= rand_r(&seed) % 200 / 100.0;
		b.r.v_ll_v[rand_r(&seed) % 3] *= rand_r(&seed) % 200 / 100.0;
		b.rules.phase_loss_percent_below = rand_r(&seed) % 2;
		before = alerts(&b);
		for (unsigned i = 0; i < 3; i++) {
			if (!(type->v_ln & 1u << i))
				b.r.v_ln_v[i] = rand_r(&seed) % 1000;
			if (!(type->v_ll & 1u << i))
				b.r.v_ll_v[i] = rand_r(&seed) % 1000;
			if (!(type->phases & 1u << i)) {
				b.r.i_a[i] = rand_r(&seed) % 1000;
				b.r.pf_phase[i] = rand_r(&seed) % 100 / 100.0;
			}
		}
		ck_assert_uint_eq(alerts(&b), before);
	}
}
END_TEST

START_TEST(pulse_energy_without_a_duration_sets_bit_15)
{
	struct bench b;

	set_up(&b, 40, 277, 480);
	b.d.pulse_unserved = true;
	ck_assert_uint_eq(alerts(&b), ALERT_PULSE_CONFIG);
}
END_TEST

START_TEST(stale_keeps_bits_14_and_15_and_shows_6)
{
	struct derived served = { .pulse_unserved = false }, unserved = { .pulse_unserved = true };

	ck_assert_uint_eq(alerts_stale(0, &served), 0x0040);
	ck_assert_uint_eq(alerts_stale(0x7fff, &served), 0x4040);
	ck_assert_uint_eq(alerts_stale(0xffff, &unserved), 0xc040);
	ck_assert_uint_eq(alerts_stale(0x3f3f, &unserved), 0x8040);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts");
	TCase *cases = tcase_create("alerts");
	const char *given = getenv("TEST_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	fflush(stdout);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_sound_meter_of_each_type_has_no_alert);
	tcase_add_test(cases, percent_of_10_percent_of_600_v_is_60_v);
	tcase_add_test(cases, percent_below_480_v_is_249_v_to_neutral_and_432_v_line_to_line);
	tcase_add_test(cases, faulty_pairs_of_a_delta_mark_the_phase_they_share);
	tcase_add_test(cases, split_phase_pair_is_explained_by_a_faulty_phase);
	tcase_add_test(cases, a_wye_pair_marks_its_phases_whatever_the_neutral_voltages_say);
	tcase_add_test(cases, split_phase_nominal_to_neutral_is_half_the_system_voltage);
	tcase_add_test(cases, single_phase_nominal_is_the_system_voltage_itself);
	tcase_add_test(cases, imbalance_marks_every_phase_too_far_below_the_highest);
	tcase_add_test(cases, imbalance_of_split_phase_compares_the_neutral_voltages);
	tcase_add_test(cases, imbalance_of_a_delta_marks_phases_by_pairs);
	tcase_add_test(cases, imbalance_of_a_wye_tests_line_to_line_too);
	tcase_add_test(cases, threshold_and_imbalance_pairs_are_judged_together);
	tcase_add_test(cases, imbalance_is_skipped_when_all_are_zero);
	tcase_add_test(cases, voltage_above_1_2_times_the_range_marks_its_phase);
	tcase_add_test(cases, line_to_line_above_720_v_marks_phases_as_phase_loss_does);
	tcase_add_test(cases, current_above_1_2_times_ct_primary_marks_its_phase);
	tcase_add_test(cases, clipping_marks_only_inputs_that_the_type_uses);
	tcase_add_test(cases, frequency_outside_45_to_65_hz_or_unknown_sets_bit_6);
	tcase_add_test(cases, power_factor_below_one_half_is_low_only_above_the_no_load_gate);
	tcase_add_test(cases, what_is_not_a_number_sets_no_bit_but_frequency);
	tcase_add_test(cases, inputs_that_the_type_does_not_use_never_set_a_bit);
	tcase_add_test(cases, pulse_energy_without_a_duration_sets_bit_15);
	tcase_add_test(cases, stale_keeps_bits_14_and_15_and_shows_6);
	return check_main_run(suite);
}
