#include "daemon/config_table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metering/alerts.h"
#include "panel/display_text.h"

#define FIELD(field) .offset = offsetof(struct config, field), .size = sizeof(((struct config *)0)->field)
#define PART(field) .offset = offsetof(struct adc_sim_harmonic, field), .size = sizeof(((struct adc_sim_harmonic *)0)->field)
#define BOOL(name, field) { .path = name, .type = CONFIG_BOOL, FIELD(field) }
#define INT(name, field, least, most, unit) \
	{ .path = name, .type = CONFIG_INT, FIELD(field), .low = least, .high = most, .note = unit }
#define SET(name, field, numbers, unit) \
	{ .path = name, .type = CONFIG_INT, FIELD(field), .set = numbers, .set_n = sizeof(numbers) / sizeof(numbers[0]), .note = unit }
#define NUMBER(name, field, least, most, unit) \
	{ .path = name, .type = CONFIG_NUMBER, FIELD(field), .low = least, .high = most, .note = unit }
#define PHASES(name, field, least, most, unit) \
	{ .path = name, .type = CONFIG_PHASES, FIELD(field), .low = least, .high = most, .note = unit }
#define STRING(name, field) { .path = name, .type = CONFIG_STRING, FIELD(field) }
#define WORD(name, field, list) { .path = name, .type = CONFIG_WORD, FIELD(field), .words = list }
#define CHANNEL(name, c) \
	STRING("adc.channels." name ".channel", adc.channel[c].channel), \
	NUMBER("adc.channels." name ".gain", adc.channel[c].gain, 0.5, 2, NULL), \
	NUMBER("adc.channels." name ".delay_us", adc.channel[c].delay_us, -500, 500, "microseconds")
#define CONTACT(name, c) \
	STRING("outputs." name ".chip", outputs.contact[c].chip), \
	{ .path = "outputs." name ".line", .type = CONFIG_LINE, FIELD(outputs.contact[c].line), .low = -1, .high = 65535 }, \
	BOOL("outputs." name ".active_low", outputs.contact[c].active_low), \
	WORD("outputs." name ".bias", outputs.contact[c].bias, biases), \
	WORD("outputs." name ".drive", outputs.contact[c].drive, drives)
#define LED(name, l) \
	{ .path = "outputs.leds." name, .type = CONFIG_STRING, FIELD(outputs.led[l]), .valid = is_led, \
	  .note = "the name of an LED in /sys/class/leds, of at most 63 bytes" }
#define BUTTON(name, b) \
	{ .path = "panel.keys." name, .type = CONFIG_STRING, FIELD(buttons.key[b]), .valid = is_key, \
	  .note = "the name of a key in linux/input-event-codes.h, such as \"KEY_ENTER\" or \"BTN_0\"" }

static const int system_types[] = { 10, 11, 12, 31, 40 };
static const int ct_secondaries[] = { 1, 3 };
static const int pulse_energies[] = { 10, 100, 1000, 10000 };
static const int sync_to_comms[] = { 0 };
static const int bauds[] = { 1200, 2400, 4800, 9600, 19200, 38400 };
static const int display_bauds[] = { 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200 };
static const int unquantised[] = { 0 };

static const struct config_word sources[] = { { "iio", 0 }, { "sim", 0 }, { "comtrade", 0 }, { NULL, 0 } };
static const struct config_word rotations[] = { { "ABC", false }, { "ACB", true }, { NULL, 0 } };
static const struct config_word profiles[] = { { "steady", SIM_STEADY }, { "varying", SIM_VARYING }, { NULL, 0 } };
static const struct config_word units[] = { { "IEC", 0 }, { "IEEE", 1 }, { NULL, 0 } };
static const struct config_word loss_rules[] = { { "percent-of", false }, { "percent-below", true }, { NULL, 0 } };
static const struct config_word orientations[] = { { "auto", false }, { "fixed", true }, { NULL, 0 } };
static const struct config_word parities[] = { { "none", PARITY_NONE }, { "even", PARITY_EVEN }, { "odd", PARITY_ODD }, { NULL, 0 } };
static const struct config_word rts[] = { { "none", 'n' }, { "up", 'u' }, { "down", 'd' }, { NULL, 0 } };
static const struct config_word biases[] = {
	{ "as-is", '=' }, { "disabled", 'd' }, { "pull-up", 'u' }, { "pull-down", 'n' }, { NULL, 0 },
};
static const struct config_word drives[] = { { "push-pull", 'p' }, { "open-drain", 'd' }, { "open-source", 's' }, { NULL, 0 } };

