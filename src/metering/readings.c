#include "metering/readings.h"

#include <math.h>

void readings_clear(struct readings *readings)
{
	*readings = (struct readings){
		.p_w = NAN, .q_var = NAN, .s_va = NAN, .pf = NAN,
		.v_ll_avg_v = NAN, .v_ln_avg_v = NAN, .i_avg_a = NAN,
		.p_phase_w = { NAN, NAN, NAN }, .q_phase_var = { NAN, NAN, NAN },
		.s_phase_va = { NAN, NAN, NAN }, .pf_phase = { NAN, NAN, NAN },
		.v_ll_v = { NAN, NAN, NAN }, .v_ln_v = { NAN, NAN, NAN }, .i_a = { NAN, NAN, NAN },
		.hz = NAN,
	};
	for (int c = 0; c < ADC_CHANNELS; c++)
		readings->phasor[c] = (struct phasor){ NAN, NAN };
}
