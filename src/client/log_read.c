#include "client/log_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metering/alerts.h"

static int64_t member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

static struct json_object *array(struct json_object *object, const char *key)
{
	struct json_object *list;

	return json_object_object_get_ex(object, key, &list) && json_object_is_type(list, json_type_array) ? list : NULL;
}

static void read_words(struct json_object *object, const char *key, uint16_t words[DATALOG_LOGS])
{
	struct json_object *list = array(object, key);

	for (size_t i = 0; list && i < DATALOG_LOGS && i < json_object_array_length(list); i++)
		words[i] = (uint16_t)json_object_get_int(json_object_array_get_idx(list, i));
}

static unsigned alert_of(const char *code)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; code && i < n; i++)
		if (!strcmp(words[i].code, code))
			return words[i].bit;
	return 0;
}

/* A meter that does not tell its alerts tells none of the three. */
static void read_noted(struct json_object *object, struct datalog_entry *entry)
{
	struct json_object *list = array(object, "alerts");

	if (!list)
		return;
	entry->noted = true;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		entry->alerts |= (uint16_t)alert_of(json_object_get_string(json_object_array_get_idx(list, i)));
	entry->energy_resets = (uint16_t)member(object, "energy_resets");
	entry->measured_s = (uint32_t)member(object, "measured_s");
}

static void read_entry(struct json_object *object, struct datalog_entry *entry)
{
	struct json_object *scales = NULL;

	json_object_object_get_ex(object, "scales", &scales);
	*entry = (struct datalog_entry){
		.serial = (uint64_t)member(object, "serial"), .utc_s = member(object, "utc_s"), .clock_s = member(object, "clock_s"),
		.scale_i = (int8_t)member(scales, "i"), .scale_v = (int8_t)member(scales, "v"),
		.scale_w = (int8_t)member(scales, "w"), .scale_e = (int8_t)member(scales, "e"),
	};
	read_words(object, "pointers", entry->pointer);
	read_words(object, "words", entry->word);
	read_noted(object, entry);
}

/* 0 or -ENOMEM. */
static int append(struct log_entries *entries, const struct datalog_entry *entry)
{
	if (entries->n == entries->size) {
		size_t size = entries->size ? 2 * entries->size : 512;
		struct datalog_entry *more = realloc(entries->entry, size * sizeof(*more));

		if (!more)
			return -ENOMEM;
		entries->entry = more;
		entries->size = size;
	}
	entries->entry[entries->n++] = *entry;
	return 0;
}

static int read_page(struct log_entries *entries, struct json_object *response)
{
	struct json_object *list = array(response, "entries");
	int error = 0;

	for (size_t i = 0; list && i < json_object_array_length(list) && !error; i++) {
		struct datalog_entry entry;

		read_entry(json_object_array_get_idx(list, i), &entry);
		error = append(entries, &entry);
	}
	return error;
}

int log_read(struct log_entries *entries, struct control_client *client, const char *command)
{
	uint64_t next = 0;
	bool more = true;

	while (more) {
		struct json_object *members = json_object_new_object(), *response;
		int error;

		json_object_object_add(members, "from", json_object_new_uint64(next));
		response = control_client_ask(client, "log", members);
		if (!response)
			return CLIENT_FAILED;
		error = read_page(entries, response);
		/* who hands out the same page for ever is not followed */
		more = member(response, "more") && (uint64_t)member(response, "next") > next;
		next = (uint64_t)member(response, "next");
		json_object_put(response);
		if (error) {
			fprintf(stderr, "dinmeter %s: memory is short\n", command);
			return CLIENT_FAILED;
		}
	}
	return CLIENT_DONE;
}
