/* The whole meter over time: cycles, gaps, standstill, changes, commands.  One file, long, since all share one rig and its clock. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "lib/wave.h"
#include "metering/alerts.h"
#include "metering/meter.h"

#define RATE_HZ 2520.0
#define BLOCK 126
#define S_NS INT64_C(1000000000)

/* A meter on a wave, with a clock that ticks as the daemon's does. */
static struct meter *meter;
static struct meter_config config;
static struct wave wave;
static uint64_t at;		/* next sample */
static double power_w, apparent_va;
static double *scans[ADC_CHANNELS];
static bool restarted;
static uint64_t lost;
static unsigned stale_seen;

static void setup(void)
{
	config = (struct meter_config){ .max_rate_hz = 10000 };
	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	meter = malloc(meter_bytes(&config));
	meter_init(meter, &config);
	for (int c = 0; c < ADC_CHANNELS; c++)
		scans[c] = malloc(1000 * sizeof(double));
	wave_three_phase(&wave, RATE_HZ, 59.7, 277, 50, 0.5, 0.1);
	power_w = 3 * wave_power(&wave.channel[ADC_VA], &wave.channel[ADC_IA]);
	apparent_va = 3 * 277 * 50;
	at = lost = 0;
	restarted = true;
	stale_seen = 0;
}

static void teardown(void)
{
	free(meter);
	for (int c = 0; c < ADC_CHANNELS; c++)
		free(scans[c]);
}

static int64_t time_of(uint64_t sample)
{
	return 1000 * S_NS + llround(sample / RATE_HZ * 1e9);
}

static bool feed_block(unsigned n)
{
	struct adc_block block = { .n = n, .t_ns = time_of(at + n - 1), .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ,
				   .primary = true, .restarted = restarted, .lost = lost };
	bool ended;

	wave_fill(&wave, at, n, scans);
	memcpy(block.scans, scans, sizeof(block.scans));
	at += n;
	restarted = false;
	lost = 0;
	ended = meter_feed(meter, &block);
	meter_tick(meter, time_of(at) + S_NS / 50);
	stale_seen += meter_snapshot(meter)->cycle > 0 && !meter_snapshot(meter)->live;
	return ended;
}

static void feed(uint64_t samples)
{
	for (uint64_t end = at + samples; at < end;)
		feed_block(end - at < BLOCK ? (unsigned)(end - at) : BLOCK);
}

static void feed_seconds(double seconds)
{
	feed((uint64_t)llround(seconds * RATE_HZ));
}

static void lose(uint64_t samples)
{
	lost += samples;
	at += samples;
}

/* Time passes, nothing comes. */
static void stand_still(double seconds)
{
	uint64_t samples = (uint64_t)llround(seconds * RATE_HZ);

	for (uint64_t end = at + samples; at < end; at += BLOCK)
		meter_tick(meter, time_of(at));
}

static const struct snapshot *now(void)
{
	return meter_snapshot(meter);
}

static double energy_ws(void)
{
	const struct energy *e = &now()->energies.kwh;

	return (e->wh + e->nwh * 1e-9) * 3600;
}

static struct meter_change nothing(void)
{
	return (struct meter_change){ .settings = now()->settings, .power_ups = -1 };
}

static void assert_near(double got, double want, double tolerance)
{
	ck_assert_msg(fabs(got - want) <= tolerance, "got %.12g, want %.12g", got, want);
}

START_TEST(nothing_is_live_before_the_first_window)
{
	ck_assert(!now()->live);
	ck_assert(isnan(now()->readings.p_w) && isnan(now()->readings.hz));
	ck_assert_uint_eq(now()->alerts, ALERT_FREQUENCY);
	feed(2520 + 504 - 1);
	ck_assert(!now()->live);
	ck_assert(feed_block(1));
	ck_assert(now()->live);
	ck_assert_uint_eq(now()->alerts, 0);
}
END_TEST

START_TEST(one_cycle_a_second)
{
	feed_seconds(1.2);
	for (unsigned k = 1; k < 20; k++) {
		ck_assert_uint_eq(now()->cycle, k);
		feed_seconds(1);
	}
	ck_assert_uint_eq(stale_seen, 0);
}
END_TEST

