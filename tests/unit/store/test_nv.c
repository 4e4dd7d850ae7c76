/* The table of what is kept: each field as text and back, and what is refused. */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "registers/registers.h"
#include "script.h"
#include "store/crc32.h"

START_TEST(every_field_survives_its_text)
{
	uint64_t seed = script_seed();

	for (int round = 0; round < 200; round++) {
		struct nv nv, back;
		size_t n;
		const struct nv_field *fields = nv_fields(&n);

		script_fill(&nv, &seed);
		memset(&back, 0, sizeof(back));
		for (size_t i = 0; i < n; i++) {
			char text[NV_TEXT_MAX];

			nv_get_text(&nv, &fields[i], text, sizeof(text));
			ck_assert_msg(!nv_set_text(&back, &fields[i], text), "%s: %s is refused", fields[i].name, text);
			ck_assert(nv_equal(&nv, &back, &fields[i]));
		}
		/* Not through the texts once more: the members themselves. */
		ck_assert(!memcmp(&nv.meter.settings, &back.meter.settings, sizeof(nv.meter.settings)));
		ck_assert(!memcmp(&nv.file_settings, &back.file_settings, sizeof(nv.file_settings)));
		ck_assert(!memcmp(nv.meter.max_demand, back.meter.max_demand, sizeof(nv.meter.max_demand)));
		ck_assert_uint_eq(nv.meter.energies.kwh_phase[2].wh, back.meter.energies.kwh_phase[2].wh);
		ck_assert_uint_eq(nv.meter.energies.kwh_phase[2].nwh, back.meter.energies.kwh_phase[2].nwh);
		ck_assert_uint_eq(nv.meter.pulse[1].closures, back.meter.pulse[1].closures);
		ck_assert_uint_eq(nv.meter.log.serial, back.meter.log.serial);
		ck_assert_int_eq(nv.meter.log.clock_offset_s, back.meter.log.clock_offset_s);
		ck_assert(!memcmp(&nv.meter.log.held, &back.meter.log.held, sizeof(nv.meter.log.held)));
		ck_assert(!memcmp(nv.file_reset_password, back.file_reset_password, NV_HASH_MAX));
		ck_assert(back.stopped && back.meter.pulse_overrun && back.meter.log.holding);
	}
}
END_TEST

/* Marks each byte that some field covers: what is left is padding, or forgotten. */
START_TEST(no_member_is_forgotten_and_none_stands_twice)
{
	static unsigned char covered[sizeof(struct nv)];
	size_t n, bytes = 0, sum;
	const struct nv_field *fields = nv_fields(&n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < fields[i].size; k++)
			ck_assert_msg(!covered[fields[i].offset + k]++, "%s overlaps another field", fields[i].name);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(fields[i].name, fields[j].name);
		bytes += fields[i].size;
	}
	/* Counted by hand from the structs, member by member. */
	sum = 2 * 14 * sizeof(int) + 6 * sizeof(struct energy) + 2 * sizeof(unsigned) + 3 * sizeof(double) +
	      2 * (sizeof(struct energy) + sizeof(uint32_t)) + 2 * sizeof(bool) +
	      5 * sizeof(unsigned) + sizeof(struct energy) + sizeof(int64_t) + 10 * sizeof(uint16_t) + sizeof(int64_t) +
	      2 * sizeof(unsigned) + 2 * sizeof(uint64_t) + sizeof(bool) + sizeof(struct datalog_entry) +
	      4 * NV_HASH_MAX + 40 + sizeof(bool) + 3 * sizeof(uint64_t);
	ck_assert_uint_eq(bytes, sum);
}
END_TEST

START_TEST(every_non_volatile_register_has_its_field)
{
	/* Derived from other settings or from the clock, constants of the program, or the log's own table. */
	static const char *const derived[] = { "max_power", "scale_i", "pulse_duration", "output_config", "log_clock_day_month",
					       "log_clock_hour_year", "log_clock_second_minute", "log_max_days",
					       "log_newest_day_month", "log_newest_hour_year", "log_newest_second_minute",
					       "log_page", "firmware_version" };
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++) {
		bool known = nv_find(points[i].name) != NULL;

		for (size_t k = 0; k < sizeof(derived) / sizeof(derived[0]); k++)
			known |= !strcmp(points[i].name, derived[k]);
		/* the floats repeat what the integers are */
		if (points[i].nv && points[i].format != REGISTER_FLOAT)
			ck_assert_msg(known, "register %u, %s, is not kept", points[i].number, points[i].name);
	}
}
END_TEST

