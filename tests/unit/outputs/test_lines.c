/*
 * Lines of GPIO chips by libgpiod, whose two generations are each replaced at link time (tests/fakes/fake_gpio.h): this file makes two
 * programs.  What a line is asked for, and what becomes of the contacts when chips are missing, busy, unplugged or fail.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "outputs/contacts.h"
#include "outputs/gpio.h"
#include "lines_rig.h"

static unsigned seed;

static int open_line(struct gpio_line **line, const struct contact_config *config, char *why)
{
	struct gpio_request request = { .config = config, .paths = paths };

	return gpio_open(line, &request, why);
}

START_TEST(a_line_is_found_by_each_of_its_names)
{
	static const struct { const char *chip, *line, *found; unsigned number, offset; } rows[] = {
		{ "gpiochip0", "3", "gpiochip0 (soc) line 3 (A3)", 0, 3 }, { "gpiochip1", "0", "gpiochip1 (expander) line 0 (B0)", 1, 0 },
		{ "soc", "7", "gpiochip0 (soc) line 7 (A7)", 0, 7 }, { "expander", "B5", "gpiochip1 (expander) line 5 (B5)", 1, 5 },
		{ "/any/where/gpiochip1", "B1", "gpiochip1 (expander) line 1 (B1)", 1, 1 },
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct contact_config config = rig_contact(rows[k].chip, rows[k].line);
		char why[GPIO_WHY] = "", name[200];
		struct gpio_line *line;

		ck_assert_msg(!open_line(&line, &config, why), "%s: %s", rows[k].found, why);
		line->ops->describe(line, name, sizeof(name));
		ck_assert_str_eq(name, rows[k].found);
		ck_assert(fake_gpio_is_taken(rows[k].number, rows[k].offset));
		ck_assert_str_eq(fake_gpio_terms(rows[k].number, rows[k].offset).consumer, "dinmeterd");
		line->ops->close(line);
		ck_assert(!fake_gpio_is_taken(rows[k].number, rows[k].offset));
		ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
	}
}
END_TEST

START_TEST(a_line_that_cannot_be_had_says_why)
{
	static const struct { const char *chip, *line; int error; const char *why; } rows[] = {
		{ "gpiochip2", "1", -ENODEV, "no chip of this name, label or path" },
		{ "nowhere", "1", -ENODEV, "no chip of this name, label or path" },
		{ "/dev/nowhere", "1", -ENODEV, "no chip of this name, label or path" },
		{ "a/b", "1", -ENODEV, "no chip of this name, label or path" },
		{ "gpiochip0", "8", -ENXIO, "the chip has lines 0 to 7 only" },
		{ "gpiochip0", "B0", -ENXIO, "the chip has no line of this name" },
		{ "gpiochip0", "6", -EBUSY, "the line is in use by a relay" },
		{ "gpiochip1", "1", -EACCES, "the chip cannot be opened: Permission denied" },
	};

	fake_gpio_occupy(0, 6, "a relay");
	fake_gpio_forbid(1, true);
	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct contact_config config = rig_contact(rows[k].chip, rows[k].line);
		char why[GPIO_WHY] = "";
		struct gpio_line *line;

		ck_assert_int_eq(open_line(&line, &config, why), rows[k].error);
		ck_assert_str_eq(why, rows[k].why);
		ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
	}
}
END_TEST

/* The system's other chips may be nobody's business. */
START_TEST(a_label_is_found_beside_a_forbidden_chip)
{
	struct contact_config config = rig_contact("expander", "1");
	char why[GPIO_WHY] = "";
	struct gpio_line *line;

	fake_gpio_forbid(0, true);
	ck_assert_int_eq(open_line(&line, &config, why), 0);
	line->ops->close(line);
}
END_TEST

START_TEST(each_option_reaches_the_library)
{
	static const char biases[] = "=dun", drives[] = "pds";

	for (unsigned k = 0; k < 24; k++) {
		struct contact_config config = rig_contact("soc", "2");
		char why[GPIO_WHY] = "";
		struct gpio_line *line;
		struct fake_terms terms;

		config.active_low = k & 1;
		config.bias = biases[k / 2 % 4];
		config.drive = drives[k / 8];
		ck_assert_int_eq(open_line(&line, &config, why), 0);
		terms = fake_gpio_terms(0, 2);
		ck_assert(terms.active_low == config.active_low && terms.bias == config.bias && terms.drive == config.drive);
		line->ops->close(line);
	}
}
END_TEST

