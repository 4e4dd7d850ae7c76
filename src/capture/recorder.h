/*
 * recorder - captures by themselves: when an alert rises, the samples before and after it become a recording.
 *
 * A thread of its own ("capture"): a slow, full or hanging disk delays nobody, and costs at most the recording.  An alert that rises
 * during a capture makes it longer, up to six times after_s; one behind that begins the next.  Of the directory's files only those
 * that are named as the recorder names them are ever deleted.
 */
#ifndef CAPTURE_RECORDER_H
#define CAPTURE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture_config.h"
#include "capture/tap.h"
#include "metering/snapshot.h"

struct recorder;

struct recorder_ops {
	void (*snapshot)(void *context, struct snapshot *snapshot);
	/* The configuration that makes the registers of the samples. */
	void (*measurement)(void *context, char *text, size_t size);
};

struct recorder_status {
	bool configured, recording;
	unsigned captures, failures;	/* since the start */
	char newest[320];		/* path of the newest, "" = none */
	int last_error;			/* -errno of the newest failure, 0 = none */
};

/*
 * Starts the thread; config->path is the directory, made when it is missing (the last one alone, mode 0750).  `tap` and `context` are used
 * until recorder_stop.  0; also when on_alerts names none: then *recorder is NULL.  Or -errno.
 */
int recorder_start(struct recorder **recorder, const struct capture_config *config, const char *station, const char *device,
		   struct tap *tap, const struct recorder_ops *ops, void *context);

/* Any thread; of NULL: not configured. */
void recorder_get_status(struct recorder *recorder, struct recorder_status *status);

/* Ends a capture that runs, with what it has; waits 1 s at most: a thread that hangs in the disk is left behind with its memory. */
void recorder_stop(struct recorder *recorder);

#endif
