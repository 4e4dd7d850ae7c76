#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
#define REPEAT_AFTER (600 * SECOND)

static atomic_int level = LOG_INFO;

/* What log_fold_repeats needs to know of a thread. */
static _Thread_local struct {
	bool on;
	int64_t written_ns;
	char line[2048];
} fold;

void log_set_level(int priority)
{
	level = priority;
}

void log_fold_repeats(void)
{
	fold.on = true;
}

/* systemd connects stderr to the journal and says so; there the prefix carries the priority. */
static bool prefixed(void)
{
	return getenv("JOURNAL_STREAM") != NULL;
}

/* Names from files and devices reach the log: one message stays one line. */
static void blank_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			*text = '?';
}

/* `line` is shorter than fold.line has room. */
static bool repeated(const char *line)
{
	int64_t now = monotonic_ns();

	if (!strcmp(line, fold.line) && now - fold.written_ns < REPEAT_AFTER)
		return true;
	memcpy(fold.line, line, strlen(line) + 1);
	fold.written_ns = now;
	return false;
}

/* Without waiting for who reads it: whole, in part, or not.  The description may be shared with others, who find it as it was. */
static ssize_t put_now(const char *line, size_t length)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	bool waits = flags >= 0 && !(flags & O_NONBLOCK);
	ssize_t n;

	if (waits)
		fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
	n = write(STDERR_FILENO, line, length);
	if (waits)
		fcntl(STDERR_FILENO, F_SETFL, flags);
	return n;
}

/* A line that a terminal took in part is ended before the next. */
static bool put_text(int priority, const char *text)
{
	static bool cut;
	char line[sizeof(fold.line) + 64];
	ssize_t put;
	int n = prefixed() ? snprintf(line, sizeof(line), "<%d>%s\n", priority, text) :
			     snprintf(line, sizeof(line), "%.60s: %s\n", program_invocation_short_name, text);

	if (cut && put_now("\n", 1) != 1)
		return false;
	put = put_now(line, (size_t)n);
	cut = put > 0 && put < n;
	return put == n;
}

/* What nobody takes is lost, and told of as soon as somebody does: the thread has other work than to wait. */
static void put_or_lose(int priority, const char *text)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long lost;
	char words[80];

	pthread_mutex_lock(&lock);
	if (lost) {
		snprintf(words, sizeof(words), "(%lu messages are lost: nobody read them)", lost);
		if (put_text(LOG_WARNING, words))
			lost = 0;
	}
	if (lost || !put_text(priority, text))
		lost++;
	pthread_mutex_unlock(&lock);
}

/* One write a line, so that threads do not mix theirs.  Leaves errno alone. */
__attribute__((format(printf, 2, 0)))
static void write_line(int priority, const char *format, va_list arguments)
{
	char text[sizeof(fold.line)];
	int error = errno;

	if (priority > level)
		return;
	vsnprintf(text, sizeof(text), format, arguments);
	blank_controls(text);
	if (!fold.on || !repeated(text))
		put_or_lose(priority, text);
	errno = error;
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
	int64_t now = monotonic_ns();
	va_list arguments;

	if (!limit->window_start_ns || now - limit->window_start_ns >= limit->interval_s * SECOND) {
		if (limit->held)
			log_message(priority, "(%u more messages of this kind were held back)", limit->held);
		limit->window_start_ns = now;
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
