/*
 * The thread of the contacts in real time, seen by the edges of the simulated chip.  Lengths have a lower limit only: how late a
 * thread runs is the machine's, and the bench's, matter.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "outputs/outputs.h"

#define MS INT64_C(1000000)
#define EDGES 4096
#define NO_END INT64_MAX

static unsigned seed;

/* Until the condition holds, looked at often; a test that waits for ever is ended by its time limit. */
#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL)

static struct outputs *start(void)
{
	struct outputs_config config = { .contact = { { .chip = "sim" }, { .chip = "sim" }, { .chip = "sim" } } };
	struct outputs *outputs;

	ck_assert_int_eq(outputs_start(&outputs, &config, NULL), 0);
	return outputs;
}

static struct outputs_status status_of(struct outputs *outputs)
{
	struct outputs_status status;

	outputs_get_status(outputs, &status);
	return status;
}

static bool at_rest(struct outputs *outputs, enum contact contact, uint64_t closures)
{
	struct contact_status status = status_of(outputs).contact[contact];

	return status.closures == closures && !status.active;
}

/* The closures of a contact among edges; checks that they alternate and hold their lengths. */
static uint64_t count_closures(const struct outputs_edge *edge, unsigned n, enum contact contact, int least_ms)
{
	const struct outputs_edge *before = NULL;
	uint64_t closures = 0;

	for (unsigned k = 0; k < n; k++) {
		if (edge[k].contact != contact)
			continue;
		ck_assert(before ? edge[k].closed != before->closed : edge[k].closed);
		if (before)
			ck_assert_int_ge(edge[k].t_ns - before->t_ns, least_ms * MS);
		closures += edge[k].closed;
		before = &edge[k];
	}
	return closures;
}

static void even_plan(struct pulse_plan *plan, unsigned n, int duration_ms, int64_t from_ns)
{
	*plan = (struct pulse_plan){ .n = n, .duration_ms = duration_ms };
	for (unsigned k = 0; k < n; k++)
		plan->start_ns[k] = from_ns + (int64_t)k * 2 * duration_ms * MS;
}

START_TEST(edges_are_the_total_and_each_length_holds)
{
	static struct outputs_edge edge[EDGES];
	struct outputs *outputs = start();
	struct pulse_plan plan;
	unsigned n;

	even_plan(&plan, 50, 10, monotonic_ns());
	outputs_plan(outputs, PULSE_REAL, &plan);
	even_plan(&plan, 10, 25, monotonic_ns());
	outputs_plan(outputs, PULSE_REACTIVE, &plan);
	WAIT_FOR(at_rest(outputs, CONTACT_ENERGY, 50) && at_rest(outputs, CONTACT_REACTIVE, 10));
	ck_assert_uint_eq(outputs_recall(outputs, PULSE_REAL), 50);
	ck_assert_uint_eq(outputs_recall(outputs, PULSE_REACTIVE), 10);
	n = outputs_get_edges(outputs, 0, edge, EDGES);
	ck_assert_uint_eq(n, 120);
	ck_assert_uint_eq(count_closures(edge, n, CONTACT_ENERGY, 10), 50);
	ck_assert_uint_eq(count_closures(edge, n, CONTACT_REACTIVE, 25), 10);
	outputs_stop(outputs);
}
END_TEST

/* The edges until now of one contact; `n` of them. */
static uint64_t closures_seen(struct outputs *outputs)
{
	static struct outputs_edge edge[EDGES];
	unsigned n = outputs_get_edges(outputs, 0, edge, EDGES);
	uint64_t closures = 0;

	for (unsigned k = 0; k < n; k++)
		closures += edge[k].contact == CONTACT_ENERGY && edge[k].closed;
	return closures;
}

/* Plans come and are recalled at random moments; each total is exact from the moment at which it is returned. */
START_TEST(a_recalled_plan_never_begins_another_closure)
{
	static struct outputs_edge edge[EDGES];
	struct outputs *outputs = start();
	uint64_t total = 0, begun;
	unsigned n;

	for (int k = 0; k < 25; k++) {
		int64_t until_ns = monotonic_ns() + random() % 40 * MS;
		struct pulse_plan plan;

		even_plan(&plan, 20, 10, monotonic_ns() - 5 * MS);
		outputs_plan(outputs, PULSE_REAL, &plan);
		WAIT_FOR(monotonic_ns() >= until_ns);
		begun = outputs_recall(outputs, PULSE_REAL);
		ck_assert_uint_ge(begun, total);
		ck_assert_uint_le(begun, total + 20);
		total = begun;
		/* While a closure that has begun is ended, none is begun. */
		WAIT_FOR(!status_of(outputs).contact[CONTACT_ENERGY].active);
		until_ns = monotonic_ns() + 15 * MS;
		WAIT_FOR(monotonic_ns() >= until_ns);
		ck_assert_uint_eq(outputs_recall(outputs, PULSE_REAL), total);
		ck_assert_uint_eq(closures_seen(outputs), total);
	}
	ck_assert_uint_gt(total, 0);
	n = outputs_get_edges(outputs, 0, edge, EDGES);
	ck_assert_uint_eq(count_closures(edge, n, CONTACT_ENERGY, 10), total);
	outputs_stop(outputs);
}
END_TEST

