/* The data log's rules, one by one: an independent list of what was recorded is held against what the log shows. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "metering/datalog.h"

static struct datalog *log_;
static uint64_t stamp;			/* recorded values count up: each is told from every other */

static void setup(void)
{
	struct datalog_state state;

	log_ = calloc(1, sizeof(*log_));
	datalog_defaults(&state);
	datalog_init(log_, &state, false);
	stamp = 0;
}

static void teardown(void)
{
	free(log_);
}

static struct energy kwh_now(void)
{
	return (struct energy){ 1000 * stamp, 0 };
}

/* The entry number `stamp`: log n holds 100 n + stamp, modulo 2^15. */
static void subinterval(void)
{
	struct datalog_entry entry = { .clock_s = 0, .utc_s = 0 };
	struct energy kwh;

	stamp++;
	kwh = kwh_now();
	entry.clock_s = entry.utc_s = (int64_t)(1000 * stamp);
	memcpy(entry.pointer, log_->state.pointer, sizeof(entry.pointer));
	for (unsigned n = 0; n < DATALOG_LOGS; n++)
		entry.word[n] = (uint16_t)((100 * n + stamp) % 32768);
	datalog_subinterval(log_, &entry, &kwh);
}

static void subintervals(unsigned n)
{
	while (n-- > 0)
		subinterval();
}

static uint16_t at(unsigned page, unsigned age)
{
	static uint16_t words[DATALOG_ENTRIES];
	unsigned before = log_->state.page;

	datalog_set_page(log_, page);
	datalog_page(log_, words);
	datalog_set_page(log_, before);
	return words[age];
}

static unsigned status(void)
{
	return log_->state.status;
}

START_TEST(defaults_are_the_maps)
{
	static const uint16_t pointer[] = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 };

	ck_assert(!memcmp(log_->state.pointer, pointer, sizeof(pointer)));
	ck_assert_uint_eq(log_->state.page, 0);
	ck_assert_uint_eq(log_->state.config, 0);
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(log_->state.wraps, 0);
	ck_assert_uint_eq(log_->state.entries, 0);
	ck_assert(log_->state.newest_clock_s == DATALOG_NEVER);
}
END_TEST

START_TEST(a_page_shows_its_log_newest_first_and_0x8000_where_nothing_was_written)
{
	subintervals(3);
	for (unsigned page = 1; page <= 10; page++) {
		ck_assert_uint_eq(at(page, 0), 100 * (page - 1) + 3);
		ck_assert_uint_eq(at(page, 2), 100 * (page - 1) + 1);
		ck_assert_uint_eq(at(page, 3), 0x8000);
		ck_assert_uint_eq(at(page, 5759), 0x8000);
	}
	ck_assert_uint_eq(at(0, 0), 0x8000);
	ck_assert_uint_eq(log_->state.entries, 3);
	ck_assert_int_eq(log_->state.newest_clock_s, 3000);
}
END_TEST

START_TEST(a_circular_log_wraps_and_total_is_wraps_times_5760_and_entries)
{
	subintervals(5759);
	ck_assert_uint_eq(log_->state.entries, 5759);
	ck_assert_uint_eq(log_->state.wraps, 0);
	ck_assert_uint_eq(log_->state.kwh_start.wh, 0);
	subinterval();
	ck_assert_uint_eq(log_->state.entries, 0);
	ck_assert_uint_eq(log_->state.wraps, 1);
	ck_assert_uint_eq(log_->state.kwh_start.wh, 5760000);
	ck_assert_uint_eq(at(1, 0), 5760);
	ck_assert_uint_eq(at(1, 5759), 1);
	subintervals(3 * 5760 + 17);
	ck_assert_uint_eq((uint64_t)log_->state.wraps * 5760 + log_->state.entries, stamp);
	ck_assert_uint_eq(at(1, 0), stamp % 32768);
	ck_assert_uint_eq(at(1, 5759), (stamp - 5759) % 32768);
	ck_assert_uint_eq(status(), 0);
}
END_TEST

