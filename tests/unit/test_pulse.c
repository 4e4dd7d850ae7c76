/* What the contact owes and when it closes: exact in energy, even in time. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "metering/pulse.h"
#include "outputs/contact.h"

#define S_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)

static struct pulse pulse;
static struct pulse_span last, now_;
static struct pulse_plan plan;
static unsigned seed;

static void setup(void)
{
	memset(&pulse, 0, sizeof(pulse));
	memset(&last, 0, sizeof(last));
	memset(&now_, 0, sizeof(now_));
}

/* A second at that power, planned for the one from from_ns on. */
static void second(double power_w, int weight_wh, int duration_ms, int64_t from_ns)
{
	last = now_;
	now_ = (struct pulse_span){ .from_ns = from_ns, .length_s = 1 };
	pulse_add(&pulse, power_w, 1, &now_.energy);
	pulse_plan(&pulse, &last, &now_, weight_wh, duration_ms, &plan);
}

/* 36 kW are 10 Wh a second. */
START_TEST(a_steady_load_closes_at_even_steps)
{
	int64_t last_ns = -1;

	for (int s = 0; s < 1000; s++) {
		second(36000 * 2.5, 10, 50, s * S_NS);		/* 2.5 closures a second: one each 400 ms */
		for (unsigned k = 0; k < plan.n; k++) {
			if (last_ns >= 0)
				ck_assert_int_le(llabs(plan.start_ns[k] - last_ns - 400 * MS_NS), 1000);	/* to a microsecond */
			last_ns = plan.start_ns[k];
		}
		pulse_made(&pulse, plan.n, 10);
	}
	ck_assert_uint_eq(pulse.closures, 2500 - 1);	/* the last is due at the very end: it belongs to the next second */
	ck_assert_uint_eq(pulse_owed(&pulse, 10), 1);
}
END_TEST

START_TEST(a_closure_comes_when_its_energy_has_passed)
{
	second(36000 * 0.7, 10, 500, 0);
	ck_assert_uint_eq(plan.n, 0);
	second(36000 * 0.6, 10, 500, 5 * S_NS);		/* 7 Wh were there: the missing 3 of 6 Wh pass at half the second */
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_int_eq(plan.start_ns[0], 5 * S_NS + S_NS / 2);
	ck_assert_int_eq(plan.duration_ms, 500);
}
END_TEST

/* Guide, 144: at most one closure each two durations. */
START_TEST(a_burst_is_spread_to_what_the_contact_can_make)
{
	static const int duration_ms[] = { 500, 250, 100, 50, 25, 10 };

	for (size_t i = 0; i < 6; i++) {
		int most = 1000 / (2 * duration_ms[i]);

		setup();
		second(36000 * 200, 10, duration_ms[i], 0);
		ck_assert_uint_eq(plan.n, most);
		for (unsigned k = 1; k < plan.n; k++)
			ck_assert_int_ge(plan.start_ns[k] - plan.start_ns[k - 1], 2 * duration_ms[i] * MS_NS);
		ck_assert_int_lt(plan.start_ns[plan.n - 1], S_NS);
		pulse_made(&pulse, plan.n, 10);
		ck_assert_uint_eq(pulse_owed(&pulse, 10), 200 - most);
	}
}
END_TEST

START_TEST(what_was_owed_before_goes_first_and_at_once)
{
	pulse.owed.wh = 35;
	second(36000 * 0.1, 10, 50, 7 * S_NS);
	ck_assert_uint_eq(plan.n, 3);
	/* all of it is due, as fast as the contact can: what a plan says of the past is made up for */
	for (unsigned k = 0; k < 3; k++)
		ck_assert_int_le(plan.start_ns[k], 7 * S_NS + k * 100 * MS_NS);
}
END_TEST

START_TEST(a_second_plan_of_the_same_second_leaves_the_closures_where_they_are)
{
	struct pulse_plan first;

	pulse.owed.wh = 4;
	second(36000 * 5.3, 10, 50, 0);
	first = plan;
	ck_assert_uint_eq(first.n, 5);
	for (unsigned made = 1; made <= first.n; made++) {
		pulse_made(&pulse, 1, 10);
		pulse_plan(&pulse, &last, &now_, 10, 50, &plan);
		ck_assert_uint_eq(plan.n, first.n - made);
		for (unsigned k = 0; k < plan.n; k++)
			ck_assert_int_le(llabs(plan.start_ns[k] - first.start_ns[made + k]), 10);
	}
}
END_TEST

