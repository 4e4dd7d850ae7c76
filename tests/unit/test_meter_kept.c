/*
 * What a meter keeps and does over months: state through restarts, pulses, the data log and its clock.  Seconds are
 * written down (lib/second.h), not sampled; truth is counted in whole nano-Wh beside the meter.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "lib/second.h"
#include "metering/alerts.h"
#include "metering/meter.h"
#include "registers/registers.h"

#define S_NS INT64_C(1000000000)
#define MNWH INT64_C(1000000)		/* nano-Wh of 3.6 W in a second */

static struct meter_config config;
static struct meter *meter;
static int64_t now_ns, utc_s;
static uint64_t made[PULSE_OUTPUTS], closed[PULSE_OUTPUTS];	/* by the contacts: since start, and over all lives */
static bool contacts;			/* closures are made as planned */
static unsigned seed;

static void start(const struct meter_state *state)
{
	config.state = state;
	if (state) {
		config.settings = state->settings;
		config.power_ups = state->power_ups;
	}
	config.was_off = state != NULL;
	meter_init(meter, &config);
	meter_set_utc(meter, utc_s * S_NS - now_ns);
	memset(made, 0, sizeof(made));
}

static void setup(void)
{
	config = (struct meter_config){ .max_rate_hz = 600, .record = registers_record };
	settings_defaults(&config.settings);
	config.settings.system_voltage = 480;
	rules_defaults(&config.rules);
	meter = malloc(meter_bytes(&config));
	now_ns = 1000 * S_NS;
	utc_s = 1795756471;		/* 2026-11-27 05:14:31 UTC */
	memset(closed, 0, sizeof(closed));
	contacts = true;
	start(NULL);
}

static void teardown(void)
{
	free(meter);
}

static const struct snapshot *now(void)
{
	return meter_snapshot(meter);
}

static void serve_contacts(void)
{
	struct pulse_plan plan[PULSE_OUTPUTS];

	if (!meter_pulses_due(meter))
		return;
	meter_pulses_made(meter, made);
	meter_pulses_plan(meter, plan);
	for (int i = 0; i < PULSE_OUTPUTS && contacts; i++) {
		made[i] += plan[i].n;
		closed[i] += plan[i].n;
	}
}

/* A second with 3 x 3.6 x `units` W and a third of that in var, so that it adds whole nano-Wh. */
static void second(int64_t units)
{
	struct moments moments;
	double p_w = 3.6 * (double)units, q_var = 1.2 * (double)units;

	second_fill(&moments, 277, hypot(p_w, q_var) / 277, p_w, q_var);
	now_ns += S_NS;
	utc_s++;
	meter_take_second(meter, &moments, true, 1, now_ns);
	serve_contacts();
}

static void seconds(int n, int64_t units)
{
	while (n-- > 0)
		second(units);
}

static void command(unsigned commands)
{
	struct meter_change change;

	registers_no_change(now(), &change);
	change.commands = commands;
	change.clear_energy_count = commands & METER_CLEAR_ENERGY ? 1 : 0;
	meter_pulses_made(meter, made);
	meter_change(meter, &change);
	serve_contacts();
}

static int write_register(unsigned number, uint16_t value)
{
	struct meter_change change;
	int ret = registers_check_write(number, 1, &value, now(), &change);

	if (!ret) {
		meter_pulses_made(meter, made);
		meter_change(meter, &change);
		serve_contacts();
	}
	return ret;
}

static uint16_t read_register(unsigned number)
{
	static struct register_image image;
	uint16_t value = 0;

	registers_encode(now(), &image);
	ck_assert_int_eq(registers_read(&image, number, 1, &value), REGISTERS_OK);
	return value;
}

static uint32_t read_long(unsigned number)
{
	return (uint32_t)read_register(number) << 16 | read_register(number + 1);
}

