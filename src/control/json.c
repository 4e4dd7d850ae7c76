#include "control/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metering/calendar.h"

#define YEAR_10000_S INT64_C(253402300800)

/* Bytes of the UTF-8 character at `s`, 0 when there is none (RFC 3629: no surrogates, no overlong forms). */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : s[0] >= 0xE0 && s[0] <= 0xEF ? 3 : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	if (s[0] == 0xED)
		high = 0x9F;
	if (s[0] == 0xF0)
		low = 0x90;
	if (s[0] == 0xF4)
		high = 0x8F;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xBF)
		if (s[i] < low || s[i] > high)
			return 0;
	return n;
}

struct json_object *json_text(const char *text)
{
	struct json_object *object;
	char *clean = strdup(text);

	if (!clean)
		return NULL;
	for (char *at = clean; *at != '\0';) {
		size_t n = utf8_length((const unsigned char *)at);

		if (n == 0)
			*at = '?';
		at += n ? n : 1;
	}
	object = json_object_new_string(clean);
	free(clean);
	return object;
}

struct json_object *json_number(double value)
{
	char text[32];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.9g", value);
	return json_object_new_double_s(value, text);
}

struct json_object *json_decimal(const char *text)
{
	return *text == '\0' ? NULL : json_object_new_double_s(strtod(text, NULL), text);
}

const char *json_get_text(struct json_object *value)
{
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

	return text && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

void json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value))
		json_object_put(value);
}

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_add(object, key, json_text(text));
}

void json_add_number(struct json_object *object, const char *key, double value)
{
	json_add(object, key, json_number(value));
}

void json_add_integer(struct json_object *object, const char *key, int64_t value)
{
	json_add(object, key, json_object_new_int64(value));
}

void json_add_count(struct json_object *object, const char *key, uint64_t value)
{
	json_add(object, key, json_object_new_uint64(value));
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_add(object, key, json_object_new_boolean(value));
}

bool json_show_time(int64_t seconds, char text[JSON_TIME_MAX])
{
	text[0] = '\0';
	if (seconds < 0 || seconds >= YEAR_10000_S)
		return false;
	calendar_text(seconds, text);
	return true;
}

void json_add_time(struct json_object *object, const char *key, int64_t seconds, int ms)
{
	char text[JSON_TIME_MAX], with_ms[32];

	if (!json_show_time(seconds, text)) {
		json_add(object, key, NULL);
		return;
	}
	snprintf(with_ms, sizeof(with_ms), "%.19s.%03uZ", text, (unsigned)ms % 1000);
	json_add_text(object, key, ms < 0 ? text : with_ms);
}
