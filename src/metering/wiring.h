/*
 * wiring - what the phasors of the six inputs tell about how they are connected.
 *
 * Every way to connect them that is thought of here (which lead sits on which phase, which current transformer (CT) on which conductor and
 * how it is turned, what is dead, where the neutral is) says where the phasors must lie for any load with a displacement factor from 0.5
 * lagging to 0.9 leading.  Each is weighed by how well the measured ones lie there and by how likely it is beforehand: few faults are
 * likelier than many.  What predicts the same phasors cannot be told apart by any measurement: it is one diagnosis with several
 * explanations.  The confidence is that of the diagnosis against all others.  doc/DESIGN.md has the model and its numbers.
 *
 * Pure: any thread, no state.  Some 0.1 ms each.
 */
#ifndef METERING_WIRING_H
#define METERING_WIRING_H

#include <stdbool.h>

#include "metering/block.h"
#include "metering/readings.h"

enum wiring_kind {
	/* Faults of the connection. */
	WIRING_V_DEAD,		/* inputs: the voltages with nothing on them */
	WIRING_V_LOW,		/* the voltage that is far below the others */
	WIRING_V_SWAPPED,	/* the two voltages that sit on each other's phase */
	WIRING_V_MOVED,		/* all voltages, each on the next phase (forward) or the one before */
	WIRING_V_SAME,		/* the first voltage is on the phase of the second: `on` */
	WIRING_V_TURNED,	/* type 10: voltage A and neutral exchanged */
	WIRING_NEUTRAL_MISSING,
	WIRING_NEUTRAL_SWAPPED,	/* the voltage whose lead is exchanged with the neutral's */
	WIRING_I_DEAD,
	WIRING_I_SWAPPED,	/* the two currents that are measured on each other's phase */
	WIRING_I_MOVED,		/* all currents, each on the next phase (forward) or the one before */
	WIRING_I_ELSEWHERE,	/* types 10 and 11: a current of another phase */
	WIRING_I_REVERSED,
	/* No faults of the connection, but they look like one. */
	WIRING_EXPORT,		/* power flows back on the phases of these currents */
	WIRING_UNLOADED,	/* nothing flows in the phases of these currents */
	WIRING_PHASE_OFF,	/* the phase of this voltage and current has no supply */
	WIRING_HIGH_LEG,	/* four-wire delta: the neutral lies midway between two phases, this voltage is the third */
	WIRING_KINDS
};

struct wiring_finding {
	enum wiring_kind kind;
	unsigned inputs;	/* bit per ADC_VA .. */
	int on;			/* WIRING_V_SAME: the input whose phase it is */
	bool forward;		/* of .._MOVED: input A is on phase B */
};

enum { WIRING_FINDINGS = 6, WIRING_EXPLANATIONS = 8 };

struct wiring_explanation {
	struct wiring_finding finding[WIRING_FINDINGS];
	int findings;		/* 0: all is well */
	int rotation;		/* of the supply in this explanation: 1 A-B-C, -1 A-C-B, 0 none or not told */
	double share;		/* probability, 0..1 */
	bool fault;		/* has a fault of the connection */
	bool same;		/* belongs to the diagnosis: it predicts the same phasors as the first explanation */
};

enum wiring_verdict {
	WIRING_WELL,		/* nothing wrong found */
	WIRING_FAULT,		/* something is wrong; what it is, the explanations say */
	WIRING_DOUBT,		/* either something is wrong, or the load or the supply is unusual */
	WIRING_NO_LOAD,		/* the voltages are well, the currents too small to tell */
	WIRING_NO_VOLTAGE,	/* without voltages nothing can be told */
};

struct wiring_input {
	struct phasor phasor[ADC_CHANNELS];	/* fundamentals, primary V and A rms, as wired */
	int system_type;
	double system_voltage_v;		/* setting: L-L, for type 10 L-N */
	double ct_primary_a;
};

struct wiring_report {
	enum wiring_verdict verdict;
	double confidence;	/* of the diagnosis, 0..1 */
	int rotation;		/* as the voltage inputs show it: 1 A-B-C, -1 A-C-B, 0 not told */
	struct wiring_explanation explanation[WIRING_EXPLANATIONS];	/* those of the diagnosis first, likeliest first */
	int explanations;
	unsigned used;		/* bit per input that the system type uses */
	unsigned small;		/* bit per current that is too small to tell its place */
	double voltage_ratio;	/* mean voltage over what the setting lets expect, of those that are alive */
};

/*
 * A current has a place from so much of the CT primary, and of the greatest current, on.  One below the latter is missing when the
 * greatest has WIRING_STRONG_PART of the CT primary.
 */
#define WIRING_LIVE_PART 0.005
#define WIRING_LIVE_OF_GREATEST 0.02
#define WIRING_STRONG_PART 0.025

/* Probability of a fault (0..1) from which on the verdict is WIRING_FAULT; below 1 minus it, WIRING_WELL. */
#define WIRING_SURE 0.9

/* Returns 0, or -EINVAL when a phasor is no number or the type, the voltage or the CT primary is none: the report is not filled then. */
int wiring_examine(const struct wiring_input *input, struct wiring_report *report);

/* Mean of n >= 1 looks, and how far one strays from it: part of the greatest of its kind, 0 = steady. */
double wiring_mean(const struct phasor looks[][ADC_CHANNELS], int n, struct phasor mean[ADC_CHANNELS]);

/* "current_reversed" and the like. */
const char *wiring_kind_code(enum wiring_kind kind);
bool wiring_kind_is_fault(enum wiring_kind kind);

/* "well", "fault", "doubt", "no_load", "no_voltage". */
const char *wiring_verdict_code(enum wiring_verdict verdict);

#endif
