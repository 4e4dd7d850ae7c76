/*
 * control - the control socket: a unix socket on which each line is a JSON object, request or response.
 *
 * A thread of its own, so that nothing a client does can delay samples, replies on the bus or pulses.  50 clients at most,
 * requests of at most 4096 bytes; a client that does not read is dropped.  Protocol: dinmeter-control(7).
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adc/acquire.h"
#include "capture/recorder.h"
#include "capture/tap.h"
#include "metering/snapshot.h"
#include "modbus/pdu.h"
#include "modbus/slave.h"
#include "outputs/outputs.h"
#include "panel/device.h"
#include "panel/panel.h"
#include "store/store.h"

struct control_panel {
	char place[sizeof(((struct panel_screen *)0)->place)];	/* where in the menus */
	struct panel_device_status display, buttons;
	uint64_t presses;		/* of the buttons, not of clients */
};

/* What the status shows beside the snapshot. */
struct control_health {
	const char *adc_source;		/* "iio", "sim", "comtrade" */
	const struct adc_channel_config *adc_channel;	/* ADC_CHANNELS of them, as configured */
	int adc_sinc_order;
	struct acquire_status adc;
	struct slave_counters bus;
	char bus_device[256], bus_port[256];	/* as configured; the tty in use, "" = none */
	struct store_status store;
	char store_path[256];
	struct outputs_status outputs;
	struct control_panel panel;
	struct recorder_status capture;
	struct identity identity;
	int64_t started_ns, now_ns;	/* CLOCK_MONOTONIC */
};

#define PANEL_KEYS_MAX 64

/* Results of writes that are no Modbus exception codes. */
enum { CONTROL_BUSY = -16, CONTROL_TIMEOUT = -110 };

/* What the control thread asks of the daemon; all but what changes the meter returns at once. */
struct control_ops {
	void (*snapshot)(void *context, struct snapshot *snapshot);
	void (*health)(void *context, struct control_health *health);
	/* Writes registers by number as a master would.  Waits until it is done: 0, a Modbus exception code, or -errno. */
	int (*write)(void *context, unsigned first, unsigned count, const uint16_t *values);
	/* Changes a setting that has no register (address, baud, parity): 0, an exception code, or -errno. */
	int (*set)(void *context, enum setting which, int value);
	/* Changes a password: `setup` or reset; five digits.  0, -EINVAL when it is none, or -errno. */
	int (*set_password)(void *context, bool setup, const char *password);
	/* Log entries with serial >= from, ascending. */
	unsigned (*entries)(void *context, uint64_t from, unsigned max, struct datalog_entry *entries);
	/* Edges of simulated contacts with number > since. */
	unsigned (*edges)(void *context, uint64_t since, unsigned max, struct outputs_edge *edges);
	/*
	 * Presses n <= PANEL_KEYS_MAX buttons of the panel, waits until all is done that they ask for, 2 s at most, and gives the screen
	 * then: 0, -EBUSY or -ETIMEDOUT (some were not pressed).
	 */
	int (*panel)(void *context, const enum panel_button *buttons, unsigned n, struct panel_screen *screen);
	/* Samples from scan number `from` on, as tap_read.  Positions alone, as tap_look. */
	int (*samples)(void *context, uint64_t from, struct tap_reading *reading);
	void (*positions)(void *context, struct tap_reading *reading);
	/* The configuration that makes the registers of the samples, in the file's syntax. */
	void (*measurement)(void *context, char *text, size_t size);
	/* Commits the store at once. */
	void (*commit)(void *context);
};

struct control;

/*
 * Listens at `path` (mode 0660, group `group` where it exists; a socket that a dead process left is replaced) and starts the
 * thread.  What cannot be had at the start (directory, another daemon at the path) is logged and tried again with
 * back-off.  0, -ENOMEM or what starting a thread gave.
 */
int control_start(struct control **control, const char *path, const char *group, const struct control_ops *ops, void *context);

/* CLOCK_MONOTONIC of the thread's last sign of life; at least every second. */
int64_t control_heartbeat_ns(struct control *control);

/* Closes all, removes the socket, joins the thread, frees. */
void control_stop(struct control *control);

#endif
