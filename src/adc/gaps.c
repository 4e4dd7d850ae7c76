#include "adc/gaps.h"

#include <math.h>
#include <string.h>

/*
 * The last scan of an interrupt waited for it between nothing and one period; after a loss of one, between one and two.  So
 * the bound lies near one; the line may lie a little above the edge, and even stamps have their jitter.
 */
static const double late_from = 0.7;

/* A stamp this much below the line (periods) is early, or the line was not at the edge yet. */
static const double early_from = 0.85;
/* Periods that the line is taken to be above the edge at most. */
static const double most_risen = 0.4;
/* Nor is a stamp taken to be earlier than this: a greater rise is a loss. */
static const double early_most_s = 0.01;
/* What fell stays known for so long (s) while the line stays down; what came back fades that fast. */
static const double fall_memory_s = 5, start_memory_s = 2, early_memory_s = 30;

enum {
	REGULAR = 9,		/* scans, whole periods apart, that decide at once */
	EVEN_SPAN = 256,	/* scans */
	KNOWN_ANCHORS = 8,	/* two seconds */
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

/* By unsigned arithmetic, here and below: a corrupt stamp may be anything, and what follows is as odd as it. */
static int64_t difference_ns(int64_t later_ns, int64_t earlier_ns)
{
	return (int64_t)((uint64_t)later_ns - (uint64_t)earlier_ns);
}

static void advance(struct gaps_line *line, double ns)
{
	double whole;

	line->fraction += ns;
	whole = floor(line->fraction);
	line->ns = (int64_t)((uint64_t)line->ns + (uint64_t)(int64_t)whole);
	line->fraction -= whole;
}

/* In periods: how late a stamp is that stands `ahead` scans after the line's scan. */
static double lateness(const struct gaps_line *line, double period_ns, int64_t stamp_ns, unsigned ahead)
{
	return ((double)difference_ns(stamp_ns, line->ns) - line->fraction) / period_ns - ahead;
}

static bool is_regular(const int64_t *stamp_ns, unsigned n, double period_ns, double tolerance)
{
	for (unsigned i = 1; i < n; i++)
		if (!(fabs((double)difference_ns(stamp_ns[i], stamp_ns[i - 1]) / period_ns - 1) < tolerance))
			return false;
	return true;
}

/* Every stamp a whole number of periods after the one before: then each step tells its loss by itself. */
static bool is_stepwise(const int64_t *stamp_ns, unsigned n, double period_ns)
{
	for (unsigned i = 1; i < n; i++) {
		double step = (double)difference_ns(stamp_ns[i], stamp_ns[i - 1]) / period_ns;

		if (!(step > 0.5 && fabs(step - round(step)) < 0.25))
			return false;
	}
	return true;
}

static double scans_in(const struct gaps *gaps, double seconds)
{
	return seconds * 1e9 / gaps->nominal_ns;
}

static double most_early(const struct gaps *gaps)
{
	return scans_in(gaps, early_most_s);
}

static void start(struct gaps *gaps, const int64_t *stamp_ns, unsigned n)
{
	gaps->started = true;
	gaps->even = false;
	gaps->anchors = 0;
	gaps->n = 0;
	gaps->early = gaps->risen = 0;
	gaps->period_ns = gaps->nominal_ns;
	/* A converter far off its nominal rate is believed when it is even; else the nominal rate must do for a while. */
	if (n > 2 * REGULAR && is_regular(stamp_ns, n, gaps->nominal_ns, 0.25)) {
		double mean_ns = (double)difference_ns(stamp_ns[n - 1], stamp_ns[0]) / (n - 1);

		gaps->even = is_regular(stamp_ns, n, mean_ns, 0.25);
		if (gaps->even)
			gaps->period_ns = mean_ns;
	}
	/* the first of uneven stamps may be an early one */
	gaps->fallen = is_stepwise(stamp_ns, n, gaps->period_ns) ? 0 : most_early(gaps);
	gaps->forget_at = (uint64_t)scans_in(gaps, start_memory_s);
	gaps->line.ns = stamp_ns[0];
	gaps->line.fraction = 0;
	advance(&gaps->line, -gaps->period_ns);
}

static void learn_period(struct gaps *gaps)
{
	double spacing = 0.25e9 / gaps->nominal_ns;
	unsigned newest = (gaps->anchors + GAPS_ANCHORS - 1) % GAPS_ANCHORS;
	unsigned oldest = gaps->anchors < GAPS_ANCHORS ? 0 : gaps->anchors % GAPS_ANCHORS;

	bool due = !gaps->anchors || (double)(gaps->n - gaps->anchor[newest].n) >= spacing;

	/* Even stamps tell a good period soon, uneven ones only over some time. */
	if (!due && !(gaps->even && gaps->n - gaps->anchor[oldest].n >= EVEN_SPAN))
		return;
	if (gaps->anchors) {
		double period_ns = (double)difference_ns(gaps->line.ns, gaps->anchor[oldest].ns)
				/ (double)(gaps->n - gaps->anchor[oldest].n);

		if (fabs(period_ns / gaps->nominal_ns - 1) < 0.25)
			gaps->period_ns = period_ns;
	}
	if (!due)
		return;
	gaps->anchor[gaps->anchors % GAPS_ANCHORS].ns = gaps->line.ns;
	gaps->anchor[gaps->anchors % GAPS_ANCHORS].n = gaps->n;
	gaps->anchors++;
	if (gaps->anchors == 2 * GAPS_ANCHORS)
		gaps->anchors = GAPS_ANCHORS;
}

static bool is_early(const struct gaps *gaps)
{
	return gaps->early > early_from;
}

/*
 * The line falls to early stamps and rises slowly with slightly late ones: it is their lower edge, and follows the drift of the
 * period.  While the period is not well known yet, it must rise faster, and lies a little above the edge.
 */
static double correction(const struct gaps *gaps, double late)
{
	if (late < 0)
		return late;
	return late * (gaps->anchors < KNOWN_ANCHORS ? 0.1 : is_early(gaps) ? 0.02 : 0.002);
}

/*
 * How far above the edge the line may be.  A rise that follows a wrong period looks the same: so no more than what does not
 * turn one number of lost scans into the next.
 */
static double rise(const struct gaps *gaps, double risen, double corrected)
{
	if (corrected < 0)
		return 0;
	return gaps->anchors < KNOWN_ANCHORS ? fmin(risen + corrected, most_risen) : risen;
}

/* Notes that the line was pulled down by `fall` periods, and forgets falls of which nothing came. */
static void note_fall(struct gaps *gaps, double fall, unsigned scans)
{
	gaps->early *= exp(-(double)scans / scans_in(gaps, early_memory_s));
	if (fall > 0) {
		gaps->fallen = fmin(gaps->fallen + fall, most_early(gaps));
		gaps->forget_at = gaps->n + (uint64_t)scans_in(gaps, fall_memory_s);
	} else if (gaps->n >= gaps->forget_at) {
		gaps->fallen = 0;
	}
}

/* Is a rise of all stamps by `lost` periods only the end of a fall? */
static bool is_return(struct gaps *gaps, uint64_t lost)
{
	/* early stamps come in all sizes: the next may be twice as early */
	double back = (double)lost, known = fmin(fmax(gaps->fallen, 2 * gaps->early), most_early(gaps));

	if (known < early_from || back > known + 1 + late_from)
		return false;
	/* what a line that went up and down has taught is worth little */
	if (!is_early(gaps) && gaps->anchors < GAPS_ANCHORS)
		gaps->period_ns = gaps->nominal_ns;
	gaps->fallen = fmax(gaps->fallen - back, 0);
	gaps->early = fmax(gaps->early, back);
	return true;
}

/* How many scans from the front are proven to be a run; 0 when all are late or the first runs back too far. */
static unsigned find_run(struct gaps *gaps, const int64_t *stamp_ns, unsigned n)
{
	struct gaps_line line = gaps->line;
	unsigned proven = 0;
	double fall = 0, risen = gaps->risen;

	for (unsigned i = 0; i < n; i++) {
		double late = lateness(&line, gaps->period_ns, stamp_ns[i], i + 1 - proven), corrected;

		if (late < -(double)gaps->horizon) {
			/* The clock was set back: what came before it cannot be judged any more. */
			gaps->started = i > 0 && gaps->started;
			proven = i;
			break;
		}
		if (late + risen >= late_from)
			continue;
		if (late < -early_from)
			fall -= late;
		corrected = correction(gaps, late);
		risen = rise(gaps, risen, corrected);
		advance(&line, (i + 1 - proven + corrected) * gaps->period_ns);
		proven = i + 1;
	}
	if (proven) {
		gaps->line = line;
		gaps->risen = risen;
		gaps->n += proven;
		note_fall(gaps, fall, proven);
		/* a line that goes down and up would teach a wrong period */
		if (gaps->fallen == 0 && !is_early(gaps))
			learn_period(gaps);
	}
	return proven;
}

static double least_late(const struct gaps *gaps, const int64_t *stamp_ns, unsigned from, unsigned to, unsigned *at)
{
	double least = INFINITY;

	for (unsigned i = from; i < to; i++) {
		double late = lateness(&gaps->line, gaps->period_ns, stamp_ns[i], i + 1);

		if (late < least) {
			least = late;
			*at = i;
		}
	}
	return least;
}

/* The least of many lies at the edge: a number between two whole ones means that more are needed. */
static bool is_doubtful(double least)
{
	double part = least - floor(least);

	return part > 0.25 && part < late_from;
}

/*
 * All n scans are late: the number lost, 0 when it is too early to say, and how many scans stand before the loss.  The first of
 * uneven stamps may be those of a late interrupt before the loss, so the later three quarters tell the number; the last one that
 * is less late than that stands before the loss.
 */
static uint64_t count_lost(const struct gaps *gaps, const int64_t *stamp_ns, unsigned n, unsigned *before)
{
	bool regular = n >= REGULAR && is_stepwise(stamp_ns, REGULAR, gaps->period_ns);
	unsigned from = regular ? 0 : n / 4, to = regular ? REGULAR : n, at = 0;
	double least;

	*before = 0;
	if (!regular && n < gaps->horizon)
		return 0;
	least = least_late(gaps, stamp_ns, from, to, &at) + gaps->risen;
	if (!regular && (at >= n - n / 4 || is_doubtful(least)) && n < gaps->horizon_max)
		return 0;
	for (unsigned i = 0; i < from; i++)
		if (lateness(&gaps->line, gaps->period_ns, stamp_ns[i], i + 1) + gaps->risen < least - 0.5)
			*before = i + 1;
	return (uint64_t)(fmin(least, 1e12) + 1 - late_from);
}

unsigned gaps_next(struct gaps *gaps, const int64_t *stamp_ns, unsigned n, uint64_t most_lost, struct gap *gap)
{
	unsigned run, before;

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
		lost = count_lost(gaps, stamp_ns, n, &before);
		if (lost == 0)
			return 0;
		if (before > 0) {
			advance(&gaps->line, before * gaps->period_ns);
			gaps->n += before;
			return before;
		}
		if (lost > most_lost) {
			gaps->started = false;
			continue;
		}
		advance(&gaps->line, (double)lost * gaps->period_ns);
		if (is_return(gaps, lost))
			continue;
		gap->lost += lost;
		gaps->n += lost;
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
