/*
 * Who gets which device: on a tree like sysfs, with the attributes that kernels make (Documentation/ABI/testing/sysfs-bus-iio and its
 * neighbours), the files' modes and groups are looked at.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/access.h"
#include "lib/check_main.h"

#define FILES 128
#define OWNER 54320

static char base[64], sys[80], dev[80], conf[80];
static struct access_places places;

/* Makes base/PATH with its directories. */
__attribute__((format(printf, 3, 4)))
static void put(mode_t mode, const char *text, const char *format, ...)
{
	char path[512];
	va_list arguments;
	size_t length = strlen(base);
	FILE *file;

	snprintf(path, sizeof(path), "%s/", base);
	va_start(arguments, format);
	vsnprintf(path + length + 1, sizeof(path) - length - 1, format, arguments);
	va_end(arguments);
	for (char *slash = strchr(path + length + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(!mkdir(path, 0755) || errno == EEXIST);
		*slash = '/';
	}
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	/* not root's, so that it shows what becomes of the owner */
	ck_assert(geteuid() || !chown(path, OWNER, places.before));
	ck_assert(!chmod(path, mode));
}

static void put_subsystem(const char *directory, const char *subsystem)
{
	char path[512], target[512];

	put(0644, "", "sys/bus/%s/uevent", subsystem);
	snprintf(path, sizeof(path), "%s/%s/subsystem", sys, directory);
	snprintf(target, sizeof(target), "%s/bus/%s", sys, subsystem);
	ck_assert(!symlink(target, path));
}

/* A converter of six channels as its driver shows it in /sys, and its node. */
static void put_converter(int number, const char *name, const char *label, int channels)
{
	char directory[128], line[64];

	snprintf(directory, sizeof(directory), "devices/platform/adc%d/iio:device%d", number, number);
	snprintf(line, sizeof(line), "MAJOR=250\nMINOR=%d\nDEVNAME=iio:device%d\n", number, number);
	put(0644, line, "sys/%s/uevent", directory);
	put_subsystem(directory, "iio");
	snprintf(line, sizeof(line), "%s\n", name);
	put(0444, line, "sys/%s/name", directory);
	if (*label) {
		snprintf(line, sizeof(line), "%s\n", label);
		put(0444, line, "sys/%s/label", directory);
	}
	put(0644, "2520\n", "sys/%s/sampling_frequency", directory);
	put(0644, "realtime\n", "sys/%s/current_timestamp_clock", directory);
	put(0644, "\n", "sys/%s/trigger/current_trigger", directory);
	put(0644, "0\n", "sys/%s/buffer/enable", directory);
	put(0644, "2\n", "sys/%s/buffer0/length", directory);
	put(0444, "0\n", "sys/%s/buffer0/data_available", directory);
	put(0644, "1.0\n", "sys/%s/in_voltage_scale", directory);
	put(0644, "0\n", "sys/%s/power/control", directory);
	for (int c = 0; c < channels; c++) {
		put(0644, "0\n", "sys/%s/scan_elements/in_voltage%d_en", directory, c);
		put(0444, "0\n", "sys/%s/scan_elements/in_voltage%d_index", directory, c);
		snprintf(line, sizeof(line), "L%d\n", c);
		put(0444, line, "sys/%s/in_voltage%d_label", directory, c);
	}
	put(0644, "0\n", "sys/%s/scan_elements/in_timestamp_en", directory);
	put(0600, "", "dev/iio:device%d", number);
}

static bool ends_with(const char *end, const char *name)
{
	char path[256], text[512];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	return n >= strlen(end) && !memcmp(text + n - strlen(end), end, strlen(end));
}

static void configure(const char *name, const char *text)
{
	put(0644, text, "conf/%s", name);
}

static void set_up(void)
{
	snprintf(base, sizeof(base), "/tmp/dinmeterd-access.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(sys, sizeof(sys), "%s/sys", base);
	snprintf(dev, sizeof(dev), "%s/dev", base);
	snprintf(conf, sizeof(conf), "%s/conf", base);
	ck_assert(!mkdir(sys, 0755) && !mkdir(dev, 0755) && !mkdir(conf, 0755));
	/* root may give to any group; others to one of their own, where the groups do not differ but the modes do */
	places = (struct access_places){ .sys = sys, .dev = dev, .configurations = conf, .group = geteuid() ? getgid() : 54321,
					 .before = geteuid() ? getgid() : 54322 };
	unsetenv("DEVLINKS");
}

static void tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	ck_assert(!system(command));
}

/* All below base, as it was when it was last looked at. */
static struct {
	char path[256];
	struct stat status;
} seen[FILES];
static unsigned all;

static int remember(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)kind;
	(void)place;
	ck_assert_uint_lt(all, FILES);
	snprintf(seen[all].path, sizeof(seen[0].path), "%s", path);
	seen[all++].status = *status;
	return 0;
}

