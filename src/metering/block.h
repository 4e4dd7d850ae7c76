/*
 * block - a run of consecutive simultaneous scans, as a source hands it to metering.
 */
#ifndef METERING_BLOCK_H
#define METERING_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The six channels, in the order used everywhere. */
enum adc_channel { ADC_VA, ADC_VB, ADC_VC, ADC_IA, ADC_IB, ADC_IC, ADC_CHANNELS };

struct adc_block {
	unsigned n;			/* scans in this block */
	int64_t t_ns;			/* CLOCK_MONOTONIC when the last scan was taken (recordings: time since the first scan) */
	double nominal_hz;		/* rate the source is set to; a change starts the measurement anew */
	double rate_hz;			/* true scans per second, the best estimate at this time */
	bool primary;			/* primary volts and amperes: no PT or CT ratio is to be applied */
	uint64_t lost;			/* scans lost between the previous block and this one; 0 = continuous */
	bool restarted;			/* first block after an open or after a gap of unknown length: nothing before it is connected to it */
	unsigned clipped;		/* bit c: channel c touched an end of its converter's range in this block */
	double delay_us[ADC_CHANNELS];	/* what each channel lags by the source's own account (a recording's skew) */
	/*
	 * Where the source knows its converter's step: sample = step x count + zero with whole counts, so that a recording
	 * of the counts rounds nothing.  step 0: not known.
	 */
	double step[ADC_CHANNELS], zero[ADC_CHANNELS];
	double *scans[ADC_CHANNELS];	/* one array a channel: volts, amperes (or CT secondary volts); each >= n long */
};

#endif
