/*
 * warp - preloaded into a program: its clocks run WARP_SPEED times as fast, what it waits for comes so much sooner, and its disk is slow.
 *
 * WARP_SPEED          1..1000
 * WARP_MONOTONIC_NS   when that began, on CLOCK_MONOTONIC ..
 * WARP_REALTIME_NS    .. and CLOCK_REALTIME: programs that are given the same have the same time
 * WARP_ACCOUNT        file that malloc_info(3) of the program goes to, ten times a second
 * WARP_DISK_MS        mean time that an fsync takes, on the faster clock, exponentially distributed; 0: as it is
 *
 * Faults on purpose:
 * WARP_LEAK           bytes that are allocated in each second of the faster clock and never freed; needs WARP_ACCOUNT ..
 * WARP_LEAK_FILES     .. and descriptors that are opened and never closed
 * WARP_LATE_MS        time on the faster clock by which each 50th write to a terminal comes late
 * WARP_FAST_PPM       by so much the clocks run faster still
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define DESCRIPTORS 1024
#define LATE_EACH 50

static struct {
	int (*clock_gettime)(clockid_t, struct timespec *);
	int (*clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	int (*epoll_wait)(int, struct epoll_event *, int, int);
	int (*timerfd_create)(int, int);
	int (*timerfd_settime)(int, int, const struct itimerspec *, struct itimerspec *);
	int (*cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	int (*fsync)(int);
	int (*fdatasync)(int);
	ssize_t (*write)(int, const void *, size_t);
} real;

static double speed = 1, disk_ms, late_ms;
static int64_t monotonic_base, boottime_base, realtime_base;
static atomic_int timer_clock[DESCRIPTORS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int64_t real_ns(clockid_t clock)
{
	struct timespec now;

	real.clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static double number(const char *name, double otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtod(text, NULL) : otherwise;
}

static int64_t whole(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoll(text, NULL, 10) : otherwise;
}

#define FIND(name, symbol) (*(void **)&real.name = dlsym(RTLD_NEXT, symbol))

static void begin(void)
{
	FIND(clock_gettime, "clock_gettime");
	FIND(clock_nanosleep, "clock_nanosleep");
	FIND(poll, "poll");
	FIND(ppoll, "ppoll");
	FIND(epoll_wait, "epoll_wait");
	FIND(timerfd_create, "timerfd_create");
	FIND(timerfd_settime, "timerfd_settime");
	FIND(fsync, "fsync");
	FIND(fdatasync, "fdatasync");
	FIND(write, "write");
	/* x86 has an old one of the same name. */
	*(void **)&real.cond_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
	if (!real.cond_timedwait)
		FIND(cond_timedwait, "pthread_cond_timedwait");
	monotonic_base = whole("WARP_MONOTONIC_NS", real_ns(CLOCK_MONOTONIC));
	boottime_base = monotonic_base + real_ns(CLOCK_BOOTTIME) - real_ns(CLOCK_MONOTONIC);
	realtime_base = whole("WARP_REALTIME_NS", real_ns(CLOCK_REALTIME));
	speed = fmax(1, fmin(1000, number("WARP_SPEED", 1))) * (1 + number("WARP_FAST_PPM", 0) * 1e-6);
	disk_ms = number("WARP_DISK_MS", 0);
	late_ms = number("WARP_LATE_MS", 0);
}

/* Where a clock began to run faster, 0: it does not. */
static int64_t base_of(clockid_t clock)
{
	pthread_once(&once, begin);
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
		return monotonic_base;
	case CLOCK_BOOTTIME:
		return boottime_base;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		return realtime_base;
	default:
		return 0;
	}
}

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec * SECOND + time->tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
	return (struct timespec){ ns / SECOND, ns % SECOND };
}

static struct timespec shorter(const struct timespec *length)
{
	return from_ns((int64_t)((double)to_ns(length) / speed));
}

/* A time of the faster clock on the true one. */
static struct timespec to_real(clockid_t clock, const struct timespec *time)
{
	int64_t base = base_of(clock), ns = to_ns(time);

	if (base)
		ns = base + (int64_t)((double)(ns - base) / speed);
	return from_ns(ns < 1 ? 1 : ns);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int64_t base = base_of(clock);
	int ret = real.clock_gettime(clock, time);

	if (ret == 0 && base)
		*time = from_ns(base + (int64_t)((double)(to_ns(time) - base) * speed));
	return ret;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*time = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *result)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left)
{
	struct timespec time = base_of(clock) ? (flags & TIMER_ABSTIME) ? to_real(clock, wanted) : shorter(wanted) : *wanted;

	return real.clock_nanosleep(clock, flags, &time, left);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	int error = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, left);

	if (error)
		errno = error;
	return error ? -1 : 0;
}

