#include "adc/rate_check.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const double tolerance = 0.01;	/* more than this off is not the stated rate */
static const double sure = 0.005;	/* an even period is as good as this before it counts */
static const double agreement = 0.03, nearly = 0.05;
static const int64_t point_ns = 25000000, window_ns = 1500000000, patience_ns = INT64_C(8000000000);
enum { FEWEST_STAMPS = 10, FEWEST_POINTS = 4, TRIES = 4 };

void rate_check_init(struct rate_check *check, double stated_hz)
{
	memset(check, 0, sizeof(*check));
	check->stated_hz = stated_hz;
}

/* Corrupt stamps may be anything: so by unsigned arithmetic. */
static int64_t difference_ns(int64_t later_ns, int64_t earlier_ns)
{
	return (int64_t)((uint64_t)later_ns - (uint64_t)earlier_ns);
}

static double round_to(double hz, int digits)
{
	double unit = pow(10, floor(log10(hz)) + 1 - digits);

	return round(hz / unit) * unit;
}

static double judge(const struct rate_check *check, double hz, int digits)
{
	return fabs(hz / check->stated_hz - 1) <= tolerance ? check->stated_hz : round_to(hz, digits);
}

/* ---- stamps that are a period apart ---- */

static void sort(int64_t *values, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		int64_t value = values[i];
		unsigned at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/* Of the steps from stamp to stamp most must be alike, and make up a good part of the time: those inside of a burst do not. */
static double even_hz(const struct rate_check *check)
{
	int64_t step[RATE_CHECK_STAMPS] = { 0 };
	unsigned n = check->stamps - 1, alike = 0;
	double sum = 0, total = 0, median, furthest = 0;

	for (unsigned i = 0; i < n; i++) {
		step[i] = difference_ns(check->stamp_ns[i + 1], check->stamp_ns[i]);
		total += fabs((double)step[i]);
	}
	sort(step, n);
	median = (double)step[n / 2];
	for (unsigned i = 0; i < n; i++) {
		double off = fabs((double)step[i] - median);

		if (!(off < 0.25 * median))
			continue;
		alike++;
		sum += (double)step[i];
		furthest = fmax(furthest, off);
	}
	if (!(median > 0) || 5 * alike < 3 * n || sum < 0.3 * total || 2 * furthest > sure * sum)
		return 0;
	return 1e9 * alike / sum;
}

static double add_stamps(struct rate_check *check, const int64_t *stamp_ns, unsigned n)
{
	if (check->stamps == RATE_CHECK_STAMPS)
		return 0;
	for (unsigned i = 0; i < n && check->stamps < RATE_CHECK_STAMPS; i++)
		check->stamp_ns[check->stamps++] = stamp_ns[i];
	return check->stamps < FEWEST_STAMPS ? 0 : even_hz(check);
}

/* ---- the lower edge of late ones ---- */

static unsigned least_late(const struct rate_check *check, unsigned from, unsigned to, double period_ns)
{
	double least = INFINITY;
	unsigned at = from;

	for (unsigned i = from; i < to; i++) {
		double late = (double)(check->point[i].ns - check->point[from].ns)
				- (double)(check->point[i].n - check->point[from].n) * period_ns;

		if (late < least) {
			least = late;
			at = i;
		}
	}
	return at;
}

static double slope_ns(const struct rate_check *check, unsigned a, unsigned b)
{
	return (double)(check->point[b].ns - check->point[a].ns) / (double)(check->point[b].n - check->point[a].n);
}

/* Of points from..to-1, two at least. */
static double edge_hz(const struct rate_check *check, unsigned from, unsigned to)
{
	unsigned part = (to - from) / 3 ? (to - from) / 3 : 1;
	double period_ns = slope_ns(check, from, to - 1);

	for (int i = 0; i < 4; i++)
		period_ns = slope_ns(check, least_late(check, from, from + part, period_ns),
				least_late(check, to - part, to, period_ns));
	return 1e9 / period_ns;
}

static void begin_window(struct rate_check *check, int64_t ns)
{
	check->point[0].n = check->n;
	check->point[0].ns = ns;
	check->points = 1;
}

/* The window is full: the rate, 0 to try again, or -EIO. */
static double judge_window(struct rate_check *check)
{
	unsigned half = check->points / 2;
	double first_hz = edge_hz(check, 0, check->points - half), second_hz = edge_hz(check, half, check->points);

	check->best_hz = fmax(check->best_hz, fmax(first_hz, second_hz));
	if (fabs(first_hz / second_hz - 1) < agreement)
		return judge(check, edge_hz(check, 0, check->points), 3);
	begin_window(check, check->point[check->points - 1].ns);
	if (++check->tries < TRIES)
		return 0;
	/* scans are lost all the time: what is left agrees with the stated rate, or nothing is known */
	return fabs(check->best_hz / check->stated_hz - 1) < nearly ? check->stated_hz : -EIO;
}

/* So many scans more, the last of them at ns. */
static double add_point(struct rate_check *check, unsigned n, int64_t ns)
{
	int64_t span_ns, step_ns;

	check->n += n;
	if (check->points == 0) {
		begin_window(check, ns);
		return 0;
	}
	step_ns = difference_ns(ns, check->point[check->points - 1].ns);
	if (step_ns < -point_ns || step_ns > patience_ns) {
		/* the clock was set */
		begin_window(check, ns);
		return 0;
	}
	if (step_ns < point_ns)
		return 0;
	check->point[check->points].n = check->n;
	check->point[check->points].ns = ns;
	check->points++;
	span_ns = ns - check->point[0].ns;
	return check->points >= FEWEST_POINTS && span_ns >= window_ns ? judge_window(check) : 0;
}

double rate_check_add(struct rate_check *check, const int64_t *stamp_ns, unsigned n, int64_t arrival_ns)
{
	unsigned stride = stamp_ns && n > 8 ? n / 8 : n;
	double hz = stamp_ns ? add_stamps(check, stamp_ns, n) : 0;

	if (hz > 0)
		return judge(check, hz, 4);
	if (!check->started) {
		check->started = true;
		check->begin_ns = arrival_ns;
	}
	for (unsigned done = 0; done < n && hz == 0; done += stride) {
		unsigned more = n - done < stride ? n - done : stride;

		hz = add_point(check, more, stamp_ns ? stamp_ns[done + more - 1] : arrival_ns);
	}
	return hz == 0 && arrival_ns - check->begin_ns > patience_ns ? -EIO : hz;
}
