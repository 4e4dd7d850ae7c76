#include "panel/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/heartbeat.h"
#include "daemon/backoff.h"
#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
#define LASTED (5 * SECOND)	/* one that worked for so long starts the back-off anew */
#define HANGS (2 * SECOND)	/* a call that takes so long does not come back soon */

int panel_device_init(struct panel_device *device, const char *what, const char *configured)
{
	*device = (struct panel_device){ .what = what, .limit = { .burst = 10, .interval_s = 300 } };
	snprintf(device->configured, sizeof(device->configured), "%s", configured);
	device->status.configured = *configured != '\0';
	return -pthread_mutex_init(&device->lock, NULL);
}

void panel_device_free(struct panel_device *device)
{
	pthread_mutex_destroy(&device->lock);
}

void panel_device_found(struct panel_device *device, const char *name)
{
	device->opened_ns = monotonic_ns();
	*device->said = '\0';
	pthread_mutex_lock(&device->lock);
	device->status.working = true;
	snprintf(device->status.name, sizeof(device->status.name), "%s", name);
	pthread_mutex_unlock(&device->lock);
	log_limited(&device->limit, LOG_NOTICE, "%s: %s", device->what, name);
}

void panel_device_lost(struct panel_device *device, int error, const char *why)
{
	bool worked;

	pthread_mutex_lock(&device->lock);
	worked = device->status.working;
	device->status.working = false;
	device->status.errors++;
	device->status.last_error = error;
	*device->status.name = '\0';
	pthread_mutex_unlock(&device->lock);
	/* At once after a time in which all went well, then later each time. */
	if (worked && monotonic_ns() - device->opened_ns >= LASTED)
		device->backoff_ns = 0;
	device->retry_ns = monotonic_ns() + device->backoff_ns;
	device->backoff_ns = backoff_next_ns(device->backoff_ns);
	if (!strcmp(why, device->said))
		return;
	snprintf(device->said, sizeof(device->said), "%s", why);
	log_limited(&device->limit, LOG_WARNING, "%s: %s: %s, trying again", device->what, device->configured, why);
}

static void set_busy(struct panel_device *device, int64_t since_ns)
{
	pthread_mutex_lock(&device->lock);
	device->busy_ns = since_ns;
	pthread_mutex_unlock(&device->lock);
}

void panel_device_begin(struct panel_device *device)
{
	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	set_busy(device, monotonic_ns());
}

void panel_device_end(struct panel_device *device)
{
	set_busy(device, 0);
	heartbeat_beat();
}

void panel_device_get_status(struct panel_device *device, struct panel_device_status *status)
{
	int64_t busy_ns;

	pthread_mutex_lock(&device->lock);
	*status = device->status;
	busy_ns = device->busy_ns;
	pthread_mutex_unlock(&device->lock);
	if (!busy_ns || monotonic_ns() - busy_ns <= HANGS)
		return;
	status->working = false;
	status->last_error = -ETIMEDOUT;
}
