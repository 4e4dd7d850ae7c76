/*
 * What `dinmeter doctor` makes of machines that are not here: trees of files stand for sysfs, procfs and /dev, and what the files hold is
 * the kernel's documentation (Documentation/ABI, proc(5), systemctl(1)).
 */
#include <check.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client/doctor.h"
#include "kernel.h"
#include "lib/check_main.h"
#include "modbus/lock.h"
#include "unit/outputs/tree.h"

static struct tree tree;
static struct doctor *doctor;
static char proc[128], sys[128], dev[128], leds[128], inputs[128], device[128];

static void make(void)
{
	tree_make(&tree);
	snprintf(proc, sizeof(proc), "%s/proc", tree.root);
	snprintf(sys, sizeof(sys), "%s/sys", tree.root);
	snprintf(dev, sizeof(dev), "%s/dev", tree.root);
	snprintf(leds, sizeof(leds), "%s/leds", tree.root);
	snprintf(inputs, sizeof(inputs), "%s/input", tree.root);
	tree_write(&tree, "dev/null", "");
	memset(&fake_kernel, 0, sizeof(fake_kernel));
	doctor = calloc(1, sizeof(*doctor));
	ck_assert_ptr_nonnull(doctor);
	config_defaults(&doctor->config);
	doctor->file = "meter.conf";
	doctor->paths = (struct doctor_paths){
		.proc = proc, .sys = sys, .gpio = { dev, "/nonexistent" }, .buttons = { inputs, dev }, .leds = leds, .shm = "/dev/shm",
	};
	snprintf(doctor->user.name, sizeof(doctor->user.name), "meter");
	doctor->user.uid = geteuid();
	doctor->user.gid = getegid();
	doctor->user.tried = true;
}

static void clean(void)
{
	free(doctor);
	tree_remove(&tree);
}

/* A user of whom nothing here is. */
static void stranger(void)
{
	doctor->user.uid = 54321;
	doctor->user.gid = 54321;
	doctor->user.tried = false;
}

__attribute__((format(printf, 2, 3))) static void link_to(const char *target, const char *format, ...)
{
	char path[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* How many findings have the verdict and the words, in what was found or in what mends it. */
static unsigned told(enum doctor_verdict verdict, const char *words)
{
	unsigned n = 0;

	for (unsigned i = 0; i < doctor->findings; i++)
		n += doctor->finding[i].verdict == verdict && (strstr(doctor->finding[i].found, words) || strstr(doctor->finding[i].mend, words));
	return n;
}

static void dump(void)
{
	for (unsigned i = 0; i < doctor->findings; i++)
		printf("%d %s: %s; %s\n", doctor->finding[i].verdict, doctor->finding[i].part, doctor->finding[i].found, doctor->finding[i].mend);
}

#define CHECK_TOLD(verdict, words) \
	do { \
		if (told(verdict, words) != 1) \
			dump(); \
		ck_assert_uint_eq(told(verdict, words), 1); \
	} while (0)
#define CHECK_ALONE(verdict, words) \
	do { \
		CHECK_TOLD(verdict, words); \
		ck_assert_uint_eq(doctor->findings, 1); \
	} while (0)

/* A character device that is a tty as sysfs tells it: /dev/null's numbers, 1:3. */
static void make_tty(const char *name)
{
	char path[160];

	snprintf(device, sizeof(device), "%.80s/%s", dev, name);
	link_to("/dev/null", "%s", device);
	snprintf(path, sizeof(path), "sys/class/tty/%s/type", name);
	tree_write(&tree, path, "4\n");
	tree_write(&tree, "sys/dev/char/README", "");
	snprintf(path, sizeof(path), "../../devices/pci0000:00/tty/%s", name);
	link_to(path, "%s/dev/char/1:3", sys);
	tree_write(&tree, "proc/cmdline", "root=/dev/mmcblk0p2 ro quiet console=tty1\n");
	tree_write(&tree, "sys/class/tty/console/active", "tty1\n");
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s", device);
}

START_TEST(a_port_that_nobody_else_uses_is_good)
{
	make_tty("ttyS1");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
}
END_TEST

START_TEST(a_port_that_is_missing_or_no_tty_fails)
{
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s/ttyS9", dev);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "No such file");
	doctor->findings = 0;
	tree_write(&tree, "dev/plain", "");
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s/plain", dev);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "no serial port");
	doctor->findings = 0;
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "/dev/null");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "no serial port");
}
END_TEST

