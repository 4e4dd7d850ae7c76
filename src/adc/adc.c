#include "adc/adc.h"

#include <string.h>

static const struct {
	const char *name;
	struct adc *(*new)(const struct adc_config *config);
} sources[] = {
	{ "iio", adc_iio_new },
	{ "sim", adc_sim_new },
	{ "comtrade", adc_comtrade_new },
};

struct adc *adc_new(const struct adc_config *config)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(config->source, sources[i].name))
			return sources[i].new(config);
	return NULL;
}
