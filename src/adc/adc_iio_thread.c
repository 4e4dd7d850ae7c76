#include "adc/adc_iio_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/heartbeat.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"

#define SECOND INT64_C(1000000000)
#define CALL_NS (30 * SECOND)	/* its user has given up long before: nothing is measured until it returns, and a new start helps */

enum state { OPENING, IDLE, REFILLING, STOPPING, ENDED };

struct capture_thread {
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum state state;		/* under lock, as the next four */
	int result;			/* of the last opening or refill */
	bool interrupted;
	bool cancellable;		/* capture_cancel may be called */
	bool stopping;			/* the user wants the end */
	bool forgotten;			/* the thread frees the structure */
	atomic_bool given_up;
	struct adc_config config;
	struct capture capture;		/* the thread's, and the user's while IDLE */
	struct capture_scans scans;
};

static void free_thread(struct capture_thread *thread)
{
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		free(thread->scans.value[c]);
	free(thread->scans.stamp_ns);
	free(thread->scans.clipped);
	pthread_cond_destroy(&thread->changed);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

/* ---- the thread ---- */

/* With the lock held: waits for a change, with a sign of life. */
static void wait_a_beat(struct capture_thread *thread)
{
	heartbeat_beat();
	monotonic_wait_until(&thread->changed, &thread->lock, monotonic_ns() + SECOND);
}

/* With the lock held: reports a result and waits for what to do next. */
static void report(struct capture_thread *thread, int result)
{
	thread->result = result;
	thread->state = IDLE;
	pthread_cond_broadcast(&thread->changed);
	while (thread->state == IDLE && !thread->stopping)
		wait_a_beat(thread);
}

static int call(struct capture_thread *thread, int (*work)(struct capture_thread *))
{
	int result;

	heartbeat_may_take(CALL_NS);
	pthread_mutex_unlock(&thread->lock);
	result = work(thread);
	pthread_mutex_lock(&thread->lock);
	heartbeat_beat();
	return result;
}

static int open_capture(struct capture_thread *thread)
{
	return capture_open(&thread->capture, &thread->config, &thread->given_up);
}

static int refill_capture(struct capture_thread *thread)
{
	return capture_refill(&thread->capture, &thread->scans);
}

static int close_capture(struct capture_thread *thread)
{
	capture_close(&thread->capture);
	return 0;
}

static void *run(void *data)
{
	struct capture_thread *thread = data;
	bool forgotten;
	int result;

	thread_be_punctual();
	heartbeat_begin("iio");
	pthread_mutex_lock(&thread->lock);
	result = call(thread, open_capture);
	if (result == 0)
		thread->cancellable = true;
	report(thread, result);
	while (result == 0 && !thread->stopping)
		report(thread, call(thread, refill_capture));
	thread->cancellable = false;
	if (result == 0)
		call(thread, close_capture);
	while (!thread->stopping)
		wait_a_beat(thread);
	heartbeat_end();
	thread->state = ENDED;
	forgotten = thread->forgotten;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	if (forgotten)
		free_thread(thread);
	return NULL;
}

/* ---- its user ---- */

static int allocate_scans(struct capture_scans *scans, unsigned n)
{
	bool complete = true;

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		scans->value[c] = calloc(n, sizeof(*scans->value[c]));
		complete = complete && scans->value[c];
	}
	scans->stamp_ns = calloc(n, sizeof(*scans->stamp_ns));
	scans->clipped = calloc(n, sizeof(*scans->clipped));
	return complete && scans->stamp_ns && scans->clipped ? 0 : -ENOMEM;
}

static int create(struct capture_thread *thread)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&thread->id, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_setname_np(thread->id, "iio");
	return error;
}

int capture_thread_start(struct capture_thread **thread, const struct adc_config *config)
{
	struct capture_thread *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return -ENOMEM;
	new->config = *config;
	error = monotonic_lock_init(&new->lock, &new->changed);
	if (error) {
		free(new);
		return error;
	}
	error = allocate_scans(&new->scans, config->block_scans);
	if (error == 0)
		error = create(new);
	if (error < 0) {
		free_thread(new);
		return error;
	}
	*thread = new;
	return 0;
}