START_TEST(a_node_without_a_uart_fails)
{
	make_tty("ttyS3");
	tree_write(&tree, "sys/class/tty/ttyS3/type", "0\n");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "no UART");
}
END_TEST

START_TEST(another_process_that_has_the_port_open_is_named)
{
	make_tty("ttyS1");
	tree_write(&tree, "proc/4711/comm", "minicom\n");
	tree_write(&tree, "proc/4711/fd/README", "");
	link_to("/dev/zero", "%s/4711/fd/3", proc);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
	doctor->findings = 0;
	link_to("/dev/null", "%s/4711/fd/4", proc);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "process 4711 (minicom)");
}
END_TEST

START_TEST(the_running_daemon_is_no_rival_of_itself_and_a_second_one_is)
{
	make_tty("ttyS1");
	tree_write(&tree, "proc/100/comm", "dinmeterd\n");
	tree_write(&tree, "proc/100/fd/README", "");
	link_to("/dev/null", "%s/100/fd/4", proc);
	/* while ours is down it is another's */
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "process 100 (dinmeterd)");
	doctor->findings = 0;
	doctor->of_service = true;
	doctor->units.service.pid = 100;
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
	doctor->findings = 0;
	doctor->of_service = false;
	doctor->daemon_pid = 100;
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
	doctor->findings = 0;
	doctor->daemon_pid = 99;
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "process 100");
}
END_TEST

START_TEST(a_console_of_the_kernel_on_the_port_fails)
{
	static const char *const lines[] = { "quiet console=ttyS1", "console=ttyS1,115200n8 quiet", "a console=tty1 console=ttyS1,9600" };

	make_tty("ttyS1");
	for (size_t i = 0; i < 3; i++) {
		doctor->findings = 0;
		tree_write(&tree, "proc/cmdline", lines[i]);
		doctor_check_port(doctor);
		CHECK_ALONE(DOCTOR_FAIL, "console of the kernel");
	}
	doctor->findings = 0;
	tree_write(&tree, "proc/cmdline", "console=ttyS10 console=ttyS11,9600 xconsole=ttyS1");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
	/* a console that the device tree names does not stand on the command line */
	doctor->findings = 0;
	tree_write(&tree, "sys/class/tty/console/active", "tty1 ttyS1\n");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "remove console=ttyS1");
}
END_TEST

static const char SHOWN[] =
	"Id=dinmeterd.service\nUser=meter\nSupplementaryGroups=dialout gpio\nLimitRTPRIO=0\nLimitMEMLOCK=8388608\nLoadState=loaded\n"
	"ActiveState=active\nSubState=running\nUnitFileState=enabled\nResult=success\nNRestarts=0\nMainPID=812\n"
	"\n"
	"Id=getty@ttyS1.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=disabled\nResult=success\nNRestarts=0\n"
	"\n"
	"Id=serial-getty@ttyS1.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled-runtime\nNRestarts=7\n"
	"\n"
	"Id=ModemManager.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n";

/* As doctor_units_read() leaves them to be filled in. */
static void show(const char *text)
{
	char copy[2048];

	snprintf(doctor->units.service.name, sizeof(doctor->units.service.name), "dinmeterd.service");
	snprintf(doctor->units.getty.name, sizeof(doctor->units.getty.name), "getty@ttyS1.service");
	snprintf(doctor->units.serial_getty.name, sizeof(doctor->units.serial_getty.name), "serial-getty@ttyS1.service");
	snprintf(doctor->units.modem_manager.name, sizeof(doctor->units.modem_manager.name), "ModemManager.service");
	snprintf(copy, sizeof(copy), "%s", text);
	doctor->units.known = true;
	doctor_units_parse(&doctor->units, copy);
}

