/* Demand: every number is worked by hand from power x time. */
#include <check.h>
#include <math.h>

#include "lib/check_main.h"
#include "metering/demand.h"

#define TOLERANCE 1e-9

struct run {
	struct demand demand;
	int subintervals, length_s;
	double cycle_s;
};

static void start(struct run *run, int subintervals, int length_s)
{
	run->subintervals = subintervals;
	run->length_s = length_s;
	run->cycle_s = 1.0;
	demand_init(&run->demand, length_s);
}

static void cycle(struct run *run, double p, double q, double s, bool sync, bool reset_max)
{
	double power[DEMAND_QUANTITIES] = { [DEMAND_P] = p, [DEMAND_Q] = q, [DEMAND_S] = s };

	demand_cycle(&run->demand, power, run->cycle_s, run->subintervals, run->length_s, sync, reset_max);
}

static void feed(struct run *run, double p, int cycles)
{
	for (int i = 0; i < cycles; i++)
		cycle(run, p, p / 2, p * 2, false, false);
}

static void command(struct run *run, bool sync, bool reset_max)
{
	static const double nothing[DEMAND_QUANTITIES] = { NAN, NAN, NAN };

	demand_cycle(&run->demand, nothing, 0, run->subintervals, run->length_s, sync, reset_max);
}

#define ck_present(run, p) ck_assert_double_eq_tol((run).demand.present[DEMAND_P], p, TOLERANCE)
#define ck_max(run, p) ck_assert_double_eq_tol((run).demand.max[DEMAND_P], p, TOLERANCE)

START_TEST(present_reads_0_until_the_first_subinterval_has_ended)
{
	struct run run;

	start(&run, 1, 900);
	feed(&run, 1000, 899);
	ck_present(run, 0);
	ck_max(run, 0);
	feed(&run, 1000, 1);
	ck_present(run, 1000);
	ck_assert_double_eq_tol(run.demand.present[DEMAND_Q], 500, TOLERANCE);
	ck_assert_double_eq_tol(run.demand.present[DEMAND_S], 2000, TOLERANCE);
	ck_assert_uint_eq(run.demand.subintervals_ended, 1);
}
END_TEST

START_TEST(block_demand_is_the_mean_over_the_subinterval)
{
	struct run run;

	start(&run, 1, 900);
	feed(&run, 1000, 450);
	feed(&run, 3000, 450);
	ck_present(run, 2000);
}
END_TEST

START_TEST(present_stands_still_between_ends)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 100, 10);
	feed(&run, 900, 9);
	ck_present(run, 100);
	feed(&run, 900, 1);
	ck_present(run, 900);
}
END_TEST

START_TEST(rolling_demand_covers_those_that_have_ended_then_the_last_n)
{
	struct run run;

	start(&run, 3, 10);
	feed(&run, 100, 10);
	ck_present(run, 100);
	feed(&run, 200, 10);
	ck_present(run, 150);
	feed(&run, 300, 10);
	ck_present(run, 200);
	feed(&run, 700, 10);
	ck_present(run, 400);
	ck_max(run, 400);
	feed(&run, 0, 10);
	ck_present(run, 1000.0 / 3);
	ck_max(run, 400);
}
END_TEST

START_TEST(six_subintervals_are_remembered)
{
	struct run run;

	start(&run, 6, 10);
	for (int i = 1; i <= 7; i++)
		feed(&run, 100.0 * i, 10);
	ck_present(run, (200 + 300 + 400 + 500 + 600 + 700) / 6.0);
}
END_TEST

START_TEST(the_end_is_the_cycle_end_nearest_to_the_grid)
{
	/* Cycles of 0.7 s, grid of 10 s: 14 x 0.7 = 9.8, 29 x 0.7 = 20.3, 43 x 0.7 = 30.1. */
	static const unsigned end_after[] = { 14, 29, 43 };
	struct run run;
	unsigned cycles = 0;

	start(&run, 1, 10);
	run.cycle_s = 0.7;
	for (unsigned i = 0; i < 3; i++) {
		for (; cycles < end_after[i]; cycles++) {
			ck_assert_uint_eq(run.demand.subintervals_ended, i);
			feed(&run, 100, 1);
		}
		ck_assert_uint_eq(run.demand.subintervals_ended, i + 1);
		ck_present(run, 100);
	}
}
END_TEST