/* With the lock held: waits until the thread has left the state.  0, -ECANCELED, -ETIMEDOUT. */
static int wait_while(struct capture_thread *thread, enum state state, int64_t timeout_ns, bool interruptible)
{
	int64_t deadline_ns = monotonic_ns() + timeout_ns;

	while (thread->state == state) {
		if (interruptible && thread->interrupted)
			return -ECANCELED;
		if (monotonic_wait_until(&thread->changed, &thread->lock, deadline_ns) == -ETIMEDOUT && thread->state == state)
			return -ETIMEDOUT;
	}
	return interruptible && thread->interrupted ? -ECANCELED : 0;
}

static void late(char *text, const char *what, int64_t timeout_ns)
{
	snprintf(text, 512, "%s took longer than %.1f s", what, timeout_ns / 1e9);
}

int capture_thread_wait_open(struct capture_thread *thread, int64_t timeout_ns, struct capture_facts *facts)
{
	const struct capture *capture = &thread->capture;
	int error;

	memset(facts, 0, sizeof(*facts));
	pthread_mutex_lock(&thread->lock);
	error = wait_while(thread, OPENING, timeout_ns, true);
	if (error == 0) {
		error = thread->result;
		memcpy(facts->text, error < 0 ? capture->error : capture->notice, sizeof(facts->text));
		facts->rate_hz = capture->rate_hz;
		facts->stamped = capture->timestamp != NULL;
		facts->monotonic = capture->monotonic;
		facts->timeout_ms = capture->timeout_ms;
		capture_steps(capture, facts->step, facts->zero);
	} else if (error == -ETIMEDOUT) {
		late(facts->text, "opening the ADC", timeout_ns);
	}
	pthread_mutex_unlock(&thread->lock);
	return error;
}

int capture_thread_refill(struct capture_thread *thread, int64_t timeout_ns, const struct capture_scans **scans, char *text)
{
	int error;

	pthread_mutex_lock(&thread->lock);
	thread->state = REFILLING;
	pthread_cond_broadcast(&thread->changed);
	error = wait_while(thread, REFILLING, timeout_ns, true);
	if (error == 0) {
		error = thread->result;
		if (error < 0)
			memcpy(text, thread->capture.error, sizeof(thread->capture.error));
		*scans = &thread->scans;
	} else if (error == -ETIMEDOUT) {
		late(text, "reading a block", timeout_ns);
	}
	pthread_mutex_unlock(&thread->lock);
	return error;
}

void capture_thread_interrupt(struct capture_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	thread->interrupted = true;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
}

bool capture_thread_stop(struct capture_thread *thread, int64_t timeout_ns)
{
	int64_t deadline_ns = monotonic_ns() + timeout_ns;
	bool ended;

	pthread_mutex_lock(&thread->lock);
	thread->stopping = true;
	/* The thread destroys the buffer only after it has cleared the flag under this lock. */
	if (thread->cancellable)
		capture_cancel(&thread->capture);
	pthread_cond_broadcast(&thread->changed);
	while (thread->state != ENDED
			&& monotonic_wait_until(&thread->changed, &thread->lock, deadline_ns) != -ETIMEDOUT)
		;
	ended = thread->state == ENDED;
	thread->given_up = true;
	pthread_mutex_unlock(&thread->lock);
	if (!ended)
		return false;
	pthread_join(thread->id, NULL);
	free_thread(thread);
	return true;
}

bool capture_thread_is_gone(struct capture_thread *thread)
{
	bool ended;

	pthread_mutex_lock(&thread->lock);
	ended = thread->state == ENDED;
	pthread_mutex_unlock(&thread->lock);
	if (!ended)
		return false;
	pthread_join(thread->id, NULL);
	free_thread(thread);
	return true;
}

void capture_thread_forget(struct capture_thread *thread)
{
	bool ended;

	pthread_mutex_lock(&thread->lock);
	ended = thread->state == ENDED;
	thread->forgotten = true;
	if (!ended)
		pthread_detach(thread->id);
	pthread_mutex_unlock(&thread->lock);
	if (ended) {
		pthread_join(thread->id, NULL);
		free_thread(thread);
	}
}