START_TEST(a_changed_weight_divides_what_is_owed_anew)
{
	pulse.owed = (struct energy){ 2345, 678 };
	ck_assert_uint_eq(pulse_owed(&pulse, 10), 234);
	ck_assert_uint_eq(pulse_owed(&pulse, 1000), 2);
	pulse_made(&pulse, 2, 1000);
	ck_assert_uint_eq(pulse.owed.wh, 345);
	ck_assert_uint_eq(pulse.owed.nwh, 678);
	ck_assert_uint_eq(pulse_owed(&pulse, 100), 3);
}
END_TEST

/* 10 s hold 10 closures of 500 ms and 500 of 10 ms. */
START_TEST(overrun_is_more_than_ten_seconds_can_make)
{
	pulse.owed.wh = 10 * 1000 + 999;
	ck_assert(!pulse_overrun(&pulse, 1000, 500));
	pulse.owed.wh = 11 * 1000;
	ck_assert(pulse_overrun(&pulse, 1000, 500));
	ck_assert(!pulse_overrun(&pulse, 1000, 250));
	pulse.owed.wh = 5009;
	ck_assert(!pulse_overrun(&pulse, 10, 10));
	pulse.owed.wh = 5010;
	ck_assert(pulse_overrun(&pulse, 10, 10));
}
END_TEST

START_TEST(the_counter_wraps_at_2_to_the_32)
{
	pulse.closures = UINT32_MAX - 1;
	pulse.owed.wh = 100;
	pulse_made(&pulse, 3, 10);
	ck_assert_uint_eq(pulse.closures, 1);
}
END_TEST

/*
 * A contact that does what the plans say, as the real one does: each plan comes some time before its second begins and
 * replaces the one before.
 */
struct line {
	struct contact_state contact;
	uint64_t paid;			/* closures accounted for */
	int64_t first_ns, last_ns;	/* begin of the first and of the newest closure */
	int64_t shortest_ns, longest_ns;	/* between two begins */
};

static void line_run(struct line *line, int64_t until_ns)
{
	int64_t due;

	while ((due = contact_due_ns(&line->contact)) < until_ns) {
		contact_step(&line->contact, due);
		contact_turned(&line->contact, due);
		if (!line->contact.closed)
			continue;
		if (line->last_ns) {
			int64_t gap = due - line->last_ns;

			line->shortest_ns = gap < line->shortest_ns ? gap : line->shortest_ns;
			line->longest_ns = gap > line->longest_ns ? gap : line->longest_ns;
		} else {
			line->first_ns = due;
		}
		line->last_ns = due;
	}
}

/* `seconds` of a steady load; each plan is handed over lead_ms before its second begins. */
static void run_steady(struct line *line, double power_w, int weight_wh, int duration_ms, int seconds, int lead_ms)
{
	*line = (struct line){ .shortest_ns = INT64_MAX };
	contact_init(&line->contact, 0);
	for (int s = 1; s <= seconds; s++) {
		uint64_t total;

		line_run(line, s * S_NS - lead_ms * MS_NS);
		total = contact_recall(&line->contact);
		pulse_made(&pulse, (unsigned)(total - line->paid), weight_wh);
		line->paid = total;
		second(power_w, weight_wh, duration_ms, s * S_NS);
		contact_plan(&line->contact, &plan, s * S_NS - lead_ms * MS_NS);
	}
}

START_TEST(a_plan_that_comes_before_its_second_disturbs_no_closure)
{
	static const int leads_ms[] = { 0, 50, 100, 350, 550 };
	struct line line;

	for (size_t i = 0; i < 5; i++) {
		setup();
		/* 400 kW at 10 Wh: one each 90 ms, which is no part of a second */
		run_steady(&line, 400e3, 10, 25, 600, leads_ms[i]);
		ck_assert_int_ge(line.shortest_ns, 90 * MS_NS - 1000);
		ck_assert_int_le(line.longest_ns, 90 * MS_NS + 1000);
	}
}
END_TEST

START_TEST(a_contact_keeps_up_with_the_power_that_its_duration_is_for)
{
	/* Guide, 144: 1800000 x 10 Wh / 10 ms is 1.8 MW, 50 closures a second; all of it but what rounding takes */
	struct line line;

	for (int lead_ms = 0; lead_ms <= 550; lead_ms += 50) {
		setup();
		run_steady(&line, 1.799e6, 10, 10, 600, lead_ms);
		ck_assert_uint_le(pulse_owed(&pulse, 10), 60 + 50 * (unsigned)lead_ms / 1000);
		ck_assert(!pulse_overrun(&pulse, 10, 10));
	}
}
END_TEST

