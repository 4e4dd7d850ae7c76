#include "daemon/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_int level = LOG_INFO;

void log_set_level(int priority)
{
	level = priority;
}

/* systemd connects stderr to the journal and says so; there the prefix carries the priority. */
static bool prefixed(void)
{
	return getenv("JOURNAL_STREAM") != NULL;
}

__attribute__((format(printf, 2, 0)))
static void write_line(int priority, const char *format, va_list arguments)
{
	char line[2048];
	int head = 0;

	if (priority > level)
		return;
	if (prefixed())
		head = snprintf(line, sizeof(line), "<%d>", priority);
	else
		head = snprintf(line, sizeof(line), "dinmeterd: ");
	vsnprintf(line + head, sizeof(line) - (size_t)head, format, arguments);
	fprintf(stderr, "%s\n", line);
}

void log_message(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(priority, format, arguments);
	va_end(arguments);
}

void log_limited(struct log_limit *limit, int priority, const char *format, ...)
{
	struct timespec now;
	int64_t now_ns;
	va_list arguments;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	if (!limit->window_start_ns || now_ns - limit->window_start_ns >= limit->interval_s * INT64_C(1000000000)) {
		if (limit->held)
			log_message(priority, "(%u more messages of this kind were held back)", limit->held);
		limit->window_start_ns = now_ns;
		limit->count = limit->held = 0;
	}
	if (limit->count++ >= limit->burst) {
		limit->held++;
		return;
	}
	va_start(arguments, format);
	write_line(priority, format, arguments);
	va_end(arguments);
}
