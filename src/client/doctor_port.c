/* The serial port, and who else wants it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client/doctor.h"
#include "modbus/lock.h"
#include "modbus/pty.h"

#define PTS_FIRST 136	/* majors of pseudo-terminals: linux/Documentation/admin-guide/devices.txt */
#define PTS_LAST 143
#define LATENCY_MS 2	/* of a USB adapter: what it may hold bytes back */

static const char part[] = "port";

static void check_link(struct doctor *doctor, const char *link)
{
	struct doctor_place place = { .part = part, .key = "modbus.device", .mode = W_OK | X_OK };
	const char *slash = strrchr(link, '/');
	pid_t holder = lock_link_holder(link);

	snprintf(place.path, sizeof(place.path), "%.*s", slash ? slash == link ? 1 : (int)(slash - link) : 1, slash ? link : ".");
	if (!doctor_check_place(doctor, &place))
		return;
	if (holder > 0 && !doctor_is_ours(doctor, holder)) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: another dinmeterd, process %ld, has its link there", link, (long)holder);
		doctor_mend(doctor, "give each meter its own modbus.device");
	} else if (pty_check_link(link) == -EEXIST) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: is no link to a pseudo-terminal, and is left alone", link);
		doctor_mend(doctor, "ls -l %s shows what it is; move it away, or choose another path for modbus.device", link);
	} else {
		doctor_say(doctor, DOCTOR_OK, part, "a pseudo-terminal with a link at %s%s%s", link, *place.maker ? "; its directory: " : "", place.maker);
	}
}

/* "ttyUSB0", as /sys/class/tty has it; false for what is no tty. */
static bool find_tty(const struct doctor *doctor, const char *path, char *name, size_t size)
{
	char link[DOCTOR_PATH], target[DOCTOR_PATH];
	const char *slash;
	struct stat status;
	ssize_t n;

	if (stat(path, &status) < 0 || !S_ISCHR(status.st_mode))
		return false;
	if (major(status.st_rdev) >= PTS_FIRST && major(status.st_rdev) <= PTS_LAST) {
		snprintf(name, size, "pts/%u", minor(status.st_rdev));
		return true;
	}
	snprintf(link, sizeof(link), "%s/dev/char/%u:%u", doctor->paths.sys, major(status.st_rdev), minor(status.st_rdev));
	n = readlink(link, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	if (!slash || !strstr(target, "/tty/"))
		return false;
	snprintf(name, size, "%s", slash + 1);
	return true;
}

static void check_missing(struct doctor *doctor, const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0)
		doctor_say(doctor, DOCTOR_FAIL, part, "modbus.device: %s is no serial port", path);
	else
		doctor_say(doctor, DOCTOR_FAIL, part, "modbus.device: %s: %s", path, strerror(errno));
	doctor_mend(doctor, "ls -l /dev/serial/by-id /dev/tty[ASUm]* shows the ports that there are");
}

/* An 8250 driver makes nodes for UARTs that are not there. */
static void check_uart(struct doctor *doctor, const char *path, const char *tty)
{
	char type[16];

	if (doctor_read(type, sizeof(type), "%s/class/tty/%s/type", doctor->paths.sys, tty) && !strcmp(type, "0")) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: the kernel has found no UART behind it", path);
		doctor_mend(doctor, "dmesg | grep tty shows the ports that there are");
	}
}

static void check_adapter(struct doctor *doctor, const char *path, const char *tty)
{
	char latency[16];
	long latency_ms;

	if (doctor_read(latency, sizeof(latency), "%s/class/tty/%s/device/latency_timer", doctor->paths.sys, tty)) {
		latency_ms = strtol(latency, NULL, 10);
		if (latency_ms > LATENCY_MS) {
			doctor_say(doctor, DOCTOR_WARN, part, "%s: the adapter holds bytes back for %ld ms, which delays each reply", path, latency_ms);
			doctor_mend(doctor, "echo 1 > %s/class/tty/%s/device/latency_timer, and a udev rule for it", doctor->paths.sys, tty);
		}
	}
	if (!strncmp(path, "/dev/ttyUSB", 11) || !strncmp(path, "/dev/ttyACM", 11)) {
		doctor_say(doctor, DOCTOR_WARN, part, "%s: numbers of USB adapters change when they are plugged in anew", path);
		doctor_mend(doctor, "modbus.device: its name in /dev/serial/by-id");
	}
}

