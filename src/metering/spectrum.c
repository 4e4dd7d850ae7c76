#include "metering/spectrum.h"

#include <math.h>

double spectrum_sum(const double *x, unsigned n)
{
	double sum = 0;

#pragma omp simd reduction(+ : sum)
	for (unsigned i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

double spectrum_dot(const double *x, const double *y, unsigned n)
{
	double sum = 0;

#pragma omp simd reduction(+ : sum)
	for (unsigned i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

void spectrum_fold(const double *x, unsigned half, double *even, double *odd)
{
	for (unsigned i = 0; i < half; i++) {
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

	for (unsigned i = 0; i < half && i < LANES; i++) {
		cosine[i] = cos(w * (i + 0.5));
		sine[i] = sin(w * (i + 0.5));
	}
	for (unsigned i = LANES; i < half; i++) {
		cosine[i] = cosine[i - LANES] * cos_step - sine[i - LANES] * sin_step;
		sine[i] = sine[i - LANES] * cos_step + cosine[i - LANES] * sin_step;
	}
}

struct phasor spectrum_phasor(const double *even, const double *odd, const double *cosine, const double *sine, unsigned half)
{
	double re = 0, im = 0;

#pragma omp simd reduction(+ : re, im)
	for (unsigned i = 0; i < half; i++) {
		re += even[i] * cosine[i];
		im -= odd[i] * sine[i];
	}
	return (struct phasor){ re, im };
}
