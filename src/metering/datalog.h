/*
 * datalog - the meter's data log: at the end of each demand sub-interval ten registers are kept, 5760 times over.
 * Guide: registers 155-178 and 8000-13759, command 16640.
 *
 * Pure; belongs to the meter.  What survives a power cut is struct datalog_state and the entries.
 */
#ifndef METERING_DATALOG_H
#define METERING_DATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/energy.h"

#define DATALOG_ENTRIES 5760
#define DATALOG_LOGS 10
#define DATALOG_VOID 0x8000u		/* what an entry that was never written reads */
#define DATALOG_NEVER INT64_MIN		/* a time that there is none of */

/* Legal values (metering/range.h). */
#define DATALOG_PAGE_RANGE "0-10"
#define DATALOG_CONFIG_RANGE "0-3"
#define DATALOG_POINTER_RANGE "1-42,146,155-157,257-336"

/* 159 */
#define DATALOG_SINGLE_SHOT	1u
#define DATALOG_HALTED		2u

/* 160 */
#define DATALOG_FULL		1u	/* single shot, and all entries are written */
#define DATALOG_COLLISION	2u	/* an entry is or was held back because a page is being read */
#define DATALOG_COLLISION_2	4u	/* entries were written although a page is being read */
#define DATALOG_RESET		8u	/* bits 3-5 tell of the previous sub-interval: the log was cleared, */
#define DATALOG_INTERRUPTED	16u	/* the meter was off or the log's configuration changed, */
#define DATALOG_CLOCK_CHANGED	32u	/* the clock was set */

/* What was recorded at the end of one sub-interval. */
struct datalog_entry {
	uint64_t serial;			/* numbers all entries ever written, from 1; never given twice */
	int64_t clock_s;			/* the log's clock, seconds since 1970-01-01 */
	int64_t utc_s;				/* the system's clock, UTC */
	uint16_t pointer[DATALOG_LOGS];		/* the registers (169-178) .. */
	uint16_t word[DATALOG_LOGS];		/* .. and what each read */
	int8_t scale_i, scale_v, scale_w, scale_e;	/* 138-141 at that time: what the integers mean */
	bool noted;				/* false: from a program that did not yet keep what follows, all 0 */
	uint16_t alerts;			/* bits of 146 that were set at any time of the sub-interval, or-ed */
	uint16_t energy_resets;			/* 147 at that time */
	uint32_t measured_s;			/* how long was measured in the sub-interval, rounded */
};

/* Non-volatile, plain data. */
struct datalog_state {
	unsigned page;				/* 158: log that is being read, 1..10; 0 = none */
	unsigned config;			/* 159 */
	unsigned status;			/* 160 */
	unsigned wraps;				/* 161: times wrapped, or single shot: entries missed; 0..32767 */
	unsigned entries;			/* 163: since wrap or reset 0..5759; single shot: valid ones, 0..5760 */
	struct energy kwh_start;		/* 164: real energy when the log began, was cleared or wrapped */
	int64_t newest_clock_s;			/* 166-168; DATALOG_NEVER = no entry */
	uint16_t pointer[DATALOG_LOGS];		/* 169-178 */
	int64_t clock_offset_s;			/* the log's clock less the system's UTC */
	unsigned events;			/* bits 3-5 of the sub-interval that runs */
	unsigned alerts;			/* bits of 146 that were set in it so far */
	uint64_t serial;			/* of the newest entry written, 0 = none ever */
	uint64_t first_serial;			/* entries older than this are cleared */
	bool holding;				/* `held` waits to be written (its serial is not yet given) */
	struct datalog_entry held;
};

struct datalog {
	struct datalog_state state;
	struct datalog_entry entry[DATALOG_ENTRIES];	/* serial n stands at n % DATALOG_ENTRIES; other serial there = not written */
};

/* The map's defaults, nothing recorded. */
void datalog_defaults(struct datalog_state *state);

/* Takes over what survived; entries come by datalog_restore().  `was_off`: logging was interrupted. */
void datalog_init(struct datalog *log, const struct datalog_state *state, bool was_off);
void datalog_restore(struct datalog *log, const struct datalog_entry *entry);

/* Bits of 146 that are set: none is lost, however short. */
void datalog_alerts(struct datalog *log, unsigned alerts);

/*
 * A sub-interval has ended: `entry` (serial, alerts and noted not set) is what stands to be recorded; kwh: register 1's energy
 * now.
 */
void datalog_subinterval(struct datalog *log, const struct datalog_entry *entry, const struct energy *kwh);

/* Command 16640. */
void datalog_reset(struct datalog *log, const struct energy *kwh);

/* New 158, 159, 169-178: legal values.  A changed 159 or pointer counts as an interruption. */
void datalog_set_page(struct datalog *log, unsigned page);
void datalog_set_config(struct datalog *log, unsigned config);
void datalog_set_pointers(struct datalog *log, const uint16_t pointer[DATALOG_LOGS]);

/* Whatever else interrupts the log: bits DATALOG_INTERRUPTED, DATALOG_CLOCK_CHANGED. */
void datalog_event(struct datalog *log, unsigned events);

/* The entry that is `age` older than the newest (0), or NULL when never written or cleared. */
const struct datalog_entry *datalog_entry(const struct datalog *log, unsigned age);

/* What 8000.. read: the log that 158 selects, newest first; DATALOG_VOID where there is no entry, everywhere for page 0. */
void datalog_page(const struct datalog *log, uint16_t words[DATALOG_ENTRIES]);

/* 162: days that 5760 entries span, rounded down; 0 for sync-to-comms. */
unsigned datalog_max_days(int subinterval_s);

#endif
