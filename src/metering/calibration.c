#include "metering/calibration.h"

#include <math.h>

#define UNKNOWNS 3
#define ROUNDS 30

static double turn(const struct calibration_point *point)
{
	return 2 * M_PI * point->hz * 1e-6;
}

static double power(const struct calibration_point *point, double x)
{
	double angle = turn(point) * x;

	return point->p1 * cos(angle) + point->q1 * sin(angle) + (point->w - point->p1) + point->slope * x + point->bend * x * x;
}

static double power_slope(const struct calibration_point *point, double x)
{
	double angle = turn(point) * x;

	return turn(point) * (point->q1 * cos(angle) - point->p1 * sin(angle)) + point->slope + 2 * point->bend * x;
}

double calibration_power(const struct calibration_point *point, double voltage_gain, double current_gain, double delay_us)
{
	return voltage_gain * current_gain * power(point, delay_us);
}

/* The three residuals of a point and their derivatives by gv, gi, x. */
static void residuals(const struct calibration_point *point, const double unknown[UNKNOWNS], double r[3], double j[3][UNKNOWNS])
{
	double gv = unknown[0], gi = unknown[1], x = unknown[2], va = point->reference_v * point->reference_a, p = power(point, x);

	r[0] = gv * point->v / point->reference_v - 1;
	r[1] = gi * point->a / point->reference_a - 1;
	r[2] = (gv * gi * p - point->reference_w) / va;
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < UNKNOWNS; k++)
			j[i][k] = 0;
	j[0][0] = point->v / point->reference_v;
	j[1][1] = point->a / point->reference_a;
	j[2][0] = gi * p / va;
	j[2][1] = gv * p / va;
	j[2][2] = gv * gi * power_slope(point, x) / va;
}

/* Solves the symmetric positive system a s = b by Cholesky; an unknown that nothing tells stays 0. */
static void solve(double a[UNKNOWNS][UNKNOWNS], const double b[UNKNOWNS], double s[UNKNOWNS])
{
	double l[UNKNOWNS][UNKNOWNS] = { { 0 } }, y[UNKNOWNS];

	for (int i = 0; i < UNKNOWNS; i++) {
		for (int k = 0; k <= i; k++) {
			double sum = a[i][k];

			for (int m = 0; m < k; m++)
				sum -= l[i][m] * l[k][m];
			if (i == k)
				l[i][i] = sum > 1e-12 * a[i][i] && sum > 0 ? sqrt(sum) : 0;
			else
				l[i][k] = l[k][k] > 0 ? sum / l[k][k] : 0;
		}
	}
	for (int i = 0; i < UNKNOWNS; i++) {
		y[i] = b[i];
		for (int m = 0; m < i; m++)
			y[i] -= l[i][m] * y[m];
		y[i] = l[i][i] > 0 ? y[i] / l[i][i] : 0;
	}
	for (int i = UNKNOWNS - 1; i >= 0; i--) {
		s[i] = y[i];
		for (int m = i + 1; m < UNKNOWNS; m++)
			s[i] -= l[m][i] * s[m];
		s[i] = l[i][i] > 0 ? s[i] / l[i][i] : 0;
	}
}

/* Every unknown in units of about the same size, so that the system is as good as its data. */
static const double unit[UNKNOWNS] = { 1, 1, 1000 };

static void improve(const struct calibration_point *points, int n, double unknown[UNKNOWNS])
{
	double a[UNKNOWNS][UNKNOWNS] = { { 0 } }, b[UNKNOWNS] = { 0 }, step[UNKNOWNS], r[3], j[3][UNKNOWNS];

	for (int p = 0; p < n; p++) {
		residuals(&points[p], unknown, r, j);
		for (int i = 0; i < 3; i++) {
			for (int k = 0; k < UNKNOWNS; k++) {
				b[k] -= j[i][k] * unit[k] * r[i];
				for (int m = 0; m < UNKNOWNS; m++)
					a[k][m] += j[i][k] * unit[k] * j[i][m] * unit[m];
			}
		}
	}
	solve(a, b, step);
	for (int k = 0; k < UNKNOWNS; k++)
		unknown[k] += step[k] * unit[k];
}

