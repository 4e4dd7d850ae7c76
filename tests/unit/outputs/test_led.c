/*
 * The LEDs on a tree of plain files, alone and behind the contacts.
 */
#include <check.h>
#include <fcntl.h>
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
#include "outputs/led.h"
#include "tree.h"

#define MS INT64_C(1000000)

static struct tree tree;

#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL)

static void led_appears(const char *name, const char *max)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/trigger", name);
	tree_write(&tree, path, "[heartbeat]\n");
	snprintf(path, sizeof(path), "%s/max_brightness", name);
	tree_write(&tree, path, max);
	snprintf(path, sizeof(path), "%s/brightness", name);
	tree_write(&tree, path, "7\n");
}

static void make(void)
{
	tree_make(&tree);
}

static void clean(void)
{
	tree_remove(&tree);
}

static int brightness(const char *name)
{
	char path[96], text[64];

	snprintf(path, sizeof(path), "%s/brightness", name);
	return (int)strtol(tree_read(&tree, path, text, sizeof(text)), NULL, 10);
}

static void stop(struct leds *leds)
{
	leds_ask_stop(leds);
	ck_assert_int_eq(leds_wait_stop(leds, INT64_MAX), 0);
	leds_free(leds);
}

START_TEST(an_led_is_lit_at_its_full_brightness_without_its_trigger)
{
	static const char names[LEDS][64] = { [LED_ALARM] = "red:alarm", [LED_ENERGY] = "green:energy" };
	struct leds *leds;
	char text[64];

	led_appears("red:alarm", "255\n");
	led_appears("green:energy", "1\n");
	ck_assert_int_eq(leds_start(&leds, names, tree.root), 0);
	WAIT_FOR(brightness("red:alarm") == 255 && brightness("green:energy") == 0);
	ck_assert_int_eq(strncmp(tree_read(&tree, "red:alarm/trigger", text, sizeof(text)), "none", 4), 0);
	leds_set(leds, LED_ALARM, false);
	leds_set(leds, LED_ENERGY, true);
	WAIT_FOR(brightness("red:alarm") == 0 && brightness("green:energy") == 1);
	stop(leds);
	/* Nobody measures any more. */
	ck_assert_int_eq(brightness("red:alarm"), 255);
	ck_assert_int_eq(brightness("green:energy"), 0);
}
END_TEST

START_TEST(a_missing_led_is_tried_until_it_is_there)
{
	static const char names[LEDS][64] = { [LED_ALARM] = "red", [LED_TX] = "tx" };
	struct outputs_status status = { 0 };
	struct leds *leds;

	led_appears("tx", "1\n");
	ck_assert_int_eq(leds_start(&leds, names, tree.root), 0);
	do
		leds_get_status(leds, &status);
	while (!status.led_working[LED_TX]);
	ck_assert(status.led_configured[LED_ALARM] && !status.led_working[LED_ALARM]);
	ck_assert(!status.led_configured[LED_RX] && !status.led_working[LED_RX]);
	led_appears("red", "100\n");
	WAIT_FOR(brightness("red") == 100);
	WAIT_FOR((leds_get_status(leds, &status), status.led_working[LED_ALARM]));
	stop(leds);
}
END_TEST

START_TEST(a_flash_lights_and_goes_out_however_often_it_is_asked_for)
{
	static const char names[LEDS][64] = { [LED_TX] = "tx" };
	unsigned lit = 0, dark = 0;
	int64_t until_ns;
	struct leds *leds;

	led_appears("tx", "1\n");
	ck_assert_int_eq(leds_start(&leds, names, tree.root), 0);
	WAIT_FOR(brightness("tx") == 0);
	/* Asked for again as long as it was not seen: who looks may be late. */
	WAIT_FOR((leds_flash(leds, LED_TX), brightness("tx") == 1));
	WAIT_FOR(brightness("tx") == 0);
	/* Without a pause between: it still blinks. */
	until_ns = monotonic_ns() + 500 * MS;
	while (monotonic_ns() < until_ns || !lit || !dark) {
		leds_flash(leds, LED_TX);
		leds_flash(leds, LED_RX);
		lit += brightness("tx") == 1;
		dark += brightness("tx") == 0;
	}
	WAIT_FOR(brightness("tx") == 0);
	stop(leds);
}
END_TEST

START_TEST(a_flash_is_told_of_until_who_looks_seldom_has_seen_it)
{
	static const char names[LEDS][64] = { "" };
	struct leds *leds;
	bool lit[LEDS];
	int64_t begin_ns;

	ck_assert_int_eq(leds_start(&leds, names, tree.root), 0);
	leds_get_lit(leds, lit);
	ck_assert(lit[LED_ALARM] && !lit[LED_ENERGY] && !lit[LED_TX] && !lit[LED_RX] && !lit[LED_ERROR]);
	leds_set(leds, LED_ALARM, false);
	begin_ns = monotonic_ns();
	leds_flash(leds, LED_RX);
	leds_set(leds, LED_ENERGY, true);
	leds_set(leds, LED_ENERGY, false);
	WAIT_FOR((leds_get_lit(leds, lit), !lit[LED_RX] && !lit[LED_ENERGY] && !lit[LED_ALARM]));
	ck_assert_int_ge(monotonic_ns() - begin_ns, 300 * MS);
	stop(leds);
}
END_TEST

