/*
 * frequency - of the fundamental, from the slope of its phase between two sub-windows.
 *
 * Pure.
 */
#ifndef METERING_FREQUENCY_H
#define METERING_FREQUENCY_H

#include <stdbool.h>

#include "metering/window.h"

struct frequency {
	double cycles_per_sample;	/* multiply by the sample rate for Hz; NAN: no fundamental stands out between 35 and 75 Hz */
	bool steady;			/* both sub-windows hold the signal: the value is exact; else it is a few 0.1 Hz good */
};

/*
 * Frequency of the signal x (window->length samples).  `mean` is the mean of x, `rms` its AC value.
 * Uses two arrays of `scratch` (window->length doubles each).
 */
struct frequency frequency_estimate(const struct window *window, const double *x, double mean, double rms, double rate_hz,
				    double *scratch);

#endif
