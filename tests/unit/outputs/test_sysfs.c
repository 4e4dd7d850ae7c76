/*
 * The sysfs GPIO interface on a tree of plain files; the order of writes is inotify's.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "outputs/contacts.h"
#include "outputs/gpio.h"
#include "tree.h"

static struct tree tree;
static struct gpio_paths paths;

#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL)

static void chip(unsigned base, const char *label, unsigned lines)
{
	char path[64], number[16];

	snprintf(path, sizeof(path), "gpiochip%u/label", base);
	tree_write(&tree, path, label);
	snprintf(path, sizeof(path), "gpiochip%u/base", base);
	snprintf(number, sizeof(number), "%u\n", base);
	tree_write(&tree, path, number);
	snprintf(path, sizeof(path), "gpiochip%u/ngpio", base);
	snprintf(number, sizeof(number), "%u\n", lines);
	tree_write(&tree, path, number);
}

/* What the kernel makes of an exported line. */
static void line_appears(const char *directory)
{
	static const char *const files[] = { "active_low", "direction", "value" };
	char path[64];

	for (unsigned k = 0; k < 3; k++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[k]);
		tree_write(&tree, path, k == 1 ? "in\n" : "0\n");
	}
}

static void make(void)
{
	tree_make(&tree);
	tree_write(&tree, "export", "");
	tree_write(&tree, "unexport", "");
	chip(512, "pinctrl-soc\n", 54);
	chip(0, "expander\n", 8);
	paths = (struct gpio_paths){ "/nonexistent/dev", tree.root };
}

static void clean(void)
{
	tree_remove(&tree);
}

static struct contact_config contact(const char *name, const char *line)
{
	struct contact_config config = { .bias = '=', .drive = 'p' };

	snprintf(config.chip, sizeof(config.chip), "%s", name);
	snprintf(config.line, sizeof(config.line), "%s", line);
	return config;
}

static int open_line(struct gpio_line **line, const struct contact_config *config, char *why)
{
	struct gpio_request request = { .config = config, .paths = paths };

	return gpio_open(line, &request, why);
}

START_TEST(a_chip_is_found_by_label_directory_and_path)
{
	static const struct { const char *chip, *line, *directory, *found; } rows[] = {
		{ "pinctrl-soc", "17", "gpio529", "gpiochip512 (pinctrl-soc) gpio529 in sysfs" },
		{ "gpiochip0", "7", "gpio7", "gpiochip0 (expander) gpio7 in sysfs" },
		{ "/sys/class/gpio/gpiochip512", "0", "gpio512", "gpiochip512 (pinctrl-soc) gpio512 in sysfs" },
		{ "expander", "RELAY", "RELAY", "gpiochip0 (expander) RELAY in sysfs" },
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct contact_config config = contact(rows[k].chip, rows[k].line);
		char why[GPIO_WHY] = "", name[200];
		struct gpio_line *line;

		line_appears(rows[k].directory);
		ck_assert_msg(!open_line(&line, &config, why), "%s: %s", rows[k].found, why);
		line->ops->describe(line, name, sizeof(name));
		ck_assert_str_eq(name, rows[k].found);
		line->ops->close(line);
	}
}
END_TEST

/* By the kernel's documentation "low" and "high" are the pin's level; active_low inverts `value` alone. */
START_TEST(a_line_becomes_an_output_in_its_safe_state_before_anything_is_written_to_it)
{
	for (int low = 0; low < 2; low++) {
		struct contact_config config = contact("pinctrl-soc", "17");
		char why[GPIO_WHY] = "", text[64];
		struct gpio_line *line;

		config.active_low = low;
		line_appears("gpio529");
		tree_watch(&tree, "gpio529");
		ck_assert_int_eq(open_line(&line, &config, why), 0);
		ck_assert_str_eq(tree_written(&tree, text, sizeof(text)), "active_low direction ");
		ck_assert_str_eq(tree_read(&tree, "gpio529/active_low", text, sizeof(text)), low ? "1" : "0");
		ck_assert_str_eq(tree_read(&tree, "gpio529/direction", text, sizeof(text)), low ? "high" : "low");
		ck_assert_int_eq(line->ops->set(line, true), 0);
		ck_assert_str_eq(tree_read(&tree, "gpio529/value", text, sizeof(text)), "1");
		ck_assert_int_eq(line->ops->set(line, false), 0);
		ck_assert_str_eq(tree_read(&tree, "gpio529/value", text, sizeof(text)), "0");
		line->ops->close(line);
		ck_assert_str_eq(tree_written(&tree, text, sizeof(text)), "value ");
		ck_assert_str_eq(tree_read(&tree, "unexport", text, sizeof(text)), "529");
		tree_delete(&tree, "gpio529");
	}
}
END_TEST

/* Such a chip has no attribute `direction`. */
START_TEST(a_line_of_a_chip_of_outputs_alone_is_set_to_its_safe_state)
{
	struct contact_config config = contact("pinctrl-soc", "17");
	char why[GPIO_WHY] = "", text[64];
	struct gpio_line *line;

	line_appears("gpio529");
	tree_delete(&tree, "gpio529/direction");
	tree_write(&tree, "gpio529/value", "1\n");
	tree_watch(&tree, "gpio529");
	ck_assert_int_eq(open_line(&line, &config, why), 0);
	ck_assert_str_eq(tree_written(&tree, text, sizeof(text)), "active_low value ");
	ck_assert_str_eq(tree_read(&tree, "gpio529/value", text, sizeof(text)), "0");
	line->ops->close(line);
}
END_TEST

