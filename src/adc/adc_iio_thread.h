/*
 * adc_iio_thread - the thread that owns libiio, so that nobody else ever waits for it without a limit.
 *
 * A network or USB peer may stall or trickle inside almost any libiio call, and a driver may hang in sysfs; libiio 0.24
 * offers no way out of these but for a refill.  Each open capture therefore has a thread of its own, which alone calls libiio
 * (except for the cancel of a refill), and its user waits for it with deadlines.  A thread that does not come back
 * by its deadline is given up: it is detached, and whenever its call returns it destroys the buffer, the context and itself.
 * Until then it keeps what it holds (a thread, a socket or a device node, some 100 KiB); the user allows for one such thread
 * at a time by asking capture_thread_is_gone().  Otherwise nothing outlives capture_thread_stop().
 *
 * A call that takes longer than 30 s is one silent thread to the watchdog (daemon/heartbeat).
 *
 * All signals are blocked in it: SIGPIPE of a lost connection becomes EPIPE.
 *
 * Threads: start, refill, stop by one user thread.  interrupt by any thread between start and stop.
 */
#ifndef ADC_ADC_IIO_THREAD_H
#define ADC_ADC_IIO_THREAD_H

#include "adc/adc_iio_capture.h"

struct capture_thread;

/* What an open capture turned out to be. */
struct capture_facts {
	double rate_hz;
	bool stamped, monotonic;
	unsigned timeout_ms;
	double step[ADC_CHANNELS], zero[ADC_CHANNELS];	/* value = step x count + zero, of whole counts */
	char text[512];		/* error, or notice of a success, or "" */
};

/* Starts the thread, which opens the device.  0, -ENOMEM or -EAGAIN. */
int capture_thread_start(struct capture_thread **thread, const struct adc_config *config);

/* Waits for the opening.  0, -ECANCELED when interrupted, -ETIMEDOUT, or the opening's -errno; facts->text is set. */
int capture_thread_wait_open(struct capture_thread *thread, int64_t timeout_ns, struct capture_facts *facts);

/*
 * Refills and waits.  0 with *scans borrowed until the next call, -ECANCELED when interrupted, -ETIMEDOUT, or -errno;
 * `text` (512 bytes) says what failed.
 */
int capture_thread_refill(struct capture_thread *thread, int64_t timeout_ns, const struct capture_scans **scans, char *text);

/* The user's present and next waits return -ECANCELED at once. */
void capture_thread_interrupt(struct capture_thread *thread);

/*
 * Cancels, has everything destroyed and joins; waits at most timeout_ns.  True when the thread has ended: `thread` is freed.
 * False when it was given up: `thread` stays valid for capture_thread_is_gone() and capture_thread_forget().
 */
bool capture_thread_stop(struct capture_thread *thread, int64_t timeout_ns);

/* Of a thread that was given up: whether it has ended since; then `thread` is freed. */
bool capture_thread_is_gone(struct capture_thread *thread);

/* Of a thread that was given up: its user ends.  It frees itself when its call returns. */
void capture_thread_forget(struct capture_thread *thread);

#endif