static bool is_password(const char *text)
{
	return strlen(text) == 5 && strspn(text, "0123456789") == 5;
}

static bool is_set(const char *text)
{
	return *text != '\0';
}

/* What libiio 0.24 takes and has samples behind it.  "ip:" alone would look for a server, and take whichever answers. */
static bool is_uri(const char *text)
{
	if (!strncmp(text, "ip:", 3))
		return text[3] && (text[3] != ':' || text[4] == ':');
	return !strcmp(text, "local:") || !strncmp(text, "usb:", 4);
}

static bool is_port(const char *text)
{
	return *text && strcmp(text, MODBUS_PTY);
}

static bool is_alerts(const char *text)
{
	unsigned bits;

	return !alerts_parse(text, &bits);
}

static bool is_display(const char *text)
{
	return !*text || *text == '/';
}

static bool is_key(const char *text)
{
	return buttons_key_code(text) >= 0;
}

/* It becomes a directory's name in a path. */
static bool is_led(const char *text)
{
	return !strchr(text, '/') && strcmp(text, ".") && strcmp(text, "..");
}

#define PASSWORD(name, field) \
	{ .path = name, .type = CONFIG_PASSWORD, FIELD(field), .valid = is_password, .note = "a string of five digits" }

const struct config_key config_keys[] = {
	{ .path = "adc.source", .type = CONFIG_STRING, FIELD(adc.source), .words = sources },
	{ .path = "adc.uri", .type = CONFIG_STRING, FIELD(adc.uri), .valid = is_uri,
	  .note = "\"local:\", \"ip:HOST\", \"usb:\" or \"usb:ADDRESS\", of at most 255 bytes" },
	STRING("adc.device", adc.device),
	STRING("adc.trigger", adc.trigger),
	NUMBER("adc.rate", adc.rate_hz, 600, 100000, "scans per second"),
	INT("adc.block", adc.block_scans, 1, 50000, "scans"),
	CHANNEL("va", ADC_VA), CHANNEL("vb", ADC_VB), CHANNEL("vc", ADC_VC),
	CHANNEL("ia", ADC_IA), CHANNEL("ib", ADC_IB), CHANNEL("ic", ADC_IC),
	NUMBER("adc.voltage_ratio", adc.voltage_ratio, 1e-4, 1e6, NULL),
	NUMBER("adc.current_ratio", adc.current_ratio, 1e-4, 1e6, NULL),
	NUMBER("adc.scale_mv", adc.scale_mv, 0, 1000, "millivolts"),
	INT("adc.sinc_order", adc.sinc_order, 0, 5, NULL),
	STRING("adc.recording", adc.recording),
	BOOL("adc.loop", adc.loop),

	PHASES("sim.voltage", adc.sim.voltage_v, 0, 1e6, "V"),
	PHASES("sim.current", adc.sim.current_a, -1e6, 1e6, "A"),
	NUMBER("sim.frequency", adc.sim.frequency_hz, 1, 200, "Hz"),
	PHASES("sim.power_factor", adc.sim.power_factor, -1, 1, "(negative: leading)"),
	WORD("sim.rotation", adc.sim.acb, rotations),
	WORD("sim.profile", adc.sim.profile, profiles),
	{ .path = "sim.harmonics", .type = CONFIG_HARMONICS, FIELD(adc.sim.harmonic) },
	NUMBER("sim.dc", adc.sim.dc_percent, -100, 100, "percent of full scale"),
	NUMBER("sim.noise", adc.sim.noise_percent, 0, 100, "percent of full scale"),
	{ .path = "sim.bits", .type = CONFIG_INT, FIELD(adc.sim.bits), .low = 8, .high = 32, .set = unquantised, .set_n = 1 },
	INT("sim.seed", adc.sim.seed, 0, 2147483647, NULL),

	/* The meter.* limits are those of metering/settings.h, which a test compares value by value. */
	SET("meter.system_type", settings.system_type, system_types, NULL),
	INT("meter.ct_primary", settings.ct_primary, 1, 32000, "A"),
	SET("meter.ct_secondary", settings.ct_secondary, ct_secondaries, "(1 V or 1/3 V)"),
	{ .path = "meter.pt_ratio", .type = CONFIG_HUNDREDTHS, FIELD(settings.pt_ratio), .low = 0.01, .high = 320 },
	INT("meter.system_voltage", settings.system_voltage, 82, 32000, "V"),
	WORD("meter.display_units", settings.display_units, units),
	INT("meter.phase_loss_voltage", settings.phase_loss_voltage, 1, 99, "percent"),
	INT("meter.phase_loss_imbalance", settings.phase_loss_imbalance, 1, 99, "percent"),
	WORD("meter.phase_loss_rule", rules.phase_loss_percent_below, loss_rules),
	SET("meter.pulse_energy", settings.pulse_energy, pulse_energies, "Wh"),
	INT("meter.demand_subintervals", settings.demand_subintervals, 1, 6, NULL),
	{ .path = "meter.demand_subinterval_s", .type = CONFIG_INT, FIELD(settings.demand_subinterval_s),
	  .low = 10, .high = 32767, .set = sync_to_comms, .set_n = 1, .note = "s" },
	NUMBER("meter.no_load_percent", rules.no_load_percent, 0, 10, "percent of ct_primary"),
	WORD("meter.ct_orientation", rules.ct_orientation_fixed, orientations),
	NUMBER("meter.stale_s", rules.stale_s, 1, 60, "s"),
	PASSWORD("meter.setup_password", setup_password),
	PASSWORD("meter.reset_password", reset_password),

	{ .path = "modbus.device", .type = CONFIG_STRING, FIELD(modbus.device), .valid = is_port,
	  .note = "the path of a tty, or \"pty:LINK\"" },
	INT("modbus.address", settings.address, 1, 247, NULL),
	SET("modbus.baud", settings.baud, bauds, NULL),
	WORD("modbus.parity", settings.parity, parities),
	INT("modbus.stop_bits", modbus.stop_bits, 1, 2, NULL),
	BOOL("modbus.rs485", modbus.rs485),
	WORD("modbus.rts", modbus.rts, rts),
	BOOL("modbus.echo", modbus.echo),
	INT("modbus.turnaround_us", modbus.turnaround_us, -1, 1000000, "microseconds (-1 is t3.5)"),
	INT("modbus.gap_ms", modbus.gap_ms, 0, 1000, "ms"),

	CONTACT("energy", CONTACT_ENERGY), CONTACT("alarm", CONTACT_ALARM), CONTACT("reactive", CONTACT_REACTIVE),
	LED("alarm", LED_ALARM), LED("energy", LED_ENERGY), LED("tx", LED_TX), LED("rx", LED_RX), LED("error", LED_ERROR),

	{ .path = "store.path", .type = CONFIG_STRING, FIELD(store_path), .valid = is_set, .note = "the path of a directory" },
	INT("store.interval_s", store_interval_s, 1, 3600, "s"),

	STRING("control.socket", control_socket),
	STRING("control.group", control_group),

	{ .path = "panel.display", .type = CONFIG_STRING, FIELD(display.device), .valid = is_display,
	  .note = "\"\" or the path of /dev/lcd or a tty, of at most 127 bytes" },
	INT("panel.columns", display.columns, DISPLAY_COLUMNS_LEAST, DISPLAY_COLUMNS_MOST, NULL),
	SET("panel.baud", display.baud, display_bauds, NULL),
	STRING("panel.buttons", buttons.device),
	BUTTON("plus", PANEL_PLUS), BUTTON("minus", PANEL_MINUS), BUTTON("next", PANEL_NEXT), BUTTON("back", PANEL_BACK),
	NUMBER("capture.ring_s", capture.ring_s, 2, 60, "s"),
	STRING("capture.path", capture.path),
	{ .path = "capture.on_alerts", .type = CONFIG_STRING, FIELD(capture.on_alerts), .valid = is_alerts,
	  .note = "\"\", \"all\", or codes of alerts as in \"phase_loss_a, frequency\"" },
	NUMBER("capture.after_s", capture.after_s, 1, 600, "s"),
	INT("capture.keep", capture.keep, 1, 100000, "captures"),
	INT("capture.max_mb", capture.max_mb, 1, 1000000, "MB"),

	BOOL("security.sandbox", sandbox),

	STRING("identity.vendor", identity.vendor),
	STRING("identity.product", identity.product),
	STRING("identity.id_string", identity.id_string),
	INT("identity.os_version", identity.os_version, 0, 65535, NULL),
	STRING("identity.rs_version", identity.rs_version),
	STRING("identity.model", identity.model),
	STRING("identity.serial", identity.serial),
};
const unsigned config_keys_n = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key config_harmonic_keys[] = {
	{ .path = "order", .type = CONFIG_INT, PART(order), .low = 2, .high = 50 },
	{ .path = "voltage", .type = CONFIG_NUMBER, PART(voltage_percent), .low = 0, .high = 100, .note = "percent of the fundamental" },
	{ .path = "current", .type = CONFIG_NUMBER, PART(current_percent), .low = 0, .high = 100, .note = "percent of the fundamental" },
	{ .path = "phase", .type = CONFIG_NUMBER, PART(phase_deg), .low = -360, .high = 360, .note = "degrees" },
};
const unsigned config_harmonic_keys_n = sizeof(config_harmonic_keys) / sizeof(config_harmonic_keys[0]);

