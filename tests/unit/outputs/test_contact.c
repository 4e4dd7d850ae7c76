/*
 * The contact's state in simulated time: 100 000 pulses with random plans, recalls, changes of duration and a late caller, seen
 * by an observer of levels that knows nothing of plans.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "outputs/contact.h"
#include "outputs/flash.h"

#define MS INT64_C(1000000)
#define PULSES 100000

static unsigned seed;

static int64_t random_to(int64_t limit)
{
	return (int64_t)((double)random() / 2147483648.0 * (double)limit);
}

/* Asserted millions of times, where ck_assert would report each. */
#define HOLDS(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s (seed %u)", #condition, seed); \
	} while (0)

/* Sees the level alone, and when it changed. */
struct observer {
	bool closed;
	int64_t edge_ns;
	uint64_t closures;
	int64_t last_closed_ns, last_open_ns;	/* lengths of the last complete ones; -1 before the first */
};

static void observe(struct observer *observer, bool closed, int64_t now_ns)
{
	if (closed == observer->closed)
		return;
	if (closed) {
		observer->last_open_ns = now_ns - observer->edge_ns;
		observer->closures++;
	} else {
		observer->last_closed_ns = now_ns - observer->edge_ns;
	}
	observer->closed = closed;
	observer->edge_ns = now_ns;
}

static void random_plan(struct pulse_plan *plan, int64_t now_ns)
{
	static const int durations[] = { 10, 25, 50, 100, 145, 250, 500 };
	int64_t at_ns = now_ns - 200 * MS + random_to(600 * MS);

	memset(plan, 0, sizeof(*plan));
	plan->duration_ms = durations[random() % 7];
	plan->n = (unsigned)random() % (PULSE_PLAN_MAX + 1);
	for (unsigned k = 0; k < plan->n; k++) {
		plan->start_ns[k] = at_ns;
		at_ns += 2 * plan->duration_ms * MS + (random() % 2 ? 0 : random_to(100 * MS));
	}
}

/* The contact as the thread drives it, late by up to late_ns at each edge and up to set_ns in the setting. */
struct rig {
	struct contact_state contact;
	struct observer seen;
	int64_t now_ns;
	int duration_ms[2];		/* of the closure that runs or was the last, and of the one before */
};

static void turn(struct rig *rig, int64_t set_ns)
{
	const struct pulse_plan before = rig->contact.plan;
	bool closed_before = rig->contact.closed;

	if (!contact_step(&rig->contact, rig->now_ns))
		return;
	/* The real contact moves somewhere within the call. */
	rig->now_ns += random_to(set_ns);
	observe(&rig->seen, rig->contact.closed, rig->now_ns);
	rig->now_ns += random_to(set_ns);
	contact_turned(&rig->contact, rig->now_ns);
	if (closed_before)
		return;
	rig->duration_ms[1] = rig->duration_ms[0];
	rig->duration_ms[0] = before.duration_ms;
}

/* Every complete closure as long as asked, every opening as long as the closures on both its sides. */
static void check_lengths(const struct rig *rig)
{
	const struct observer *seen = &rig->seen;

	if (!seen->closed && seen->closures)
		HOLDS(seen->last_closed_ns >= rig->duration_ms[0] * MS);
	if (seen->closed && seen->closures > 1) {
		HOLDS(seen->last_open_ns >= rig->duration_ms[0] * MS);
		HOLDS(seen->last_open_ns >= rig->duration_ms[1] * MS);
	}
}

/* Runs to until_ns, looking at random moments besides those that are due. */
static void run_to(struct rig *rig, int64_t until_ns, int64_t late_ns)
{
	while (rig->now_ns < until_ns) {
		int64_t due_ns = contact_due_ns(&rig->contact), wake_ns = rig->now_ns + random_to(50 * MS);

		if (due_ns < wake_ns)
			wake_ns = (due_ns > rig->now_ns ? due_ns : rig->now_ns) + random_to(late_ns);
		rig->now_ns = wake_ns > rig->now_ns ? wake_ns : rig->now_ns + 1;
		turn(rig, late_ns / 4);
		check_lengths(rig);
	}
}

