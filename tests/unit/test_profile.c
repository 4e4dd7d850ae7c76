/* The load profile against worked examples. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "lib/check_main.h"
#include "report/profile.h"

#define T0 INT64_C(1792792800)

/* kWh register in hundredths, kW demand in hundredths. */
static struct datalog_entry entry(uint64_t serial, int64_t utc_s, uint32_t kwh, uint16_t kw)
{
	return (struct datalog_entry){
		.serial = serial, .utc_s = utc_s, .clock_s = utc_s, .pointer = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 },
		.word = { (uint16_t)(kwh >> 16), (uint16_t)kwh, 0, 0, kw, 0x8000, 9 }, .scale_w = -2, .scale_e = -2,
		.noted = true, .measured_s = 900, .energy_resets = 5,
	};
}

static struct profile_interval between(struct datalog_entry before, struct datalog_entry after)
{
	struct profile_interval interval;

	profile_interval(&before, &after, NULL, &interval);
	return interval;
}

START_TEST(energy_is_the_difference_of_two_readings)
{
	struct profile_interval interval = between(entry(1, T0, 1000, 0), entry(2, T0 + 900, 1250, 1000));

	ck_assert_int_eq(interval.energy, 25000);	/* 2.5 kWh */
	ck_assert(interval.whole && !interval.kw_from_energy);
	ck_assert_double_eq_tol(interval.demand[PROFILE_KW], 10, 1e-12);
	ck_assert(isnan(interval.demand[PROFILE_KVAR]));
	ck_assert_int_eq(interval.from_s, T0);
	ck_assert_int_eq(interval.to_s, T0 + 900);
}
END_TEST

START_TEST(a_register_that_passes_2_to_the_32_loses_nothing)
{
	ck_assert_int_eq(between(entry(1, T0, UINT32_MAX - 9, 0), entry(2, T0 + 900, 90, 0)).energy, 10000);
}
END_TEST

START_TEST(what_cannot_be_known_is_unknown)
{
	struct datalog_entry before = entry(1, T0, 1000, 0), after = entry(2, T0 + 900, 1250, 0), other;
	struct profile_interval interval;

	other = after;
	other.energy_resets = 6;			/* cleared, though it reads more than before */
	ck_assert(between(before, other).energy == PROFILE_UNKNOWN);
	other = after;
	other.scale_e = -1;
	ck_assert(between(before, other).energy == PROFILE_UNKNOWN);
	other = after;
	other.pointer[1] = 3;				/* half of it is not recorded */
	ck_assert(between(before, other).energy == PROFILE_UNKNOWN);
	other = entry(2, T0 + 900, 500, 0);		/* back by a state from elsewhere */
	ck_assert(between(before, other).energy == PROFILE_UNKNOWN);
	other.noted = before.noted = false;		/* back, and nobody noted whether it was cleared */
	ck_assert(between(before, other).energy == PROFILE_UNKNOWN);
	ck_assert(!between(before, other).alerts_known);
	profile_interval(NULL, &after, NULL, &interval);
	ck_assert(interval.energy == PROFILE_UNKNOWN);
}
END_TEST

START_TEST(without_kw_demand_the_mean_by_the_energy_stands_in_only_for_what_was_measured_whole)
{
	struct datalog_entry before = entry(1, T0, 1000, 0), after = entry(2, T0 + 900, 1250, 0);
	struct profile_interval interval;

	after.pointer[4] = 26;
	interval = between(before, after);
	ck_assert(interval.kw_from_energy);
	ck_assert_double_eq_tol(interval.demand[PROFILE_KW], 10, 1e-12);
	after.utc_s += 7200;				/* it was off for two hours */
	interval = between(before, after);
	ck_assert(!interval.whole && isnan(interval.demand[PROFILE_KW]));
	ck_assert_int_eq(interval.energy, 25000);
}
END_TEST

/* Lengths of days: 23, 24 and 25 hours, of intervals of 900 s that begin 400 s off midnight; 60 s from half of it on. */
START_TEST(a_span_is_complete_when_intervals_cover_all_of_it_however_long_it_and_they_are)
{
	for (int hours = 23; hours <= 25; hours++) {
		struct profile_span span;
		int64_t t_s = T0 - 500, end_s = T0 + 3600 * hours, sum = 0;
		uint32_t kwh = 0;

		profile_begin(&span, T0, end_s);
		for (uint64_t serial = 1; t_s < end_s; serial++) {
			int length_s = t_s < T0 + 3600 * 12 ? 900 : 60;
			struct datalog_entry before = entry(serial, t_s, kwh, 0), after;
			struct profile_interval interval;

			kwh += 7 + (uint32_t)serial % 5;
			t_s += length_s;
			after = entry(serial + 1, t_s, kwh, 0);
			after.measured_s = (uint32_t)length_s;
			interval = between(before, after);
			profile_add(&span, &interval);
			if (t_s > T0 && t_s <= end_s)
				sum += 100 * (7 + (int64_t)(serial % 5));
		}
		ck_assert_int_eq(span.energy, sum);
		ck_assert(profile_is_complete(&span));
		ck_assert_int_eq(span.measured_s, 3600 * hours);
	}
}
END_TEST

