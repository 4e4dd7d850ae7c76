#include "daemon/claims.h"

#include <string.h>

static bool is_one_of(const char *wanted, const char *a, const char *b, const char *c)
{
	return *wanted && (!strcmp(wanted, a) || !strcmp(wanted, b) || !strcmp(wanted, c));
}

static bool is_node(const struct claims_device *device, const char *path)
{
	if (!*path)
		return false;
	if (!strcmp(path, device->node))
		return true;
	for (unsigned l = 0; l < device->links; l++)
		if (!strcmp(path, device->link[l]))
			return true;
	return false;
}

static bool has_channel(const struct claims_device *device, const char *name)
{
	for (unsigned c = 0; c < device->channels; c++)
		if (!strcmp(device->channel[c], name))
			return true;
	return false;
}

/* Without a name the meter takes the only one that has the six channels. */
static bool has_channels(const struct claims_device *device, const struct adc_config *adc)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (!has_channel(device, adc->channel[c].channel))
			return false;
	return true;
}

static bool claims_iio(const struct adc_config *adc, const struct claims_device *device)
{
	if (strcmp(adc->source, "iio") || strcmp(adc->uri, "local:"))
		return false;
	if (!strncmp(device->kernel, "trigger", 7))
		return is_one_of(adc->trigger, device->kernel, device->name, device->label);
	return *adc->device ? is_one_of(adc->device, device->kernel, device->name, device->label) : has_channels(device, adc);
}

static bool claims_chip(const struct outputs_config *outputs, const struct claims_device *device)
{
	for (int c = 0; c < CONTACTS; c++)
		if (is_one_of(outputs->contact[c].chip, device->kernel, device->label, device->label) ||
		    is_node(device, outputs->contact[c].chip))
			return true;
	return false;
}

static bool claims_led(const struct outputs_config *outputs, const struct claims_device *device)
{
	for (int l = 0; l < LEDS; l++)
		if (!strcmp(outputs->led[l], device->kernel))
			return true;
	return false;
}

bool claims_device(const struct config *config, const struct claims_device *device)
{
	if (!strcmp(device->subsystem, "iio"))
		return claims_iio(&config->adc, device);
	if (!strcmp(device->subsystem, "gpio"))
		return claims_chip(&config->outputs, device);
	if (!strcmp(device->subsystem, "leds"))
		return claims_led(&config->outputs, device);
	if (!strcmp(device->subsystem, "input"))
		return is_one_of(config->buttons.device, device->name, device->name, device->name) || is_node(device, config->buttons.device);
	if (!strcmp(device->subsystem, "tty"))
		return is_node(device, config->modbus.device) || is_node(device, config->display.device);
	if (!strcmp(device->subsystem, "misc"))
		return !strcmp(device->kernel, "lcd") && is_node(device, config->display.device);
	return false;
}