START_TEST(the_count_of_wraps_stays_at_32767)
{
	log_->state.wraps = 32766;
	subintervals(5760);
	ck_assert_uint_eq(log_->state.wraps, 32767);
	subintervals(5760);
	ck_assert_uint_eq(log_->state.wraps, 32767);
}
END_TEST

START_TEST(a_single_shot_ends_full_and_counts_what_it_misses)
{
	datalog_set_config(log_, DATALOG_SINGLE_SHOT);
	subintervals(5759);
	ck_assert_uint_eq(status() & DATALOG_FULL, 0);
	subinterval();
	ck_assert_uint_eq(status() & DATALOG_FULL, DATALOG_FULL);
	ck_assert_uint_eq(log_->state.entries, 5760);
	ck_assert_uint_eq(log_->state.wraps, 0);
	subintervals(40000);
	ck_assert_uint_eq(log_->state.wraps, 32767);
	ck_assert_uint_eq(log_->state.entries, 5760);
	ck_assert_uint_eq(at(1, 0), 5760);
	ck_assert_uint_eq(at(1, 5759), 1);
	ck_assert_int_eq(log_->state.newest_clock_s, 5760000);
}
END_TEST

START_TEST(a_halted_log_records_nothing)
{
	subintervals(2);
	datalog_set_config(log_, DATALOG_HALTED);
	subintervals(5);
	ck_assert_uint_eq(log_->state.entries, 2);
	ck_assert_uint_eq(at(1, 0), 2);
	datalog_set_config(log_, 0);
	subinterval();
	ck_assert_uint_eq(log_->state.entries, 3);
	ck_assert_uint_eq(at(1, 0), stamp);
	ck_assert_uint_eq(at(1, 1), 2);
}
END_TEST

START_TEST(one_set_is_held_while_a_page_is_read_and_written_with_the_next)
{
	subintervals(2);
	datalog_set_page(log_, 4);
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_COLLISION);
	ck_assert_uint_eq(log_->state.entries, 2);
	ck_assert_uint_eq(at(1, 0), 2);
	datalog_set_page(log_, 0);
	ck_assert_uint_eq(log_->state.entries, 2);	/* not before the next sub-interval */
	subinterval();
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(log_->state.entries, 4);
	for (unsigned age = 0; age < 4; age++)
		ck_assert_uint_eq(at(1, age), 4 - age);
}
END_TEST

START_TEST(the_second_collision_writes_both_and_the_later_ones_go_on)
{
	subintervals(2);
	datalog_set_page(log_, 1);
	subinterval();
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_COLLISION | DATALOG_COLLISION_2);
	ck_assert_uint_eq(log_->state.entries, 4);
	ck_assert_uint_eq(log_->state.page, 1);
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_COLLISION | DATALOG_COLLISION_2);
	ck_assert_uint_eq(log_->state.entries, 5);
	datalog_set_page(log_, 0);
	subinterval();
	ck_assert_uint_eq(status(), 0);
	for (unsigned age = 0; age < 6; age++)
		ck_assert_uint_eq(at(1, age), 6 - age);
}
END_TEST

START_TEST(what_is_held_outlives_a_halt)
{
	subinterval();
	datalog_set_page(log_, 1);
	subinterval();				/* 2 is held */
	datalog_set_page(log_, 0);
	datalog_set_config(log_, DATALOG_HALTED);
	subinterval();				/* 3 is not recorded */
	ck_assert_uint_eq(at(1, 0), 2);
	datalog_set_config(log_, 0);
	datalog_set_page(log_, 1);
	subinterval();				/* 4 is held */
	datalog_set_page(log_, 0);
	subinterval();
	ck_assert_uint_eq(log_->state.entries, 4);
	ck_assert_uint_eq(at(1, 0), 5);
	ck_assert_uint_eq(at(1, 1), 4);
	ck_assert_uint_eq(at(1, 2), 2);
	ck_assert_uint_eq(at(1, 3), 1);
}
END_TEST

