/*
 * pulse - what the energy contact owes and when it is to close.  Deciding is here; src/outputs acts.
 * Guide: registers 43-46, 144, 145, bit 14 of 146.
 *
 * Pure; belongs to the meter.  Energy is owed in nano-Wh and paid for by closures that were really begun: what is
 * owed and the closures together are the energy, to the last digit.
 */
#ifndef METERING_PULSE_H
#define METERING_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/energy.h"

enum pulse_output { PULSE_REAL, PULSE_REACTIVE, PULSE_OUTPUTS };

/* Closures of 10 ms, each open as long, in one second and a little more. */
#define PULSE_PLAN_MAX 56

/* When a contact is to close, until the next plan. */
struct pulse_plan {
	unsigned n;
	int duration_ms;			/* closed that long, then open at least as long: 10..500 */
	int64_t start_ns[PULSE_PLAN_MAX];	/* CLOCK_MONOTONIC, ascending, two durations apart at least */
};

struct pulse {
	struct energy owed;			/* Wh or VARh that no closure stands for yet */
	uint32_t closures;			/* 43 or 45, modulo 2^32 */
};

/* A second in which `added` came to `owed`. */
void pulse_add(struct pulse *pulse, double power_w, double seconds, struct energy *added);

/* `closures` were begun since the last call, of weight_wh each. */
void pulse_made(struct pulse *pulse, unsigned closures, int weight_wh);

/* How many closures are owed. */
uint64_t pulse_owed(const struct pulse *pulse, int weight_wh);

/* Does it owe more closures than it can make in 10 s? */
bool pulse_overrun(const struct pulse *pulse, int weight_wh, int duration_ms);

/* A stretch of time in which energy is shown as evenly as it came. */
struct pulse_span {
	int64_t from_ns;	/* CLOCK_MONOTONIC */
	double length_s;
	struct energy energy;
};

/*
 * The closures up to the end of the span `now`, whose energy (already in `owed`) is shown in it: closure k at the fraction of the
 * span at which the energy passed it.  A plan comes before the span `last` is over: what is left of that keeps its
 * places.  What was owed before goes first, as fast as the contact can.  What does not fit stays owed.
 */
void pulse_plan(const struct pulse *pulse, const struct pulse_span *last, const struct pulse_span *now, int weight_wh, int duration_ms,
		struct pulse_plan *plan);

#endif