START_TEST(several_uses_of_one_led_light_it_together)
{
	static const char names[LEDS][64] = { [LED_ALARM] = "both", [LED_ERROR] = "both", [LED_ENERGY] = "other" };
	struct leds *leds;

	led_appears("both", "1\n");
	led_appears("other", "1\n");
	ck_assert_int_eq(leds_start(&leds, names, tree.root), 0);
	WAIT_FOR(brightness("both") == 1);
	leds_set(leds, LED_ALARM, false);
	WAIT_FOR(brightness("both") == 0);
	WAIT_FOR((leds_flash(leds, LED_ERROR), brightness("both") == 1));
	WAIT_FOR(brightness("both") == 0);
	stop(leds);
}
END_TEST

/* A write that fails, as of an LED that was unplugged, and one that hangs, as on a bus that does. */
START_TEST(a_led_that_fails_or_hangs_disturbs_no_contact)
{
	struct outputs_config config = { .contact = { { .chip = "sim" } }, .led = { [LED_ENERGY] = "full", [LED_TX] = "stuck" } };
	struct gpio_paths paths = { "/nonexistent/dev", "/nonexistent/gpio" };
	struct pulse_plan plan = { .n = 10, .duration_ms = 10 };
	char full[128], fifo[128], drain[65536];
	struct outputs_status status;
	struct outputs *outputs;
	int reader;

	led_appears("full", "1\n");
	led_appears("stuck", "1\n");
	snprintf(full, sizeof(full), "%s/full/brightness", tree.root);
	snprintf(fifo, sizeof(fifo), "%s/stuck/brightness", tree.root);
	unlink(full);
	unlink(fifo);
	/* Writing to it gives ENOSPC. */
	ck_assert_int_eq(symlink("/dev/full", full), 0);
	/* pwrite to a pipe gives ESPIPE; opening one without a reader hangs. */
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, tree.root, NULL), 0);
	for (unsigned k = 0; k < plan.n; k++)
		plan.start_ns[k] = monotonic_ns() + k * 20 * MS;
	outputs_plan(outputs, PULSE_REAL, &plan);
	do
		outputs_get_status(outputs, &status);
	while (status.contact[CONTACT_ENERGY].closures < 10 || status.contact[CONTACT_ENERGY].active);
	ck_assert(status.led_configured[LED_ENERGY] && !status.led_working[LED_ENERGY]);
	ck_assert(status.led_configured[LED_TX] && !status.led_working[LED_TX]);
	/* Let it go on. */
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader, 0);
	while (read(reader, drain, sizeof(drain)) > 0)
		;
	outputs_stop(outputs);
	close(reader);
}
END_TEST

START_TEST(leds_show_alarm_and_contact)
{
	struct outputs_config config = { .led = { [LED_ALARM] = "red", [LED_ENERGY] = "green" } };
	struct gpio_paths paths = { "/nonexistent/dev", "/nonexistent/gpio" };
	struct pulse_plan plan = { .n = PULSE_PLAN_MAX, .duration_ms = 200 };
	struct outputs *outputs;

	led_appears("red", "1\n");
	led_appears("green", "1\n");
	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, tree.root, NULL), 0);
	WAIT_FOR(brightness("red") == 1 && brightness("green") == 0);
	outputs_set_healthy(outputs, true, INT64_MAX);
	WAIT_FOR(brightness("red") == 0);
	for (unsigned k = 0; k < plan.n; k++)
		plan.start_ns[k] = monotonic_ns() + k * 400 * MS;
	outputs_plan(outputs, PULSE_REAL, &plan);
	WAIT_FOR(brightness("green") == 1);
	outputs_recall(outputs, PULSE_REAL);
	WAIT_FOR(brightness("green") == 0);
	outputs_set_healthy(outputs, false, 0);
	WAIT_FOR(brightness("red") == 1);
	outputs_stop(outputs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("led");
	TCase *tests = tcase_create("led");

	log_set_level(LOG_ERR);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, make, clean);
	tcase_add_test(tests, an_led_is_lit_at_its_full_brightness_without_its_trigger);
	tcase_add_test(tests, a_missing_led_is_tried_until_it_is_there);
	tcase_add_test(tests, a_flash_lights_and_goes_out_however_often_it_is_asked_for);
	tcase_add_test(tests, several_uses_of_one_led_light_it_together);
	tcase_add_test(tests, a_flash_is_told_of_until_who_looks_seldom_has_seen_it);
	tcase_add_test(tests, a_led_that_fails_or_hangs_disturbs_no_contact);
	tcase_add_test(tests, leds_show_alarm_and_contact);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