START_TEST(what_is_held_outlives_a_halt_while_the_page_stays_open)
{
	datalog_set_page(log_, 1);
	subinterval();				/* 1 is held */
	datalog_set_config(log_, DATALOG_HALTED);
	subinterval();
	datalog_set_config(log_, 0);
	subinterval();				/* 3: the second collision writes both */
	ck_assert_uint_eq(at(1, 0), 3);
	ck_assert_uint_eq(at(1, 1), 1);
	ck_assert_uint_eq(log_->state.entries, 2);
}
END_TEST

START_TEST(events_are_told_for_one_sub_interval_after_the_one_they_were_in)
{
	struct energy kwh = { 7, 8 };
	static const unsigned each[] = { DATALOG_RESET, DATALOG_INTERRUPTED, DATALOG_CLOCK_CHANGED };

	for (size_t i = 0; i < 3; i++) {
		subinterval();
		if (each[i] == DATALOG_RESET)
			datalog_reset(log_, &kwh);
		else
			datalog_event(log_, each[i]);
		ck_assert_uint_eq(status(), 0);
		subinterval();
		ck_assert_uint_eq(status(), each[i]);
		subinterval();
		ck_assert_uint_eq(status(), 0);
	}
}
END_TEST

START_TEST(changed_pointers_and_configuration_interrupt_and_the_same_again_do_not)
{
	uint16_t pointer[DATALOG_LOGS] = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 };

	datalog_set_pointers(log_, pointer);
	datalog_set_config(log_, 0);
	subinterval();
	ck_assert_uint_eq(status(), 0);
	pointer[4] = 262;
	datalog_set_pointers(log_, pointer);
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_INTERRUPTED);
	ck_assert_uint_eq(datalog_entry(log_, 0)->pointer[4], 262);
	ck_assert_uint_eq(datalog_entry(log_, 1)->pointer[4], 37);	/* an entry keeps what it was recorded from */
	datalog_set_config(log_, DATALOG_SINGLE_SHOT);
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_INTERRUPTED);
}
END_TEST

/* However short: what was set at any time of a sub-interval is told with it, and with no other. */
START_TEST(an_entry_keeps_every_alert_of_its_sub_interval_and_none_of_another)
{
	datalog_alerts(log_, 0x0001);
	datalog_alerts(log_, 0);
	datalog_alerts(log_, 0x8040);
	subinterval();
	subinterval();
	datalog_alerts(log_, 0x0800);
	subinterval();
	ck_assert_uint_eq(datalog_entry(log_, 2)->alerts, 0x8041);
	ck_assert_uint_eq(datalog_entry(log_, 1)->alerts, 0);
	ck_assert_uint_eq(datalog_entry(log_, 0)->alerts, 0x0800);
	for (unsigned age = 0; age < 3; age++)
		ck_assert(datalog_entry(log_, age)->noted);
	datalog_alerts(log_, 4);
	datalog_set_config(log_, DATALOG_HALTED);
	subinterval();				/* not recorded: its alerts are not the next one's */
	datalog_set_config(log_, 0);
	subinterval();
	ck_assert_uint_eq(datalog_entry(log_, 0)->alerts, 0);
}
END_TEST

START_TEST(alerts_of_what_is_held_are_its_own)
{
	datalog_set_page(log_, 1);
	datalog_alerts(log_, 2);
	subinterval();				/* held */
	datalog_alerts(log_, 8);
	datalog_set_page(log_, 0);
	subinterval();
	ck_assert_uint_eq(datalog_entry(log_, 1)->alerts, 2);
	ck_assert_uint_eq(datalog_entry(log_, 0)->alerts, 8);
}
END_TEST

