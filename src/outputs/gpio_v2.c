/* The character device by libgpiod 2. */
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/gpio.h"

struct v2_line {
	struct gpio_line line;
	struct gpiod_line_request *request;
	unsigned offset;
	char name[sizeof(((struct contact_status *)0)->name)];
};

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
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	bool has = info && !strcmp(gpiod_chip_info_get_label(info), label);

	gpiod_chip_info_free(info);
	return has;
}

static int find_line(struct v2_line *line, struct gpiod_chip *chip, struct gpiod_chip_info *info, const char *name, char *why)
{
	int offset = contact_line_offset(name), lines = (int)gpiod_chip_info_get_num_lines(info);

	errno = 0;
	if (offset >= lines)
		return gpio_explain(why, -ENXIO, "the chip has lines 0 to %d only", lines - 1);
	if (offset < 0) {
		offset = gpiod_chip_get_line_offset_from_name(chip, name);
		if (offset < 0 && (!errno || errno == ENOENT))
			return gpio_explain(why, -ENXIO, "the chip has no line of this name");
		if (offset < 0)
			return gpio_explain(why, last_error(), "the line cannot be had: %s", strerror(-last_error()));
	}
	line->offset = (unsigned)offset;
	return 0;
}

static enum gpiod_line_bias bias_of(char bias)
{
	switch (bias) {
	case 'd': return GPIOD_LINE_BIAS_DISABLED;
	case 'u': return GPIOD_LINE_BIAS_PULL_UP;
	case 'n': return GPIOD_LINE_BIAS_PULL_DOWN;
	default: return GPIOD_LINE_BIAS_AS_IS;
	}
}

static enum gpiod_line_drive drive_of(char drive)
{
	switch (drive) {
	case 'd': return GPIOD_LINE_DRIVE_OPEN_DRAIN;
	case 's': return GPIOD_LINE_DRIVE_OPEN_SOURCE;
	default: return GPIOD_LINE_DRIVE_PUSH_PULL;
	}
}

/* 0, or -1 with errno. */
static int fill_settings(struct gpiod_line_settings *settings, const struct gpio_request *request)
{
	gpiod_line_settings_set_active_low(settings, request->config->active_low);
	if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) ||
	    gpiod_line_settings_set_output_value(settings, request->active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE) ||
	    gpiod_line_settings_set_bias(settings, bias_of(request->config->bias)))
		return -1;
	return gpiod_line_settings_set_drive(settings, drive_of(request->config->drive));
}

static struct gpiod_line_request *request_line(struct gpiod_chip *chip, unsigned offset, const struct gpio_request *request)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *lines = gpiod_line_config_new();
	struct gpiod_request_config *config = gpiod_request_config_new();
	struct gpiod_line_request *taken = NULL;
	int error;

	if (settings && lines && config && !fill_settings(settings, request) &&
	    !gpiod_line_config_add_line_settings(lines, &offset, 1, settings)) {
		gpiod_request_config_set_consumer(config, GPIO_CONSUMER);
		taken = gpiod_chip_request_lines(chip, config, lines);
	}
	error = errno;
	gpiod_request_config_free(config);
	gpiod_line_config_free(lines);
	gpiod_line_settings_free(settings);
	errno = error;
	return taken;
}

/* Says who has it. */
static int refuse(struct gpiod_chip *chip, unsigned offset, int error, char *why)
{
	struct gpiod_line_info *info = error == -EBUSY ? gpiod_chip_get_line_info(chip, offset) : NULL;
	const char *user = info ? gpiod_line_info_get_consumer(info) : NULL;

	if (error == -EBUSY)
		gpio_explain(why, error, "the line is in use by %s", user ? user : "another");
	else
		gpio_explain(why, error, "the line cannot be taken as an output with this bias and drive: %s", strerror(-error));
	gpiod_line_info_free(info);
	return error;
}

static void name_line(struct v2_line *line, struct gpiod_chip *chip, struct gpiod_chip_info *chip_info)
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, line->offset);
	const char *name = info ? gpiod_line_info_get_name(info) : NULL;

	snprintf(line->name, sizeof(line->name), "%s (%s) line %u%s%s%s", gpiod_chip_info_get_name(chip_info),
		 gpiod_chip_info_get_label(chip_info), line->offset, name ? " (" : "", name ? name : "", name ? ")" : "");
	gpiod_line_info_free(info);
}

static int take_line(struct v2_line *line, struct gpiod_chip *chip, const struct gpio_request *request, char *why)
{
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	int error;

	if (!info)
		return gpio_explain(why, last_error(), "the chip tells nothing of itself: %s", strerror(-last_error()));
	error = find_line(line, chip, info, request->config->line, why);
	if (!error)
		error = gpio_claim(&line->line, request, why, "%s %u", gpiod_chip_info_get_name(info), line->offset);
	if (!error) {
		errno = 0;
		line->request = request_line(chip, line->offset, request);
		error = line->request ? 0 : refuse(chip, line->offset, last_error(), why);
	}
	if (!error)
		name_line(line, chip, info);
	gpiod_chip_info_free(info);
	return error;
}

static int v2_open(struct gpio_line **out, const struct gpio_request *request, char *why)
{
	static const struct gpio_chip_calls calls = { chip_open, chip_close, chip_has_label };
	struct v2_line *line = calloc(1, sizeof(*line));
	void *chip;
	int error;

	if (!line)
		return gpio_explain(why, -ENOMEM, "no memory");
	line->line.ops = &gpio_chip_ops;
	error = gpio_find_chip(&chip, request, &calls, why);
	if (!error) {
		error = take_line(line, chip, request, why);
		/* A request stands without its chip. */
		gpiod_chip_close(chip);
	}
	if (error)
		free(line);
	else
		*out = &line->line;
	return error;
}

static int v2_set(struct gpio_line *base, bool active)
{
	struct v2_line *line = (struct v2_line *)base;
	enum gpiod_line_value value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

	errno = 0;
	return gpiod_line_request_set_value(line->request, line->offset, value) ? last_error() : 0;
}

static void v2_close(struct gpio_line *base)
{
	struct v2_line *line = (struct v2_line *)base;

	gpiod_line_request_release(line->request);
	free(line);
}

static void v2_describe(const struct gpio_line *base, char *text, size_t size)
{
	snprintf(text, size, "%s", ((const struct v2_line *)base)->name);
}

const struct gpio_ops gpio_chip_ops = { v2_open, v2_set, v2_close, v2_describe };
