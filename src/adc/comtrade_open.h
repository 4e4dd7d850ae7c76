/*
 * comtrade_open - a recording's files: configuration read, channels chosen, data found, time laid out.
 */
#ifndef ADC_COMTRADE_OPEN_H
#define ADC_COMTRADE_OPEN_H

#include <stdatomic.h>

#include "adc/comtrade_cff.h"
#include "adc/comtrade_file.h"
#include "adc/comtrade_map.h"
#include "adc/comtrade_record.h"
#include "adc/comtrade_time.h"

struct comtrade_recording {
	const char *path;			/* as configured; borrowed */
	char data_path[4100];
	struct comtrade_file file;		/* the data */
	struct comtrade_cfg cfg;
	struct comtrade_map map;
	struct comtrade_layout layout;
	struct comtrade_timeline timeline;
	bool combined;				/* a .cff */
	uint64_t data_start, data_end;		/* in the data's file */
	unsigned data_line;			/* of the data's first line, from 1 */
	uint64_t records;			/* read since the start of the data */
	unsigned line;				/* of the newest text record */
	bool counted;				/* its number of records was checked against the configuration */
	char message[4700];			/* of the newest error: FILE:LINE: ... */
};

/*
 * Opens the recording.  `want` as in comtrade_map_init.  `cancelled` ends a long survey.  0, or -errno with
 * recording->message; close it in either case.
 */
int comtrade_recording_open(struct comtrade_recording *recording, const char *path, const struct adc_channel_config *want,
			    const atomic_bool *cancelled);

void comtrade_recording_close(struct comtrade_recording *recording);

void comtrade_recording_rewind(struct comtrade_recording *recording);

/* The next record.  1, 0 at the end, or -errno with the message. */
int comtrade_recording_next(struct comtrade_recording *recording, struct comtrade_record *record);

#endif
