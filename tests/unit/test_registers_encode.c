/* Encoding and reading: a meter that shows a different value everywhere, its registers worked by hand. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "lib/require.h"
#include "registers/registers.h"

static unsigned seed;

/* 480 V, 100 A, type 40: scales I -2, V -1, W -2, E -2.  No two values alike. */
static struct snapshot full_meter(void)
{
	struct snapshot s = {
		.live = true,
		.readings = {
			.p_w = 40123.4, .q_var = 9876.5, .s_va = 41320.9, .pf = 0.97101,
			.v_ll_avg_v = 481.23, .v_ln_avg_v = 277.84, .i_avg_a = 49.555,
			.p_phase_w = { 13001, 13112, 14010.4 }, .q_phase_var = { 3101, 3202, 3303 },
			.s_phase_va = { 13366, 13498, 14394 }, .pf_phase = { 0.9727, 0.9714, 0.9733 },
			.v_ll_v = { 480.1, 481.2, 482.3 }, .v_ln_v = { 276.9, 277.7, 278.8 }, .i_a = { 48.27, 48.61, 51.63 },
			.hz = 59.987,
		},
		.energies = {
			.kwh = { 123456789, 5 }, .kvah = { 133456789, 6 }, .kvarh = { 23456789, 7 },
			.kwh_phase = { { 41111111, 0 }, { 42222222, 0 }, { 40123456, 0 } },
		},
		.demand = { .present = { 39001, 9002, 40003 }, .max = { 45004, 12005, 46006 } },
		.alerts = 0xC123, .energy_resets = 17, .power_ups = 23, .output_config = 2,
		.pulses = { 123456, 23456 }, .firmware_version = 12345,
	};

	settings_defaults(&s.settings);
	s.settings = (struct settings){ 40, 100, 3, 100, 480, 0, 11, 26, 10000, 3, 300, 1, 19200, PARITY_NONE };
	settings_derive(&s.settings, &s.derived);
	return s;
}

static uint16_t read_one(const struct snapshot *snapshot, unsigned number)
{
	static struct register_image image;
	uint16_t value = 0xDEAD;

	registers_encode(snapshot, &image);
	ck_assert_int_eq(registers_read(&image, number, 1, &value), REGISTERS_OK);
	return value;
}

static uint32_t read_long(const struct snapshot *snapshot, unsigned number)
{
	return (uint32_t)read_one(snapshot, number) << 16 | read_one(snapshot, number + 1);
}

