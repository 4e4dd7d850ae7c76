/*
 * adc_iio_probe - looks whether the IIO device that is configured is there and fits, as opening it would, but changes nothing on it.
 *
 * Any call of libiio may stall for as long as the other side pleases: for a process that can be ended.
 */
#ifndef ADC_ADC_IIO_PROBE_H
#define ADC_ADC_IIO_PROBE_H

#include <stdbool.h>

#include "adc/adc.h"

struct adc_iio_probe {
	char why[512];			/* what is wrong, one line; "" = device, channels and formats are good */
	char id[64], name[128];		/* "iio:device0", "ads131e08"; "" = no device was found */
	bool stamped;			/* it has time stamps */
	bool takes_trigger;		/* samples by a trigger .. */
	char trigger[128];		/* .. this one at present, "" = none */
	bool has_wanted_trigger;	/* adc.trigger is there, or "" */
	char triggers[256];		/* that there are */
	bool has_rate;			/* device, channels or trigger have a rate */
	bool listed;			/* .. and a list of rates, of which */
	double chosen_hz;		/* .. this is what the daemon takes */
	double rate_hz;			/* at present, 0 = not told */
};

/* 0, or -errno with `why`. */
int adc_iio_probe(const struct adc_config *config, struct adc_iio_probe *probe);

#endif
