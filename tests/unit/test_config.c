/*
 * The configuration: each bad file under tests/data/config against the exact text of its errors, what good
 * files set, and the claims that the table of keys makes about the sample, the manual page and the settings.
 * One file, long: all claims read files through the same few helpers.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/config_table.h"
#include "lib/check_main.h"
#include "metering/range.h"

static unsigned seed;

static const char *in_source(const char *path)
{
	static char full[4096];
	const char *top = getenv("top_srcdir");

	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	return full;
}

/* A whole file as text; the caller frees it. */
static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		ck_abort_msg("%s: %s", path, strerror(errno));
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	return text;
}

/* Loads a file over *config; the errors, which the caller frees. */
static char *load(struct config *config, const char *path, int *result)
{
	char *errors = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&errors, &size);

	*result = config_load(config, path, out);
	fclose(out);
	return errors;
}

static void load_good(struct config *config, const char *path)
{
	int result;
	char *errors = load(config, path, &result);

	ck_assert_str_eq(errors, "");
	ck_assert_int_eq(result, 0);
	free(errors);
}

/* The text as a file; its path lives until the next call. */
static const char *as_file(const char *text)
{
	static char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "test_config.%ld.conf", (long)getpid());
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void load_text(struct config *config, const char *text)
{
	const char *path = as_file(text);

	load_good(config, path);
	unlink(path);
}

static char *print(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_print(config, out);
	fclose(out);
	return text;
}

static const struct config *defaults(void)
{
	static struct config config;

	config_defaults(&config);
	return &config;
}

static bool is_conf(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && !strcmp(name + length - 5, ".conf");
}

START_TEST(every_bad_file_gets_exactly_its_errors)
{
	struct dirent *entry;
	DIR *directory;
	unsigned files = 0;
	char before[4096];

	/* From within, so that messages begin with the bare name. */
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	ck_assert_int_eq(chdir(in_source("tests/data/config")), 0);
	directory = opendir(".");
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		struct config config = *defaults();
		char expected_path[512], *errors, *expected;
		int result;

		if (!is_conf(entry->d_name))
			continue;
		snprintf(expected_path, sizeof(expected_path), "%.*s.expected", (int)strlen(entry->d_name) - 5, entry->d_name);
		errors = load(&config, entry->d_name, &result);
		expected = slurp(expected_path);
		ck_assert_str_eq(errors, expected);
		ck_assert_int_eq(result, *expected ? -EINVAL : 0);
		free(errors);
		free(expected);
		files++;
	}
	closedir(directory);
	ck_assert_int_eq(chdir(before), 0);
	ck_assert_uint_ge(files, 25);
}
END_TEST

/* How many lines of errors a text gets. */
static unsigned count_errors(const char *text)
{
	struct config config = *defaults();
	const char *path = as_file(text);
	unsigned n = 0;
	int result;
	char *errors = load(&config, path, &result);

	for (const char *p = errors; *p; p++)
		n += *p == '\n';
	ck_assert_int_eq(result, n ? -EINVAL : 0);
	unlink(path);
	free(errors);
	return n;
}

/* Of an address without a host libiio would take whatever server it finds. */
START_TEST(converter_addresses_name_their_place)
{
	static const struct { const char *uri; unsigned errors; } rows[] = {
		{ "local:", 0 }, { "ip:meter", 0 }, { "ip:192.0.2.1:30431", 0 }, { "ip:::1", 0 }, { "ip:[::1]:30431", 0 }, { "usb:", 0 },
		{ "usb:1.2.3", 0 }, { "", 1 }, { "local", 1 }, { "local:1", 1 }, { "ip:", 1 }, { "ip::30431", 1 }, { "foo:bar", 1 },
	};
	char text[128];

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		snprintf(text, sizeof(text), "adc: { uri = \"%s\"; };\n", rows[k].uri);
		ck_assert_msg(count_errors(text) == rows[k].errors, "%s", rows[k].uri);
	}
}
END_TEST

START_TEST(inputs_share_no_channel_unless_simulated)
{
	static const char format[] = "adc: { source = \"%s\"; channels: { vb: { channel = \"voltage0\"; }; }; };\n";
	static const struct { const char *source; unsigned errors; } rows[] = { { "iio", 1 }, { "comtrade", 1 }, { "sim", 0 } };
	char text[128];

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		snprintf(text, sizeof(text), format, rows[k].source);
		ck_assert_msg(count_errors(text) == rows[k].errors, "%s", rows[k].source);
	}
}
END_TEST