static int shorter_ms(int ms)
{
	return ms > 0 ? (int)ceil(ms / speed) : ms;
}

int poll(struct pollfd *slots, nfds_t n, int ms)
{
	pthread_once(&once, begin);
	return real.poll(slots, n, shorter_ms(ms));
}

int ppoll(struct pollfd *slots, nfds_t n, const struct timespec *limit, const sigset_t *set)
{
	struct timespec time;

	pthread_once(&once, begin);
	if (limit)
		time = shorter(limit);
	return real.ppoll(slots, n, limit ? &time : NULL, set);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int ms)
{
	pthread_once(&once, begin);
	return real.epoll_wait(fd, events, most, shorter_ms(ms));
}

int timerfd_create(clockid_t clock, int flags)
{
	int fd;

	pthread_once(&once, begin);
	fd = real.timerfd_create(clock, flags);
	if (fd >= 0 && fd < DESCRIPTORS)
		atomic_store(&timer_clock[fd], clock);
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *old)
{
	struct itimerspec time = *wanted;

	pthread_once(&once, begin);
	if (to_ns(&wanted->it_value))
		time.it_value = (flags & TFD_TIMER_ABSTIME) ? to_real(fd < DESCRIPTORS ? atomic_load(&timer_clock[fd]) : CLOCK_MONOTONIC,
								      &wanted->it_value) : shorter(&wanted->it_value);
	time.it_interval = shorter(&wanted->it_interval);
	return real.timerfd_settime(fd, flags, &time, old);
}

/* A condition does not say its clock; the times of the two are years apart. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
	struct timespec monotonic, realtime, time;
	int64_t far, near;

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &realtime);
	near = llabs(to_ns(until) - to_ns(&monotonic));
	far = llabs(to_ns(until) - to_ns(&realtime));
	time = to_real(near < far ? CLOCK_MONOTONIC : CLOCK_REALTIME, until);
	return real.cond_timedwait(condition, lock, &time);
}

static void wait_for_disk(void)
{
	static atomic_ulong turn;
	uint64_t x = (atomic_fetch_add(&turn, 1) + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct timespec time;

	pthread_once(&once, begin);
	if (disk_ms <= 0)
		return;
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	time = from_ns((int64_t)(-log(((double)(x >> 11) + 0.5) / 9007199254740992.0) * disk_ms * 1e6));
	nanosleep(&time, NULL);
}

int fsync(int fd)
{
	wait_for_disk();
	return real.fsync(fd);
}

int fdatasync(int fd)
{
	wait_for_disk();
	return real.fdatasync(fd);
}

ssize_t write(int fd, const void *data, size_t size)
{
	static atomic_uint turn;
	struct timespec time;

	pthread_once(&once, begin);
	if (late_ms > 0 && isatty(fd) && atomic_fetch_add(&turn, 1) % LATE_EACH == LATE_EACH - 1) {
		time = from_ns((int64_t)(late_ms * 1e6));
		nanosleep(&time, NULL);
	}
	return real.write(fd, data, size);
}

/* Of what leaks at that rate, how much was not there yet after so many seconds. */
static long leaks(double rate, double seconds, long *until_now)
{
	long more = (long)(rate * seconds) - *until_now;

	*until_now += more;
	return more;
}

static void leak(double seconds)
{
	static void *volatile lost;
	static long bytes, files;
	long size = leaks(number("WARP_LEAK", 0), seconds, &bytes);

	if (size > 0)
		lost = malloc((size_t)size);
	for (long n = leaks(number("WARP_LEAK_FILES", 0), seconds, &files); n > 0; n--)
		(void)fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

/* What is allocated is told from what was touched, or was in use once, by the allocator alone. */
static void *keep_account(void *path)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	char fresh[512];
	int64_t began_ns = real_ns(CLOCK_MONOTONIC);

	snprintf(fresh, sizeof(fresh), "%s.new", (const char *)path);
	for (;;) {
		FILE *file;

		leak((double)(real_ns(CLOCK_MONOTONIC) - began_ns) * speed / SECOND);
		file = fopen(fresh, "we");
		if (file) {
			malloc_info(0, file);
			if (fclose(file) == 0)
				rename(fresh, path);
		}
		real.clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return NULL;
}

__attribute__((constructor)) static void start_account(void)
{
	char *path = getenv("WARP_ACCOUNT");
	sigset_t all, before;
	pthread_t thread;

	pthread_once(&once, begin);
	/* Signals are the program's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (path && *path && pthread_create(&thread, NULL, keep_account, path) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