static void check_holders(struct doctor *doctor, const char *path)
{
	struct doctor_holder rival;

	if (!doctor_find_rival(doctor, path, &rival)) {
		/* Other users' open files only root sees, locks everybody. */
		rival.pid = lock_holder(path);
		if (rival.pid <= 0 || doctor_is_ours(doctor, rival.pid))
			return;
		lock_holder_name(rival.pid, rival.name, sizeof(rival.name));
	}
	doctor_say(doctor, DOCTOR_FAIL, part, "%s: process %ld (%s) has it open", path, (long)rival.pid, rival.name);
	doctor_mend(doctor, "systemctl status %ld shows whose it is; stop that", (long)rival.pid);
}

static void check_unit(struct doctor *doctor, const char *path, const struct doctor_unit *unit)
{
	bool active = doctor_unit_is_active(unit), enabled = doctor_unit_is_enabled(unit);

	if (!*unit->name || (!active && !enabled))
		return;
	doctor_say(doctor, active ? DOCTOR_FAIL : DOCTOR_WARN, part, "%s: %s %s: it reads and writes the bus", path, unit->name,
		   active ? "is running" : "is enabled");
	doctor_mend(doctor, "systemctl disable --now %s", unit->name);
	/* A console's getty comes from a generator, which makes it anew at each boot. */
	if (!strncmp(unit->name, "serial-getty", 12) && strcmp(unit->enabled, "enabled") != 0)
		doctor_mend(doctor, "systemctl mask --now %s", unit->name);
}

/* Is the word, up to a blank or comma, in the list that `before` (NULL: nothing) goes before? */
static bool is_listed(const char *list, const char *before, const char *word)
{
	size_t length = strlen(word), skip = before ? strlen(before) : 0;

	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n >= skip + length && (!before || !strncmp(at, before, skip)) && !strncmp(at + skip, word, length) &&
		    (n == skip + length || at[skip + length] == ','))
			return true;
		at += n;
	}
	return false;
}

static void check_console(struct doctor *doctor, const char *path, const char *tty)
{
	char line[4096], active[256];
	bool asked = doctor_read(line, sizeof(line), "%s/cmdline", doctor->paths.proc) && is_listed(line, "console=", tty);

	doctor_read(active, sizeof(active), "%s/class/tty/console/active", doctor->paths.sys);
	if (!asked && !is_listed(active, NULL, tty))
		return;
	doctor_say(doctor, DOCTOR_FAIL, part, "%s: a console of the kernel, whose messages go onto the bus", path);
	doctor_mend(doctor, "remove console=%s from the kernel's command line (boot loader), then reboot", tty);
}

static void check_modem_manager(struct doctor *doctor, const char *path, const char *tty)
{
	if (!doctor_unit_is_active(&doctor->units.modem_manager) || (strncmp(tty, "ttyUSB", 6) != 0 && strncmp(tty, "ttyACM", 6) != 0))
		return;
	doctor_say(doctor, DOCTOR_WARN, part, "%s: ModemManager is running, which tries USB ports for modems", path);
	doctor_mend(doctor, "systemctl disable --now ModemManager.service, or a udev rule with ENV{ID_MM_DEVICE_IGNORE}=\"1\"");
}

static void check_tty(struct doctor *doctor, const char *path)
{
	unsigned before = doctor->findings;
	char tty[64] = "";
	int error;

	if (!find_tty(doctor, path, tty, sizeof(tty))) {
		check_missing(doctor, path);
		return;
	}
	error = doctor_access(&doctor->user, path, R_OK | W_OK);
	if (error)
		doctor_say_denied(doctor, part, path, R_OK | W_OK, error, NULL);
	check_uart(doctor, path, tty);
	check_holders(doctor, path);
	check_unit(doctor, path, &doctor->units.getty);
	check_unit(doctor, path, &doctor->units.serial_getty);
	check_modem_manager(doctor, path, tty);
	check_console(doctor, path, tty);
	check_adapter(doctor, path, tty);
	if (doctor->findings == before)
		doctor_say(doctor, DOCTOR_OK, part, "%s: %s may use it, nobody else does", path, doctor->user.name);
}

void doctor_check_port(struct doctor *doctor)
{
	const char *device = doctor->config.modbus.device, *link = modbus_device_link(device);

	if (link)
		check_link(doctor, link);
	else
		check_tty(doctor, device);
}
