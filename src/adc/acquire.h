/*
 * acquire - the thread that reads the ADC into the queue, whatever the ADC does.
 *
 * It opens the source, reads blocks, paces sources that have no clock of their own, and after any error closes and
 * reopens with back-off for ever: 0.25 s doubling to 5 s, anew after 5 s of success.  A full queue (a meter thread that
 * stands still) drops the block and counts its scans as lost in front of the next one.
 *
 * Pacing: a block is handed over when its last scan is due by CLOCK_MONOTONIC, counted from the open on without
 * rounding, and carries that time.  Who is late by up to 2 s catches up without loss; later than that (the process was
 * stopped), the time that passed is declared lost.  A recording's own gaps take their time too.
 */
#ifndef ADC_ACQUIRE_H
#define ADC_ACQUIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "adc/adc.h"
#include "adc/queue.h"

struct acquire;

/* What the status shows; a copy taken under a lock. */
struct acquire_status {
	bool open;			/* the source is open */
	bool ended;			/* a recording came to its end */
	uint64_t opens;			/* successful opens */
	uint64_t errors;		/* failed opens and reads */
	uint64_t lost;			/* scans lost, where their number is known */
	uint64_t gaps;			/* places where scans were lost */
	double nominal_hz, rate_hz;
	int last_error;			/* -errno of the newest error, 0 = none */
	int64_t heartbeat_ns;		/* CLOCK_MONOTONIC of the thread's last sign of life: each second, or when an open or read returns */
};

/* Starts the thread.  `adc` and `queue` are borrowed until acquire_stop.  0 or -errno. */
int acquire_start(struct acquire **acquire, struct adc *adc, struct block_queue *queue);

void acquire_get_status(struct acquire *acquire, struct acquire_status *status);

/* Cancels the source, joins the thread (within 1 s whatever the ADC does), closes the source. */
void acquire_stop(struct acquire *acquire);

#endif
