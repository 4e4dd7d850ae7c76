/* What captures at alerts ask of the daemon; they are there where a state is kept and the configuration names alerts. */
#include "daemon/daemon_private.h"
#include "daemon/monotonic.h"

#define PATIENCE_NS INT64_C(900000000)	/* of who ends it: the disk may hang */

static void copy_snapshot(void *context, struct snapshot *snapshot)
{
	struct daemon *daemon = context;

	meter_thread_get_snapshot(daemon->meter, snapshot);
}

static void show_measurement(void *context, char *text, size_t size)
{
	daemon_measurement(context, text, size);
}

int daemon_capture_start(struct daemon *daemon)
{
	static const struct recorder_ops ops = { copy_snapshot, show_measurement };
	const struct config *config = &daemon->config;

	if (!daemon->keeps_state || !*config->capture.on_alerts)
		return 0;
	return recorder_start(&daemon->recorder, &config->capture, daemon->tap, config->identity.product, config->identity.serial, &ops, daemon);
}

void daemon_capture_stop(struct daemon *daemon)
{
	recorder_stop(daemon->recorder, monotonic_ns() + PATIENCE_NS);
}