/* A file of more than a MiB. */
static const char *long_file(void)
{
	static const char path[] = "test_config.long";
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), (1 << 20) + 1), 0);
	fclose(file);
	return path;
}

START_TEST(unreadable_file_names_path_and_reason)
{
	struct config config = *defaults();
	int result;
	char *errors = load(&config, "/nowhere/dinmeterd.conf", &result);

	ck_assert_str_eq(errors, "/nowhere/dinmeterd.conf: cannot be read: No such file or directory\n");
	ck_assert_int_eq(result, -ENOENT);
	free(errors);
	errors = load(&config, "/", &result);
	ck_assert_str_eq(errors, "/: cannot be read: Is a directory\n");
	ck_assert_int_eq(result, -EISDIR);
	free(errors);
	/* Without an end. */
	errors = load(&config, "/dev/zero", &result);
	ck_assert_str_eq(errors, "/dev/zero: cannot be read: not a regular file\n");
	ck_assert_int_eq(result, -ENOTSUP);
	free(errors);
	errors = load(&config, long_file(), &result);
	ck_assert_str_eq(errors, "test_config.long: cannot be read: more than 1 MiB, all files together\n");
	ck_assert_int_eq(result, -EFBIG);
	free(errors);
	unlink("test_config.long");
}
END_TEST

/* A pipe that nobody writes to would never be open. */
START_TEST(pipes_and_terminals_are_refused_at_once)
{
	static const char fifo[] = "test_config.fifo";
	struct config config = *defaults();
	int result, terminal = posix_openpt(O_RDWR | O_NOCTTY);
	char *errors, expected[512];
	const char *path;

	unlink(fifo);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	errors = load(&config, fifo, &result);
	ck_assert_str_eq(errors, "test_config.fifo: cannot be read: not a regular file\n");
	ck_assert_int_eq(result, -ENOTSUP);
	free(errors);
	path = as_file("\n@include \"test_config.fifo\"\nadc: { rate = 5; };\n");
	errors = load(&config, path, &result);
	snprintf(expected, sizeof(expected), "%s:2: @include: cannot read test_config.fifo: not a regular file\n"
		 "%s:3: adc.rate: got 5, must be 600..100000 scans per second\n", path, path);
	ck_assert_str_eq(errors, expected);
	ck_assert_int_eq(result, -EINVAL);
	free(errors);
	unlink(path);
	unlink(fifo);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(grantpt(terminal) || unlockpt(terminal), 0);
	errors = load(&config, ptsname(terminal), &result);
	ck_assert_ptr_nonnull(strstr(errors, ": cannot be read: not a regular file\n"));
	free(errors);
	close(terminal);
}
END_TEST

START_TEST(what_a_file_says_is_in_effect_and_the_rest_stays)
{
	struct config config = *defaults();

	load_text(&config, "adc: { source = \"sim\"; rate = 4000; channels: { vb: { channel = \"U\xDF 2\"; gain = 2; }; }; };\n"
			   "meter: { pt_ratio = 0.29; system_voltage = 0x64; ct_primary = 5L; }\n"
			   "sim: { voltage = [ 1.5, 2.5, 3.5 ]; current = 7; power_factor = ( 1, -0.5, 0.25 ); rotation = \"ACB\";\n"
			   "  harmonics = ( { order = 3; voltage = 1.5; }, { order = 5; current = 10; phase = -90.0; } ); };\n"
			   "modbus: { parity = \"even\"; rts = \"down\"; turnaround_us = 0; };\n");
	ck_assert_str_eq(config.adc.source, "sim");
	ck_assert(config.adc.rate_hz == 4000);
	ck_assert_str_eq(config.adc.channel[ADC_VB].channel, "U\xDF 2");
	ck_assert(config.adc.channel[ADC_VB].gain == 2);
	ck_assert(config.adc.channel[ADC_VA].gain == 1);
	ck_assert_str_eq(config.adc.channel[ADC_IC].channel, "voltage5");
	ck_assert_int_eq(config.settings.pt_ratio, 29);
	ck_assert_int_eq(config.settings.ct_primary, 5);
	ck_assert(config.adc.sim.voltage_v[0] == 1.5 && config.adc.sim.voltage_v[2] == 3.5);
	ck_assert(config.adc.sim.current_a[0] == 7 && config.adc.sim.current_a[2] == 7);
	ck_assert(config.adc.sim.power_factor[1] == -0.5);
	ck_assert(config.adc.sim.acb);
	ck_assert_int_eq(config.adc.sim.harmonics, 2);
	ck_assert(config.adc.sim.harmonic[0].voltage_percent == 1.5 && config.adc.sim.harmonic[0].current_percent == 0);
	ck_assert(config.adc.sim.harmonic[1].order == 5 && config.adc.sim.harmonic[1].phase_deg == -90);
	ck_assert_int_eq(config.settings.parity, PARITY_EVEN);
	ck_assert_int_eq(config.modbus.rts, 'd');
	ck_assert(!config.modbus.rs485 && !config.modbus.echo);
	ck_assert_int_eq(config.modbus.turnaround_us, 0);
	ck_assert_int_eq(config.settings.baud, 19200);
	load_text(&config, "modbus: { rts = \"none\"; rs485 = true; };\n");
	ck_assert(config.modbus.rs485 && config.modbus.rts == 'n');
}
END_TEST

