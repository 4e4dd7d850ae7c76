/*
 * demand - time-weighted mean of total P, Q and S over the last n sub-intervals.
 * Guide: demand calculation, registers 37-42, 149, 150 and commands 21211, 21212.
 */
#ifndef METERING_DEMAND_H
#define METERING_DEMAND_H

#include <stdbool.h>

enum { DEMAND_P, DEMAND_Q, DEMAND_S, DEMAND_QUANTITIES };
#define DEMAND_SUBINTERVALS_MAX 6

struct demand {
	double present[DEMAND_QUANTITIES];	/* W, var, VA; 0 before the first sub-interval has ended */
	double max[DEMAND_QUANTITIES];
	unsigned subintervals_ended;		/* since start, saturating: counts events for the log and tests */
	double last_s;				/* measured time of the one that ended last; 0 before */
	/* private */
	double running_ws[DEMAND_QUANTITIES], running_s;	/* the sub-interval that runs: sum of power x time, its time */
	double due_s;						/* time left of it by the fixed grid, carried over the end */
	double ended_ws[DEMAND_SUBINTERVALS_MAX][DEMAND_QUANTITIES], ended_s[DEMAND_SUBINTERVALS_MAX];
	unsigned ended, next;
};

void demand_init(struct demand *demand, int subinterval_s);

/* A changed 149 or 150: drops the history and the running sub-interval, present reads 0, keeps the maxima. */
void demand_restart(struct demand *demand, int subinterval_s);

/* Adds a time that belongs to no cycle (samples were lost, the last good powers stand in); ends nothing. */
void demand_add(struct demand *demand, const double power[DEMAND_QUANTITIES], double seconds);

/*
 * Adds one measuring cycle of `seconds` with total powers p, q, s, then ends the
 * running sub-interval if its length (subinterval_s > 0) is reached at the cycle
 * end nearest to it, or if `sync` (command 21211) is set, in either mode.
 * subinterval_s == 0: only sync ends it, and `subintervals` is ignored (1).
 * `reset_max` (command 21212) sets the maxima to the present demand afterwards.
 * Stale time is not added at all: seconds may be 0 to carry out commands alone.
 */
void demand_cycle(struct demand *demand, const double power[DEMAND_QUANTITIES], double seconds,
		  int subintervals, int subinterval_s, bool sync, bool reset_max);

#endif
