/* libgpiod 1.6 over fake_gpio; what it lacks does not link. */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_gpio.h"

struct gpiod_line {
	unsigned chip, offset;
	bool taken;
};

struct gpiod_chip {
	unsigned chip;
	struct gpiod_line line[FAKE_LINES];
};

struct gpiod_chip *gpiod_chip_open(const char *path)
{
	int number = fake_gpio_open(path);
	struct gpiod_chip *chip = number < 0 ? NULL : calloc(1, sizeof(*chip));

	if (!chip)
		return NULL;
	chip->chip = (unsigned)number;
	for (unsigned l = 0; l < FAKE_LINES; l++)
		chip->line[l] = (struct gpiod_line){ (unsigned)number, l, false };
	return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
	/* As the real one does. */
	for (unsigned l = 0; l < FAKE_LINES; l++)
		gpiod_line_release(&chip->line[l]);
	fake_gpio_close();
	free(chip);
}

const char *gpiod_chip_name(struct gpiod_chip *chip)
{
	return fake_gpio_name(chip->chip);
}

const char *gpiod_chip_label(struct gpiod_chip *chip)
{
	return fake_gpio_label(chip->chip);
}

unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip)
{
	(void)chip;
	return FAKE_LINES;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset)
{
	if (fake_gpio_may_fail())
		return NULL;
	if (offset < FAKE_LINES)
		return &chip->line[offset];
	errno = EINVAL;
	return NULL;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name)
{
	if (fake_gpio_may_fail())
		return NULL;
	for (unsigned l = 0; l < FAKE_LINES; l++)
		if (!strcmp(fake_gpio_line_name(chip->chip, l), name))
			return &chip->line[l];
	errno = ENOENT;
	return NULL;
}

unsigned int gpiod_line_offset(struct gpiod_line *line)
{
	return line->offset;
}

const char *gpiod_line_name(struct gpiod_line *line)
{
	return fake_gpio_line_name(line->chip, line->offset);
}

const char *gpiod_line_consumer(struct gpiod_line *line)
{
	return fake_gpio_user(line->chip, line->offset);
}

int gpiod_line_request(struct gpiod_line *line, const struct gpiod_line_request_config *config, int default_val)
{
	struct fake_terms terms = { .active_low = config->flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW, .bias = '=', .drive = 'p' };

	if (config->request_type != GPIOD_LINE_REQUEST_DIRECTION_OUTPUT) {
		errno = EINVAL;
		return -1;
	}
	if (config->flags & GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE)
		terms.bias = 'd';
	if (config->flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP)
		terms.bias = 'u';
	if (config->flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN)
		terms.bias = 'n';
	if (config->flags & GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN)
		terms.drive = 'd';
	if (config->flags & GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE)
		terms.drive = 's';
	strncpy(terms.consumer, config->consumer, sizeof(terms.consumer) - 1);
	if (fake_gpio_take(line->chip, line->offset, &terms, default_val))
		return -1;
	line->taken = true;
	return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
	return fake_gpio_set(line->chip, line->offset, value);
}

void gpiod_line_release(struct gpiod_line *line)
{
	if (line->taken)
		fake_gpio_release(line->chip, line->offset);
	line->taken = false;
}