/* A number is an offset, text is a name; a number in quotes is the number. */
START_TEST(a_contact_line_is_an_offset_or_a_name)
{
	struct config config = *defaults();
	const struct contact_config *contact = config.outputs.contact;
	char *text;

	load_text(&config, "outputs: { energy: { chip = \"gpiochip0\"; line = 0x11; bias = \"pull-down\"; drive = \"open-source\"; };\n"
			   "  alarm: { chip = \"pinctrl\"; line = \"GPIO 4\"; active_low = true; bias = \"pull-up\"; drive = \"open-drain\"; };\n"
			   "  reactive: { chip = \"sim\"; bias = \"disabled\"; }; leds: { tx = \"green:tx\"; }; };\n");
	ck_assert_str_eq(contact[CONTACT_ENERGY].line, "17");
	ck_assert_int_eq(contact[CONTACT_ENERGY].bias, 'n');
	ck_assert_int_eq(contact[CONTACT_ENERGY].drive, 's');
	ck_assert_str_eq(contact[CONTACT_ALARM].line, "GPIO 4");
	ck_assert(contact[CONTACT_ALARM].active_low && !contact[CONTACT_ENERGY].active_low);
	ck_assert_int_eq(contact[CONTACT_ALARM].bias, 'u');
	ck_assert_int_eq(contact[CONTACT_ALARM].drive, 'd');
	ck_assert_str_eq(contact[CONTACT_REACTIVE].chip, "sim");
	ck_assert_int_eq(contact[CONTACT_REACTIVE].bias, 'd');
	ck_assert_str_eq(config.outputs.led[LED_TX], "green:tx");
	text = print(&config);
	ck_assert_ptr_nonnull(strstr(text, "line = 17;"));
	ck_assert_ptr_nonnull(strstr(text, "line = \"GPIO 4\";"));
	ck_assert_ptr_nonnull(strstr(text, "line = -1;"));
	free(text);
	load_text(&config, "outputs: { energy: { chip = \"gpiochip0\"; line = \"17\"; }; };\n");
	text = print(&config);
	ck_assert_ptr_nonnull(strstr(text, "line = 17;"));
	free(text);
}
END_TEST

START_TEST(defaults_are_the_documented_ones)
{
	const struct config *config = defaults();

	ck_assert_str_eq(config->adc.source, "iio");
	ck_assert_str_eq(config->adc.uri, "local:");
	ck_assert(config->adc.rate_hz == 2520 && config->adc.block_scans == 126);
	ck_assert(config->adc.voltage_ratio == 1000 && config->adc.current_ratio == 1 && config->adc.scale_mv == 0);
	ck_assert(config->adc.sim.voltage_v[2] == 277 && config->adc.sim.current_a[2] == 50);
	ck_assert(config->adc.sim.frequency_hz == 60 && config->adc.sim.power_factor[2] == 0.9);
	ck_assert_int_eq(config->settings.system_type, 40);
	ck_assert(config->rules.no_load_percent == 0.04 && config->rules.stale_s == 2);
	ck_assert(!config->rules.phase_loss_percent_below && !config->rules.ct_orientation_fixed);
	ck_assert_str_eq(config->setup_password, "00000");
	ck_assert_str_eq(config->modbus.device, "/dev/ttyS0");
	ck_assert_int_eq(config->settings.address, 1);
	ck_assert_int_eq(config->modbus.turnaround_us, -1);
	ck_assert_int_eq(config->modbus.gap_ms, 20);
	for (int c = 0; c < CONTACTS; c++) {
		ck_assert_str_eq(config->outputs.contact[c].chip, "");
		ck_assert_str_eq(config->outputs.contact[c].line, "-1");
		ck_assert_int_eq(config->outputs.contact[c].bias, '=');
		ck_assert_int_eq(config->outputs.contact[c].drive, 'p');
	}
	ck_assert_str_eq(config->store_path, "/var/lib/dinmeterd");
	ck_assert_str_eq(config->control_socket, "/run/dinmeterd/control");
	ck_assert_int_eq((int)config->identity.os_version, 12345);
}
END_TEST

