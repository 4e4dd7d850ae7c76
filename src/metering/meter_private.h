/*
 * meter_private - the inside of struct meter, shared by its two files: meter.c, which takes samples, and
 * meter_change.c, which takes changes and says what is kept and what the contacts are to do.
 */
#ifndef METERING_METER_PRIVATE_H
#define METERING_METER_PRIVATE_H

#include "metering/meter.h"
#include "metering/moments.h"
#include "metering/quantities.h"
#include "metering/window.h"

struct meter {
	struct meter_config config;
	struct channel_errors errors;
	struct window window;
	double *window_memory;
	struct orientation orientation;
	struct snapshot snapshot;
	struct datalog log;

	struct pulse pulse[PULSE_OUTPUTS];
	uint64_t pulses_made[PULSE_OUTPUTS];	/* by the contacts' own count, accounted for */
	struct pulse_span pulse_last[PULSE_OUTPUTS], pulse_now[PULSE_OUTPUTS];	/* what the contacts show, and go on to */
	bool pulses_due, pulse_raised;	/* a plan is due; 144 was raised since bit 14 was set */
	bool pulse_span_begun;		/* what is added from now on belongs to the next span */

	struct moments moments;		/* of the last good window, to be read anew when a setting changes */
	bool moments_primary;
	double accrual_w[PHASES];
	unsigned clipped, clipped_last;	/* channels: in the window that fills, in the last good one */

	double nominal_hz;		/* rate the window is laid out for; 0 = none yet */
	bool connected;			/* the window's opening crossfade continues a good window */
	double gap_s;			/* time lost since the last good window that no sample tells of */
	double bridge_left_s;
	double block_s;			/* length of the newest block */
	int64_t block_ns, valid_ns, cycle_ns;	/* newest block, newest good window, last end of a cycle */
	int64_t now_ns;			/* the latest time told */
	int64_t utc_less_clock_ns;
	bool utc_known;
	bool ever_valid, started;
	unsigned pending;		/* METER_SYNC_DEMAND, METER_RESET_MAX_DEMAND */
};

/* Readings and alerts of the last good window under the present settings. */
void meter_evaluate(struct meter *meter);

/* The system's UTC at the latest time told. */
int64_t meter_utc_s(const struct meter *meter);

/* Bring into the snapshot what it shows of the log, of the log's page that is read, and of the pulses. */
void meter_show_log(struct meter *meter);
void meter_show_page(struct meter *meter);
void meter_show_pulses(struct meter *meter);

#endif
