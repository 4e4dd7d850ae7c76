#include <math.h>
#include <string.h>

#include "daemon/config_reader.h"

#define VALUE_ROOM 128

void config_quote(const char *string, char *text, size_t size)
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
		config_quote(string_of(setting), text, size);
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

void config_refuse(struct config_reader *reader, const config_setting_t *setting, const char *path, const char *must)
{
	char got[VALUE_ROOM] = "what is not shown";

	/* Also one that lacks nothing but its quotes: the log is no place for it. */
	if (!strstr(path, "password"))
		describe(setting, got, sizeof(got));
	fprintf(config_complain(reader, config_setting_source_line(setting)), "%s: got %s, must be %s\n", path, got, must);
}

static void refuse_by_key(struct config_reader *reader, const config_setting_t *setting, const char *path,
			  const struct config_key *key)
{
	char must[256];

	config_key_range(key, must, sizeof(must));
	config_refuse(reader, setting, path, must);
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

/* A GPIO line by its offset or its name. */
static bool read_line(const config_setting_t *setting, const struct config_key *key, void *field)
{
	double value;

	if (!get_number(setting, &value))
		return read_string(setting, key, field);
	if (!config_key_allows(key, value))
		return false;
	memset(field, 0, key->size);
	snprintf(field, key->size, "%ld", lround(value));
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

static void read_harmonic(struct config_reader *reader, const config_setting_t *group, const char *path,
			  struct adc_sim_harmonic *harmonic)
{
	char name[2 * CONFIG_PATH_ROOM];

	*harmonic = (struct adc_sim_harmonic){ 0 };
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const struct config_key *key = NULL;

		snprintf(name, sizeof(name), "%s.%s", path, config_setting_name(setting));
		for (unsigned k = 0; k < config_harmonic_keys_n; k++)
			if (!strcmp(config_harmonic_keys[k].path, config_setting_name(setting)))
				key = &config_harmonic_keys[k];
		if (!key)
			config_refuse(reader, setting, name, "one of order, voltage, current, phase");
		else if (!read_number(setting, key, (char *)harmonic + key->offset))
			refuse_by_key(reader, setting, name, key);
	}
	if (!config_setting_get_member(group, "order")) {
		fprintf(config_complain(reader, config_setting_source_line(group)),
			"%s.order: got nothing, must be a whole number 2..50\n", path);
	}
}

/* Returns false when it is no list; what is wrong within is said here. */
static bool read_harmonics(struct config_reader *reader, const config_setting_t *setting, const char *path)
{
	struct adc_sim_config *sim = &reader->config->adc.sim;
	int n = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

	if ((config_setting_type(setting) != CONFIG_TYPE_LIST && config_setting_type(setting) != CONFIG_TYPE_ARRAY) ||
	    n > SIM_HARMONICS_MAX)
		return false;
	for (int k = 0; k < n; k++) {
		const config_setting_t *group = config_setting_get_elem(setting, (unsigned)k);
		char name[CONFIG_PATH_ROOM / 2];

		snprintf(name, sizeof(name), "%s[%d]", path, k);
		if (config_setting_type(group) == CONFIG_TYPE_GROUP)
			read_harmonic(reader, group, name, &sim->harmonic[k]);
		else
			config_refuse(reader, group, name, "a group { order; voltage; current; phase; }");
	}
	sim->harmonics = n;
	return true;
}

void config_take_value(struct config_reader *reader, const config_setting_t *setting, const struct config_key *key)
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
	case CONFIG_PASSWORD:
		good = read_string(setting, key, field);
		break;
	case CONFIG_LINE:
		good = read_line(setting, key, field);
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
