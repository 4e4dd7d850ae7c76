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
#include "client/since.h"
#include "control/json.h"

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
	struct datalog_entry *entry;
	size_t n, size;
	struct log_columns columns;
};

static int64_t member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

static void read_words(struct json_object *object, const char *key, uint16_t words[DATALOG_LOGS])
{
	struct json_object *list;

	if (!json_object_object_get_ex(object, key, &list) || !json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < DATALOG_LOGS && i < json_object_array_length(list); i++)
		words[i] = (uint16_t)json_object_get_int(json_object_array_get_idx(list, i));
}

static void read_entry(struct json_object *object, struct datalog_entry *entry)
{
	struct json_object *scales = NULL;

	json_object_object_get_ex(object, "scales", &scales);
	*entry = (struct datalog_entry){
		.serial = (uint64_t)member(object, "serial"), .utc_s = member(object, "utc_s"), .clock_s = member(object, "clock_s"),
		.scale_i = (int8_t)member(scales, "i"), .scale_v = (int8_t)member(scales, "v"),
		.scale_w = (int8_t)member(scales, "w"), .scale_e = (int8_t)member(scales, "e"),
	};
	read_words(object, "pointers", entry->pointer);
	read_words(object, "words", entry->word);
}

/* Keeps what is not too old.  0 or -ENOMEM. */
static int keep(struct export *export, const struct datalog_entry *entry)
{
	if (entry->utc_s < export->since_s)
		return 0;
	if (export->n == export->size) {
		size_t size = export->size ? 2 * export->size : 512;
		struct datalog_entry *entries = realloc(export->entry, size * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		export->entry = entries;
		export->size = size;
	}
	export->entry[export->n++] = *entry;
	log_columns_add(&export->columns, entry);
	return 0;
}

/* All pages.  The exit status. */
static int fetch(struct export *export, struct control_client *client)
{
	uint64_t next = 0;
	bool more = true;

	while (more) {
		struct json_object *members = json_object_new_object(), *response, *entries = NULL;
		int error = 0;

		json_object_object_add(members, "from", json_object_new_uint64(next));
		response = control_client_ask(client, "log", members);
		if (!response)
			return CLIENT_FAILED;
		json_object_object_get_ex(response, "entries", &entries);
		for (size_t i = 0; entries && i < json_object_array_length(entries) && !error; i++) {
			struct datalog_entry entry;

			read_entry(json_object_array_get_idx(entries, i), &entry);
			log_columns_note(&export->columns, &entry);
			error = keep(export, &entry);
		}
		/* who hands out the same page for ever is not followed */
		more = member(response, "more") && (uint64_t)member(response, "next") > next;
		next = (uint64_t)member(response, "next");
		json_object_put(response);
		if (error) {
			fprintf(stderr, "dinmeter log: memory is short\n");
			return CLIENT_FAILED;
		}
	}
	return CLIENT_DONE;
}

/* Empty for a time that no calendar shows. */
static void print_csv_time(int64_t seconds)
{
	char text[JSON_TIME_MAX];

	json_show_time(seconds, text);
	printf("%s,", text);
}

static void print_csv(const struct export *export)
{
	char text[DECODE_TEXT_MAX];

	fputs("utc,clock,serial", stdout);
	for (unsigned c = 0; c < export->columns.n; c++)
		printf(",%s", export->columns.column[c].name);
	putchar('\n');
	for (size_t i = 0; i < export->n; i++) {
		const struct datalog_entry *entry = &export->entry[i];

		print_csv_time(entry->utc_s);
		print_csv_time(entry->clock_s);
		printf("%" PRIu64, entry->serial);
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

static void print_json(const struct export *export)
{
	char text[DECODE_TEXT_MAX];

	for (size_t i = 0; i < export->n; i++) {
		const struct datalog_entry *entry = &export->entry[i];

		putchar('{');
		print_json_time("utc", entry->utc_s);
		print_json_time("clock", entry->clock_s);
		printf("\"serial\":%" PRIu64, entry->serial);
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

static int usage_error(void)
{
	fputs(usage, stderr);
	return CLIENT_USAGE;
}

/* -1 to go on, or the exit status. */
static int read_options(struct export *export, const char **socket, const char **config, int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", no_argument, NULL, 'v' }, { "json", no_argument, NULL, 'j' }, { "since", required_argument, NULL, 't' },
		CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
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
		case 'S':
			*socket = optarg;
			break;
		case 'c':
			*config = optarg;
			break;
		case 'h':
			printf("%s%s", usage, help);
			return CLIENT_DONE;
		default:
			return usage_error();
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "dinmeter log: unexpected '%s'\n", argv[optind]);
	return usage_error();
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
	free(export->entry);
	free(export);
	return status;
}
