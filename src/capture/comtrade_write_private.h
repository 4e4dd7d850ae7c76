/*
 * comtrade_write_private - what the two files of the writer share.
 */
#ifndef CAPTURE_COMTRADE_WRITE_PRIVATE_H
#define CAPTURE_COMTRADE_WRITE_PRIVATE_H

#include <stdbool.h>
#include <stdio.h>

#include "capture/comtrade_files.h"
#include "capture/comtrade_write.h"

#define SECTIONS_MAX 999	/* of one sample rate each: what the standard's number of rates has room for */

/* Numbers up to `end`, 1 the first scan's, were taken at this rate. */
struct section {
	uint64_t end;
	double hz;
};

/* How a channel's samples become counts: value = step x count + zero. */
struct scaling {
	double step, zero;
	int32_t least, most;	/* counts */
};

struct layout {
	unsigned sections;
	struct section section[SECTIONS_MAX];
	uint64_t last;		/* number of the last scan */
	int64_t start_ns, trigger_ns;	/* UTC */
	double timemult;	/* microseconds in a unit of the time stamps */
	double scale[ADC_CHANNELS];	/* makes primary V and A of the samples */
	double skew_us[ADC_CHANNELS];
	struct scaling scaling[ADC_CHANNELS];
};

/* The configuration's text. */
void comtrade_write_cfg(FILE *out, const struct layout *layout, const struct comtrade_write_info *info);

#endif