static void restart(void)
{
	static struct meter_state state;
	static struct datalog_entry entries[DATALOG_ENTRIES];
	unsigned n = 0;

	meter_pulses_made(meter, made);
	meter_get_state(meter, &state);
	while (n < DATALOG_ENTRIES && datalog_entry(meter_datalog(meter), n) != NULL) {
		entries[n] = *datalog_entry(meter_datalog(meter), n);
		n++;
	}
	memset(meter, 0x5A, meter_bytes(&config));
	now_ns = 5 * S_NS;	/* the machine's clock begins anew */
	start(&state);
	while (n-- > 0)
		meter_restore_entry(meter, &entries[n]);
}

/* Of some MWh at most: 2^63 nano-Wh are 9 GWh. */
static int64_t nwh(const struct energy *energy)
{
	return (int64_t)energy->wh * ENERGY_NWH_PER_WH + energy->nwh;
}

/* Energies, resets, maxima, counters, what is owed: a restart changes none of them. */
START_TEST(energies_are_the_integral_through_restarts_at_any_time)
{
	int64_t real = 0;
	int restarts = 0;

	srand(seed);
	for (int s = 0; s < 200000; s++) {
		int64_t units = 10 + rand() % 9000;	/* above the no-load gate */

		second(units);
		real += 3 * units * MNWH;
		if (rand() % 300 == 0) {
			restart();
			restarts++;
		}
		ck_assert_msg(nwh(&now()->energies.kwh) == real, "TEST_SEED=%u, second %d", seed, s);
	}
	ck_assert_int_gt(restarts, 300);
	for (int phase = 0; phase < 3; phase++)
		ck_assert(nwh(&now()->energies.kwh_phase[phase]) * 3 == real);
	meter_pulses_made(meter, made);
	/* The observer of the contact counted what the counter says, and the rest is owed. */
	ck_assert_uint_gt(closed[PULSE_REAL], 1000);
	ck_assert_uint_eq(read_long(43), closed[PULSE_REAL]);
	ck_assert_uint_eq(read_long(45), closed[PULSE_REACTIVE]);
	ck_assert_int_eq((int64_t)closed[PULSE_REAL] * 1000 + (int64_t)now()->pulses_owed[PULSE_REAL] * 1000,
			 real / ENERGY_NWH_PER_WH / 1000 * 1000);
}
END_TEST

START_TEST(a_hundred_thousand_closures_are_counted_one_by_one_through_restarts)
{
	ck_assert_int_eq(write_register(144, 10), 0);
	srand(seed);
	for (int s = 0; closed[PULSE_REAL] < 100000; s++) {
		second(10 + rand() % 9000);
		if (rand() % 500 == 0)
			restart();
	}
	meter_pulses_made(meter, made);
	ck_assert_uint_eq(read_long(43), closed[PULSE_REAL]);
}
END_TEST

START_TEST(present_demand_does_not_outlive_a_restart_and_the_maximum_does)
{
	double max;

	ck_assert_int_eq(write_register(150, 10), 0);
	seconds(35, 5000);
	max = now()->demand.max[DEMAND_P];
	ck_assert_double_eq_tol(max, 3 * 3.6 * 5000, 1e-6);
	restart();
	ck_assert_uint_eq(read_register(37), 0);
	ck_assert_double_eq(now()->demand.max[DEMAND_P], max);
}
END_TEST

static double entry_age_words_match(unsigned age, const uint16_t *expected)
{
	const struct datalog_entry *entry = datalog_entry(meter_datalog(meter), age);

	ck_assert_ptr_nonnull(entry);
	return memcmp(entry->word, expected, sizeof(entry->word)) == 0;
}

START_TEST(each_sub_interval_end_records_what_the_pointed_registers_read_then)
{
	static const uint16_t pointer[DATALOG_LOGS] = { 1, 2, 3, 26, 146, 157, 261, 262, 336, 42 };

	ck_assert_int_eq(write_register(150, 10), 0);
	for (unsigned i = 0; i < DATALOG_LOGS; i++)
		ck_assert_int_eq(write_register(169 + i, pointer[i]), 0);
	for (int s = 1; s <= 1000; s++) {
		uint16_t expected[DATALOG_LOGS];

		second(1000 + s);
		ck_assert_uint_eq(read_register(163), s / 10);
		if (s % 10)
			continue;
		for (unsigned i = 0; i < DATALOG_LOGS; i++)
			expected[i] = read_register(pointer[i]);
		ck_assert(entry_age_words_match(0, expected));
		ck_assert_int_eq(datalog_entry(meter_datalog(meter), 0)->utc_s, utc_s);
	}
}
END_TEST

