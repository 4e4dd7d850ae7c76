/*
 * How exactly the contacts keep time, beside the loop that one would write first: close, nanosleep, open, nanosleep; and beside a bare
 * sleep until an absolute time with the priority of the contacts' thread, which shows what the machine itself allows.  All run at
 * once: first idle, then with busy threads, a writer that syncs its file, and a pseudo-terminal that is polled.
 *
 *     tests/bench/contacts [SECONDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/outputs.h"
#include "outputs/thread.h"

#define MS INT64_C(1000000)
#define CLOSED_MS 10
#define PERIOD_MS 30
#define SAMPLES_MAX 100000

/* Errors of one way to do it, in ms. */
struct sample {
	unsigned n;
	double length_ms[SAMPLES_MAX];	/* closed longer than asked for */
	double late_ms[SAMPLES_MAX];	/* closed later than planned */
};

struct load {
	atomic_bool stop;
	pthread_t threads[16];
	unsigned n;
	int pty;
	char file[64];
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void sleep_ms(int ms)
{
	struct timespec span = { .tv_nsec = ms * MS };

	while (nanosleep(&span, &span) < 0 && errno == EINTR)
		;
}

static void *keep_busy(void *context)
{
	struct load *load = context;
	volatile double x = 1;

	while (!atomic_load(&load->stop))
		x = x * 1.0000001 + 1e-9;
	return NULL;
}

static void *write_and_sync(void *context)
{
	struct load *load = context;
	static char block[65536];
	int fd = mkstemp(load->file);

	if (fd < 0)
		fail(load->file);
	while (!atomic_load(&load->stop)) {
		if (pwrite(fd, block, sizeof(block), 0) < 0 || fsync(fd) < 0)
			fail(load->file);
	}
	close(fd);
	unlink(load->file);
	return NULL;
}

/* The master's end: asks, and reads what comes back. */
static void *poll_bus(void *context)
{
	static const char request[8] = "request";
	struct load *load = context;
	char reply[64];

	while (!atomic_load(&load->stop)) {
		struct pollfd fd = { .fd = load->pty, .events = POLLIN };

		/* EIO: nobody has the other end open, yet or any more. */
		if (write(load->pty, request, sizeof(request)) < 0 && errno != EIO)
			fail("pseudo-terminal");
		if (poll(&fd, 1, 5) > 0 && read(load->pty, reply, sizeof(reply)) < 0 && errno != EIO)
			fail("pseudo-terminal");
	}
	return NULL;
}

static void *answer_bus(void *context)
{
	struct load *load = context;
	int fd = open(ptsname(load->pty), O_RDWR | O_NOCTTY);
	struct termios tios;
	char request[64];

	if (fd < 0 || tcgetattr(fd, &tios) < 0)
		fail("pseudo-terminal");
	cfmakeraw(&tios);
	tcsetattr(fd, TCSANOW, &tios);
	while (!atomic_load(&load->stop)) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&poll_fd, 1, 5) > 0 ? read(fd, request, sizeof(request)) : 0;

		if (n > 0 && write(fd, request, (size_t)n) < 0)
			fail("pseudo-terminal");
	}
	close(fd);
	return NULL;
}

static void add_load(struct load *load, void *(*run)(void *))
{
	if (pthread_create(&load->threads[load->n], NULL, run, load) != 0)
		fail("thread");
	load->n++;
}

static void start_load(struct load *load)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	snprintf(load->file, sizeof(load->file), "/tmp/bench-contacts-XXXXXX");
	load->pty = posix_openpt(O_RDWR | O_NOCTTY);
	if (load->pty < 0 || grantpt(load->pty) < 0 || unlockpt(load->pty) < 0)
		fail("pseudo-terminal");
	for (long k = 0; k < 2 * processors && k < 12; k++)
		add_load(load, keep_busy);
	add_load(load, write_and_sync);
	add_load(load, answer_bus);
	add_load(load, poll_bus);
}

static void stop_load(struct load *load)
{
	atomic_store(&load->stop, true);
	for (unsigned k = 0; k < load->n; k++)
		pthread_join(load->threads[k], NULL);
	close(load->pty);
}

struct loop {
	atomic_bool stop;
	struct sample *sample;
};

/* What one would write first. */
static void *run_loop(void *context)
{
	struct loop *loop = context;
	struct sample *sample = loop->sample;
	int64_t first_ns = monotonic_ns();

	while (!atomic_load(&loop->stop) && sample->n < SAMPLES_MAX) {
		int64_t closed_ns = monotonic_ns(), opened_ns;

		sleep_ms(CLOSED_MS);
		opened_ns = monotonic_ns();
		sample->length_ms[sample->n] = (double)(opened_ns - closed_ns) / 1e6 - CLOSED_MS;
		sample->late_ms[sample->n] = (double)(closed_ns - first_ns) / 1e6 - (double)sample->n * PERIOD_MS;
		sample->n++;
		sleep_ms(PERIOD_MS - CLOSED_MS);
	}
	return NULL;
}