const struct config_key *config_key_find(const char *path)
{
	for (unsigned k = 0; k < config_keys_n; k++)
		if (!strcmp(config_keys[k].path, path))
			return &config_keys[k];
	return NULL;
}

bool config_group_exists(const char *path)
{
	size_t length = strlen(path);

	for (unsigned k = 0; k < config_keys_n; k++)
		if (!strncmp(config_keys[k].path, path, length) && config_keys[k].path[length] == '.')
			return true;
	return false;
}

/* Text that grows at the end of a buffer and is cut where that ends. */
struct cursor {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3)))
static void add(struct cursor *cursor, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(cursor->text + cursor->used, cursor->size - cursor->used, format, arguments);
	va_end(arguments);
	if (n > 0)
		cursor->used += (size_t)n < cursor->size - cursor->used ? (size_t)n : cursor->size - cursor->used - 1;
}

/* "a", "b" or "c": what goes before item k of n. */
static const char *separator(unsigned k, unsigned n)
{
	return !k ? "" : k + 1 < n ? ", " : " or ";
}

static void add_words(struct cursor *cursor, const struct config_word *words)
{
	unsigned n = 0;

	while (words[n].name)
		n++;
	for (unsigned k = 0; k < n; k++)
		add(cursor, "%s\"%s\"", separator(k, n), words[k].name);
}