START_TEST(energy_of_a_changing_load_is_its_integral)
{
	/* the load steps at 3.77 s in the middle of nothing in particular: windows sum to 1, so the integral is kept */
	double step_s = 3.77, before, after, want;

	before = power_w;
	feed_seconds(step_s);
	for (int c = ADC_IA; c <= ADC_IC; c++)
		wave.channel[c].rms[1] *= 3;
	after = 3 * before;
	feed_seconds(10.2 - step_s);
	/* ten windows: from the middle of the first crossfade to the middle of the last */
	want = before * (step_s - 0.1) + after * (10.1 - step_s);
	/* at the step itself the instantaneous power of three balanced phases is constant: exact to the leakage */
	assert_near(energy_ws(), want, 2e-5 * want);
}
END_TEST

START_TEST(one_lost_sample_costs_one_window_and_no_energy)
{
	for (unsigned k = 0; k < 25; k++) {
		double want;

		teardown();
		setup();
		feed_seconds(5.2);
		feed(k * 101);
		lose(1);
		feed_seconds(10);
		ck_assert_uint_eq(now()->lost_samples, 1);
		ck_assert_uint_le(now()->void_windows, 1);
		ck_assert_uint_eq(stale_seen, 0);
		/* whatever its phase: all time up to the middle of the last crossfade is accounted for, exactly once */
		want = power_w * ((now()->t_ns - time_of(0) + S_NS / RATE_HZ) / 1e9 - 0.2);
		assert_near(energy_ws(), want, 1e-5 * want);
	}
}
END_TEST

START_TEST(a_gap_of_a_second_is_bridged_with_the_last_good_power)
{
	double want;

	feed_seconds(5.6);
	lose(2520);
	for (int c = ADC_IA; c <= ADC_IC; c++)	/* what comes afterwards is not known during the gap */
		wave.channel[c].rms[1] *= 2;
	feed_seconds(3.2);
	/* windows to 5.1 s, new ones from 6.7 s on: 1.6 s bridged at the old power */
	want = power_w * (5 + 1.6) + 2 * power_w * 3;
	assert_near(energy_ws(), want, 1e-5 * want);
	assert_near(now()->bridged_s, 1.6, 1e-6);
}
END_TEST

START_TEST(no_more_than_two_seconds_are_bridged)
{
	double want;

	feed_seconds(5.2);
	stand_still(60);
	lost = 60 * 2520;
	feed_seconds(3.2);
	want = power_w * (5 + 2 + 3);
	assert_near(energy_ws(), want, 1e-5 * want);
	assert_near(now()->bridged_s, 2, 1e-9);
}
END_TEST

START_TEST(gaps_again_and_again_bridge_two_seconds_in_all)
{
	feed_seconds(5.2);
	for (int k = 0; k < 20; k++) {	/* never long enough for a window */
		feed_seconds(0.9);
		lose(10);
	}
	ck_assert(!now()->live);
	feed_seconds(1.2);
	ck_assert(now()->live);
	assert_near(now()->bridged_s, 2, 1e-9);
	assert_near(energy_ws(), power_w * 8, 1e-5 * power_w * 8);
}
END_TEST

START_TEST(standstill_shows_nothing_after_two_seconds_and_adds_nothing)
{
	double energy, demand_s;

	feed_seconds(5.2);
	energy = energy_ws();
	demand_s = now()->demand.running_s;
	stand_still(1.8);
	ck_assert(now()->live);
	stand_still(0.3);
	ck_assert(!now()->live);
	ck_assert(isnan(now()->readings.v_ln_v[0]) && isnan(now()->readings.p_w) && isnan(now()->readings.hz));
	ck_assert_uint_eq(now()->alerts, ALERT_FREQUENCY);
	stand_still(30);
	assert_near(energy_ws(), energy, 0);
	assert_near(now()->demand.running_s, demand_s, 0);
}
END_TEST

