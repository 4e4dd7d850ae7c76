/*
 * frequency - of the fundamental, from the slope of its phase between two sub-windows.
 *
 * Pure.
 */
#ifndef METERING_FREQUENCY_H
#define METERING_FREQUENCY_H

#include "metering/window.h"

/*
 * Frequency of the signal x (window->length samples), in turns per sample
 * (multiply by the sample rate for Hz), or NAN when x has no
 * fundamental that stands out between about 35 and 75 Hz.  `mean` is the mean of x, `rms` its
 * AC value.  Uses 2.4 arrays of `scratch` (window->length doubles each).
 */
double frequency_estimate(const struct window *window, const double *x, double mean, double rms, double rate_hz, double *scratch);

#endif
