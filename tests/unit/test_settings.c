/* Settings: the guide's defaults and examples, and limits worked in whole numbers (squares where sqrt 3 is). */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "lib/require.h"
#include "metering/range.h"
#include "metering/settings.h"

static unsigned seed;

static struct settings defaults(void)
{
	struct settings settings;

	settings_defaults(&settings);
	return settings;
}

static struct derived derive(const struct settings *settings)
{
	struct derived derived;

	memset(&derived, 0x5A, sizeof(derived));
	settings_derive(settings, &derived);
	return derived;
}

START_TEST(range_notation_holds_its_values_and_no_others)
{
	ck_assert(range_holds("10,11,12,31,40", 10));
	ck_assert(range_holds("10,11,12,31,40", 40));
	ck_assert(!range_holds("10,11,12,31,40", 13));
	ck_assert(!range_holds("10,11,12,31,40", 1));
	ck_assert(range_holds("0,10-32767", 0));
	ck_assert(!range_holds("0,10-32767", 9));
	ck_assert(range_holds("0,10-32767", 10));
	ck_assert(range_holds("0,10-32767", 32767));
	ck_assert(!range_holds("0,10-32767", 32768));
	ck_assert(range_holds("1-32000 (0.01-320.00)", 32000));
	ck_assert(!range_holds("1-32000 (0.01-320.00)", 0));
	ck_assert(!range_holds("1 2", 2));
	ck_assert(!range_holds("", 0));
	ck_assert(!range_holds("none", 0));
}
END_TEST

START_TEST(defaults_are_those_of_the_guide)
{
	struct settings s = defaults();

	ck_assert_int_eq(s.system_type, 40);
	ck_assert_int_eq(s.ct_primary, 100);
	ck_assert_int_eq(s.ct_secondary, 1);
	ck_assert_int_eq(s.pt_ratio, 100);
	ck_assert_int_eq(s.system_voltage, 600);
	ck_assert_int_eq(s.display_units, 1);
	ck_assert_int_eq(s.phase_loss_voltage, 10);
	ck_assert_int_eq(s.phase_loss_imbalance, 25);
	ck_assert_int_eq(s.pulse_energy, 1000);
	ck_assert_int_eq(s.demand_subintervals, 1);
	ck_assert_int_eq(s.demand_subinterval_s, 900);
}
END_TEST

START_TEST(default_rules_are_percent_of_auto_and_2_s)
{
	struct rules rules;

	memset(&rules, 0xFF, sizeof(rules));
	rules_defaults(&rules);
	ck_assert(!rules.phase_loss_percent_below);
	ck_assert(!rules.ct_orientation_fixed);
	ck_assert_double_eq(rules.no_load_percent, 0.04);
	ck_assert_double_eq(rules.stale_s, 2.0);
}
END_TEST

/* Guide, default settings: maximum power 104 kW, shown as 103.92 on the panel. */
START_TEST(defaults_make_103_92_kw_at_scales_m2_m1_m2_m2)
{
	struct settings s = defaults();
	struct derived d = derive(&s);

	ck_assert_double_eq_tol(d.max_power_w, 103923.0484541326, 1e-7);
	ck_assert_int_eq(d.scale_i, -2);
	ck_assert_int_eq(d.scale_v, -1);
	ck_assert_int_eq(d.scale_w, -2);
	ck_assert_int_eq(d.scale_e, -2);
	ck_assert_int_eq(d.max_power, 10392);
	ck_assert_int_eq(d.pulse_duration_ms, 500);
	ck_assert(!d.pulse_unserved);
}
END_TEST

