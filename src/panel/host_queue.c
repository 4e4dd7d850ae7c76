#include "panel/host_queue.h"

static struct host_press *at(struct host_queue *queue, unsigned i)
{
	return &queue->press[(queue->first + i) % HOST_QUEUE_PRESSES];
}

bool host_queue_put(struct host_queue *queue, const enum panel_button *buttons, unsigned n)
{
	if (n > HOST_QUEUE_PRESSES - queue->n)
		return false;
	for (unsigned i = 0; i < n; i++)
		*at(queue, queue->n++) = (struct host_press){ buttons[i], ++queue->serial };
	return true;
}

bool host_queue_get(struct host_queue *queue, struct host_press *press)
{
	if (!queue->n)
		return false;
	*press = *at(queue, 0);
	queue->first = (queue->first + 1) % HOST_QUEUE_PRESSES;
	queue->n--;
	return true;
}

void host_queue_drop(struct host_queue *queue, uint64_t low, uint64_t high)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < queue->n; i++)
		if (at(queue, i)->serial < low || at(queue, i)->serial > high)
			*at(queue, kept++) = *at(queue, i);
	queue->n = kept;
}
