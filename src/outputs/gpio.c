#include "outputs/gpio.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gpio_explain(char *why, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, GPIO_WHY, format, arguments);
	va_end(arguments);
	return error;
}

static bool is_device(const char *name)
{
	return !strncmp(name, "gpiochip", 8);
}

/* A chip that may not be opened is passed over. */
static void *open_by_label(const char *dev, const char *label, const struct gpio_chip_calls *calls)
{
	DIR *directory = opendir(dev);
	struct dirent *entry;
	void *chip = NULL;

	while (directory && !chip && (entry = readdir(directory))) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", dev, entry->d_name);
		chip = is_device(entry->d_name) ? calls->open(path) : NULL;
		if (chip && !calls->has_label(chip, label)) {
			calls->close(chip);
			chip = NULL;
		}
	}
	if (directory)
		closedir(directory);
	errno = ENOENT;
	return chip;
}

/* No such file, no such device, or one that is no GPIO chip. */
static bool is_absent(int error)
{
	return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTTY;
}

static void *open_chip(const char *dev, const char *name, const struct gpio_chip_calls *calls)
{
	char path[512];
	void *chip = NULL;

	errno = ENOENT;
	if (*name == '/')
		return calls->open(name);
	if (!strchr(name, '/')) {
		snprintf(path, sizeof(path), "%s/%s", dev, name);
		chip = calls->open(path);
	}
	return chip || !is_absent(errno) ? chip : open_by_label(dev, name, calls);
}

int gpio_find_chip(void **chip, const struct gpio_request *request, const struct gpio_chip_calls *calls, char *why)
{
	*chip = open_chip(request->paths.dev, request->config->chip, calls);
	if (*chip)
		return 0;
	if (is_absent(errno))
		return gpio_explain(why, -ENODEV, "no chip of this name, label or path");
	return gpio_explain(why, errno ? -errno : -EIO, "the chip cannot be opened: %s", strerror(errno));
}

int gpio_claim(struct gpio_line *line, const struct gpio_request *request, char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line->identity, sizeof(line->identity), format, arguments);
	va_end(arguments);
	for (int c = 0; request->held && c < CONTACTS; c++)
		if (c != (int)request->contact && !strcmp(request->held[c].identity, line->identity))
			return gpio_explain(why, -EBUSY, "it is the line of the %s", request->held[c].contact);
	return 0;
}

/* Has this system character devices for GPIO chips at all? */
static bool has_devices(const char *dev)
{
	DIR *directory = opendir(dev);
	struct dirent *entry;
	bool found = false;

	if (!directory)
		return false;
	while (!found && (entry = readdir(directory)))
		found = is_device(entry->d_name);
	closedir(directory);
	return found;
}

int gpio_open(struct gpio_line **line, const struct gpio_request *request, char *why)
{
	const char *chip = request->config->chip;
	char why_not[GPIO_WHY];
	int error, second;

	if (!strcmp(chip, "sim"))
		return gpio_sim_ops.open(line, request, why);
	if (!strncmp(chip, "/sys/", 5))
		return gpio_sysfs_ops.open(line, request, why);
	error = gpio_chip_ops.open(line, request, why);
	/*
	 * sysfs calls a chip after its first GPIO's number, the character device after the order of appearance: where both
	 * are, the same gpiochipN is two chips, and the wrong one may switch anything.
	 */
	if (error != -ENODEV || (is_device(chip) && has_devices(request->paths.dev)))
		return error;
	second = gpio_sysfs_ops.open(line, request, why_not);
	if (second == -ENODEV)
		return error;
	if (second)
		memcpy(why, why_not, sizeof(why_not));
	return second;
}
