/*
 * comtrade_write - a recording of the meter's samples: IEEE C37.111-2013 (IEC 60255-24), format BINARY32.
 *
 * The samples are the converter's counts wherever the source knows its step, so nothing is rounded; others get the finest step
 * that the greatest of them allows.  Values are primary V and A.  What each channel lags stands as its skew, lost scans as missing
 * record numbers, and the rate that each second was measured at as a sample rate of its own where it differs.
 *
 * Files are whole or not there: samples are kept in a file without a name beside them, of 48 bytes a scan, and the recording is
 * written and renamed at the end.  One thread.
 */
#ifndef CAPTURE_COMTRADE_WRITE_H
#define CAPTURE_COMTRADE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/block.h"

/* Scans of a recording at most: four bytes number them. */
#define COMTRADE_WRITE_MAX UINT64_C(4000000000)

struct comtrade_writer;

/* What the samples do not say; the texts live as long as the writer. */
struct comtrade_about {
	const char *station, *device;		/* a comma in them becomes a blank */
	const char *config;			/* kept beside the recording, as NAME.conf */
	double scale[ADC_CHANNELS];		/* what makes primary V and A of the samples */
	double primary[ADC_CHANNELS], secondary[ADC_CHANNELS];	/* ratio of the transformers */
	double delay_us[ADC_CHANNELS];		/* what each channel lags, all told */
	double line_hz;				/* 50 or 60 */
	int64_t utc_less_clock_ns;		/* CLOCK_REALTIME less the clock of the blocks */
	int64_t trigger_ns;			/* by the clock of the blocks */
};

/*
 * `name`: with or without .cfg, then NAME.cfg and NAME.dat are written; a name that ends in .cff is one file.  Beside them NAME.conf.
 * 0; -EEXIST when one of them is there (unless `replace`), -ENAMETOOLONG, or what opening a file in the directory gave.
 */
int comtrade_write_begin(struct comtrade_writer **writer, const char *name, bool replace);

/* The path of the configuration (or of the one file) that is being written. */
const char *comtrade_write_path(const struct comtrade_writer *writer);

/*
 * The next scans.  A gap of unknown length before them is laid out by their time.  0; -ERANGE when no further number is left, -EXDEV when the
 * source has changed (its rate, side, steps): end the recording; or -errno.
 */
int comtrade_write_block(struct comtrade_writer *writer, const struct adc_block *block);

/* The second that ended `behind` scans before the end of the newest block was measured at rate_hz.  0 or -ENOMEM. */
int comtrade_write_window(struct comtrade_writer *writer, double rate_hz, unsigned behind);

/* The recording shall begin with the scan behind the first `scans` that were given. */
void comtrade_write_skip(struct comtrade_writer *writer, uint64_t scans);

/* Scans written and lost, bytes on the disk at the end. */
uint64_t comtrade_write_scans(const struct comtrade_writer *writer);
uint64_t comtrade_write_lost(const struct comtrade_writer *writer);

/* Writes the files and frees the writer, whatever happens.  0 or -errno: then there is no new file. */
int comtrade_write_end(struct comtrade_writer *writer, const struct comtrade_about *about);

/* Frees it, leaves no file. */
void comtrade_write_abandon(struct comtrade_writer *writer);

#endif
