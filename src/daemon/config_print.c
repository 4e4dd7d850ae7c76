#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_table.h"
#include "outputs/contact.h"

static void indent(FILE *out, unsigned depth)
{
	fprintf(out, "%*s", (int)(2 * depth), "");
}

static void print_string(FILE *out, const char *string)
{
	fputc('"', out);
	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7F)
			fprintf(out, "\\x%02X", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void print_number(FILE *out, double value)
{
	char text[48];

	config_number_text(value, text, sizeof(text));
	fputs(text, out);
}

static void print_phases(FILE *out, const double *values)
{
	if (values[0] == values[1] && values[0] == values[2]) {
		print_number(out, values[0]);
		return;
	}
	fputs("[ ", out);
	for (int p = 0; p < 3; p++) {
		print_number(out, values[p]);
		fputs(p < 2 ? ", " : " ]", out);
	}
}

static const char *word_of(const struct config_key *key, int value)
{
	const struct config_word *word = key->words;

	while (word->name && word->value != value)
		word++;
	return word->name ? word->name : "";
}

static void print_word(FILE *out, const struct config_key *key, const void *field)
{
	int value = *(const char *)field;

	if (key->size != 1)
		memcpy(&value, field, sizeof(value));
	print_string(out, word_of(key, value));
}

static void print_harmonics(FILE *out, const struct adc_sim_config *sim)
{
	fputs("(", out);
	for (int k = 0; k < sim->harmonics; k++) {
		const struct adc_sim_harmonic *harmonic = &sim->harmonic[k];

		fprintf(out, "%s { order = %d; voltage = ", k ? "," : "", harmonic->order);
		print_number(out, harmonic->voltage_percent);
		fputs("; current = ", out);
		print_number(out, harmonic->current_percent);
		fputs("; phase = ", out);
		print_number(out, harmonic->phase_deg);
		fputs("; }", out);
	}
	fputs(sim->harmonics ? " )" : ")", out);
}

/* A number as a number, so that nobody takes it for a name. */
static void print_line(FILE *out, const char *line)
{
	if (contact_line_offset(line) == CONTACT_LINE_NAME || !*line)
		print_string(out, line);
	else
		fputs(line, out);
}

/* What is no default is not shown; the reader refuses what stands there, so that no password is taken for another. */
static void print_password(FILE *out, const char *password)
{
	print_string(out, strcmp(password, CONFIG_PASSWORD_DEFAULT) ? CONFIG_PASSWORD_HIDDEN : password);
}

static void print_value(FILE *out, const struct config *config, const struct config_key *key)
{
	const void *field = (const char *)config + key->offset;
	double number;
	int whole;

	switch (key->type) {
	case CONFIG_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case CONFIG_INT:
		memcpy(&whole, field, sizeof(whole));
		fprintf(out, "%d", whole);
		break;
	case CONFIG_NUMBER:
		memcpy(&number, field, sizeof(number));
		print_number(out, number);
		break;
	case CONFIG_HUNDREDTHS:
		memcpy(&whole, field, sizeof(whole));
		fprintf(out, "%d.%02d", whole / 100, whole % 100);
		break;
	case CONFIG_PHASES:
		print_phases(out, field);
		break;
	case CONFIG_STRING:
		print_string(out, field);
		break;
	case CONFIG_PASSWORD:
		print_password(out, field);
		break;
	case CONFIG_LINE:
		print_line(out, field);
		break;
	case CONFIG_WORD:
		print_word(out, key, field);
		break;
	case CONFIG_HARMONICS:
		print_harmonics(out, &config->adc.sim);
		break;
	}
}

bool config_key_same(const struct config_key *key, const struct config *a, const struct config *b)
{
	char *text[2] = { NULL, NULL };
	const struct config *config[2] = { a, b };
	size_t size;
	bool same;

	if (key->type == CONFIG_PASSWORD)
		return !strcmp((const char *)a + key->offset, (const char *)b + key->offset);
	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&text[i], &size);

		if (out) {
			print_value(out, config[i], key);
			fclose(out);
		}
	}
	same = text[0] && text[1] && !strcmp(text[0], text[1]);
	free(text[0]);
	free(text[1]);
	return same;
}

/* How many groups, counted in dots, two paths have in common. */
static unsigned common_groups(const char *a, const char *b)
{
	unsigned groups = 0;

	for (; *a && *a == *b; a++, b++)
		groups += *a == '.';
	return groups;
}

static unsigned depth_of(const char *path)
{
	unsigned depth = 0;

	for (; *path; path++)
		depth += *path == '.';
	return depth;
}

/* The name number `n` of a path. */
static int path_name(const char *path, unsigned n, const char **name)
{
	while (n--)
		path = strchr(path, '.') + 1;
	*name = path;
	return (int)strcspn(path, ".");
}

static void close_groups(FILE *out, unsigned from, unsigned to)
{
	while (from > to) {
		indent(out, --from);
		fputs("};\n", out);
	}
}

static void print_keys(const struct config *config, FILE *out, bool (*wanted)(const char *path))
{
	const char *before = "", *name;
	unsigned open = 0;

	for (unsigned k = 0; k < config_keys_n; k++) {
		const char *path = config_keys[k].path;
		unsigned common = common_groups(before, path), depth = depth_of(path);
		int length;

		if (!wanted(path))
			continue;
		close_groups(out, open, common);
		for (open = common; open < depth; open++) {
			indent(out, open);
			length = path_name(path, open, &name);
			fprintf(out, "%.*s: {\n", length, name);
		}
		indent(out, depth);
		length = path_name(path, depth, &name);
		fprintf(out, "%.*s = ", length, name);
		print_value(out, config, &config_keys[k]);
		fputs(";\n", out);
		before = path;
	}
	close_groups(out, open, 0);
}

static bool any(const char *path)
{
	(void)path;
	return true;
}

void config_print(const struct config *config, FILE *out)
{
	print_keys(config, out, any);
}

static bool measures(const char *path)
{
	return !strcmp(path, "adc.rate") || !strcmp(path, "adc.sinc_order") || (!strncmp(path, "meter.", strlen("meter.")) && !strstr(path, "password"));
}

void config_print_measurement(const struct config *config, FILE *out)
{
	print_keys(config, out, measures);
}

void config_setting_text(enum setting which, int value, char *text, size_t size)
{
	const struct config_key *key;
	char path[64];

	snprintf(path, sizeof(path), "meter.%s", setting_name(which));
	key = config_key_find(path);
	if (!key) {
		snprintf(path, sizeof(path), "modbus.%s", setting_name(which));
		key = config_key_find(path);
	}
	if (key && key->type == CONFIG_WORD)
		snprintf(text, size, "\"%s\"", word_of(key, value));
	else if (key && key->type == CONFIG_HUNDREDTHS)
		snprintf(text, size, "%d.%02d", value / 100, value % 100);
	else
		snprintf(text, size, "%d", value);
}