START_TEST(arrears_are_made_up_for_at_the_highest_rate)
{
	struct line line;

	pulse.owed.wh = 10000;		/* 1000 closures: 20 s of them, beside half of what it can */
	run_steady(&line, 0.9e6, 10, 10, 41, 100);
	ck_assert_uint_gt(pulse_owed(&pulse, 10), 25);
	setup();
	pulse.owed.wh = 10000;
	run_steady(&line, 0.9e6, 10, 10, 44, 100);
	ck_assert_uint_le(pulse_owed(&pulse, 10), 30);
}
END_TEST

/* Random loads, weights, durations and contacts that lag behind: nothing is lost, nothing invented, over a million closures. */
START_TEST(closures_and_what_is_owed_are_the_energy_to_the_nano_watt_hour)
{
	static const int weights[] = { 10, 100, 1000, 10000 }, durations[] = { 500, 250, 100, 50, 25, 10 };
	struct energy total = { 0, 0 };
	uint64_t closures = 0, paid_wh = 0;
	int64_t now = 0;

	srand(seed);
	while (closures < 1000000) {
		int weight = weights[rand() % 4], duration = durations[rand() % 6], seconds = 1 + rand() % 200;
		double mean_w = 3600.0 * weight * 1000 / (2.0 * duration) * (rand() % 130) / 100.0;

		while (seconds-- > 0) {
			double power_w = mean_w * (0.5 + rand() / (double)RAND_MAX);
			unsigned made;

			energy_add(&total, power_w, 1);
			second(power_w, weight, duration, now);
			for (unsigned k = 0; k < plan.n; k++)
				if (plan.start_ns[k] >= now + S_NS ||
				    (k && plan.start_ns[k] - plan.start_ns[k - 1] < 2 * duration * MS_NS))
					ck_abort_msg("TEST_SEED=%u: closure %u of %d ms", seed, k, duration);
			made = rand() % 20 ? plan.n : plan.n / 2;
			pulse_made(&pulse, made, weight);
			paid_wh += (uint64_t)made * (uint64_t)weight;
			closures += made;
			now += S_NS;
			ck_assert_msg(paid_wh + pulse.owed.wh == total.wh && pulse.owed.nwh == total.nwh, "TEST_SEED=%u", seed);
			ck_assert_uint_eq(pulse.closures, (uint32_t)closures);
		}
	}
}
END_TEST

/* Clearing the energies drops what is owed; a closure under way then pays for nothing that is there. */
START_TEST(a_closure_of_energy_that_was_cleared_owes_nothing_back)
{
	pulse.owed = (struct energy){ 3, 500 };
	pulse_made(&pulse, 1, 10);
	ck_assert_uint_eq(pulse.owed.wh, 0);
	ck_assert_uint_eq(pulse.owed.nwh, 0);
	ck_assert_uint_eq(pulse.closures, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pulse");
	TCase *cases = tcase_create("pulse");
	const char *fixed = getenv("TEST_SEED");

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, setup, NULL);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_steady_load_closes_at_even_steps);
	tcase_add_test(cases, a_closure_comes_when_its_energy_has_passed);
	tcase_add_test(cases, a_burst_is_spread_to_what_the_contact_can_make);
	tcase_add_test(cases, what_was_owed_before_goes_first_and_at_once);
	tcase_add_test(cases, a_second_plan_of_the_same_second_leaves_the_closures_where_they_are);
	tcase_add_test(cases, a_plan_that_comes_before_its_second_disturbs_no_closure);
	tcase_add_test(cases, a_contact_keeps_up_with_the_power_that_its_duration_is_for);
	tcase_add_test(cases, arrears_are_made_up_for_at_the_highest_rate);
	tcase_add_test(cases, a_changed_weight_divides_what_is_owed_anew);
	tcase_add_test(cases, overrun_is_more_than_ten_seconds_can_make);
	tcase_add_test(cases, the_counter_wraps_at_2_to_the_32);
	tcase_add_test(cases, closures_and_what_is_owed_are_the_energy_to_the_nano_watt_hour);
	tcase_add_test(cases, a_closure_of_energy_that_was_cleared_owes_nothing_back);
	return check_main_run(suite);
}
