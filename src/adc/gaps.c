#include "adc/gaps.h"

#include <math.h>
#include <string.h>

enum {
	REGULAR = 9,		/* scans, one period apart each, that decide at once */
};

void gaps_init(struct gaps *gaps, double rate_hz)
{
	memset(gaps, 0, sizeof(*gaps));
	gaps->nominal_ns = gaps->period_ns = 1e9 / rate_hz;
	gaps->horizon = (unsigned)fmax(2 * REGULAR, rate_hz * 0.1);
	gaps->horizon_max = (unsigned)fmax(4 * REGULAR, rate_hz);
}

unsigned gaps_most_waiting(const struct gaps *gaps)
{
	return gaps->horizon_max;
}

static void advance(struct gaps_line *line, double ns)
{
	double whole;

	line->fraction += ns;
	whole = floor(line->fraction);
	line->ns += (int64_t)whole;
	line->fraction -= whole;
}

/* In periods: how late a stamp is that stands `ahead` scans after the line's scan. */
static double lateness(const struct gaps_line *line, double period_ns, int64_t stamp_ns, unsigned ahead)
{
	/* by unsigned arithmetic: a corrupt stamp may be anything */
	int64_t difference = (int64_t)((uint64_t)stamp_ns - (uint64_t)line->ns);

	return ((double)difference - line->fraction) / period_ns - ahead;
}

static bool is_regular(const int64_t *stamp_ns, unsigned n, double period_ns, double tolerance)
{
	for (unsigned i = 1; i < n; i++)
		if (!(fabs((double)(stamp_ns[i] - stamp_ns[i - 1]) / period_ns - 1) < tolerance))
			return false;
	return true;
}

static void start(struct gaps *gaps, const int64_t *stamp_ns, unsigned n)
{
	gaps->started = true;
	gaps->anchors = 0;
	gaps->n = 0;
	gaps->period_ns = gaps->nominal_ns;
	/* A converter far off its nominal rate is believed when it is even; else the nominal rate must do for a while. */
	if (n > 2 * REGULAR && is_regular(stamp_ns, n, gaps->nominal_ns, 0.25)) {
		double mean_ns = (double)(stamp_ns[n - 1] - stamp_ns[0]) / (n - 1);

		if (is_regular(stamp_ns, n, mean_ns, 0.1))
			gaps->period_ns = mean_ns;
	}
	gaps->line.ns = stamp_ns[0];
	gaps->line.fraction = 0;
	advance(&gaps->line, -gaps->period_ns);
}

static void learn_period(struct gaps *gaps)
{
	double spacing = 0.25e9 / gaps->nominal_ns;
	unsigned newest = (gaps->anchors + GAPS_ANCHORS - 1) % GAPS_ANCHORS;
	unsigned oldest = gaps->anchors < GAPS_ANCHORS ? 0 : gaps->anchors % GAPS_ANCHORS;

	if (gaps->anchors && (double)(gaps->n - gaps->anchor[newest].n) < spacing)
		return;
	if (gaps->anchors) {
		double period_ns = (double)(gaps->line.ns - gaps->anchor[oldest].ns)
				/ (double)(gaps->n - gaps->anchor[oldest].n);

		if (fabs(period_ns / gaps->nominal_ns - 1) < 0.25)
			gaps->period_ns = period_ns;
	}
	gaps->anchor[gaps->anchors % GAPS_ANCHORS].ns = gaps->line.ns;
	gaps->anchor[gaps->anchors % GAPS_ANCHORS].n = gaps->n;
	gaps->anchors++;
	if (gaps->anchors == 2 * GAPS_ANCHORS)
		gaps->anchors = GAPS_ANCHORS;
}

/* The line follows the early stamps fast and the slightly late ones slowly: the lower edge, and the drift of the period. */
static double correction(double late)
{
	if (late < -0.5)
		return late;
	return late < 0 ? late * 0.5 : late * 0.1;
}

