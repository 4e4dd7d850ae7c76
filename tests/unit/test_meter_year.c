/*
 * A year of daily load, second by second: the energy registers are the integral to the last count, through the rollover of
 * every register that rolls over; the pulses are the energy; the log holds every sub-interval.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "lib/second.h"
#include "metering/meter.h"
#include "registers/registers.h"

#define S_NS INT64_C(1000000000)
#define YEAR_S (365 * 86400)
#define HOUR_S 3600
#define MNWH INT64_C(1000000)			/* nano-Wh of 3.6 W in a second; a year of them is below 2^59 */
#define WH_PER_COUNT 10				/* scale E of 480 V, 100 A: kWh x 10^-2 */
#define ROLLOVER (INT64_C(1) << 32)
#define DAY_UNITS 5500				/* of 3.6 W a phase: about 60 kW in all */

static struct register_image image;

static uint32_t read_long(unsigned number)
{
	uint16_t words[2];

	ck_assert_int_eq(registers_read(&image, number, 2, words), REGISTERS_OK);
	return (uint32_t)words[0] << 16 | words[1];
}

static uint16_t read_short(unsigned number)
{
	uint16_t word;

	ck_assert_int_eq(registers_read(&image, number, 1, &word), REGISTERS_OK);
	return word;
}

/* Nights are quiet, weekends too; whole units of 3.6 W a phase. */
static int64_t load(int64_t second)
{
	double day = (double)(second % 86400) / 86400, shape = fmax(0.1, sin(2 * M_PI * (day - 0.3)));
	bool weekend = second / 86400 % 7 >= 5;

	return llround(DAY_UNITS * shape * (weekend ? 0.4 : 1)) + second % 7;
}

/* A meter that has counted for years: each register that rolls over is some months from doing so. */
static void old_meter(struct meter_state *state)
{
	memset(state, 0, sizeof(*state));
	settings_defaults(&state->settings);
	state->settings.system_voltage = 480;
	state->settings.pulse_energy = 10;
	datalog_defaults(&state->log);
	state->energies.kwh.wh = (uint64_t)(ROLLOVER - 2000000) * WH_PER_COUNT;
	state->energies.kwh_phase[0].wh = (uint64_t)(ROLLOVER - 1000000) * WH_PER_COUNT;
	state->energies.kwh_phase[1].wh = (uint64_t)(ROLLOVER - 300000) * WH_PER_COUNT;
	state->energies.kwh_phase[2].wh = 7;
	state->energies.kvarh.wh = (uint64_t)(ROLLOVER - 500000) * WH_PER_COUNT;
	state->energies.kvah.wh = (uint64_t)(ROLLOVER - 700000) * WH_PER_COUNT;
	state->pulse[PULSE_REAL].closures = (uint32_t)(ROLLOVER - 3000000);
	state->pulse[PULSE_REACTIVE].closures = (uint32_t)(ROLLOVER - 400000);
}

START_TEST(a_year_of_load_is_counted_to_the_last_count)
{
	struct meter_state state;
	struct meter_config config = { .max_rate_hz = 600, .record = registers_record, .state = &state };
	struct meter *meter;
	uint64_t made[PULSE_OUTPUTS] = { 0 };
	int64_t units = 0, before;
	uint32_t last = UINT32_MAX - 2000000;
	uint64_t apparent;
	unsigned rollovers = 0;

	old_meter(&state);
	before = (int64_t)state.energies.kwh.wh;
	config.settings = state.settings;
	rules_defaults(&config.rules);
	meter = malloc(meter_bytes(&config));
	meter_init(meter, &config);
	meter_set_utc(meter, 1767225600 * S_NS);	/* 2026-01-01 */
	for (int64_t second = 1; second <= YEAR_S; second++) {
		int64_t now = load(second);
		struct pulse_plan plan[PULSE_OUTPUTS];
		struct moments moments;

		second_fill(&moments, 277, hypot(3.6 * (double)now, 1.2 * (double)now) / 277, 3.6 * (double)now, 1.2 * (double)now);
		meter_take_second(meter, &moments, true, 1, second * S_NS);
		units += now;
		meter_pulses_made(meter, made);
		meter_pulses_plan(meter, plan);
		for (int i = 0; i < PULSE_OUTPUTS; i++)
			made[i] += plan[i].n;
		if (second % HOUR_S)
			continue;
		registers_encode(meter_snapshot(meter), &image);
		ck_assert_uint_eq(read_long(1), (uint32_t)((before + units * 3 * MNWH / ENERGY_NWH_PER_WH) / WH_PER_COUNT));
		rollovers += read_long(1) < last;
		last = read_long(1);
		for (int phase = 0; phase < 3; phase++)
			ck_assert_uint_eq(read_long(47 + 2 * (unsigned)phase),
					  (uint32_t)(((int64_t)state.energies.kwh_phase[phase].wh + units * MNWH / ENERGY_NWH_PER_WH) /
						     WH_PER_COUNT));
		/* 3 x hypot(3.6, 1.2) W a unit: no whole number, so each second is rounded to the nano-Wh */
		apparent = (uint64_t)((int64_t)state.energies.kvah.wh + (int64_t)(3 * hypot(3.6, 1.2) / 3600 * (double)units)) / WH_PER_COUNT;
		ck_assert_uint_le((uint32_t)(read_long(27) - (uint32_t)apparent + 1), 2);
		ck_assert_uint_eq(read_long(29), (uint32_t)(((int64_t)state.energies.kvarh.wh + units * MNWH / ENERGY_NWH_PER_WH) /
							      WH_PER_COUNT));
		/* what is owed is the second that runs, and what its end left: 3.6 W are 1 mWh a second */
		ck_assert_uint_le(meter_snapshot(meter)->pulses_owed[PULSE_REAL], 2 + (uint64_t)now * 3 / 10000);
		ck_assert_uint_eq(read_short(161) * 5760u + read_short(163), second / 900);
	}
	meter_pulses_made(meter, made);
	ck_assert_uint_eq(rollovers, 1);
	/* both counters have rolled over, and stand where the energy says */
	ck_assert_uint_lt(meter_snapshot(meter)->pulses[PULSE_REAL], state.pulse[PULSE_REAL].closures);
	ck_assert_uint_lt(meter_snapshot(meter)->pulses[PULSE_REACTIVE], state.pulse[PULSE_REACTIVE].closures);
	ck_assert_uint_eq((uint32_t)(meter_snapshot(meter)->pulses[PULSE_REAL] + meter_snapshot(meter)->pulses_owed[PULSE_REAL]),
			  (uint32_t)(state.pulse[PULSE_REAL].closures + units * 3 * MNWH / ENERGY_NWH_PER_WH / 10));
	ck_assert_uint_eq((uint32_t)(meter_snapshot(meter)->pulses[PULSE_REACTIVE] + meter_snapshot(meter)->pulses_owed[PULSE_REACTIVE]),
			  (uint32_t)(state.pulse[PULSE_REACTIVE].closures + units * MNWH / ENERGY_NWH_PER_WH / 10));
	free(meter);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("year");
	TCase *cases = tcase_create("year");

	tcase_set_timeout(cases, 600);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_year_of_load_is_counted_to_the_last_count);
	return check_main_run(suite);
}
