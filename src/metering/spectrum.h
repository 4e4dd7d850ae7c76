/*
 * spectrum - sums over sample arrays: products, and the phasor at one frequency.
 *
 * Arrays that are folded about their centre hold x(t) + x(-t) (even) and
 * x(t) - x(-t) (odd) at t = 0.5, 1.5 ..: a phasor then needs half the work.
 *
 * Pure.
 */
#ifndef METERING_SPECTRUM_H
#define METERING_SPECTRUM_H

struct phasor {
	double re, im;
};

static inline struct phasor phasor_multiply(struct phasor a, struct phasor b)
{
	return (struct phasor){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

/* Real part of a x conj(b). */
static inline double phasor_dot(struct phasor a, struct phasor b)
{
	return a.re * b.re + a.im * b.im;
}

/* out = weight * (x - offset). */
void spectrum_weigh(const double *x, double offset, const double *weight, unsigned n, double *out);

/* Sum of x * y. */
double spectrum_dot(const double *x, const double *y, unsigned n);

/* Folds x (2 * half long) into even and odd. */
void spectrum_fold(const double *x, unsigned half, double *even, double *odd);

/* cos and sin of turns_per_sample * 2 pi * (n + 0.5), n = 0 .. half - 1. */
void spectrum_oscillator(double turns_per_sample, unsigned half, double *cosine, double *sine);

/* next = 2 cosine last - before: from cos or sin of (h - 1) x and (h - 2) x to that of h x. */
void spectrum_next_harmonic(const double *cosine, const double *last, const double *before, unsigned half, double *next);

/* Sum of x(t) exp(-j w t) over folded arrays. */
struct phasor spectrum_phasor(const double *even, const double *odd, const double *cosine, const double *sine, unsigned half);

#endif