static void judge(const struct calibration_point *points, int n, const double unknown[UNKNOWNS], double worst[3])
{
	double r[3], j[3][UNKNOWNS];

	worst[0] = worst[1] = worst[2] = 0;
	for (int p = 0; p < n; p++) {
		residuals(&points[p], unknown, r, j);
		for (int i = 0; i < 3; i++)
			if (!(fabs(r[i]) <= fabs(worst[i])))
				worst[i] = r[i];
	}
}

/* Powers that are large enough to have a sign. */
static bool reversed(const struct calibration_point *point)
{
	return point->w * point->reference_w < 0 && fabs(point->reference_w) > 0.2 * point->reference_v * point->reference_a;
}

static bool tells_delay(const struct calibration_point *point)
{
	return fabs(point->q1) >= CALIBRATION_REACTIVE_MIN * point->v * point->a;
}

static bool tells_phase(const struct calibration_point *point)
{
	return fabs(point->reference_w) >= CALIBRATION_REAL_MIN * point->reference_v * point->reference_a;
}

static bool odd(double gain)
{
	return !(fabs(gain - 1) <= CALIBRATION_GAIN_ODD);
}

static enum calibration_verdict verdict(const struct calibration_point *points, int n, const struct calibration *calibration)
{
	bool told = false, real = false;

	for (int p = 0; p < n; p++) {
		if (reversed(&points[p]))
			return CALIBRATION_REVERSED;
		told |= tells_delay(&points[p]);
		real |= tells_phase(&points[p]);
	}
	if (odd(calibration->voltage_gain) || odd(calibration->current_gain))
		return CALIBRATION_RATIO;
	if (!told)
		return CALIBRATION_NO_REACTIVE;
	if (!(fabs(calibration->delay_us) <= CALIBRATION_DELAY_MOST_US))
		return CALIBRATION_DELAY;
	return real ? CALIBRATION_GOOD : CALIBRATION_NO_REAL;
}

void calibration_solve(const struct calibration_point *points, int n, struct calibration *calibration)
{
	double unknown[UNKNOWNS] = { 1, 1, 0 };

	judge(points, n, unknown, calibration->found);
	/* near enough for the powers to be told by the delay */
	unknown[0] = points[0].reference_v / points[0].v;
	unknown[1] = points[0].reference_a / points[0].a;
	for (int round = 0; round < ROUNDS; round++)
		improve(points, n, unknown);
	calibration->voltage_gain = unknown[0];
	calibration->current_gain = unknown[1];
	calibration->delay_us = unknown[2];
	judge(points, n, unknown, calibration->left);
	calibration->verdict = verdict(points, n, calibration);
}

void calibration_read(const struct moments *now, const struct moments *more, const struct moments *less, double step_us, int phase,
		      struct calibration_point *point)
{
	int v = ADC_VA + phase, i = ADC_IA + phase;
	struct phasor a = now->fundamental[v], b = now->fundamental[i];
	double angle, rest_more, rest_less, rest;

	point->v = sqrt(fmax(now->product[v][v], 0));
	point->a = sqrt(fmax(now->product[i][i], 0));
	point->w = now->product[v][i];
	point->hz = now->cycles_per_sample * now->rate_hz;
	point->p1 = a.re * b.re + a.im * b.im;
	point->q1 = a.im * b.re - a.re * b.im;
	angle = turn(point) * step_us;
	rest = point->w - point->p1;
	rest_more = more->product[v][i] - (point->p1 * cos(angle) + point->q1 * sin(angle));
	rest_less = less->product[v][i] - (point->p1 * cos(angle) - point->q1 * sin(angle));
	point->slope = (rest_more - rest_less) / (2 * step_us);
	point->bend = (rest_more + rest_less - 2 * rest) / (2 * step_us * step_us);
}
