/* GPIO lines and LEDs: there, allowed, free?  Asked of the kernel, without taking a line. */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/doctor.h"

static const char *const contact_names[CONTACTS] = {
	[CONTACT_ENERGY] = "energy", [CONTACT_ALARM] = "alarm", [CONTACT_REACTIVE] = "reactive",
};
static const char *const led_names[LEDS] = {
	[LED_ALARM] = "alarm", [LED_ENERGY] = "energy", [LED_TX] = "tx", [LED_RX] = "rx", [LED_ERROR] = "error",
};
static const char contacts[] = "contacts", leds[] = "leds";

/* A chip for gpio_find_chip(). */
struct chip {
	int fd;
	struct gpiochip_info info;
};

static void *chip_open(const char *path)
{
	struct chip *chip = calloc(1, sizeof(*chip));
	int error;

	if (!chip)
		return NULL;
	chip->fd = open(path, O_RDWR | O_CLOEXEC);
	if (chip->fd >= 0 && ioctl(chip->fd, GPIO_GET_CHIPINFO_IOCTL, &chip->info) == 0)
		return chip;
	error = errno;
	if (chip->fd >= 0)
		close(chip->fd);
	free(chip);
	errno = error;
	return NULL;
}

static void chip_close(void *opaque)
{
	struct chip *chip = opaque;

	close(chip->fd);
	free(chip);
}

static bool chip_has_label(void *opaque, const char *label)
{
	const struct chip *chip = opaque;

	return !strcmp(chip->info.label, label);
}

static int get_line(const struct chip *chip, unsigned offset, struct gpio_v2_line_info *info)
{
	memset(info, 0, sizeof(*info));
	info->offset = offset;
	return ioctl(chip->fd, GPIO_V2_GET_LINEINFO_IOCTL, info) < 0 ? -errno : 0;
}

/* By offset or name.  0 or -errno; -ENXIO: the chip has no such line. */
static int find_line(const struct chip *chip, const char *line, struct gpio_v2_line_info *info)
{
	int offset = contact_line_offset(line);

	if (offset >= 0)
		return (unsigned)offset < chip->info.lines ? get_line(chip, (unsigned)offset, info) : -ENXIO;
	for (unsigned i = 0; i < chip->info.lines; i++)
		if (get_line(chip, i, info) == 0 && !strcmp(info->name, line))
			return 0;
	return -ENXIO;
}

static void judge_line(struct doctor *doctor, const char *name, const struct contact_config *config, const struct chip *chip)
{
	struct gpio_v2_line_info info;
	int error = find_line(chip, config->line, &info);

	if (error == -ENXIO) {
		doctor_say(doctor, DOCTOR_FAIL, contacts, "%s: %s (%s) has %u lines, none of them is %s", name, chip->info.name, chip->info.label,
			   chip->info.lines, config->line);
		doctor_mend(doctor, "gpioinfo %s lists them; then outputs.%s.line", chip->info.name, name);
	} else if (error) {
		doctor_say(doctor, DOCTOR_WARN, contacts, "%s: %s line %s: whether it is free is not told: %s", name, chip->info.name, config->line,
			   strerror(-error));
	} else if (!(info.flags & GPIO_V2_LINE_FLAG_USED)) {
		doctor_say(doctor, DOCTOR_OK, contacts, "%s: %s (%s) line %u is free", name, chip->info.name, chip->info.label, info.offset);
	} else if (!strcmp(info.consumer, GPIO_CONSUMER)) {
		doctor_say(doctor, DOCTOR_OK, contacts, "%s: %s (%s) line %u is dinmeterd's", name, chip->info.name, chip->info.label, info.offset);
	} else {
		doctor_say(doctor, DOCTOR_FAIL, contacts, "%s: %s (%s) line %u is in use by \"%s\"", name, chip->info.name, chip->info.label,
			   info.offset, info.consumer);
		doctor_mend(doctor, "end that, or another line: gpioinfo %s; then outputs.%s.line", chip->info.name, name);
	}
}

static void check_access(struct doctor *doctor, const struct gpio_request *request, const struct chip *chip)
{
	char path[DOCTOR_PATH];
	int error;

	if (*request->config->chip == '/')
		snprintf(path, sizeof(path), "%s", request->config->chip);
	else
		snprintf(path, sizeof(path), "%s/%s", request->paths.dev, chip->info.name);
	error = doctor_access(&doctor->user, path, R_OK | W_OK);
	if (error)
		doctor_say_denied(doctor, contacts, path, R_OK | W_OK, error, NULL);
}

