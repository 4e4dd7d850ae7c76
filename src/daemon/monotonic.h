/*
 * monotonic - CLOCK_MONOTONIC for the shells: nanoseconds, and waiting by it.  Any thread.
 */
#ifndef DAEMON_MONOTONIC_H
#define DAEMON_MONOTONIC_H

#include <pthread.h>
#include <stdint.h>

int64_t monotonic_ns(void);

/* The system's UTC (CLOCK_REALTIME) less CLOCK_MONOTONIC, in ns. */
int64_t monotonic_to_utc_ns(void);

/*
 * A lock and a condition whose timed waits go by CLOCK_MONOTONIC: a system clock that is set wakes nobody
 * early or late.  Returns 0 or -errno, then neither exists.
 */
int monotonic_lock_init(pthread_mutex_t *lock, pthread_cond_t *condition);

/* Waits, the lock held, for the condition until CLOCK_MONOTONIC deadline_ns.  0, or -ETIMEDOUT. */
int monotonic_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns);

#endif
