#include "client/since.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metering/calendar.h"

#define DIGITS_MAX 9

static int from_now(const char *text, int64_t now_s, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > DIGITS_MAX || strlen(text) != digits + 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[digits] != units[i].letter)
			continue;
		*seconds = now_s - strtoll(text, NULL, 10) * units[i].s;
		return 0;
	}
	return -EINVAL;
}

/* `digits` of them exactly, behind the character `before` (0: none).  Moves *text on. */
static int take(const char **text, char before, int digits, int *number)
{
	const char *at = *text;

	if (before && *at++ != before)
		return -EINVAL;
	*number = 0;
	for (int i = 0; i < digits; i++, at++) {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		*number = 10 * *number + (*at - '0');
	}
	*text = at;
	return 0;
}

int since_parse(const char *text, int64_t now_s, int64_t *seconds)
{
	struct calendar calendar = { 0 };

	if (*text == '-')
		return from_now(text + 1, now_s, seconds);
	if (take(&text, 0, 4, &calendar.year) || take(&text, '-', 2, &calendar.month) || take(&text, '-', 2, &calendar.day))
		return -EINVAL;
	if (*text != '\0') {
		if (take(&text, *text == ' ' ? ' ' : 'T', 2, &calendar.hour) || take(&text, ':', 2, &calendar.minute))
			return -EINVAL;
		if (*text == ':' && take(&text, ':', 2, &calendar.second))
			return -EINVAL;
		if (*text == 'Z')
			text++;
	}
	if (*text != '\0' || calendar.year < 1970 || !calendar_valid(&calendar))
		return -EINVAL;
	*seconds = calendar_to_seconds(&calendar);
	return 0;
}
