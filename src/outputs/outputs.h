/*
 * outputs - the contacts and LEDs: a thread that holds the timing of the pulses, one for the alarm contact, over libgpiod, the sysfs
 * interface or a simulation.
 * What is to be done is decided elsewhere (metering/pulse.h); here it is done, and what was done is counted.
 *
 * A line that cannot be had or set is tried again with back-off (0.25 s doubling to 5 s), logged as a change of state and
 * shown in the status; timing and counting go on without it.  A line that hangs in the kernel keeps up the contacts of its own thread alone; after 2 s
 * that is logged and shown.  Any thread may call, but for start and stop; nothing but these blocks on hardware.
 */
#ifndef OUTPUTS_OUTPUTS_H
#define OUTPUTS_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/pulse.h"

enum contact { CONTACT_ENERGY, CONTACT_ALARM, CONTACT_REACTIVE, CONTACTS };
enum led { LED_ALARM, LED_ENERGY, LED_TX, LED_RX, LED_ERROR, LEDS };

/* A contact in the configuration. */
struct contact_config {
	char chip[128];		/* name, label or path of a GPIO chip; "sim": no hardware, edges are kept; "": no contact */
	char line[64];		/* its name, or its offset in decimal; "-1" or "": none */
	bool active_low;
	char bias;		/* '=' leave as it is, 'd' disabled, 'u' pull up, 'n' pull down */
	char drive;		/* 'p' push-pull, 'd' open drain, 's' open source */
};

struct outputs_config {
	struct contact_config contact[CONTACTS];
	char led[LEDS][64];	/* names in /sys/class/leds, "" = none */
};

struct outputs;

/*
 * Takes the lines, in their safe state (energy and reactive open, alarm not driven: alarm), before it returns, and starts
 * the threads.  A line that is not there is no error: it is tried again.  0 or -errno (no memory, no thread).
 *
 * `made`, NULL or PULSE_OUTPUTS of them: right before a contact is closed, the closures of it begun since the start, this one
 * included, are stored there, so that in shared memory they outlive the process.  The owner of the memory is the caller, and keeps it
 * until the end of the process where a line may hang; written by the thread "outputs" alone, not before the first closure.
 */
int outputs_start(struct outputs **outputs, const struct outputs_config *config, _Atomic uint64_t *made);

/*
 * Withdraws the plan of an output: no closure of it begins any more (one that has begun is ended in its time).  Returns how many
 * closures were begun since the start.
 */
uint64_t outputs_recall(struct outputs *outputs, enum pulse_output which);

/*
 * Gives a plan, in place of one that was recalled.  A start that has passed is made up for at once; the contact is open
 * for a duration between closures whatever the plan says.
 */
void outputs_plan(struct outputs *outputs, enum pulse_output which, const struct pulse_plan *plan);

/*
 * The alarm contact is driven (no alarm) while the meter is healthy, and no longer than until CLOCK_MONOTONIC until_ns
 * unless this is said again: who stands still raises the alarm.
 */
void outputs_set_healthy(struct outputs *outputs, bool healthy, int64_t until_ns);

/* Data was sent, received, received damaged: the LED is lit for a moment.  Cheap. */
void outputs_flash(struct outputs *outputs, enum led led);

/* Which LEDs are lit, whether they are there or not; what flashed is told of for 0.3 s. */
void outputs_get_lit(struct outputs *outputs, bool lit[LEDS]);

/* Each change of a simulated contact ("sim"), the newest 4096 kept. */
struct outputs_edge {
	uint64_t number;	/* from 1 */
	int64_t t_ns;		/* CLOCK_MONOTONIC */
	enum contact contact;
	bool closed;		/* energy, reactive: closed; alarm: driven (no alarm) */
};

/* Copies edges with number > since, oldest first, at most `max`; returns how many. */
unsigned outputs_get_edges(struct outputs *outputs, uint64_t since, struct outputs_edge *edges, unsigned max);

struct contact_status {
	bool configured, working;	/* working: the line is held, its last setting was done, and its thread is alive */
	bool active;			/* closed; alarm: driven */
	uint64_t closures;		/* begun since start (alarm: times driven) */
	uint64_t errors;		/* failed openings and settings */
	int last_error;			/* -errno, 0 = none; -ETIMEDOUT: its thread has shown no life for more than 2 s */
	char name[200];			/* chip and line as found, "" when none */
};

struct outputs_status {
	struct contact_status contact[CONTACTS];
	bool led_working[LEDS], led_configured[LEDS];
	double worst_late_ms;		/* greatest lateness of an edge against its due time since start */
	int64_t heartbeat_ns;		/* CLOCK_MONOTONIC of the last sign of life of the thread that is silent for longer; at least every 0.5 s */
};

void outputs_get_status(struct outputs *outputs, struct outputs_status *status);

/*
 * Raises the alarm, ends a closure that runs in its time (0.5 s at most), brings all contacts to their safe state, joins the threads,
 * logs how many closures each contact made, frees.  A thread that has not ended 1 s after the closure's end hangs in a line: it is left behind with what it uses, which is
 * logged, and the kernel gives its lines back at the end of the process.
 */
void outputs_stop(struct outputs *outputs);

#endif
