#include "outputs/gpio.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gpio_line_offset(const char *line)
{
	size_t digits = strspn(line, "0123456789");
	long offset;

	if (!*line || !strcmp(line, "-1"))
		return GPIO_NONE;
	if (line[digits] || digits > 5 || (*line == '0' && digits > 1))
		return GPIO_NAME;
	offset = strtol(line, NULL, 10);
	return offset <= 65535 ? (int)offset : GPIO_NAME;
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
		found = !strncmp(entry->d_name, "gpiochip", 8);
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
	if (error != -ENODEV || (!strncmp(chip, "gpiochip", 8) && has_devices(request->paths.dev)))
		return error;
	second = gpio_sysfs_ops.open(line, request, why_not);
	if (second == -ENODEV)
		return error;
	if (second)
		memcpy(why, why_not, sizeof(why_not));
	return second;
}
