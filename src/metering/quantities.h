/*
 * quantities - from a window's moments to the readings of a second, by system type.
 *
 * V, I true rms without DC; P mean of v x i; Q of the fundamental; S = V x I per phase;
 * D^2 = S^2 - P^2 - Q^2 per phase.  Totals: P = sum P, Q = |sum Q|, S^2 = P^2 + Q^2 + (sum D)^2, PF = P / S.
 *
 * The meter does not care how a CT is turned: a phase's current is negated
 * when its P is below zero, decided while |P| >= 0.1 S and kept otherwise.  With
 * fixed orientation the totals take each phase's signed P, and a negative total counts as 0.
 *
 * Pure.
 */
#ifndef METERING_QUANTITIES_H
#define METERING_QUANTITIES_H

#include "metering/moments.h"
#include "metering/readings.h"
#include "metering/settings.h"

/* Orientation of each CT: +1 normal, -1 reversed. */
struct orientation {
	int sign[PHASES];
};

void orientation_init(struct orientation *orientation);

/* The voltage signals of a system type's phases, best first, to look for the frequency in; returns their number. */
unsigned quantities_frequency_references(int system_type, struct frequency_reference references[PHASES]);

/* Volts per unit of the voltage samples: 1 on the primary side, else the PT ratio.  Amperes likewise. */
double quantities_voltage_scale(const struct settings *settings, bool primary);
double quantities_current_scale(const struct settings *settings, bool primary);

/* The rms, in units of the voltage samples, that tells a frequency: 10 V at the meter's input. */
double quantities_frequency_min(const struct settings *settings, bool primary);

struct quantities_input {
	const struct settings *settings;
	const struct rules *rules;
	const struct moments *moments;
	bool primary;
};

/*
 * Fills the readings; those not valid in the system type are NAN.  accrual_w[] is what each
 * phase adds to its energy (>= 0, 0 where not valid).
 */
void quantities_compute(const struct quantities_input *input, struct orientation *orientation,
			struct readings *readings, double accrual_w[PHASES]);

#endif