START_TEST(samples_that_come_late_but_whole_are_not_counted_twice)
{
	double want = power_w * 9;
	uint64_t before;

	feed_seconds(5.2);
	before = at;
	stand_still(4);
	at = before;	/* a stalled network delivers everything after all */
	feed_seconds(4);
	ck_assert(now()->live);
	assert_near(energy_ws(), want, 1e-5 * want);
	assert_near(now()->bridged_s, 0, 0);
}
END_TEST

START_TEST(a_reopened_source_bridges_by_time)
{
	double want;

	feed_seconds(5.2);
	stand_still(1);
	restarted = true;
	feed_seconds(3.2);
	want = power_w * (5 + 0.1 + 1 + 0.1 + 3);
	assert_near(energy_ws(), want, 1e-5 * want);
	ck_assert_uint_eq(now()->lost_samples, 0);
}
END_TEST

START_TEST(true_rate_scales_time_and_frequency)
{
	/* the crystal is 500 ppm fast: 2521.26 scans a true second */
	double true_hz = RATE_HZ * 1.0005;

	wave.rate_hz = true_hz;
	for (int k = 0; k < 60; k++) {
		struct adc_block block = { .n = BLOCK, .nominal_hz = RATE_HZ, .rate_hz = true_hz, .primary = true, .restarted = k == 0 };

		block.t_ns = llround((at + BLOCK - 1) / true_hz * 1e9);
		wave_fill(&wave, at, BLOCK, scans);
		memcpy(block.scans, scans, sizeof(block.scans));
		at += BLOCK;
		meter_feed(meter, &block);
	}
	assert_near(now()->readings.hz, 59.7, 1e-6);
	assert_near(energy_ws(), power_w * now()->cycle * 2520 / true_hz, 1e-5 * power_w);
}
END_TEST

START_TEST(a_change_shows_at_once_and_energies_stay)
{
	struct meter_change change;
	double energy;

	feed_seconds(3.2);
	energy = energy_ws();
	change = nothing();
	change.settings.system_type = 12;
	change.settings.ct_primary = 200;
	meter_change(meter, &change);
	ck_assert_int_eq(now()->settings.system_type, 12);
	assert_near(now()->derived.max_power_w, 600 * 200, 1e-6);
	ck_assert(isnan(now()->readings.p_phase_w[PHASE_C]) && !isnan(now()->readings.p_phase_w[PHASE_B]));
	assert_near(now()->readings.p_w, power_w * 2 / 3, 1e-5 * power_w);
	assert_near(energy_ws(), energy, 0);
	feed_seconds(1);
	assert_near(energy_ws(), energy + power_w * 2 / 3, 1e-4 * power_w);
	assert_near((now()->energies.kwh_phase[2].wh * 1e9 + now()->energies.kwh_phase[2].nwh) * 3.6e-6, power_w, 1e-5 * power_w);
}
END_TEST

START_TEST(a_change_during_standstill_shows_too)
{
	struct meter_change change;

	feed_seconds(3.2);
	stand_still(5);
	change = nothing();
	change.settings.ct_primary = 32000;
	change.settings.pulse_energy = 10;
	change.commands = METER_CLEAR_ENERGY;
	change.clear_energy_count = 1;
	meter_change(meter, &change);
	ck_assert_int_eq(now()->settings.ct_primary, 32000);
	assert_near(energy_ws(), 0, 0);
	ck_assert_uint_eq(now()->energy_resets, 1);
	/* 33 MW at 10 Wh a pulse: no duration keeps up (10 ms serve 1.8 MW); the alert stands although nothing is live */
	ck_assert_uint_eq(now()->alerts, ALERT_FREQUENCY | ALERT_PULSE_CONFIG);
}
END_TEST

START_TEST(clearing_energy_counts_and_wraps)
{
	struct meter_change change = nothing();

	change.commands = METER_CLEAR_ENERGY;
	change.clear_energy_count = 1;
	for (int k = 0; k < 32767; k++)
		meter_change(meter, &change);
	ck_assert_uint_eq(now()->energy_resets, 32767);
	meter_change(meter, &change);
	ck_assert_uint_eq(now()->energy_resets, 0);
}
END_TEST

