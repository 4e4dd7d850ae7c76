#include "lib/second.h"

#include <math.h>
#include <string.h>

void second_fill(struct moments *moments, double v, double i, double p_w, double q_var)
{
	memset(moments, 0, sizeof(*moments));
	moments->rate_hz = 2520;
	moments->cycles_per_sample = 60 / 2520.0;
	moments->frequency_known = true;
	for (int a = 0; a < 3; a++) {
		double at = -2 * M_PI / 3 * a;
		struct phasor *volts = &moments->fundamental[ADC_VA + a], *amperes = &moments->fundamental[ADC_IA + a];

		for (int b = 0; b < 3; b++)
			moments->product[ADC_VA + a][ADC_VA + b] = a == b ? v * v : v * v * cos(2 * M_PI / 3 * (a - b));
		moments->product[ADC_VA + a][ADC_IA + a] = moments->product[ADC_IA + a][ADC_VA + a] = p_w;
		moments->product[ADC_IA + a][ADC_IA + a] = i * i;
		volts->re = v * cos(at);
		volts->im = v * sin(at);
		/* conj(I) = S / V with S = p + j q */
		amperes->re = (p_w * volts->re + q_var * volts->im) / (v * v);
		amperes->im = (p_w * volts->im - q_var * volts->re) / (v * v);
	}
}
