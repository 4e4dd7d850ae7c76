#include "adc/comtrade_time.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* So many equal steps in a row make a new rate; fewer are gaps, or an error. */
#define RUN_OF_A_RATE 4
/* A step may differ by a unit of rounding at both ends, or by a tenth. */
#define TOLERANCE_UNITS 1.5
#define TOLERANCE 0.1
/* Steps of fewer units cannot be told from gaps. */
#define STEP_MIN_UNITS 4.0
/* No gap is longer: beyond, the numbers mean something else. */
#define GAP_MAX_S 86400.0
/* The mean steps before and behind a record differ by so much and the stamps' jitter: a new rate.  Less is a drift. */
#define CHANGE 0.005
/* A rate by the points of the last second: what they span, and from when on it counts. */
#define POINTS_S 1.1
#define POINTS_MIN_S 0.5
/* A rate of the configuration that has been in force for so long is that of the last second. */
#define IN_FORCE_S 0.9

void comtrade_timeline_init(struct comtrade_timeline *timeline, const struct comtrade_cfg *cfg)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->by_stamps = cfg->rates == 0;
	timeline->stamp_ns = cfg->stamp_ns;
	timeline->stamp_modulus = cfg->format == COMTRADE_ASCII ? 0 : 4294967296.0;
	timeline->segments = cfg->rates;
	memcpy(timeline->segment, cfg->rate, cfg->rates * sizeof(cfg->rate[0]));
}

/* The 32-bit stamp of binary files wraps every 71 minutes. */
static double stamp_difference(const struct comtrade_timeline *timeline, double from, double to)
{
	double difference = to - from;

	if (difference < 0 && timeline->stamp_modulus > 0 && difference < -timeline->stamp_modulus / 2)
		difference += timeline->stamp_modulus;
	return difference;
}

static bool near(double difference, double step, double expected)
{
	return fabs(difference - expected) <= fmax(TOLERANCE_UNITS, TOLERANCE * step);
}

void comtrade_survey_init(struct comtrade_survey *survey, struct comtrade_timeline *timeline)
{
	memset(survey, 0, sizeof(*survey));
	survey->timeline = timeline;
	timeline->segments = 0;
}

static int end_segment(struct comtrade_survey *survey, double sum, double count, uint64_t end, struct comtrade_error *error)
{
	struct comtrade_timeline *timeline = survey->timeline;
	double hz = count / (sum * timeline->stamp_ns * 1e-9);

	if (timeline->segments == COMTRADE_RATES_MAX)
		return comtrade_error_set(error, 0, "the time stamps make more than %d stretches of different rate, expected fewer",
					  COMTRADE_RATES_MAX);
	timeline->segment[timeline->segments++] =
		(struct comtrade_rate){ .hz = hz, .nominal_hz = hz, .end = end };
	return 0;
}

/* Whole steps of the present segment in a difference, 0 when it is none. */
static double whole_steps(const struct comtrade_survey *survey, double difference)
{
	double step = survey->sum / survey->count, n = round(difference / step);

	return n >= 1 && near(difference, step, n * step) ? n : 0;
}

static int refuse_step(double difference, double step, uint64_t record, struct comtrade_error *error)
{
	return comtrade_error_set(error, 0,
				  "record %llu: time stamp: got a step of %.10g units, expected %.6g, a multiple of it, or %d equal ones in a row",
				  (unsigned long long)record, difference, step, RUN_OF_A_RATE);
}

/* The run of equal odd differences was too short for a rate of its own: are they gaps? */
static int settle_run(struct comtrade_survey *survey, struct comtrade_error *error)
{
	double steps;

	if (!survey->run_n)
		return 0;
	steps = survey->held_d > 0 ? 0 : whole_steps(survey, survey->run_d);
	if (steps < 1)
		return refuse_step(survey->held_d > 0 ? survey->held_d : survey->run_d, survey->sum / survey->count,
				   survey->records - survey->run_n - (survey->held_d > 0), error);
	survey->sum += survey->run_sum;
	survey->count += steps * survey->run_n;
	survey->run_n = 0;
	return 0;
}

static void forget_steps(struct comtrade_survey *survey)
{
	survey->steps = survey->newest = 0;
	survey->half[0] = survey->half[1] = 0;
	survey->change.off = 0;
}

