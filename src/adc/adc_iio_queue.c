#include "adc/adc_iio_queue.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void scan_queue_free(struct scan_queue *queue)
{
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		free(queue->value[c]);
	free(queue->stamp_ns);
	free(queue->time_ns);
	free(queue->arrival_ns);
	free(queue->clipped);
	memset(queue, 0, sizeof(*queue));
}

int scan_queue_allocate(struct scan_queue *queue, unsigned room)
{
	bool complete = true;

	memset(queue, 0, sizeof(*queue));
	queue->room = room;
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		queue->value[c] = calloc(room, sizeof(*queue->value[c]));
		complete = complete && queue->value[c];
	}
	queue->stamp_ns = calloc(room, sizeof(*queue->stamp_ns));
	queue->time_ns = calloc(room, sizeof(*queue->time_ns));
	queue->arrival_ns = calloc(room, sizeof(*queue->arrival_ns));
	queue->clipped = calloc(room, sizeof(*queue->clipped));
	if (complete && queue->stamp_ns && queue->time_ns && queue->arrival_ns && queue->clipped)
		return 0;
	scan_queue_free(queue);
	return -ENOMEM;
}

static void close_up(struct scan_queue *queue)
{
	unsigned first = queue->first, n = queue->n;

	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		memmove(queue->value[c], queue->value[c] + first, n * sizeof(*queue->value[c]));
	memmove(queue->stamp_ns, queue->stamp_ns + first, n * sizeof(*queue->stamp_ns));
	memmove(queue->time_ns, queue->time_ns + first, n * sizeof(*queue->time_ns));
	memmove(queue->arrival_ns, queue->arrival_ns + first, n * sizeof(*queue->arrival_ns));
	memmove(queue->clipped, queue->clipped + first, n * sizeof(*queue->clipped));
	queue->first = 0;
}

void scan_queue_append(struct scan_queue *queue, const struct capture_scans *scans, bool stamp_is_time, double rate_hz)
{
	unsigned end;

	if (queue->first + queue->n + scans->n > queue->room)
		close_up(queue);
	end = queue->first + queue->n;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		memcpy(queue->value[c] + end, scans->value[c], scans->n * sizeof(*scans->value[c]));
	memcpy(queue->clipped + end, scans->clipped, scans->n * sizeof(*scans->clipped));
	for (unsigned i = 0; i < scans->n; i++) {
		queue->stamp_ns[end + i] = scans->stamped ? scans->stamp_ns[i] : 0;
		queue->time_ns[end + i] = scans->stamped && stamp_is_time ? scans->stamp_ns[i]
				: scans->arrival_ns - llround((scans->n - 1 - i) / rate_hz * 1e9);
		queue->arrival_ns[end + i] = i + 1 == scans->n ? scans->arrival_ns : 0;
	}
	queue->n += scans->n;
}

void scan_queue_take(struct scan_queue *queue, struct adc_block *block)
{
	block->clipped = 0;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		memcpy(block->scans[c], queue->value[c] + queue->first, block->n * sizeof(*block->scans[c]));
	for (unsigned i = 0; i < block->n; i++)
		block->clipped |= queue->clipped[queue->first + i];
	block->t_ns = queue->time_ns[queue->first + block->n - 1];
	queue->first += block->n;
	queue->n -= block->n;
}
