/*
 * adc_comtrade - what a recording tells beyond its samples.  Valid between open and close, on the thread that opened.
 */
#ifndef ADC_ADC_COMTRADE_H
#define ADC_ADC_COMTRADE_H

#include "adc/adc.h"

/* A channel in use, as the recording calls it. */
struct adc_comtrade_channel {
	unsigned number;	/* analog channel, from 1; 0 = not connected, reads 0 */
	const char *name, *unit;
};

/*
 * What each channel lags because of its skew, in microseconds, to be added to struct meter_config.delay_us.  A
 * channel that was taken later in the scan (positive skew in the recording) leads.  The middle of the earliest and the
 * latest is 0, which moves the time of all alike.  All 0 for a source that is no recording.
 */
void adc_comtrade_delay_us(const struct adc *adc, double delay_us[ADC_CHANNELS]);

/*
 * The same of a recording that is not open, for who lays out a meter before its source.  All 0 when the
 * configuration's source is no recording, or cannot be read: opening it will say so.  Any thread.
 */
void adc_comtrade_probe_delay_us(const struct adc_config *config, double delay_us[ADC_CHANNELS]);

/* The highest sample rate in the recording, for struct meter_config.max_rate_hz; 0 for any other source. */
double adc_comtrade_max_rate_hz(const struct adc *adc);

void adc_comtrade_channel(const struct adc *adc, int channel, struct adc_comtrade_channel *out);

#endif