START_TEST(demand_commands_wait_for_the_end_of_the_cycle_and_count_once)
{
	struct meter_change change;

	feed_seconds(4.2);
	change = nothing();
	change.commands = METER_SYNC_DEMAND;
	meter_change(meter, &change);
	meter_change(meter, &change);
	ck_assert_uint_eq(now()->demand.subintervals_ended, 0);
	feed_seconds(1);
	ck_assert_uint_eq(now()->demand.subintervals_ended, 1);
	assert_near(now()->demand.present[DEMAND_P], power_w, 1e-5 * power_w);
	assert_near(now()->demand.max[DEMAND_S], apparent_va, 1e-5 * apparent_va);
	feed_seconds(1);
	ck_assert_uint_eq(now()->demand.subintervals_ended, 1);
}
END_TEST

START_TEST(demand_commands_are_carried_out_during_standstill)
{
	struct meter_change change;

	feed_seconds(4.2);
	change = nothing();
	change.commands = METER_SYNC_DEMAND;
	meter_change(meter, &change);
	feed_seconds(1);
	stand_still(5);
	change.commands = METER_RESET_MAX_DEMAND;
	meter_change(meter, &change);
	stand_still(1.5);
	assert_near(now()->demand.max[DEMAND_P], now()->demand.present[DEMAND_P], 0);
}
END_TEST

START_TEST(changing_the_demand_interval_drops_history_and_keeps_maxima)
{
	struct meter_change change;

	feed_seconds(4.2);
	change = nothing();
	change.commands = METER_SYNC_DEMAND;
	meter_change(meter, &change);
	feed_seconds(1);
	change = nothing();
	change.settings.demand_subinterval_s = 60;
	meter_change(meter, &change);
	assert_near(now()->demand.present[DEMAND_P], 0, 0);
	assert_near(now()->demand.max[DEMAND_P], power_w, 1e-5 * power_w);
}
END_TEST

START_TEST(a_new_rate_starts_anew)
{
	feed_seconds(5.2);
	wave.rate_hz = 6000;
	for (int k = 0; k < 30; k++) {
		struct adc_block block = { .n = 600, .nominal_hz = 6000, .rate_hz = 6000, .primary = true, .restarted = k == 0 };

		block.t_ns = time_of(at) + llround((k * 600 + 599) / 6000.0 * 1e9);
		wave_fill(&wave, (uint64_t)k * 600, 600, scans);
		memcpy(block.scans, scans, sizeof(block.scans));
		meter_feed(meter, &block);
	}
	ck_assert_uint_eq(now()->cycle, 5 + 2);
	assert_near(now()->readings.hz, 59.7, 1e-6);
	assert_near(now()->readings.v_ln_v[PHASE_A], 277, 277e-6);
}
END_TEST

START_TEST(clipping_is_told_for_the_second_it_happened_in)
{
	struct adc_block block = { .n = BLOCK, .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ, .primary = true,
				   .clipped = 1u << ADC_VB | 1u << ADC_IC };

	feed_seconds(3.2);
	block.t_ns = time_of(at + BLOCK - 1);
	wave_fill(&wave, at, BLOCK, scans);
	memcpy(block.scans, scans, sizeof(block.scans));
	at += BLOCK;
	meter_feed(meter, &block);
	feed_seconds(0.95);
	ck_assert_uint_eq(now()->alerts, ALERT_VOLTAGE(PHASE_B) | ALERT_CURRENT(PHASE_C));
	feed_seconds(1);
	ck_assert_uint_eq(now()->alerts, 0);
}
END_TEST

/* Feeds 3 s with phase A's voltage at `part` of itself between two instants; the worst errors of Hz and of phase B's Q. */
static void feed_dip(double part, double from_s, double to_s, double *hz_error, double *q_error)
{
	double q = wave_reactive(&wave.channel[ADC_VB], &wave.channel[ADC_IB]);

	*hz_error = *q_error = 0;
	for (uint64_t end = at + 4 * 2520; at < end;) {
		struct adc_block block = { .n = BLOCK, .t_ns = time_of(at + BLOCK - 1), .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ,
					   .primary = true, .restarted = restarted };

		restarted = false;
		wave_fill(&wave, at, BLOCK, scans);
		for (unsigned k = 0; k < BLOCK; k++)
			if ((at + k) / RATE_HZ >= from_s && (at + k) / RATE_HZ < to_s)
				scans[ADC_VA][k] *= part;
		memcpy(block.scans, scans, sizeof(block.scans));
		at += BLOCK;
		if (!meter_feed(meter, &block))
			continue;
		*hz_error = fmax(*hz_error, fabs(now()->readings.hz - wave.hz));
		*q_error = fmax(*q_error, fabs(now()->readings.q_phase_var[PHASE_B] - q) / 13850);
	}
}

