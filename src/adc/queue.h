/*
 * queue - blocks from the acquire thread to the meter thread, without allocation after start.
 * One producer, one consumer; anyone may kick the consumer awake.
 */
#ifndef ADC_QUEUE_H
#define ADC_QUEUE_H

#include <stdint.h>

#include "metering/block.h"

struct block_queue;

/* `slots` blocks of at most `scans` scans.  NULL when memory is short. */
struct block_queue *block_queue_new(unsigned slots, unsigned scans);
void block_queue_free(struct block_queue *queue);

/* The most scans that a block of this queue takes. */
unsigned block_queue_scans(const struct block_queue *queue);

/* Producer: the block to fill next, cleared, or NULL when the queue is full; never blocks.  Commit hands it over. */
struct adc_block *block_queue_reserve(struct block_queue *queue);
void block_queue_commit(struct block_queue *queue);

/*
 * Consumer: waits for a block, a kick, or CLOCK_MONOTONIC deadline_ns.  The block, valid until
 * block_queue_release(), or NULL for a kick or the deadline.  A kick comes before blocks that wait;
 * several kicks before one wait count once.  Until the release the consumer may exchange the block's arrays for others of
 * block_queue_scans() each, which must live as long as the queue; so samples change hands without being copied.
 */
struct adc_block *block_queue_wait(struct block_queue *queue, int64_t deadline_ns);
void block_queue_release(struct block_queue *queue);

/* Any thread: the consumer's present or next wait returns. */
void block_queue_kick(struct block_queue *queue);

#endif
