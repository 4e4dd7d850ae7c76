#include "daemon/config.h"

#include <errno.h>
#include <libconfig.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_source.h"
#include "daemon/config_table.h"

#define PATH_ROOM 128	/* no known path is longer */
#define VALUE_ROOM 128

struct reader {
	struct config *config;
	const struct config_source *source;
	FILE *errors;
	unsigned error_n;
	const config_setting_t *broken;	/* an array or list that an error of syntax cut short */
	unsigned *lines;	/* of each key of config_keys, in the whole; 0 = not given */
	bool *bad;		/* ... was given and refused */
};

void config_defaults(struct config *config)
{
	static const char *const names[ADC_CHANNELS] = {
		"voltage0", "voltage1", "voltage2", "voltage3", "voltage4", "voltage5",
	};

	*config = (struct config){
		.adc = {
			.source = "iio", .uri = "local:", .rate_hz = 2520, .block_scans = 126,
			.voltage_ratio = 1000, .current_ratio = 1,
			.sim = { .voltage_v = { 277, 277, 277 }, .current_a = { 50, 50, 50 }, .frequency_hz = 60,
				 .power_factor = { 0.9, 0.9, 0.9 }, .profile = SIM_STEADY, .seed = 1 },
		},
		.setup_password = "00000", .reset_password = "00000",
		.modbus = { .device = "/dev/ttyS0", .address = 1, .baud = 19200, .parity = 'N', .stop_bits = 1, .rts = 'n',
			    .turnaround_us = -1, .gap_ms = 20 },
		.energy = { .line = -1 }, .alarm = { .line = -1 }, .reactive = { .line = -1 },
		.store_path = "/var/lib/dinmeterd", .store_interval_s = 10,
		.control_socket = "/run/dinmeterd/control", .control_group = "dinmeter",
	};
	for (int c = 0; c < ADC_CHANNELS; c++) {
		config->adc.channel[c].gain = 1;
		snprintf(config->adc.channel[c].channel, sizeof(config->adc.channel[c].channel), "%s", names[c]);
	}
	settings_defaults(&config->settings);
	rules_defaults(&config->rules);
	identity_defaults(&config->identity);
}

/* Begins an error's line: FILE:LINE: */
static void locate(struct reader *reader, unsigned line)
{
	unsigned file_line = 0;
	const char *file = config_source_locate(reader->source, line, &file_line);

	fprintf(reader->errors, "%s:%u: ", file ? file : "configuration", file_line);
	reader->error_n++;
}

/* A string as it could stand in the file, cut after some bytes. */
static void quote(const char *string, char *text, size_t size)
{
	size_t n = 1;

	text[0] = '"';
	for (; *string && n + 8 < size; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			n += (size_t)snprintf(text + n, size - n, "\\%c", c);
		else if (c < ' ' || c == 0x7F)
			n += (size_t)snprintf(text + n, size - n, "\\x%02X", c);
		else
			text[n++] = (char)c;
	}
	snprintf(text + n, size - n, *string ? "...\"" : "\"");
}

static const char *string_of(const config_setting_t *setting)
{
	const char *string = config_setting_get_string(setting);

	return string ? string : "";
}

/* A value as the user wrote it. */
static void describe(const config_setting_t *setting, char *text, size_t size)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(text, size, "%lld", config_setting_type(setting) == CONFIG_TYPE_INT ?
			 config_setting_get_int(setting) : config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		config_number_text(config_setting_get_float(setting), text, size);
		break;
	case CONFIG_TYPE_STRING:
		quote(string_of(setting), text, size);
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(text, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_GROUP:
		snprintf(text, size, "a group");
		break;
	default:
		snprintf(text, size, "%s of %d", config_setting_type(setting) == CONFIG_TYPE_ARRAY ? "an array" : "a list",
			 config_setting_length(setting));
	}
}

static void refuse(struct reader *reader, const config_setting_t *setting, const char *path, const char *must)
{
	char got[VALUE_ROOM];

	describe(setting, got, sizeof(got));
	locate(reader, config_setting_source_line(setting));
	fprintf(reader->errors, "%s: got %s, must be %s\n", path, got, must);
}

