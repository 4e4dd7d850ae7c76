#include "metering/window.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define EDGE_PER_HOP 0.2
/* Two frequency sub-windows of 0.6 of the length; their centres are 0.4 of it apart. */
#define SLOPE_PER_LENGTH 0.6
/* Kaiser parameter: side lobes below -170 dB, main lobe +-6.7 bins of 0.72 s = 9.3 Hz. */
#define SLOPE_BETA 20.0
/*
 * Phasors of harmonics 2 and up, which only correct what a channel's delay and
 * droop do to them: 0.3 s, side lobes below -130 dB, main lobe +-16 Hz.
 */
#define HARMONIC_PER_LENGTH 0.25
#define HARMONIC_BETA 15.0

static void window_geometry(struct window *window, double rate_hz)
{
	unsigned edge;

	window->hop = (unsigned)llround(rate_hz);
	edge = (unsigned)llround(EDGE_PER_HOP * window->hop);
	window->edge = edge + (window->hop + edge) % 2;
	window->length = window->hop + window->edge;
	window->slope_length = 2 * (unsigned)llround(SLOPE_PER_LENGTH * window->length / 2);
	window->harmonic_length = 2 * (unsigned)llround(HARMONIC_PER_LENGTH * window->length / 2);
}

size_t window_bytes(double max_rate_hz)
{
	struct window window;

	/* a lower rate may round to a parity that needs a scan more */
	window_geometry(&window, max_rate_hz + 2);
	return (ADC_CHANNELS + 3 + WINDOW_WORK_ARRAYS) * (size_t)window.length * sizeof(double);
}

static void fill_edges(double *weight, const struct window *window)
{
	for (unsigned n = 0; n < window->length; n++)
		weight[n] = 1.0;
	for (unsigned n = 0; n < window->edge; n++) {
		double u = (n + 0.5) / window->edge;

		weight[n] = u - sin(2 * M_PI * u) / (2 * M_PI);
		weight[window->length - 1 - n] = weight[n];
	}
}

/* Modified Bessel function of the first kind, order 0: all terms are positive, so the series is exact enough. */
static double bessel_i0(double x)
{
	double term = 1, sum = 1;

	for (int k = 1; term > 1e-18 * sum; k++) {
		term *= (x / 2 / k) * (x / 2 / k);
		sum += term;
	}
	return sum;
}

/* Returns the sum. */
static double fill_kaiser(double *weight, unsigned length, double beta)
{
	double sum = 0;

	for (unsigned n = 0; n < length; n++) {
		double t = (2 * n + 1.0) / length - 1;

		weight[n] = bessel_i0(beta * sqrt(1 - t * t)) / bessel_i0(beta);
		sum += weight[n];
	}
	return sum;
}

void window_init(struct window *window, void *memory, double rate_hz)
{
	double *next = memory;

	window_geometry(window, rate_hz);
	for (int c = 0; c < ADC_CHANNELS; c++, next += window->length)
		window->scans[c] = next;
	fill_edges(next, window);
	window->weight = next;
	next += window->length;
	window->slope_gain = fill_kaiser(next, window->slope_length, SLOPE_BETA);
	window->slope_weight = next;
	next += window->length;
	window->harmonic_gain = fill_kaiser(next, window->harmonic_length, HARMONIC_BETA);
	window->harmonic_weight = next;
	next += window->length;
	window->work = next;
	window->fill = 0;
}

unsigned window_take(struct window *window, const struct adc_block *block, unsigned from)
{
	unsigned room = window->length - window->fill;
	unsigned n = block->n - from < room ? block->n - from : room;

	for (int c = 0; c < ADC_CHANNELS; c++)
		memcpy(window->scans[c] + window->fill, block->scans[c] + from, n * sizeof(double));
	window->fill += n;
	return n;
}

void window_advance(struct window *window)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		memmove(window->scans[c], window->scans[c] + window->hop, window->edge * sizeof(double));
	window->fill = window->edge;
}

void window_clear(struct window *window)
{
	window->fill = 0;
}
