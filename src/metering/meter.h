/*
 * meter - a whole meter as a value: samples and commands in, snapshot out.
 *
 * Pure: time comes with the blocks and as an argument, memory from the caller.
 * Belongs to one thread (the meter thread); several may exist in one process.
 */
#ifndef METERING_METER_H
#define METERING_METER_H

#include <stddef.h>

#include "metering/block.h"
#include "metering/calendar.h"
#include "metering/datalog.h"
#include "metering/pulse.h"
#include "metering/settings.h"
#include "metering/snapshot.h"

struct meter;
struct moments;

/* What survives a power cut. */
struct meter_state {
	struct settings settings;
	struct energies energies;
	unsigned energy_resets;			/* 147 */
	unsigned power_ups;			/* 152 */
	double max_demand[DEMAND_QUANTITIES];	/* W, var, VA */
	struct pulse pulse[PULSE_OUTPUTS];
	bool pulse_overrun;			/* bit 14 of 146 */
	bool pulse_raised;			/* 144 was raised since */
	struct datalog_state log;
};

/* What a source and the configuration fix for a meter's life. */
struct meter_config {
	struct settings settings;		/* in force at the start (those in `state` are not looked at) */
	struct rules rules;
	double max_rate_hz;			/* highest sample rate to come, 600..100000 */
	double delay_us[ADC_CHANNELS];		/* what each channel lags beyond what its blocks say, -500..500 */
	unsigned sinc_order;			/* droop of a sinc^order decimation filter to correct; 0 = none */
	unsigned firmware_version;		/* 7001 */
	unsigned output_config;			/* 153 */
	unsigned power_ups;			/* 152 at start (likewise) */
	const struct meter_state *state;	/* all else that survived; NULL = a new meter */
	bool was_off;				/* the log was interrupted */
	/* What each of ten registers reads in the snapshot, for the log; NULL = no log is kept. */
	void (*record)(const struct snapshot *snapshot, const uint16_t pointer[DATALOG_LOGS], uint16_t word[DATALOG_LOGS]);
};

/* Commands of register 129, as a set of bits. */
enum meter_command {
	METER_CLEAR_ENERGY = 1 << 0,		/* 30078 */
	METER_SYNC_DEMAND = 1 << 1,		/* 21211: at the end of the running cycle */
	METER_RESET_MAX_DEMAND = 1 << 2,	/* 21212: likewise */
	METER_CLEAR_PULSES = 1 << 3,		/* 16498 */
	METER_RESET_LOG = 1 << 4,		/* 16640 */
};

/* A checked change, carried out whole. */
struct meter_change {
	struct settings settings;	/* as they shall be */
	unsigned commands;		/* enum meter_command, or-ed; 0 = none */
	unsigned clear_energy_count;	/* how often 30078 stands in it: each counts in 147 */
	int power_ups;			/* new value of 152, or -1 */
	unsigned log_page, log_config;	/* 158, 159 as they shall be */
	uint16_t log_pointer[DATALOG_LOGS];	/* 169-178 likewise */
	bool log_clock_set;		/* the log's clock is set to .. */
	struct calendar log_clock;
};

/* Bytes of memory a meter needs. */
size_t meter_bytes(const struct meter_config *config);

/* Builds a meter in `memory` (meter_bytes long, aligned as malloc does). */
struct meter *meter_init(void *memory, const struct meter_config *config);

/*
 * Takes a block (at most half a second long).  Returns true when a cycle ended in it and the snapshot is new.
 */
bool meter_feed(struct meter *meter, const struct adc_block *block);

/*
 * One good second of `seconds` that ended at end_ns, as meter_feed() takes it when a window is full: for runs so long
 * that samples would be too many.  The snapshot is new.
 */
void meter_take_second(struct meter *meter, const struct moments *moments, bool primary, double seconds, int64_t end_ns);

/*
 * Lets time pass without samples.  Returns true when the snapshot is new: it went stale, or
 * a second of standstill ended and the commands that wait for a cycle's end were carried out.
 */
bool meter_tick(struct meter *meter, int64_t now_ns);

/* Carries out a change at once (21211 and 21212: at the cycle's end).  The snapshot is new. */
void meter_change(struct meter *meter, const struct meter_change *change);

const struct snapshot *meter_snapshot(const struct meter *meter);

/*
 * The newest measured window: its length in scans, and how many scans came after its last.  False when there is none that
 * continues to the newest scan: before the first, and behind a gap.
 */
bool meter_window(const struct meter *meter, unsigned *length, unsigned *since);

/* Brings the log's clock in the snapshot to `now_ns`: ahead of a check of a change, which may keep parts of it. */
void meter_show_clock(struct meter *meter, int64_t now_ns);

/*
 * The system's UTC less the clock of the blocks, in ns; to be said ahead of feed, tick and change.  A jump by more than
 * a second counts as a change of the log's clock.
 */
void meter_set_utc(struct meter *meter, int64_t utc_less_clock_ns);

/* What is to be kept. */
void meter_get_state(const struct meter *meter, struct meter_state *state);

const struct datalog *meter_datalog(const struct meter *meter);

/* An entry of the log that survived; after meter_init, before all else. */
void meter_restore_entry(struct meter *meter, const struct datalog_entry *entry);

/*
 * Pulses.  When a cycle has ended or a change is at hand, the contacts' plans are recalled and the closures begun so far
 * (counted from the meter's start) are accounted for; then, a change carried out, the next second is planned.
 * The snapshot is new.
 */
bool meter_pulses_due(const struct meter *meter);
void meter_pulses_made(struct meter *meter, const uint64_t made[PULSE_OUTPUTS]);
void meter_pulses_plan(struct meter *meter, struct pulse_plan plan[PULSE_OUTPUTS]);

#endif
