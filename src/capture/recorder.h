/*
 * recorder - captures that alerts begin: a thread "recorder" that watches what the meter publishes and, when an alert rises that
 * it is told to look for, writes what the ring holds and the seconds behind it as a COMTRADE recording.
 *
 * It reads the ring as anybody, so nobody waits for its disk.  Another alert meanwhile makes the capture longer, up to
 * RECORDER_LONGEST times after_s behind the first; one beyond that begins the next.  An error of the disk is told once.
 */
#ifndef CAPTURE_RECORDER_H
#define CAPTURE_RECORDER_H

#include <stdint.h>

#include "capture/capture_config.h"
#include "capture/shelf.h"
#include "capture/tap.h"
#include "metering/snapshot.h"

#define RECORDER_LONGEST 6
#define RECORDER_CONFIG_MAX 4096

struct recorder;

/* What it asks of the daemon, on its own thread; all return at once. */
struct recorder_ops {
	void (*snapshot)(void *context, struct snapshot *snapshot);
	/* The configuration that makes the registers of the samples. */
	void (*measurement)(void *context, char *text, size_t size);
};

enum recorder_state { RECORDER_OFF, RECORDER_WAITING, RECORDER_CAPTURING, RECORDER_FAILING };

struct recorder_status {
	enum recorder_state state;
	uint64_t count, failures;	/* captures written, and not written */
	char last[SHELF_NAME_MAX];	/* name of the newest that was written, "" */
	int last_error;			/* -errno, 0 when the newest succeeded */
};

/* `station` and `device` as in the recording; tap and context are borrowed until the stop.  0 or -errno. */
int recorder_start(struct recorder **recorder, const struct capture_config *config, struct tap *tap, const char *station,
		   const char *device, const struct recorder_ops *ops, void *context);

/* Any thread; NULL: one that was never started. */
void recorder_get_status(struct recorder *recorder, struct recorder_status *status);

/*
 * Ends a capture under way with what it has, and the thread, and frees: by CLOCK_MONOTONIC until_ns.  When the disk does not answer by
 * then the thread is left alone: it asks nothing of anybody any more, and frees when it does.
 */
void recorder_stop(struct recorder *recorder, int64_t until_ns);

#endif