START_TEST(a_line_that_cannot_be_had_says_why)
{
	static const struct { const char *chip, *line; int error; const char *why; } rows[] = {
		{ "gpiochip99", "1", -ENODEV, "no chip of this name, label or path" },
		{ "/sys/class/gpio/nowhere", "1", -ENODEV, "no chip of this name, label or path" },
		{ "expander", "8", -ENXIO, "the chip has lines 0 to 7 only" },
		{ "expander", "RELAY", -ENXIO, "sysfs tells a line's name only when it is exported already; use its offset" },
		{ "expander", "../gpiochip0", -ENXIO, "sysfs tells a line's name only when it is exported already; use its offset" },
		{ "expander", "1", -ENXIO, "it is exported, but there is no gpio1 (the line may have a name)" },
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct contact_config config = contact(rows[k].chip, rows[k].line);
		char why[GPIO_WHY] = "";
		struct gpio_line *line;

		ck_assert_int_eq(open_line(&line, &config, why), rows[k].error);
		ck_assert_str_eq(why, rows[k].why);
	}
}
END_TEST

/* gpiochip0 of sysfs begins with GPIO 0; the character device of that name may be another chip. */
START_TEST(a_name_of_character_devices_is_not_looked_up_in_sysfs_where_there_are_some)
{
	struct contact_config config = contact("gpiochip0", "1");
	char why[GPIO_WHY] = "";
	struct gpio_line *line;
	struct tree dev;

	line_appears("gpio1");
	tree_make(&dev);
	tree_write(&dev, "gpiochip3", "");
	paths.dev = dev.root;
	ck_assert_int_eq(open_line(&line, &config, why), -ENODEV);
	config = contact("/sys/class/gpio/gpiochip0", "1");
	ck_assert_int_eq(open_line(&line, &config, why), 0);
	line->ops->close(line);
	tree_remove(&dev);
}
END_TEST

START_TEST(a_line_that_appears_after_its_export_is_taken_and_driven)
{
	struct outputs_config config = { .contact = { [CONTACT_ALARM] = contact("pinctrl-soc", "4") } };
	struct outputs_status status;
	struct outputs *outputs;
	char text[64];

	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, "/nonexistent/leds", NULL), 0);
	outputs_set_healthy(outputs, true, INT64_MAX);
	ck_assert_str_eq(tree_read(&tree, "export", text, sizeof(text)), "516");
	outputs_get_status(outputs, &status);
	ck_assert(status.contact[CONTACT_ALARM].configured && !status.contact[CONTACT_ALARM].working);
	line_appears("gpio516");
	WAIT_FOR(!strcmp(tree_read(&tree, "gpio516/value", text, sizeof(text)), "1"));
	outputs_stop(outputs);
	ck_assert_str_eq(tree_read(&tree, "gpio516/value", text, sizeof(text)), "0");
	ck_assert_str_eq(tree_read(&tree, "unexport", text, sizeof(text)), "516");
}
END_TEST

/* Each spelling is another name of line 17 of pinctrl-soc. */
START_TEST(a_line_that_another_contact_has_is_refused_however_it_is_spelled)
{
	static const struct { const char *chip, *line; } same[] = {
		{ "/sys/class/gpio/gpiochip512", "17" }, { "pinctrl-soc", "17" }, { "gpiochip512", "17" }, { "expander", "gpio529" },
	};
	struct outputs_config config = { .contact = { contact(same[0].chip, same[0].line), contact(same[_i].chip, same[_i].line) } };
	struct outputs_status status;
	struct outputs *outputs;
	char text[64];

	line_appears("gpio529");
	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, "/nonexistent/leds", NULL), 0);
	outputs_set_healthy(outputs, true, INT64_MAX);
	/* Tried again as any line. */
	WAIT_FOR((outputs_get_status(outputs, &status), status.contact[CONTACT_ALARM].errors >= 2 && status.contact[CONTACT_ALARM].active));
	ck_assert(status.contact[CONTACT_ENERGY].working && !status.contact[CONTACT_ALARM].working);
	ck_assert_int_eq(status.contact[CONTACT_ALARM].last_error, -EBUSY);
	ck_assert_str_eq(status.contact[CONTACT_ALARM].name, "");
	/* Never driven for the alarm. */
	ck_assert_str_eq(tree_read(&tree, "gpio529/value", text, sizeof(text)), "0");
	outputs_stop(outputs);
}
END_TEST

START_TEST(the_same_line_number_of_another_chip_is_another_line)
{
	struct outputs_config config = { .contact = { contact("pinctrl-soc", "5"), contact("expander", "5") } };
	struct outputs_status status;
	struct outputs *outputs;

	line_appears("gpio517");
	line_appears("gpio5");
	ck_assert_int_eq(outputs_start_at(&outputs, &config, &paths, "/nonexistent/leds", NULL), 0);
	outputs_get_status(outputs, &status);
	ck_assert(status.contact[CONTACT_ENERGY].working && status.contact[CONTACT_ALARM].working);
	outputs_stop(outputs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sysfs");
	TCase *tests = tcase_create("sysfs");

	log_set_level(LOG_ERR);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, make, clean);
	tcase_add_test(tests, a_chip_is_found_by_label_directory_and_path);
	tcase_add_test(tests, a_line_becomes_an_output_in_its_safe_state_before_anything_is_written_to_it);
	tcase_add_test(tests, a_line_of_a_chip_of_outputs_alone_is_set_to_its_safe_state);
	tcase_add_test(tests, a_line_that_cannot_be_had_says_why);
	tcase_add_test(tests, a_name_of_character_devices_is_not_looked_up_in_sysfs_where_there_are_some);
	tcase_add_test(tests, a_line_that_appears_after_its_export_is_taken_and_driven);
	tcase_add_loop_test(tests, a_line_that_another_contact_has_is_refused_however_it_is_spelled, 0, 4);
	tcase_add_test(tests, the_same_line_number_of_another_chip_is_another_line);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