static void look_at_all(void)
{
	all = 0;
	ck_assert(!nftw(base, remember, 16, FTW_PHYS));
}

static bool is_one_of(const char *path, const char *const *paths)
{
	for (; *paths; paths++)
		if (!strcmp(path, *paths))
			return true;
	return false;
}

/*
 * Since the last look these have become the group's to read and write, or are not any more, where an attribute can be read as before; and
 * nothing else has changed.
 */
static void only_these_changed(bool give, const char *const *paths)
{
	unsigned left = 0;

	while (paths[left])
		left++;
	for (unsigned i = 0; i < all; i++) {
		const char *path = seen[i].path, *name = path + strlen(base);
		struct stat *was = &seen[i].status, is;

		ck_assert_msg(!lstat(path, &is), "%s is gone", path);
		if (is_one_of(name, paths)) {
			mode_t taken = strncmp(name, "/dev/", 5) ? 020 : 060;

			was->st_mode = give ? was->st_mode | 060 : was->st_mode & ~taken;
			was->st_gid = give ? places.group : places.before;
			left--;
		}
		ck_assert_msg(is.st_mode == was->st_mode, "%s: mode %o, must be %o", path, is.st_mode, was->st_mode);
		ck_assert_msg(is.st_uid == was->st_uid, "%s: owner %u, must be %u", path, is.st_uid, was->st_uid);
		ck_assert_msg(is.st_gid == was->st_gid, "%s: group %u, must be %u", path, is.st_gid, was->st_gid);
	}
	ck_assert_uint_eq(left, 0);
	look_at_all();
}

#define NOTHING ((const char *const[]){ NULL })
#define ONLY_GIVEN(...) only_these_changed(true, (const char *const[]){ __VA_ARGS__, NULL })
#define ADC "/sys/devices/platform/adc3/iio:device3/"

/* Of the converter 3. */
static const char *const written[] = {
	"/dev/iio:device3", ADC "sampling_frequency", ADC "current_timestamp_clock", ADC "trigger/current_trigger", ADC "buffer/enable",
	ADC "buffer0/length", ADC "scan_elements/in_voltage0_en", ADC "scan_elements/in_voltage1_en", ADC "scan_elements/in_voltage2_en",
	ADC "scan_elements/in_voltage3_en", ADC "scan_elements/in_voltage4_en", ADC "scan_elements/in_voltage5_en",
	ADC "scan_elements/in_timestamp_en", NULL,
};

START_TEST(what_is_written_of_the_named_converter_is_given_and_nothing_else)
{
	put_converter(3, "ads131m06", "mains", 6);
	put_converter(4, "ads131m06-aux", "", 6);
	configure("dinmeterd.conf", "adc: { device = \"ads131m06\"; };");
	look_at_all();
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc3/iio:device3"), 1);
	only_these_changed(true, written);
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc4/iio:device4"), 0);
	only_these_changed(true, NOTHING);
	/* again, as at every event */
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc3/iio:device3"), 1);
	only_these_changed(true, written);
}
END_TEST

