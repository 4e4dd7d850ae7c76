/*
 * device - what display and buttons have in common: a device that may be missing, is tried again with back-off, tells the log of each
 * change of its state once, and has a status that others copy.
 *
 * All but panel_device_get_status belong to the device's own thread.
 */
#ifndef PANEL_DEVICE_H
#define PANEL_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/log.h"

#define PANEL_DEVICE_NAME 128
#define PANEL_DEVICE_WHY 192

struct panel_device_status {
	bool configured, working;	/* working: it is open, its last use went well, and its thread is alive */
	uint64_t errors;		/* failed openings and uses */
	int last_error;			/* -errno, 0 = none; -ETIMEDOUT: it hangs, or takes nothing */
	char name[PANEL_DEVICE_NAME];	/* as found, "" when it is not there */
};

struct panel_device {
	const char *what;		/* "panel: display" */
	char configured[PANEL_DEVICE_NAME];
	char said[PANEL_DEVICE_WHY];	/* why it is not there, as the log has it */
	int64_t retry_ns, backoff_ns, opened_ns;
	struct log_limit limit;
	pthread_mutex_t lock;		/* the two below */
	struct panel_device_status status;
	int64_t busy_ns;		/* CLOCK_MONOTONIC since when a system call runs that may hang, 0 = none */
};

/* `configured`: a name or path; "": there is none.  0 or -errno. */
int panel_device_init(struct panel_device *device, const char *what, const char *configured);
void panel_device_free(struct panel_device *device);

/* It was opened, as `name`. */
void panel_device_found(struct panel_device *device, const char *name);

/* It cannot be opened, or could not be used any more and was closed: -errno, and the reason in words.  retry_ns is when to try again. */
void panel_device_lost(struct panel_device *device, int error, const char *why);

/* Around a call that may hang. */
void panel_device_begin(struct panel_device *device);
void panel_device_end(struct panel_device *device);

/* Any thread. */
void panel_device_get_status(struct panel_device *device, struct panel_device_status *status);

#endif
