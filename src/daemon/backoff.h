/*
 * backoff - how long to wait before what has failed is tried again.  Any thread.
 */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#include <stdint.h>

/* The wait that follows one of before_ns: 0.25 s after none (0), then twice as long each time, to 5 s. */
int64_t backoff_next_ns(int64_t before_ns);

#endif
