#include "client/state_json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "dinmeterd-state"
#define FORMAT_VERSION 1
/* A full log takes 2 MB. */
#define FILE_MAX (32L << 20)
#define U16 "0 to 65535"
#define WHOLE "a whole number"

/* -- writing -- */

static struct json_object *words_to_json(const uint16_t word[DATALOG_LOGS])
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; array && i < DATALOG_LOGS; i++)
		json_object_array_add(array, json_object_new_int(word[i]));
	return array;
}

static struct json_object *entry_to_json(const struct datalog_entry *entry)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_object_object_add(object, "serial", json_object_new_int64((int64_t)entry->serial));
	json_object_object_add(object, "clock_s", json_object_new_int64(entry->clock_s));
	json_object_object_add(object, "utc_s", json_object_new_int64(entry->utc_s));
	json_object_object_add(object, "pointers", words_to_json(entry->pointer));
	json_object_object_add(object, "words", words_to_json(entry->word));
	json_object_object_add(object, "scale_i", json_object_new_int(entry->scale_i));
	json_object_object_add(object, "scale_v", json_object_new_int(entry->scale_v));
	json_object_object_add(object, "scale_w", json_object_new_int(entry->scale_w));
	json_object_object_add(object, "scale_e", json_object_new_int(entry->scale_e));
	if (!entry->noted)
		return object;
	json_object_object_add(object, "alerts", json_object_new_int(entry->alerts));
	json_object_object_add(object, "energy_resets", json_object_new_int(entry->energy_resets));
	json_object_object_add(object, "measured_s", json_object_new_int64(entry->measured_s));
	return object;
}

static struct json_object *field_to_json(const struct nv *nv, const struct nv_field *field)
{
	char text[NV_TEXT_MAX];
	struct datalog_entry entry;

	nv_get_text(nv, field, text, sizeof(text));
	switch (field->type) {
	case NV_BOOL:
		return json_object_new_boolean(!strcmp(text, "1"));
	case NV_DOUBLE:
		return json_object_new_double_s(strtod(text, NULL), text);
	case NV_ENTRY:
		return nv_entry_set_text(&entry, text) ? NULL : entry_to_json(&entry);
	case NV_TIME:
		if (!strcmp(text, "never"))
			return json_object_new_string(text);
		return json_object_new_int64(strtoll(text, NULL, 10));
	case NV_ENERGY:
	case NV_TEXT:
	case NV_HASH:
		return json_object_new_string(text);
	default:
		return json_object_new_int64(strtoll(text, NULL, 10));
	}
}

int state_json_write(const struct state_content *content, const char *exported, FILE *out)
{
	struct json_object *root = json_object_new_object(), *state = json_object_new_object(), *log = json_object_new_array();
	const struct nv_field *fields;
	const char *text = NULL;
	int error = 0;
	size_t n;

	fields = nv_fields(&n);
	if (!root || !state || !log)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		json_object_object_add(state, fields[i].name, field_to_json(&content->nv, &fields[i]));
	for (unsigned i = 0; i < content->n; i++)
		json_object_array_add(log, entry_to_json(&content->entry[i]));
	json_object_object_add(root, "format", json_object_new_string(FORMAT));
	json_object_object_add(root, "version", json_object_new_int(FORMAT_VERSION));
	json_object_object_add(root, "exported", json_object_new_string(exported));
	json_object_object_add(root, "state", state);
	json_object_object_add(root, "log", log);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		error = -ENOMEM;
	else if (fprintf(out, "%s\n", text) < 0 || fflush(out))
		error = errno ? -errno : -EIO;
	json_object_put(root);
	return error;
}

/* -- reading -- */

struct reading {
	const char *file;
	FILE *errors;
	unsigned n_errors;
};

__attribute__((format(printf, 3, 4)))
static void complain(struct reading *reading, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(reading->errors, "%s: %s: ", reading->file, name);
	vfprintf(reading->errors, format, arguments);
	fputc('\n', reading->errors);
	va_end(arguments);
	reading->n_errors++;
}

