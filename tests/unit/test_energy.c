/* Energy accumulators: truth from hand-worked sums, from arithmetic in whole numbers and from decimal text. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/check_main.h"
#include "lib/require.h"
#include "metering/energy.h"

static unsigned seed;

static uint64_t random_u64(void)
{
	uint64_t value = 0;

	for (int i = 0; i < 5; i++)
		value = value << 15 ^ (uint64_t)rand_r(&seed);
	return value;
}

static double random_unit(void)
{
	return (double)(random_u64() >> 11) / 9007199254740992.0;
}

/* What was added, in nano-Wh: below 2^63 for 9 GWh. */
static int64_t added_nwh(const struct energy *before, const struct energy *after)
{
	return (int64_t)(after->wh - before->wh) * 1000000000 + (int64_t)after->nwh - (int64_t)before->nwh;
}

START_TEST(one_kilowatt_for_an_hour_is_1000_wh)
{
	struct energy energy = { 0, 0 };

	for (int i = 0; i < 3600; i++)
		energy_add(&energy, 1000.0, 1.0);
	/* 1 kWs is 277777777.78 nWh, rounded up by 0.22 each second. */
	ck_assert_uint_eq(energy.wh, 1000);
	ck_assert_uint_eq(energy.nwh, 800);
	ck_assert_double_eq_tol(energy_kwh(&energy), 1.0, 1e-9);
}
END_TEST

START_TEST(a_milliwatt_does_not_stall_beside_a_terawatt_hour)
{
	struct energy energy = { UINT64_C(1000000000000), 999999000 };

	/* 1 mWs = 277.8 nWh; the fourth carries into the watt-hours. */
	for (int i = 0; i < 4; i++)
		energy_add(&energy, 1e-3, 1.0);
	ck_assert_uint_eq(energy.wh, UINT64_C(1000000000001));
	ck_assert_uint_eq(energy.nwh, 4 * 278 - 1000);
}
END_TEST

START_TEST(ten_gigawatts_for_ten_seconds_do_not_overflow)
{
	struct energy energy = { 5, 999999999 };

	/* 1e11 Ws / 3600 = 27777777.777777777... Wh */
	energy_add(&energy, 1e10, 10.0);
	ck_assert_uint_eq(energy.wh, 5 + 27777777 + 1);
	ck_assert_uint_eq(energy.nwh, 777777777);
}
END_TEST

START_TEST(what_is_not_a_positive_finite_power_adds_nothing)
{
	static const double power[] = { NAN, -1.0, -INFINITY, INFINITY, 0.0, -0.0 };
	static const double seconds[] = { NAN, -1.0, 0.0, INFINITY };
	struct energy energy = { 7, 42 };

	for (size_t i = 0; i < sizeof(power) / sizeof(power[0]); i++)
		energy_add(&energy, power[i], 1.0);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		energy_add(&energy, 1.0, seconds[i]);
	energy_add(&energy, 1e300, 1e300);
	ck_assert_uint_eq(energy.wh, 7);
	ck_assert_uint_eq(energy.nwh, 42);
}
END_TEST

START_TEST(random_additions_are_each_within_half_a_nano_wh)
{
	struct energy energy = { 0, 0 };

	for (int i = 0; i < 100000; i++) {
		double power_w = pow(10.0, 13.0 * random_unit() - 3.0), seconds = 0.5 + random_unit();
		struct energy before = energy;
		double sum_ws = power_w * seconds, whole_ws = floor(sum_ws), off_nwh;

		energy_add(&energy, power_w, seconds);
		/* 9 nano-Wh are 9 * 3600 / 10^9 Ws: whole numbers, but for the Ws below one */
		off_nwh = (double)(9 * added_nwh(&before, &energy) - 2500000 * (int64_t)whole_ws) / 9 - (sum_ws - whole_ws) * (1e9 / 3600);
		/* Half a unit, and what a double's own resolution of the remainder below 1 Wh leaves. */
		REQUIRE(fabs(off_nwh) <= 0.5 + 1e-6, "%.17g W for %.17g s: %.6f nWh off", power_w, seconds, off_nwh);
		REQUIRE(energy.nwh < 1000000000, "%u nWh", energy.nwh);
	}
}
END_TEST

START_TEST(register_at_each_scale_of_a_hand_worked_energy)
{
	static const uint32_t expected[] = {
		12345678 * 10 + 9,	/* -4: 0.1 Wh */
		12345678,		/* -3: 1 Wh */
		1234567,		/* -2: 10 Wh */
		123456,			/* -1: 100 Wh */
		12345, 1234, 123, 12, 1,
	};
	struct energy energy = { 12345678, 999999999 };

	for (int scale = -4; scale <= 4; scale++)
		ck_assert_uint_eq(energy_register(&energy, scale), expected[scale + 4]);
}
END_TEST

/* The number that the energy's digits show with the last `dropped` of them left out, modulo 2^32. */
static uint32_t digits_mod_2_32(const struct energy *energy, int dropped)
{
	char text[40];
	int length = snprintf(text, sizeof(text), "%llu%09u", (unsigned long long)energy->wh, (unsigned)energy->nwh);
	uint32_t value = 0;

	for (int i = 0; i < length - dropped; i++)
		value = value * 10 + (uint32_t)(text[i] - '0');
	return value;
}

START_TEST(register_is_the_floor_modulo_2_32_of_the_decimal_digits)
{
	for (int i = 0; i < 100000; i++) {
		struct energy energy = { random_u64() >> (random_u64() % 64), (uint32_t)(random_u64() % 1000000000) };

		/* nano-Wh, to 0.1 Wh: 8 digits */
		for (int scale = -4; scale <= 4; scale++)
			REQUIRE(energy_register(&energy, scale) == digits_mod_2_32(&energy, 8 + scale + 4),
				"%llu Wh + %u nWh at scale %d", (unsigned long long)energy.wh, energy.nwh, scale);
	}
}
END_TEST

START_TEST(register_rolls_over_at_2_32_to_the_nano_wh)
{
	uint64_t unit_wh = 1;

	for (int scale = -3; scale <= 4; scale++, unit_wh *= 10) {
		struct energy energy = { (UINT64_C(1) << 32) * unit_wh - 1, 999999999 };
		double kwh = energy_kwh(&energy);

		ck_assert_uint_eq(energy_register(&energy, scale), UINT32_MAX);
		energy_add(&energy, 3.6e-6, 1.0);	/* 1 nWh */
		ck_assert_uint_eq(energy_register(&energy, scale), 0);
		ck_assert_double_ge(energy_kwh(&energy), kwh);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("energy");
	TCase *cases = tcase_create("energy");
	const char *given = getenv("TEST_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	fflush(stdout);
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, one_kilowatt_for_an_hour_is_1000_wh);
	tcase_add_test(cases, a_milliwatt_does_not_stall_beside_a_terawatt_hour);
	tcase_add_test(cases, ten_gigawatts_for_ten_seconds_do_not_overflow);
	tcase_add_test(cases, what_is_not_a_positive_finite_power_adds_nothing);
	tcase_add_test(cases, random_additions_are_each_within_half_a_nano_wh);
	tcase_add_test(cases, register_at_each_scale_of_a_hand_worked_energy);
	tcase_add_test(cases, register_is_the_floor_modulo_2_32_of_the_decimal_digits);
	tcase_add_test(cases, register_rolls_over_at_2_32_to_the_nano_wh);
	return check_main_run(suite);
}
