/*
 * readings - what one second of measurement says, in SI units.
 *
 * NAN means: not valid (in this system type, or nothing live to show).
 *
 * Sign convention, once for the whole program: current flows from the source
 * into the load; P > 0 is consumption, Q > 0 is inductive (current lags).
 * Registers and totals are unidirectional and show magnitudes; see quantities.h.
 */
#ifndef METERING_READINGS_H
#define METERING_READINGS_H

#include "metering/block.h"
#include "metering/spectrum.h"

enum { PHASE_A, PHASE_B, PHASE_C, PHASES };
enum { PAIR_AB, PAIR_BC, PAIR_AC, PAIRS };

struct readings {
	double p_w, q_var, s_va, pf;		/* totals */
	double v_ll_avg_v, v_ln_avg_v, i_avg_a;	/* means over the valid ones */
	double p_phase_w[PHASES], q_phase_var[PHASES], s_phase_va[PHASES], pf_phase[PHASES];
	double v_ll_v[PAIRS], v_ln_v[PHASES], i_a[PHASES];
	double hz;
	/* Fundamentals of the six inputs as they are wired, in every system type, CTs not turned: rms, primary V and A. */
	struct phasor phasor[ADC_CHANNELS];
};

/* Everything NAN. */
void readings_clear(struct readings *readings);

#endif