static void sleep_until(int64_t until_ns)
{
	struct timespec until = { (time_t)(until_ns / (1000 * MS)), (long)(until_ns % (1000 * MS)) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* The least that anything that turns a contact does. */
static void *run_bare(void *context)
{
	struct loop *loop = context;
	struct sample *sample = loop->sample;
	int64_t first_ns = monotonic_ns() + MS;

	thread_be_punctual();
	while (!atomic_load(&loop->stop) && sample->n < SAMPLES_MAX) {
		int64_t due_ns = first_ns + (int64_t)sample->n * PERIOD_MS * MS, closed_ns;

		sleep_until(due_ns);
		closed_ns = monotonic_ns();
		sleep_until(closed_ns + CLOSED_MS * MS);
		sample->length_ms[sample->n] = (double)(monotonic_ns() - closed_ns) / 1e6 - CLOSED_MS;
		sample->late_ms[sample->n] = (double)(closed_ns - due_ns) / 1e6;
		sample->n++;
	}
	return NULL;
}

/* Adds the edges of one plan. */
static uint64_t take_edges(struct outputs *outputs, uint64_t since, const struct pulse_plan *plan, struct sample *sample)
{
	struct outputs_edge edge[2 * PULSE_PLAN_MAX];
	unsigned n = outputs_get_edges(outputs, since, edge, 2 * PULSE_PLAN_MAX);

	if (n != 2 * plan->n) {
		fprintf(stderr, "%u edges of %u\n", n, 2 * plan->n);
		exit(EXIT_FAILURE);
	}
	for (unsigned k = 0; k < plan->n && sample->n < SAMPLES_MAX; k++) {
		sample->length_ms[sample->n] = (double)(edge[2 * k + 1].t_ns - edge[2 * k].t_ns) / 1e6 - CLOSED_MS;
		sample->late_ms[sample->n] = (double)(edge[2 * k].t_ns - plan->start_ns[k]) / 1e6;
		sample->n++;
	}
	return since + n;
}

static void run_outputs(int64_t until_ns, struct sample *sample)
{
	struct outputs_config config = { .contact = { [CONTACT_ENERGY] = { .chip = "sim" } } };
	struct outputs_status status;
	struct outputs *outputs;
	uint64_t since = 0;

	if (outputs_start(&outputs, &config, NULL) < 0)
		fail("outputs_start");
	while (monotonic_ns() < until_ns) {
		struct pulse_plan plan = { .n = 33, .duration_ms = CLOSED_MS };
		int64_t first_ns = monotonic_ns() + 20 * MS;

		for (unsigned k = 0; k < plan.n; k++)
			plan.start_ns[k] = first_ns + (int64_t)k * PERIOD_MS * MS;
		outputs_plan(outputs, PULSE_REAL, &plan);
		do {
			sleep_ms(20);
			outputs_get_status(outputs, &status);
		} while (status.contact[CONTACT_ENERGY].active || 2 * status.contact[CONTACT_ENERGY].closures != since + 2 * plan.n);
		since = take_edges(outputs, since, &plan, sample);
	}
	outputs_stop(outputs);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A row: p50, p99, max, and each over that of `base`, sorted already. */
static void print_row(const char *name, double *errors, const double *base, unsigned n, unsigned base_n)
{
	qsort(errors, n, sizeof(*errors), compare);
	printf("  %-15s %9.3f %9.3f %9.3f %9u | %8.1f %8.1f %8.1f\n", name, errors[n / 2], errors[n - 1 - n / 100], errors[n - 1], n,
	       errors[n / 2] / base[base_n / 2], errors[n - 1 - n / 100] / base[base_n - 1 - base_n / 100],
	       errors[n - 1] / base[base_n - 1]);
}

static void start_loop(pthread_t *thread, void *(*run)(void *), struct loop *loop)
{
	loop->sample->n = 0;
	if (pthread_create(thread, NULL, run, loop) != 0)
		fail("thread");
}

static void stop_loop(pthread_t thread, struct loop *loop)
{
	atomic_store(&loop->stop, true);
	pthread_join(thread, NULL);
}

static void measure(double seconds, const char *title)
{
	static struct sample ours, naive, bare;
	struct loop naive_loop = { .sample = &naive }, bare_loop = { .sample = &bare };
	pthread_t naive_thread, bare_thread;

	ours.n = 0;
	start_loop(&naive_thread, run_loop, &naive_loop);
	start_loop(&bare_thread, run_bare, &bare_loop);
	run_outputs(monotonic_ns() + (int64_t)(seconds * 1e9), &ours);
	stop_loop(naive_thread, &naive_loop);
	stop_loop(bare_thread, &bare_loop);
	printf("%s, ms\n%-17s %9s %9s %9s %9s | %s\n", title, " closed too long", "p50", "p99", "max", "closures", "over this program's");
	print_row("this program", ours.length_ms, ours.length_ms, ours.n, ours.n);
	print_row("nanosleep loop", naive.length_ms, ours.length_ms, naive.n, ours.n);
	print_row("a bare sleep", bare.length_ms, ours.length_ms, bare.n, ours.n);
	printf(" closed after its due time\n");
	print_row("this program", ours.late_ms, ours.late_ms, ours.n, ours.n);
	print_row("nanosleep loop", naive.late_ms, ours.late_ms, naive.n, ours.n);
	print_row("a bare sleep", bare.late_ms, ours.late_ms, bare.n, ours.n);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 30;
	static struct load load;

	if (!(seconds > 0 && seconds < 1500)) {
		fprintf(stderr, "usage: contacts [SECONDS], up to 1500\n");
		return EXIT_FAILURE;
	}
	log_set_level(LOG_ERR);
	measure(seconds, "idle");
	start_load(&load);
	measure(seconds, "\nunder load");
	stop_load(&load);
	return EXIT_SUCCESS;
}
