#include "adc/rate_clock.h"

#include <math.h>
#include <string.h>

static const int64_t bucket_ns = INT64_C(5000000000);
static const double glide_s = 10, sure_glide_s = 2;
static const double sure = 0.5e-6;	/* relative standard error of the slope */
static const double off_line_ns = 5e6;	/* a point further off is the work of something else than the oscillator */

void rate_clock_init(struct rate_clock *clock, double nominal_hz)
{
	memset(clock, 0, sizeof(*clock));
	clock->nominal_hz = clock->target_hz = clock->rate_hz = nominal_hz;
	clock->glide_s = glide_s;
}

double rate_clock_hz(const struct rate_clock *clock)
{
	return clock->rate_hz;
}

void rate_clock_break(struct rate_clock *clock)
{
	clock->running = false;
	clock->has_best = false;
	clock->segment++;
}

struct sums {
	double xx, xy, yy;	/* about the mean */
};

/* Sums of one segment about its own mean: the slopes of several are pooled, their offsets are not compared. */
static unsigned add_segment(const struct rate_clock *clock, unsigned first, struct sums *sums)
{
	unsigned oldest = (clock->next + RATE_CLOCK_POINTS - clock->points) % RATE_CLOCK_POINTS, n = 0;
	const struct rate_clock_point *origin = &clock->point[(oldest + first) % RATE_CLOCK_POINTS];
	double sx = 0, sy = 0, xx = 0, xy = 0, yy = 0;

	for (; first + n < clock->points; n++) {
		const struct rate_clock_point *point = &clock->point[(oldest + first + n) % RATE_CLOCK_POINTS];
		/* y is the small departure from the rate in force, so that the sums keep their digits */
		double x = (double)(point->n - origin->n) / clock->rate_hz;
		double y = (double)(point->ns - origin->ns) * 1e-9 - x;

		if (point->segment != origin->segment)
			break;
		sx += x;
		sy += y;
		xx += x * x;
		xy += x * y;
		yy += y * y;
	}
	sums->xx += xx - sx * sx / n;
	sums->xy += xy - sx * sy / n;
	sums->yy += yy - sy * sy / n;
	return n;
}

/* Three degrees of freedom at least: fewer points may lie on a line by chance. */
static bool is_sure(const struct sums *sums, double slope, unsigned used)
{
	return used >= 4 && fmax(sums->yy - slope * sums->xy, 0) / (used - 1) / sums->xx < sure * sure;
}

static void fit(struct rate_clock *clock)
{
	struct sums sums = { 0 };
	double slope, hz;
	unsigned used = 0;

	for (unsigned i = 0; i < clock->points;) {
		unsigned n = add_segment(clock, i, &sums);

		used += n - 1;
		i += n;
	}
	/* two intervals at least: one alone says too little */
	if (used < 2 || !(sums.xx > 0))
		return;
	slope = sums.xy / sums.xx;
	hz = clock->rate_hz / (1 + slope);
	if (fabs(hz / clock->nominal_hz - 1) < 0.2)
		clock->target_hz = hz;
	clock->glide_s = is_sure(&sums, slope, used) ? sure_glide_s : glide_s;
}

/* A loss that nobody counted, or a pause, moves all later points: they begin a line of their own. */
static bool is_off_line(const struct rate_clock *clock, const struct rate_clock_point *point)
{
	const struct rate_clock_point *last = &clock->point[(clock->next + RATE_CLOCK_POINTS - 1) % RATE_CLOCK_POINTS];
	double expected_ns, off_ns;

	if (clock->points == 0 || last->segment != point->segment)
		return false;
	/* until the rate has been found, a fault of the nominal rate looks the same */
	if (clock->points < 12)
		return false;
	expected_ns = (double)(point->n - last->n) / clock->target_hz * 1e9;
	off_ns = (double)(point->ns - last->ns) - expected_ns;
	return fabs(off_ns) > off_line_ns;
}

static void close_bucket(struct rate_clock *clock)
{
	if (is_off_line(clock, &clock->best))
		clock->best.segment = ++clock->segment;
	clock->point[clock->next] = clock->best;
	clock->next = (clock->next + 1) % RATE_CLOCK_POINTS;
	if (clock->points < RATE_CLOCK_POINTS)
		clock->points++;
	clock->has_best = false;
	fit(clock);
}

static bool is_earlier(const struct rate_clock *clock, int64_t now_ns)
{
	double expected_ns = (double)(clock->n - clock->best.n) / clock->target_hz * 1e9;

	return (double)(now_ns - clock->best.ns) < expected_ns;
}

void rate_clock_add(struct rate_clock *clock, uint64_t scans, int64_t now_ns)
{
	clock->n += scans;
	if (!clock->running) {
		clock->running = true;
		clock->bucket_end_ns = now_ns + bucket_ns;
	} else {
		double dt_s = fmin((double)(now_ns - clock->last_ns) * 1e-9, 1);

		clock->rate_hz += (clock->target_hz - clock->rate_hz) * -expm1(-fmax(dt_s, 0) / clock->glide_s);
	}
	clock->last_ns = now_ns;
	if (now_ns >= clock->bucket_end_ns) {
		if (clock->has_best)
			close_bucket(clock);
		clock->bucket_end_ns += bucket_ns;
		if (clock->bucket_end_ns <= now_ns)
			clock->bucket_end_ns = now_ns + bucket_ns;
	}
	if (!clock->has_best || is_earlier(clock, now_ns)) {
		clock->best.n = clock->n;
		clock->best.ns = now_ns;
		clock->best.segment = clock->segment;
		clock->has_best = true;
	}
}