START_TEST(edges_are_the_counter_and_lengths_hold_over_100000_pulses)
{
	struct rig rig = { .now_ns = 1000 * MS };
	uint64_t recalled;

	rig.seen.edge_ns = rig.now_ns;
	contact_init(&rig.contact, rig.now_ns);
	while (rig.seen.closures < PULSES) {
		int64_t late_ns = random() % 4 ? 20000 : 30 * MS;
		struct pulse_plan plan;

		random_plan(&plan, rig.now_ns);
		contact_plan(&rig.contact, &plan, rig.now_ns);
		run_to(&rig, rig.now_ns + random_to(1500 * MS), late_ns);
		ck_assert_uint_eq(rig.contact.closures, rig.seen.closures);
		if (random() % 2)
			continue;
		/* Recalled: the total stays what it was, however long nothing else comes. */
		recalled = contact_recall(&rig.contact);
		ck_assert_uint_eq(recalled, rig.seen.closures);
		run_to(&rig, rig.now_ns + 1000 * MS, late_ns);
		ck_assert_uint_eq(rig.seen.closures, recalled);
		ck_assert(!rig.seen.closed);
		ck_assert(contact_due_ns(&rig.contact) == CONTACT_NEVER);
	}
}
END_TEST

/* Nothing is lost when there is room: with plans that are let run to their end, all of each is made. */
START_TEST(a_plan_that_is_not_recalled_is_made_whole)
{
	struct rig rig = { .now_ns = 0 };
	uint64_t planned = 0;

	contact_init(&rig.contact, rig.now_ns);
	for (int k = 0; k < 500; k++) {
		struct pulse_plan plan;

		random_plan(&plan, rig.now_ns);
		planned += plan.n;
		contact_plan(&rig.contact, &plan, rig.now_ns);
		run_to(&rig, rig.now_ns + 90000 * MS, MS);
		ck_assert_uint_eq(rig.seen.closures, planned);
	}
}
END_TEST

START_TEST(closures_begin_at_their_due_times)
{
	struct pulse_plan plan = { .n = 3, .duration_ms = 100, .start_ns = { 1000 * MS, 1300 * MS, 1500 * MS } };
	struct contact_state contact;

	contact_init(&contact, 0);
	contact_plan(&contact, &plan, 500 * MS);
	for (int k = 0; k < 3; k++) {
		ck_assert_int_eq(contact_due_ns(&contact), plan.start_ns[k]);
		ck_assert(!contact_step(&contact, plan.start_ns[k] - 1));
		ck_assert(contact_step(&contact, plan.start_ns[k]) && contact.closed);
		ck_assert_uint_eq(contact.closures, (unsigned)k + 1);
		ck_assert_int_eq(contact_due_ns(&contact), plan.start_ns[k] + 100 * MS);
		ck_assert(!contact_step(&contact, plan.start_ns[k] + 100 * MS - 1));
		ck_assert(contact_step(&contact, plan.start_ns[k] + 100 * MS) && !contact.closed);
	}
	ck_assert(contact_due_ns(&contact) == CONTACT_NEVER);
}
END_TEST

START_TEST(starts_that_have_passed_are_made_up_for_at_once)
{
	struct pulse_plan plan = { .n = 2, .duration_ms = 50, .start_ns = { 100 * MS, 200 * MS } };
	struct contact_state contact;

	contact_init(&contact, 0);
	contact_plan(&contact, &plan, 5000 * MS);
	ck_assert_int_eq(contact_due_ns(&contact), 5000 * MS);
	ck_assert(contact_step(&contact, 5000 * MS) && contact.closed);
	ck_assert(contact_step(&contact, 5050 * MS) && !contact.closed);
	ck_assert_int_eq(contact_due_ns(&contact), 5100 * MS);
}
END_TEST

/* The contact may have been closed by an earlier run until just now. */
START_TEST(the_first_closure_waits_for_one_duration)
{
	struct pulse_plan plan = { .n = 1, .duration_ms = 500, .start_ns = { 1 } };
	struct contact_state contact;

	contact_init(&contact, 1000 * MS);
	contact_plan(&contact, &plan, 1001 * MS);
	ck_assert_int_eq(contact_due_ns(&contact), 1500 * MS);
}
END_TEST

