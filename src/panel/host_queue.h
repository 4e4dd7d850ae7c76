/*
 * host_queue - presses that wait for the panel's thread, in order, bounded.  The caller has the lock.
 */
#ifndef PANEL_HOST_QUEUE_H
#define PANEL_HOST_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "panel/panel.h"

#define HOST_QUEUE_PRESSES 256

/* {0} is empty. */
struct host_queue {
	struct host_press {
		enum panel_button button;
		uint64_t serial;	/* from 1 */
	} press[HOST_QUEUE_PRESSES];
	unsigned first, n;
	uint64_t serial;		/* of the newest */
};

/* Takes all or none.  False: there is no room.  The serials end with queue->serial. */
bool host_queue_put(struct host_queue *queue, const enum panel_button *buttons, unsigned n);

/* The oldest; false when there is none. */
bool host_queue_get(struct host_queue *queue, struct host_press *press);

/* Takes back those with serials low..high that are still there. */
void host_queue_drop(struct host_queue *queue, uint64_t low, uint64_t high);

#endif