START_TEST(whichever_call_fails_nothing_stays_open)
{
	static const char *const lines[] = { "1", "A1" };

	for (unsigned l = 0; l < 2; l++) {
		struct contact_config config = rig_contact("gpiochip0", lines[l]);
		unsigned total = 0;

		/* 0: none fails, and tells how many there are. */
		for (unsigned n = 0; n <= total; n++) {
			char why[GPIO_WHY] = "";
			struct gpio_line *line;
			int error;

			fake_gpio_fail_nth(n);
			error = open_line(&line, &config, why);
			if (!n)
				total = fake_gpio_fail_nth(0);
			/* What comes last, in the second generation, is a name for the log: nothing to fail for. */
			ck_assert(n ? error || n == total : !error);
			ck_assert(!error || *why);
			if (!error)
				line->ops->close(line);
			ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
		}
		ck_assert_uint_ge(total, 3);
	}
}
END_TEST

START_TEST(lines_are_taken_in_their_safe_state_before_the_start_returns)
{
	struct outputs_config config = rig_all_three();
	struct fake_event event[8];
	struct outputs *outputs;

	config.contact[CONTACT_ALARM].active_low = true;
	outputs = rig_start(&config);
	ck_assert_uint_eq(fake_gpio_events(event, 8), 3);
	for (unsigned k = 0; k < 3; k++) {
		ck_assert(event[k].what == FAKE_TAKEN && !event[k].active);
		ck_assert(event[k].high == (event[k].offset == CONTACT_ALARM));
		ck_assert(rig_status_of(outputs, (enum contact)k).working);
		ck_assert(!rig_status_of(outputs, (enum contact)k).active);
	}
	ck_assert_str_eq(rig_status_of(outputs, CONTACT_ENERGY).name, "gpiochip0 (soc) line 0 (A0)");
	outputs_stop(outputs);
	ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
}
END_TEST

START_TEST(a_missing_chip_is_tried_until_it_is_there)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs;

	fake_gpio_plug(0, false);
	outputs = rig_start(&config);
	outputs_set_healthy(outputs, true, NO_END);
	rig_close_times(outputs, 1, 10);
	/* Closures are counted with no line to show them. */
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures == 1 && rig_status_of(outputs, CONTACT_ENERGY).errors >= 2);
	ck_assert(!rig_status_of(outputs, CONTACT_ENERGY).working);
	ck_assert_int_eq(rig_status_of(outputs, CONTACT_ENERGY).last_error, -ENODEV);
	fake_gpio_plug(0, true);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).working && rig_status_of(outputs, CONTACT_REACTIVE).working);
	/* No alarm stands, so the contact is driven as soon as it can be. */
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	ck_assert(!fake_gpio_is_active(0, CONTACT_ENERGY));
	outputs_stop(outputs);
}
END_TEST

START_TEST(a_busy_line_is_taken_when_it_is_free)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs;

	fake_gpio_occupy(0, CONTACT_ENERGY, "another");
	outputs = rig_start(&config);
	ck_assert(!rig_status_of(outputs, CONTACT_ENERGY).working && rig_status_of(outputs, CONTACT_ALARM).working);
	ck_assert_int_eq(rig_status_of(outputs, CONTACT_ENERGY).last_error, -EBUSY);
	fake_gpio_occupy(0, CONTACT_ENERGY, NULL);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).working);
	outputs_stop(outputs);
}
END_TEST

/* The pin could not be set to alarm: it is given back, so that nobody drives it, and taken again undriven. */
START_TEST(an_alarm_that_cannot_be_set_is_raised_by_giving_the_line_back)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);
	static struct fake_event event[FAKE_EVENTS];
	unsigned n, after = 0;

	outputs_set_healthy(outputs, true, NO_END);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	fake_gpio_fail(FAKE_SET, EIO);
	outputs_set_healthy(outputs, false, 0);
	WAIT_FOR(!fake_gpio_is_active(0, CONTACT_ALARM));
	WAIT_FOR(rig_status_of(outputs, CONTACT_ALARM).errors >= 1);
	ck_assert_int_eq(rig_status_of(outputs, CONTACT_ALARM).last_error, -EIO);
	fake_gpio_fail(FAKE_SET, 0);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ALARM).working);
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++) {
		if (event[k].offset != CONTACT_ALARM)
			continue;
		ck_assert(!after || !event[k].active);
		after += event[k].what == FAKE_RELEASED;
	}
	ck_assert_uint_ge(after, 2);
}
END_TEST

