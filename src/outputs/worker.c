#include "outputs/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
#define SILENCE_NS (2 * SECOND)

int worker_init(struct worker *worker)
{
	int error = thread_lock_init(&worker->lock);

	if (error)
		return error;
	worker->heartbeat_ns = monotonic_ns();
	worker->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = worker->kick_fd < 0 ? -errno : 0;
	if (error)
		goto destroy_lock;
	worker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	error = worker->timer_fd < 0 ? -errno : 0;
	if (error)
		goto close_kick;
	worker->ready = true;
	return 0;
close_kick:
	close(worker->kick_fd);
destroy_lock:
	pthread_mutex_destroy(&worker->lock);
	return error;
}

void worker_wait(struct worker *worker, int64_t due_ns)
{
	struct pollfd fds[] = { { .fd = worker->timer_fd, .events = POLLIN }, { .fd = worker->kick_fd, .events = POLLIN } };
	struct itimerspec timer = { .it_value = { (time_t)(due_ns / SECOND), (long)(due_ns % SECOND) } };

	heartbeat_beat();
	timerfd_settime(worker->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
	if (poll(fds, 2, -1) > 0 && fds[1].revents)
		kick_take(worker->kick_fd);
}

void worker_note_late(struct worker *worker, int64_t late_ns)
{
	if (late_ns > worker->worst_late_ns)
		worker->worst_late_ns = late_ns;
}

void worker_add_status(const struct worker *worker, struct outputs_status *status)
{
	double late_ms = (double)worker->worst_late_ns / 1e6;

	if (late_ms > status->worst_late_ms)
		status->worst_late_ms = late_ms;
	if (!status->heartbeat_ns || worker->heartbeat_ns < status->heartbeat_ns)
		status->heartbeat_ns = worker->heartbeat_ns;
}

bool worker_is_silent(struct worker *worker)
{
	bool silent;

	pthread_mutex_lock(&worker->lock);
	silent = monotonic_ns() - worker->heartbeat_ns > SILENCE_NS;
	pthread_mutex_unlock(&worker->lock);
	return silent;
}

void worker_ask_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_mutex_unlock(&worker->lock);
	kick_give(worker->kick_fd);
}

void worker_free(struct worker *worker)
{
	if (!worker->ready)
		return;
	close(worker->timer_fd);
	close(worker->kick_fd);
	pthread_mutex_destroy(&worker->lock);
}
