/*
 * meter_thread - the one thread that changes meter state.
 *
 * It waits for blocks and for posted writes, runs the pure meter, and publishes
 * one second at a time: a snapshot and its register image, copied whole.
 */
#ifndef DAEMON_METER_THREAD_H
#define DAEMON_METER_THREAD_H

#include <stdint.h>

#include "adc/queue.h"
#include "metering/meter.h"
#include "registers/registers.h"

struct meter_thread;

/* A write of registers whose addresses are legal. */
struct posted_write {
	unsigned first, count;		/* count <= REGISTERS_WRITE_MAX */
	uint16_t values[REGISTERS_WRITE_MAX];
};

/* Starts the thread.  The queue is borrowed until meter_thread_stop.  Returns 0 or -errno. */
int meter_thread_start(struct meter_thread **thread, const struct meter_config *config, struct block_queue *queue);

/* Any thread: a copy of the newest second. */
void meter_thread_get_image(struct meter_thread *thread, struct register_image *image);
void meter_thread_get_snapshot(struct meter_thread *thread, struct snapshot *snapshot);

/*
 * Hands a write to the meter; one at a time.  Returns 0, or -EBUSY while another is under way.
 * When it has been checked and applied, and the image shows it, the descriptor of
 * meter_thread_done_fd() becomes readable; meter_thread_take_result() then gives
 * 0 or the Modbus exception code, or -EAGAIN when there is no result.
 */
int meter_thread_post(struct meter_thread *thread, const struct posted_write *write);
int meter_thread_done_fd(const struct meter_thread *thread);
int meter_thread_take_result(struct meter_thread *thread);

/* CLOCK_MONOTONIC of the thread's last sign of life; it gives one at least every 0.1 s. */
int64_t meter_thread_heartbeat_ns(struct meter_thread *thread);

void meter_thread_stop(struct meter_thread *thread);

#endif
