/*
 * The buttons before a fake in place of libevdev (tests/fakes/fake_evdev.c), in a tree that stands for /sys and /dev.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../outputs/tree.h"
#include "lib/check_main.h"
#include "panel/buttons.h"

#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL)

extern atomic_bool fake_evdev_grabbed;

static struct tree tree;
static struct buttons *buttons;
static atomic_uint pressed[PANEL_BUTTONS];
static int device_fd;

static void press(void *context, enum panel_button button)
{
	(void)context;
	pressed[button]++;
}

static void plug(int number, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "event%d/device/name", number);
	tree_write(&tree, path, name);
	snprintf(path, sizeof(path), "%s/dev/event%d", tree.root, number);
	tree_write(&tree, "dev/here", "");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

/* Waits for the reader. */
static void connect_device(int number)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/dev/event%d", tree.root, number);
	WAIT_FOR((device_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
}

static void unplug(int number)
{
	char path[128];

	snprintf(path, sizeof(path), "dev/event%d", number);
	tree_delete(&tree, path);
	snprintf(path, sizeof(path), "event%d", number);
	tree_delete(&tree, path);
	close(device_fd);
}

static void send_event(unsigned type, unsigned code, int value)
{
	struct input_event event = { .type = (uint16_t)type, .code = (uint16_t)code, .value = value };

	ck_assert_int_eq(write(device_fd, &event, sizeof(event)), sizeof(event));
}

static struct panel_device_status status(void)
{
	struct panel_device_status now;
	uint64_t presses;

	buttons_get_status(buttons, &now, &presses);
	return now;
}

static void start(const char *device)
{
	static char devices[128];
	struct buttons_paths paths = { tree.root, devices };
	struct buttons_config config = { .key = { "KEY_UP", "KEY_DOWN", "KEY_RIGHT", "KEY_LEFT" } };

	snprintf(devices, sizeof(devices), "%s/dev", tree.root);
	snprintf(config.device, sizeof(config.device), "%s", device);
	ck_assert_int_eq(buttons_start(&buttons, &config, &paths, press, NULL), 0);
}

static void stop(void)
{
	buttons_ask_stop(buttons);
	ck_assert_int_eq(buttons_stop(buttons, INT64_MAX), 0);
}

static void setup(void)
{
	tree_make(&tree);
}

static void teardown(void)
{
	tree_remove(&tree);
}

START_TEST(a_press_counts_once_its_repeats_its_release_and_other_keys_do_not)
{
	static const unsigned codes[PANEL_BUTTONS] = { KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT };
	uint64_t presses;
	struct panel_device_status now;

	plug(0, "front\n");
	start("front");
	connect_device(0);
	for (int b = 0; b < PANEL_BUTTONS; b++) {
		send_event(EV_KEY, codes[b], 1);
		send_event(EV_KEY, codes[b], 2);
		send_event(EV_KEY, codes[b], 2);
		send_event(EV_KEY, codes[b], 0);
		send_event(EV_REL, codes[b], 1);
	}
	send_event(EV_KEY, KEY_ENTER, 1);
	send_event(EV_KEY, KEY_LEFT, 1);
	WAIT_FOR(pressed[PANEL_BACK] == 2);
	for (int b = 0; b < PANEL_BACK; b++)
		ck_assert_uint_eq(pressed[b], 1);
	buttons_get_status(buttons, &now, &presses);
	ck_assert_uint_eq(presses, 5);
	stop();
}
END_TEST

START_TEST(what_the_kernel_dropped_is_no_press)
{
	plug(0, "front\n");
	start("front");
	connect_device(0);
	send_event(EV_SYN, SYN_DROPPED, 0);
	send_event(EV_KEY, KEY_DOWN, 1);
	WAIT_FOR(pressed[PANEL_MINUS] == 1);
	ck_assert_uint_eq(pressed[PANEL_PLUS], 0);
	stop();
}
END_TEST

START_TEST(of_several_devices_of_a_name_the_first_with_all_keys_counts)
{
	plug(1, "keyboard\n");
	plug(3, "keyboard\n");
	plug(2, "keyboard 2\n");
	plug(12, "keyboard\n");
	start("keyboard");
	connect_device(3);
	send_event(EV_KEY, KEY_UP, 1);
	WAIT_FOR(pressed[PANEL_PLUS] == 1);
	ck_assert_ptr_nonnull(strstr(status().name, "/event3 "));
	stop();
}
END_TEST

START_TEST(a_device_without_the_keys_says_which_it_has_not)
{
	char path[128];

	plug(1, "poor\n");
	snprintf(path, sizeof(path), "%s/dev/event1", tree.root);
	start(path);
	WAIT_FOR(status().last_error == -ENXIO);
	ck_assert(!status().working);
	stop();
}
END_TEST

START_TEST(a_device_that_comes_later_is_busy_or_unplugged_is_taken_again)
{
	start("front");
	WAIT_FOR(status().last_error == -ENODEV);
	fake_evdev_grabbed = true;
	plug(4, "front\n");
	WAIT_FOR(status().last_error == -EBUSY);
	fake_evdev_grabbed = false;
	WAIT_FOR(status().working);
	for (unsigned i = 1; i <= 2; i++) {
		connect_device(4);
		send_event(EV_KEY, KEY_RIGHT, 1);
		WAIT_FOR(pressed[PANEL_NEXT] == i);
		unplug(4);
		WAIT_FOR(!status().working);
		plug(4, "front\n");
		WAIT_FOR(status().working);
	}
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buttons");
	TCase *tcase = tcase_create("buttons");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_press_counts_once_its_repeats_its_release_and_other_keys_do_not);
	tcase_add_test(tcase, what_the_kernel_dropped_is_no_press);
	tcase_add_test(tcase, of_several_devices_of_a_name_the_first_with_all_keys_counts);
	tcase_add_test(tcase, a_device_without_the_keys_says_which_it_has_not);
	tcase_add_test(tcase, a_device_that_comes_later_is_busy_or_unplugged_is_taken_again);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