START_TEST(alerts_of_the_sub_interval_outlive_a_restart_and_a_cleared_log)
{
	struct energy kwh = { 7, 8 };
	struct datalog_state state;

	datalog_alerts(log_, 1);
	state = log_->state;
	datalog_init(log_, &state, true);
	datalog_reset(log_, &kwh);
	datalog_alerts(log_, 2);
	subinterval();
	ck_assert_uint_eq(datalog_entry(log_, 0)->alerts, 3);
}
END_TEST

START_TEST(a_restart_is_an_interruption_and_loses_no_entry)
{
	struct datalog_state state;
	struct datalog_entry kept[4];

	subintervals(3);
	datalog_set_page(log_, 2);
	subinterval();		/* held */
	datalog_set_page(log_, 0);
	for (unsigned age = 0; age < 3; age++)
		kept[age] = *datalog_entry(log_, age);
	state = log_->state;
	datalog_init(log_, &state, true);
	for (unsigned age = 0; age < 3; age++)
		datalog_restore(log_, &kept[age]);
	subinterval();
	ck_assert_uint_eq(status(), DATALOG_INTERRUPTED);
	for (unsigned age = 0; age < 5; age++)
		ck_assert_uint_eq(at(1, age), 5 - age);
}
END_TEST

START_TEST(a_reset_empties_the_log_and_begins_its_energy_anew)
{
	struct energy kwh = { 123456, 789 };

	datalog_set_config(log_, DATALOG_SINGLE_SHOT);
	subintervals(6000);
	datalog_set_page(log_, 1);
	subinterval();
	datalog_set_page(log_, 0);
	datalog_reset(log_, &kwh);
	ck_assert_uint_eq(status() & (DATALOG_FULL | DATALOG_COLLISION), 0);
	ck_assert_uint_eq(log_->state.entries, 0);
	ck_assert_uint_eq(log_->state.wraps, 0);
	ck_assert(!memcmp(&log_->state.kwh_start, &kwh, sizeof(kwh)));
	ck_assert(log_->state.newest_clock_s == DATALOG_NEVER);
	for (unsigned age = 0; age < DATALOG_ENTRIES; age += 7)
		ck_assert_uint_eq(at(1, age), 0x8000);
	subinterval();
	ck_assert_uint_eq(at(1, 0), stamp % 32768);	/* what was held is gone with the rest */
	ck_assert_uint_eq(at(1, 1), 0x8000);
}
END_TEST

START_TEST(a_change_of_mode_counts_anew_what_is_there)
{
	subintervals(5760 + 10);
	datalog_set_config(log_, DATALOG_SINGLE_SHOT);
	ck_assert_uint_eq(log_->state.entries, 5760);
	ck_assert_uint_eq(log_->state.wraps, 0);
	ck_assert_uint_eq(status() & DATALOG_FULL, DATALOG_FULL);
	datalog_set_config(log_, 0);
	ck_assert_uint_eq(log_->state.entries, 0);
	ck_assert_uint_eq(log_->state.wraps, 1);
	ck_assert_uint_eq(status() & DATALOG_FULL, 0);
	teardown();
	setup();
	subintervals(10);
	datalog_set_config(log_, DATALOG_SINGLE_SHOT);
	ck_assert_uint_eq(log_->state.entries, 10);
	ck_assert_uint_eq(status() & DATALOG_FULL, 0);
}
END_TEST

/* Guide: 60 days at 900 s. */
START_TEST(days_that_the_log_spans_round_down)
{
	ck_assert_uint_eq(datalog_max_days(900), 60);
	ck_assert_uint_eq(datalog_max_days(0), 0);
	ck_assert_uint_eq(datalog_max_days(10), 0);	/* 57600 s */
	ck_assert_uint_eq(datalog_max_days(15), 1);	/* 86400 s */
	ck_assert_uint_eq(datalog_max_days(29), 1);
	ck_assert_uint_eq(datalog_max_days(32767), 2184);	/* 188737920 s */
}
END_TEST