/* Nothing turns, so only the thread's own look at the line can tell. */
START_TEST(an_unplugged_chip_is_seen_and_served_again)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);

	outputs_set_healthy(outputs, true, NO_END);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	fake_gpio_plug(0, false);
	for (int c = 0; c < CONTACTS; c++)
		WAIT_FOR(!rig_status_of(outputs, (enum contact)c).working);
	/* but for a try under way */
	WAIT_FOR(fake_gpio_opens() + fake_gpio_objects() == 0);
	fake_gpio_plug(0, true);
	for (int c = 0; c < CONTACTS; c++)
		WAIT_FOR(rig_status_of(outputs, (enum contact)c).working);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	outputs_stop(outputs);
}
END_TEST

/* A line that returns in the middle of a closure does not show the rest: a short pulse may count or not. */
START_TEST(a_closure_is_never_shown_in_part)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs;
	static struct fake_event event[FAKE_EVENTS];
	int64_t closed_ns = 0;
	unsigned n, shown = 0;
	bool returned;

	fake_gpio_plug(0, false);
	outputs = rig_start(&config);
	rig_close_times(outputs, 1, 500);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures == 1);
	fake_gpio_plug(0, true);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).working);
	returned = rig_status_of(outputs, CONTACT_ENERGY).active;
	WAIT_FOR(!rig_status_of(outputs, CONTACT_ENERGY).active);
	rig_close_times(outputs, 1, 10);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures == 2 && !rig_status_of(outputs, CONTACT_ENERGY).active);
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++) {
		if (event[k].offset != CONTACT_ENERGY)
			continue;
		if (event[k].active)
			closed_ns = event[k].t_ns;
		else if (event[k].what == FAKE_TURNED)
			ck_assert_int_ge(event[k].t_ns - closed_ns, 10 * MS);
		shown += event[k].active;
	}
	printf("the line returned %s the closure\n", returned ? "within" : "after");
	ck_assert_uint_eq(shown, 1);
}
END_TEST

START_TEST(a_stop_ends_the_closure_in_its_time_and_raises_the_alarm)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);
	static struct fake_event event[FAKE_EVENTS];
	int64_t closed_ns = 0, opened_ns = 0;
	unsigned n;

	outputs_set_healthy(outputs, true, NO_END);
	rig_close_times(outputs, PULSE_PLAN_MAX, 200);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ENERGY) && fake_gpio_is_active(0, CONTACT_ALARM));
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++) {
		if (event[k].what != FAKE_TURNED || event[k].offset != CONTACT_ENERGY)
			continue;
		if (event[k].active)
			closed_ns = event[k].t_ns;
		else
			opened_ns = event[k].t_ns;
	}
	ck_assert_int_ge(opened_ns - closed_ns, 200 * MS);
	for (unsigned c = 0; c < CONTACTS; c++)
		ck_assert(!fake_gpio_is_taken(0, c));
	ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
	/* The alarm did not wait for the closure. */
	for (unsigned k = 0; k < n; k++)
		if (event[k].what == FAKE_TURNED && event[k].offset == CONTACT_ALARM && !event[k].active)
			ck_assert_int_le(event[k].t_ns, opened_ns);
}
END_TEST

START_TEST(with_every_third_call_failing_counts_and_lengths_hold)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);
	static struct fake_event event[FAKE_EVENTS];
	uint64_t closures = 0;
	unsigned n;

	outputs_set_healthy(outputs, true, NO_END);
	for (unsigned f = 0; f < FAKE_FAULTS; f++)
		fake_gpio_fail_percent((enum fake_call)f, 33);
	for (int k = 0; k < 10; k++) {
		struct pulse_plan plan = { .n = 5, .duration_ms = 10 };

		for (unsigned p = 0; p < plan.n; p++)
			plan.start_ns[p] = monotonic_ns() + p * 30 * MS;
		outputs_plan(outputs, PULSE_REAL, &plan);
		outputs_plan(outputs, PULSE_REACTIVE, &plan);
		closures += plan.n;
		WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures == closures &&
			 rig_status_of(outputs, CONTACT_REACTIVE).closures == closures);
	}
	for (unsigned f = 0; f < FAKE_FAULTS; f++)
		fake_gpio_fail_percent((enum fake_call)f, 0);
	outputs_set_healthy(outputs, false, 0);
	WAIT_FOR(!fake_gpio_is_active(0, CONTACT_ALARM));
	ck_assert_uint_eq(outputs_recall(outputs, PULSE_REAL), closures);
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	rig_check_pin(event, n, CONTACT_ENERGY, 10);
	rig_check_pin(event, n, CONTACT_REACTIVE, 10);
	ck_assert_uint_eq(fake_gpio_opens() + fake_gpio_objects(), 0);
}
END_TEST