START_TEST(what_systemctl_shows_goes_to_the_unit_that_it_is_of)
{
	show(SHOWN);
	ck_assert_str_eq(doctor->units.service.user, "meter");
	ck_assert_str_eq(doctor->units.service.groups, "dialout gpio");
	ck_assert_str_eq(doctor->units.service.memlock, "8388608");
	ck_assert_int_eq(doctor->units.service.pid, 812);
	ck_assert(doctor_unit_is_active(&doctor->units.service) && doctor_unit_is_enabled(&doctor->units.service));
	ck_assert(!doctor_unit_is_active(&doctor->units.getty) && !doctor_unit_is_enabled(&doctor->units.getty));
	ck_assert(doctor_unit_is_active(&doctor->units.serial_getty) && doctor_unit_is_enabled(&doctor->units.serial_getty));
	ck_assert_int_eq(doctor->units.serial_getty.restarts, 7);
	ck_assert_str_eq(doctor->units.modem_manager.load, "not-found");
	/* without a tty two units are asked for */
	doctor->units = (struct doctor_units){ .service.name = "dinmeterd.service", .modem_manager.name = "ModemManager.service" };
	{
		char two[] = "ActiveState=failed\nResult=exit-code\n\nActiveState=active\n";

		doctor_units_parse(&doctor->units, two);
	}
	ck_assert_str_eq(doctor->units.service.result, "exit-code");
	ck_assert_str_eq(doctor->units.modem_manager.active, "active");
	ck_assert_str_eq(doctor->units.serial_getty.active, "");
}
END_TEST

START_TEST(a_getty_on_the_port_fails)
{
	make_tty("ttyS1");
	show(SHOWN);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "systemctl mask --now serial-getty@ttyS1.service");
}
END_TEST

START_TEST(modem_manager_is_a_rival_of_usb_ports_alone)
{
	make_tty("ttyS1");
	show(SHOWN);
	doctor->units.serial_getty = doctor->units.getty;
	snprintf(doctor->units.modem_manager.active, sizeof(doctor->units.modem_manager.active), "active");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, device);
	doctor->findings = 0;
	tree_delete(&tree, "sys");
	make_tty("ttyUSB0");
	tree_write(&tree, "sys/class/tty/ttyUSB0/device/latency_timer", "1\n");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_WARN, "ModemManager");
}
END_TEST

START_TEST(an_adapter_that_holds_bytes_back_is_told)
{
	make_tty("ttyUSB0");
	tree_write(&tree, "sys/class/tty/ttyUSB0/device/latency_timer", "16\n");
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_WARN, "16 ms");
}
END_TEST

START_TEST(rights_follow_owner_group_and_others_in_that_order)
{
	static const struct {
		mode_t mode;
		bool owner, group, may;
	} cases[] = {
		{ 0600, true, false, true }, { 0060, true, true, false }, { 0006, true, true, false }, { 0660, false, true, true },
		{ 0606, false, true, false }, { 0606, false, false, true }, { 0660, false, false, false }, { 0400, true, false, false },
	};
	char path[128];
	struct stat status;

	tree_write(&tree, "file", "");
	snprintf(path, sizeof(path), "%.80s/file", tree.root);
	ck_assert_int_eq(stat(path, &status), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Root may all, so that owners here are others, whoever runs this. */
		if (geteuid() == 0 && chown(path, 54321, 54322) == 0)
			status.st_uid = 54321, status.st_gid = 54322;
		ck_assert_int_eq(chmod(path, cases[i].mode), 0);
		doctor->user = (struct doctor_user){ .uid = cases[i].owner ? status.st_uid : 12345, .groups = 1 };
		doctor->user.group[0] = cases[i].group ? status.st_gid : 12345;
		ck_assert_msg(!doctor_access(&doctor->user, path, R_OK | W_OK) == cases[i].may, "case %zu", i);
	}
}
END_TEST

START_TEST(a_port_that_the_user_may_not_open_fails_with_mode_and_owner)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char *name;

	ck_assert_int_ge(master, 0);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	ck_assert_ptr_nonnull(name);
	ck_assert_int_eq(chmod(name, 0620), 0);
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s", name);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, name);
	doctor->findings = 0;
	stranger();
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "meter may not read and write it: Permission denied (rw--w----");
	close(master);
}
END_TEST

START_TEST(a_port_that_a_process_has_locked_is_told_where_its_files_are_not_seen)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	const char *name;
	char process[32];

	ck_assert_int_ge(master, 0);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	ck_assert_ptr_nonnull(name);
	slave = open(name, O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s", name);
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_OK, name);
	ck_assert_int_eq(flock(slave, LOCK_EX), 0);
	/* no holder can be told in a namespace of processes that is not that of /proc */
	if (lock_holder(name) == getpid()) {
		snprintf(process, sizeof(process), "process %ld ", (long)getpid());
		doctor->findings = 0;
		doctor_check_port(doctor);
		CHECK_ALONE(DOCTOR_FAIL, process);
		doctor->findings = 0;
		doctor->daemon_pid = getpid();
		doctor_check_port(doctor);
		CHECK_ALONE(DOCTOR_OK, name);
	}
	close(slave);
	close(master);
}
END_TEST

