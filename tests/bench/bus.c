/*
 * How fast and how exactly the slave answers, beside a server loop of libmodbus (modbus_receive, modbus_reply) as its
 * documentation shows it.  Both serve a pseudo-terminal at 38400 baud; the master is this program.  A sleep of t3.5
 * alone shows how late the machine itself is: on a busy one no program keeps to half a millisecond.
 *
 *     tests/bench/bus [REQUESTS]
 */
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "modbus/rtu.h"
#include "modbus/slave.h"
#include "modbus/urgent.h"

#define BAUD 38400
#define COUNT 50	/* registers a request reads */

struct server {
	const char *name;
	void (*run)(const char *path, int ready);	/* child: serves until it is killed */
	bool makes_pty;		/* it makes the pseudo-terminal at the path; else it opens what is there */
};

struct result {
	unsigned asked, answered, early;
	double p50_ms, p99_ms, max_ms;	/* last request byte written to last reply byte read */
	double rate_hz, cpu_ms;		/* requests a second; CPU of a thousand */
	unsigned shared_asked, shared_answered;
	double shared_ms;		/* mean time to the answer there */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void copy_image(void *context, struct register_image *image)
{
	memcpy(image, context, sizeof(*image));
}

static int refuse_write(void *context, const struct pdu_write *write)
{
	(void)context;
	(void)write;
	return -EBUSY;
}

static void run_slave(const char *path, int ready)
{
	struct modbus_config config = { .address = 1, .baud = BAUD, .parity = 'N', .stop_bits = 1, .rts = 'n',
					.turnaround_us = -1, .gap_ms = 20 };
	static const struct slave_ops ops = { .image = copy_image, .write = refuse_write };
	static struct register_image image;
	struct identity identity;
	struct slave *slave;
	sd_event *event;

	snprintf(config.device, sizeof(config.device), "pty:%s", path);
	identity_defaults(&identity);
	if (sd_event_default(&event) < 0 || slave_new(&slave, event, &config, &identity, &ops, &image) < 0)
		exit(EXIT_FAILURE);
	if (write(ready, "", 1) != 1)
		exit(EXIT_FAILURE);
	sd_event_loop(event);
}

static void run_libmodbus(const char *path, int ready)
{
	modbus_t *modbus = modbus_new_rtu(path, BAUD, 'N', 8, 1);
	modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 400, 400);
	uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH];

	if (modbus == NULL || mapping == NULL || modbus_set_slave(modbus, 1) < 0 || modbus_connect(modbus) < 0)
		exit(EXIT_FAILURE);
	if (write(ready, "", 1) != 1)
		exit(EXIT_FAILURE);
	for (;;) {
		int length = modbus_receive(modbus, request);

		if (length > 0)
			modbus_reply(modbus, request, length, mapping);
	}
}

static void make_raw(int fd)
{
	struct termios tios;

	if (tcgetattr(fd, &tios) < 0)
		fail("tcgetattr");
	cfmakeraw(&tios);
	if (tcsetattr(fd, TCSANOW, &tios) < 0)
		fail("tcsetattr");
}

/* Starts the server in a child; returns the master's end of its line. */
static int start(const struct server *server, const char *link, pid_t *child)
{
	int ready[2], fd = -1;
	char path[128], byte;

	if (pipe(ready) < 0)
		fail("pipe");
	snprintf(path, sizeof(path), "%s", link);
	if (!server->makes_pty) {
		fd = posix_openpt(O_RDWR | O_NOCTTY);
		if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || ptsname_r(fd, path, sizeof(path)) != 0)
			fail("pseudo-terminal");
		make_raw(fd);
	}
	*child = fork();
	if (*child < 0)
		fail("fork");
	if (*child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		server->run(path, ready[1]);
		_exit(EXIT_FAILURE);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fail("the server does not start");
	close(ready[0]);
	if (server->makes_pty) {
		fd = open(path, O_RDWR | O_NOCTTY);
		if (fd < 0)
			fail(path);
		make_raw(fd);
	}
	return fd;
}

static size_t seal(uint8_t *frame, size_t length)
{
	uint16_t crc = rtu_crc(frame, length);

	frame[length] = (uint8_t)crc;
	frame[length + 1] = (uint8_t)(crc >> 8);
	return length + 2;
}

static size_t read_request(uint8_t *frame, uint8_t address, unsigned count)
{
	const uint8_t head[] = { address, 3, 0, 0, 0, (uint8_t)count };

	memcpy(frame, head, sizeof(head));
	return seal(frame, sizeof(head));
}

static void send_bytes(int fd, const uint8_t *bytes, size_t length)
{
	if (write(fd, bytes, length) != (ssize_t)length)
		fail("write");
}

/* Takes a whole reply of `length` bytes; false when it has not come within a second. */
static bool take_reply(int fd, size_t length)
{
	uint8_t reply[256];
	size_t got = 0;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (got < length) {
		ssize_t n;

		if (poll(&poll_fd, 1, 1000) <= 0)
			return false;
		n = read(fd, reply + got, sizeof(reply) - got);
		if (n <= 0)
			fail("read");
		got += (size_t)n;
	}
	return reply[0] == 1 && rtu_crc(reply, length - 2) == (reply[length - 2] | reply[length - 1] << 8);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void summarize(int64_t *latency_ns, unsigned count, struct result *result)
{
	if (count == 0)
		return;
	qsort(latency_ns, count, sizeof(*latency_ns), compare);
	result->p50_ms = (double)latency_ns[count / 2] / 1e6;
	result->p99_ms = (double)latency_ns[(size_t)(count * 0.99)] / 1e6;
	result->max_ms = (double)latency_ns[count - 1] / 1e6;
}

/* What the machine can do at best now: a sleep of t3.5 and nothing else. */
static void measure_sleep(unsigned sleeps, struct result *result)
{
	int64_t *latency_ns = calloc(sleeps, sizeof(*latency_ns)), t35_ns = rtu_t35_ns(BAUD);

	if (latency_ns == NULL)
		fail("calloc");
	for (unsigned i = 0; i < sleeps; i++) {
		int64_t begin_ns = now_ns(), end_ns = begin_ns + t35_ns;
		struct timespec end = { .tv_sec = end_ns / INT64_C(1000000000), .tv_nsec = end_ns % INT64_C(1000000000) };

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) != 0)
			continue;
		latency_ns[i] = now_ns() - begin_ns;
	}
	summarize(latency_ns, sleeps, result);
	free(latency_ns);
}