START_TEST(maximum_power_has_sqrt_3_in_types_31_and_40_alone)
{
	static const struct {
		int type;
		double w;
	} cases[] = {
		{ 10, 48000 }, { 11, 48000 }, { 12, 48000 }, { 31, 83138.43876330611 }, { 40, 83138.43876330611 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = defaults();
		struct derived d;

		s.system_type = cases[i].type;
		s.system_voltage = 480;
		d = derive(&s);
		ck_assert_double_eq_tol(d.max_power_w, cases[i].w, 1e-7);
	}
}
END_TEST

START_TEST(maximum_power_stays_within_1_to_32767)
{
	struct settings s = defaults();

	s.system_type = 10;
	s.ct_primary = 1;
	s.system_voltage = 82;
	ck_assert_int_eq(derive(&s).max_power, 820);	/* 0.082 kW at -4 */
	s.system_voltage = 0;
	ck_assert_int_eq(derive(&s).max_power, 1);
	s = defaults();
	s.ct_primary = 32000;
	s.system_voltage = 32000;
	ck_assert_int_eq(derive(&s).max_power, 17736);	/* 1773620 kW at 2 */
}
END_TEST

/* 1.2 x CT primary <= 32767 x 10^scale. */
START_TEST(current_scale_turns_between_whole_ratios)
{
	static const struct {
		int ct, scale;
	} cases[] = {
		{ 1, -4 }, { 2, -4 }, { 3, -3 }, { 27, -3 }, { 28, -2 }, { 273, -2 }, { 274, -1 }, { 2730, -1 }, { 2731, 0 },
		{ 27305, 0 }, { 27306, 1 }, { 32000, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = defaults();

		s.ct_primary = cases[i].ct;
		ck_assert_int_eq(derive(&s).scale_i, cases[i].scale);
	}
}
END_TEST

/* 1.2 x the larger of the system voltage and 600 V x PT ratio. */
START_TEST(voltage_scale_follows_the_larger_of_system_voltage_and_pt_range)
{
	static const struct {
		int pt, volts, scale;
	} cases[] = {
		{ 100, 82, -1 }, { 100, 600, -1 }, { 100, 2730, -1 }, { 100, 2731, 0 }, { 1, 82, -2 }, { 1, 273, -2 }, { 1, 274, -1 },
		{ 45, 82, -2 }, { 46, 82, -1 }, { 455, 600, -1 }, { 456, 600, 0 }, { 4550, 4000, 0 }, { 4551, 4000, 1 },
		{ 32000, 32000, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = defaults();

		s.pt_ratio = cases[i].pt;
		s.system_voltage = cases[i].volts;
		ck_assert_msg(derive(&s).scale_v == cases[i].scale, "PT %d, %d V: %d", cases[i].pt, cases[i].volts,
			      derive(&s).scale_v);
	}
}
END_TEST

/*
 * The largest V x A with which 1.44 x maximum power fits 32767 x 10^scale kW, from
 * (90000 n)^2 k <= (6250 x 32767 x 10^(scale + 4))^2 in whole numbers of any length, k 1 and 3.
 */
START_TEST(power_scale_turns_at_the_exact_limit)
{
	static const struct {
		int scale, single, three;
	} limits[] = {
		{ -4, 2275, 1313 }, { -3, 22754, 13137 }, { -2, 227548, 131375 }, { -1, 2275486, 1313752 },
		{ 0, 22754861, 13137525 }, { 1, 227548611, 131375251 }, { 2, 2147483647, 1313752518 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct settings s = defaults();

		s.ct_primary = 1;
		s.system_type = 12;
		s.system_voltage = limits[i].single;
		ck_assert_int_eq(derive(&s).scale_w, limits[i].scale);
		if (limits[i].scale < 2) {
			s.system_voltage++;
			ck_assert_int_eq(derive(&s).scale_w, limits[i].scale + 1);
		}
		s.system_type = 31;
		s.system_voltage = limits[i].three;
		ck_assert_int_eq(derive(&s).scale_w, limits[i].scale);
		s.system_voltage++;
		ck_assert_int_eq(derive(&s).scale_w, limits[i].scale + 1);
		ck_assert_int_eq(derive(&s).scale_e, limits[i].scale + 1);
	}
}
END_TEST

START_TEST(scale_stops_at_4_when_nothing_fits)
{
	struct settings s = defaults();

	s.ct_primary = 2000000000;
	s.system_voltage = 2000000000;
	ck_assert_int_eq(derive(&s).scale_i, 4);
	ck_assert_int_eq(derive(&s).scale_v, 4);
	ck_assert_int_eq(derive(&s).scale_w, 4);
	ck_assert_int_eq(derive(&s).max_power, 32767);
}
END_TEST

/* Does 1800000 x Wh / ms reach sqrt(k) x volt_amperes?  In whole numbers. */
static bool keeps_up(int wh, int ms, unsigned long long volt_amperes, unsigned k)
{
	unsigned long long limit = 1800000ULL / (unsigned)ms * (unsigned)wh;

	return k * volt_amperes * volt_amperes <= limit * limit;
}

static void check_pulse(const struct settings *s)
{
	static const int durations[] = { 500, 250, 100, 50, 25, 10 };
	unsigned long long volt_amperes = (unsigned long long)s->system_voltage * (unsigned)s->ct_primary;
	unsigned k = s->system_type == 31 || s->system_type == 40 ? 3 : 1;
	struct derived d = derive(s);
	size_t i = 0;

	while (i < 6 && !keeps_up(s->pulse_energy, durations[i], volt_amperes, k))
		i++;
	REQUIRE(d.pulse_unserved == (i == 6), "type %d, %d V, %d A, %d Wh", s->system_type, s->system_voltage,
		s->ct_primary, s->pulse_energy);
	REQUIRE(d.pulse_duration_ms == (i == 6 ? 10 : durations[i]), "type %d, %d V, %d A, %d Wh: %d ms", s->system_type,
		s->system_voltage, s->ct_primary, s->pulse_energy, d.pulse_duration_ms);
}

/* At each limit of each pulse energy, one below and one above; a tie keeps up. */
START_TEST(pulse_duration_is_the_slowest_that_keeps_up_to_the_watt)
{
	static const int energies[] = { 10, 100, 1000, 10000 }, durations[] = { 500, 250, 100, 50, 25, 10 };

	for (int e = 0; e < 4; e++) {
		for (int d = 0; d < 6; d++) {
			unsigned limit = 1800000u / (unsigned)durations[d] * (unsigned)energies[e];

			for (int type = 0; type < 2; type++) {
				struct settings s = defaults();
				unsigned n = type == 0 ? limit : (unsigned)(limit / sqrt(3.0));

				s.system_type = type == 0 ? 11 : 40;
				s.ct_primary = 1;
				s.pulse_energy = energies[e];
				for (int off = -1; off <= 1; off++) {
					s.system_voltage = (int)n + off;
					check_pulse(&s);
				}
			}
		}
	}
	/* And the tie itself, by hand: 360 V x 100 A = 1800000 x 10 / 500. */
	struct settings tie = defaults();

	tie.system_type = 12;
	tie.system_voltage = 360;
	tie.pulse_energy = 10;
	ck_assert_int_eq(derive(&tie).pulse_duration_ms, 500);
	tie.system_voltage = 361;
	ck_assert_int_eq(derive(&tie).pulse_duration_ms, 250);
}
END_TEST

/* What the guide allows, written anew. */
static int expected(enum setting which, int v)
{
	switch (which) {
	case SETTING_SYSTEM_TYPE:
		return v == 10 || v == 11 || v == 12 || v == 31 || v == 40 ? 0 : -ERANGE;
	case SETTING_CT_PRIMARY:
	case SETTING_PT_RATIO:
		return v >= 1 && v <= 32000 ? 0 : -ERANGE;
	case SETTING_CT_SECONDARY:
		return v == 1 || v == 3 ? 0 : -ERANGE;
	case SETTING_SYSTEM_VOLTAGE:	/* with no PT */
		return v < 82 || v > 32000 ? -ERANGE : v > 660 ? -EINVAL : 0;
	case SETTING_DISPLAY_UNITS:
		return v == 0 || v == 1 ? 0 : -ERANGE;
	case SETTING_PHASE_LOSS_VOLTAGE:
	case SETTING_PHASE_LOSS_IMBALANCE:
		return v >= 1 && v <= 99 ? 0 : -ERANGE;
	case SETTING_PULSE_ENERGY:	/* 103.9 kW: every energy is served */
		return v == 10 || v == 100 || v == 1000 || v == 10000 ? 0 : -ERANGE;
	case SETTING_DEMAND_SUBINTERVALS:
		return v >= 1 && v <= 6 ? 0 : -ERANGE;
	case SETTING_DEMAND_SUBINTERVAL_S:
		return v == 0 || (v >= 10 && v <= 32767) ? 0 : -ERANGE;
	case SETTING_ADDRESS:
		return v >= 1 && v <= 247 ? 0 : -ERANGE;
	case SETTING_BAUD:
		return v == 1200 || v == 2400 || v == 4800 || v == 9600 || v == 19200 || v == 38400 ? 0 : -ERANGE;
	case SETTING_PARITY:
		return v >= 0 && v <= 2 ? 0 : -ERANGE;
	case SETTINGS_N:
		break;
	}
	return -ENOENT;
}

START_TEST(every_value_of_every_setting_is_taken_or_refused_by_its_range)
{
	for (int which = 0; which < SETTINGS_N; which++) {
		for (int value = -70000; value <= 70000; value++) {
			struct settings before = defaults(), s = before;
			int rc = setting_set(&s, (enum setting)which, value);

			bool right = rc == expected((enum setting)which, value);

			if (rc == 0)
				right = right && setting_get(&s, (enum setting)which) == value;
			else
				right = right && !memcmp(&s, &before, sizeof(s));
			if (!right)	/* an assertion each would be millions, and slow */
				ck_abort_msg("%s = %d: %d", setting_name((enum setting)which), value, rc);
		}
	}
}
END_TEST

START_TEST(a_change_touches_its_own_setting_alone)
{
	for (int which = 0; which < SETTINGS_N; which++) {
		struct settings before = defaults(), s = before;
		static const int other[SETTINGS_N] = { 31, 200, 3, 120, 480, 0, 20, 30, 10000, 4, 60, 7, 9600, 1 };

		ck_assert_int_eq(setting_set(&s, (enum setting)which, other[which]), 0);
		for (int i = 0; i < SETTINGS_N; i++)
			if (i != which)
				ck_assert_int_eq(setting_get(&s, (enum setting)i), setting_get(&before, (enum setting)i));
	}
}
END_TEST

/* Guide, register 134: 82-660 V when divided by the PT ratio. */
START_TEST(system_voltage_is_checked_against_the_pt_ratio)
{
	static const struct {
		int pt, low, high;
	} cases[] = {
		{ 100, 82, 660 }, { 200, 164, 1320 }, { 101, 83, 666 }, { 3000, 2460, 19800 }, { 32000, 26240, 32000 },
		{ 13, 82, 85 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = defaults();

		ck_assert_int_eq(setting_set(&s, SETTING_PT_RATIO, cases[i].pt), 0);
		ck_assert_int_eq(setting_set(&s, SETTING_SYSTEM_VOLTAGE, cases[i].low), 0);
		ck_assert_int_eq(setting_set(&s, SETTING_SYSTEM_VOLTAGE, cases[i].high), 0);
		ck_assert_int_ne(setting_set(&s, SETTING_SYSTEM_VOLTAGE, cases[i].low - 1), 0);
		ck_assert_int_ne(setting_set(&s, SETTING_SYSTEM_VOLTAGE, cases[i].high + 1), 0);
		ck_assert_int_eq(s.system_voltage, cases[i].high);
	}
}
END_TEST

START_TEST(pt_ratio_is_never_refused_for_the_system_voltage)
{
	struct settings s = defaults();

	ck_assert_int_eq(setting_set(&s, SETTING_PT_RATIO, 32000), 0);
	ck_assert_int_eq(s.system_voltage, 600);
	ck_assert_int_eq(setting_set(&s, SETTING_PT_RATIO, 1), 0);
	ck_assert_int_eq(s.system_voltage, 600);
}
END_TEST

START_TEST(pulse_energy_that_no_duration_serves_is_refused)
{
	struct settings s = defaults();

	/* sqrt 3 x 600 V x 32000 A = 33.3 MW; 10 ms serve 1.8 MW at 10 Wh, 18 MW at 100 Wh, 180 MW at 1000 Wh. */
	ck_assert_int_eq(setting_set(&s, SETTING_CT_PRIMARY, 32000), 0);
	ck_assert_int_eq(setting_set(&s, SETTING_PULSE_ENERGY, 10), -EINVAL);
	ck_assert_int_eq(setting_set(&s, SETTING_PULSE_ENERGY, 100), -EINVAL);
	ck_assert_int_eq(s.pulse_energy, 1000);
	ck_assert_int_eq(setting_set(&s, SETTING_PULSE_ENERGY, 10000), 0);
	ck_assert_int_eq(setting_set(&s, SETTING_PULSE_ENERGY, 1000), 0);
}
END_TEST

START_TEST(larger_ct_keeps_the_pulse_energy_and_hunts_for_a_duration)
{
	struct settings s = defaults();

	ck_assert_int_eq(setting_set(&s, SETTING_PULSE_ENERGY, 10), 0);
	ck_assert_int_eq(derive(&s).pulse_duration_ms, 100);	/* 103.9 kW: 72 kW at 250 ms, 180 kW at 100 ms */
	ck_assert_int_eq(setting_set(&s, SETTING_CT_PRIMARY, 1000), 0);
	ck_assert_int_eq(s.pulse_energy, 10);
	ck_assert_int_eq(derive(&s).pulse_duration_ms, 10);	/* 1.04 MW */
	ck_assert(!derive(&s).pulse_unserved);
	ck_assert_int_eq(setting_set(&s, SETTING_CT_PRIMARY, 2000), 0);
	ck_assert_int_eq(s.pulse_energy, 10);
	ck_assert_int_eq(derive(&s).pulse_duration_ms, 10);
	ck_assert(derive(&s).pulse_unserved);
}
END_TEST

START_TEST(check_names_the_first_setting_at_fault)
{
	static const int bad[SETTINGS_N] = { 13, 0, 2, 0, 81, 2, 0, 100, 50, 7, 9, 248, 300, 3 };
	struct settings s = defaults();
	enum setting which;

	ck_assert_int_eq(settings_check(&s, &which), 0);
	for (int i = 0; i < SETTINGS_N; i++) {
		int *const fields[SETTINGS_N] = {
			&s.system_type, &s.ct_primary, &s.ct_secondary, &s.pt_ratio, &s.system_voltage, &s.display_units,
			&s.phase_loss_voltage, &s.phase_loss_imbalance, &s.pulse_energy, &s.demand_subintervals,
			&s.demand_subinterval_s, &s.address, &s.baud, &s.parity,
		};

		s = defaults();
		*fields[i] = bad[i];
		ck_assert_int_eq(settings_check(&s, &which), -EINVAL);
		ck_assert_int_eq(which, i);
	}
	s = defaults();
	s.pt_ratio = 32000;
	ck_assert_int_eq(settings_check(&s, &which), -EINVAL);
	ck_assert_int_eq(which, SETTING_SYSTEM_VOLTAGE);
	s = defaults();
	s.ct_primary = 32000;
	s.pulse_energy = 100;
	ck_assert_int_eq(settings_check(&s, &which), -EINVAL);
	ck_assert_int_eq(which, SETTING_PULSE_ENERGY);
}
END_TEST

START_TEST(names_are_those_of_the_configuration)
{
	ck_assert_str_eq(setting_name(SETTING_SYSTEM_TYPE), "system_type");
	ck_assert_str_eq(setting_name(SETTING_PT_RATIO), "pt_ratio");
	ck_assert_str_eq(setting_name(SETTING_DEMAND_SUBINTERVAL_S), "demand_subinterval_s");
	ck_assert_str_eq(setting_range(SETTING_DEMAND_SUBINTERVAL_S), "0,10-32767");
}
END_TEST

static bool fits(long double full_scale, int scale)
{
	return full_scale <= 32767.0L * powl(10.0L, scale);
}

static void check_scale(long double full_scale, int scale)
{
	REQUIRE(scale >= -4 && scale <= 4, "scale %d", scale);
	REQUIRE(fits(full_scale, scale), "%Lg does not fit scale %d", full_scale, scale);
	REQUIRE(scale == -4 || !fits(full_scale, scale - 1), "%Lg fits a smaller scale than %d", full_scale, scale);
}

START_TEST(random_legal_settings_get_the_smallest_scales_that_fit)
{
	static const int types[] = { 10, 11, 12, 31, 40 }, energies[] = { 10, 100, 1000, 10000 };

	srand(seed);
	for (int i = 0; i < 100000; i++) {
		struct settings s = defaults();
		struct derived d;
		long double kw;

		s.system_type = types[rand() % 5];
		s.ct_primary = 1 + rand() % (rand() % 2 ? 32000 : 300);
		s.pt_ratio = 1 + rand() % (rand() % 2 ? 32000 : 300);
		s.system_voltage = 82 + rand() % (rand() % 2 ? 31919 : 600);
		s.pulse_energy = energies[rand() % 4];
		d = derive(&s);
		kw = (s.system_type >= 31 ? sqrtl(3.0L) : 1.0L) * s.system_voltage * s.ct_primary / 1000.0L;
		check_scale(1.2L * s.ct_primary, d.scale_i);
		check_scale(1.2L * fmaxl(s.system_voltage, 6.0L * s.pt_ratio), d.scale_v);
		check_scale(1.44L * kw, d.scale_w);
		REQUIRE(d.scale_e == d.scale_w, "%d, %d", d.scale_e, d.scale_w);
		REQUIRE(fabsl(d.max_power * powl(10.0L, d.scale_w) - kw) <= 0.5000001L * powl(10.0L, d.scale_w), "%d for %Lg kW", d.max_power, kw);
		check_pulse(&s);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tc = tcase_create("settings");
	const char *fixed = getenv("TEST_SEED");

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, range_notation_holds_its_values_and_no_others);
	tcase_add_test(tc, defaults_are_those_of_the_guide);
	tcase_add_test(tc, default_rules_are_percent_of_auto_and_2_s);
	tcase_add_test(tc, defaults_make_103_92_kw_at_scales_m2_m1_m2_m2);
	tcase_add_test(tc, maximum_power_has_sqrt_3_in_types_31_and_40_alone);
	tcase_add_test(tc, maximum_power_stays_within_1_to_32767);
	tcase_add_test(tc, current_scale_turns_between_whole_ratios);
	tcase_add_test(tc, voltage_scale_follows_the_larger_of_system_voltage_and_pt_range);
	tcase_add_test(tc, power_scale_turns_at_the_exact_limit);
	tcase_add_test(tc, scale_stops_at_4_when_nothing_fits);
	tcase_add_test(tc, pulse_duration_is_the_slowest_that_keeps_up_to_the_watt);
	tcase_add_test(tc, every_value_of_every_setting_is_taken_or_refused_by_its_range);
	tcase_add_test(tc, a_change_touches_its_own_setting_alone);
	tcase_add_test(tc, system_voltage_is_checked_against_the_pt_ratio);
	tcase_add_test(tc, pt_ratio_is_never_refused_for_the_system_voltage);
	tcase_add_test(tc, pulse_energy_that_no_duration_serves_is_refused);
	tcase_add_test(tc, larger_ct_keeps_the_pulse_energy_and_hunts_for_a_duration);
	tcase_add_test(tc, check_names_the_first_setting_at_fault);
	tcase_add_test(tc, names_are_those_of_the_configuration);
	tcase_add_test(tc, random_legal_settings_get_the_smallest_scales_that_fit);
	suite_add_tcase(suite, tc);
	return check_main_run(suite);
}