START_TEST(a_gap_across_midnight_counts_in_the_whole_alone)
{
	struct profile_interval interval = between(entry(1, T0 - 7200, 0, 0), entry(2, T0 + 7200, 500, 300));
	struct profile_span day[2], both;

	profile_begin(&day[0], T0 - 86400, T0);
	profile_begin(&day[1], T0, T0 + 86400);
	profile_begin(&both, T0 - 86400, T0 + 86400);
	for (int i = 0; i < 2; i++)
		profile_add(&day[i], &interval);
	profile_add(&both, &interval);
	ck_assert_int_eq(day[0].energy + day[1].energy, 0);
	ck_assert_int_eq(day[0].known_s + day[1].known_s, 0);
	ck_assert_int_eq(both.energy, 50000);
	ck_assert_int_eq(both.known_s, 14400);
	ck_assert_double_eq_tol(day[1].max[PROFILE_KW], 3, 1e-12);
	ck_assert(!profile_is_complete(&both));
}
END_TEST

/* Sync to comms: as long as the master pleases; what a span misses of it is not known to be in it. */
START_TEST(intervals_of_any_length_add_up_and_a_full_log_does)
{
	struct profile_span span;
	int64_t t_s = T0, sum = 0;
	uint32_t kwh = UINT32_MAX - 5000;
	struct datalog_entry before = entry(1, t_s, kwh, 0), after;

	profile_begin(&span, T0, T0 + 86400 * 3650);
	for (uint64_t serial = 2; serial <= DATALOG_ENTRIES; serial++) {
		uint32_t length_s = 1 + (uint32_t)(serial * 7919 % 40000);
		struct profile_interval interval;

		kwh += length_s / 100;
		sum += 100 * (int64_t)(length_s / 100);
		t_s += length_s;
		after = entry(serial, t_s, kwh, 0);
		after.measured_s = length_s;
		interval = between(before, after);
		ck_assert(interval.whole);
		profile_add(&span, &interval);
		before = after;
	}
	ck_assert_int_eq(span.energy, sum);
	ck_assert_int_eq(span.known_s, t_s - T0);
	ck_assert_int_eq(span.measured_s, t_s - T0);
	ck_assert_uint_eq(span.intervals, DATALOG_ENTRIES - 1);
	ck_assert(!profile_is_complete(&span));
}
END_TEST

START_TEST(alerts_are_told_in_episodes)
{
	struct profile_alert alert = { .bit = 64 };

	for (int i = 0; i < 6; i++) {
		struct datalog_entry before = entry((uint64_t)i + 1, T0 + 900 * i, 0, 0), after = entry((uint64_t)i + 2, T0 + 900 * (i + 1), 0, 0);
		struct profile_interval interval;

		after.alerts = i == 1 || i == 2 || i == 5 ? 64 | 1 : 1;
		interval = between(before, after);
		profile_add_alert(&alert, &interval);
	}
	ck_assert_uint_eq(alert.episodes, 2);
	ck_assert_uint_eq(alert.intervals, 3);
	ck_assert_int_eq(alert.seconds, 2700);
	ck_assert_int_eq(alert.first_s, T0 + 900);
	ck_assert_int_eq(alert.last_s, T0 + 5400);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *cases = tcase_create("profile");

	suite_add_tcase(suite, cases);
	tcase_add_test(cases, energy_is_the_difference_of_two_readings);
	tcase_add_test(cases, a_register_that_passes_2_to_the_32_loses_nothing);
	tcase_add_test(cases, what_cannot_be_known_is_unknown);
	tcase_add_test(cases, without_kw_demand_the_mean_by_the_energy_stands_in_only_for_what_was_measured_whole);
	tcase_add_test(cases, a_span_is_complete_when_intervals_cover_all_of_it_however_long_it_and_they_are);
	tcase_add_test(cases, a_gap_across_midnight_counts_in_the_whole_alone);
	tcase_add_test(cases, intervals_of_any_length_add_up_and_a_full_log_does);
	tcase_add_test(cases, alerts_are_told_in_episodes);
	return check_main_run(suite);
}