START_TEST(a_device_is_named_by_id_label_or_name_under_any_number)
{
	static const char *const named[] = { "iio:device7", "mains", "ads131m06" };
	char text[64];

	put_converter(7, "ads131m06", "mains", 6);
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		snprintf(text, sizeof(text), "adc: { device = \"%s\"; };", named[i]);
		configure("dinmeterd.conf", text);
		ck_assert_int_eq(access_settle(&places, "/devices/platform/adc7/iio:device7"), 1);
	}
	configure("dinmeterd.conf", "adc: { device = \"voltage0\"; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc7/iio:device7"), 0);
}
END_TEST

START_TEST(without_a_name_it_is_the_one_with_the_six_channels)
{
	put_converter(0, "thermometer", "", 2);
	put_converter(1, "ad7606-6", "", 6);
	configure("dinmeterd.conf", "adc: { source = \"iio\"; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc0/iio:device0"), 0);
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc1/iio:device1"), 1);
	/* by their labels */
	configure("dinmeterd.conf", "adc: { channels: { va: { channel = \"L5\"; }; ic: { channel = \"L0\"; }; }; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc1/iio:device1"), 1);
	configure("dinmeterd.conf", "adc: { channels: { va: { channel = \"L6\"; }; }; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc1/iio:device1"), 0);
}
END_TEST

START_TEST(other_sources_need_no_converter)
{
	static const char *const sources[] = {
		"adc: { source = \"sim\"; };", "adc: { source = \"comtrade\"; recording = \"x.cfg\"; };", "adc: { uri = \"ip:127.0.0.1\"; };",
	};

	put_converter(0, "ad7606-6", "", 6);
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		configure("dinmeterd.conf", sources[i]);
		ck_assert_int_eq(access_settle(&places, "/devices/platform/adc0/iio:device0"), 0);
	}
}
END_TEST

START_TEST(any_of_several_configurations_counts_and_a_wrong_one_names_nothing)
{
	put_converter(0, "first", "", 6);
	put_converter(1, "second", "", 6);
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc0/iio:device0"), 0);
	configure("one.conf", "adc: { device = \"first\"; };");
	configure("two.conf", "adc: { device = \"second\"; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc0/iio:device0"), 1);
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc1/iio:device1"), 1);
	configure("two.conf", "adc: { device = \"second\"; rate = 1; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc1/iio:device1"), 0);
}
END_TEST

START_TEST(what_is_not_named_any_more_is_taken_back)
{
	put_converter(3, "first", "", 6);
	configure("dinmeterd.conf", "adc: { device = \"first\"; };");
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc3/iio:device3"), 1);
	configure("dinmeterd.conf", "adc: { device = \"second\"; };");
	look_at_all();
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc3/iio:device3"), 0);
	only_these_changed(false, written);
	ck_assert(ends_with("add", "sys/devices/platform/adc3/iio:device3/uevent"));
	/* and then it is udev's */
	ck_assert_int_eq(access_settle(&places, "/devices/platform/adc3/iio:device3"), 0);
	ck_assert(!ends_with("addadd", "sys/devices/platform/adc3/iio:device3/uevent"));
}
END_TEST

/* A device with a node and nothing to write but that. */
static void put_device(const char *subsystem, const char *name, const char *node)
{
	char directory[128], line[128];

	snprintf(directory, sizeof(directory), "devices/%s/%s", subsystem, name);
	snprintf(line, sizeof(line), "DEVNAME=%s\n", node);
	put(0644, *node ? line : "", "sys/%s/uevent", directory);
	put_subsystem(directory, subsystem);
	if (*node)
		put(0600, "", "dev/%s", node);
}

static int settle(const char *subsystem, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/devices/%s/%s", subsystem, name);
	return access_settle(&places, path);
}

START_TEST(a_trigger_is_named_and_its_rate_can_be_set)
{
	put_device("iio", "trigger0", "");
	put(0444, "timer\n", "sys/devices/iio/trigger0/name");
	put(0644, "100\n", "sys/devices/iio/trigger0/sampling_frequency");
	put(0644, "100\n", "sys/devices/iio/trigger0/other");
	configure("dinmeterd.conf", "adc: { device = \"x\"; };");
	ck_assert_int_eq(settle("iio", "trigger0"), 0);
	configure("dinmeterd.conf", "adc: { trigger = \"timer\"; };");
	look_at_all();
	ck_assert_int_eq(settle("iio", "trigger0"), 1);
	ONLY_GIVEN("/sys/devices/iio/trigger0/sampling_frequency");
}
END_TEST