static void complain_value(struct reading *reading, const char *name, struct json_object *value, const char *range)
{
	complain(reading, name, "got %.100s, must be %s", json_object_to_json_string(value), range);
}

/* A whole number of min..max, else an error. */
static int64_t read_integer(struct reading *reading, struct json_object *value, const char *name, int64_t min, int64_t max,
			    const char *range)
{
	if (json_object_is_type(value, json_type_int)) {
		/* json-c holds numbers above INT64_MAX too, and clips those above UINT64_MAX. */
		bool small = json_object_get_int64(value) < 0 || json_object_get_uint64(value) <= INT64_MAX;
		int64_t number = json_object_get_int64(value);

		if (small && number >= min && number <= max)
			return number;
	}
	complain_value(reading, name, value, range);
	return min;
}

static struct json_object *read_member(struct reading *reading, struct json_object *object, const char *of, const char *key,
				       char name[128])
{
	struct json_object *value = NULL;

	snprintf(name, 128, "%.80s.%s", of, key);
	if (!json_object_object_get_ex(object, key, &value))
		complain(reading, name, "is missing");
	return value;
}

static void read_words(struct reading *reading, struct json_object *object, const char *of, const char *key,
		       uint16_t word[DATALOG_LOGS])
{
	char name[128], element[160];
	unsigned before = reading->n_errors;
	struct json_object *array = read_member(reading, object, of, key, name);

	if (reading->n_errors != before)
		return;
	if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) != DATALOG_LOGS) {
		complain_value(reading, name, array, "an array of ten numbers");
		return;
	}
	for (size_t i = 0; i < DATALOG_LOGS; i++) {
		snprintf(element, sizeof(element), "%s[%zu]", name, i);
		word[i] = (uint16_t)read_integer(reading, json_object_array_get_idx(array, i), element, 0, UINT16_MAX, U16);
	}
}

static int64_t read_number(struct reading *reading, struct json_object *object, const char *of, const char *key, int64_t min,
			   int64_t max, const char *range)
{
	char name[128];
	unsigned before = reading->n_errors;
	struct json_object *value = read_member(reading, object, of, key, name);

	return reading->n_errors == before ? read_integer(reading, value, name, min, max, range) : min;
}

static void check_keys(struct reading *reading, struct json_object *object, const char *of, const char *const *keys, size_t n)
{
	json_object_object_foreach(object, key, value) {
		bool known = false;
		char name[128];

		(void)value;
		for (size_t i = 0; i < n; i++)
			known |= !strcmp(key, keys[i]);
		snprintf(name, sizeof(name), "%.60s%s%.60s", of, *of ? "." : "", key);
		if (!known)
			complain(reading, name, "unknown name");
	}
}

/* All three or none: an older program kept none. */
static void read_noted(struct reading *reading, struct json_object *object, const char *name, struct datalog_entry *entry)
{
	if (!json_object_object_get_ex(object, "alerts", NULL) && !json_object_object_get_ex(object, "energy_resets", NULL) &&
	    !json_object_object_get_ex(object, "measured_s", NULL))
		return;
	entry->noted = true;
	entry->alerts = (uint16_t)read_number(reading, object, name, "alerts", 0, UINT16_MAX, U16);
	entry->energy_resets = (uint16_t)read_number(reading, object, name, "energy_resets", 0, INT16_MAX, "0 to 32767");
	entry->measured_s = (uint32_t)read_number(reading, object, name, "measured_s", 0, UINT32_MAX, "0 to 4294967295");
}

