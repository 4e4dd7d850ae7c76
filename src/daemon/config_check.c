#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/config_reader.h"

/* Were all keys of these paths (ending in NULL) absent or good? */
static bool sound(const struct config_reader *reader, const char *const *paths)
{
	for (; *paths; paths++)
		if (reader->bad[config_key_index(config_key_find(*paths))])
			return false;
	return true;
}

/* A key that others contradict: where it stands, or the first of the others that the file has. */
__attribute__((format(printf, 3, 4)))
static void contradict(struct config_reader *reader, const char *const *paths, const char *format, ...)
{
	unsigned line = 0;
	va_list arguments;

	for (unsigned k = 0; paths[k] && !line; k++)
		line = reader->lines[config_key_index(config_key_find(paths[k]))];
	fprintf(config_complain(reader, line ? line : 1), "%s: ", paths[0]);
	va_start(arguments, format);
	vfprintf(reader->errors, format, arguments);
	va_end(arguments);
	fputc('\n', reader->errors);
}

static void check_block(struct config_reader *reader)
{
	static const char *const paths[] = { "adc.block", "adc.rate", NULL };
	const struct adc_config *adc = &reader->config->adc;

	if (sound(reader, paths) && adc->block_scans > adc->rate_hz / 2)
		contradict(reader, paths, "got %u, must be 1..%.0f scans (half a second at adc.rate %.10g)", adc->block_scans,
			   floor(adc->rate_hz / 2), adc->rate_hz);
}

static void check_pulse(struct config_reader *reader, const struct settings *settings)
{
	static const char *const paths[] = {
		"meter.pulse_energy", "meter.system_voltage", "meter.ct_primary", "meter.system_type", NULL,
	};
	struct settings least = *settings;
	struct derived derived;

	/* 10 kWh serve the largest meter that there is. */
	for (least.pulse_energy = 10; least.pulse_energy < 10000; least.pulse_energy *= 10) {
		settings_derive(&least, &derived);
		if (!derived.pulse_unserved)
			break;
	}
	contradict(reader, paths, "got %d, must be at least %d Wh at a maximum power of %.4g kW", settings->pulse_energy,
		   least.pulse_energy, derived.max_power_w / 1000);
}

static void check_settings(struct config_reader *reader)
{
	static const char *const voltage[] = { "meter.system_voltage", "meter.pt_ratio", NULL };
	static const char *const all[] = {
		"meter.system_voltage", "meter.pt_ratio", "meter.pulse_energy", "meter.ct_primary", "meter.system_type", NULL,
	};
	struct settings settings = reader->config->settings;
	enum setting which;

	if (!sound(reader, all) || !settings_check(&settings, &which))
		return;
	if (which == SETTING_SYSTEM_VOLTAGE) {
		contradict(reader, voltage, "got %d, must be 82..660 x pt_ratio %.2f", settings.system_voltage,
			   settings.pt_ratio / 100.0);
		/* Is the pulse energy wrong too, even at the least voltage that would do? */
		settings.system_voltage = (82 * settings.pt_ratio + 99) / 100;
		if (!settings_check(&settings, &which))
			return;
	}
	if (which == SETTING_PULSE_ENERGY)
		check_pulse(reader, &settings);
}

/* One channel cannot be two inputs. */
static void check_channels(struct config_reader *reader)
{
	static const char *const keys[ADC_CHANNELS] = {
		[ADC_VA] = "adc.channels.va.channel", [ADC_VB] = "adc.channels.vb.channel", [ADC_VC] = "adc.channels.vc.channel",
		[ADC_IA] = "adc.channels.ia.channel", [ADC_IB] = "adc.channels.ib.channel", [ADC_IC] = "adc.channels.ic.channel",
	};
	const struct adc_config *adc = &reader->config->adc;
	char got[128];

	if (!strcmp(adc->source, "sim"))
		return;
	for (int c = 1; c < ADC_CHANNELS; c++) {
		for (int d = 0; d < c; d++) {
			const char *const paths[] = { keys[c], keys[d], NULL };

			if (!*adc->channel[c].channel || strcmp(adc->channel[c].channel, adc->channel[d].channel) || !sound(reader, paths))
				continue;
			config_quote(adc->channel[c].channel, got, sizeof(got));
			contradict(reader, paths, "got %s, must not be that of %s", got, keys[d]);
			break;
		}
	}
}

void config_check(struct config_reader *reader)
{
	check_channels(reader);
	check_block(reader);
	check_settings(reader);
}
