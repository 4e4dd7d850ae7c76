/*
 * The sysfs interface, /sys/class/gpio: for kernels without the character device.  Its chips are directories gpiochipN with
 * label, base and ngpio; a line is exported by its number, base + offset, and then has a directory of its own.
 *
 * An exported line outlives the program, with its level: the next start takes it over and sets it to safe.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outputs/gpio.h"

#define PATH_ROOM 512

struct sysfs_line {
	struct gpio_line line;
	char root[128], chip[256], label[64];
	char directory[80];	/* of the line: gpioNUMBER or its name */
	int number;		/* base + offset, -1: known by name alone */
	int fd;			/* of its value */
};

static int open_file(const char *root, const char *directory, const char *name, int flags)
{
	char path[PATH_ROOM];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", root, directory, name);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* The first line of an attribute.  0 or -errno. */
static int read_text(const char *root, const char *directory, const char *name, char *text, size_t size)
{
	int fd = open_file(root, directory, name, O_RDONLY), error = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, size - 1);
	if (n < 0)
		error = -errno;
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
	return error;
}

static int write_text(const char *root, const char *directory, const char *name, const char *text)
{
	int fd = open_file(root, directory, name, O_WRONLY | O_TRUNC), error = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int read_number(const char *root, const char *directory, const char *name)
{
	char text[16], *end;
	int error = read_text(root, directory, name, text, sizeof(text));
	long number;

	if (error)
		return error;
	number = strtol(text, &end, 10);
	return end == text || *end || number < 0 || number > 1 << 24 ? -EINVAL : (int)number;
}

static bool is_chip(const char *root, const char *directory, const char *wanted, char *label, size_t size)
{
	const char *base = strrchr(wanted, '/');

	if (strncmp(directory, "gpiochip", 8) || read_text(root, directory, "label", label, size))
		return false;
	return !strcmp(directory, base ? base + 1 : wanted) || (!base && !strcmp(label, wanted));
}

/* The directory of a chip by its name, path or label. */
static int find_chip(struct sysfs_line *line, const char *wanted, char *why)
{
	DIR *root = opendir(line->root);
	struct dirent *entry;
	bool found = false;

	if (!root)
		return gpio_explain(why, errno == ENOENT ? -ENODEV : -errno, "%s: %s", line->root, strerror(errno));
	while (!found && (entry = readdir(root))) {
		found = is_chip(line->root, entry->d_name, wanted, line->label, sizeof(line->label));
		if (found)
			snprintf(line->chip, sizeof(line->chip), "%s", entry->d_name);
	}
	closedir(root);
	return found ? 0 : gpio_explain(why, -ENODEV, "no chip of this name, label or path");
}

static bool exists(const struct sysfs_line *line)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s/value", line->root, line->directory);
	return !access(path, F_OK);
}

static int find_line(struct sysfs_line *line, const char *wanted, char *why)
{
	int offset = contact_line_offset(wanted), base, lines;

	line->number = -1;
	if (offset < 0) {
		snprintf(line->directory, sizeof(line->directory), "%s", wanted);
		if (!strchr(wanted, '/') && *wanted != '.' && exists(line))
			return 0;
		return gpio_explain(why, -ENXIO, "sysfs tells a line's name only when it is exported already; use its offset");
	}
	base = read_number(line->root, line->chip, "base");
	lines = read_number(line->root, line->chip, "ngpio");
	if (base < 0 || lines < 0)
		return gpio_explain(why, base < 0 ? base : lines, "%s has no base or no ngpio", line->chip);
	if (offset >= lines)
		return gpio_explain(why, -ENXIO, "the chip has lines 0 to %d only", lines - 1);
	line->number = base + offset;
	snprintf(line->directory, sizeof(line->directory), "gpio%d", line->number);
	return 0;
}

/* One that is exported already is taken over: what is left of a run that was killed, or was prepared for us. */
static int export_line(const struct sysfs_line *line, char *why)
{
	char number[16];
	int error;

	if (exists(line))
		return 0;
	snprintf(number, sizeof(number), "%d", line->number);
	error = write_text(line->root, ".", "export", number);
	if (error == -EBUSY)
		return gpio_explain(why, error, "the line is in use by another");
	if (error)
		return gpio_explain(why, error, "it cannot be exported: %s", strerror(-error));
	return exists(line) ? 0 : gpio_explain(why, -ENXIO, "it is exported, but there is no %s (the line may have a name)", line->directory);
}

/*
 * "high" and "low" make it an output of that level in one step; they mean the pin, whatever active_low says.  A chip of
 * outputs alone has no direction; there the value says it.
 */
static int take_line(struct sysfs_line *line, const struct gpio_request *request, char *why)
{
	bool low = request->config->active_low, high = request->active != low;
	int error = write_text(line->root, line->directory, "active_low", low ? "1" : "0");

	if (error)
		return gpio_explain(why, error, "active_low: %s", strerror(-error));
	error = write_text(line->root, line->directory, "direction", high ? "high" : "low");
	if (error == -ENOENT)
		error = write_text(line->root, line->directory, "value", request->active ? "1" : "0");
	if (error)
		return gpio_explain(why, error, "it cannot be made an output: %s", strerror(-error));
	line->fd = open_file(line->root, line->directory, "value", O_WRONLY);
	return line->fd < 0 ? gpio_explain(why, line->fd, "value: %s", strerror(-line->fd)) : 0;
}

static void unexport(const struct sysfs_line *line)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", line->number);
	if (line->number >= 0)
		write_text(line->root, ".", "unexport", number);
}

static int sysfs_open(struct gpio_line **out, const struct gpio_request *request, char *why)
{
	struct sysfs_line *line = calloc(1, sizeof(*line));
	int error;

	if (!line)
		return gpio_explain(why, -ENOMEM, "no memory");
	*line = (struct sysfs_line){ .line.ops = &gpio_sysfs_ops, .fd = -1 };
	snprintf(line->root, sizeof(line->root), "%s", request->paths.sysfs);
	error = find_chip(line, request->config->chip, why);
	if (!error)
		error = find_line(line, request->config->line, why);
	/* The directory is the line's alone, whether a number or a name led to it. */
	if (!error)
		error = gpio_claim(&line->line, request, why, "sysfs %s", line->directory);
	if (!error)
		error = export_line(line, why);
	/* One that was just exported may be given to us a moment later, by udev: it stays, for the next attempt. */
	if (!error)
		error = take_line(line, request, why);
	if (error)
		free(line);
	else
		*out = &line->line;
	return error;
}

static int sysfs_set(struct gpio_line *base, bool active)
{
	struct sysfs_line *line = (struct sysfs_line *)base;

	return pwrite(line->fd, active ? "1" : "0", 1, 0) == 1 ? 0 : errno ? -errno : -EIO;
}

static void sysfs_close(struct gpio_line *base)
{
	struct sysfs_line *line = (struct sysfs_line *)base;

	close(line->fd);
	unexport(line);
	free(line);
}

static void sysfs_describe(const struct gpio_line *base, char *text, size_t size)
{
	const struct sysfs_line *line = (const struct sysfs_line *)base;

	snprintf(text, size, "%s (%s) %s in sysfs", line->chip, line->label, line->directory);
}

const struct gpio_ops gpio_sysfs_ops = { sysfs_open, sysfs_set, sysfs_close, sysfs_describe };