static void refuse_by_key(struct reader *reader, const config_setting_t *setting, const char *path,
			  const struct config_key *key)
{
	char must[256];

	config_key_range(key, must, sizeof(must));
	refuse(reader, setting, path, must);
}

static bool get_number(const config_setting_t *setting, double *value)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
		*value = config_setting_get_int(setting);
		return true;
	case CONFIG_TYPE_INT64:
		*value = (double)config_setting_get_int64(setting);
		return true;
	case CONFIG_TYPE_FLOAT:
		*value = config_setting_get_float(setting);
		return true;
	default:
		return false;
	}
}

static bool read_number(const config_setting_t *setting, const struct config_key *key, void *field)
{
	double value;
	int whole;

	if (!get_number(setting, &value) || !config_key_allows(key, value))
		return false;
	if (key->type == CONFIG_NUMBER) {
		memcpy(field, &value, sizeof(value));
		return true;
	}
	whole = (int)lround(key->type == CONFIG_HUNDREDTHS ? value * 100 : value);
	memcpy(field, &whole, sizeof(whole));
	return true;
}

static bool read_bool(const config_setting_t *setting, void *field)
{
	bool value = config_setting_get_bool(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return false;
	memcpy(field, &value, sizeof(value));
	return true;
}

static const struct config_word *find_word(const struct config_word *word, const char *name)
{
	while (word->name && strcmp(word->name, name))
		word++;
	return word->name ? word : NULL;
}

static bool read_word(const config_setting_t *setting, const struct config_key *key, void *field)
{
	const struct config_word *word;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING)
		return false;
	word = find_word(key->words, string_of(setting));
	if (!word)
		return false;
	if (key->size == 1)
		*(char *)field = (char)word->value;
	else
		memcpy(field, &word->value, sizeof(word->value));
	return true;
}

static bool read_string(const config_setting_t *setting, const struct config_key *key, void *field)
{
	const char *string = string_of(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_STRING || strlen(string) >= key->size ||
	    (key->words && !find_word(key->words, string)) || (key->valid && !key->valid(string)))
		return false;
	memset(field, 0, key->size);
	memcpy(field, string, strlen(string));
	return true;
}

/* A number for all phases, or three of them as an array or list. */
static bool read_phases(const config_setting_t *setting, const struct config_key *key, void *field)
{
	bool several = config_setting_type(setting) == CONFIG_TYPE_ARRAY || config_setting_type(setting) == CONFIG_TYPE_LIST;
	double values[3];

	if (several && config_setting_length(setting) != 3)
		return false;
	for (int p = 0; p < 3; p++) {
		const config_setting_t *one = several ? config_setting_get_elem(setting, (unsigned)p) : setting;

		if (!get_number(one, &values[p]) || !config_key_allows(key, values[p]))
			return false;
	}
	memcpy(field, values, sizeof(values));
	return true;
}

static void refuse_unknown(struct reader *reader, const config_setting_t *setting, const char *path, const char *nearest)
{
	locate(reader, config_setting_source_line(setting));
	fprintf(reader->errors, "%s: unknown key, did you mean %s?\n", path, nearest);
}

static void read_harmonic(struct reader *reader, const config_setting_t *group, const char *path,
			  struct adc_sim_harmonic *harmonic)
{
	char name[2 * PATH_ROOM];

	*harmonic = (struct adc_sim_harmonic){ 0 };
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const struct config_key *key = NULL;

		snprintf(name, sizeof(name), "%s.%s", path, config_setting_name(setting));
		for (unsigned k = 0; k < config_harmonic_keys_n; k++)
			if (!strcmp(config_harmonic_keys[k].path, config_setting_name(setting)))
				key = &config_harmonic_keys[k];
		if (!key)
			refuse(reader, setting, name, "one of order, voltage, current, phase");
		else if (!read_number(setting, key, (char *)harmonic + key->offset))
			refuse_by_key(reader, setting, name, key);
	}
	if (!config_setting_get_member(group, "order")) {
		snprintf(name, sizeof(name), "%s.order", path);
		locate(reader, config_setting_source_line(group));
		fprintf(reader->errors, "%s: got nothing, must be a whole number 2..50\n", name);
	}
}

