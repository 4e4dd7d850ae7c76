/*
 * thread - how the threads of this room begin and lock.
 */
#ifndef OUTPUTS_THREAD_H
#define OUTPUTS_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* {0} is one that was never started. */
struct thread {
	const char *name;
	void (*run)(void *context);
	void *context;
	pthread_t id;
	int ended_fd;		/* an eventfd */
	bool started;
	atomic_bool ended;
};

/* A thread that takes no signal: they are the main thread's.  `thread` and `name` stay where they are.  0 or -errno. */
int thread_start(struct thread *thread, const char *name, void (*run)(void *context), void *context);

/*
 * Waits until CLOCK_MONOTONIC until_ns for the end of a thread that was asked to end, or was never started.  0, or -ETIMEDOUT: it
 * hangs, most likely in the kernel, and is left behind, which is logged: all that it uses has to stay as long as the process.
 */
int thread_end(struct thread *thread, int64_t until_ns);

/*
 * A lock that lends the waiter's priority to its holder: once the thread of the contacts has a real-time priority, nobody
 * who holds what it waits for is kept from running by a third.  0 or -errno.
 */
int thread_lock_init(pthread_mutex_t *lock);

/*
 * Asks for what brings the calling thread to run on time: no slack on its timers, a real-time priority, or where that is
 * not allowed short slices; the first refusal in the process is logged.
 */
void thread_be_punctual(void);

/* Waits at an eventfd until a kick or CLOCK_MONOTONIC until_ns, to the millisecond, for a second at most; takes the kick.  A sign of life. */
void thread_wait(int fd, int64_t until_ns);

#endif
