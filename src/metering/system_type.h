/*
 * system_type - which inputs count in each of the five wirings.
 * Guide: supported system types.
 */
#ifndef METERING_SYSTEM_TYPE_H
#define METERING_SYSTEM_TYPE_H

#include <stdbool.h>

struct system_type {
	int code;		/* register 130 */
	unsigned v_ll;		/* bit per PAIR_AB.. that is valid */
	unsigned v_ln;		/* bit per phase */
	unsigned phases;	/* bit per phase with current, power, PF and energy */
	bool three_phase;	/* maximum power has the factor sqrt 3 */
	const char *panel_name;	/* "3L-1n" .. */
	const char *wiring;	/* in words */
};

/* The row of a code, NULL when there is none such. */
const struct system_type *system_type_find(int code);

#endif
