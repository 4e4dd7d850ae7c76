#include "control/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int request_fail(struct request *request, const char *code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(request->message, sizeof(request->message), format, arguments);
	va_end(arguments);
	request->code = code;
	return -1;
}

int request_fail_write(struct request *request, const char *name, int error)
{
	switch (error) {
	case -EBUSY:
		return request_fail(request, "busy", "%s: the meter is busy with another write; try again", name);
	case -ETIMEDOUT:
		return request_fail(request, "timeout", "%s: the meter did not answer in time; whether it was done is not known", name);
	default:
		return request_fail(request, "failed", "%s: %s", name, error < 0 ? strerror(-error) : "the meter refuses it");
	}
}

const char *request_show(struct json_object *value, char text[REQUEST_SHOWN_MAX])
{
	size_t whole_length;
	const char *whole;

	if (json_object_is_type(value, json_type_double)) {
		int length = snprintf(text, REQUEST_SHOWN_MAX, "%.15g", json_object_get_double(value));

		/* 1.0 is shown as it was sent: it is not the 1 that may be asked for */
		if (!strpbrk(text, ".e"))
			snprintf(text + length, REQUEST_SHOWN_MAX - (size_t)length, ".0");
		return text;
	}
	whole = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &whole_length);
	if (whole_length < REQUEST_SHOWN_MAX)
		snprintf(text, REQUEST_SHOWN_MAX, "%s", whole);
	else
		snprintf(text, REQUEST_SHOWN_MAX, "%.*s...", REQUEST_SHOWN_MAX - 4, whole);
	return text;
}

int request_get_text(struct request *request, const char *key, const char **text)
{
	struct json_object *value;
	char shown[REQUEST_SHOWN_MAX];

	if (!json_object_object_get_ex(request->object, key, &value))
		return request_fail(request, "bad_request", "%s: missing, must be text", key);
	*text = json_get_text(value);
	if (!*text)
		return request_fail(request, "bad_request", "%s: got %s, must be text", key, request_show(value, shown));
	return 0;
}

int request_get_number(struct request *request, const char *key, uint64_t low, uint64_t high, uint64_t missing, uint64_t *number)
{
	struct json_object *value;
	char shown[REQUEST_SHOWN_MAX];

	*number = missing;
	if (!json_object_object_get_ex(request->object, key, &value))
		return 0;
	if (json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0) {
		*number = json_object_get_uint64(value);
		if (*number >= low && *number <= high)
			return 0;
	}
	return request_fail(request, "bad_request", "%s: got %s, must be a whole number %llu-%llu", key, request_show(value, shown),
			    (unsigned long long)low, (unsigned long long)high);
}

int request_get_array(struct request *request, const char *key, struct json_object **array)
{
	char shown[REQUEST_SHOWN_MAX];

	*array = NULL;
	if (!json_object_object_get_ex(request->object, key, array))
		return 0;
	if (json_object_is_type(*array, json_type_array) && json_object_array_length(*array) > 0)
		return 0;
	return request_fail(request, "bad_request", "%s: got %s, must be an array with members", key, request_show(*array, shown));
}