/* A random legal number of a key; about one in four at an end of the range. */
static double random_number(const struct config_key *key)
{
	double part = random() / 2147483647.0;

	if (key->set_n && (key->low >= key->high || random() % 2))
		return key->set[(unsigned)random() % key->set_n];
	if (random() % 4 == 0)
		return random() % 2 ? key->low : key->high;
	return key->low + part * (key->high - key->low);
}

static void random_string(const struct config_key *key, char *field)
{
	size_t length = (size_t)random() % key->size;

	memset(field, 0, key->size);
	if (key->words) {
		unsigned n = 0;

		while (key->words[n].name)
			n++;
		snprintf(field, key->size, "%s", key->words[random() % n].name);
		return;
	}
	if (key->valid && strstr(key->path, "leds")) {
		snprintf(field, key->size, "green:led%ld", random() % 1000);
		return;
	}
	if (key->valid) {
		for (int k = 0; k < 5; k++)
			field[k] = (char)('0' + random() % 10);
		return;
	}
	for (size_t k = 0; k < length; k++)
		field[k] = (char)(1 + random() % 255);
}

/* An offset, or a name that is none. */
static void random_line(const struct config_key *key, char *field)
{
	random_string(key, field);
	*field = 'L';
	if (random() % 2) {
		memset(field, 0, key->size);
		snprintf(field, key->size, "%ld", random() % 65536);
	}
}

static void random_word(const struct config_key *key, char *field)
{
	unsigned n = 0;
	int value;

	while (key->words[n].name)
		n++;
	value = key->words[random() % n].value;
	if (key->size == 1)
		*field = (char)value;
	else
		memcpy(field, &value, sizeof(value));
}

static void randomize(struct config *config, const struct config_key *key)
{
	char *field = (char *)config + key->offset;
	double numbers[3] = { random_number(key), random_number(key), random_number(key) };
	int whole = (int)lround(key->type == CONFIG_HUNDREDTHS ? numbers[0] * 100 : numbers[0]);
	bool truth = random() % 2;

	switch (key->type) {
	case CONFIG_BOOL: memcpy(field, &truth, sizeof(truth)); break;
	case CONFIG_INT:
	case CONFIG_HUNDREDTHS: memcpy(field, &whole, sizeof(whole)); break;
	case CONFIG_NUMBER: memcpy(field, numbers, sizeof(*numbers)); break;
	case CONFIG_PHASES: memcpy(field, numbers, sizeof(numbers)); break;
	case CONFIG_STRING: random_string(key, field); break;
	case CONFIG_PASSWORD: break;	/* none is printed but the default */
	case CONFIG_LINE: random_line(key, field); break;
	case CONFIG_WORD: random_word(key, field); break;
	case CONFIG_HARMONICS:
		config->adc.sim.harmonics = (int)(random() % (SIM_HARMONICS_MAX + 1));
		for (int k = 0; k < config->adc.sim.harmonics; k++)
			config->adc.sim.harmonic[k] = (struct adc_sim_harmonic){
				.order = (int)(2 + random() % 49), .voltage_percent = random() / 2147483647.0 * 100,
				.current_percent = (double)(random() % 101), .phase_deg = (double)(random() % 721) - 360,
			};
		break;
	}
}

/* Every key of the table at random; what keys must have in common is put right. */
static struct config random_config(void)
{
	struct config config = *defaults();