START_TEST(cycles_that_are_not_a_second_long_do_not_drift_in_a_year)
{
	static const double cycle_s[] = { 0.99995, 1.0, 1.00005 };
	const double year_s = 365 * 86400.0;

	for (int i = 0; i < 3; i++) {
		struct run run;
		long cycles = lround(year_s / cycle_s[i]);

		start(&run, 1, 900);
		run.cycle_s = cycle_s[i];
		/* The last cycle before the end of the year is at least 0.49 cycles from it. */
		for (long n = 0; n < cycles - 1; n++)
			feed(&run, 100, 1);
		ck_assert_uint_eq(run.demand.subintervals_ended, 365 * 96 - 1);
		feed(&run, 100, 1);
		ck_assert_uint_eq(run.demand.subintervals_ended, 365 * 96);
		ck_present(run, 100);
	}
}
END_TEST

START_TEST(unequal_subintervals_are_weighted_by_their_time)
{
	struct run run;

	start(&run, 2, 10);
	feed(&run, 100, 3);
	cycle(&run, 100, 0, 0, true, false);
	ck_present(run, 100);
	feed(&run, 450, 10);
	ck_present(run, (4 * 100 + 10 * 450) / 14.0);
}
END_TEST

START_TEST(sync_ends_a_timed_subinterval_and_starts_the_grid_anew)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 100, 6);
	cycle(&run, 800, 0, 0, true, false);
	ck_present(run, 200);
	feed(&run, 300, 9);
	ck_present(run, 200);
	feed(&run, 300, 1);
	ck_present(run, 300);
	ck_assert_uint_eq(run.demand.subintervals_ended, 2);
}
END_TEST

START_TEST(sync_to_comms_ends_only_by_command_and_is_block_demand)
{
	struct run run;

	start(&run, 6, 0);
	feed(&run, 100, 40000);
	ck_present(run, 0);
	ck_assert_uint_eq(run.demand.subintervals_ended, 0);
	cycle(&run, 100, 0, 0, true, false);
	ck_present(run, 100);
	feed(&run, 500, 3);
	cycle(&run, 100, 0, 0, true, false);
	ck_present(run, 400);
	ck_assert_uint_eq(run.demand.subintervals_ended, 2);
}
END_TEST

START_TEST(restart_drops_the_history_and_keeps_the_maxima)
{
	struct run run;

	start(&run, 2, 10);
	feed(&run, 800, 10);
	feed(&run, 100, 15);
	ck_present(run, 450);
	run.length_s = 20;
	demand_restart(&run.demand, run.length_s);
	ck_present(run, 0);
	ck_max(run, 800);
	feed(&run, 200, 19);
	ck_present(run, 0);
	feed(&run, 200, 1);
	ck_present(run, 200);
	ck_max(run, 800);
}
END_TEST

START_TEST(each_maximum_follows_its_own_quantity)
{
	struct run run;

	start(&run, 1, 10);
	for (int i = 0; i < 10; i++)
		cycle(&run, 900, 10, 901, false, false);
	for (int i = 0; i < 10; i++)
		cycle(&run, 100, 950, 955, false, false);
	ck_max(run, 900);
	ck_assert_double_eq_tol(run.demand.max[DEMAND_Q], 950, TOLERANCE);
	ck_assert_double_eq_tol(run.demand.max[DEMAND_S], 955, TOLERANCE);
}
END_TEST

START_TEST(reset_sets_the_maxima_to_the_present_demand)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 900, 10);
	feed(&run, 200, 10);
	ck_max(run, 900);
	cycle(&run, 5000, 0, 0, false, true);
	ck_max(run, 200);
	ck_assert_double_eq_tol(run.demand.max[DEMAND_S], 400, TOLERANCE);
}
END_TEST

START_TEST(reset_before_the_first_end_makes_the_maxima_0)
{
	struct run run;

	start(&run, 1, 900);
	run.demand.max[DEMAND_P] = 777;
	feed(&run, 100, 5);
	ck_max(run, 777);
	cycle(&run, 100, 0, 0, false, true);
	ck_max(run, 0);
}
END_TEST

START_TEST(reset_in_the_cycle_of_an_end_takes_the_new_present)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 900, 10);
	feed(&run, 200, 4);
	cycle(&run, 200, 100, 400, true, true);
	ck_present(run, 200);
	ck_max(run, 200);
}
END_TEST

