/*
 * comtrade_time - when each scan of a recording was taken, and what is missing between two.  Pure.
 *
 * With sample rates in the configuration these rule, and the records' numbers tell of gaps; the time stamps only confirm them.
 * Without (rate 0) the time stamps rule: a survey of all records finds the stretches of equal steps first.
 */
#ifndef ADC_COMTRADE_TIME_H
#define ADC_COMTRADE_TIME_H

#include "adc/comtrade_record.h"

/* Rates that can be measured; stretches at any other are passed over. */
#define COMTRADE_RATE_MIN_HZ 600.0
#define COMTRADE_RATE_MAX_HZ 100000.0

static inline bool comtrade_rate_serves(double hz)
{
	return hz >= COMTRADE_RATE_MIN_HZ && hz <= COMTRADE_RATE_MAX_HZ;
}

/* Stretches of one sample rate, one after the other. */
struct comtrade_timeline {
	bool by_stamps;
	double stamp_ns;		/* nanoseconds a unit of the time stamps stands for */
	double stamp_modulus;		/* at which they wrap, 0 = never */
	double jitter_units;		/* most that a step of the stamps was off its mean */
	unsigned segments;
	struct comtrade_rate segment[COMTRADE_RATES_MAX];	/* end: scan (lost ones counted) or, by stamps, record behind the last */
};

/* From the configuration; by_stamps is set when a survey is needed. */
void comtrade_timeline_init(struct comtrade_timeline *timeline, const struct comtrade_cfg *cfg);

/* Means of so many steps before and behind a record tell whether the rate changes there. */
#define COMTRADE_MEAN_STEPS 64

/* The survey of all records' time stamps: fills the timeline's segments. */
struct comtrade_survey {
	struct comtrade_timeline *timeline;
	uint64_t records;
	double stamp;			/* of the newest record */
	double sum, count;		/* units and steps of the present segment; 0: none yet */
	double run_d, run_sum;		/* equal differences that are not the present step */
	unsigned run_n;
	double held_d;			/* one odd difference before the run, 0 = none */
	/* the newest steps of the segment, older and newer half, and where the two differed most */
	double step[2 * COMTRADE_MEAN_STEPS], half[2];
	unsigned steps, newest;
	struct { double off, sum, count; uint64_t end; } change;
};

void comtrade_survey_init(struct comtrade_survey *survey, struct comtrade_timeline *timeline);

/* 0, or -EINVAL with the error's text. */
int comtrade_survey_add(struct comtrade_survey *survey, const struct comtrade_record *record, struct comtrade_error *error);
int comtrade_survey_end(struct comtrade_survey *survey, struct comtrade_error *error);

/* Points in time that a rate is taken over: a window of the measurement, which is 1.1 s. */
#define COMTRADE_POINTS 32

/* The walk along the timeline, record by record. */
struct comtrade_clock {
	const struct comtrade_timeline *timeline;
	unsigned segment;
	uint64_t records, position;	/* records taken; scans, lost ones counted */
	uint64_t segment_position;
	double segment_ns;		/* time of the segment's first scan, ns from the first scan of all */
	double t_ns;			/* of the newest scan */
	int64_t number;
	double stamp;
	uint64_t scans;			/* taken and lost */
	struct comtrade_point { uint64_t scans; double t_ns; } point[COMTRADE_POINTS];	/* of the present stretch, a ring */
	unsigned points;
	bool numbered, consecutive, stamped, agreed;	/* the record before had a number, following its predecessor's; a stamp; that fits */
};

struct comtrade_step {
	double t_ns;			/* from the first scan */
	double hz, nominal_hz;		/* true rate of the last second; that of the whole stretch */
	uint64_t lost;			/* scans between the one before and this */
	bool restarted;			/* first of a stretch at another rate */
	bool joined;			/* first at a rate that is nearly that of the one before */
};

void comtrade_clock_start(struct comtrade_clock *clock, const struct comtrade_timeline *timeline);
void comtrade_clock_next(struct comtrade_clock *clock, const struct comtrade_record *record, struct comtrade_step *step);

#endif