START_TEST(what_an_installed_configuration_names_the_udev_rules_give)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name;
	struct stat status;

	ck_assert_int_ge(master, 0);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	ck_assert_ptr_nonnull(name);
	/* as a port of the group dialout */
	ck_assert(geteuid() != 0 || chown(name, 0, getgrnam("tty")->gr_gid) == 0);
	ck_assert_int_eq(chmod(name, 0660), 0);
	ck_assert_int_eq(stat(name, &status), 0);
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "%s", name);
	stranger();
	doctor->file = SYSCONFDIR "/dinmeterd/roof.conf";
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "udevadm trigger");
	doctor->findings = 0;
	doctor->file = "meter.conf";
	doctor_check_port(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "usermod -aG ");
	close(master);
}
END_TEST

static void set_contact(enum contact contact, const char *chip, const char *line)
{
	snprintf(doctor->config.outputs.contact[contact].chip, sizeof(doctor->config.outputs.contact[contact].chip), "%s", chip);
	snprintf(doctor->config.outputs.contact[contact].line, sizeof(doctor->config.outputs.contact[contact].line), "%s", line);
}

static void make_chip(void)
{
	tree_write(&tree, "dev/gpiochip0", "");
	snprintf(fake_kernel.label, sizeof(fake_kernel.label), "pinctrl-soc");
	fake_kernel.lines = 4;
	snprintf(fake_kernel.line[2].name, sizeof(fake_kernel.line[2].name), "RELAY");
}

START_TEST(a_free_line_is_found_by_offset_and_name_on_a_chip_by_name_and_label)
{
	static const char *const chips[] = { "gpiochip0", "pinctrl-soc" }, *const lines[] = { "2", "RELAY" };

	make_chip();
	for (int i = 0; i < 4; i++) {
		doctor->findings = 0;
		set_contact(CONTACT_ENERGY, chips[i / 2], lines[i % 2]);
		doctor_check_contacts(doctor);
		CHECK_ALONE(DOCTOR_OK, "line 2 is free");
	}
}
END_TEST

START_TEST(a_line_that_another_has_fails_with_its_name)
{
	make_chip();
	snprintf(fake_kernel.line[1].consumer, sizeof(fake_kernel.line[1].consumer), "heartbeat");
	set_contact(CONTACT_ALARM, "gpiochip0", "1");
	doctor_check_contacts(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "\"heartbeat\"");
	doctor->findings = 0;
	snprintf(fake_kernel.line[1].consumer, sizeof(fake_kernel.line[1].consumer), "dinmeterd");
	doctor_check_contacts(doctor);
	CHECK_ALONE(DOCTOR_OK, "dinmeterd's");
}
END_TEST

START_TEST(a_missing_chip_and_a_missing_line_fail)
{
	make_chip();
	set_contact(CONTACT_ENERGY, "gpiochip7", "1");
	set_contact(CONTACT_ALARM, "gpiochip0", "4");
	set_contact(CONTACT_REACTIVE, "gpiochip0", "BELL");
	doctor_check_contacts(doctor);
	ck_assert_uint_eq(doctor->findings, 3);
	CHECK_TOLD(DOCTOR_FAIL, "chip \"gpiochip7\": no chip");
	CHECK_TOLD(DOCTOR_FAIL, "none of them is 4");
	CHECK_TOLD(DOCTOR_FAIL, "none of them is BELL");
}
END_TEST

START_TEST(a_chip_that_the_user_may_not_open_fails)
{
	char path[128];

	make_chip();
	snprintf(path, sizeof(path), "%.80s/gpiochip0", dev);
	ck_assert_int_eq(chmod(path, 0600), 0);
	set_contact(CONTACT_ENERGY, "gpiochip0", "0");
	stranger();
	doctor_check_contacts(doctor);
	CHECK_TOLD(DOCTOR_FAIL, "meter may not read and write it");
}
END_TEST

