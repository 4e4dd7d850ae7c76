#include "metering/spectrum.h"

#include <math.h>
#include <stddef.h>

void spectrum_weigh(const double *x, double offset, const double *weight, unsigned n, double *out)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		out[i] = weight[i] * (x[i] - offset);
}

/*
 * Eight chains: the additions of one would each wait for the one before, and a
 * compiler may not reorder them on its own.
 */
double spectrum_dot(const double *x, const double *y, unsigned n)
{
	double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		s0 += x[i] * y[i];
		s1 += x[i + 1] * y[i + 1];
		s2 += x[i + 2] * y[i + 2];
		s3 += x[i + 3] * y[i + 3];
		s4 += x[i + 4] * y[i + 4];
		s5 += x[i + 5] * y[i + 5];
		s6 += x[i + 6] * y[i + 6];
		s7 += x[i + 7] * y[i + 7];
	}
	for (; i < n; i++)
		s0 += x[i] * y[i];
	return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
}

void spectrum_fold(const double *x, unsigned half, double *even, double *odd)
{
#pragma omp simd
	for (size_t i = 0; i < half; i++) {
		double after = x[half + i], before = x[half - 1 - i];

		even[i] = after + before;
		odd[i] = after - before;
	}
}

/*
 * Eight samples at a time are turned by eight samples' angle; the error grows
 * by one rounding a step, 2e-14 over a second's 189.
 */
#define LANES 8

void spectrum_oscillator(double turns_per_sample, unsigned half, double *cosine, double *sine)
{
	double w = 2 * M_PI * turns_per_sample;
	double cos_step = cos(LANES * w), sin_step = sin(LANES * w);

	for (size_t i = 0; i < half && i < LANES; i++) {
		cosine[i] = cos(w * (i + 0.5));
		sine[i] = sin(w * (i + 0.5));
	}
	for (size_t i = LANES; i < half; i++) {
		cosine[i] = cosine[i - LANES] * cos_step - sine[i - LANES] * sin_step;
		sine[i] = sine[i - LANES] * cos_step + cosine[i - LANES] * sin_step;
	}
}

void spectrum_next_harmonic(const double *cosine, const double *last, const double *before, unsigned half, double *next)
{
#pragma omp simd
	for (size_t i = 0; i < half; i++)
		next[i] = 2 * cosine[i] * last[i] - before[i];
}

struct phasor spectrum_phasor(const double *even, const double *odd, const double *cosine, const double *sine, unsigned half)
{
	return (struct phasor){ spectrum_dot(even, cosine, half), -spectrum_dot(odd, sine, half) };
}
