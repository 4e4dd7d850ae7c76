/*
 * Lines whose setting does not return, by libgpiod replaced at link time (tests/fakes/fake_gpio.h), both generations: what goes on, what
 * is told, and how it ends.
 */
#include <check.h>
#include <errno.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "outputs/contacts.h"
#include "lines_rig.h"

/* Health or a closure that makes the thread of a contact set its line, which does not return. */
static void hang(struct outputs *outputs, enum contact which)
{
	fake_gpio_hang(0, which, true);
	if (which == CONTACT_ALARM)
		outputs_set_healthy(outputs, true, NO_END);
	else
		rig_close_times(outputs, 1, 10);
	WAIT_FOR(fake_gpio_hanging() == 1);
}

START_TEST(an_energy_line_that_hangs_does_not_keep_the_alarm_from_falling)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);
	static struct fake_event event[FAKE_EVENTS];
	unsigned n, fell = 0, closed = 0;

	outputs_set_healthy(outputs, true, NO_END);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	hang(outputs, CONTACT_ENERGY);
	outputs_set_healthy(outputs, false, 0);
	WAIT_FOR(!fake_gpio_is_active(0, CONTACT_ALARM));
	ck_assert(fake_gpio_is_taken(0, CONTACT_ALARM));
	ck_assert_uint_eq(fake_gpio_hanging(), 1);
	/* By itself too, when nobody confirms. */
	outputs_set_healthy(outputs, true, monotonic_ns() + 100 * MS);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ALARM).closures == 2 && !fake_gpio_is_active(0, CONTACT_ALARM));
	ck_assert_uint_eq(fake_gpio_hanging(), 1);
	fake_gpio_hang(0, CONTACT_ENERGY, false);
	WAIT_FOR(!rig_status_of(outputs, CONTACT_ENERGY).active);
	outputs_stop(outputs);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++) {
		closed += event[k].what == FAKE_TURNED && event[k].offset == CONTACT_ENERGY && event[k].active;
		fell += event[k].what == FAKE_TURNED && event[k].offset == CONTACT_ALARM && !event[k].active && !closed;
	}
	ck_assert_uint_eq(closed, 1);
	ck_assert_uint_eq(fell, 2);
	rig_check_pin(event, n, CONTACT_ENERGY, 10);
}
END_TEST

START_TEST(an_alarm_line_that_hangs_does_not_delay_pulses)
{
	struct outputs_config config = rig_all_three();
	struct outputs *outputs = rig_start(&config);
	static struct fake_event event[FAKE_EVENTS];
	unsigned n, closed = 0;

	hang(outputs, CONTACT_ALARM);
	rig_close_times(outputs, 5, 10);
	WAIT_FOR(rig_status_of(outputs, CONTACT_ENERGY).closures == 5 && !rig_status_of(outputs, CONTACT_ENERGY).active &&
		 !fake_gpio_is_active(0, CONTACT_ENERGY));
	ck_assert_uint_eq(fake_gpio_hanging(), 1);
	n = fake_gpio_events(event, FAKE_EVENTS);
	for (unsigned k = 0; k < n; k++)
		closed += event[k].what == FAKE_TURNED && event[k].offset == CONTACT_ENERGY && event[k].active;
	ck_assert_uint_eq(closed, 5);
	rig_check_pin(event, n, CONTACT_ENERGY, 10);
	fake_gpio_hang(0, CONTACT_ALARM, false);
	WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	outputs_stop(outputs);
}
END_TEST