START_TEST(leds_are_there_or_not_and_a_trigger_is_told)
{
	char path[160];

	tree_write(&tree, "leds/red:alarm/brightness", "0\n");
	tree_write(&tree, "leds/red:alarm/trigger", "none [mmc0] timer\n");
	snprintf(doctor->config.outputs.led[LED_ALARM], 64, "red:alarm");
	snprintf(doctor->config.outputs.led[LED_TX], 64, "green:tx");
	doctor_check_leds(doctor);
	ck_assert_uint_eq(doctor->findings, 2);
	CHECK_TOLD(DOCTOR_OK, "alarm: red:alarm");
	CHECK_TOLD(DOCTOR_FAIL, "there is no LED green:tx");
	doctor->findings = 0;
	*doctor->config.outputs.led[LED_TX] = '\0';
	stranger();
	doctor_check_leds(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "may not write");
	doctor->findings = 0;
	snprintf(path, sizeof(path), "%.80s/red:alarm/brightness", leds);
	ck_assert_int_eq(chmod(path, 0666), 0);
	doctor_check_leds(doctor);
	CHECK_ALONE(DOCTOR_WARN, "trigger");
}
END_TEST

START_TEST(buttons_are_found_by_name)
{
	tree_write(&tree, "input/event3/device/name", "gpio-keys\n");
	tree_write(&tree, "dev/event3", "");
	snprintf(doctor->config.buttons.device, sizeof(doctor->config.buttons.device), "gpio-keys");
	doctor_check_panel(doctor);
	CHECK_ALONE(DOCTOR_OK, "/event3");
	doctor->findings = 0;
	snprintf(doctor->config.buttons.device, sizeof(doctor->config.buttons.device), "Keypad");
	snprintf(doctor->config.display.device, sizeof(doctor->config.display.device), "%.80s/lcd", dev);
	doctor_check_panel(doctor);
	ck_assert_uint_eq(doctor->findings, 2);
	CHECK_TOLD(DOCTOR_FAIL, "no input device \"Keypad\"");
	CHECK_TOLD(DOCTOR_FAIL, "/lcd: No such file");
}
END_TEST

START_TEST(worn_flash_is_told)
{
	struct stat status;
	char path[128];

	/* JESD84-B51, 7.4.74: 0x09 is 80 to 90 % of the life used, 0x0B is beyond it. */
	ck_assert_int_eq(stat(tree.root, &status), 0);
	snprintf(path, sizeof(path), "sys/dev/block/%u:%u/device/life_time", major(status.st_dev), minor(status.st_dev));
	snprintf(doctor->config.store_path, sizeof(doctor->config.store_path), "%s", tree.root);
	tree_write(&tree, path, "0x01 0x08\n");
	doctor_check_disk(doctor);
	ck_assert_uint_eq(told(DOCTOR_WARN, "of its life"), 0);
	doctor->findings = 0;
	tree_write(&tree, path, "0x0b 0x02\n");
	doctor_check_disk(doctor);
	CHECK_TOLD(DOCTOR_WARN, "of its life");
}
END_TEST

START_TEST(state_files_of_another_user_fail)
{
	snprintf(doctor->config.store_path, sizeof(doctor->config.store_path), "%s", tree.root);
	ck_assert_int_eq(chmod(tree.root, 0777), 0);
	tree_write(&tree, "state.1.db", "");
	stranger();
	doctor_check_disk(doctor);
	CHECK_TOLD(DOCTOR_FAIL, "belongs to another user");
}
END_TEST

START_TEST(a_state_directory_that_nobody_can_make_fails)
{
	snprintf(doctor->config.store_path, sizeof(doctor->config.store_path), "%s/a", tree.root);
	doctor_check_disk(doctor);
	CHECK_ALONE(DOCTOR_OK, "not there yet");
	/* the daemon makes those above it, too */
	doctor->findings = 0;
	snprintf(doctor->config.store_path, sizeof(doctor->config.store_path), "%s/a/b", tree.root);
	doctor_check_disk(doctor);
	CHECK_ALONE(DOCTOR_OK, "not there yet");
	doctor->findings = 0;
	stranger();
	doctor_check_disk(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "install -d -o meter -g 54321 -m 0750 ");
}
END_TEST

