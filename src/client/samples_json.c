#include "client/samples_json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SCAN_BYTES (ADC_CHANNELS * 8)
#define SCAN_DIGITS (SCAN_BYTES / 3 * 4)

static int get_integer(struct json_object *object, const char *key, int64_t *value)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member) || !json_object_is_type(member, json_type_int))
		return -EPROTO;
	*value = json_object_get_int64(member);
	return 0;
}

static int get_count(struct json_object *object, const char *key, uint64_t *value)
{
	int64_t number;

	if (get_integer(object, key, &number) || number < 0)
		return -EPROTO;
	*value = (uint64_t)number;
	return 0;
}

static int get_unsigned(struct json_object *object, const char *key, unsigned most, unsigned *value)
{
	uint64_t number;

	if (get_count(object, key, &number) || number > most)
		return -EPROTO;
	*value = (unsigned)number;
	return 0;
}

static int get_number(struct json_object *object, const char *key, double *value)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member) ||
	    (!json_object_is_type(member, json_type_double) && !json_object_is_type(member, json_type_int)))
		return -EPROTO;
	*value = json_object_get_double(member);
	return isfinite(*value) ? 0 : -EPROTO;
}

static int get_bool(struct json_object *object, const char *key, bool *value)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, key, &member) || !json_object_is_type(member, json_type_boolean))
		return -EPROTO;
	*value = json_object_get_boolean(member);
	return 0;
}

static struct json_object *get_array(struct json_object *object, const char *key)
{
	struct json_object *member;

	return json_object_object_get_ex(object, key, &member) && json_object_is_type(member, json_type_array) ? member : NULL;
}

static int get_six(struct json_object *object, const char *key, double value[ADC_CHANNELS])
{
	struct json_object *list = get_array(object, key);

	if (!list || json_object_array_length(list) != ADC_CHANNELS)
		return -EPROTO;
	for (size_t c = 0; c < ADC_CHANNELS; c++)
		value[c] = json_object_get_double(json_object_array_get_idx(list, c));
	return 0;
}

int samples_json_positions(struct json_object *response, struct tap_reading *reading, int64_t *utc_less_clock_ns)
{
	reading->n = 0;
	if (get_count(response, "oldest", &reading->oldest) || get_count(response, "next", &reading->next) ||
	    get_integer(response, "oldest_ns", &reading->oldest_ns) || get_integer(response, "newest_ns", &reading->newest_ns) ||
	    get_integer(response, "utc_less_ns", utc_less_clock_ns))
		return -EPROTO;
	return 0;
}

static int get_block(struct json_object *object, struct tap_block *block)
{
	if (get_count(object, "first", &block->first) || get_unsigned(object, "n", UINT32_MAX, &block->n) ||
	    get_integer(object, "t_ns", &block->t_ns) || get_number(object, "rate_hz", &block->rate_hz) ||
	    get_count(object, "lost", &block->lost) || get_bool(object, "restarted", &block->restarted) ||
	    get_unsigned(object, "clipped", UINT32_MAX, &block->clipped) || get_count(object, "lost_total", &block->lost_total) ||
	    get_count(object, "restarts", &block->restarts))
		return -EPROTO;
	return block->n > 0 && block->rate_hz > 0 ? 0 : -EPROTO;
}

static int get_window(struct json_object *object, struct tap_window *window)
{
	if (get_count(object, "cycle", &window->cycle) || get_count(object, "first", &window->first) ||
	    get_unsigned(object, "n", UINT32_MAX, &window->n) || get_number(object, "rate_hz", &window->rate_hz))
		return -EPROTO;
	return 0;
}

/* Blocks follow each other and are what was read. */
static int get_accounts(struct json_object *response, struct tap_reading *reading)
{
	struct json_object *blocks = get_array(response, "blocks"), *windows = get_array(response, "windows");
	uint64_t next = reading->from;

	reading->blocks = blocks ? (unsigned)json_object_array_length(blocks) : 0;
	reading->windows = windows ? (unsigned)json_object_array_length(windows) : 0;
	if (!blocks || !windows || reading->blocks > TAP_BLOCKS_MAX || reading->windows > TAP_BLOCKS_MAX)
		return -EPROTO;
	for (unsigned i = 0; i < reading->blocks; i++) {
		if (get_block(json_object_array_get_idx(blocks, i), &reading->block[i]) || reading->block[i].first != next)
			return -EPROTO;
		next += reading->block[i].n;
	}
	for (unsigned i = 0; i < reading->windows; i++)
		if (get_window(json_object_array_get_idx(windows, i), &reading->window[i]))
			return -EPROTO;
	return next == reading->from + reading->n ? 0 : -EPROTO;
}

static int get_source(struct json_object *response, struct tap_source *source, double scale[ADC_CHANNELS])
{
	struct json_object *object;

	if (!json_object_object_get_ex(response, "source", &object) || get_number(object, "nominal_hz", &source->nominal_hz) ||
	    get_bool(object, "primary", &source->primary) || get_six(object, "scale", scale) ||
	    get_six(object, "delay_us", source->delay_us) || get_six(object, "step", source->step) ||
	    get_six(object, "zero", source->zero))
		return -EPROTO;
	return source->nominal_hz > 0 ? 0 : -EPROTO;
}

/* 0..63, or -1. */
static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One scan's text into its bytes.  0 or -EPROTO. */
static int decode_scan(const char *text, uint8_t bytes[SCAN_BYTES])
{
	for (unsigned i = 0; i < SCAN_BYTES; i += 3, text += 4) {
		int32_t word = 0;

		for (int k = 0; k < 4; k++) {
			int digit = digit_of(text[k]);

			if (digit < 0)
				return -EPROTO;
			word = word << 6 | digit;
		}
		bytes[i] = (uint8_t)(word >> 16);
		bytes[i + 1] = (uint8_t)(word >> 8);
		bytes[i + 2] = (uint8_t)word;
	}
	return 0;
}

static double double_of(const uint8_t *bytes)
{
	uint64_t word = 0;
	double value;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	memcpy(&value, &word, sizeof(value));
	return value;
}

static int get_data(struct json_object *response, struct tap_reading *reading)
{
	struct json_object *data;
	uint8_t bytes[SCAN_BYTES];
	const char *text;

	if (!json_object_object_get_ex(response, "data", &data) || !json_object_is_type(data, json_type_string) ||
	    (size_t)json_object_get_string_len(data) != (size_t)reading->n * SCAN_DIGITS)
		return -EPROTO;
	text = json_object_get_string(data);
	for (unsigned i = 0; i < reading->n; i++, text += SCAN_DIGITS) {
		if (decode_scan(text, bytes))
			return -EPROTO;
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			reading->scans[c][i] = double_of(bytes + 8 * c);
	}
	return 0;
}

int samples_json_reading(struct json_object *response, struct tap_reading *reading, double scale[ADC_CHANNELS])
{
	reading->blocks = reading->windows = 0;
	if (get_count(response, "from", &reading->from) || get_unsigned(response, "n", reading->room, &reading->n))
		return -EPROTO;
	if (!reading->n)
		return 0;
	if (get_source(response, &reading->source, scale) || get_accounts(response, reading))
		return -EPROTO;
	return get_data(response, reading);
}