START_TEST(a_line_that_hangs_is_shown_and_told_once_and_again_when_it_is_back)
{
	enum contact which = (enum contact)_i, other = which == CONTACT_ALARM ? CONTACT_ENERGY : CONTACT_ALARM;
	struct outputs_config config = rig_all_three();
	struct outputs *outputs;

	rig_keep_log();
	outputs = rig_start(&config);
	hang(outputs, which);
	WAIT_FOR(!rig_status_of(outputs, which).working);
	ck_assert_int_eq(rig_status_of(outputs, which).last_error, -ETIMEDOUT);
	ck_assert(rig_status_of(outputs, other).working);
	for (int k = 0; k < 100; k++)
		outputs_set_healthy(outputs, true, NO_END);
	ck_assert_uint_eq(rig_times_logged("no sign of life for 2 s"), 1);
	ck_assert_uint_eq(rig_times_logged("back after a silence"), 0);
	fake_gpio_hang(0, which, false);
	WAIT_FOR(rig_status_of(outputs, which).working);
	WAIT_FOR((outputs_set_healthy(outputs, true, NO_END), rig_times_logged("back after a silence") == 1));
	ck_assert_int_eq(rig_status_of(outputs, which).last_error, 0);
	ck_assert_uint_eq(rig_times_logged("no sign of life for 2 s"), 1);
	outputs_stop(outputs);
	ck_assert_uint_eq(rig_times_logged("left behind"), 0);
}
END_TEST

START_TEST(a_stop_leaves_a_hanging_line_behind_and_gives_back_the_others)
{
	enum contact which = (enum contact)_i, other = which == CONTACT_ALARM ? CONTACT_ENERGY : CONTACT_ALARM;
	/* What is left behind is in use to the end of the process. */
	static struct outputs *outputs;
	struct outputs_config config = rig_all_three();

	rig_keep_log();
	outputs = rig_start(&config);
	if (which != CONTACT_ALARM) {
		outputs_set_healthy(outputs, true, NO_END);
		WAIT_FOR(fake_gpio_is_active(0, CONTACT_ALARM));
	}
	hang(outputs, which);
	outputs_stop(outputs);
	ck_assert_uint_eq(fake_gpio_hanging(), 1);
	ck_assert(!fake_gpio_is_taken(0, other));
	ck_assert_uint_eq(rig_times_logged("left behind"), 1);
	/* One that returns after all does what it would have done. */
	fake_gpio_hang(0, which, false);
	WAIT_FOR(!fake_gpio_is_taken(0, which) && !fake_gpio_opens());
}
END_TEST

/* Its line hangs at the first closure: what has been stored was stored before. */
START_TEST(a_closure_is_stored_before_its_line_is_set)
{
	struct outputs_config config = rig_all_three();
	static _Atomic uint64_t made[PULSE_OUTPUTS];
	struct outputs *outputs;

	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, "/nonexistent/leds", made), 0);
	for (unsigned k = 1; k <= 3; k++) {
		hang(outputs, CONTACT_ENERGY);
		ck_assert_uint_eq(made[PULSE_REAL], k);
		ck_assert(!fake_gpio_is_active(0, CONTACT_ENERGY));
		fake_gpio_hang(0, CONTACT_ENERGY, false);
		WAIT_FOR(!rig_status_of(outputs, CONTACT_ENERGY).active);
		ck_assert_uint_eq(made[PULSE_REAL], k);
	}
	ck_assert_uint_eq(made[PULSE_REACTIVE], 0);
	rig_close_times(outputs, 20, 10);
	WAIT_FOR(made[PULSE_REAL] > 5);
	outputs_stop(outputs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hang");
	TCase *tests = tcase_create("hang");

	log_set_level(LOG_ERR);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, rig_make_dev, rig_remove_dev);
	tcase_add_test(tests, an_energy_line_that_hangs_does_not_keep_the_alarm_from_falling);
	tcase_add_test(tests, an_alarm_line_that_hangs_does_not_delay_pulses);
	tcase_add_loop_test(tests, a_line_that_hangs_is_shown_and_told_once_and_again_when_it_is_back, 0, 2);
	tcase_add_loop_test(tests, a_stop_leaves_a_hanging_line_behind_and_gives_back_the_others, 0, 2);
	tcase_add_test(tests, a_closure_is_stored_before_its_line_is_set);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
