#include "adc/comtrade_record.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define HEAD_BYTES		8
#define TEXT_FIELD_BYTES	32
#define TEXT_RECORD_MAX		(4u << 20)

static size_t sample_bytes(enum comtrade_format format)
{
	return format == COMTRADE_BINARY ? 2 : 4;
}

/* Writers that scale to a full range of their own use the type's ends too, but for one scan at a peak: see read. */
static bool ends_clip(enum comtrade_format format, const struct comtrade_pick *pick)
{
	if (format == COMTRADE_BINARY)
		return pick->min <= -32767 && pick->max >= 32767;
	if (format == COMTRADE_BINARY32)
		return pick->min <= -2147483647.0 && pick->max >= 2147483647.0;
	return false;
}

void comtrade_layout_init(struct comtrade_layout *layout, const struct comtrade_cfg *cfg, const struct comtrade_map *map)
{
	memset(layout, 0, sizeof(*layout));
	layout->format = cfg->format;
	layout->analogs = cfg->analogs;
	layout->statuses = cfg->statuses;
	layout->bytes = HEAD_BYTES + cfg->analogs * sample_bytes(cfg->format) + (cfg->statuses + 15) / 16 * 2;
	if (cfg->format == COMTRADE_ASCII) {
		layout->bytes = (2 + (size_t)cfg->analogs) * TEXT_FIELD_BYTES + 4 * (size_t)cfg->statuses + 256;
		if (layout->bytes > TEXT_RECORD_MAX)
			layout->bytes = TEXT_RECORD_MAX;
	}
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		const struct comtrade_pick *pick = &map->pick[c];
		unsigned k = layout->used;

		layout->number[c] = pick->number;
		layout->scale[c] = pick->scale;
		layout->offset[c] = pick->offset;
		layout->holds_99999[c] = pick->min <= pick->max && pick->max >= 99999;
		layout->ends_clip[c] = ends_clip(cfg->format, pick);
		if (!pick->number)
			continue;
		for (; k && layout->number[layout->order[k - 1]] > pick->number; k--)
			layout->order[k] = layout->order[k - 1];
		layout->order[k] = c;
		layout->used++;
	}
}

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The sample; false when it is marked missing. */
static bool decode_sample(enum comtrade_format format, const uint8_t *bytes, double *sample, bool *at_end)
{
	uint32_t word;
	float number;

	*at_end = false;
	if (format == COMTRADE_BINARY) {
		int16_t value = (int16_t)(bytes[0] | bytes[1] << 8);

		*sample = value;
		*at_end = value <= -32767 || value >= 32767;
		return value != INT16_MIN;
	}
	word = read_u32(bytes);
	if (format == COMTRADE_BINARY32) {
		*sample = (int32_t)word;
		*at_end = *sample <= -2147483647.0 || *sample >= 2147483647.0;
		return word != UINT32_C(0x80000000);
	}
	memcpy(&number, &word, sizeof(number));
	*sample = number;
	return isfinite(number) && fabsf(number) < FLT_MAX;
}

void comtrade_record_binary(const struct comtrade_layout *layout, const uint8_t *bytes, struct comtrade_record *record)
{
	size_t width = sample_bytes(layout->format);

	record->number = read_u32(bytes);
	record->has_number = true;
	record->stamp = read_u32(bytes + 4);
	record->has_stamp = read_u32(bytes + 4) != UINT32_C(0xffffffff);
	record->missing = false;
	record->at_end = 0;
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		double sample = 0;
		bool at_end;

		record->value[c] = 0;
		if (!layout->number[c])
			continue;
		if (!decode_sample(layout->format, bytes + HEAD_BYTES + (layout->number[c] - 1) * width, &sample, &at_end))
			record->missing = true;
		if (at_end && layout->ends_clip[c])
			record->at_end |= 1u << c;
		record->value[c] = layout->scale[c] * sample + layout->offset[c];
	}
}

static int take_text_head(struct comtrade_span *rest, struct comtrade_record *record, struct comtrade_error *error)
{
	struct comtrade_span field = { NULL, 0 };
	double number = 0;
	char shown[40];

	if (!comtrade_next_field(rest, &field) ||
	    (field.length && (comtrade_parse_double(field, &number) || floor(number) != number || fabs(number) > 1e15)))
		return comtrade_error_set(error, 0, "sample number: got '%s', expected a whole number",
					  comtrade_show(field, shown, sizeof(shown)));
	record->number = (int64_t)number;
	record->has_number = field.length != 0;
	if (!comtrade_next_field(rest, &field))
		return comtrade_error_set(error, 0, "got one field, expected a sample number, a time stamp and the samples");
	if (field.length && comtrade_parse_double(field, &record->stamp))
		return comtrade_error_set(error, 0, "time stamp: got '%s', expected a number",
					  comtrade_show(field, shown, sizeof(shown)));
	record->has_stamp = field.length != 0;
	return 0;
}

static bool is_not_a_number(struct comtrade_span field)
{
	return comtrade_equal(field, "nan") || comtrade_equal(field, "-nan") || comtrade_equal(field, "inf") ||
	       comtrade_equal(field, "-inf");
}

static int take_text_sample(const struct comtrade_layout *layout, unsigned c, struct comtrade_span field,
			    struct comtrade_record *record, struct comtrade_error *error)
{
	double sample = 0;
	char shown[40];

	if (!field.length || is_not_a_number(field)) {
		record->missing = true;
		return 0;
	}
	if (comtrade_parse_double(field, &sample))
		return comtrade_error_set(error, 0, "channel %u: got '%s', expected a number", layout->number[c],
					  comtrade_show(field, shown, sizeof(shown)));
	if (sample == 99999 && !layout->holds_99999[c])
		record->missing = true;
	record->value[c] = layout->scale[c] * sample + layout->offset[c];
	return 0;
}

static unsigned count_fields(struct comtrade_span rest)
{
	unsigned n = rest.at != NULL;

	for (size_t i = 0; rest.at && i < rest.length; i++)
		n += rest.at[i] == ',';
	return n;
}

/* Status fields may be left out, and empty ones may follow; anything else is another recording's data. */
static int check_fields(const struct comtrade_layout *layout, unsigned analogs, struct comtrade_span rest, struct comtrade_error *error)
{
	unsigned fields = analogs + count_fields(rest);
	struct comtrade_span field;

	if (fields < layout->analogs)
		return comtrade_error_set(error, 0, "got %u samples, expected %u analog channels", fields, layout->analogs);
	if (fields <= layout->analogs + layout->statuses)
		return 0;
	for (unsigned i = analogs; comtrade_next_field(&rest, &field); i++)
		if (i >= layout->analogs + layout->statuses && field.length)
			return comtrade_error_set(error, 0, "got %u samples, expected %u analog and %u status channels", fields,
						  layout->analogs, layout->statuses);
	return 0;
}

int comtrade_record_text(const struct comtrade_layout *layout, struct comtrade_span line, struct comtrade_record *record,
			 struct comtrade_error *error)
{
	struct comtrade_span field = { NULL, 0 };
	unsigned taken = 0, k = 0;
	int ret;

	memset(record, 0, sizeof(*record));
	ret = take_text_head(&line, record, error);
	if (ret)
		return ret;
	while (k < layout->used && comtrade_next_field(&line, &field)) {
		taken++;
		for (; k < layout->used && layout->number[layout->order[k]] == taken && !ret; k++)
			ret = take_text_sample(layout, layout->order[k], field, record, error);
		if (ret)
			return ret;
	}
	return check_fields(layout, taken, line, error);
}
