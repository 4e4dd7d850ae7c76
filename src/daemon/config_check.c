#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/config_reader.h"
#include "outputs/contact.h"

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

#define CONTACT_KEY(name) { "outputs." name ".chip", "outputs." name ".line" }
static const struct { const char *chip, *line; } contact_keys[CONTACTS] = {
	[CONTACT_ENERGY] = CONTACT_KEY("energy"), [CONTACT_ALARM] = CONTACT_KEY("alarm"), [CONTACT_REACTIVE] = CONTACT_KEY("reactive"),
};

/* A line as it stands in the file: a number or a name. */
static void quote_line(const char *line, char *text, size_t size)
{
	if (*line && contact_line_offset(line) != CONTACT_LINE_NAME)
		snprintf(text, size, "%s", line);
	else
		config_quote(line, text, size);
}

/* A contact is a chip and a line, but for the simulated chip, which has no lines. */
static void check_contact(struct config_reader *reader, enum contact c)
{
	const struct contact_config *contact = &reader->config->outputs.contact[c];
	const char *const line[] = { contact_keys[c].line, contact_keys[c].chip, NULL };
	const char *const chip[] = { contact_keys[c].chip, contact_keys[c].line, NULL };
	bool has_line = contact_line_offset(contact->line) != CONTACT_NO_LINE;
	char got[CONFIG_PATH_ROOM], other[2 * CONFIG_PATH_ROOM];

	if (!sound(reader, line))
		return;
	quote_line(contact->line, got, sizeof(got));
	config_quote(contact->chip, other, sizeof(other));
	if (!*contact->chip && has_line)
		contradict(reader, chip, "got \"\", must be the chip that has the line %s", got);
	if (*contact->chip && strcmp(contact->chip, "sim") && !has_line)
		contradict(reader, line, "got %s, must be a line of the chip %s", got, other);
}

/* A chip by its name is the one of that name in /dev. */
static const char *chip_name(const char *chip)
{
	return !strncmp(chip, "/dev/gpiochip", 13) ? chip + 5 : chip;
}

/* One line cannot be two contacts.  Whether a label is a chip that another contact has by its path shows only when it is opened. */
static void check_contacts(struct config_reader *reader)
{
	const struct contact_config *contact = reader->config->outputs.contact;
	char got[CONFIG_PATH_ROOM];

	for (int c = 0; c < CONTACTS; c++) {
		check_contact(reader, (enum contact)c);
		for (int d = 0; d < c; d++) {
			const char *const paths[] = { contact_keys[c].line, contact_keys[d].line, contact_keys[c].chip, contact_keys[d].chip, NULL };

			if (!*contact[c].chip || !strcmp(contact[c].chip, "sim") || strcmp(chip_name(contact[c].chip), chip_name(contact[d].chip)) ||
			    strcmp(contact[c].line, contact[d].line) || contact_line_offset(contact[c].line) == CONTACT_NO_LINE || !sound(reader, paths))
				continue;
			quote_line(contact[c].line, got, sizeof(got));
			contradict(reader, paths, "got %s, must not be that of %s on the same chip", got, contact_keys[d].line);
			break;
		}
	}
}

/* One key cannot be two buttons; a key may have several names. */
static void check_buttons(struct config_reader *reader)
{
	static const char *const keys[PANEL_BUTTONS] = {
		[PANEL_PLUS] = "panel.keys.plus", [PANEL_MINUS] = "panel.keys.minus", [PANEL_NEXT] = "panel.keys.next",
		[PANEL_BACK] = "panel.keys.back",
	};
	const struct buttons_config *buttons = &reader->config->buttons;

	for (int b = 1; b < PANEL_BUTTONS; b++) {
		for (int d = 0; d < b; d++) {
			const char *const paths[] = { keys[b], keys[d], NULL };

			if (!sound(reader, paths) || buttons_key_code(buttons->key[b]) != buttons_key_code(buttons->key[d]))
				continue;
			contradict(reader, paths, "got \"%s\", must not be that of %s", buttons->key[b], keys[d]);
			break;
		}
	}
}

/* Two cannot write to one line. */
static void check_display(struct config_reader *reader)
{
	static const char *const paths[] = { "panel.display", "modbus.device", NULL };
	const struct config *config = reader->config;
	char got[CONFIG_PATH_ROOM];

	if (!*config->display.device || strcmp(config->display.device, config->modbus.device) || !sound(reader, paths))
		return;
	config_quote(config->display.device, got, sizeof(got));
	contradict(reader, paths, "got %s, must not be modbus.device", got);
}

/* Either the kernel switches the direction or we do. */
static void check_direction(struct config_reader *reader)
{
	static const char *const paths[] = { "modbus.rts", "modbus.rs485", NULL };
	const struct modbus_config *modbus = &reader->config->modbus;

	if (modbus->rs485 && modbus->rts != 'n' && sound(reader, paths))
		contradict(reader, paths, "got \"%s\", must be \"none\" where modbus.rs485 is true", modbus->rts == 'u' ? "up" : "down");
}

void config_check(struct config_reader *reader)
{
	check_channels(reader);
	check_block(reader);
	check_settings(reader);
	check_contacts(reader);
	check_buttons(reader);
	check_direction(reader);
	check_display(reader);
}
