/*
 * samples - the stream of samples that the daemon measures, over the control socket: lossless while the reader keeps up with the
 * daemon's ring, and told when it does not.
 */
#ifndef CLIENT_SAMPLES_H
#define CLIENT_SAMPLES_H

#include "capture/tap.h"
#include "client/control_client.h"
#include "metering/block.h"

struct samples;

/*
 * Begins at the oldest sample that is not older than history_s (0: at the next one).  The client is borrowed, and not used
 * otherwise while a read is under way.  0, or -errno after a line on stderr.
 */
int samples_open(struct samples **samples, struct control_client *client, double history_s);

/* Factors that make primary V and A of the samples, at the settings in force at the newest read; the place stays the same. */
const double *samples_primary_scale(const struct samples *samples);

/*
 * The next samples, as many as there are and `room` allows, into block->scans (arrays of `room` each).  Waits for timeout_ms at most.
 * Returns the number of scans, 0 when none came in time, or -errno after a line on stderr (the connection is lost).  Of the block n,
 * t_ns, rates, lost (also what the ring no longer held), restarted, clipped and delay_us are set.  *first: the number of its first scan.
 */
int samples_read(struct samples *samples, struct adc_block *block, unsigned room, int timeout_ms, uint64_t *first);

/*
 * A capture needs more: after a read, what the samples are, and the windows whose last scans are among those read.  Their numbers
 * and *first are the daemon's scan numbers, without those that were lost.
 */
const struct tap_source *samples_source(const struct samples *samples);
const struct tap_window *samples_windows(const struct samples *samples, unsigned *n);

/* Of the last block read: CLOCK_REALTIME less its clock, in ns. */
int64_t samples_utc_less_clock_ns(const struct samples *samples);

/* The configuration with which the samples give the registers, as it was when the stream was opened. */
const char *samples_config(const struct samples *samples);

/* The time of the opening, by the samples' clock. */
int64_t samples_opened_ns(const struct samples *samples);

void samples_close(struct samples *samples);

#endif