static void check_contact(struct doctor *doctor, const char *name, const struct contact_config *config)
{
	static const struct gpio_chip_calls calls = { chip_open, chip_close, chip_has_label };
	struct gpio_request request = { .config = config, .paths = doctor->paths.gpio };
	char why[GPIO_WHY] = "";
	void *chip;
	int error;

	if (!strcmp(config->chip, "sim")) {
		doctor_say(doctor, DOCTOR_OK, contacts, "%s: simulated", name);
		return;
	}
	if (!strncmp(config->chip, "/sys/", 5)) {
		error = doctor_access(&doctor->user, config->chip, R_OK | X_OK);
		doctor_say(doctor, error ? DOCTOR_FAIL : DOCTOR_WARN, contacts, "%s: %s: %s", name, config->chip,
			   error ? strerror(-error) : "sysfs leaves the pin as it is when the daemon dies");
		doctor_mend(doctor, "gpiodetect lists the chips with a device of their own; then outputs.%s.chip in %s", name, doctor->file);
		return;
	}
	error = gpio_find_chip(&chip, &request, &calls, why);
	if (error) {
		doctor_say(doctor, DOCTOR_FAIL, contacts, "%s: chip \"%s\": %s", name, config->chip, why);
		if (error == -ENODEV)
			doctor_mend(doctor, "gpiodetect lists the chips; then outputs.%s.chip, or the chip's driver or device tree", name);
		else
			doctor_mend(doctor, "udevadm control --reload && udevadm trigger --subsystem-match=gpio; or look as root");
		return;
	}
	check_access(doctor, &request, chip);
	judge_line(doctor, name, config, chip);
	chip_close(chip);
}

static bool is_configured(const struct contact_config *config)
{
	return *config->chip && (!strcmp(config->chip, "sim") || contact_line_offset(config->line) != CONTACT_NO_LINE);
}

void doctor_check_contacts(struct doctor *doctor)
{
	bool any = false;

	for (int c = 0; c < CONTACTS; c++)
		if (is_configured(&doctor->config.outputs.contact[c])) {
			check_contact(doctor, contact_names[c], &doctor->config.outputs.contact[c]);
			any = true;
		}
	if (!any)
		doctor_say(doctor, DOCTOR_OK, contacts, "none configured");
}

/* A trigger that may not be taken away goes on driving the LED. */
static bool is_driven(const struct doctor *doctor, const char *name)
{
	char path[DOCTOR_PATH], now[4096];

	snprintf(path, sizeof(path), "%s/%s/trigger", doctor->paths.leds, name);
	return doctor_read(now, sizeof(now), "%s", path) && !strstr(now, "[none]") && doctor_access(&doctor->user, path, W_OK);
}

static void check_led(struct doctor *doctor, const char *use, const char *name)
{
	static const char mend[] = "udevadm control --reload && udevadm trigger --subsystem-match=leds";
	char path[DOCTOR_PATH];
	int error;

	snprintf(path, sizeof(path), "%s/%s/brightness", doctor->paths.leds, name);
	error = doctor_access(&doctor->user, path, W_OK);
	if (error == -ENOENT) {
		doctor_say(doctor, DOCTOR_FAIL, leds, "%s: there is no LED %s", use, name);
		doctor_mend(doctor, "ls %s lists them; then outputs.leds.%s", doctor->paths.leds, use);
	} else if (error) {
		doctor_say_denied(doctor, leds, path, W_OK, error, mend);
	} else if (is_driven(doctor, name)) {
		doctor_say(doctor, DOCTOR_WARN, leds, "%s: %s has a trigger of the kernel, which %s may not take away", use, name, doctor->user.name);
		doctor_mend(doctor, "echo none > %s/%s/trigger", doctor->paths.leds, name);
	} else {
		doctor_say(doctor, DOCTOR_OK, leds, "%s: %s", use, name);
	}
}

void doctor_check_leds(struct doctor *doctor)
{
	bool any = false;

	for (int i = 0; i < LEDS; i++)
		if (*doctor->config.outputs.led[i]) {
			check_led(doctor, led_names[i], doctor->config.outputs.led[i]);
			any = true;
		}
	if (!any)
		doctor_say(doctor, DOCTOR_OK, leds, "none configured");
}
