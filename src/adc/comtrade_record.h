/*
 * comtrade_record - one scan of the data file, text or binary, decoded.  Pure.
 *
 * IEEE C37.111, clause "data file": number, time stamp, analog samples, status bits.  Missing: an empty field or 99999 (unless the
 * channel's range holds it), 0x8000, 0x80000000, and for FLOAT32 whatever is not finite or its largest number.
 */
#ifndef ADC_COMTRADE_RECORD_H
#define ADC_COMTRADE_RECORD_H

#include "adc/comtrade_map.h"

/* How records look, from the configuration. */
struct comtrade_layout {
	enum comtrade_format format;
	unsigned analogs, statuses;
	size_t bytes;				/* of a binary record; of a text record, the most that is taken for one */
	/* private */
	unsigned number[ADC_CHANNELS];		/* channel numbers from 1, 0 = not connected */
	unsigned order[ADC_CHANNELS], used;	/* channels in the order of their numbers */
	double scale[ADC_CHANNELS], offset[ADC_CHANNELS];
	bool holds_99999[ADC_CHANNELS];
	bool ends_clip[ADC_CHANNELS];		/* the sample's type is the converter's: its ends mean clipping */
};

struct comtrade_record {
	int64_t number;				/* valid if has_number */
	double stamp;				/* valid if has_stamp; in the file's units */
	bool has_number, has_stamp;
	bool missing;				/* a channel in use has no value: the scan is lost */
	unsigned at_end;			/* bit c: channel c is at an end of the converter's range */
	double value[ADC_CHANNELS];		/* primary V and A */
};

void comtrade_layout_init(struct comtrade_layout *layout, const struct comtrade_cfg *cfg, const struct comtrade_map *map);

/* Decodes layout->bytes bytes. */
void comtrade_record_binary(const struct comtrade_layout *layout, const uint8_t *bytes, struct comtrade_record *record);

/* Decodes a line, trimmed and not empty.  0, or -EINVAL with the error's text (its line is left to the caller). */
int comtrade_record_text(const struct comtrade_layout *layout, struct comtrade_span line, struct comtrade_record *record,
			 struct comtrade_error *error);

#endif