static void measure_latency(int fd, unsigned requests, struct result *result)
{
	int64_t *latency_ns = calloc(requests, sizeof(*latency_ns)), begin_ns = now_ns();
	uint8_t frame[16];
	size_t length = read_request(frame, 1, COUNT);

	if (latency_ns == NULL)
		fail("calloc");
	for (unsigned i = 0; i < requests; i++) {
		int64_t sent_ns;

		/* The last byte goes out alone: before it there is no request, and after it the time runs. */
		send_bytes(fd, frame, length - 1);
		sent_ns = now_ns();
		send_bytes(fd, frame + length - 1, 1);
		result->asked++;
		if (!take_reply(fd, 5 + 2 * COUNT))
			continue;
		latency_ns[result->answered] = now_ns() - sent_ns;
		result->early += latency_ns[result->answered] < rtu_t35_ns(BAUD);
		result->answered++;
	}
	result->rate_hz = result->answered / ((double)(now_ns() - begin_ns) / 1e9);
	summarize(latency_ns, result->answered, result);
	free(latency_ns);
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* Three neighbours before each request to us: one answers, one is absent, one is asked for its identification. */
static void measure_shared(int fd, unsigned rounds, struct result *result)
{
	static const uint8_t who[] = { 3, 0x2B, 0x0E, 1, 0 };
	double total_ms = 0;

	for (unsigned i = 0; i < rounds; i++) {
		uint8_t frame[64] = { 2, 3, 20 };
		int64_t sent_ns;

		send_bytes(fd, frame, seal(frame, 23));
		pause_ms(5);
		send_bytes(fd, frame, read_request(frame, 4, 10));
		pause_ms(100);
		memcpy(frame, who, sizeof(who));
		send_bytes(fd, frame, seal(frame, sizeof(who)));
		pause_ms(100);
		sent_ns = now_ns();
		send_bytes(fd, frame, read_request(frame, 1, COUNT));
		result->shared_asked++;
		if (!take_reply(fd, 5 + 2 * COUNT))
			continue;
		result->shared_answered++;
		total_ms += (double)(now_ns() - sent_ns) / 1e6;
	}
	if (result->shared_answered)
		result->shared_ms = total_ms / result->shared_answered;
}

static double cpu_s(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* A server is measured in two lives: the CPU of the first is that of the latency run alone. */
static void measure(const struct server *server, unsigned requests, const char *link, struct result *result)
{
	struct rusage usage;
	pid_t child;
	int fd;

	memset(result, 0, sizeof(*result));
	fd = start(server, link, &child);
	measure_latency(fd, requests, result);
	kill(child, SIGKILL);
	wait4(child, NULL, 0, &usage);
	close(fd);
	result->cpu_ms = result->answered ? cpu_s(&usage) * 1e6 / result->answered : 0;

	fd = start(server, link, &child);
	measure_shared(fd, 20, result);
	kill(child, SIGKILL);
	wait4(child, NULL, 0, NULL);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct server servers[] = {
		{ "this slave", run_slave, true },
		{ "libmodbus", run_libmodbus, false },
	};
	unsigned requests = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
	char directory[] = "/tmp/bench-bus-XXXXXX", link[64];
	double t35_ms = (double)rtu_t35_ns(BAUD) / 1e6;
	struct result result;

	if (requests < 1 || mkdtemp(directory) == NULL)
		fail("mkdtemp");
	snprintf(link, sizeof(link), "%s/tty", directory);
	urgent_thread();	/* the master; both servers inherit it */
	printf("%u requests for %d registers at %d baud on a pseudo-terminal; t3.5 = %.2f ms\n"
	       "libmodbus %s: a loop of modbus_receive() and modbus_reply()\n\n", requests, COUNT, BAUD, t35_ms,
	       LIBMODBUS_VERSION_STRING);
	printf("%-12s %9s | %28s | %8s %9s %9s | %s\n", "", "answered", "ms after t3.5: p50, p99, max", "too soon", "req/s",
	       "CPU ms/1k", "between neighbours: answered, mean");
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		measure(&servers[i], requests, link, &result);
		printf("%-12s %4u/%4u | %9.3f %9.3f %8.3f | %8u %9.0f %9.1f | %u/%u %.1f ms\n", servers[i].name, result.answered,
		       result.asked, result.p50_ms - t35_ms, result.p99_ms - t35_ms, result.max_ms - t35_ms, result.early,
		       result.rate_hz, result.cpu_ms, result.shared_answered, result.shared_asked, result.shared_ms);
	}
	measure_sleep(requests, &result);
	printf("%-12s %9s | %9.3f %9.3f %8.3f |\n", "a bare sleep", "", result.p50_ms - t35_ms, result.p99_ms - t35_ms,
	       result.max_ms - t35_ms);
	unlink(link);
	rmdir(directory);
	return EXIT_SUCCESS;
}
