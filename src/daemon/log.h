/*
 * log - messages to the journal or stderr.  Any thread, and none ever waits: what nobody reads (a pipe that is full, a terminal
 * that was stopped) is lost, and how much is told as soon as somebody reads again.
 *
 * State changes, not samples.  Priorities are syslog's; under systemd each line
 * carries its "<N>" prefix (sd-daemon(3)), on a terminal it does not.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdint.h>
#include <syslog.h>

/* Lines of a higher number than `priority` are dropped; LOG_INFO at start. */
void log_set_level(int priority);

void log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, __VA_ARGS__)

/*
 * For the calling thread, from now on: a line equal to the thread's previous one is not
 * written again for ten minutes.  For a thread that retries for ever.
 */
void log_fold_repeats(void);

/* Lets at most `burst` messages through in `interval_s` seconds; says how many were held back.  A limit belongs to one thread. */
struct log_limit {
	int64_t window_start_ns;
	unsigned burst, interval_s, count, held;
};
void log_limited(struct log_limit *limit, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
