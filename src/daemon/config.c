#include "daemon/config.h"

#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_reader.h"
#include "daemon/config_recover.h"

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
		.modbus = { .device = "/dev/ttyS0", .stop_bits = 1, .rts = 'n',
			    .turnaround_us = -1, .gap_ms = 20 },
		.store_path = "/var/lib/dinmeterd", .store_interval_s = 10,
		.control_socket = "/run/dinmeterd/control", .control_group = "dinmeter",
		.display = { .columns = 16, .baud = 9600 },
		.buttons.key = { [PANEL_PLUS] = "KEY_UP", [PANEL_MINUS] = "KEY_DOWN", [PANEL_NEXT] = "KEY_RIGHT",
				 [PANEL_BACK] = "KEY_LEFT" },
		.capture = { .ring_s = 10, .path = CONFIG_CAPTURE_PATH, .after_s = 10, .keep = 20, .max_mb = 1000 },
		.sandbox = true,
	};
	for (int c = 0; c < CONTACTS; c++)
		config->outputs.contact[c] = (struct contact_config){ .line = "-1", .bias = '=', .drive = 'p' };
	for (int c = 0; c < ADC_CHANNELS; c++) {
		config->adc.channel[c].gain = 1;
		snprintf(config->adc.channel[c].channel, sizeof(config->adc.channel[c].channel), "%s", names[c]);
	}
	settings_defaults(&config->settings);
	rules_defaults(&config->rules);
	identity_defaults(&config->identity);
}

static void begin_error(struct config_reader *reader, unsigned line)
{
	unsigned file_line = 0;
	const char *file = config_source_locate(reader->source, line, &file_line);

	fprintf(reader->errors, "%s:%u: ", file ? file : "configuration", file_line);
	reader->error_n++;
}

/* Says the errors of syntax that stand before a line. */
static void say_syntax(struct config_reader *reader, unsigned line)
{
	for (; reader->syntax_said < reader->syntax_n && reader->syntax[reader->syntax_said].line < line; reader->syntax_said++) {
		begin_error(reader, reader->syntax[reader->syntax_said].line);
		fprintf(reader->errors, "%s\n", reader->syntax[reader->syntax_said].text);
	}
}

FILE *config_complain(struct config_reader *reader, unsigned line)
{
	say_syntax(reader, line);
	begin_error(reader, line);
	return reader->errors;
}

static bool beyond_cut(const struct config_reader *reader, unsigned line)
{
	return reader->source->cut && line >= reader->source->cut;
}

static void read_group(struct config_reader *reader, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const struct config_key *key;
		char path[CONFIG_PATH_ROOM], nearest[CONFIG_PATH_ROOM];

		/* What an error of syntax broke off is not judged; a value that never came has no type. */
		if (config_setting_type(setting) == CONFIG_TYPE_NONE || setting == reader->broken ||
		    beyond_cut(reader, config_setting_source_line(setting)))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", config_setting_name(setting));
		key = config_key_find(path);
		if (key) {
			config_take_value(reader, setting, key);
		} else if (!config_group_exists(path)) {
			config_key_nearest(path, nearest, sizeof(nearest));
			fprintf(config_complain(reader, config_setting_source_line(setting)),
				"%s: unknown key, did you mean %s?\n", path, nearest);
		} else if (config_setting_type(setting) == CONFIG_TYPE_GROUP) {
			read_group(reader, setting, path);
		} else {
			config_refuse(reader, setting, path, "a group { ... }");
		}
	}
}

static const char *syntax_rule(const char *error)
{
	if (strstr(error, "duplicate"))
		return "once in its group";
	if (strstr(error, "mismatched"))
		return "all whole numbers or all with a decimal point";
	return "libconfig syntax, as in key = value;";
}

/* What ended the reading: mostly that the text ends before it is complete. */
static void report_end(struct config_reader *reader, const config_t *file)
{
	unsigned line = (unsigned)config_error_line(file);
	const char *start, *error = config_error_text(file) ? config_error_text(file) : "syntax error";
	int length = config_source_quote(reader->source, line, &start);
	FILE *out;

	if (beyond_cut(reader, line))
		return;
	if (reader->syntax_n == CONFIG_SYNTAX_MOST) {
		fprintf(config_complain(reader, line), "got more errors of syntax, must be at most %d to be told\n", CONFIG_SYNTAX_MOST);
		return;
	}
	out = config_complain(reader, line);
	if (*start)
		fprintf(out, "%s: got `%.*s`, must be %s\n", error, length < 60 ? length : 60, start, syntax_rule(error));
	else
		fprintf(out, "%s: got the end of the file, must be %s\n", error, syntax_rule(error));
}