static void add_numbers(struct cursor *cursor, const struct config_key *key)
{
	bool range = key->low < key->high;

	for (unsigned k = 0; k < key->set_n; k++)
		add(cursor, "%s%d", separator(k, key->set_n + range), key->set[k]);
	if (range)
		add(cursor, "%s%.10g..%.10g", key->set_n ? " or " : "", key->low, key->high);
}

void config_key_range(const struct config_key *key, char *text, size_t size)
{
	struct cursor cursor = { .text = text, .size = size };

	switch (key->type) {
	case CONFIG_BOOL:
		add(&cursor, "true or false");
		return;
	case CONFIG_HARMONICS:
		add(&cursor, "a list of at most %d groups ( { order; voltage; current; phase; }, ... )", SIM_HARMONICS_MAX);
		return;
	case CONFIG_LINE:
		add(&cursor, "a line's offset %.10g..%.10g (-1 is none), or its name of at most %zu bytes in quotes", key->low, key->high,
		    key->size - 1);
		return;
	case CONFIG_STRING:
	case CONFIG_PASSWORD:
	case CONFIG_WORD:
		if (key->words)
			add_words(&cursor, key->words);
		else if (key->note)
			add(&cursor, "%s", key->note);
		else
			add(&cursor, "a string of at most %zu bytes", key->size - 1);
		return;
	case CONFIG_INT:
		add(&cursor, key->low < key->high ? "a whole number " : "");
		break;
	case CONFIG_PHASES:
		add(&cursor, "a number or three of them, ");
		break;
	case CONFIG_NUMBER:
	case CONFIG_HUNDREDTHS:
		break;
	}
	add_numbers(&cursor, key);
	if (key->type == CONFIG_HUNDREDTHS)
		add(&cursor, " with at most two decimals");
	if (key->note)
		add(&cursor, " %s", key->note);
}

