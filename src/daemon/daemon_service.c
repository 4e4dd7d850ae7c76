/*
 * What a service manager is told (sd_notify(3)): that the meter is ready, how it is, that all threads are alive.  The main thread's
 * own sign of life is that it tells.  Without a service manager nothing is told, and nothing else changes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/daemon_private.h"
#include "daemon/heartbeat.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "control/status.h"
#include "outputs/outputs.h"

#define SECOND INT64_C(1000000000)
#define READY_NS (10 * SECOND)		/* so long a start waits for samples and the port */
#define LOOK_NS (SECOND / 10)		/* until then; later: */
#define REST_NS SECOND
#define SILENCE_LEAST_NS (2 * SECOND)	/* threads show life once a second */

static void add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	if (length)
		snprintf(text + length, size - length, "; ");
	length = strlen(text);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

/* How the meter is, in a line; true: it measures and its port answers. */
static bool describe(struct daemon *daemon, char *text, size_t size)
{
	struct snapshot snapshot;
	struct acquire_status adc;
	struct outputs_status outputs;
	struct store_status store;
	const struct slave_counters *bus = slave_counters(daemon->slave);

	*text = '\0';
	meter_thread_get_snapshot(daemon->meter, &snapshot);
	acquire_get_status(daemon->acquire, &adc);
	if (snapshot.live)
		add(text, size, "measuring, %.6g samples a second", snapshot.rate_hz);
	else if (adc.ended)
		add(text, size, "not measuring: the recording is over");
	else if (!adc.open)
		add(text, size, "not measuring: ADC %s: %s", daemon->adc->name, adc.last_error ? strerror(-adc.last_error) : "being opened");
	else
		add(text, size, "not measuring: no samples from ADC %s", daemon->adc->name);
	if (!bus->port_open)
		add(text, size, "modbus: %s is not open: %s", daemon->config.modbus.device, strerror(-bus->port_error));
	outputs_get_status(daemon->outputs, &outputs);
	for (int c = 0; c < CONTACTS; c++)
		if (outputs.contact[c].configured && !outputs.contact[c].working)
			add(text, size, "%s contact: %s", status_contact_name((enum contact)c), strerror(-outputs.contact[c].last_error));
	if (daemon->store) {
		store_get_status(daemon->store, &store);
		if (store.state == STORE_FAILING || store.state == STORE_UNUSABLE)
			add(text, size, "nothing is kept: %s", store.message);
	}
	return snapshot.live && bus->port_open;
}

static void tell_status(struct daemon *daemon, const char *text)
{
	struct service *service = &daemon->service;

	if (!strcmp(text, service->status))
		return;
	snprintf(service->status, sizeof(service->status), "%s", text);
	sd_notifyf(0, "STATUS=%s", text);
}

static void become_ready(struct daemon *daemon, bool good, const char *text)
{
	if (!good && monotonic_ns() - daemon->started_ns < READY_NS)
		return;
	daemon->service.ready = true;
	if (!good)
		log_warning("started degraded: %s", text);
	sd_notify(0, "READY=1");
}

/* Fed while every thread shows life.  Once one has not, the end is the service manager's to make, even if it comes back. */
static void feed_watchdog(struct daemon *daemon)
{
	struct service *service = &daemon->service;
	int64_t limit_ns = service->watchdog_ns > SILENCE_LEAST_NS ? service->watchdog_ns : SILENCE_LEAST_NS, silent_ns;
	const char *thread;

	if (!service->watchdog_ns || service->silent)
		return;
	if (!heartbeat_find_silent(monotonic_ns(), limit_ns, &thread, &silent_ns)) {
		sd_notify(0, "WATCHDOG=1");
		return;
	}
	service->silent = true;
	log_error("thread \"%s\" has shown no life for %.1f s: the service manager is asked for a restart", thread, (double)silent_ns / SECOND);
	sd_notifyf(0, "STATUS=thread \"%s\" stands still\nWATCHDOG=trigger", thread);
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;
	struct service *service = &daemon->service;
	int64_t next_ns = service->ready ? REST_NS : LOOK_NS;
	char text[sizeof(service->status)];
	bool good = describe(daemon, text, sizeof(text));

	(void)usec;
	if (!service->silent)
		tell_status(daemon, text);
	if (!service->ready)
		become_ready(daemon, good, text);
	feed_watchdog(daemon);
	if (service->watchdog_ns && service->watchdog_ns / 4 < next_ns)
		next_ns = service->watchdog_ns / 4;
	sd_event_source_set_time_relative(source, (uint64_t)next_ns / 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int daemon_service_start(struct daemon *daemon)
{
	uint64_t period_us = 0;
	int ret = sd_watchdog_enabled(0, &period_us);

	if (ret < 0)
		log_warning("WATCHDOG_USEC: %s: no watchdog", strerror(-ret));
	daemon->service.watchdog_ns = ret > 0 ? (int64_t)period_us * 1000 : 0;
	return sd_event_add_time_relative(daemon->event, NULL, CLOCK_MONOTONIC, 0, 0, on_look, daemon);
}
