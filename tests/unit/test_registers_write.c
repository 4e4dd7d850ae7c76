/* Writes: which registers take which values, in which order they are checked, and what they do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "registers/registers.h"

/* date -u -d '2026-11-27 05:14:31' +%s */
#define NOW_S INT64_C(1795756471)

static unsigned seed;

static struct snapshot meter(void)
{
	struct snapshot s = { .live = true, .power_ups = 5, .log_clock_s = NOW_S };

	datalog_defaults(&s.log);

	settings_defaults(&s.settings);
	settings_derive(&s.settings, &s.derived);
	return s;
}

static int write_one(const struct snapshot *before, unsigned number, uint16_t value, struct meter_change *change)
{
	memset(change, 0x5A, sizeof(*change));
	return registers_check_write(number, 1, &value, before, change);
}

static bool same_settings(const struct settings *a, const struct settings *b)
{
	for (int i = 0; i < SETTINGS_N; i++)
		if (setting_get(a, (enum setting)i) != setting_get(b, (enum setting)i))
			return false;
	return true;
}

static bool nothing(const struct meter_change *change, const struct snapshot *before)
{
	return same_settings(&change->settings, &before->settings) && change->commands == 0 &&
	       change->clear_energy_count == 0 && change->power_ups == -1 && change->log_page == before->log.page &&
	       change->log_config == before->log.config && !change->log_clock_set &&
	       !memcmp(change->log_pointer, before->log.pointer, sizeof(change->log_pointer));
}

static bool writable(unsigned n)
{
	return (n >= 129 && n <= 134) || n == 137 || (n >= 142 && n <= 144) || (n >= 149 && n <= 152) ||
	       (n >= 155 && n <= 159) || (n >= 169 && n <= 178);
}

START_TEST(only_the_settings_and_the_command_register_can_be_written)
{
	struct snapshot s = meter();
	struct meter_change change;

	for (unsigned n = 0; n <= 66000; n++) {
		ck_assert_int_eq(registers_check_address(n, 1), writable(n) ? REGISTERS_OK : REGISTERS_ILLEGAL_ADDRESS);
		if (!writable(n)) {
			ck_assert_int_eq(write_one(&s, n, 1, &change), REGISTERS_ILLEGAL_ADDRESS);
			ck_assert(nothing(&change, &s));
		}
	}
}
END_TEST

START_TEST(a_write_that_leaves_the_writable_run_is_an_illegal_address)
{
	for (unsigned first = 120; first <= 160; first++) {
		for (unsigned count = 1; count <= 123; count++) {
			bool legal = true;

			for (unsigned n = first; n < first + count; n++)
				legal = legal && writable(n);
			ck_assert_int_eq(registers_check_address(first, count), legal ? REGISTERS_OK : REGISTERS_ILLEGAL_ADDRESS);
		}
	}
}
END_TEST

