/*
 * thread - how the threads of this room begin and lock.
 */
#ifndef OUTPUTS_THREAD_H
#define OUTPUTS_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* A thread that takes no signal: they are the main thread's.  0 or -errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context);

/*
 * A lock that lends the waiter's priority to its holder: once the thread of the contacts has a real-time priority, nobody
 * who holds what it waits for is kept from running by a third.  0 or -errno.
 */
int thread_lock_init(pthread_mutex_t *lock);

/*
 * Asks for what brings the calling thread to run on time: no slack on its timers, a real-time priority, or where that is
 * not allowed short slices.
 */
void thread_be_punctual(void);

/* Wakes who waits at an eventfd. */
void thread_kick(int fd);

/* Waits until a kick or CLOCK_MONOTONIC until_ns, to the millisecond; takes the kick. */
void thread_wait(int fd, int64_t until_ns);

#endif
