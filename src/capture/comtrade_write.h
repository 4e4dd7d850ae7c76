/*
 * comtrade_write - samples into a COMTRADE recording (IEEE C37.111-2013 / IEC 60255-24).
 *
 * Blocks are taken as they come and kept in a file without a name; at the end the recording is written from it: BINARY32, six
 * channels in primary V and A, and NAME.conf beside it.  Where the source tells its converter's step, the samples are the
 * converter's counts and nothing is rounded; else they are scaled to the full range of what was seen, of 2^32 steps.  A
 * recording begins with the first scan of the first window measured over samples that it holds, and has a sample rate for each
 * window, so that whoever reads it measures the same seconds at the same rate.  Lost scans are numbers without a record.
 *
 * Any thread; a writer belongs to one at a time.
 */
#ifndef CAPTURE_COMTRADE_WRITE_H
#define CAPTURE_COMTRADE_WRITE_H

#include <stdint.h>

#include "capture/tap.h"
#include "metering/block.h"
#include "metering/settings.h"

#define COMTRADE_WRITE_RECORD_BYTES 32

struct comtrade_write;

/* What the samples do not say. */
struct comtrade_write_info {
	const char *station, *device;	/* who recorded */
	const char *config;		/* the text of NAME.conf */
	const struct settings *settings;	/* in force: PT and CT ratios */
	double line_hz;			/* nominal; 0 = not known */
	int64_t utc_less_clock_ns;	/* makes UTC of the blocks' time */
	int64_t trigger_ns;		/* by the blocks' clock */
};

struct comtrade_write_account {
	uint64_t scans, lost, gaps;	/* in the recording, whole once it is finished */
	double seconds;			/* that it spans */
	double before_s;		/* of them before the trigger; once it is finished */
	char file[4096];		/* NAME.cfg or NAME.cff */
};

/*
 * `name`: NAME or NAME.cfg makes NAME.cfg and NAME.dat, NAME.cff one combined file.  0, or -errno; -ENOMEM leaves no writer, all
 * else has its error.  Nothing is seen of the recording before it is whole.
 */
int comtrade_write_open(struct comtrade_write **writer, const char *name, bool force);

/*
 * The next block, its first scan's number and the windows whose last scans are in it.  0; -ESTALE: it is of another source than
 * those before, or comes a day later, and is for another recording; or -errno of the disk.
 */
int comtrade_write_add(struct comtrade_write *writer, const struct adc_block *block, uint64_t first, const struct tap_window *windows,
		       unsigned n);

/* Writes it.  0, -ENODATA: no scan was taken; or -errno, and there is none. */
int comtrade_write_finish(struct comtrade_write *writer, const struct comtrade_write_info *info);

/* Scans taken so far. */
uint64_t comtrade_write_taken(const struct comtrade_write *writer);
void comtrade_write_get_account(const struct comtrade_write *writer, struct comtrade_write_account *account);

/* The last error in words, with the file it is about. */
const char *comtrade_write_error(const struct comtrade_write *writer);

/* Frees; what was not finished is gone. */
void comtrade_write_close(struct comtrade_write *writer);

#endif
