#include "control/value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 1e9
#define WORDS_MAX 4

static const struct words {
	const char *name, *range;
	const char *word[WORDS_MAX];	/* of 0, 1, .. */
} words[] = {
	{ "display_units", "IEC or IEEE", { "IEC", "IEEE" } },
	{ "parity", "none, even or odd", { "none", "even", "odd" } },
};

static const char pt_ratio[] = "pt_ratio";
static const char pt_ratio_range[] = "0.01-320.00, two decimals at most";

static const struct words *find_words(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

struct json_object *value_to_json(const char *name, int number)
{
	const struct words *known = find_words(name);
	char text[32];

	if (known && number >= 0 && number < WORDS_MAX && known->word[number])
		return json_text(known->word[number]);
	if (strcmp(name, pt_ratio))
		return json_object_new_int(number);
	snprintf(text, sizeof(text), "%.2f", number / 100.0);
	return json_decimal(text);
}

static int from_word(const struct words *known, struct json_object *value, long *number)
{
	const char *text = json_get_text(value);

	if (!text)
		return -EINVAL;
	for (int i = 0; i < WORDS_MAX && known->word[i]; i++) {
		if (strcmp(known->word[i], text))
			continue;
		*number = i;
		return 0;
	}
	return -EINVAL;
}

int value_from_json(const char *name, struct json_object *value, long *number, const char **allowed)
{
	const struct words *known = find_words(name);
	bool hundredths = !strcmp(name, pt_ratio);
	double scaled;

	*allowed = known ? known->range : hundredths ? pt_ratio_range : NULL;
	if (known)
		return from_word(known, value, number);
	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return -EINVAL;
	scaled = json_object_get_double(value) * (hundredths ? 100.0 : 1.0);
	if (fabs(scaled) > NUMBER_MAX)
		scaled = copysign(NUMBER_MAX, scaled);
	*number = lround(scaled);
	/* 2.01 is no double: its hundredfold is a little off a whole number */
	return fabs(scaled - (double)*number) > (hundredths ? 1e-6 : 0.0) ? -EINVAL : 0;
}

const char *value_range(const char *name, const char *range)
{
	const struct words *known = find_words(name);

	return known ? known->range : !strcmp(name, pt_ratio) ? pt_ratio_range : range;
}
