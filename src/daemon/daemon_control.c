/* What the control socket asks of the daemon: copies of what is there, and requests to the meter.  Control thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_private.h"
#include "daemon/monotonic.h"
#include "daemon/password.h"

static void copy_snapshot(void *context, struct snapshot *snapshot)
{
	struct daemon *daemon = context;

	meter_thread_get_snapshot(daemon->meter, snapshot);
}

static void copy_health(void *context, struct control_health *health)
{
	struct daemon *daemon = context;

	memset(health, 0, sizeof(*health));
	health->adc_source = daemon->config.adc.source;
	health->adc_channel = daemon->config.adc.channel;
	health->adc_sinc_order = (int)daemon->config.adc.sinc_order;
	if (daemon->acquire)
		acquire_get_status(daemon->acquire, &health->adc);
	pthread_mutex_lock(&daemon->config_lock);
	snprintf(health->bus_device, sizeof(health->bus_device), "%s", daemon->config.modbus.device);
	pthread_mutex_unlock(&daemon->config_lock);
	pthread_mutex_lock(&daemon->bus_lock);
	health->bus = daemon->bus;
	memcpy(health->bus_port, daemon->bus_port, sizeof(health->bus_port));
	pthread_mutex_unlock(&daemon->bus_lock);
	if (daemon->store) {
		store_get_status(daemon->store, &health->store);
		memcpy(health->store_path, daemon->config.store_path, sizeof(health->store_path));
	}
	outputs_get_status(daemon->outputs, &health->outputs);
	daemon_panel_get_status(daemon, &health->panel);
	recorder_get_status(daemon->recorder, &health->capture);
	health->identity = daemon->config.identity;
	health->started_ns = daemon->started_ns;
	health->now_ns = monotonic_ns();
}

static int write_registers(void *context, unsigned first, unsigned count, const uint16_t *values)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_WRITE_REGISTERS, .first = first, .count = count };

	if (count > REGISTERS_WRITE_MAX)
		return REGISTERS_ILLEGAL_VALUE;
	memcpy(request.values, values, count * sizeof(*values));
	return meter_thread_request(daemon->meter, &request);
}

static int set(void *context, enum setting which, int value)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_SET, .setting = which, .value = value };

	return meter_thread_request(daemon->meter, &request);
}

static int set_password(void *context, bool setup, const char *password)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_SET_PASSWORD, .setup = setup };
	int ret;

	if (!password_legal(password))
		return -EINVAL;
	ret = password_hash(password, NULL, request.hash);
	return ret ? ret : meter_thread_request(daemon->meter, &request);
}

static unsigned copy_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	struct daemon *daemon = context;

	return meter_thread_get_entries(daemon->meter, from, max, entries);
}

static unsigned copy_edges(void *context, uint64_t since, unsigned max, struct outputs_edge *edges)
{
	struct daemon *daemon = context;

	return outputs_get_edges(daemon->outputs, since, edges, max);
}

static int press_panel(void *context, const enum panel_button *buttons, unsigned n, struct panel_screen *screen)
{
	struct daemon *daemon = context;

	return panel_host_press(daemon->panel, buttons, n, screen);
}

static int copy_samples(void *context, uint64_t from, struct tap_reading *reading)
{
	struct daemon *daemon = context;

	return tap_read(daemon->tap, from, reading);
}

static void copy_positions(void *context, struct tap_reading *reading)
{
	struct daemon *daemon = context;

	tap_look(daemon->tap, reading);
}

void daemon_measurement(struct daemon *daemon, char *text, size_t size)
{
	struct config *config = malloc(sizeof(*config));
	struct snapshot *snapshot = malloc(sizeof(*snapshot));
	struct acquire_status adc = { .nominal_hz = 0 };
	FILE *out = size > 1 ? fmemopen(text, size - 1, "w") : NULL;

	text[0] = '\0';
	if (config && snapshot && out) {
		pthread_mutex_lock(&daemon->config_lock);
		*config = daemon->config;
		pthread_mutex_unlock(&daemon->config_lock);
		meter_thread_get_snapshot(daemon->meter, snapshot);
		config->settings = snapshot->settings;
		if (daemon->acquire)
			acquire_get_status(daemon->acquire, &adc);
		/* what the converter made of it: windows are so many scans long */
		if (adc.nominal_hz > 0)
			config->adc.rate_hz = adc.nominal_hz;
		config_print_measurement(config, out);
	}
	if (out)
		fclose(out);
	text[size - 1] = '\0';
	free(snapshot);
	free(config);
}

static void show_measurement(void *context, char *text, size_t size)
{
	daemon_measurement(context, text, size);
}

static void commit(void *context)
{
	struct daemon *daemon = context;

	if (daemon->store)
		store_commit(daemon->store);
}

const struct control_ops daemon_control_ops = {
	.snapshot = copy_snapshot,
	.health = copy_health,
	.write = write_registers,
	.set = set,
	.set_password = set_password,
	.entries = copy_entries,
	.edges = copy_edges,
	.panel = press_panel,
	.samples = copy_samples,
	.positions = copy_positions,
	.measurement = show_measurement,
	.commit = commit,
};
