/*
 * heartbeat - signs of life of every thread, for the watchdog: a table of the process, and a thread's own place in it.
 *
 * A thread that waits does so for a second at most between two signs.  Before a call that may hang in the kernel (a disk, a line, a
 * display) it says how long the next sign may take.  All but heartbeat_find_silent is for the calling thread about itself, costs an atomic
 * store, and does nothing in a thread that has not begun.
 */
#ifndef DAEMON_HEARTBEAT_H
#define DAEMON_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * So long a device may hold up its thread: a disk that stands still is no reason to end a meter that measures, until it is likelier
 * that a new start helps.
 */
#define HEARTBEAT_DEVICE_NS (INT64_C(300) * 1000000000)

/* From now on; `thread` is kept.  Where the table is full the thread is not watched, which is logged. */
void heartbeat_begin(const char *thread);
void heartbeat_beat(void);
void heartbeat_may_take(int64_t ns);
void heartbeat_end(void);

/* Any thread: is one silent for longer than limit_ns, and what it announced?  Its name and silence, of the one that is so for longest. */
bool heartbeat_find_silent(int64_t now_ns, int64_t limit_ns, const char **thread, int64_t *silent_ns);

#endif
