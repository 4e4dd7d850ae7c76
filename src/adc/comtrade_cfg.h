/*
 * comtrade_cfg - the configuration of a recording, read line by line.
 *
 * IEEE C37.111-1991, -1999 and -2013 (IEC 60255-24), clause "configuration file".  What no revision allows but does no harm is let
 * pass: missing trailing fields, blanks, letter case, ^Z, other years of revision.  Pure; of constant size, however
 * many channels there are: they are handed to the caller one by one.
 */
#ifndef ADC_COMTRADE_CFG_H
#define ADC_COMTRADE_CFG_H

#include "adc/comtrade_text.h"

#define COMTRADE_CHANNELS_MAX	999999
#define COMTRADE_RATES_MAX	999		/* one after the other */

enum comtrade_format { COMTRADE_ASCII, COMTRADE_BINARY, COMTRADE_BINARY32, COMTRADE_FLOAT32 };

/* "ASCII", ... as the standard writes it. */
const char *comtrade_format_name(enum comtrade_format format);

/* Finds the format of a word in any case.  0, or -EINVAL. */
int comtrade_format_parse(struct comtrade_span word, enum comtrade_format *format);

/* An analog channel as recorded; the spans live as long as the line. */
struct comtrade_analog {
	unsigned number;			/* its place, from 1 */
	unsigned line;
	struct comtrade_span name, phase, unit;
	double a, b;				/* value = a x sample + b, in `unit` */
	double skew_us;				/* taken so much later than the scan's time */
	double min, max;			/* range of the samples; min > max: not given */
	double primary, secondary;		/* ratio of the transformer; 1 where not given */
	bool is_secondary;			/* value is on the secondary side */
};

/* Up to scan number `end` (from 1; 0 = unknown) at `hz`. */
struct comtrade_rate {
	double hz;
	double nominal_hz;			/* mean of the nearly equal rates it stands among */
	uint64_t end;
	unsigned line;				/* of the configuration, 0: by time stamps */
	bool joined;				/* nearly that of the one before: the measurement goes on */
};

struct comtrade_cfg {
	unsigned revision;			/* 1991, 1999, 2013 or what the file says */
	unsigned analogs, statuses;
	unsigned rates;				/* 0: time stamps alone tell; else rate[] is in force */
	struct comtrade_rate rate[COMTRADE_RATES_MAX];
	uint64_t scans;				/* as promised, 0 = unknown */
	enum comtrade_format format;
	double stamp_ns;			/* nanoseconds a unit of the time stamp stands for */
	/* private */
	int state;
	unsigned line, left, promised_rates;
	uint64_t joined_from, piece_from;
	double joined_s, piece_s;
	double timemult;
	bool nanoseconds;
};

void comtrade_cfg_init(struct comtrade_cfg *cfg);

/*
 * Takes the next line.  Returns 1 when it was an analog channel (*analog is filled), 0 otherwise, or
 * -EINVAL with *error.
 */
int comtrade_cfg_line(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_analog *analog,
		      struct comtrade_error *error);

/* All lines were given: is it whole?  0, or -EINVAL. */
int comtrade_cfg_end(struct comtrade_cfg *cfg, struct comtrade_error *error);

#endif
