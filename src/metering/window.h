/*
 * window - the weighted stretch of samples that one second of measurement looks at.
 *
 * A hop of one second and, at both ends, a crossfade of a fifth of it:
 *
 *        ____________________
 *       /                    \ /
 *      /        hop           X       consecutive windows sum to 1, so mean power x 1 s
 *     /                      / \      adds up to energy without a gap or an overlap
 *     |edge|            |edge|
 *
 * The edge is u - sin(2 pi u) / (2 pi), the integral of a Hann pulse: the window's spectrum is that of a 1 s rectangle
 * times that of a 0.2 s Hann pulse, below 2e-7 from 90 Hz on.  Hence the mean of a product of two sine waves of 45 Hz or
 * more is right to that part whatever their phase, and no zero crossing need be found.
 *
 * Pure; memory comes from the caller.
 */
#ifndef METERING_WINDOW_H
#define METERING_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "metering/block.h"

struct window {
	unsigned hop;			/* scans per second, rounded */
	unsigned edge;			/* scans of a crossfade; hop + edge is even */
	unsigned length;		/* hop + edge */
	unsigned slope_length;		/* scans of a frequency sub-window, even */
	unsigned fill;			/* scans held now */
	double *scans[ADC_CHANNELS];	/* length each */
	const double *weight;		/* length; sums to hop */
	const double *slope_weight;	/* slope_length; Kaiser window */
	double slope_gain;		/* sum of slope_weight */
	unsigned harmonic_length;	/* scans of the middle that the harmonics are taken from, even */
	const double *harmonic_weight;	/* harmonic_length; Kaiser window */
	double harmonic_gain;		/* sum of harmonic_weight */
	double *work;			/* WINDOW_WORK_ARRAYS x length of scratch for whoever computes */
};

#define WINDOW_WORK_ARRAYS 10

/* Memory for any rate up to max_rate_hz. */
size_t window_bytes(double max_rate_hz);

/* Lays out an empty window for a sample rate; `memory` is aligned for double. */
void window_init(struct window *window, void *memory, double rate_hz);

/* Takes scans from..block->n as far as there is room; returns how many. */
unsigned window_take(struct window *window, const struct adc_block *block, unsigned from);

static inline bool window_full(const struct window *window)
{
	return window->fill == window->length;
}

/* Moves on by one hop: the closing crossfade becomes the opening one. */
void window_advance(struct window *window);

/* Forgets all samples. */
void window_clear(struct window *window);

#endif