/* What the mean of COMTRADE_MEAN_STEPS steps may be off by, as part of it, while the rate is the same. */
static double mean_tolerance(const struct comtrade_survey *survey)
{
	double mean[2] = { survey->half[0] / COMTRADE_MEAN_STEPS, survey->half[1] / COMTRADE_MEAN_STEPS }, jitter = 0;

	for (unsigned i = 0; i < 2 * COMTRADE_MEAN_STEPS; i++)
		jitter = fmax(jitter, fmin(fabs(survey->step[i] - mean[0]), fabs(survey->step[i] - mean[1])));
	return CHANGE + (2 * TOLERANCE_UNITS + 2 * jitter) / survey->half[0];
}

/* Ends the segment where the halves differed most. */
static int split_segment(struct comtrade_survey *survey, struct comtrade_error *error)
{
	int ret = end_segment(survey, survey->change.sum, survey->change.count, survey->change.end, error);

	survey->sum -= survey->change.sum;
	survey->count -= survey->change.count;
	forget_steps(survey);
	return ret;
}

/* Takes a step of the segment: has its rate changed by less than single steps tell? */
static int watch_rate(struct comtrade_survey *survey, double step, struct comtrade_error *error)
{
	unsigned at = survey->newest, middle = (at + COMTRADE_MEAN_STEPS) % (2 * COMTRADE_MEAN_STEPS);
	double off;

	survey->newest = (at + 1) % (2 * COMTRADE_MEAN_STEPS);
	survey->half[0] += (survey->steps >= COMTRADE_MEAN_STEPS ? survey->step[middle] : 0) -
			   (survey->steps == 2 * COMTRADE_MEAN_STEPS ? survey->step[at] : 0);
	survey->half[1] += step - (survey->steps >= COMTRADE_MEAN_STEPS ? survey->step[middle] : 0);
	survey->step[at] = step;
	if (survey->steps < 2 * COMTRADE_MEAN_STEPS && ++survey->steps < 2 * COMTRADE_MEAN_STEPS)
		return 0;
	off = fabs(survey->half[1] / survey->half[0] - 1);
	if (off > survey->change.off && off > CHANGE && off > mean_tolerance(survey)) {
		survey->change.off = off;
		survey->change.sum = survey->sum - survey->half[1];
		survey->change.count = survey->count - COMTRADE_MEAN_STEPS;
		survey->change.end = survey->records - COMTRADE_MEAN_STEPS;
	}
	return survey->change.off > 0 && off < survey->change.off / 2 ? split_segment(survey, error) : 0;
}

/* The run is long enough: it is a rate. */
static int adopt_run(struct comtrade_survey *survey, struct comtrade_error *error)
{
	double held_d = survey->held_d;
	int ret = 0;

	if (survey->run_d < STEP_MIN_UNITS)
		return comtrade_error_set(error, 0, "record %llu: time stamp: got steps of %.3g units, expected at least %.3g to tell the rate",
					  (unsigned long long)survey->records, survey->run_d, STEP_MIN_UNITS);
	if (survey->count > 0)
		ret = end_segment(survey, survey->sum, survey->count, survey->records - survey->run_n - (held_d > 0), error);
	held_d = survey->count > 0 ? 0 : held_d;	/* between two rates it may be anything */
	survey->sum = survey->run_sum;
	survey->count = survey->run_n;
	survey->run_n = 0;
	survey->held_d = 0;
	forget_steps(survey);
	if (ret || !(held_d > 0))
		return ret;
	if (whole_steps(survey, held_d) < 1)
		return refuse_step(held_d, survey->sum / survey->count, 2, error);
	survey->count += whole_steps(survey, held_d);
	survey->sum += held_d;
	return 0;
}

/* A difference that is neither the present step nor the run's: the first of another run. */
static int begin_run(struct comtrade_survey *survey, double difference, struct comtrade_error *error)
{
	int ret = 0;

	if (survey->run_n == 1 && !(survey->held_d > 0) && (survey->count == 0 || whole_steps(survey, survey->run_d) < 1))
		survey->held_d = survey->run_d;
	else if (survey->run_n && survey->count > 0)
		ret = settle_run(survey, error);
	else if (survey->run_n)
		ret = refuse_step(difference, survey->run_d, survey->records, error);
	survey->run_d = survey->run_sum = difference;
	survey->run_n = 1;
	return ret;
}