START_TEST(address_is_checked_before_any_value)
{
	static const uint16_t values[7] = { 1, 99, 0, 7, 0, 1, 0 };	/* none legal */
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(registers_check_write(129, 7, values, &s, &change), REGISTERS_ILLEGAL_ADDRESS);
	ck_assert_int_eq(registers_check_write(129, 6, values, &s, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert_int_eq(registers_check_write(128, 2, values, &s, &change), REGISTERS_ILLEGAL_ADDRESS);
}
END_TEST

/* A day of 2026 in the layout of 155. */
static bool legal_day(unsigned v)
{
	static const unsigned days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned day = v >> 8, month = v & 0xFF;

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month];
}

/* The guide's ranges, written anew; with default settings. */
static bool legal(unsigned n, unsigned v)
{
	switch (n) {
	case 129:
		return v == 30078 || v == 21211 || v == 21212 || v == 16498 || v == 16640;
	case 130:
		return v == 10 || v == 11 || v == 12 || v == 31 || v == 40;
	case 131:
	case 133:
		return v >= 1 && v <= 32000;
	case 132:
		return v == 1 || v == 3;
	case 134:
		return v >= 82 && v <= 660;
	case 137:
		return v <= 1;
	case 142:
	case 143:
		return v >= 1 && v <= 99;
	case 144:
		return v == 10 || v == 100 || v == 1000 || v == 10000;
	case 149:
		return v >= 1 && v <= 6;
	case 150:
		return v == 0 || (v >= 10 && v <= 32767);
	case 151:
		return v >= 1 && v <= 32767;
	case 152:
		return v <= 32767;
	case 155:
		return legal_day(v);
	case 156:
		return v >> 8 <= 23 && (v & 0xFF) <= 199;
	case 157:
		return v >> 8 <= 59 && (v & 0xFF) <= 59;
	case 158:
		return v <= 10;
	case 159:
		return v <= 3;
	case 169: case 170: case 171: case 172: case 173: case 174: case 175: case 176: case 177: case 178:
		return (v >= 1 && v <= 42) || v == 146 || (v >= 155 && v <= 157) || (v >= 257 && v <= 336);
	default:
		return false;
	}
}

static int *setting_at(struct settings *s, unsigned n)
{
	switch (n) {
	case 130: return &s->system_type;
	case 131: return &s->ct_primary;
	case 132: return &s->ct_secondary;
	case 133: return &s->pt_ratio;
	case 134: return &s->system_voltage;
	case 137: return &s->display_units;
	case 142: return &s->phase_loss_voltage;
	case 143: return &s->phase_loss_imbalance;
	case 144: return &s->pulse_energy;
	case 149: return &s->demand_subintervals;
	case 150: return &s->demand_subinterval_s;
	default: return NULL;
	}
}

START_TEST(every_value_of_every_writable_register_is_taken_or_refused)
{
	struct snapshot s = meter();

	for (unsigned n = 129; n <= 178; n++) {
		for (unsigned v = 0; writable(n) && v <= 65535; v++) {
			struct meter_change change;
			struct settings expected = s.settings;
			int rc = write_one(&s, n, (uint16_t)v, &change);
			bool right = rc == (legal(n, v) ? REGISTERS_OK : REGISTERS_ILLEGAL_VALUE);

			if (rc != REGISTERS_OK) {
				right = right && nothing(&change, &s);
			} else {
				if (setting_at(&expected, n) != NULL)
					*setting_at(&expected, n) = (int)v;
				right = right && same_settings(&change.settings, &expected) &&
					change.power_ups == (n == 152 ? (int)v : -1) && (change.commands != 0) == (n == 129) &&
					change.log_page == (n == 158 ? v : 0) && change.log_config == (n == 159 ? v : 0) &&
					change.log_clock_set == (n >= 155 && n <= 157);
				for (unsigned i = 0; i < DATALOG_LOGS; i++)
					right = right && change.log_pointer[i] == (n == 169 + i ? v : s.log.pointer[i]);
			}
			if (!right)	/* an assertion each would be millions, and slow */
				ck_abort_msg("%u to %u: %d", v, n, rc);
		}
	}
}
END_TEST

START_TEST(commands_are_told_apart)
{
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(write_one(&s, 129, 30078, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_CLEAR_ENERGY);
	ck_assert_uint_eq(change.clear_energy_count, 1);
	ck_assert_int_eq(write_one(&s, 129, 21211, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_SYNC_DEMAND);
	ck_assert_uint_eq(change.clear_energy_count, 0);
	ck_assert_int_eq(write_one(&s, 129, 21212, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_RESET_MAX_DEMAND);
	ck_assert_int_eq(write_one(&s, 129, 16498, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_CLEAR_PULSES);
	ck_assert_int_eq(write_one(&s, 129, 16640, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_RESET_LOG);
}
END_TEST

/* What the log's clock would be set to, in seconds; each date by date -u -d ... +%s. */
static int64_t clock_after(int64_t now_s, unsigned first, unsigned count, const uint16_t *values)
{
	struct snapshot s = meter();
	struct meter_change change;

	s.log_clock_s = now_s;
	if (registers_check_write(first, count, values, &s, &change) != REGISTERS_OK)
		return -1;
	ck_assert(change.log_clock_set);
	return calendar_to_seconds(&change.log_clock);
}

START_TEST(parts_of_the_clock_that_are_not_written_stay)
{
	static const uint16_t day[1] = { 28 << 8 | 2 }, hour[1] = { 23 << 8 | 28 }, second[1] = { 7 << 8 | 9 };

	ck_assert_int_eq(clock_after(NOW_S, 155, 1, day), 1772255671);		/* 2026-02-28 05:14:31 */
	ck_assert_int_eq(clock_after(NOW_S, 156, 1, hour), 1858979671);		/* 2028-11-27 23:14:31 */
	ck_assert_int_eq(clock_after(NOW_S, 157, 1, second), 1795756147);	/* 2026-11-27 05:09:07 */
}
END_TEST

START_TEST(a_date_is_judged_by_all_of_its_parts)
{
	static const uint16_t leap[2] = { 29 << 8 | 2, 0 << 8 | 28 }, common[2] = { 29 << 8 | 2, 0 << 8 | 27 };
	static const uint16_t century[2] = { 29 << 8 | 2, 0 << 8 | 100 }, whole[3] = { 31 << 8 | 12, 23 << 8 | 199, 59 << 8 | 59 };
	static const uint16_t next_year[1] = { 0 << 8 | 29 };

	ck_assert_int_eq(clock_after(NOW_S, 155, 2, leap), 1835396071);		/* 2028-02-29 00:14:31 */
	ck_assert_int_eq(clock_after(NOW_S, 155, 2, common), -1);
	ck_assert_int_eq(clock_after(NOW_S, 155, 2, century), -1);		/* 2100 has no leap day */
	ck_assert_int_eq(clock_after(NOW_S, 155, 1, leap), -1);			/* nor has 2026 */
	ck_assert_int_eq(clock_after(1835395200, 156, 1, next_year), -1);	/* 2028-02-29 in 2029 */
	ck_assert_int_eq(clock_after(NOW_S, 155, 3, whole), 7258118399);	/* 2199-12-31 23:59:59 */
}
END_TEST

START_TEST(a_clock_that_was_never_right_is_set_from_the_year_2000_on)
{
	static const uint16_t day[1] = { 2 << 8 | 3 };

	ck_assert_int_eq(clock_after(12345, 155, 1, day), 951955200);		/* 2000-03-02 00:00:00 */
	ck_assert_int_eq(clock_after(-5, 155, 1, day), 951955200);
}
END_TEST

/* Guide, 133: to be set before the system voltage. */
START_TEST(voltage_is_checked_against_the_pt_ratio_of_the_same_write)
{
	static const uint16_t together[2] = { 200, 1320 }, too_high[2] = { 200, 1321 };
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(write_one(&s, 134, 1320, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert_int_eq(registers_check_write(133, 2, together, &s, &change), REGISTERS_OK);
	ck_assert_int_eq(change.settings.pt_ratio, 200);
	ck_assert_int_eq(change.settings.system_voltage, 1320);
	ck_assert_int_eq(registers_check_write(133, 2, too_high, &s, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert(nothing(&change, &s));
}
END_TEST

START_TEST(pt_ratio_alone_neither_changes_nor_is_refused_for_the_voltage)
{
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(write_one(&s, 133, 32000, &change), REGISTERS_OK);
	ck_assert_int_eq(change.settings.system_voltage, 600);
	s.settings.pt_ratio = 32000;
	/* 600 V no longer suits: other writes go on, also in a run before 134. */
	ck_assert_int_eq(write_one(&s, 131, 200, &change), REGISTERS_OK);
	ck_assert_int_eq(write_one(&s, 134, 600, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert_int_eq(write_one(&s, 134, 26240, &change), REGISTERS_OK);
}
END_TEST

START_TEST(pulse_energy_too_small_for_the_power_is_refused_and_a_larger_ct_is_not)
{
	struct snapshot s = meter();
	struct meter_change change;

	s.settings.pulse_energy = 10;
	ck_assert_int_eq(write_one(&s, 131, 32000, &change), REGISTERS_OK);
	ck_assert_int_eq(change.settings.pulse_energy, 10);
	s.settings = change.settings;
	ck_assert_int_eq(write_one(&s, 144, 10, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert_int_eq(write_one(&s, 144, 100, &change), REGISTERS_ILLEGAL_VALUE);
	ck_assert_int_eq(write_one(&s, 144, 1000, &change), REGISTERS_OK);
}
END_TEST

START_TEST(one_illegal_value_keeps_the_whole_write_out)
{
	static const uint16_t good[6] = { 30078, 12, 200, 3, 200, 480 };
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(registers_check_write(129, 6, good, &s, &change), REGISTERS_OK);
	ck_assert_uint_eq(change.commands, METER_CLEAR_ENERGY);
	ck_assert_int_eq(change.settings.system_type, 12);
	ck_assert_int_eq(change.settings.ct_primary, 200);
	ck_assert_int_eq(change.settings.ct_secondary, 3);
	ck_assert_int_eq(change.settings.pt_ratio, 200);
	ck_assert_int_eq(change.settings.system_voltage, 480);
	for (int i = 0; i < 6; i++) {
		uint16_t values[6];

		memcpy(values, good, sizeof(values));
		values[i] = 65535;
		ck_assert_int_eq(registers_check_write(129, 6, values, &s, &change), REGISTERS_ILLEGAL_VALUE);
		ck_assert(nothing(&change, &s));
	}
}
END_TEST

START_TEST(reserved_151_takes_its_range_and_changes_nothing)
{
	struct snapshot s = meter();
	struct meter_change change;

	ck_assert_int_eq(write_one(&s, 151, 4711, &change), REGISTERS_OK);
	ck_assert(nothing(&change, &s));
	ck_assert_int_eq(write_one(&s, 151, 0, &change), REGISTERS_ILLEGAL_VALUE);
}
END_TEST

/* A value that is often legal, and sometimes at or beyond an end. */
static uint16_t random_value(unsigned n)
{
	static const uint16_t edges[] = { 0, 1, 3, 6, 7, 10, 11, 12, 31, 40, 81, 82, 99, 100, 660, 1000, 10000, 32000, 32767, 65535 };
	unsigned v;

	if (rand() % 8 == 0)
		return edges[(size_t)rand() % (sizeof(edges) / sizeof(edges[0]))];
	do
		v = (unsigned)rand() % (rand() % 2 ? 700 : 32768);
	while (n != 129 && n != 130 && n != 132 && n != 144 && n != 134 && !legal(n, v));
	if (n == 129)
		return 30078;
	if (n == 130)
		return edges[5 + rand() % 5];
	if (n == 132)
		return rand() % 2 ? 1 : 3;
	if (n == 144)
		return rand() % 2 ? 10000 : 100;
	return (uint16_t)v;
}

START_TEST(a_random_write_does_what_its_registers_one_after_the_other_do)
{
	static const struct {
		unsigned first, last;
	} runs[] = { { 129, 134 }, { 137, 137 }, { 142, 144 }, { 149, 152 } };
	struct snapshot s = meter();
	int taken = 0, refused = 0;

	srand(seed);
	for (int i = 0; i < 50000; i++) {
		size_t run = (size_t)rand() % 4;
		unsigned first = runs[run].first + (unsigned)rand() % (runs[run].last - runs[run].first + 1);
		unsigned count = 1 + (unsigned)rand() % (runs[run].last - first + 1);
		struct snapshot step = s;
		struct meter_change whole, one;
		uint16_t values[6];
		int rc = REGISTERS_OK;

		for (unsigned r = 0; r < count; r++)
			values[r] = random_value(first + r);
		for (unsigned r = 0; r < count && rc == REGISTERS_OK; r++) {
			rc = registers_check_write(first + r, 1, &values[r], &step, &one);
			step.settings = one.settings;
		}
		ck_assert_msg(registers_check_write(first, count, values, &s, &whole) == rc, "TEST_SEED=%u", seed);
		if (rc != REGISTERS_OK) {
			ck_assert(nothing(&whole, &s));
			refused++;
			continue;
		}
		ck_assert(same_settings(&whole.settings, &step.settings));
		ck_assert_uint_eq(whole.clear_energy_count, first == 129);
		s.settings = whole.settings;
		taken++;
	}
	/* The walk must have seen both. */
	ck_assert_int_gt(taken, 1000);
	ck_assert_int_gt(refused, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("register writes");
	TCase *cases = tcase_create("writes");
	const char *fixed = getenv("TEST_SEED");

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	tcase_set_timeout(cases, 120);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, only_the_settings_and_the_command_register_can_be_written);
	tcase_add_test(cases, a_write_that_leaves_the_writable_run_is_an_illegal_address);
	tcase_add_test(cases, address_is_checked_before_any_value);
	tcase_add_test(cases, every_value_of_every_writable_register_is_taken_or_refused);
	tcase_add_test(cases, commands_are_told_apart);
	tcase_add_test(cases, parts_of_the_clock_that_are_not_written_stay);
	tcase_add_test(cases, a_date_is_judged_by_all_of_its_parts);
	tcase_add_test(cases, a_clock_that_was_never_right_is_set_from_the_year_2000_on);
	tcase_add_test(cases, voltage_is_checked_against_the_pt_ratio_of_the_same_write);
	tcase_add_test(cases, pt_ratio_alone_neither_changes_nor_is_refused_for_the_voltage);
	tcase_add_test(cases, pulse_energy_too_small_for_the_power_is_refused_and_a_larger_ct_is_not);
	tcase_add_test(cases, one_illegal_value_keeps_the_whole_write_out);
	tcase_add_test(cases, reserved_151_takes_its_range_and_changes_nothing);
	tcase_add_test(cases, a_random_write_does_what_its_registers_one_after_the_other_do);
	return check_main_run(suite);
}