START_TEST(a_line_that_another_contact_has_is_refused_by_the_name_of_that_contact)
{
	struct outputs_config config = { .contact = { rig_contact("gpiochip0", "1"), rig_contact("soc", "A1"), rig_contact("gpiochip1", "1") } };
	struct outputs_status status;
	struct outputs *outputs;

	rig_keep_log();
	outputs = rig_start(&config);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ALARM).errors >= 2);
	ck_assert_int_eq(rig_status_of(outputs, CONTACT_ALARM).last_error, -EBUSY);
	ck_assert(rig_status_of(outputs, CONTACT_ENERGY).working && rig_status_of(outputs, CONTACT_REACTIVE).working);
	ck_assert_uint_eq(rig_times_logged("alarm contact: chip soc, line A1: it is the line of the energy contact, trying again"), 1);
	/* It was lost, and whoever is first has it: not both. */
	fake_gpio_fail(FAKE_SET, EIO);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).errors > 0);
	fake_gpio_fail(FAKE_SET, 0);
	WAIT_FOR((outputs_get_status(outputs, &status), status.contact[CONTACT_ENERGY].working != status.contact[CONTACT_ALARM].working));
	outputs_stop(outputs);
}
END_TEST

/* Told by the log as a whole line each, in any order with others. */
START_TEST(a_stop_says_how_many_closures_each_configured_contact_made)
{
	struct outputs_config config = { .contact = { rig_contact("soc", "0"), rig_contact("soc", "1") } };
	static struct fake_event event[FAKE_EVENTS];
	struct outputs *outputs;
	unsigned n, closed = 0;
	char line[64];

	rig_keep_log();
	outputs = rig_start(&config);
	outputs_set_healthy(outputs, true, NO_END);
	rig_close_times(outputs, 1 + (unsigned)(random() % 20), 10);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures > (uint64_t)(random() % 3) && fake_gpio_is_active(0, CONTACT_ALARM));
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++)
		closed += event[k].what == FAKE_TURNED && event[k].offset == CONTACT_ENERGY && event[k].active;
	snprintf(line, sizeof(line), "energy contact: %u closures\n", closed);
	ck_assert_uint_eq(rig_times_logged(line), 1);
	ck_assert_uint_eq(rig_times_logged("alarm contact: 1 closures\n"), 1);
	ck_assert_uint_eq(rig_times_logged("closures\n"), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tests = tcase_create("lines");
	const char *given = getenv("SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("seed %u (SEED=%u repeats it)\n", seed, seed);
	srandom(seed);
	log_set_level(LOG_ERR);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, rig_make_dev, rig_remove_dev);
	tcase_add_test(tests, a_line_is_found_by_each_of_its_names);
	tcase_add_test(tests, a_line_that_cannot_be_had_says_why);
	tcase_add_test(tests, a_label_is_found_beside_a_forbidden_chip);
	tcase_add_test(tests, each_option_reaches_the_library);
	tcase_add_test(tests, whichever_call_fails_nothing_stays_open);
	tcase_add_test(tests, lines_are_taken_in_their_safe_state_before_the_start_returns);
	tcase_add_test(tests, a_missing_chip_is_tried_until_it_is_there);
	tcase_add_test(tests, a_busy_line_is_taken_when_it_is_free);
	tcase_add_test(tests, an_alarm_that_cannot_be_set_is_raised_by_giving_the_line_back);
	tcase_add_test(tests, an_unplugged_chip_is_seen_and_served_again);
	tcase_add_test(tests, a_closure_is_never_shown_in_part);
	tcase_add_test(tests, a_stop_ends_the_closure_in_its_time_and_raises_the_alarm);
	tcase_add_test(tests, with_every_third_call_failing_counts_and_lengths_hold);
	tcase_add_test(tests, a_line_that_another_contact_has_is_refused_by_the_name_of_that_contact);
	tcase_add_test(tests, a_stop_says_how_many_closures_each_configured_contact_made);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