	for (unsigned k = 0; k < config_keys_n; k++)
		randomize(&config, &config_keys[k]);
	snprintf(config.adc.uri, sizeof(config.adc.uri), "ip:%ld", random());
	snprintf(config.display.device, sizeof(config.display.device), "/dev/tty%ld", random() % 100);
	snprintf(config.capture.on_alerts, sizeof(config.capture.on_alerts), "low_pf_%c, pulse_overrun", (char)('a' + random() % 3));
	/* Four that are different. */
	for (int b = 0; b < PANEL_BUTTONS; b++)
		snprintf(config.buttons.key[b], sizeof(config.buttons.key[b]), "BTN_%ld", 2 * b + random() % 2);
	for (int c = 0; c < ADC_CHANNELS; c++)
		config.adc.channel[c].channel[0] = (char)('A' + c);
	for (int c = 0; c < CONTACTS; c++)
		config.outputs.contact[c].chip[0] = (char)('A' + c);
	config.settings.system_voltage = 600;
	config.settings.pt_ratio = 100 + (int)(random() % 600);
	config.settings.pulse_energy = 10000;
	if (config.modbus.rs485)
		config.modbus.rts = 'n';
	config.adc.block_scans = 1 + (unsigned)random() % (unsigned)(config.adc.rate_hz / 2);
	return config;
}

/* The keys of two configurations alike, harmonics beyond the used ones aside. */
static void assert_same(const struct config *a, const struct config *b)
{
	for (unsigned k = 0; k < config_keys_n; k++) {
		const struct config_key *key = &config_keys[k];
		size_t size = key->size;

		if (key->type == CONFIG_HARMONICS) {
			ck_assert_int_eq(a->adc.sim.harmonics, b->adc.sim.harmonics);
			size = (size_t)a->adc.sim.harmonics * sizeof(struct adc_sim_harmonic);
		}
		if (memcmp((const char *)a + key->offset, (const char *)b + key->offset, size))
			ck_abort_msg("%s differs (seed %u)", key->path, seed);
	}
}

START_TEST(what_is_printed_reads_back_the_same)
{
	for (int round = 0; round < 200; round++) {
		struct config config = random_config(), back = *defaults();
		char *text = print(&config), *again;

		load_text(&back, text);
		assert_same(&config, &back);
		again = print(&back);
		ck_assert_str_eq(text, again);
		free(text);
		free(again);
	}
}
END_TEST

START_TEST(sample_file_has_every_key_at_its_default)
{
	/* Over a configuration where every key is something else, so that a missing one shows. */
	for (int round = 0; round < 20; round++) {
		struct config config = random_config();

		load_good(&config, in_source("conf/dinmeterd.conf"));
		assert_same(&config, defaults());
	}
}
END_TEST

START_TEST(demonstration_is_a_good_file_and_its_load_varies)
{
	struct config config = *defaults();

	load_good(&config, in_source("conf/demo.conf"));
	ck_assert_str_eq(config.adc.source, "sim");
	ck_assert_int_eq(config.adc.sim.profile, SIM_VARYING);
}
END_TEST

static bool is_word(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z');
}

/* Does `name` stand in the text as a word? */
static bool mentions(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += length)
		if (at > text && !is_word(at[-1]) && !is_word(at[length]))
			return true;
	return false;
}

START_TEST(manual_page_names_every_key_and_word)
{
	char *page = slurp(in_source("man/dinmeterd.conf.5"));

	for (unsigned k = 0; k < config_keys_n; k++) {
		const char *leaf = strrchr(config_keys[k].path, '.') + 1;

		if (!mentions(page, leaf))
			ck_abort_msg("dinmeterd.conf(5) does not mention %s", config_keys[k].path);
		for (const struct config_word *word = config_keys[k].words; word && word->name; word++) {
			char quoted[64];

			snprintf(quoted, sizeof(quoted), "\"%s\"", word->name);
			if (!strstr(page, quoted))
				ck_abort_msg("dinmeterd.conf(5) does not mention %s = %s", config_keys[k].path, quoted);
		}
	}
	free(page);
}
END_TEST