int comtrade_survey_add(struct comtrade_survey *survey, const struct comtrade_record *record, struct comtrade_error *error)
{
	double difference = stamp_difference(survey->timeline, survey->stamp, record->stamp), before = survey->stamp;
	int ret;

	if (!record->has_stamp)
		return comtrade_error_set(error, 0, "record %llu: time stamp: got none, expected one, for the configuration gives no sample rate",
					  (unsigned long long)survey->records + 1);
	survey->stamp = record->stamp;
	if (!survey->records++)
		return 0;
	if (!(difference > 0))
		return comtrade_error_set(error, 0, "record %llu: time stamp: got %.15g, expected more than %.15g, that of the record before",
					  (unsigned long long)survey->records, record->stamp, before);
	if (difference * survey->timeline->stamp_ns * 1e-9 > GAP_MAX_S)
		return comtrade_error_set(error, 0, "record %llu: time stamp: got %.6g s after the record before, expected at most %g",
					  (unsigned long long)survey->records, difference * survey->timeline->stamp_ns * 1e-9, GAP_MAX_S);
	if (survey->count > 0 && whole_steps(survey, difference) == 1) {
		ret = settle_run(survey, error);
		survey->timeline->jitter_units =
			fmax(survey->timeline->jitter_units, fabs(difference - survey->sum / survey->count));
		survey->sum += difference;
		survey->count++;
		return ret ? ret : watch_rate(survey, difference, error);
	}
	if (!survey->run_n || !near(difference, survey->run_d, survey->run_d)) {
		ret = begin_run(survey, difference, error);
		return ret;
	}
	survey->run_sum += difference;
	survey->run_d = survey->run_sum / ++survey->run_n;
	return survey->run_n == RUN_OF_A_RATE ? adopt_run(survey, error) : 0;
}

int comtrade_survey_end(struct comtrade_survey *survey, struct comtrade_error *error)
{
	int ret;

	if (!(survey->count > 0))
		return comtrade_error_set(error, 0, "got %llu records, expected enough of equal steps to tell the sample rate from their time stamps",
					  (unsigned long long)survey->records);
	ret = settle_run(survey, error);
	return ret ? ret : end_segment(survey, survey->sum, survey->count, 0, error);
}

void comtrade_clock_start(struct comtrade_clock *clock, const struct comtrade_timeline *timeline)
{
	memset(clock, 0, sizeof(*clock));
	clock->timeline = timeline;
}

/* Is this scan behind the segment's end? */
static bool segment_over(const struct comtrade_clock *clock, uint64_t at)
{
	const struct comtrade_timeline *timeline = clock->timeline;

	return clock->segment + 1 < timeline->segments && at >= timeline->segment[clock->segment].end;
}

static void step_by_stamps(struct comtrade_clock *clock, const struct comtrade_record *record, struct comtrade_step *step)
{
	double hz = clock->timeline->segment[clock->segment].hz, units, steps;

	if (clock->records) {
		units = record->has_stamp ? stamp_difference(clock->timeline, clock->stamp, record->stamp) : 0;
		if (!(units > 0))	/* the file has changed since the survey */
			units = 1e9 / (hz * clock->timeline->stamp_ns);
		steps = round(units * clock->timeline->stamp_ns * 1e-9 * hz);
		clock->t_ns += units * clock->timeline->stamp_ns;
		if (segment_over(clock, clock->records)) {
			clock->segment++;
			step->restarted = true;
		} else if (steps > 1) {
			step->lost = (uint64_t)steps - 1;
		}
	}
	clock->stamp = record->has_stamp ? record->stamp : clock->stamp;
}

/*
 * Scans missing before this record, by its number.  A jump counts when the records before were numbered one by one and
 * the time stamps, where they have kept to the rate so far, jump with it.
 */