static void read_entry(struct reading *reading, struct json_object *object, const char *name, struct datalog_entry *entry)
{
	static const char *const keys[] = { "serial", "clock_s", "utc_s", "pointers", "words", "scale_i", "scale_v", "scale_w",
					    "scale_e", "alerts", "energy_resets", "measured_s" };
	unsigned before = reading->n_errors;

	memset(entry, 0, sizeof(*entry));
	if (!json_object_is_type(object, json_type_object)) {
		complain_value(reading, name, object, "an object, an entry of the log");
		return;
	}
	check_keys(reading, object, name, keys, sizeof(keys) / sizeof(keys[0]));
	entry->serial = (uint64_t)read_number(reading, object, name, "serial", 0, INT64_MAX, "a whole number of 0 or more");
	entry->clock_s = read_number(reading, object, name, "clock_s", INT64_MIN, INT64_MAX, WHOLE);
	entry->utc_s = read_number(reading, object, name, "utc_s", INT64_MIN, INT64_MAX, WHOLE);
	read_words(reading, object, name, "pointers", entry->pointer);
	read_words(reading, object, name, "words", entry->word);
	entry->scale_i = (int8_t)read_number(reading, object, name, "scale_i", -4, 4, "-4 to 4");
	entry->scale_v = (int8_t)read_number(reading, object, name, "scale_v", -4, 4, "-4 to 4");
	entry->scale_w = (int8_t)read_number(reading, object, name, "scale_w", -4, 4, "-4 to 4");
	entry->scale_e = (int8_t)read_number(reading, object, name, "scale_e", -4, 4, "-4 to 4");
	read_noted(reading, object, name, entry);
	if (reading->n_errors == before && !nv_entry_legal(entry))
		complain(reading, name, "its times must be between the years -6000 and 9999, its pointers " DATALOG_POINTER_RANGE);
}

/* The text that nv_set_text takes; false: not of the field's type. */
static bool value_to_text(const struct nv_field *field, struct json_object *value, char text[NV_TEXT_MAX])
{
	enum json_type type = json_object_get_type(value);
	bool fits;

	switch (field->type) {
	case NV_BOOL: fits = type == json_type_boolean; break;
	case NV_DOUBLE: fits = type == json_type_double || type == json_type_int; break;
	case NV_ENERGY:
	case NV_TEXT:
	case NV_HASH: fits = type == json_type_string; break;
	case NV_TIME: fits = type == json_type_int || type == json_type_string; break;
	default: fits = type == json_type_int;
	}
	if (!fits)
		return false;
	if (type == json_type_boolean) {
		snprintf(text, NV_TEXT_MAX, "%d", json_object_get_boolean(value));
		return true;
	}
	if (type == json_type_string) {
		const char *string = json_object_get_string(value);

		/* "1" is no time, and a NUL inside would hide the rest. */
		if (strlen(string) != (size_t)json_object_get_string_len(value) || (field->type == NV_TIME && strcmp(string, "never")))
			return false;
	}
	return snprintf(text, NV_TEXT_MAX, "%s", json_object_get_string(value)) < NV_TEXT_MAX;
}

static void read_field(struct reading *reading, struct json_object *value, const struct nv_field *field, struct nv *nv)
{
	char text[NV_TEXT_MAX], range[NV_TEXT_MAX];
	struct datalog_entry entry;

	if (field->type == NV_ENTRY) {
		unsigned before = reading->n_errors;

		read_entry(reading, value, field->name, &entry);
		if (reading->n_errors != before)
			return;
		nv_entry_get_text(&entry, text, sizeof(text));
	} else if (!value_to_text(field, value, text)) {
		goto refused;
	}
	if (!nv_set_text(nv, field, text))
		return;
refused:
	nv_get_range(field, range, sizeof(range));
	complain_value(reading, field->name, value, range);
}

static void read_state(struct reading *reading, struct json_object *state, struct nv *nv)
{
	const struct nv_field *fields;
	size_t n;

	fields = nv_fields(&n);
	json_object_object_foreach(state, key, value) {
		const struct nv_field *field = nv_find(key);

		if (field)
			read_field(reading, value, field, nv);
		else
			complain(reading, key, "unknown name");
	}
	for (size_t i = 0; i < n; i++) {
		char range[NV_TEXT_MAX];

		if (json_object_object_get_ex(state, fields[i].name, NULL))
			continue;
		if (fields[i].initial && fields[i].since != 2 && !nv_set_text(nv, &fields[i], fields[i].initial))
			continue;
		nv_get_range(&fields[i], range, sizeof(range));
		complain(reading, fields[i].name, "is missing, must be %s", range);
	}
}