static const struct {
	const char *name, *text;
	int error;
} bad[] = {
	{ "kwh", "12.5", -EINVAL }, { "kwh", "12", -EINVAL }, { "kwh", "-1.000000000", -EINVAL },
	{ "kwh", "012.000000000", -EINVAL }, { "kwh", "1.0000000000", -EINVAL }, { "kwh", "1.00000000x", -EINVAL },
	{ "kwh", "", -EINVAL }, { "kwh", "nan", -EINVAL }, { "kwh", " 1.000000000", -EINVAL },
	{ "kwh", "18446744073709551616.000000000", -ERANGE },
	{ "kwh", "99999999999999999999999.000000000", -ERANGE },
	{ "system_type", "13", -ERANGE }, { "system_type", "40.0", -EINVAL }, { "system_type", "040", -EINVAL },
	{ "system_type", "", -EINVAL }, { "system_type", "4O", -EINVAL }, { "system_type", "-40", -ERANGE },
	{ "ct_primary", "0", -ERANGE }, { "ct_primary", "32001", -ERANGE }, { "baud", "9601", -ERANGE },
	{ "address", "248", -ERANGE }, { "parity", "3", -ERANGE }, { "ct_primary", "4294967396", -ERANGE },
	{ "power_ups", "32768", -ERANGE }, { "power_ups", "-1", -ERANGE }, { "energy_resets", "40000", -ERANGE },
	{ "kw_max_demand", "-1", -ERANGE }, { "kw_max_demand", "inf", -EINVAL }, { "kw_max_demand", "nan", -EINVAL },
	{ "kw_max_demand", "1e999", -ERANGE }, { "kw_max_demand", "0x10", -EINVAL }, { "kw_max_demand", "1 ", -EINVAL },
	{ "kw_max_demand", "", -EINVAL }, { "kw_max_demand", "1e", -EINVAL },
	{ "pulses_1", "4294967296", -ERANGE }, { "pulse_overrun", "2", -ERANGE }, { "pulse_overrun", "true", -EINVAL },
	{ "boot_id", "0123456789012345678901234567890123456789", -ERANGE }, { "setup_password", "a\nb", -EINVAL },
	{ "setup_password", "\xc3\xa4", -EINVAL },
	{ "setup_password", "00000", -EINVAL }, { "reset_password", "$", -EINVAL }, { "reset_password", "$6$", -EINVAL },
	{ "reset_password", "$$x", -EINVAL }, { "reset_password", "*0", -EINVAL }, { "file_setup_password", "6$x$y", -EINVAL },
	{ "file_setup_password", "$6$a b", -EINVAL }, { "file_reset_password", "$6$a:b", -EINVAL }, { "reset_password", "$6$a\\b", -EINVAL },
	{ "log_read_page", "11", -ERANGE }, { "log_config", "4", -ERANGE }, { "log_status", "64", -ERANGE },
	{ "log_entries", "5761", -ERANGE }, { "log_newest_clock_s", "never ", -EINVAL },
	{ "log_newest_clock_s", "253402300800", -ERANGE }, { "log_newest_clock_s", "-9223372036854775808", -ERANGE },
	{ "log_pointer_1", "43", -ERANGE }, { "log_pointer_10", "0", -ERANGE }, { "log_pointer_3", "65537", -ERANGE },
	{ "log_events", "1", -ERANGE }, { "log_serial", "-1", -ERANGE }, { "log_serial", "9223372036854775808", -ERANGE },
	{ "log_serial", "18446744073709551617", -ERANGE }, { "log_clock_offset_s", "999999999999", -ERANGE },
	{ "log_held", "0 0 0", -EINVAL }, { "log_held", "", -EINVAL },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 43 0 0 0 0 0 0 0 0 0 0 0 0 0 0", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 65536 0 0 0 0", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 5 0 0 0", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", -EINVAL },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", -EINVAL },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", -EINVAL },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 65536 0 0", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 32768 0", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4294967296", -ERANGE },
	{ "log_held", "0 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -1 0 0", -ERANGE },
	{ "log_alerts", "65536", -ERANGE }, { "log_alerts", "-1", -ERANGE },
};

START_TEST(what_is_not_legal_is_refused_and_changes_nothing)
{
	const struct nv_field *field = nv_find(bad[_i].name);
	char before[NV_TEXT_MAX], behind[NV_TEXT_MAX], range[NV_TEXT_MAX];
	uint64_t seed = 5;
	struct nv nv, copy;

	script_fill(&nv, &seed);
	copy = nv;
	ck_assert_ptr_nonnull(field);
	nv_get_text(&nv, field, before, sizeof(before));
	ck_assert_int_eq(nv_set_text(&nv, field, bad[_i].text), bad[_i].error);
	nv_get_text(&nv, field, behind, sizeof(behind));
	ck_assert_str_eq(before, behind);
	ck_assert(!memcmp(&nv, &copy, sizeof(nv)));
	nv_get_range(field, range, sizeof(range));
	ck_assert(*range);
}
END_TEST