/* Returns false when it is no list; what is wrong within is said here. */
static bool read_harmonics(struct reader *reader, const config_setting_t *setting, const char *path)
{
	struct adc_sim_config *sim = &reader->config->adc.sim;
	int n = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

	if ((config_setting_type(setting) != CONFIG_TYPE_LIST && config_setting_type(setting) != CONFIG_TYPE_ARRAY) ||
	    n > SIM_HARMONICS_MAX)
		return false;
	for (int k = 0; k < n; k++) {
		const config_setting_t *group = config_setting_get_elem(setting, (unsigned)k);
		char name[PATH_ROOM / 2];

		snprintf(name, sizeof(name), "%s[%d]", path, k);
		if (config_setting_type(group) == CONFIG_TYPE_GROUP)
			read_harmonic(reader, group, name, &sim->harmonic[k]);
		else
			refuse(reader, group, name, "a group { order; voltage; current; phase; }");
	}
	sim->harmonics = n;
	return true;
}

static void read_key(struct reader *reader, const config_setting_t *setting, const struct config_key *key)
{
	void *field = (char *)reader->config + key->offset;
	bool good = false;

	reader->lines[config_key_index(key)] = config_setting_source_line(setting);
	switch (key->type) {
	case CONFIG_BOOL:
		good = read_bool(setting, field);
		break;
	case CONFIG_INT:
	case CONFIG_NUMBER:
	case CONFIG_HUNDREDTHS:
		good = read_number(setting, key, field);
		break;
	case CONFIG_PHASES:
		good = read_phases(setting, key, field);
		break;
	case CONFIG_STRING:
		good = read_string(setting, key, field);
		break;
	case CONFIG_WORD:
		good = read_word(setting, key, field);
		break;
	case CONFIG_HARMONICS:
		good = read_harmonics(reader, setting, key->path);
		break;
	}
	if (!good)
		refuse_by_key(reader, setting, key->path, key);
	reader->bad[config_key_index(key)] = !good;
}

static bool beyond_cut(const struct reader *reader, unsigned line)
{
	return reader->source->cut && line >= reader->source->cut;
}

static void read_group(struct reader *reader, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const struct config_key *key;
		char path[PATH_ROOM], nearest[PATH_ROOM];

		/* What an error of syntax broke off is not judged; a value that never came has no type. */
		if (config_setting_type(setting) == CONFIG_TYPE_NONE || setting == reader->broken ||
		    beyond_cut(reader, config_setting_source_line(setting)))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", config_setting_name(setting));
		key = config_key_find(path);
		if (key) {
			read_key(reader, setting, key);
		} else if (!config_group_exists(path)) {
			config_key_nearest(path, nearest, sizeof(nearest));
			refuse_unknown(reader, setting, path, nearest);
		} else if (config_setting_type(setting) == CONFIG_TYPE_GROUP) {
			read_group(reader, setting, path);
		} else {
			refuse(reader, setting, path, "a group { ... }");
		}
	}
}

/* Were all keys of these paths (ending in NULL) absent or good? */
static bool sound(const struct reader *reader, const char *const *paths)
{
	for (; *paths; paths++)
		if (reader->bad[config_key_index(config_key_find(*paths))])
			return false;
	return true;
}

/* A key that others contradict: where it stands, or the first of the others that the file has. */
__attribute__((format(printf, 3, 4)))
static void contradict(struct reader *reader, const char *const *paths, const char *format, ...)
{
	unsigned line = 0;
	va_list arguments;

	for (unsigned k = 0; paths[k] && !line; k++)
		line = reader->lines[config_key_index(config_key_find(paths[k]))];
	locate(reader, line ? line : 1);
	fprintf(reader->errors, "%s: ", paths[0]);
	va_start(arguments, format);
	vfprintf(reader->errors, format, arguments);
	va_end(arguments);
	fputc('\n', reader->errors);
}

