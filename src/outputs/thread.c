#include "outputs/thread.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "modbus/urgent.h"

#define REAL_TIME_PRIORITY 10
#define MOST_MS 1000		/* signs of life go on */

static void *begin(void *context)
{
	struct thread *thread = context;

	heartbeat_begin(thread->name);
	thread->run(thread->context);
	heartbeat_end();
	atomic_store(&thread->ended, true);
	kick_give(thread->ended_fd);
	return NULL;
}

int thread_start(struct thread *thread, const char *name, void (*run)(void *context), void *context)
{
	sigset_t all, before;
	int error;

	thread->name = name;
	thread->run = run;
	thread->context = context;
	thread->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->ended_fd < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&thread->id, NULL, begin, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	thread->started = !error;
	if (error)
		close(thread->ended_fd);
	else
		pthread_setname_np(thread->id, name);
	return error;
}

int thread_end(struct thread *thread, int64_t until_ns)
{
	if (!thread->started)
		return 0;
	while (!atomic_load(&thread->ended) && monotonic_ns() < until_ns)
		thread_wait(thread->ended_fd, until_ns);
	if (!atomic_load(&thread->ended)) {
		pthread_detach(thread->id);
		log_warning("thread \"%s\": hangs, left behind", thread->name);
		return -ETIMEDOUT;
	}
	pthread_join(thread->id, NULL);
	close(thread->ended_fd);
	return 0;
}

int thread_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	int error = -pthread_mutexattr_init(&attributes);

	if (error)
		return error;
	error = -pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (!error)
		error = -pthread_mutex_init(lock, &attributes);
	/* A kernel without it: then an ordinary one. */
	if (error)
		error = -pthread_mutex_init(lock, NULL);
	pthread_mutexattr_destroy(&attributes);
	return error;
}

void thread_be_punctual(void)
{
	static atomic_flag refused = ATOMIC_FLAG_INIT;
	/* Low among the real-time priorities: ahead of all ordinary work, behind the kernel's interrupt threads (50). */
	struct sched_param param = { .sched_priority = REAL_TIME_PRIORITY };

	int error;

	prctl(PR_SET_TIMERSLACK, 1UL);
	error = pthread_setschedparam(pthread_self(), SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
	if (!error)
		return;
	if (!atomic_flag_test_and_set(&refused))
		log_warning("real-time priority: %s: on a busy machine samples and contacts may come late", strerror(error));
	urgent_thread();
}

void thread_wait(int fd, int64_t until_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int64_t left_ms = (until_ns - monotonic_ns() + 999999) / 1000000;

	heartbeat_beat();
	if (left_ms > MOST_MS)
		left_ms = MOST_MS;
	if (poll(&poll_fd, 1, left_ms > 0 ? (int)left_ms : 0) > 0)
		kick_take(fd);
}