/* A second in which all voltages are far too low. */
static void bad_second(void)
{
	struct moments moments;

	second_fill(&moments, 10, 5, 10, 1);
	now_ns += S_NS;
	utc_s++;
	meter_take_second(meter, &moments, true, 1, now_ns);
	serve_contacts();
}

/* What register 146 read at any second of a sub-interval is what its entry tells, through restarts. */
START_TEST(each_entry_tells_all_alerts_that_were_read_in_its_sub_interval)
{
	unsigned read[3] = { 0, 0, 0 };

	ck_assert_int_eq(write_register(150, 10), 0);
	seconds(10, 1000);	/* whatever the start showed is over */
	for (int i = 0; i < 3; i++)
		for (int s = 0; s < 10; s++) {
			if (i == 1 && s == 4)
				bad_second();
			else
				second(1000);
			read[i] |= read_register(146);
		}
	ck_assert_uint_eq(read[0], 0);
	ck_assert_uint_eq(read[1] & ALERTS_PHASE_LOSS, ALERTS_PHASE_LOSS);
	ck_assert_uint_eq(read[2], 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(datalog_entry(meter_datalog(meter), 2 - i)->alerts, read[i]);
	bad_second();
	seconds(3, 1000);
	restart();
	seconds(10, 1000);
	ck_assert_uint_eq(datalog_entry(meter_datalog(meter), 0)->alerts & ALERTS_PHASE_LOSS, ALERTS_PHASE_LOSS);
	seconds(10, 1000);
	ck_assert_uint_eq(datalog_entry(meter_datalog(meter), 0)->alerts, 0);
}
END_TEST

START_TEST(each_entry_tells_how_long_was_measured_and_how_often_the_energies_were_cleared)
{
	const struct datalog_entry *newest;

	ck_assert_int_eq(write_register(150, 10), 0);
	seconds(10, 1000);
	newest = datalog_entry(meter_datalog(meter), 0);
	ck_assert(newest->noted);
	ck_assert_uint_eq(newest->measured_s, 10);
	ck_assert_uint_eq(newest->energy_resets, 0);
	/* half a minute of standstill is no measured time */
	seconds(4, 1000);
	for (int s = 0; s < 30; s++) {
		now_ns += S_NS;
		utc_s++;
		meter_tick(meter, now_ns);
	}
	ck_assert_int_eq(write_register(129, 30078), 0);
	seconds(6, 1000);
	newest = datalog_entry(meter_datalog(meter), 0);
	ck_assert_uint_eq(newest->measured_s, 10);
	ck_assert_int_eq(newest->utc_s - datalog_entry(meter_datalog(meter), 1)->utc_s, 40);
	ck_assert_uint_eq(newest->energy_resets, 1);
	ck_assert_uint_eq(newest->alerts & ALERT_FREQUENCY, ALERT_FREQUENCY);
	/* a restart begins a sub-interval; one that a command ends is as long as it was */
	seconds(7, 1000);
	restart();
	seconds(2, 1000);
	command(METER_SYNC_DEMAND);
	second(1000);
	newest = datalog_entry(meter_datalog(meter), 0);
	ck_assert_uint_eq(newest->measured_s, 3);
	ck_assert_uint_eq(newest->energy_resets, 1);
}
END_TEST

START_TEST(sync_to_comms_records_at_each_command)
{
	ck_assert_int_eq(write_register(150, 0), 0);
	seconds(100, 1);
	ck_assert_uint_eq(read_register(163), 0);
	ck_assert_uint_eq(read_register(162), 0);
	for (unsigned n = 1; n <= 5; n++) {
		command(METER_SYNC_DEMAND);
		ck_assert_uint_eq(read_register(163), n - 1);
		second(1);
		ck_assert_uint_eq(read_register(163), n);
	}
}
END_TEST

START_TEST(a_page_is_read_at_8000_newest_first)
{
	ck_assert_int_eq(write_register(150, 10), 0);
	ck_assert_int_eq(write_register(169, 157), 0);		/* second and minute */
	seconds(40, 1);
	ck_assert_uint_eq(read_register(8000), 0x8000);
	ck_assert_int_eq(write_register(158, 1), 0);
	/* 05:14:41, :51, 05:15:01, :11 */
	ck_assert_uint_eq(read_register(8000), 11 << 8 | 15);
	ck_assert_uint_eq(read_register(8001), 1 << 8 | 15);
	ck_assert_uint_eq(read_register(8002), 51 << 8 | 14);
	ck_assert_uint_eq(read_register(8003), 41 << 8 | 14);
	ck_assert_uint_eq(read_register(8004), 0x8000);
	ck_assert_uint_eq(read_register(13759), 0x8000);
	ck_assert_uint_eq(read_register(168), 11 << 8 | 15);
	ck_assert_int_eq(write_register(158, 0), 0);
	ck_assert_uint_eq(read_register(8000), 0x8000);
}
END_TEST

static void check_clock(int day, int month, int hour, int year, int second_, int minute)
{
	ck_assert_uint_eq(read_register(155), day << 8 | month);
	ck_assert_uint_eq(read_register(156), hour << 8 | year);
	ck_assert_uint_eq(read_register(157), second_ << 8 | minute);
}

START_TEST(the_clock_runs_over_midnight_month_end_and_leap_day)
{
	second(1);
	check_clock(27, 11, 5, 26, 32, 14);
	ck_assert_int_eq(write_register(155, 30 << 8 | 11), 0);
	ck_assert_int_eq(write_register(156, 23 << 8 | 26), 0);
	ck_assert_int_eq(write_register(157, 59 << 8 | 59), 0);
	check_clock(30, 11, 23, 26, 59, 59);
	second(1);
	check_clock(1, 12, 0, 26, 0, 0);
	ck_assert_int_eq(write_register(156, 23 << 8 | 28), 0);
	ck_assert_int_eq(write_register(155, 28 << 8 | 2), 0);
	ck_assert_int_eq(write_register(157, 58 << 8 | 59), 0);
	seconds(2, 1);
	check_clock(29, 2, 0, 28, 0, 0);
	seconds(86400, 1);
	check_clock(1, 3, 0, 28, 0, 0);
	ck_assert_int_eq(write_register(155, 31 << 8 | 12), 0);
	ck_assert_int_eq(write_register(156, 23 << 8 | 28), 0);
	ck_assert_int_eq(write_register(157, 59 << 8 | 59), 0);
	second(1);
	check_clock(1, 1, 0, 29, 0, 0);
}
END_TEST

START_TEST(a_clock_that_was_set_keeps_its_offset_through_a_restart)
{
	ck_assert_int_eq(write_register(150, 10), 0);
	second(1);
	ck_assert_int_eq(write_register(156, 6 << 8 | 26), 0);		/* an hour ahead */
	check_clock(27, 11, 6, 26, 32, 14);
	restart();
	seconds(60, 1);
	check_clock(27, 11, 6, 26, 32, 15);
	seconds(10, 1);
	ck_assert_int_eq(datalog_entry(meter_datalog(meter), 0)->clock_s - datalog_entry(meter_datalog(meter), 0)->utc_s, 3600);
}
END_TEST

START_TEST(a_system_clock_that_is_stepped_moves_the_logs_and_is_told)
{
	static const int steps[] = { 7200, -7200, 5, -5 };

	ck_assert_int_eq(write_register(150, 10), 0);
	seconds(30, 1);
	for (size_t i = 0; i < 4; i++) {
		int64_t before = now()->log_clock_s;

		ck_assert_uint_eq(read_register(160) & DATALOG_CLOCK_CHANGED, 0);
		utc_s += steps[i];
		meter_set_utc(meter, utc_s * S_NS - now_ns);
		seconds(10, 1);
		ck_assert_int_eq(now()->log_clock_s, before + steps[i] + 10);
		ck_assert_uint_eq(read_register(160) & DATALOG_CLOCK_CHANGED, DATALOG_CLOCK_CHANGED);
		seconds(10, 1);
	}
	/* A clock that is slewed is no clock that was set. */
	for (int s = 0; s < 20; s++) {
		meter_set_utc(meter, utc_s * S_NS - now_ns + s * S_NS / 2);
		second(1);
	}
	ck_assert_uint_eq(read_register(160) & DATALOG_CLOCK_CHANGED, 0);
}
END_TEST

START_TEST(a_year_that_the_registers_do_not_know_is_not_valid)
{
	utc_s = 86400;
	meter_set_utc(meter, utc_s * S_NS - now_ns);
	second(1);
	for (unsigned n = 155; n <= 157; n++)
		ck_assert_uint_eq(read_register(n), 0x8000);
}
END_TEST

START_TEST(reset_of_the_log_is_command_16640)
{
	ck_assert_int_eq(write_register(150, 10), 0);
	ck_assert_int_eq(write_register(158, 0), 0);
	seconds(100, 1000);
	ck_assert_uint_eq(read_register(163), 10);
	ck_assert_int_eq(write_register(129, 16640), 0);
	ck_assert_uint_eq(read_register(163), 0);
	ck_assert_uint_eq(read_register(166), 0x8000);
	/* 100 s of 10.8 kW are 300 Wh: 30 at the scale of 10 Wh */
	ck_assert_uint_eq(read_long(164), 30);
	seconds(10, 1000);
	ck_assert_uint_eq(read_register(160), DATALOG_RESET);
}
END_TEST

/* 1000 Wh a closure of 500 ms are 3.6 MW; 10 kWh owed are 10 s of it. */
static void run_into_overrun(void)
{
	contacts = false;
	seconds(10, 1000 * 1000 / 3);
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	seconds(2, 1000 * 1000 / 3);
	ck_assert_uint_ne(now()->alerts & ALERT_PULSE_OVERRUN, 0);
}

START_TEST(an_overrun_is_latched_until_the_energies_are_cleared)
{
	run_into_overrun();
	contacts = true;
	seconds(60, 0);
	ck_assert_uint_eq(now()->pulses_owed[PULSE_REAL], 0);
	ck_assert_uint_ne(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	restart();
	second(0);
	ck_assert_uint_ne(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	ck_assert_int_eq(write_register(129, 30078), 0);
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	second(0);
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
}
END_TEST

START_TEST(an_overrun_ends_when_a_larger_pulse_makes_what_is_owed_fit)
{
	run_into_overrun();
	ck_assert_int_eq(write_register(144, 10000), 0);	/* 1 closure owed */
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	second(0);
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
}
END_TEST

START_TEST(a_rise_of_the_pulse_is_remembered_through_a_restart_until_what_is_owed_fits)
{
	run_into_overrun();
	seconds(100, 1000 * 1000 / 3);
	ck_assert_int_eq(write_register(144, 10000), 0);	/* still more than ten closures */
	second(0);
	ck_assert_uint_ne(now()->alerts & ALERT_PULSE_OVERRUN, 0);
	restart();
	contacts = true;
	seconds(20, 0);
	ck_assert_uint_le(now()->pulses_owed[PULSE_REAL], 1);
	ck_assert_uint_eq(now()->alerts & ALERT_PULSE_OVERRUN, 0);
}
END_TEST

START_TEST(clearing_the_counters_leaves_what_is_owed_and_clearing_energies_leaves_the_counters)
{
	contacts = false;
	seconds(3, 1000 * 1000 / 3 + 1);
	made[PULSE_REAL] += 1;
	closed[PULSE_REAL] += 1;
	ck_assert_int_eq(write_register(129, 16498), 0);
	ck_assert_uint_eq(read_long(43), 0);
	ck_assert_uint_eq(now()->pulses_owed[PULSE_REAL], 2);
	made[PULSE_REAL] += 1;
	ck_assert_int_eq(write_register(129, 30078), 0);
	ck_assert_uint_eq(read_long(43), 1);
	ck_assert_uint_eq(now()->pulses_owed[PULSE_REAL], 0);
	ck_assert_uint_eq(read_long(1), 0);
	ck_assert_uint_eq(read_register(147), 1);
}
END_TEST


START_TEST(the_reactive_contact_raises_the_overrun_only_where_it_is)
{
	for (unsigned output_config = 0; output_config <= 2; output_config += 2) {
		struct moments moments;

		config.output_config = output_config;
		start(NULL);
		contacts = false;
		for (int s = 0; s < 12; s++) {
			second_fill(&moments, 277, 4400, 0, 1200 * 1000);
			now_ns += S_NS;
			meter_take_second(meter, &moments, true, 1, now_ns);
			serve_contacts();
		}
		ck_assert_int_eq((now()->alerts & ALERT_PULSE_OVERRUN) != 0, output_config == 2);
	}
}
END_TEST

START_TEST(a_standstill_goes_on_paying_what_is_owed)
{
	contacts = false;
	seconds(5, 1000 * 1000 / 3 + 1);
	ck_assert_uint_eq(now()->pulses_owed[PULSE_REAL], 5);
	contacts = true;
	for (int s = 0; s < 12; s++) {
		now_ns += S_NS;
		meter_tick(meter, now_ns);
		serve_contacts();
	}
	meter_pulses_made(meter, made);
	ck_assert(!now()->live);
	ck_assert_uint_eq(closed[PULSE_REAL], 5);
	ck_assert_uint_eq(read_long(43), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("what a meter keeps");
	TCase *cases = tcase_create("over months");
	const char *fixed = getenv("TEST_SEED");

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, energies_are_the_integral_through_restarts_at_any_time);
	tcase_add_test(cases, a_hundred_thousand_closures_are_counted_one_by_one_through_restarts);
	tcase_add_test(cases, present_demand_does_not_outlive_a_restart_and_the_maximum_does);
	tcase_add_test(cases, each_sub_interval_end_records_what_the_pointed_registers_read_then);
	tcase_add_test(cases, each_entry_tells_all_alerts_that_were_read_in_its_sub_interval);
	tcase_add_test(cases, each_entry_tells_how_long_was_measured_and_how_often_the_energies_were_cleared);
	tcase_add_test(cases, sync_to_comms_records_at_each_command);
	tcase_add_test(cases, a_page_is_read_at_8000_newest_first);
	tcase_add_test(cases, the_clock_runs_over_midnight_month_end_and_leap_day);
	tcase_add_test(cases, a_clock_that_was_set_keeps_its_offset_through_a_restart);
	tcase_add_test(cases, a_system_clock_that_is_stepped_moves_the_logs_and_is_told);
	tcase_add_test(cases, a_year_that_the_registers_do_not_know_is_not_valid);
	tcase_add_test(cases, reset_of_the_log_is_command_16640);
	tcase_add_test(cases, an_overrun_is_latched_until_the_energies_are_cleared);
	tcase_add_test(cases, an_overrun_ends_when_a_larger_pulse_makes_what_is_owed_fit);
	tcase_add_test(cases, a_rise_of_the_pulse_is_remembered_through_a_restart_until_what_is_owed_fits);
	tcase_add_test(cases, clearing_the_counters_leaves_what_is_owed_and_clearing_energies_leaves_the_counters);
	tcase_add_test(cases, the_reactive_contact_raises_the_overrun_only_where_it_is);
	tcase_add_test(cases, a_standstill_goes_on_paying_what_is_owed);
	return check_main_run(suite);
}
