/*
 * adc_comtrade - what a recording tells beyond its samples.  Valid between open and close, on the thread that opened.
 */
#ifndef ADC_ADC_COMTRADE_H
#define ADC_ADC_COMTRADE_H

#include "adc/adc.h"

/* The highest sample rate in the recording, for struct meter_config.max_rate_hz; 0 for any other source. */
double adc_comtrade_max_rate_hz(const struct adc *adc);

#endif