bool config_key_allows(const struct config_key *key, double value)
{
	if ((key->type == CONFIG_INT || key->type == CONFIG_LINE) && value != floor(value))
		return false;
	/* 0.07 is 7.000000000000001 hundredths. */
	if (key->type == CONFIG_HUNDREDTHS && fabs(value * 100 - round(value * 100)) > 1e-7)
		return false;
	for (unsigned k = 0; k < key->set_n; k++)
		if (value == key->set[k])
			return true;
	return key->low < key->high && value >= key->low && value <= key->high;
}

#define NAME_MOST 32	/* bytes of a name that are compared */

/* Levenshtein's distance, of at most NAME_MOST bytes each. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MOST + 1], n = (unsigned)strnlen(b, NAME_MOST);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; i < NAME_MOST && a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 1; j <= n; j++) {
			unsigned cost = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[n];
}

/* The length of a path's group with its dot; 0 for a group of the file itself. */
static size_t group_length(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? (size_t)(dot - path) + 1 : 0;
}

void config_key_nearest(const char *path, char *nearest, size_t size)
{
	size_t group = group_length(path);
	const char *name = path + group;
	unsigned best = ~0u;

	snprintf(nearest, size, "%s", "");
	for (unsigned k = 0; k < config_keys_n; k++) {
		const char *known = config_keys[k].path;
		char leaf[NAME_MOST + 1];
		unsigned far;

		if (strncmp(known, path, group))
			continue;
		/* The next name below the group: a key, or a group within it. */
		snprintf(leaf, sizeof(leaf), "%.*s", (int)strcspn(known + group, "."), known + group);
		far = distance(name, leaf);
		if (far < best) {
			best = far;
			snprintf(nearest, size, "%.*s%s", (int)group, path, leaf);
		}
	}
	if (best <= strlen(name) / 3)
		return;
	for (unsigned k = 0; k < config_keys_n; k++)
		if (!strcmp(config_keys[k].path + group_length(config_keys[k].path), name)) {
			snprintf(nearest, size, "%s", config_keys[k].path);
			return;
		}
}

void config_number_text(double value, char *text, size_t size)
{
	char digits[40];
	size_t mantissa;

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	mantissa = strcspn(digits, "e");
	snprintf(text, size, "%.*s%s%s", (int)mantissa, digits, strpbrk(digits, ".n") ? "" : ".0", digits + mantissa);
}
