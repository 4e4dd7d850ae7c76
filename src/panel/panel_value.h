/*
 * panel_value - numbers for five digits.
 *
 * The point of a reading is fixed by its full scale, so that it does not move with the load; a reading beyond full scale gets what
 * room it needs.
 *
 * Pure; any thread.
 */
#ifndef PANEL_PANEL_VALUE_H
#define PANEL_PANEL_VALUE_H

#include <stdint.h>

#include "metering/settings.h"

#define PANEL_NUMBER_MAX 99999

enum panel_quantity {
	PANEL_POWER,		/* W, var, VA */
	PANEL_VOLTS, PANEL_AMPS,
	PANEL_POWER_FACTOR, PANEL_HERTZ,
	PANEL_QUANTITIES
};

/* number / 10^decimals, times 1000^prefix. */
struct panel_number {
	uint32_t number;	/* 0..PANEL_NUMBER_MAX */
	unsigned decimals;	/* 0..4 */
	unsigned prefix;	/* 0 none, 1 K, 2 M, 3 G, 4 T, 5 P */
};

/* A reading in SI units, >= 0 (what is below counts as 0), rounded to nearest. */
struct panel_number panel_value_reading(double value, enum panel_quantity quantity, const struct settings *settings,
					const struct derived *derived);

/* Maximum power, from K on, two decimals at most. */
struct panel_number panel_value_max_power(double max_power_w);

/* An accumulator in Wh, VAh or VARh, from K on, rounded down: what is shown has been consumed. */
struct panel_number panel_value_energy(uint64_t wh);

/* "", "K", "M" .. */
const char *panel_value_prefix(unsigned prefix);

#endif