START_TEST(the_alarm_contact_is_driven_only_while_health_is_confirmed)
{
	struct outputs *outputs = start();
	struct outputs_edge edge[8];
	int64_t until_ns;

	ck_assert(!status_of(outputs).contact[CONTACT_ALARM].active);
	outputs_set_healthy(outputs, true, monotonic_ns() - 1);
	outputs_set_healthy(outputs, true, NO_END);
	WAIT_FOR(outputs_get_edges(outputs, 0, edge, 8) == 1);
	/* Nobody says it again. */
	until_ns = monotonic_ns() + 50 * MS;
	outputs_set_healthy(outputs, true, until_ns);
	WAIT_FOR(outputs_get_edges(outputs, 0, edge, 8) == 2);
	ck_assert(edge[0].contact == CONTACT_ALARM && edge[0].closed);
	ck_assert(edge[1].contact == CONTACT_ALARM && !edge[1].closed);
	ck_assert_int_ge(edge[1].t_ns, until_ns);
	/* Said again in time: no edge. */
	outputs_set_healthy(outputs, true, monotonic_ns() + 60000 * MS);
	WAIT_FOR(status_of(outputs).contact[CONTACT_ALARM].active);
	for (int k = 0; k < 100; k++) {
		outputs_set_healthy(outputs, true, monotonic_ns() + 60000 * MS);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	ck_assert_uint_eq(outputs_get_edges(outputs, 2, edge, 8), 1);
	outputs_set_healthy(outputs, false, monotonic_ns() + 1000 * MS);
	WAIT_FOR(!status_of(outputs).contact[CONTACT_ALARM].active);
	/* A nearer end than the last counts. */
	outputs_set_healthy(outputs, true, NO_END);
	WAIT_FOR(status_of(outputs).contact[CONTACT_ALARM].active);
	outputs_set_healthy(outputs, true, monotonic_ns() + 20 * MS);
	WAIT_FOR(!status_of(outputs).contact[CONTACT_ALARM].active);
	ck_assert_uint_eq(status_of(outputs).contact[CONTACT_ALARM].closures, 3);
	outputs_stop(outputs);
}
END_TEST

START_TEST(without_lines_closures_are_timed_and_counted)
{
	struct outputs_config config = { .contact = { { .chip = "" } } };
	struct outputs *outputs;
	struct pulse_plan plan;
	struct outputs_edge edge;

	ck_assert_int_eq(outputs_start(&outputs, &config, NULL), 0);
	even_plan(&plan, 3, 10, monotonic_ns());
	outputs_plan(outputs, PULSE_REAL, &plan);
	WAIT_FOR(at_rest(outputs, CONTACT_ENERGY, 3));
	ck_assert(!status_of(outputs).contact[CONTACT_ENERGY].configured && !status_of(outputs).contact[CONTACT_ENERGY].working);
	ck_assert_str_eq(status_of(outputs).contact[CONTACT_ENERGY].name, "");
	ck_assert_uint_eq(outputs_get_edges(outputs, 0, &edge, 1), 0);
	outputs_stop(outputs);
}
END_TEST

START_TEST(the_thread_shows_life_with_nothing_to_do)
{
	struct outputs *outputs = start();
	int64_t first_ns = status_of(outputs).heartbeat_ns;

	WAIT_FOR(status_of(outputs).heartbeat_ns > first_ns + 500 * MS);
	outputs_stop(outputs);
}
END_TEST

/* More edges than are kept: the newest 4096 are there, numbered without a gap, in any portion. */
START_TEST(the_newest_edges_are_kept_in_order)
{
	static struct outputs_edge edge[EDGES + 10], portion[100];
	struct outputs *outputs = start();
	uint64_t since = 0;
	unsigned n, m = 0, k;

	/* Health that flips makes the quickest edges. */
	for (k = 0; k < 4200; k++) {
		outputs_set_healthy(outputs, k % 2 == 0, NO_END);
		while (status_of(outputs).contact[CONTACT_ALARM].active != (k % 2 == 0))
			;
	}
	WAIT_FOR(outputs_get_edges(outputs, 4199, edge, 10) == 1);
	n = outputs_get_edges(outputs, 0, edge, EDGES + 10);
	ck_assert_uint_eq(n, EDGES);
	ck_assert_uint_eq(edge[n - 1].number, 4200);
	for (k = 1; k < n; k++)
		if (edge[k].number != edge[k - 1].number + 1 || edge[k].t_ns < edge[k - 1].t_ns || edge[k].closed == edge[k - 1].closed)
			ck_abort_msg("edge %u", k);
	while ((k = outputs_get_edges(outputs, since, portion, 100))) {
		ck_assert_int_eq(memcmp(portion, edge + m, k * sizeof(*portion)), 0);
		m += k;
		since = portion[k - 1].number;
	}
	ck_assert_uint_eq(m, n);
	ck_assert_uint_eq(outputs_get_edges(outputs, 5000, edge, 10), 0);
	outputs_stop(outputs);
}
END_TEST

START_TEST(a_stop_at_any_moment_is_orderly)
{
	for (int k = 0; k < 30; k++) {
		struct outputs *outputs = start();
		struct pulse_plan plan;

		outputs_set_healthy(outputs, true, NO_END);
		even_plan(&plan, 20, 10, monotonic_ns());
		outputs_plan(outputs, PULSE_REAL, &plan);
		nanosleep(&(struct timespec){ .tv_nsec = random() % (40 * MS) }, NULL);
		outputs_stop(outputs);
	}
	outputs_stop(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contacts");
	TCase *tests = tcase_create("contacts");
	const char *given = getenv("SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("seed %u (SEED=%u repeats it)\n", seed, seed);
	srandom(seed);
	log_set_level(LOG_ERR);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, edges_are_the_total_and_each_length_holds);
	tcase_add_test(tests, a_recalled_plan_never_begins_another_closure);
	tcase_add_test(tests, the_alarm_contact_is_driven_only_while_health_is_confirmed);
	tcase_add_test(tests, without_lines_closures_are_timed_and_counted);
	tcase_add_test(tests, the_thread_shows_life_with_nothing_to_do);
	tcase_add_test(tests, the_newest_edges_are_kept_in_order);
	tcase_add_test(tests, a_stop_at_any_moment_is_orderly);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
