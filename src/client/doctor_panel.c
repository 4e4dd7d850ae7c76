/* The panel's display and buttons. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/doctor.h"
#include "panel/buttons_find.h"

static void check_rival(struct doctor *doctor, const char *part, const char *path)
{
	struct doctor_holder rival;

	if (!doctor_find_rival(doctor, path, &rival))
		return;
	doctor_say(doctor, DOCTOR_WARN, part, "%s: process %ld (%s) has it open too", path, (long)rival.pid, rival.name);
	doctor_mend(doctor, "systemctl status %ld shows whose it is", (long)rival.pid);
}

static void check_display(struct doctor *doctor, const char *path)
{
	static const char part[] = "display";
	unsigned before = doctor->findings;
	struct stat status;
	int error;

	if (stat(path, &status) < 0) {
		doctor_say(doctor, DOCTOR_FAIL, part, "panel.display: %s: %s", path, strerror(errno));
		doctor_mend(doctor, "load its driver (modprobe hd44780 or panel), or panel.display in %s", doctor->file);
		return;
	}
	if (!S_ISCHR(status.st_mode)) {
		doctor_say(doctor, DOCTOR_FAIL, part, "panel.display: %s is no device", path);
		doctor_mend(doctor, "panel.display in %s", doctor->file);
		return;
	}
	error = doctor_access(&doctor->user, path, W_OK);
	if (error)
		doctor_say_denied(doctor, part, path, W_OK, error, NULL);
	check_rival(doctor, part, path);
	if (doctor->findings == before)
		doctor_say(doctor, DOCTOR_OK, part, "%s", path);
}

static void check_button_device(struct doctor *doctor, const char *path)
{
	static const char part[] = "buttons";
	unsigned before = doctor->findings;
	int error = doctor_access(&doctor->user, path, R_OK);

	if (error == -ENOENT) {
		doctor_say(doctor, DOCTOR_FAIL, part, "panel.buttons: %s: %s", path, strerror(-error));
		doctor_mend(doctor, "grep -E 'Name|Handlers' /proc/bus/input/devices lists them; then panel.buttons in %s", doctor->file);
	} else if (error) {
		doctor_say_denied(doctor, part, path, R_OK, error, NULL);
	}
	check_rival(doctor, part, path);
	if (doctor->findings == before)
		doctor_say(doctor, DOCTOR_OK, part, "%s", path);
}

static void check_buttons(struct doctor *doctor, const char *device)
{
	char path[8][BUTTONS_PATH_MAX];
	int n;

	if (*device == '/') {
		check_button_device(doctor, device);
		return;
	}
	n = buttons_find(&doctor->paths.buttons, device, path, 8);
	if (n <= 0) {
		doctor_say(doctor, DOCTOR_FAIL, "buttons", "panel.buttons: there is no input device \"%s\"", device);
		doctor_mend(doctor, "grep Name /proc/bus/input/devices lists them; then panel.buttons in %s", doctor->file);
	}
	for (int i = 0; i < n; i++)
		check_button_device(doctor, path[i]);
}

void doctor_check_panel(struct doctor *doctor)
{
	const struct config *config = &doctor->config;

	if (*config->display.device)
		check_display(doctor, config->display.device);
	if (*config->buttons.device)
		check_buttons(doctor, config->buttons.device);
	if (!*config->display.device && !*config->buttons.device)
		doctor_say(doctor, DOCTOR_OK, "panel", "no display and no buttons configured");
}