/* The table's limits are those that Modbus writes meet. */
START_TEST(setting_ranges_are_those_of_the_registers)
{
	static const struct { const char *path; enum setting which; } rows[] = {
		{ "meter.system_type", SETTING_SYSTEM_TYPE }, { "meter.ct_primary", SETTING_CT_PRIMARY },
		{ "meter.ct_secondary", SETTING_CT_SECONDARY }, { "meter.pt_ratio", SETTING_PT_RATIO },
		{ "meter.system_voltage", SETTING_SYSTEM_VOLTAGE }, { "meter.pulse_energy", SETTING_PULSE_ENERGY },
		{ "meter.phase_loss_voltage", SETTING_PHASE_LOSS_VOLTAGE },
		{ "meter.phase_loss_imbalance", SETTING_PHASE_LOSS_IMBALANCE },
		{ "meter.demand_subintervals", SETTING_DEMAND_SUBINTERVALS },
		{ "meter.demand_subinterval_s", SETTING_DEMAND_SUBINTERVAL_S },
	};

	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		const struct config_key *key = config_key_find(rows[r].path);
		int scale = key->type == CONFIG_HUNDREDTHS ? 100 : 1;

		for (int value = -5; value <= 33000; value++) {
			struct settings settings;

			settings_defaults(&settings);
			settings.pulse_energy = 10000;
			ck_assert_msg(config_key_allows(key, (double)value / scale) ==
				      (setting_set(&settings, rows[r].which, value) != -ERANGE),
				      "%s: %d", rows[r].path, value);
		}
	}
	for (const struct config_word *unit = config_key_find("meter.display_units")->words; unit->name; unit++)
		ck_assert(range_holds(SETTING_DISPLAY_UNITS_RANGE, unit->value));
}
END_TEST

START_TEST(comtrade_without_recording_is_an_error_of_the_daemon_alone)
{
	struct config config = *defaults();
	char *errors = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&errors, &size);
	const char *path = as_file("\n\nadc: { source = \"comtrade\"; };\n");
	char expected[512];

	load_good(&config, path);
	unlink(path);
	ck_assert_int_eq(config_check_source(&config, out), -EINVAL);
	fclose(out);
	snprintf(expected, sizeof(expected), "%s:3: adc.recording: got \"\", must be the path of a .cfg or .cff when adc.source is "
		 "\"comtrade\"\n", path);
	ck_assert_str_eq(errors, expected);
	free(errors);
	snprintf(config.adc.recording, sizeof(config.adc.recording), "x.cfg");
	ck_assert_int_eq(config_check_source(&config, stderr), 0);
}
END_TEST

START_TEST(every_known_key_is_its_own_nearest)
{
	char nearest[128];

	for (unsigned k = 0; k < config_keys_n; k++) {
		config_key_nearest(config_keys[k].path, nearest, sizeof(nearest));
		ck_assert_str_eq(nearest, config_keys[k].path);
	}
}
END_TEST

START_TEST(numbers_print_shortest_and_read_back_bit_for_bit)
{
	static const struct { double value; const char *text; } rows[] = {
		{ 0, "0.0" }, { 2520, "2520.0" }, { 0.04, "0.04" }, { -0.5, "-0.5" }, { 1e6, "1000000.0" }, { 1e30, "1.0e+30" },
		{ 1.5e-7, "1.5e-07" }, { 1 / 3.0, "0.3333333333333333" },
	};
	char text[64];

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		config_number_text(rows[k].value, text, sizeof(text));
		ck_assert_str_eq(text, rows[k].text);
	}
	for (int k = 0; k < 10000; k++) {
		double value = ldexp((double)random() + random() / 2147483648.0, (int)(random() % 200) - 100);

		config_number_text(value, text, sizeof(text));
		ck_assert(strtod(text, NULL) == value);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	const char *given = getenv("SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("seed %u (SEED=%u repeats it)\n", seed, seed);
	srandom(seed);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_bad_file_gets_exactly_its_errors);
	tcase_add_test(tests, unreadable_file_names_path_and_reason);
	tcase_add_test(tests, converter_addresses_name_their_place);
	tcase_add_test(tests, inputs_share_no_channel_unless_simulated);
	tcase_add_test(tests, pipes_and_terminals_are_refused_at_once);
	tcase_add_test(tests, what_a_file_says_is_in_effect_and_the_rest_stays);
	tcase_add_test(tests, a_contact_line_is_an_offset_or_a_name);
	tcase_add_test(tests, defaults_are_the_documented_ones);
	tcase_add_test(tests, what_is_printed_reads_back_the_same);
	tcase_add_test(tests, sample_file_has_every_key_at_its_default);
	tcase_add_test(tests, demonstration_is_a_good_file_and_its_load_varies);
	tcase_add_test(tests, manual_page_names_every_key_and_word);
	tcase_add_test(tests, setting_ranges_are_those_of_the_registers);
	tcase_add_test(tests, comtrade_without_recording_is_an_error_of_the_daemon_alone);
	tcase_add_test(tests, every_known_key_is_its_own_nearest);
	tcase_add_test(tests, numbers_print_shortest_and_read_back_bit_for_bit);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
