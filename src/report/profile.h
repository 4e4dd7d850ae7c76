/*
 * profile - what the data log tells of energy, demand and alerts over time: by interval, and summed by days or other spans.
 *
 * An entry of the log ends an interval that began at the entry before it.  The energy of the interval is the difference of what register 1
 * (or its float) read at both ends, and is known only when nothing stands between them that could make it another: no clearing of the
 * energies, no change of scale or of the recorded registers.  What is not known is never filled in.
 *
 * Pure; any thread.
 */
#ifndef REPORT_PROFILE_H
#define REPORT_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/datalog.h"

/* Energies are in tenths of a Wh, the smallest unit of an integer register. */
#define PROFILE_UNKNOWN INT64_MIN
#define PROFILE_PER_KWH 10000

/* An interval that lies across the end of a span and is longer than this cannot be said to belong to either side. */
#define PROFILE_ACROSS_MAX_S 3600

enum { PROFILE_KW, PROFILE_KVAR, PROFILE_KVA, PROFILE_DEMANDS };

struct profile_interval {
	int64_t from_s, to_s;		/* UTC, from_s <= to_s */
	bool whole;			/* all of it was measured */
	int64_t measured_s;		/* how much of it was, -1 = not known */
	int64_t energy;			/* PROFILE_UNKNOWN = not known */
	double demand[PROFILE_DEMANDS];	/* kW, kVAR, kVA at its end; NAN = not recorded or not valid */
	bool kw_from_energy;		/* kW was not recorded: the mean by the energy */
	bool alerts_known;
	unsigned alerts;		/* bits of register 146 */
};

/*
 * The interval that `entry` ends.  `before`: the entry before it, NULL = none is kept; `next`: the one behind it, NULL = none; that one
 * only helps to tell what is usual in entries that do not say how long was measured.
 */
void profile_interval(const struct datalog_entry *before, const struct datalog_entry *entry, const struct datalog_entry *next,
		      struct profile_interval *interval);

/* A day, say; the caller sets its ends. */
struct profile_span {
	int64_t from_s, to_s;		/* UTC, from_s < to_s */
	/* what profile_add() makes */
	int64_t energy;			/* of the intervals that end in it, as far as known .. */
	int64_t known_s;		/* .. and how much of the span has intervals of known energy */
	int64_t measured_s;		/* at least so much was measured */
	unsigned intervals;		/* that end in it */
	unsigned alerts_unknown;	/* intervals whose alerts are not known */
	unsigned alerts;		/* bits, or-ed */
	double max[PROFILE_DEMANDS];	/* NAN = none */
	int64_t max_s[PROFILE_DEMANDS];	/* when, the first of equal ones */
};

void profile_begin(struct profile_span *span, int64_t from_s, int64_t to_s);

/*
 * Takes an interval into account; ascending, each once, to all spans.  Its energy counts in the span it ends in, when it does not begin
 * more than PROFILE_ACROSS_MAX_S ahead of it: so a span is the difference of two readings, each at most that far from its ends.
 */
void profile_add(struct profile_span *span, const struct profile_interval *interval);

/* Is the span's energy all of it?  Else it is a lower limit, or without any known_s not known. */
bool profile_is_complete(const struct profile_span *span);

/* One kind of alert in a period. */
struct profile_alert {
	unsigned bit;
	unsigned intervals;		/* in which it was set at any time */
	unsigned episodes;		/* runs of such intervals that follow each other */
	int64_t seconds;		/* their length together: the alert was there at most so long */
	int64_t first_s, last_s;	/* begin of the first, end of the last */
	int64_t end_s;			/* private */
};

/* `alert->bit` set, all else 0 at first; ascending, each interval once. */
void profile_add_alert(struct profile_alert *alert, const struct profile_interval *interval);

#endif