/* How many scans from the front are proven to be a run; 0 when all are late or the first runs back too far. */
static unsigned find_run(struct gaps *gaps, const int64_t *stamp_ns, unsigned n)
{
	struct gaps_line line = gaps->line;
	unsigned proven = 0;

	for (unsigned i = 0; i < n; i++) {
		double late = lateness(&line, gaps->period_ns, stamp_ns[i], i + 1 - proven);

		if (late < -(double)gaps->horizon) {
			/* The clock was set back: what came before it cannot be judged any more. */
			gaps->started = i > 0 && gaps->started;
			proven = i;
			break;
		}
		if (late >= 0.5)
			continue;
		advance(&line, (i + 1 - proven + correction(late)) * gaps->period_ns);
		proven = i + 1;
	}
	if (proven) {
		gaps->line = line;
		gaps->n += proven;
		learn_period(gaps);
	}
	return proven;
}

/* All n scans are late: the number lost in front of them, 0 when it is too early to say. */
static uint64_t count_lost(const struct gaps *gaps, const int64_t *stamp_ns, unsigned n)
{
	bool regular = n >= REGULAR && is_regular(stamp_ns, REGULAR, gaps->period_ns, 0.25);
	unsigned window = regular ? REGULAR : n, at = 0;
	double least = INFINITY;

	if (!regular && n < gaps->horizon)
		return 0;
	for (unsigned i = 0; i < window; i++) {
		double late = lateness(&gaps->line, gaps->period_ns, stamp_ns[i], i + 1);

		if (late < least) {
			least = late;
			at = i;
		}
	}
	if (!regular && at >= n - n / 4 && n < gaps->horizon_max)
		return 0;
	return (uint64_t)llround(fmin(least, 1e15));
}

unsigned gaps_next(struct gaps *gaps, const int64_t *stamp_ns, unsigned n, uint64_t most_lost, struct gap *gap)
{
	unsigned run;

	gap->lost = 0;
	gap->restarted = false;
	/* Twice at most: a start or a counted loss puts the first scan on the line. */
	for (unsigned turn = 0; n > 0 && turn < 3; turn++) {
		uint64_t lost;

		if (!gaps->started) {
			start(gaps, stamp_ns, n);
			gap->restarted = true;
			gap->lost = 0;
		}
		run = find_run(gaps, stamp_ns, n);
		if (run > 0)
			return run;
		if (!gaps->started)
			continue;
		lost = count_lost(gaps, stamp_ns, n);
		if (lost == 0)
			return 0;
		if (lost > most_lost) {
			gaps->started = false;
			continue;
		}
		gap->lost += lost;
		gaps->n += lost;
		advance(&gaps->line, (double)lost * gaps->period_ns);
	}
	return 0;
}

void arrivals_init(struct arrivals *arrivals)
{
	memset(arrivals, 0, sizeof(*arrivals));
}

static void open_window(struct arrivals *arrivals, int64_t now_ns)
{
	arrivals->window_end_ns = now_ns + 1000000000;
	arrivals->least = INFINITY;
}

uint64_t arrivals_add(struct arrivals *arrivals, unsigned n, int64_t now_ns, double rate_hz)
{
	double threshold = arrivals->windows < 60 ? rate_hz / 50 : fmax(rate_hz / 200, 4);
	uint64_t lost = 0;

	if (!arrivals->started) {
		arrivals->started = true;
		arrivals->last_ns = now_ns;
		open_window(arrivals, now_ns);
		return 0;
	}
	arrivals->lag += (double)(now_ns - arrivals->last_ns) * 1e-9 * rate_hz - n;
	arrivals->last_ns = now_ns;
	arrivals->least = fmin(arrivals->least, arrivals->lag);
	if (now_ns < arrivals->window_end_ns)
		return 0;
	if (arrivals->windows > 0 && arrivals->least - arrivals->base > threshold) {
		lost = (uint64_t)llround(arrivals->least - arrivals->base);
		arrivals->lag -= (double)lost;
	} else {
		arrivals->base = arrivals->least;
	}
	arrivals->windows++;
	open_window(arrivals, now_ns);
	return lost;
}