/* A directory of the system's is opened to nobody. */
START_TEST(a_place_in_a_directory_of_the_systems_is_mended_by_one_of_its_own)
{
	stranger();
	snprintf(doctor->config.store_path, sizeof(doctor->config.store_path), "/var/lib");
	snprintf(doctor->config.control_socket, sizeof(doctor->config.control_socket), "/run/meter");
	snprintf(doctor->config.modbus.device, sizeof(doctor->config.modbus.device), "pty:/meter");
	doctor->config.control_group[0] = '\0';
	doctor_check_disk(doctor);
	doctor_check_control(doctor);
	doctor_check_port(doctor);
	ck_assert_uint_eq(doctor->findings, 3);
	CHECK_TOLD(DOCTOR_FAIL, "install -d -o meter -g 54321 -m 0750 /var/lib/dinmeterd; then store.path there, in meter.conf");
	CHECK_TOLD(DOCTOR_FAIL, "install -d -o meter -g 54321 -m 0750 /run/dinmeterd; then control.socket there");
	CHECK_TOLD(DOCTOR_FAIL, "install -d -o meter -g 54321 -m 0750 /dinmeterd; then modbus.device there");
}
END_TEST

START_TEST(the_control_sockets_directory_is_made_and_none_above_it)
{
	doctor->config.control_group[0] = '\0';
	snprintf(doctor->config.control_socket, sizeof(doctor->config.control_socket), "%s/a/control", tree.root);
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_OK, "not there yet");
	doctor->findings = 0;
	snprintf(doctor->config.control_socket, sizeof(doctor->config.control_socket), "%s/a/b/control", tree.root);
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "install -d -o meter");
	/* where the daemon answers it is there */
	doctor->findings = 0;
	doctor->daemon_pid = 100;
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_OK, "/a/b/control");
}
END_TEST

START_TEST(a_control_group_is_there_and_the_users)
{
	snprintf(doctor->config.control_socket, sizeof(doctor->config.control_socket), "%s/control", tree.root);
	snprintf(doctor->config.control_group, sizeof(doctor->config.control_group), "no-such-group");
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_WARN, "groupadd --system no-such-group");
	doctor->findings = 0;
	ck_assert_int_eq(chmod(tree.root, 0777), 0);
	snprintf(doctor->config.control_group, sizeof(doctor->config.control_group), "%s", getgrgid(0)->gr_name);
	stranger();
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_WARN, "usermod -aG");
	doctor->findings = 0;
	doctor->user.group[doctor->user.groups++] = 0;
	doctor_check_control(doctor);
	CHECK_ALONE(DOCTOR_OK, "/control");
}
END_TEST

START_TEST(the_clock_is_set_and_synchronised_or_not)
{
	fake_kernel.now = 1795000000;	/* 2026-11-18 */
	fake_kernel.synchronised = true;
	doctor_check_clock(doctor);
	CHECK_ALONE(DOCTOR_OK, "2026-11-18");
	doctor->findings = 0;
	fake_kernel.synchronised = false;
	doctor_check_clock(doctor);
	CHECK_ALONE(DOCTOR_WARN, "not synchronised");
	doctor->findings = 0;
	fake_kernel.now = 86400;
	doctor_check_clock(doctor);
	CHECK_ALONE(DOCTOR_FAIL, "1970-01-02");
}
END_TEST

START_TEST(limits_are_those_of_the_running_daemon_else_of_the_unit)
{
	doctor->user.uid = 12345;
	doctor->daemon_pid = 77;
	tree_write(&tree, "proc/77/limits", "Limit                     Soft Limit           Hard Limit           Units     \n"
		   "Max locked memory         unlimited            unlimited            bytes     \n"
		   "Max realtime priority     40                   40                   \n");
	show(SHOWN);
	doctor_check_limits(doctor);
	CHECK_ALONE(DOCTOR_OK, "the running daemon");
	doctor->findings = 0;
	doctor->daemon_pid = 0;
	doctor_check_limits(doctor);
	CHECK_ALONE(DOCTOR_WARN, "no real-time priority, memory may be paged out");
	doctor->findings = 0;
	snprintf(doctor->units.service.memlock, sizeof(doctor->units.service.memlock), "infinity");
	doctor_check_limits(doctor);
	CHECK_ALONE(DOCTOR_WARN, "no real-time priority: under load");
	doctor->findings = 0;
	snprintf(doctor->units.service.rtprio, sizeof(doctor->units.service.rtprio), "40");
	doctor_check_limits(doctor);
	CHECK_ALONE(DOCTOR_OK, "dinmeterd.service");
}
END_TEST

