/* dinmeter log: the data log as a table. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/log_columns.h"
#include "client/log_read.h"
#include "client/since.h"
#include "control/json.h"
#include "metering/alerts.h"

static const char usage[] = "usage: dinmeter log [--csv|--json] [--since T] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nExports the data log: an entry a row, oldest first, the registers by name, values in their units.\n\n"
	"  --csv          comma-separated values with a header line (the default)\n"
	"  --json         one JSON object a line\n"
	"  --since T      entries since T alone: " SINCE_ALLOWED "\n"
	CONTROL_CLIENT_HELP;

struct export {
	bool json;
	int64_t since_s;
	struct log_entries entries;
	struct log_columns columns;
};

/* All that is to be shown, with its columns.  The exit status. */
static int fetch(struct export *export, struct control_client *client)
{
	int status = log_read(&export->entries, client, "log");
	size_t shown = 0;

	if (status)
		return status;
	for (size_t i = 0; i < export->entries.n; i++) {
		const struct datalog_entry *entry = &export->entries.entry[i];

		log_columns_note(&export->columns, entry);
		if (entry->utc_s < export->since_s)
			continue;
		log_columns_add(&export->columns, entry);
		export->entries.entry[shown++] = *entry;
	}
	export->entries.n = shown;
	return CLIENT_DONE;
}

/* Empty for a time that no calendar shows. */
static void print_csv_time(int64_t seconds)
{
	char text[JSON_TIME_MAX];

	json_show_time(seconds, text);
	printf("%s,", text);
}

/* Empty where the meter did not yet note them; "none" is a thing to know. */
static void print_csv_noted(const struct datalog_entry *entry)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);
	const char *before = "";

	if (!entry->noted) {
		fputs(",,,", stdout);
		return;
	}
	printf(",%" PRIu32 ",%u,", entry->measured_s, entry->energy_resets);
	for (size_t i = 0; i < n; i++)
		if (entry->alerts & words[i].bit) {
			printf("%s%s", before, words[i].code);
			before = " ";
		}
	if (!*before)
		fputs("none", stdout);
}

static void print_csv(const struct export *export)
{
	char text[DECODE_TEXT_MAX];

	fputs("utc,clock,serial,measured_s,energy_resets,alert_codes", stdout);
	for (unsigned c = 0; c < export->columns.n; c++)
		printf(",%s", export->columns.column[c].name);
	putchar('\n');
	for (size_t i = 0; i < export->entries.n; i++) {
		const struct datalog_entry *entry = &export->entries.entry[i];

		print_csv_time(entry->utc_s);
		print_csv_time(entry->clock_s);
		printf("%" PRIu64, entry->serial);
		print_csv_noted(entry);
		for (unsigned c = 0; c < export->columns.n; c++)
			printf(",%s", log_columns_text(&export->columns.column[c], entry, text) ? text : "");
		putchar('\n');
	}
}

static void print_json_time(const char *key, int64_t seconds)
{
	char text[JSON_TIME_MAX];

	if (json_show_time(seconds, text))
		printf("\"%s\":\"%s\",", key, text);
	else
		printf("\"%s\":null,", key);
}

static void print_json_noted(const struct datalog_entry *entry)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);
	const char *before = "";

	if (!entry->noted) {
		fputs(",\"measured_s\":null,\"energy_resets\":null,\"alert_codes\":null", stdout);
		return;
	}
	printf(",\"measured_s\":%" PRIu32 ",\"energy_resets\":%u,\"alert_codes\":[", entry->measured_s, entry->energy_resets);
	for (size_t i = 0; i < n; i++)
		if (entry->alerts & words[i].bit) {
			printf("%s\"%s\"", before, words[i].code);
			before = ",";
		}
	putchar(']');
}

static void print_json(const struct export *export)
{
	char text[DECODE_TEXT_MAX];

	for (size_t i = 0; i < export->entries.n; i++) {
		const struct datalog_entry *entry = &export->entries.entry[i];

		putchar('{');
		print_json_time("utc", entry->utc_s);
		print_json_time("clock", entry->clock_s);
		printf("\"serial\":%" PRIu64, entry->serial);
		print_json_noted(entry);
		for (unsigned c = 0; c < export->columns.n; c++)
			if (log_columns_text(&export->columns.column[c], entry, text))
				printf(",\"%s\":%s", export->columns.column[c].name, *text ? text : "null");
		puts("}");
	}
}

static int run(struct export *export, const char *socket, const char *config)
{
	struct control_client client;
	int status = control_client_open(&client, socket, config);

	if (status)
		return status;
	status = fetch(export, &client);
	control_client_close(&client);
	if (status)
		return status;
	log_columns_finish(&export->columns);
	if (export->json)
		print_json(export);
	else
		print_csv(export);
	if (!fflush(stdout) && !ferror(stdout))
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter log: the log cannot be written: %s\n", strerror(errno));
	return CLIENT_FAILED;
}

/* -1 to go on, or the exit status. */
static int read_options(struct export *export, const char **socket, const char **config, int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", no_argument, NULL, 'v' }, { "json", no_argument, NULL, 'j' }, { "since", required_argument, NULL, 't' },
		CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'v':
		case 'j':
			export->json = option == 'j';
			break;
		case 't':
			if (!since_parse(optarg, time(NULL), &export->since_s))
				break;
			fprintf(stderr, "dinmeter log: --since: got '%s', must be %s\n", optarg, SINCE_ALLOWED);
			return CLIENT_USAGE;
		default:
			status = control_client_take_option(socket, config, option, usage, help);
		}
	}
	if (status >= 0 || optind == argc)
		return status;
	fprintf(stderr, "dinmeter log: unexpected '%s'\n", argv[optind]);
	fputs(usage, stderr);
	return CLIENT_USAGE;
}

int client_log(int argc, char **argv)
{
	struct export *export = calloc(1, sizeof(*export));
	const char *socket = NULL, *config = NULL;
	int status;

	if (!export)
		return CLIENT_FAILED;
	export->since_s = INT64_MIN;
	status = read_options(export, &socket, &config, argc, argv);
	if (status < 0)
		status = run(export, socket, config);
	free(export->entries.entry);
	free(export);
	return status;
}