static float read_float(const struct snapshot *snapshot, unsigned number)
{
	uint32_t bits = read_long(snapshot, number);
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

START_TEST(every_integer_register_shows_its_own_value)
{
	static const struct {
		unsigned number, value;
	} cases[] = {
		{ 3, 4012 }, { 4, 988 }, { 5, 4132 }, { 6, 9710 }, { 7, 4812 }, { 8, 2778 }, { 9, 4956 },
		{ 10, 1300 }, { 11, 1311 }, { 12, 1401 }, { 13, 9727 }, { 14, 9714 }, { 15, 9733 },
		{ 16, 4801 }, { 17, 4812 }, { 18, 4823 }, { 19, 2769 }, { 20, 2777 }, { 21, 2788 },
		{ 22, 4827 }, { 23, 4861 }, { 24, 5163 }, { 25, 0x8000 }, { 26, 5999 },
		{ 31, 1337 }, { 32, 1350 }, { 33, 1439 }, { 34, 310 }, { 35, 320 }, { 36, 330 },
		{ 37, 3900 }, { 38, 900 }, { 39, 4000 }, { 40, 4500 }, { 41, 1201 }, { 42, 4601 },
		{ 129, 0 }, { 130, 40 }, { 131, 100 }, { 132, 3 }, { 133, 100 }, { 134, 480 }, { 135, 8314 }, { 136, 0 },
		{ 137, 0 }, { 138, 0xFFFE }, { 139, 0xFFFF }, { 140, 0xFFFE }, { 141, 0xFFFE }, { 142, 11 }, { 143, 26 },
		{ 144, 10000 }, { 145, 500 }, { 146, 0xC123 }, { 147, 17 }, { 148, 0 }, { 149, 3 }, { 150, 300 },
		{ 151, 0 }, { 152, 23 }, { 153, 2 }, { 154, 0 }, { 7001, 12345 },
	};
	struct snapshot s = full_meter();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(read_one(&s, cases[i].number) == cases[i].value, "register %u reads %u, not %u",
			      cases[i].number, read_one(&s, cases[i].number), cases[i].value);
}
END_TEST

START_TEST(every_long_register_shows_its_own_value)
{
	static const struct {
		unsigned number;
		uint32_t value;
	} cases[] = {
		{ 1, 12345678 }, { 27, 13345678 }, { 29, 2345678 }, { 43, 123456 }, { 45, 23456 },
		{ 47, 4111111 }, { 49, 4222222 }, { 51, 4012345 },
	};
	struct snapshot s = full_meter();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_uint_eq(read_long(&s, cases[i].number), cases[i].value);
}
END_TEST

START_TEST(every_float_register_shows_its_own_value)
{
	static const struct {
		unsigned number;
		float value;
	} cases[] = {
		{ 257, 123456.789F }, { 259, 123456.789F }, { 261, 40.1234F }, { 263, 9.8765F }, { 265, 41.3209F },
		{ 267, 0.97101F }, { 269, 481.23F }, { 271, 277.84F }, { 273, 49.555F }, { 275, 13.001F }, { 277, 13.112F },
		{ 279, 14.0104F }, { 281, 0.9727F }, { 283, 0.9714F }, { 285, 0.9733F }, { 287, 480.1F }, { 289, 481.2F },
		{ 291, 482.3F }, { 293, 276.9F }, { 295, 277.7F }, { 297, 278.8F }, { 299, 48.27F }, { 301, 48.61F },
		{ 303, 51.63F }, { 307, 59.987F }, { 309, 133456.789F }, { 311, 23456.789F }, { 313, 13.366F },
		{ 315, 13.498F }, { 317, 14.394F }, { 319, 3.101F }, { 321, 3.202F }, { 323, 3.303F }, { 325, 39.001F },
		{ 327, 9.002F }, { 329, 40.003F }, { 331, 45.004F }, { 333, 12.005F }, { 335, 46.006F }, { 337, 123456.0F },
		{ 339, 23456.0F }, { 341, 41111.111F }, { 343, 42222.222F }, { 345, 40123.456F },
	};
	struct snapshot s = full_meter();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(read_float(&s, cases[i].number) == cases[i].value, "register %u reads %.9g, not %.9g",
			      cases[i].number, (double)read_float(&s, cases[i].number), (double)cases[i].value);
	ck_assert_uint_eq(read_long(&s, 305), 0x7FC00000);
}
END_TEST

/* Guide, point map: 0x8000 is a 16-bit QNAN, 0x7FC00000 a 32-bit one. */
START_TEST(stale_meter_shows_no_instantaneous_value_but_keeps_the_rest)
{
	struct snapshot s = full_meter(), live = s;

	s.live = false;
	readings_clear(&s.readings);
	for (unsigned n = 3; n <= 36; n++)
		if (n < 27 || n > 30)
			ck_assert_uint_eq(read_one(&s, n), 0x8000);
	for (unsigned n = 261; n <= 323; n += 2)
		if (n != 309 && n != 311)
			ck_assert_uint_eq(read_long(&s, n), 0x7FC00000);
	for (unsigned n = 37; n <= 52; n++)
		ck_assert_uint_eq(read_one(&s, n), read_one(&live, n));
	for (unsigned n = 129; n <= 154; n++)
		ck_assert_uint_eq(read_one(&s, n), read_one(&live, n));
	for (unsigned n = 325; n <= 346; n++)
		ck_assert_uint_eq(read_one(&s, n), read_one(&live, n));
	ck_assert_uint_eq(read_long(&s, 1), 12345678);
	ck_assert_uint_eq(read_long(&s, 27), 13345678);
	ck_assert_uint_eq(read_long(&s, 29), 2345678);
}
END_TEST

START_TEST(energy_of_a_phase_outside_the_type_is_not_valid_but_kept)
{
	static const struct {
		int type;
		bool b, c;
	} cases[] = { { 10, false, false }, { 11, false, false }, { 12, true, false }, { 31, true, true }, { 40, true, true } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot s = full_meter();

		s.settings.system_type = cases[i].type;
		settings_derive(&s.settings, &s.derived);
		s.derived.scale_e = -2;
		ck_assert_uint_eq(read_long(&s, 47), 4111111);
		ck_assert_uint_eq(read_long(&s, 49), cases[i].b ? 4222222 : 0x80000000);
		ck_assert_uint_eq(read_long(&s, 51), cases[i].c ? 4012345 : 0x80000000);
		ck_assert(read_float(&s, 341) == 41111.111F);
		ck_assert_uint_eq(read_long(&s, 343) == 0x7FC00000, !cases[i].b);
		ck_assert_uint_eq(read_long(&s, 345) == 0x7FC00000, !cases[i].c);
		ck_assert_uint_eq(read_long(&s, 1), 12345678);
	}
}
END_TEST

START_TEST(integers_round_to_nearest_and_stop_at_32767)
{
	static const struct {
		double w;
		unsigned value;
	} cases[] = {
		{ 0, 0 }, { 4.9, 0 }, { 5.1, 1 }, { 14.9, 1 }, { 327664.9, 32766 }, { 327665.1, 32767 }, { 327670, 32767 },
		{ 327676, 32767 }, { 655360, 32767 }, { 1e9, 32767 }, { 1e30, 32767 }, { -100, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot s = full_meter();

		s.readings.p_w = cases[i].w;
		ck_assert_uint_eq(read_one(&s, 3), cases[i].value);
	}
}
END_TEST

START_TEST(power_factor_1_reads_10000_and_60_hz_reads_6000)
{
	struct snapshot s = full_meter();

	s.readings.pf = 1.0;
	s.readings.hz = 60.0;
	ck_assert_uint_eq(read_one(&s, 6), 10000);
	ck_assert_uint_eq(read_one(&s, 26), 6000);
	s.readings.hz = 45.004;
	ck_assert_uint_eq(read_one(&s, 26), 4500);
}
END_TEST

START_TEST(energies_are_floored_and_begin_again_at_2_to_the_32)
{
	static const struct {
		uint64_t wh;
		int scale;
		uint32_t value;
	} cases[] = {
		{ 1999, 0, 1 }, { 1999, -2, 199 }, { 1999, -3, 1999 }, { 19999999, 4, 1 }, { 99999, 1, 9 },
		{ UINT64_C(42949672959), -2, 4294967295u }, { UINT64_C(42949672960), -2, 0 },
		{ UINT64_C(42949672975), -2, 1 }, { UINT64_C(4294967296000), 0, 0 }, { UINT64_C(4294967297000), 0, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot s = full_meter();

		s.energies.kwh.wh = cases[i].wh;
		s.derived.scale_e = cases[i].scale;
		ck_assert_uint_eq(read_long(&s, 1), cases[i].value);
		ck_assert(read_float(&s, 257) == (float)((double)cases[i].wh / 1000));
	}
}
END_TEST

/* Guide, 337-340: 0 to 4294967040, rolling over with the integer. */
START_TEST(pulse_floats_lose_low_bits_towards_zero)
{
	static const struct {
		uint32_t count;
		double value;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 16777215, 16777215 }, { 16777216, 16777216 }, { 16777217, 16777216 },
		{ 33554431, 33554430 }, { 4294967039u, 4294966784.0 }, { 4294967040u, 4294967040.0 }, { 4294967295u, 4294967040.0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot s = full_meter();

		s.pulses[0] = cases[i].count;
		s.pulses[1] = cases[i].count;
		ck_assert_uint_eq(read_long(&s, 43), cases[i].count);
		ck_assert_uint_eq(read_long(&s, 45), cases[i].count);
		ck_assert_double_eq((double)read_float(&s, 337), cases[i].value);
		ck_assert_double_eq((double)read_float(&s, 339), cases[i].value);
	}
}
END_TEST

START_TEST(values_are_given_in_the_units_of_the_table)
{
	struct snapshot s = full_meter();

	ck_assert_double_eq(registers_value(registers_find(261), &s), 40123.4 / 1000);
	ck_assert_double_eq(registers_value(registers_find(3), &s), 40123.4 / 1000);
	ck_assert_double_eq(registers_value(registers_find(267), &s), 0.97101);
	ck_assert_double_eq_tol(registers_value(registers_find(257), &s), 123456.789000000005, 1e-10);
	ck_assert_double_eq_tol(registers_value(registers_find(135), &s), 83.14, 1e-12);
	ck_assert_double_eq(registers_value(registers_find(133), &s), 1.0);
	ck_assert_double_eq(registers_value(registers_find(138), &s), -2.0);
	ck_assert_double_eq(registers_value(registers_find(337), &s), 123456.0);
	ck_assert_double_eq(registers_value(registers_find(136), &s), 0.0);
	ck_assert(isnan(registers_value(registers_find(305), &s)));
	s.readings.i_a[PHASE_B] = (double)NAN;
	ck_assert(isnan(registers_value(registers_find(301), &s)));
	ck_assert(isnan(registers_value(registers_find(23), &s)));
	s.settings.system_type = 12;
	ck_assert(isnan(registers_value(registers_find(345), &s)));
	ck_assert(!isnan(registers_value(registers_find(343), &s)));
}
END_TEST

static double uniform(void)
{
	return rand() / (RAND_MAX + 1.0);
}

/* Any number that a meter could show, some not valid, some beyond what fits. */
static double random_double(double full_scale)
{
	int kind = rand() % 10;

	if (kind == 0)
		return (double)NAN;
	if (kind == 1)
		return 0.0;
	return full_scale * 1.5 * pow(uniform(), 1 + rand() % 4);
}

static struct snapshot random_meter(void)
{
	static const int types[] = { 10, 11, 12, 31, 40 };
	struct snapshot s = full_meter();
	double readings[sizeof(struct readings) / sizeof(double)];
	double full;

	s.settings.system_type = types[rand() % 5];
	s.settings.ct_primary = 1 + rand() % 32000;
	s.settings.pt_ratio = 1 + rand() % 32000;
	s.settings.system_voltage = 82 + rand() % 31919;
	settings_derive(&s.settings, &s.derived);
	full = rand() % 2 ? s.derived.max_power_w : rand() % 2 ? s.settings.ct_primary : 1.0;
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		readings[i] = random_double(full);
	memcpy(&s.readings, readings, sizeof(s.readings));
	for (int q = 0; q < DEMAND_QUANTITIES; q++) {
		s.demand.present[q] = s.derived.max_power_w * uniform();
		s.demand.max[q] = s.derived.max_power_w * uniform();
	}
	return s;
}

/* 10^exponent of an integer row, from the registers that a master sees. */
static double step(const struct register_image *image, const char *scale)
{
	uint16_t exponent = 0;

	if (!strcmp(scale, "0.01"))
		return 1e-2;
	if (!strcmp(scale, "0.0001"))
		return 1e-4;
	registers_read(image, !strcmp(scale, "I") ? 138 : !strcmp(scale, "V") ? 139 : 140, 1, &exponent);
	return pow(10.0, (int16_t)exponent);
}

/* What a master finds by rounding the float is what the integer register says. */
static void check_agreement(const struct register_image *image)
{
	for (unsigned n = 3; n <= 42; n++) {
		const struct point *integer = registers_find(n), *twin;
		uint16_t value, words[2];
		uint32_t bits;
		float single;

		if (n == 25 || (n >= 27 && n <= 30))
			continue;
		twin = registers_find_name(integer->name, integer);
		REQUIRE(twin->number >= 257, "%s: %u", integer->name, twin->number);
		REQUIRE(registers_read(image, n, 1, &value) == REGISTERS_OK, "%u", n);
		REQUIRE(registers_read(image, twin->number, 2, words) == REGISTERS_OK, "%u", twin->number);
		bits = (uint32_t)words[0] << 16 | words[1];
		memcpy(&single, &bits, sizeof(single));
		if (isnan(single)) {
			REQUIRE(value == 0x8000 && bits == 0x7FC00000, "%s: %#x, %#x", integer->name, value, (unsigned)bits);
		} else {
			double scaled = fmin((double)single / step(image, registers_scale(integer)), 32767.0);

			REQUIRE(fabs(value - scaled) <= 0.5 + 1e-9, "%s: integer %u, float %.9g (TEST_SEED=%u)",
				integer->name, value, (double)single, seed);
		}
	}
}

START_TEST(integer_and_float_images_of_random_meters_agree)
{
	srand(seed);
	for (int i = 0; i < 2000; i++) {
		struct snapshot s = random_meter();
		struct register_image image;

		registers_encode(&s, &image);
		check_agreement(&image);
	}
}
END_TEST

/* Just beside half a step a single can stand on the other side than the double it was made of. */
START_TEST(integer_and_float_images_agree_beside_half_a_step)
{
	for (int k = 0; k < 32767; k += 7) {
		for (int off = -1; off <= 1; off++) {
			struct snapshot s = full_meter();
			struct register_image image;

			s.readings.p_w = (k + 0.5) * 10.0 + off * 1e-6;
			s.readings.i_avg_a = (k + 0.5) / 100.0 + off * 1e-9;
			s.readings.pf = (k + 0.5) / 10000.0;
			registers_encode(&s, &image);
			check_agreement(&image);
		}
	}
}
END_TEST

/* How many registers from `first` on lie in its block. */
static unsigned run_length(unsigned first)
{
	static const struct {
		unsigned first, last;
	} blocks[] = { { 1, 52 }, { 129, 178 }, { 257, 346 }, { 7001, 7001 }, { 8000, 13759 } };

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (first >= blocks[i].first && first <= blocks[i].last)
			return blocks[i].last - first + 1;
	return 0;
}

START_TEST(reads_within_a_block_are_served_whole_and_all_others_refused)
{
	static const struct {
		unsigned first, last;
	} spans[] = { { 0, 400 }, { 6990, 7010 }, { 7990, 8010 }, { 13750, 13770 }, { 65500, 65540 } };
	struct snapshot s = full_meter();
	struct register_image image;

	registers_encode(&s, &image);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		for (unsigned first = spans[i].first; first <= spans[i].last; first++) {
			for (unsigned count = 1; count <= 125; count++) {
				uint16_t values[126];
				int rc;

				values[count] = 0xABCD;
				rc = registers_read(&image, first, count, values);
				REQUIRE(rc == (count <= run_length(first) ? REGISTERS_OK : REGISTERS_ILLEGAL_ADDRESS),
					"%u registers from %u: %d", count, first, rc);
				REQUIRE(values[count] == 0xABCD, "%u registers from %u wrote more", count, first);
				for (unsigned n = 0; rc == REGISTERS_OK && n < count; n++) {
					uint16_t one;

					REQUIRE(registers_read(&image, first + n, 1, &one) == REGISTERS_OK, "%u", first + n);
					REQUIRE(values[n] == one, "%u of %u from %u: %u, alone %u", first + n, count, first, values[n], one);
				}
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registers");
	TCase *cases = tcase_create("encode and read");
	const char *fixed = getenv("TEST_SEED");

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	tcase_set_timeout(cases, 120);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, every_integer_register_shows_its_own_value);
	tcase_add_test(cases, every_long_register_shows_its_own_value);
	tcase_add_test(cases, every_float_register_shows_its_own_value);
	tcase_add_test(cases, stale_meter_shows_no_instantaneous_value_but_keeps_the_rest);
	tcase_add_test(cases, energy_of_a_phase_outside_the_type_is_not_valid_but_kept);
	tcase_add_test(cases, integers_round_to_nearest_and_stop_at_32767);
	tcase_add_test(cases, power_factor_1_reads_10000_and_60_hz_reads_6000);
	tcase_add_test(cases, energies_are_floored_and_begin_again_at_2_to_the_32);
	tcase_add_test(cases, pulse_floats_lose_low_bits_towards_zero);
	tcase_add_test(cases, values_are_given_in_the_units_of_the_table);
	tcase_add_test(cases, integer_and_float_images_of_random_meters_agree);
	tcase_add_test(cases, integer_and_float_images_agree_beside_half_a_step);
	tcase_add_test(cases, reads_within_a_block_are_served_whole_and_all_others_refused);
	return check_main_run(suite);
}