static void read_log(struct reading *reading, struct json_object *log, struct state_content *content)
{
	const struct datalog_state *state = &content->nv.meter.log;
	size_t n = json_object_array_length(log);

	if (n > DATALOG_ENTRIES) {
		complain(reading, "log", "got %zu entries, must be at most %d", n, DATALOG_ENTRIES);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned before = reading->n_errors;
		char name[32];

		snprintf(name, sizeof(name), "log[%zu]", i);
		read_entry(reading, json_object_array_get_idx(log, i), name, &content->entry[i]);
		if (reading->n_errors != before)
			continue;
		if (content->entry[i].serial < state->first_serial || content->entry[i].serial > state->serial ||
		    content->entry[i].serial + DATALOG_ENTRIES <= state->serial || !content->entry[i].serial)
			complain(reading, name, "serial: got %" PRIu64 ", must be log_first_serial to log_serial, one of the "
				 "newest %d", content->entry[i].serial, DATALOG_ENTRIES);
		else if (i && content->entry[i].serial <= content->entry[i - 1].serial)
			complain(reading, name, "serial: got %" PRIu64 ", must be above the one before", content->entry[i].serial);
	}
	content->n = (unsigned)n;
}

static void read_root(struct reading *reading, struct json_object *root, struct state_content *content)
{
	static const char *const keys[] = { "format", "version", "exported", "state", "log" };
	struct json_object *format, *version, *state, *log;

	if (!json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "format", &format) ||
	    !json_object_is_type(format, json_type_string) || strcmp(json_object_get_string(format), FORMAT)) {
		complain(reading, "format", "must be \"" FORMAT "\": this is no exported state");
		return;
	}
	if (!json_object_object_get_ex(root, "version", &version) || !json_object_is_type(version, json_type_int) ||
	    json_object_get_int64(version) != FORMAT_VERSION) {
		complain(reading, "version", "must be %d: a later version made it", FORMAT_VERSION);
		return;
	}
	check_keys(reading, root, "", keys, sizeof(keys) / sizeof(keys[0]));
	if (!json_object_object_get_ex(root, "state", &state) || !json_object_is_type(state, json_type_object))
		complain(reading, "state", "must be an object");
	else
		read_state(reading, state, &content->nv);
	if (!json_object_object_get_ex(root, "log", &log) || !json_object_is_type(log, json_type_array))
		complain(reading, "log", "must be an array");
	else
		read_log(reading, log, content);
}

/* The whole file, with a NUL behind.  NULL: said already. */
static char *read_text(struct reading *reading, size_t *size)
{
	FILE *in = fopen(reading->file, "re");
	char *text = NULL;

	if (!in) {
		fprintf(reading->errors, "%s: %s\n", reading->file, strerror(errno));
		return NULL;
	}
	text = malloc((size_t)FILE_MAX + 1);
	if (!text)
		goto out;
	*size = fread(text, 1, (size_t)FILE_MAX + 1, in);
	if (ferror(in) || *size > (size_t)FILE_MAX) {
		fprintf(reading->errors, "%s: %s\n", reading->file, ferror(in) ? strerror(errno) : "too large to be a state");
		free(text);
		text = NULL;
		goto out;
	}
	text[*size] = '\0';
out:
	fclose(in);
	return text;
}

int state_json_read(struct state_content *content, const char *file, FILE *errors)
{
	struct reading reading = { .file = file, .errors = errors };
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root = NULL;
	size_t size = 0;
	char *text = read_text(&reading, &size);

	memset(content, 0, sizeof(*content));
	if (!text || !tokener) {
		free(text);
		if (tokener)
			json_tokener_free(tokener);
		return -EIO;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* with its NUL: a number or a word at the very end is complete */
	root = json_tokener_parse_ex(tokener, text, (int)size + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		fprintf(errors, "%s: byte %zu: no JSON: %s\n", file, json_tokener_get_parse_end(tokener),
			json_tokener_error_desc(json_tokener_get_error(tokener)));
		reading.n_errors++;
	} else {
		read_root(&reading, root, content);
	}
	json_object_put(root);
	json_tokener_free(tokener);
	free(text);
	return reading.n_errors ? -EINVAL : 0;
}
