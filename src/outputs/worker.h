/*
 * worker - a thread that turns contacts at their due times: punctual, woken by a time or a kick, and showing life.  One whose line
 * hangs is told by its silence.
 */
#ifndef OUTPUTS_WORKER_H
#define OUTPUTS_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "outputs/outputs.h"
#include "outputs/thread.h"

/* {0} may be given to worker_free. */
struct worker {
	struct thread thread;
	bool ready;			/* the three below exist */
	int timer_fd, kick_fd;
	pthread_mutex_t lock;		/* guards all below and its contacts' states; held for assignments, never for a system call */
	int64_t heartbeat_ns, worst_late_ns;
	bool stop;
};

/* All but the thread, whose `run` calls thread_be_punctual and ends once `stop` is set.  0 or -errno. */
int worker_init(struct worker *worker);

/* For its thread: waits until CLOCK_MONOTONIC due_ns or a kick, and takes the kick. */
void worker_wait(struct worker *worker, int64_t due_ns);

/* The lock is held: notes the lateness of an edge. */
void worker_note_late(struct worker *worker, int64_t late_ns);

/* The lock is held: the worst lateness and the oldest heartbeat of what `status` has and its own. */
void worker_add_status(const struct worker *worker, struct outputs_status *status);

/* Any thread: has it shown no life for more than 2 s? */
bool worker_is_silent(struct worker *worker);

/* Any thread: asks it to end; then thread_end. */
void worker_ask_stop(struct worker *worker);

/* Once its thread has ended. */
void worker_free(struct worker *worker);

#endif
