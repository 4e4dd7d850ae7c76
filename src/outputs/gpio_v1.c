/* The character device by libgpiod 1.6. */
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/gpio.h"

struct v1_line {
	struct gpio_line line;
	struct gpiod_chip *chip;
	struct gpiod_line *handle;	/* the chip's */
};

/* The library's calls leave errno; a call that leaves none is a failure all the same. */
static int last_error(void)
{
	return errno ? -errno : -EIO;
}

static void *chip_open(const char *path)
{
	return gpiod_chip_open(path);
}

static void chip_close(void *chip)
{
	gpiod_chip_close(chip);
}

static bool chip_has_label(void *chip, const char *label)
{
	return !strcmp(gpiod_chip_label(chip), label);
}

static int find_line(struct v1_line *line, const char *name, char *why)
{
	int offset = contact_line_offset(name);
	unsigned lines = gpiod_chip_num_lines(line->chip);

	errno = 0;
	if (offset >= 0 && (unsigned)offset >= lines)
		return gpio_explain(why, -ENXIO, "the chip has lines 0 to %d only", (int)lines - 1);
	line->handle = offset >= 0 ? gpiod_chip_get_line(line->chip, (unsigned)offset) : gpiod_chip_find_line(line->chip, name);
	if (line->handle)
		return 0;
	if (offset < 0 && (!errno || errno == ENOENT))
		return gpio_explain(why, -ENXIO, "the chip has no line of this name");
	return gpio_explain(why, last_error(), "the line cannot be had: %s", strerror(-last_error()));
}

static int flags_of(const struct contact_config *config)
{
	int flags = config->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;

	switch (config->bias) {
	case 'd': flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE; break;
	case 'u': flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP; break;
	case 'n': flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN; break;
	}
	switch (config->drive) {
	case 'd': flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN; break;
	case 's': flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE; break;
	}
	return flags;
}

static int take_line(struct v1_line *line, const struct gpio_request *request, char *why)
{
	struct gpiod_line_request_config config = {
		.consumer = GPIO_CONSUMER, .request_type = GPIOD_LINE_REQUEST_DIRECTION_OUTPUT, .flags = flags_of(request->config),
	};
	const char *user;
	int error;

	errno = 0;
	if (!gpiod_line_request(line->handle, &config, request->active))
		return 0;
	error = last_error();
	user = gpiod_line_consumer(line->handle);
	if (error == -EBUSY)
		return gpio_explain(why, error, "the line is in use by %s", user ? user : "another");
	return gpio_explain(why, error, "the line cannot be taken as an output with this bias and drive: %s", strerror(-error));
}

static int v1_open(struct gpio_line **out, const struct gpio_request *request, char *why)
{
	static const struct gpio_chip_calls calls = { chip_open, chip_close, chip_has_label };
	struct v1_line *line = calloc(1, sizeof(*line));
	void *chip;
	int error;

	if (!line)
		return gpio_explain(why, -ENOMEM, "no memory");
	line->line.ops = &gpio_chip_ops;
	error = gpio_find_chip(&chip, request, &calls, why);
	if (error)
		goto free_line;
	line->chip = chip;
	error = find_line(line, request->config->line, why);
	if (!error)
		error = gpio_claim(&line->line, request, why, "%s %u", gpiod_chip_name(line->chip), gpiod_line_offset(line->handle));
	if (!error)
		error = take_line(line, request, why);
	if (error)
		goto close_chip;
	*out = &line->line;
	return 0;
close_chip:
	gpiod_chip_close(line->chip);
free_line:
	free(line);
	return error;
}

static int v1_set(struct gpio_line *base, bool active)
{
	struct v1_line *line = (struct v1_line *)base;

	errno = 0;
	return gpiod_line_set_value(line->handle, active) ? last_error() : 0;
}

static void v1_close(struct gpio_line *base)
{
	struct v1_line *line = (struct v1_line *)base;

	gpiod_line_release(line->handle);
	gpiod_chip_close(line->chip);
	free(line);
}

static void v1_describe(const struct gpio_line *base, char *text, size_t size)
{
	const struct v1_line *line = (const struct v1_line *)base;
	const char *name = gpiod_line_name(line->handle);

	snprintf(text, size, "%s (%s) line %u%s%s%s", gpiod_chip_name(line->chip), gpiod_chip_label(line->chip),
		 gpiod_line_offset(line->handle), name ? " (" : "", name ? name : "", name ? ")" : "");
}

const struct gpio_ops gpio_chip_ops = { v1_open, v1_set, v1_close, v1_describe };
