/*
 * daemon_private - what the files of the daemon share: its parts.
 */
#ifndef DAEMON_DAEMON_PRIVATE_H
#define DAEMON_DAEMON_PRIVATE_H

#include <pthread.h>
#include <systemd/sd-event.h>

#include "adc/acquire.h"
#include "adc/adc.h"
#include "adc/queue.h"
#include "capture/recorder.h"
#include "capture/tap.h"
#include "control/control.h"
#include "daemon/config.h"
#include "daemon/meter_thread.h"
#include "daemon/options.h"
#include "modbus/slave.h"
#include "outputs/outputs.h"
#include "panel/buttons.h"
#include "panel/display.h"
#include "panel/host.h"
#include "store/closures.h"
#include "store/store.h"

/* What the service manager is told: daemon_service.c. */
struct service {
	bool ready;			/* it was told so */
	bool silent;			/* a thread was silent for too long: nothing feeds the watchdog any more */
	int64_t watchdog_ns;		/* its period, 0 = none */
	char status[256];		/* as it was told last */
};

struct daemon {
	struct options options;
	struct config config;		/* others than the main thread: under config_lock */
	pthread_mutex_t config_lock;
	struct service service;
	bool keeps_state;		/* there is a state directory */
	int64_t started_ns;
	sd_event *event;
	struct closures *closures;
	struct outputs *outputs;
	struct store *store;		/* NULL = nothing is kept */
	struct adc *adc;
	struct block_queue *queue;
	struct tap *tap;		/* the newest samples */
	struct acquire *acquire;
	struct meter_thread *meter;
	struct slave *slave;
	struct panel_host *panel;
	struct display *display;
	struct buttons *buttons;
	struct recorder *recorder;	/* NULL = no alert begins a capture */
	struct control *control;

	pthread_mutex_t bus_lock;	/* below: the main thread's account of the bus, for others to copy */
	struct slave_counters bus;
	char bus_port[256];
};

/* What the control socket asks; context: struct daemon. */
extern const struct control_ops daemon_control_ops;

/* The panel, its display and its buttons: daemon_panel.c.  0 or -errno; what was started is to be stopped in any case. */
int daemon_panel_start(struct daemon *daemon);
void daemon_panel_stop(struct daemon *daemon);
void daemon_panel_get_status(struct daemon *daemon, struct control_panel *status);

/* Captures at alerts: daemon_capture.c. */
int daemon_capture_start(struct daemon *daemon);
void daemon_capture_stop(struct daemon *daemon);

/* The configuration that makes the registers of the samples now: with the settings in force.  Any thread. */
void daemon_measurement(struct daemon *daemon, char *text, size_t size);

/* Ready, status and watchdog: daemon_service.c.  0 or -errno. */
int daemon_service_start(struct daemon *daemon);

/* The configuration of the options: defaults, file, command line.  0, or -errno after lines on `errors`. */
int daemon_configure(struct config *config, const struct options *options, FILE *errors);

/* The port as configured, with the address, speed and parity of the settings. */
struct modbus_config daemon_port_config(const struct config *config, const struct settings *settings);

/* Reads the configuration again, takes what can be taken and names the rest: daemon_reload.c.  Main thread. */
void daemon_reload(struct daemon *daemon);

#endif