static const struct {
	const char *name, *text;
} extreme[] = {
	{ "kwh", "0.000000000" }, { "kwh", "18446744073709551615.999999999" }, { "kwh", "12345678.123456789" },
	{ "kw_max_demand", "0" }, { "kw_max_demand", "0.10000000000000001" }, { "kw_max_demand", "1.7976931348623157e+308" },
	{ "kw_max_demand", "4.9406564584124654e-324" }, { "pulses_1", "4294967295" }, { "log_serial", "9223372036854775807" },
	{ "log_newest_clock_s", "never" }, { "log_newest_clock_s", "-5" }, { "log_clock_offset_s", "-100000" },
	{ "setup_password", "" }, { "setup_password", "$6$a$./Az09" }, { "reset_password", "$y$j9T$x$y" }, { "boot_id", "" }, { "ct_primary", "32000" }, { "log_entries", "5760" },
	{ "log_held", "0 -5 1700000000 1 2 3 4 5 6 7 8 9 336 65535 0 0 0 0 0 0 0 0 0 -4 4 0 -1" },
	{ "log_held", "0 -5 1700000000 1 2 3 4 5 6 7 8 9 336 65535 0 0 0 0 0 0 0 0 0 -4 4 0 -1 65535 32767 4294967295" },
	{ "log_held", "7 0 0 1 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" }, { "log_alerts", "65535" },
};

START_TEST(extreme_values_come_back_as_the_same_text)
{
	const struct nv_field *field = nv_find(extreme[_i].name);
	char text[NV_TEXT_MAX];
	struct nv nv;

	ck_assert_int_eq(nv_set_text(&nv, field, extreme[_i].text), 0);
	nv_get_text(&nv, field, text, sizeof(text));
	ck_assert_str_eq(text, extreme[_i].text);
}
END_TEST

START_TEST(illegal_member_is_found_by_the_check)
{
	const struct nv_field *field;
	uint64_t seed = 9;
	struct nv nv;

	script_fill(&nv, &seed);
	ck_assert_int_eq(nv_check(&nv, &field), 0);
	nv.meter.max_demand[DEMAND_S] = NAN;
	ck_assert_int_eq(nv_check(&nv, &field), -EINVAL);
	ck_assert_str_eq(field->name, "kva_max_demand");
	nv.meter.max_demand[DEMAND_S] = 1;
	memset(nv.file_setup_password, 'x', NV_HASH_MAX);	/* without an end */
	ck_assert_int_eq(nv_check(&nv, &field), -EINVAL);
	ck_assert_str_eq(field->name, "file_setup_password");
}
END_TEST

/* What a new meter has to keep is what the store takes, and what stands in for a log of a file from before there was one. */
START_TEST(state_of_a_new_meter_is_legal_and_its_log_the_initial_one)
{
	struct meter_config config = { .max_rate_hz = 2520 };
	const struct nv_field *field, *fields;
	struct nv nv, initial;
	struct meter *meter;
	void *memory;
	size_t n;

	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	memory = malloc(meter_bytes(&config));
	meter = meter_init(memory, &config);
	memset(&nv, 0, sizeof(nv));
	meter_get_state(meter, &nv.meter);
	nv.file_settings = config.settings;
	ck_assert_msg(!nv_check(&nv, &field), "%s", field->name);
	initial = nv;
	memset(&initial.meter.log, 0x55, sizeof(initial.meter.log));
	fields = nv_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(fields[i].name, "log_", 4))
			continue;
		ck_assert_int_eq(nv_set_text(&initial, &fields[i], fields[i].initial), 0);
		ck_assert_msg(nv_equal(&nv, &initial, &fields[i]), "%s", fields[i].name);
	}
	free(memory);
}
END_TEST

/* The check value that the catalogue of CRCs gives for CRC-32/ISO-HDLC. */
START_TEST(checksum_is_the_standard_one)
{
	ck_assert_uint_eq(crc32_update(0, "123456789", 9), 0xCBF43926u);
	ck_assert_uint_eq(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xCBF43926u);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nv");
	TCase *tcase = tcase_create("nv");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, every_field_survives_its_text);
	tcase_add_test(tcase, no_member_is_forgotten_and_none_stands_twice);
	tcase_add_test(tcase, every_non_volatile_register_has_its_field);
	tcase_add_loop_test(tcase, what_is_not_legal_is_refused_and_changes_nothing, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tcase, extreme_values_come_back_as_the_same_text, 0, sizeof(extreme) / sizeof(extreme[0]));
	tcase_add_test(tcase, illegal_member_is_found_by_the_check);
	tcase_add_test(tcase, state_of_a_new_meter_is_legal_and_its_log_the_initial_one);
	tcase_add_test(tcase, checksum_is_the_standard_one);
	return check_main_run(suite);
}