START_TEST(a_change_of_duration_leaves_the_running_closure_alone)
{
	struct pulse_plan slow = { .n = 1, .duration_ms = 500, .start_ns = { 1000 * MS } };
	struct pulse_plan fast = { .n = 1, .duration_ms = 10, .start_ns = { 1100 * MS } };
	struct contact_state contact;

	contact_init(&contact, 0);
	contact_plan(&contact, &slow, 0);
	ck_assert(contact_step(&contact, 1000 * MS));
	ck_assert_uint_eq(contact_recall(&contact), 1);
	contact_plan(&contact, &fast, 1050 * MS);
	ck_assert_int_eq(contact_due_ns(&contact), 1500 * MS);
	ck_assert(contact_step(&contact, 1500 * MS) && !contact.closed);
	ck_assert_int_eq(contact_due_ns(&contact), 2000 * MS);
	ck_assert(contact_step(&contact, 2000 * MS) && contact.closed);
	ck_assert_int_eq(contact_due_ns(&contact), 2010 * MS);
}
END_TEST

START_TEST(the_alarm_is_raised_by_ill_health_and_by_silence)
{
	struct alarm_state alarm = { true, 100 };

	ck_assert(alarm_is_driven(&alarm, 99));
	ck_assert_int_eq(alarm_due_ns(&alarm, 99), 100);
	ck_assert(!alarm_is_driven(&alarm, 100));
	ck_assert(alarm_due_ns(&alarm, 100) == CONTACT_NEVER);
	alarm.healthy = false;
	ck_assert(!alarm_is_driven(&alarm, 0));
	ck_assert(alarm_due_ns(&alarm, 0) == CONTACT_NEVER);
}
END_TEST

START_TEST(a_line_is_an_offset_in_plain_decimal_or_a_name)
{
	static const struct { const char *text; int offset; } rows[] = {
		{ "", CONTACT_NO_LINE }, { "-1", CONTACT_NO_LINE }, { "0", 0 }, { "17", 17 }, { "65535", 65535 },
		{ "65536", CONTACT_LINE_NAME }, { "99999999999", CONTACT_LINE_NAME }, { "007", CONTACT_LINE_NAME },
		{ "-2", CONTACT_LINE_NAME }, { "+1", CONTACT_LINE_NAME }, { "1 ", CONTACT_LINE_NAME }, { "GPIO17", CONTACT_LINE_NAME },
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		ck_assert_msg(contact_line_offset(rows[k].text) == rows[k].offset, "%s", rows[k].text);
}
END_TEST

/* Whatever comes how often: lit times and dark times last 50 ms, nothing is shown that did not happen, and nothing stays unshown. */
START_TEST(a_flash_lasts_50_ms_and_the_next_one_comes_as_long_after)
{
	struct flash flash = { 0 };
	int64_t now_ns = 7, edge_ns = -1000 * MS;
	bool lit = false, owed = false;

	for (int k = 0; k < 200000; k++) {
		bool asked = random() % 20 == 0, shown;

		now_ns += random_to(10 * MS);
		if (flash_due_ns(&flash) < now_ns)
			now_ns = flash_due_ns(&flash);
		shown = flash_step(&flash, asked, now_ns);
		owed |= asked;
		if (shown != lit) {
			HOLDS(now_ns - edge_ns >= 50 * MS);
			HOLDS(!shown || owed);
			owed &= !shown;
			edge_ns = now_ns;
		}
		lit = shown;
		HOLDS(now_ns - edge_ns < 50 * MS || (!lit && !owed));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contact");
	TCase *tests = tcase_create("contact");
	const char *given = getenv("SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("seed %u (SEED=%u repeats it)\n", seed, seed);
	srandom(seed);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, edges_are_the_counter_and_lengths_hold_over_100000_pulses);
	tcase_add_test(tests, a_plan_that_is_not_recalled_is_made_whole);
	tcase_add_test(tests, closures_begin_at_their_due_times);
	tcase_add_test(tests, starts_that_have_passed_are_made_up_for_at_once);
	tcase_add_test(tests, the_first_closure_waits_for_one_duration);
	tcase_add_test(tests, a_change_of_duration_leaves_the_running_closure_alone);
	tcase_add_test(tests, the_alarm_is_raised_by_ill_health_and_by_silence);
	tcase_add_test(tests, a_line_is_an_offset_in_plain_decimal_or_a_name);
	tcase_add_test(tests, a_flash_lasts_50_ms_and_the_next_one_comes_as_long_after);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