static void check_block(struct reader *reader)
{
	static const char *const paths[] = { "adc.block", "adc.rate", NULL };
	const struct adc_config *adc = &reader->config->adc;

	if (sound(reader, paths) && adc->block_scans > adc->rate_hz / 2)
		contradict(reader, paths, "got %u, must be 1..%.0f scans (half a second at adc.rate %.10g)", adc->block_scans,
			   floor(adc->rate_hz / 2), adc->rate_hz);
}

static void check_pulse(struct reader *reader, const struct settings *settings)
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

static void check_settings(struct reader *reader)
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

static const char *syntax_rule(const char *error)
{
	if (strstr(error, "duplicate"))
		return "once in its group";
	if (strstr(error, "mismatched"))
		return "all whole numbers or all with a decimal point";
	return "libconfig syntax, as in key = value;";
}

static void report_syntax(struct reader *reader, const config_t *file)
{
	unsigned line = (unsigned)config_error_line(file);
	const char *start, *error = config_error_text(file) ? config_error_text(file) : "syntax error";
	int length = config_source_quote(reader->source, line, &start);

	if (beyond_cut(reader, line))
		return;
	locate(reader, line);
	if (*start)
		fprintf(reader->errors, "%s: got `%.*s`, must be %s\n", error, length < 60 ? length : 60, start, syntax_rule(error));
	else
		fprintf(reader->errors, "%s: got the end of the file, must be %s\n", error, syntax_rule(error));
}

/* The last array or list of what was read before an error of syntax; NULL when a complete value came last. */
static const config_setting_t *find_broken(const config_setting_t *setting)
{
	while (config_setting_type(setting) == CONFIG_TYPE_GROUP && config_setting_length(setting))
		setting = config_setting_get_elem(setting, (unsigned)config_setting_length(setting) - 1);
	return config_setting_type(setting) == CONFIG_TYPE_ARRAY || config_setting_type(setting) == CONFIG_TYPE_LIST ? setting : NULL;
}

static void keep_source_at(struct reader *reader)
{
	unsigned recording = reader->lines[config_key_index(config_key_find("adc.recording"))];
	unsigned source = reader->lines[config_key_index(config_key_find("adc.source"))], line;
	const char *file = config_source_locate(reader->source, recording ? recording : source, &line);

	if (file && (recording || source))
		snprintf(reader->config->source_at, sizeof(reader->config->source_at), "%s:%u", file, line);
}

static int read_text(struct reader *reader)
{
	config_t file;

	config_init(&file);
	if (config_read_string(&file, reader->source->text)) {
		read_group(reader, config_root_setting(&file), "");
		check_block(reader);
		check_settings(reader);
		keep_source_at(reader);
	} else {
		/* libconfig stops at its first error; what came before is checked all the same. */
		reader->broken = find_broken(config_root_setting(&file));
		read_group(reader, config_root_setting(&file), "");
		report_syntax(reader, &file);
	}
	config_destroy(&file);
	return reader->error_n ? -EINVAL : 0;
}

int config_load(struct config *config, const char *path, FILE *errors)
{
	struct config_source source;
	struct reader reader = { .config = config, .source = &source, .errors = errors };
	int error = config_source_read(&source, path, errors), worse;

	if (error && error != -EINVAL)
		goto done;
	reader.lines = calloc(config_keys_n, sizeof(*reader.lines));
	reader.bad = calloc(config_keys_n, sizeof(*reader.bad));
	worse = reader.lines && reader.bad ? read_text(&reader) : -ENOMEM;
	if (!error)
		error = worse;
	free(reader.lines);
	free(reader.bad);
done:
	config_source_free(&source);
	return error;
}

int config_check_source(const struct config *config, FILE *errors)
{
	if (strcmp(config->adc.source, "comtrade") || *config->adc.recording)
		return 0;
	fprintf(errors, "%s: adc.recording: got \"\", must be the path of a .cfg or .cff when adc.source is \"comtrade\"\n",
		*config->source_at ? config->source_at : "configuration");
	return -EINVAL;
}