static uint64_t missing_before(struct comtrade_clock *clock, const struct comtrade_record *record, double hz)
{
	double units = 1e9 / (hz * clock->timeline->stamp_ns), gap = 0, difference = 0;
	bool stamped = clock->stamped && record->has_stamp, fits;

	if (clock->numbered && record->has_number)
		gap = (double)record->number - (double)clock->number - 1;
	if (stamped)
		difference = stamp_difference(clock->timeline, clock->stamp, record->stamp);
	fits = stamped && fabs(difference - (gap + 1) * units) <= units / 2 + TOLERANCE_UNITS;
	if (gap > 0 && (!clock->consecutive || gap / hz > GAP_MAX_S || (stamped && clock->agreed && !fits)))
		gap = 0;
	clock->consecutive = clock->numbered && record->has_number && record->number == clock->number + 1;
	if (clock->consecutive && stamped)
		clock->agreed = fits;
	return gap > 0 ? (uint64_t)gap : 0;
}

static void step_by_rate(struct comtrade_clock *clock, const struct comtrade_record *record, struct comtrade_step *step)
{
	const struct comtrade_timeline *timeline = clock->timeline;

	if (clock->records) {
		step->lost = missing_before(clock, record, timeline->segment[clock->segment].hz);
		clock->position += step->lost + 1;
	}
	clock->t_ns = clock->segment_ns + (double)(clock->position - clock->segment_position) * 1e9 / timeline->segment[clock->segment].hz;
	while (segment_over(clock, clock->position)) {
		double end_ns = clock->segment_ns + (double)(timeline->segment[clock->segment].end - 1 - clock->segment_position) * 1e9 /
							    timeline->segment[clock->segment].hz;

		clock->segment_position = timeline->segment[clock->segment].end;
		clock->segment++;
		clock->segment_ns = end_ns + 1e9 / timeline->segment[clock->segment].hz;
		clock->t_ns = clock->segment_ns +
			      (double)(clock->position - clock->segment_position) * 1e9 / timeline->segment[clock->segment].hz;
		step->restarted = step->restarted || !timeline->segment[clock->segment].joined;
		step->joined = true;
	}
	clock->numbered = record->has_number;
	clock->number = record->number;
	clock->stamped = record->has_stamp;
	clock->stamp = record->stamp;
}

/*
 * The true rate at this scan: the segment's, unless the scans of the last second say another.  Joined rates and a drift
 * of the time stamps move it; the stamps' rounding and jitter do not.
 */
static double true_rate(struct comtrade_clock *clock, const struct comtrade_step *step)
{
	const struct comtrade_timeline *timeline = clock->timeline;
	double hz = timeline->segment[clock->segment].hz, slack_ns = 100, scans, span_ns;
	const struct comtrade_point *oldest, *newest = &clock->point[(clock->points + COMTRADE_POINTS - 1) % COMTRADE_POINTS];

	clock->scans += 1 + step->lost;
	if (step->restarted)
		clock->points = 0;
	if (!clock->points || clock->t_ns - newest->t_ns >= POINTS_S * 1e9 / (COMTRADE_POINTS - 1)) {
		clock->point[clock->points % COMTRADE_POINTS] = (struct comtrade_point){ clock->scans, clock->t_ns };
		clock->points++;
	}
	if (!timeline->by_stamps && (double)(clock->position + 1 - clock->segment_position) >= IN_FORCE_S * hz)
		return hz;
	oldest = &clock->point[clock->points < COMTRADE_POINTS ? 0 : clock->points % COMTRADE_POINTS];
	scans = (double)(clock->scans - oldest->scans);
	span_ns = clock->t_ns - oldest->t_ns;
	if (timeline->by_stamps)
		slack_ns = 2 * (TOLERANCE_UNITS + timeline->jitter_units) * timeline->stamp_ns;
	if (span_ns < POINTS_MIN_S * 1e9 || fabs(span_ns - scans * 1e9 / hz) <= slack_ns)
		return hz;
	return scans * 1e9 / span_ns;
}

void comtrade_clock_next(struct comtrade_clock *clock, const struct comtrade_record *record, struct comtrade_step *step)
{
	*step = (struct comtrade_step){ .restarted = clock->records == 0 };
	if (clock->timeline->by_stamps)
		step_by_stamps(clock, record, step);
	else
		step_by_rate(clock, record, step);
	clock->records++;
	step->t_ns = clock->t_ns;
	step->nominal_hz = clock->timeline->segment[clock->segment].nominal_hz;
	step->hz = true_rate(clock, step);
}