/* Random use against a plain list of what should be in the log. */
START_TEST(the_log_is_the_list_of_what_was_recorded)
{
	static uint16_t list[200000];
	unsigned seed = getenv("TEST_SEED") ? (unsigned)strtoul(getenv("TEST_SEED"), NULL, 10) : (unsigned)time(NULL);
	unsigned n = 0, held = 0, collided = 0;
	bool holding = false;

	printf("TEST_SEED=%u\n", seed);
	srand(seed);
	for (int step = 0; step < 60000; step++) {
		struct energy kwh = kwh_now();

		switch (rand() % 400) {
		case 0:
			datalog_reset(log_, &kwh);
			n = 0;
			holding = false;
			collided = 0;
			break;
		case 1:
			datalog_set_page(log_, (unsigned)rand() % 11);
			break;
		case 2:
			datalog_set_page(log_, 0);
			break;
		case 3:
		case 4:
			datalog_set_config(log_, log_->state.config ^ DATALOG_HALTED);
			break;
		default:
			subinterval();
			if (!log_->state.page) {
				collided = 0;
				if (holding)
					list[n++] = (uint16_t)(held % 32768);
				holding = false;
			}
			if (log_->state.config & DATALOG_HALTED)
				break;
			if (log_->state.page && !collided) {
				held = (unsigned)stamp;
				holding = true;
				collided = 1;
				break;
			}
			if (holding)
				list[n++] = (uint16_t)(held % 32768);
			holding = false;
			list[n++] = (uint16_t)(stamp % 32768);
		}
		if (step % 500)
			continue;
		for (unsigned age = 0; age < DATALOG_ENTRIES; age += 1 + (unsigned)rand() % 50)
			ck_assert_msg(at(1, age) == (age < n ? list[n - 1 - age] : 0x8000), "TEST_SEED=%u step %d age %u", seed, step, age);
		ck_assert_uint_eq((uint64_t)log_->state.wraps * 5760 + log_->state.entries, n);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("data log");
	TCase *cases = tcase_create("rules");

	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, defaults_are_the_maps);
	tcase_add_test(cases, a_page_shows_its_log_newest_first_and_0x8000_where_nothing_was_written);
	tcase_add_test(cases, a_circular_log_wraps_and_total_is_wraps_times_5760_and_entries);
	tcase_add_test(cases, the_count_of_wraps_stays_at_32767);
	tcase_add_test(cases, a_single_shot_ends_full_and_counts_what_it_misses);
	tcase_add_test(cases, a_halted_log_records_nothing);
	tcase_add_test(cases, one_set_is_held_while_a_page_is_read_and_written_with_the_next);
	tcase_add_test(cases, the_second_collision_writes_both_and_the_later_ones_go_on);
	tcase_add_test(cases, what_is_held_outlives_a_halt);
	tcase_add_test(cases, what_is_held_outlives_a_halt_while_the_page_stays_open);
	tcase_add_test(cases, events_are_told_for_one_sub_interval_after_the_one_they_were_in);
	tcase_add_test(cases, changed_pointers_and_configuration_interrupt_and_the_same_again_do_not);
	tcase_add_test(cases, an_entry_keeps_every_alert_of_its_sub_interval_and_none_of_another);
	tcase_add_test(cases, alerts_of_what_is_held_are_its_own);
	tcase_add_test(cases, alerts_of_the_sub_interval_outlive_a_restart_and_a_cleared_log);
	tcase_add_test(cases, a_restart_is_an_interruption_and_loses_no_entry);
	tcase_add_test(cases, a_reset_empties_the_log_and_begins_its_energy_anew);
	tcase_add_test(cases, a_change_of_mode_counts_anew_what_is_there);
	tcase_add_test(cases, days_that_the_log_spans_round_down);
	tcase_add_test(cases, the_log_is_the_list_of_what_was_recorded);
	return check_main_run(suite);
}