START_TEST(stale_time_does_not_count)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 100, 5);
	for (int i = 0; i < 1000; i++)
		command(&run, false, false);
	ck_assert_uint_eq(run.demand.subintervals_ended, 0);
	feed(&run, 300, 4);
	ck_present(run, 0);
	feed(&run, 300, 1);
	ck_present(run, 200);
	for (int i = 0; i < 1000; i++)
		command(&run, false, false);
	ck_present(run, 200);
	ck_assert_uint_eq(run.demand.subintervals_ended, 1);
}
END_TEST

START_TEST(sync_without_samples_ends_what_was_measured)
{
	struct run run;

	start(&run, 1, 900);
	feed(&run, 250, 5);
	command(&run, true, false);
	ck_present(run, 250);
	ck_max(run, 250);
}
END_TEST

START_TEST(sync_of_an_empty_subinterval_takes_no_place_in_the_history)
{
	struct run run;

	start(&run, 2, 10);
	feed(&run, 100, 10);
	feed(&run, 300, 10);
	command(&run, true, false);
	command(&run, true, false);
	ck_present(run, 200);
	ck_assert_uint_eq(run.demand.subintervals_ended, 4);
	feed(&run, 500, 10);
	ck_present(run, 400);
}
END_TEST

START_TEST(a_power_that_is_no_number_is_not_counted)
{
	struct run run;

	start(&run, 1, 10);
	feed(&run, 100, 5);
	for (int i = 0; i < 3; i++)
		cycle(&run, NAN, 1, 1, false, false);
	cycle(&run, 1, INFINITY, 1, false, false);
	feed(&run, 200, 5);
	ck_present(run, 150);
}
END_TEST

START_TEST(a_cycle_longer_than_the_subinterval_ends_one_and_keeps_the_grid)
{
	struct run run;

	start(&run, 1, 10);
	run.cycle_s = 34;
	feed(&run, 100, 1);
	ck_assert_uint_eq(run.demand.subintervals_ended, 1);
	ck_present(run, 100);
	run.cycle_s = 1;
	/* 34 s have passed: the grid's next point is 40 s. */
	feed(&run, 700, 5);
	ck_assert_uint_eq(run.demand.subintervals_ended, 1);
	feed(&run, 700, 1);
	ck_assert_uint_eq(run.demand.subintervals_ended, 2);
	ck_present(run, 700);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demand");
	TCase *cases = tcase_create("demand");

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 120);
	tcase_add_test(cases, present_reads_0_until_the_first_subinterval_has_ended);
	tcase_add_test(cases, block_demand_is_the_mean_over_the_subinterval);
	tcase_add_test(cases, present_stands_still_between_ends);
	tcase_add_test(cases, rolling_demand_covers_those_that_have_ended_then_the_last_n);
	tcase_add_test(cases, six_subintervals_are_remembered);
	tcase_add_test(cases, the_end_is_the_cycle_end_nearest_to_the_grid);
	tcase_add_test(cases, cycles_that_are_not_a_second_long_do_not_drift_in_a_year);
	tcase_add_test(cases, unequal_subintervals_are_weighted_by_their_time);
	tcase_add_test(cases, sync_ends_a_timed_subinterval_and_starts_the_grid_anew);
	tcase_add_test(cases, sync_to_comms_ends_only_by_command_and_is_block_demand);
	tcase_add_test(cases, restart_drops_the_history_and_keeps_the_maxima);
	tcase_add_test(cases, each_maximum_follows_its_own_quantity);
	tcase_add_test(cases, reset_sets_the_maxima_to_the_present_demand);
	tcase_add_test(cases, reset_before_the_first_end_makes_the_maxima_0);
	tcase_add_test(cases, reset_in_the_cycle_of_an_end_takes_the_new_present);
	tcase_add_test(cases, stale_time_does_not_count);
	tcase_add_test(cases, sync_without_samples_ends_what_was_measured);
	tcase_add_test(cases, sync_of_an_empty_subinterval_takes_no_place_in_the_history);
	tcase_add_test(cases, a_power_that_is_no_number_is_not_counted);
	tcase_add_test(cases, a_cycle_longer_than_the_subinterval_ends_one_and_keeps_the_grid);
	return check_main_run(suite);
}
