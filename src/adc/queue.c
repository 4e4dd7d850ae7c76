#include "adc/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/monotonic.h"

/*
 * The lock guards the three counters alone: a block belongs to the producer from
 * reserve to commit and to the consumer from wait to release, so samples are
 * written and read outside it and nobody holds it for longer than an assignment.
 */
struct block_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned slots, scans;
	unsigned first, filled;	/* committed blocks: first, first + 1, ... modulo slots */
	bool kicked;
	double *samples;
	struct adc_block *blocks;
};

static void lay_out(struct block_queue *queue)
{
	for (unsigned slot = 0; slot < queue->slots; slot++)
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			queue->blocks[slot].scans[c] = queue->samples + ((size_t)slot * ADC_CHANNELS + c) * queue->scans;
}

/* All but the arrays, which may be others than at the start. */
static void clear_block(struct adc_block *block)
{
	double *scans[ADC_CHANNELS];

	memcpy(scans, block->scans, sizeof(scans));
	memset(block, 0, sizeof(*block));
	memcpy(block->scans, scans, sizeof(scans));
}

struct block_queue *block_queue_new(unsigned slots, unsigned scans)
{
	struct block_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->slots = slots;
	queue->scans = scans;
	queue->blocks = calloc(slots, sizeof(*queue->blocks));
	queue->samples = calloc((size_t)slots * ADC_CHANNELS, scans * sizeof(*queue->samples));
	if (!queue->blocks || !queue->samples || monotonic_lock_init(&queue->lock, &queue->changed)) {
		free(queue->samples);
		free(queue->blocks);
		free(queue);
		return NULL;
	}
	lay_out(queue);
	return queue;
}

void block_queue_free(struct block_queue *queue)
{
	if (!queue)
		return;
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue->samples);
	free(queue->blocks);
	free(queue);
}

unsigned block_queue_scans(const struct block_queue *queue)
{
	return queue->scans;
}

struct adc_block *block_queue_reserve(struct block_queue *queue)
{
	unsigned slot;
	bool full;

	pthread_mutex_lock(&queue->lock);
	full = queue->filled == queue->slots;
	slot = (queue->first + queue->filled) % queue->slots;
	pthread_mutex_unlock(&queue->lock);
	if (full)
		return NULL;
	clear_block(&queue->blocks[slot]);
	return &queue->blocks[slot];
}

void block_queue_commit(struct block_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->filled++;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

struct adc_block *block_queue_wait(struct block_queue *queue, int64_t deadline_ns)
{
	struct adc_block *block = NULL;
	int error = 0;

	pthread_mutex_lock(&queue->lock);
	while (!queue->kicked && !queue->filled && error != -ETIMEDOUT)
		error = monotonic_wait_until(&queue->changed, &queue->lock, deadline_ns);
	if (queue->kicked)
		queue->kicked = false;
	else if (queue->filled)
		block = &queue->blocks[queue->first];
	pthread_mutex_unlock(&queue->lock);
	return block;
}

void block_queue_release(struct block_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->first = (queue->first + 1) % queue->slots;
	queue->filled--;
	pthread_mutex_unlock(&queue->lock);
}

void block_queue_kick(struct block_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->kicked = true;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}