START_TEST(an_led_is_its_brightness_and_its_trigger)
{
	put_device("leds", "meter:red:alarm", "");
	put_device("leds", "meter:red:other", "");
	put(0644, "0\n", "sys/devices/leds/meter:red:alarm/brightness");
	put(0644, "[none]\n", "sys/devices/leds/meter:red:alarm/trigger");
	put(0444, "1\n", "sys/devices/leds/meter:red:alarm/max_brightness");
	put(0644, "auto\n", "sys/devices/leds/meter:red:alarm/power/control");
	put(0644, "100\n", "sys/devices/leds/meter:red:alarm/delay_on");
	configure("dinmeterd.conf", "outputs: { leds: { alarm = \"meter:red:alarm\"; }; };");
	look_at_all();
	ck_assert_int_eq(settle("leds", "meter:red:other"), 0);
	ck_assert_int_eq(settle("leds", "meter:red:alarm"), 1);
	ONLY_GIVEN("/sys/devices/leds/meter:red:alarm/brightness", "/sys/devices/leds/meter:red:alarm/trigger");
}
END_TEST

START_TEST(a_port_is_named_by_its_node_or_by_a_link_of_udev_s)
{
	char text[256], links[256];

	put_device("tty", "ttyUSB3", "ttyUSB3");
	snprintf(text, sizeof(text), "modbus: { device = \"%s/ttyUSB3\"; };", dev);
	configure("dinmeterd.conf", text);
	look_at_all();
	ck_assert_int_eq(settle("tty", "ttyUSB3"), 1);
	ONLY_GIVEN("/dev/ttyUSB3");
	configure("dinmeterd.conf", "modbus: { device = \"/dev/serial/by-id/usb-Adapter-if00\"; };");
	ck_assert_int_eq(settle("tty", "ttyUSB3"), 0);
	snprintf(links, sizeof(links), "/dev/serial/by-path/x /dev/serial/by-id/usb-Adapter-if00");
	ck_assert(!setenv("DEVLINKS", links, 1));
	ck_assert_int_eq(settle("tty", "ttyUSB3"), 1);
	ck_assert(!setenv("DEVLINKS", "/dev/serial/by-id/usb-Adapter-if001", 1));
	ck_assert_int_eq(settle("tty", "ttyUSB3"), 0);
}
END_TEST

START_TEST(a_display_is_a_port_or_dev_lcd)
{
	char text[256];

	put_device("misc", "lcd", "lcd");
	put_device("misc", "fuse", "fuse");
	put_device("tty", "ttyS2", "ttyS2");
	snprintf(text, sizeof(text), "panel: { display = \"%s/lcd\"; };", dev);
	configure("dinmeterd.conf", text);
	look_at_all();
	ck_assert_int_eq(settle("tty", "ttyS2"), 0);
	ck_assert_int_eq(settle("misc", "lcd"), 1);
	ONLY_GIVEN("/dev/lcd");
	snprintf(text, sizeof(text), "panel: { display = \"%s/ttyS2\"; };", dev);
	configure("dinmeterd.conf", text);
	ck_assert_int_eq(settle("misc", "lcd"), 0);
	ck_assert_int_eq(settle("tty", "ttyS2"), 1);
	snprintf(text, sizeof(text), "panel: { display = \"%s/fuse\"; };", dev);
	configure("dinmeterd.conf", text);
	ck_assert_int_eq(settle("misc", "fuse"), 0);
}
END_TEST

START_TEST(buttons_are_named_by_their_device_s_name_or_by_path)
{
	char text[256];

	put_device("input", "event5", "input/event5");
	put(0444, "gpio-keys\n", "sys/devices/input/event5/device/name");
	configure("dinmeterd.conf", "panel: { buttons = \"gpio-keys\"; };");
	put(0644, "0\n", "sys/devices/input/event5/device/inhibited");
	look_at_all();
	ck_assert_int_eq(settle("input", "event5"), 1);
	ONLY_GIVEN("/dev/input/event5");
	configure("dinmeterd.conf", "panel: { buttons = \"keyboard\"; };");
	ck_assert_int_eq(settle("input", "event5"), 0);
	snprintf(text, sizeof(text), "panel: { buttons = \"%s/input/event5\"; };", dev);
	configure("dinmeterd.conf", text);
	ck_assert_int_eq(settle("input", "event5"), 1);
}
END_TEST

