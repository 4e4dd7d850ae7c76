/*
 * adc_iio_queue - converted scans that wait until it is known that nothing is missing between them.  The reader's thread only.
 */
#ifndef ADC_ADC_IIO_QUEUE_H
#define ADC_ADC_IIO_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "adc/adc_iio_capture.h"
#include "metering/block.h"

/* Scans in arrays of `room`, the oldest at `first`. */
struct scan_queue {
	unsigned room, first, n;
	double *value[ADC_CHANNELS];
	int64_t *stamp_ns;
	int64_t *time_ns;	/* CLOCK_MONOTONIC */
	int64_t *arrival_ns;	/* of the refill that ends with this scan, else 0 */
	uint8_t *clipped;
};

/* 0 or -ENOMEM, then with nothing allocated. */
int scan_queue_allocate(struct scan_queue *queue, unsigned room);

/* Also of a queue of zeros, and twice. */
void scan_queue_free(struct scan_queue *queue);

/* The caller has seen to the room: for all that may wait and two refills.  `rate_hz` dates the scans back from the arrival. */
void scan_queue_append(struct scan_queue *queue, const struct capture_scans *scans, bool stamp_is_time, double rate_hz);

/* Moves the first block->n scans, and when they were taken and clipped, to the block. */
void scan_queue_take(struct scan_queue *queue, struct adc_block *block);

#endif
