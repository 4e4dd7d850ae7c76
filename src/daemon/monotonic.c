#include "daemon/monotonic.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

int64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t monotonic_to_utc_ns(void)
{
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

int monotonic_lock_init(pthread_mutex_t *lock, pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int error = -pthread_mutex_init(lock, NULL);

	if (error)
		return error;
	error = -pthread_condattr_init(&attributes);
	if (error)
		goto free_lock;
	error = -pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (!error)
		error = -pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	if (!error)
		return 0;
free_lock:
	pthread_mutex_destroy(lock);
	return error;
}

int monotonic_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns)
{
	struct timespec deadline = { .tv_sec = (time_t)(deadline_ns / SECOND), .tv_nsec = (long)(deadline_ns % SECOND) };

	return -pthread_cond_timedwait(condition, lock, &deadline);
}