START_TEST(a_chip_is_named_by_name_path_or_label)
{
	struct claims_device device = { .subsystem = "gpio", .kernel = "gpiochip1", .label = "pinctrl-rp1", .node = "/dev/gpiochip1" };
	static const char *const named[] = { "gpiochip1", "pinctrl-rp1", "/dev/gpiochip1" };
	struct config *config = malloc(sizeof(*config));

	ck_assert_ptr_nonnull(config);
	config_defaults(config);
	ck_assert(!claims_device(config, &device));
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		snprintf(config->outputs.contact[CONTACT_ALARM].chip, sizeof(config->outputs.contact[0].chip), "%s", named[i]);
		ck_assert(claims_device(config, &device));
	}
	snprintf(config->outputs.contact[CONTACT_ALARM].chip, sizeof(config->outputs.contact[0].chip), "gpiochip10");
	ck_assert(!claims_device(config, &device));
	put_device("gpio", "gpiochip1", "gpiochip1");
	configure("dinmeterd.conf", "outputs: { alarm: { chip = \"gpiochip1\"; line = 4; }; };");
	look_at_all();
	ck_assert_int_eq(settle("gpio", "gpiochip1"), 1);
	ONLY_GIVEN("/dev/gpiochip1");
	free(config);
}
END_TEST

START_TEST(a_link_in_the_place_of_a_node_leads_nowhere)
{
	char node[128], target[128];

	put_device("gpio", "gpiochip0", "gpiochip0");
	put(0600, "", "secret");
	snprintf(node, sizeof(node), "%s/gpiochip0", dev);
	snprintf(target, sizeof(target), "%s/secret", base);
	ck_assert(!unlink(node) && !symlink(target, node));
	configure("dinmeterd.conf", "outputs: { alarm: { chip = \"gpiochip0\"; line = 4; }; };");
	look_at_all();
	settle("gpio", "gpiochip0");
	only_these_changed(true, NOTHING);
}
END_TEST

START_TEST(a_device_that_is_gone_and_one_of_no_use_are_told)
{
	put_device("block", "sda", "sda");
	configure("dinmeterd.conf", "");
	look_at_all();
	ck_assert_int_eq(settle("tty", "ttyS9"), -ENODEV);
	ck_assert_int_eq(settle("block", "sda"), -ENOTSUP);
	only_these_changed(true, NOTHING);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("access");
	TCase *tests = tcase_create("access");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_is_written_of_the_named_converter_is_given_and_nothing_else);
	tcase_add_test(tests, a_device_is_named_by_id_label_or_name_under_any_number);
	tcase_add_test(tests, without_a_name_it_is_the_one_with_the_six_channels);
	tcase_add_test(tests, other_sources_need_no_converter);
	tcase_add_test(tests, any_of_several_configurations_counts_and_a_wrong_one_names_nothing);
	tcase_add_test(tests, what_is_not_named_any_more_is_taken_back);
	tcase_add_test(tests, a_trigger_is_named_and_its_rate_can_be_set);
	tcase_add_test(tests, an_led_is_its_brightness_and_its_trigger);
	tcase_add_test(tests, a_port_is_named_by_its_node_or_by_a_link_of_udev_s);
	tcase_add_test(tests, a_display_is_a_port_or_dev_lcd);
	tcase_add_test(tests, buttons_are_named_by_their_device_s_name_or_by_path);
	tcase_add_test(tests, a_chip_is_named_by_name_path_or_label);
	tcase_add_test(tests, a_link_in_the_place_of_a_node_leads_nowhere);
	tcase_add_test(tests, a_device_that_is_gone_and_one_of_no_use_are_told);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