START_TEST(a_dip_of_phase_a_upsets_neither_frequency_nor_the_other_phases)
{
	static const struct { double part, length_s; } dips[] = { { 0, 10 }, { 0, 0.2 }, { 0.3, 0.1 }, { 0.4, 0.5 }, { 0.5, 0.02 } };

	for (size_t d = 0; d < sizeof(dips) / sizeof(dips[0]); d++)
		for (int k = 0; k < 30; k++) {
			double from_s = 1.2 + k / 30.0, hz_error, q_error;

			teardown();
			setup();
			feed_dip(dips[d].part, from_s, from_s + dips[d].length_s, &hz_error, &q_error);
			ck_assert_msg(hz_error < 0.01 && q_error < 1e-3, "dip to %g for %g s at %g s: %g Hz, Q off by %g",
				      dips[d].part, dips[d].length_s, from_s, hz_error, q_error);
		}
}
END_TEST

START_TEST(delays_are_corrected_up_to_a_harmonic_beside_half_the_sample_rate)
{
	static const double delay_us[ADC_CHANNELS] = { -500, 120, 500, 310, -77, 0 };

	for (double hz = 62.3; hz < 62.95; hz += 0.0713) {	/* 20 x 62.95 = 1259 of 1260 */
		teardown();
		setup();
		memcpy(config.delay_us, delay_us, sizeof(delay_us));
		meter_init(meter, &config);
		wave_three_phase(&wave, RATE_HZ, hz, 277, 50, 1, 0.1);
		for (int h = 2; h <= 20; h++)
			wave_add_harmonic(&wave, h, 0.1, 0.1, 0.2 * h, 0.5 * h);
		memcpy(wave.delay_us, delay_us, sizeof(delay_us));
		feed_seconds(2.2);
		for (int p = 0; p < PHASES; p++) {
			const struct wave_channel *v = &wave.channel[ADC_VA + p], *i = &wave.channel[ADC_IA + p];

			assert_near(now()->readings.v_ln_v[p], wave_rms(v), 1e-5 * wave_rms(v));
			assert_near(now()->readings.p_phase_w[p], fabs(wave_power(v, i)), 1e-5 * 277 * 50);
		}
	}
}
END_TEST

START_TEST(a_sample_that_is_no_number_voids_its_window_only)
{
	static const double values[] = { NAN, INFINITY, -1e300 };
	double want;

	feed_seconds(5.6);
	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		struct adc_block block = { .n = BLOCK, .t_ns = time_of(at + BLOCK - 1), .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ,
					   .primary = true };

		wave_fill(&wave, at, BLOCK, scans);
		scans[k == 1 ? ADC_IC : ADC_VA][17] = values[k];
		memcpy(block.scans, scans, sizeof(block.scans));
		at += BLOCK;
		meter_feed(meter, &block);
		feed_seconds(3.15);
		ck_assert(now()->live);
		assert_near(now()->readings.p_w, power_w, 1e-5 * power_w);
	}
	ck_assert_uint_eq(now()->void_windows, 3);
	want = power_w * ((now()->t_ns - time_of(0)) / 1e9 - 0.2);
	assert_near(energy_ws(), want, 1e-4 * want);
}
END_TEST

START_TEST(long_blocks_and_the_shortest_stale_time_show_a_good_signal)
{
	config.rules.stale_s = 1;
	meter_init(meter, &config);
	for (int c = 0; c < ADC_CHANNELS; c++)
		scans[c] = realloc(scans[c], 1260 * sizeof(double));
	for (int k = 0; k < 40; k++) {
		feed_block(1260);
		meter_tick(meter, time_of(at) + S_NS * 45 / 100);
		if (now()->cycle > 0)
			ck_assert(now()->live);
	}
	ck_assert_uint_eq(stale_seen, 0);
}
END_TEST

