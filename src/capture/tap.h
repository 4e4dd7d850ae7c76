/*
 * tap - the newest seconds of what the meter measures, for who wants to look at the samples: scope and capture.
 *
 * A ring of scans, numbered from 0 on as they came, with an account of each block and of the windows that the seconds were measured
 * over.  The meter thread puts: the block's arrays change hands, so that nothing is copied.  Any number of others read.  Samples
 * being copied by a reader are not overwritten: their memory goes back when the copy is done, and the ring goes on with other
 * memory meanwhile.  So a reader gets whole scans or is told how many it has missed.
 *
 * The lock is held for a search among the blocks at most, never while samples are copied.
 */
#ifndef CAPTURE_TAP_H
#define CAPTURE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/block.h"

#define TAP_READERS 16		/* that copy at the same time; one more is told to come again */
#define TAP_BLOCKS_MAX 32	/* accounts in one reading */

struct tap;

/* What stays the same over many blocks. */
struct tap_source {
	double nominal_hz;
	bool primary;				/* the samples are primary V and A */
	double delay_us[ADC_CHANNELS];		/* what each channel lags, all told */
	double step[ADC_CHANNELS], zero[ADC_CHANNELS];	/* sample = step x count + zero; step 0: not known */
};

/* Consecutive scans of one block. */
struct tap_block {
	uint64_t first;				/* number of its first scan */
	unsigned n;
	int64_t t_ns;				/* CLOCK_MONOTONIC of its last scan */
	double rate_hz;
	uint64_t lost;				/* scans lost in front of it */
	bool restarted;				/* nothing before it is connected to it */
	unsigned clipped;
	uint64_t lost_total, restarts;		/* since the start, this block's own included */
};

/* A window that a second was measured over. */
struct tap_window {
	uint64_t cycle;				/* number of the second, as in the snapshot */
	uint64_t first;				/* its first scan */
	unsigned n;				/* of consecutive scans */
	double rate_hz;				/* at which it was measured */
};

/* A reading.  In: room, scans.  Out: the rest. */
struct tap_reading {
	unsigned room;				/* of each array */
	double *scans[ADC_CHANNELS];
	uint64_t oldest, next;			/* numbers of the oldest scan that is held, and of the one to come */
	int64_t oldest_ns, newest_ns;		/* CLOCK_MONOTONIC of the oldest and the newest scan; 0 while there is none */
	uint64_t from;				/* what was asked for, or the oldest when that is gone */
	unsigned n;				/* 0: nothing there yet */
	struct tap_source source;		/* of all that was read, which ends where the source changes */
	unsigned blocks, windows;
	struct tap_block block[TAP_BLOCKS_MAX];
	struct tap_window window[TAP_BLOCKS_MAX];	/* whose last scans were read, ascending */
};

/*
 * Holds `seconds` at up to max_rate_hz (at a higher rate, and of short blocks, less); the blocks' arrays have block_scans each.
 * delay_us: what each channel lags beyond what its blocks say.  NULL: memory is short.
 */
struct tap *tap_new(double seconds, double max_rate_hz, unsigned block_scans, const double delay_us[ADC_CHANNELS]);
void tap_free(struct tap *tap);

/*
 * Meter thread: the block that has just been measured; its arrays are exchanged for others of the same length.  `window`, NULL
 * for none: the window that ended in it, its first scan given as the number of scans before the block's end.
 */
void tap_put(struct tap *tap, struct adc_block *block, const struct tap_window *window);

/* Any thread: the positions alone. */
void tap_look(struct tap *tap, struct tap_reading *reading);

/* Any thread: scans from number `from` on, as many as there are and room allows.  0, or -EAGAIN when too many others read. */
int tap_read(struct tap *tap, uint64_t from, struct tap_reading *reading);

/* Any thread: the number of the oldest scan held that is not older than t_ns; of the next one when all are older. */
uint64_t tap_find(struct tap *tap, int64_t t_ns);

#endif
