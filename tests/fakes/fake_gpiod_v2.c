/* libgpiod 2 over fake_gpio; what it lacks does not link. */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_gpio.h"

struct gpiod_chip { unsigned chip; };
struct gpiod_chip_info { unsigned chip; };
struct gpiod_line_info { unsigned chip, offset; };
struct gpiod_line_settings { bool output, active; struct fake_terms terms; };
struct gpiod_line_config { unsigned offset, n; struct gpiod_line_settings settings; };
struct gpiod_request_config { char consumer[32]; };
struct gpiod_line_request { unsigned chip, offset; };

/* An object of the library, counted; NULL with errno when it is this call's turn to fail. */
static void *new_object(size_t size)
{
	void *object = fake_gpio_may_fail() ? NULL : calloc(1, size);

	if (object)
		fake_gpio_count(1);
	return object;
}

static void free_object(void *object)
{
	if (object)
		fake_gpio_count(-1);
	free(object);
}

struct gpiod_chip *gpiod_chip_open(const char *path)
{
	int number = fake_gpio_open(path);
	struct gpiod_chip *chip = number < 0 ? NULL : calloc(1, sizeof(*chip));

	if (chip)
		chip->chip = (unsigned)number;
	return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
	fake_gpio_close();
	free(chip);
}

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip)
{
	struct gpiod_chip_info *info = new_object(sizeof(*info));

	if (info)
		info->chip = chip->chip;
	return info;
}

struct gpiod_line_info *gpiod_chip_get_line_info(struct gpiod_chip *chip, unsigned int offset)
{
	struct gpiod_line_info *info = new_object(sizeof(*info));

	if (info)
		*info = (struct gpiod_line_info){ chip->chip, offset };
	return info;
}

int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name)
{
	if (fake_gpio_may_fail())
		return -1;
	for (unsigned l = 0; l < FAKE_LINES; l++)
		if (!strcmp(fake_gpio_line_name(chip->chip, l), name))
			return (int)l;
	errno = ENOENT;
	return -1;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info)
{
	free_object(info);
}

const char *gpiod_chip_info_get_name(struct gpiod_chip_info *info)
{
	return fake_gpio_name(info->chip);
}

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info)
{
	return fake_gpio_label(info->chip);
}

size_t gpiod_chip_info_get_num_lines(struct gpiod_chip_info *info)
{
	(void)info;
	return FAKE_LINES;
}

void gpiod_line_info_free(struct gpiod_line_info *info)
{
	free_object(info);
}

const char *gpiod_line_info_get_name(struct gpiod_line_info *info)
{
	return fake_gpio_line_name(info->chip, info->offset);
}

const char *gpiod_line_info_get_consumer(struct gpiod_line_info *info)
{
	return fake_gpio_user(info->chip, info->offset);
}

struct gpiod_line_settings *gpiod_line_settings_new(void)
{
	struct gpiod_line_settings *settings = new_object(sizeof(*settings));

	if (settings)
		settings->terms = (struct fake_terms){ .bias = '=', .drive = 'p' };
	return settings;
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings)
{
	free_object(settings);
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings, enum gpiod_line_direction direction)
{
	if (fake_gpio_may_fail())
		return -1;
	settings->output = direction == GPIOD_LINE_DIRECTION_OUTPUT;
	return 0;
}

int gpiod_line_settings_set_bias(struct gpiod_line_settings *settings, enum gpiod_line_bias bias)
{
	if (fake_gpio_may_fail())
		return -1;
	switch (bias) {
	case GPIOD_LINE_BIAS_AS_IS: settings->terms.bias = '='; return 0;
	case GPIOD_LINE_BIAS_DISABLED: settings->terms.bias = 'd'; return 0;
	case GPIOD_LINE_BIAS_PULL_UP: settings->terms.bias = 'u'; return 0;
	case GPIOD_LINE_BIAS_PULL_DOWN: settings->terms.bias = 'n'; return 0;
	default: errno = EINVAL; return -1;
	}
}

int gpiod_line_settings_set_drive(struct gpiod_line_settings *settings, enum gpiod_line_drive drive)
{
	if (fake_gpio_may_fail())
		return -1;
	settings->terms.drive = drive == GPIOD_LINE_DRIVE_OPEN_DRAIN ? 'd' : drive == GPIOD_LINE_DRIVE_OPEN_SOURCE ? 's' : 'p';
	return 0;
}

void gpiod_line_settings_set_active_low(struct gpiod_line_settings *settings, bool active_low)
{
	settings->terms.active_low = active_low;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings, enum gpiod_line_value value)
{
	if (fake_gpio_may_fail())
		return -1;
	settings->active = value == GPIOD_LINE_VALUE_ACTIVE;
	return 0;
}

struct gpiod_line_config *gpiod_line_config_new(void)
{
	return new_object(sizeof(struct gpiod_line_config));
}

void gpiod_line_config_free(struct gpiod_line_config *config)
{
	free_object(config);
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config, const unsigned int *offsets, size_t num_offsets,
					struct gpiod_line_settings *settings)
{
	if (fake_gpio_may_fail())
		return -1;
	if (num_offsets != 1 || config->n) {
		errno = EINVAL;
		return -1;
	}
	*config = (struct gpiod_line_config){ *offsets, 1, *settings };
	return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void)
{
	return new_object(sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *config)
{
	free_object(config);
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *config, const char *consumer)
{
	strncpy(config->consumer, consumer, sizeof(config->consumer) - 1);
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip, struct gpiod_request_config *req_cfg,
						    struct gpiod_line_config *line_cfg)
{
	struct fake_terms terms = line_cfg->settings.terms;
	struct gpiod_line_request *request;

	if (line_cfg->n != 1 || line_cfg->offset >= FAKE_LINES || !line_cfg->settings.output) {
		errno = EINVAL;
		return NULL;
	}
	memcpy(terms.consumer, req_cfg->consumer, sizeof(terms.consumer));
	if (fake_gpio_take(chip->chip, line_cfg->offset, &terms, line_cfg->settings.active))
		return NULL;
	request = calloc(1, sizeof(*request));
	*request = (struct gpiod_line_request){ chip->chip, line_cfg->offset };
	fake_gpio_count(1);
	return request;
}

void gpiod_line_request_release(struct gpiod_line_request *request)
{
	fake_gpio_release(request->chip, request->offset);
	free_object(request);
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset, enum gpiod_line_value value)
{
	if (offset != request->offset) {
		errno = EINVAL;
		return -1;
	}
	return fake_gpio_set(request->chip, offset, value == GPIOD_LINE_VALUE_ACTIVE);
}