START_TEST(bridged_time_ends_no_subinterval_early)
{
	struct meter_change change;

	feed_seconds(1.2);
	change = nothing();
	change.settings.demand_subinterval_s = 10;
	meter_change(meter, &change);
	feed_seconds(7.3);
	lose(2268);	/* 0.9 s: with what the window held, over a second is bridged */
	feed_seconds(1.2);
	ck_assert_uint_le(now()->demand.subintervals_ended, 1);
	if (now()->demand.subintervals_ended == 1)
		ck_assert(now()->t_ns - time_of(0) >= 11 * S_NS);
	feed_seconds(3);
	ck_assert_uint_eq(now()->demand.subintervals_ended, 1);
}
END_TEST

START_TEST(a_change_tells_at_once_whether_a_voltage_tells_the_frequency)
{
	struct meter_change change;

	feed_seconds(2.2);
	change = nothing();
	change.settings.pt_ratio = 32000;	/* 277 V are 0.87 V at the input */
	meter_change(meter, &change);
	ck_assert(isnan(now()->readings.hz));
	ck_assert_uint_ne(now()->alerts & ALERT_FREQUENCY, 0);
	change.settings.pt_ratio = 100;
	meter_change(meter, &change);
	assert_near(now()->readings.hz, 59.7, 1e-6);
	ck_assert_uint_eq(now()->alerts & ALERT_FREQUENCY, 0);
}
END_TEST

START_TEST(two_meters_live_in_one_process)
{
	struct meter *other = malloc(meter_bytes(&config));

	meter_init(other, &config);
	feed_seconds(3.2);
	ck_assert(!meter_snapshot(other)->live);
	ck_assert_uint_eq(meter_snapshot(other)->cycle, 0);
	free(other);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("meter");
	TCase *c = tcase_create("over time");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, nothing_is_live_before_the_first_window);
	tcase_add_test(c, one_cycle_a_second);
	tcase_add_test(c, energy_of_a_changing_load_is_its_integral);
	tcase_add_test(c, one_lost_sample_costs_one_window_and_no_energy);
	tcase_add_test(c, a_gap_of_a_second_is_bridged_with_the_last_good_power);
	tcase_add_test(c, no_more_than_two_seconds_are_bridged);
	tcase_add_test(c, gaps_again_and_again_bridge_two_seconds_in_all);
	tcase_add_test(c, standstill_shows_nothing_after_two_seconds_and_adds_nothing);
	tcase_add_test(c, samples_that_come_late_but_whole_are_not_counted_twice);
	tcase_add_test(c, a_reopened_source_bridges_by_time);
	tcase_add_test(c, true_rate_scales_time_and_frequency);
	tcase_add_test(c, a_change_shows_at_once_and_energies_stay);
	tcase_add_test(c, a_change_during_standstill_shows_too);
	tcase_add_test(c, clearing_energy_counts_and_wraps);
	tcase_add_test(c, demand_commands_wait_for_the_end_of_the_cycle_and_count_once);
	tcase_add_test(c, demand_commands_are_carried_out_during_standstill);
	tcase_add_test(c, changing_the_demand_interval_drops_history_and_keeps_maxima);
	tcase_add_test(c, a_new_rate_starts_anew);
	tcase_add_test(c, clipping_is_told_for_the_second_it_happened_in);
	tcase_add_test(c, a_dip_of_phase_a_upsets_neither_frequency_nor_the_other_phases);
	tcase_add_test(c, delays_are_corrected_up_to_a_harmonic_beside_half_the_sample_rate);
	tcase_add_test(c, a_sample_that_is_no_number_voids_its_window_only);
	tcase_add_test(c, long_blocks_and_the_shortest_stale_time_show_a_good_signal);
	tcase_add_test(c, bridged_time_ends_no_subinterval_early);
	tcase_add_test(c, a_change_tells_at_once_whether_a_voltage_tells_the_frequency);
	tcase_add_test(c, two_meters_live_in_one_process);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return check_main_run(suite());
}
