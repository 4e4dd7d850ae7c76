/*
 * comtrade_map - which analog channels of a recording are the six of the meter, and how their samples become
 * primary volts and amperes.  Pure.
 */
#ifndef ADC_COMTRADE_MAP_H
#define ADC_COMTRADE_MAP_H

#include "adc/adc.h"
#include "adc/comtrade_cfg.h"

/* A channel that was chosen. */
struct comtrade_pick {
	unsigned number;	/* from 1; 0 = not connected: reads 0 */
	char name[64];		/* for messages */
	char unit[16];
	double scale, offset;	/* value = scale x sample + offset: primary V or A, gain included */
	double skew_us;
	unsigned line;		/* of the configuration */
	double min, max;	/* range of the samples as the file says; min > max: it does not */
	bool unit_known;	/* false: taken as V or A */
};

#define COMTRADE_CANDIDATES 32

struct comtrade_map {
	struct comtrade_pick pick[ADC_CHANNELS];
	/* private */
	const struct adc_channel_config *want;
	bool automatic[ADC_CHANNELS];	/* chosen by unit and phase where no name says */
	bool all_automatic;
	unsigned by_name[ADC_CHANNELS], second[ADC_CHANNELS];	/* numbers of the first and second channel so named */
	unsigned channels, candidates[2], listed;
	struct candidate {
		struct comtrade_pick pick;
		char phase;		/* 'A', 'B', 'C', 'N' for neutral and residual, 0 = not said */
	} candidate[2][COMTRADE_CANDIDATES];
	char names[320];
};

/*
 * `want`: the six channels of the configuration, borrowed until finish.  A channel that is not set, and so is called as
 * by default ("voltage0", ...), is chosen by unit and phase, unless the recording has the name.  Channel "" is not
 * connected; all six "" are as none set.
 */
void comtrade_map_init(struct comtrade_map *map, const struct adc_channel_config *want);

/* Offers the next analog channel.  0, or -EINVAL when it is chosen but cannot serve. */
int comtrade_map_add(struct comtrade_map *map, const struct comtrade_analog *analog, struct comtrade_error *error);

/* All were offered.  0, or -EINVAL when one is missing: the message lists those that are there. */
int comtrade_map_finish(struct comtrade_map *map, struct comtrade_error *error);

/* "va", ... "ic" */
const char *comtrade_channel_key(int channel);

/*
 * Reads a unit: *factor makes V or A of it, *quantity becomes 'V' or 'A', or 0 for any other or none.
 * Prefixes u, m, k, K, M; "V", "A" or the word in any case, in brackets or not, anything but a letter behind it.
 */
void comtrade_parse_unit(struct comtrade_span unit, double *factor, char *quantity);

#endif