START_TEST(the_unit_runs_or_has_failed_or_is_not_there)
{
	struct doctor_unit *unit = &doctor->units.service;

	show(SHOWN);
	doctor_check_service(doctor);
	CHECK_ALONE(DOCTOR_OK, "dinmeterd.service runs");
	unit->restarts = 3;
	doctor_check_service(doctor);
	CHECK_TOLD(DOCTOR_WARN, "after 3 restarts");
	snprintf(unit->active, sizeof(unit->active), "failed");
	snprintf(unit->result, sizeof(unit->result), "watchdog");
	doctor_check_service(doctor);
	CHECK_TOLD(DOCTOR_FAIL, "has failed (watchdog)");
	snprintf(unit->active, sizeof(unit->active), "inactive");
	snprintf(unit->enabled, sizeof(unit->enabled), "disabled");
	doctor_check_service(doctor);
	CHECK_TOLD(DOCTOR_WARN, "systemctl enable --now dinmeterd.service");
	snprintf(unit->load, sizeof(unit->load), "not-found");
	doctor_check_service(doctor);
	CHECK_TOLD(DOCTOR_WARN, "systemd knows no dinmeterd.service");
	doctor->units.known = false;
	doctor_check_service(doctor);
	CHECK_TOLD(DOCTOR_WARN, "nothing starts the daemon");
}
END_TEST

START_TEST(a_finding_is_one_line_whatever_a_device_is_called)
{
	doctor_say(doctor, DOCTOR_WARN, "x", "%s", "two\nlines\033[31m\x7f");
	ck_assert_str_eq(doctor->finding[0].found, "two?lines?[31m?");
	for (int i = 0; i < 2 * DOCTOR_FINDINGS; i++)
		doctor_say(doctor, DOCTOR_FAIL, "x", "%d", i);
	ck_assert_uint_eq(doctor->findings, DOCTOR_FINDINGS);
}
END_TEST

static Suite *doctor_suite(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tcase = tcase_create("doctor");

	tcase_add_checked_fixture(tcase, make, clean);
	tcase_add_test(tcase, a_port_that_nobody_else_uses_is_good);
	tcase_add_test(tcase, a_port_that_is_missing_or_no_tty_fails);
	tcase_add_test(tcase, a_node_without_a_uart_fails);
	tcase_add_test(tcase, another_process_that_has_the_port_open_is_named);
	tcase_add_test(tcase, the_running_daemon_is_no_rival_of_itself_and_a_second_one_is);
	tcase_add_test(tcase, a_console_of_the_kernel_on_the_port_fails);
	tcase_add_test(tcase, what_systemctl_shows_goes_to_the_unit_that_it_is_of);
	tcase_add_test(tcase, a_getty_on_the_port_fails);
	tcase_add_test(tcase, modem_manager_is_a_rival_of_usb_ports_alone);
	tcase_add_test(tcase, an_adapter_that_holds_bytes_back_is_told);
	tcase_add_test(tcase, rights_follow_owner_group_and_others_in_that_order);
	tcase_add_test(tcase, a_port_that_the_user_may_not_open_fails_with_mode_and_owner);
	tcase_add_test(tcase, a_port_that_a_process_has_locked_is_told_where_its_files_are_not_seen);
	tcase_add_test(tcase, what_an_installed_configuration_names_the_udev_rules_give);
	tcase_add_test(tcase, a_free_line_is_found_by_offset_and_name_on_a_chip_by_name_and_label);
	tcase_add_test(tcase, a_line_that_another_has_fails_with_its_name);
	tcase_add_test(tcase, a_missing_chip_and_a_missing_line_fail);
	tcase_add_test(tcase, a_chip_that_the_user_may_not_open_fails);
	tcase_add_test(tcase, leds_are_there_or_not_and_a_trigger_is_told);
	tcase_add_test(tcase, buttons_are_found_by_name);
	tcase_add_test(tcase, worn_flash_is_told);
	tcase_add_test(tcase, state_files_of_another_user_fail);
	tcase_add_test(tcase, a_state_directory_that_nobody_can_make_fails);
	tcase_add_test(tcase, a_place_in_a_directory_of_the_systems_is_mended_by_one_of_its_own);
	tcase_add_test(tcase, the_control_sockets_directory_is_made_and_none_above_it);
	tcase_add_test(tcase, a_control_group_is_there_and_the_users);
	tcase_add_test(tcase, the_clock_is_set_and_synchronised_or_not);
	tcase_add_test(tcase, limits_are_those_of_the_running_daemon_else_of_the_unit);
	tcase_add_test(tcase, the_unit_runs_or_has_failed_or_is_not_there);
	tcase_add_test(tcase, a_finding_is_one_line_whatever_a_device_is_called);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main_run(doctor_suite());
}