/* Names that a refused setting may have given are not compared with others. */
static void mark_bad(struct config_reader *reader, const char *name, size_t length)
{
	for (unsigned k = 0; k < config_keys_n; k++) {
		const char *part = config_keys[k].path;

		while (part && (strncmp(part, name, length) || (part[length] && part[length] != '.'))) {
			part = strchr(part, '.');
			if (part)
				part++;
		}
		reader->bad[k] |= part != NULL;
	}
}

/* Keeps an error of syntax until those of the lines before it are said. */
static void keep_syntax(struct config_reader *reader, const config_t *file, const struct config_piece *piece)
{
	struct config_syntax *kept = &reader->syntax[reader->syntax_n++];
	const char *error = config_error_text(file) ? config_error_text(file) : "syntax error";
	const char *start = piece->at, *end = piece->at + strcspn(piece->at, "\n");

	while (start > piece->start && start[-1] != '\n')
		start--;
	start += strspn(start, " \t\r\f");
	if (end > piece->end)
		end = piece->end;
	while (end > start + 1 && strchr(" \t\r\f", end[-1]))
		end--;
	kept->line = 1;
	for (const char *p = reader->source->text; p < piece->at; p++)
		kept->line += *p == '\n';
	snprintf(kept->text, sizeof(kept->text), "%s: got `%.*s`, must be %s", error, end - start < 60 ? (int)(end - start) : 60, start,
		 syntax_rule(error));
	for (char *p = kept->text; *p; p++)
		if (*p == '\f')
			*p = ' ';
	mark_bad(reader, piece->start, strcspn(piece->start, " \t\r\f\n=:"));
}

/* Reads the text, without the settings that hold errors of syntax.  False when not even that is whole. */
static bool parse_text(struct config_reader *reader, config_t *file)
{
	struct config_piece piece;

	while (!config_read_string(file, reader->source->text)) {
		if (beyond_cut(reader, (unsigned)config_error_line(file)) || reader->syntax_n == CONFIG_SYNTAX_MOST ||
		    !config_recover_find(reader->source->text, file, &piece))
			return false;
		keep_syntax(reader, file, &piece);
		config_recover_blank(&piece);
	}
	return true;
}

/* The last array or list of what was read before an error of syntax; NULL when a complete value came last. */
static const config_setting_t *find_broken(const config_setting_t *setting)
{
	while (config_setting_type(setting) == CONFIG_TYPE_GROUP && config_setting_length(setting))
		setting = config_setting_get_elem(setting, (unsigned)config_setting_length(setting) - 1);
	return config_setting_type(setting) == CONFIG_TYPE_ARRAY || config_setting_type(setting) == CONFIG_TYPE_LIST ? setting : NULL;
}

static void keep_source_at(struct config_reader *reader)
{
	unsigned recording = reader->lines[config_key_index(config_key_find("adc.recording"))];
	unsigned source = reader->lines[config_key_index(config_key_find("adc.source"))], line;
	const char *file = config_source_locate(reader->source, recording ? recording : source, &line);

	if (file && (recording || source))
		snprintf(reader->config->source_at, sizeof(reader->config->source_at), "%s:%u", file, line);
}

static int read_text(struct config_reader *reader)
{
	config_t file;
	bool whole;

	config_init(&file);
	whole = parse_text(reader, &file);
	if (!whole)
		reader->broken = find_broken(config_root_setting(&file));
	read_group(reader, config_root_setting(&file), "");
	say_syntax(reader, UINT_MAX);
	if (whole) {
		config_check(reader);
		keep_source_at(reader);
	} else {
		report_end(reader, &file);
	}
	config_destroy(&file);
	return reader->error_n ? -EINVAL : 0;
}

int config_load(struct config *config, const char *path, FILE *errors)
{
	struct config_source source;
	struct config_reader reader = { .config = config, .source = &source, .errors = errors };
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
