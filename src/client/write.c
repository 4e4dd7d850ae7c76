/* dinmeter set, reset, command: what changes the meter.  The daemon checks; here only the number of arguments is. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/hidden_line.h"

#define LINE_MAX_BYTES 256

static const char set_usage[] = "usage: dinmeter set " CONTROL_CLIENT_USAGE " NAME VALUE\n";
static const char set_help[] =
	"\nChanges a setting, as a Modbus master would: a R/W register of the map by its name (`dinmeter registers`), or address,\n"
	"baud, parity, setup_password, reset_password.  Values as the configuration file writes them: pt_ratio 2.00, display_units\n"
	"IEC or IEEE, parity none, even or odd; all else a whole number.  With - for VALUE it is read from standard input.\n\n"
	CONTROL_CLIENT_HELP;

static const char reset_usage[] = "usage: dinmeter reset " CONTROL_CLIENT_USAGE " energy|demand|counters|log\n";
static const char reset_help[] =
	"\nClears the energies, sets the maximum demands to the present ones, clears the pulse counters, or clears the data log.\n\n"
	CONTROL_CLIENT_HELP;

static const char command_usage[] = "usage: dinmeter command " CONTROL_CLIENT_USAGE " sync\n";
static const char command_help[] =
	"\nsync ends the demand sub-interval that runs, at the end of the present second.\n\n"
	CONTROL_CLIENT_HELP;

struct options {
	const char *socket, *config;
	char **argument;	/* what is no option */
};

/* Options from optind on, up to what is none.  -1 to go on, or the exit status. */
static int take_options(struct options *options, int argc, char **argv, const char *usage, const char *help)
{
	static const struct option known[] = { CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 } };
	int option, status = -1;

	/* '+': a value may be negative, it is no option then */
	while (status < 0 && (option = getopt_long(argc, argv, "+c:h", known, NULL)) != -1)
		status = control_client_take_option(&options->socket, &options->config, option, usage, help);
	return status;
}

/* Options, `wanted` arguments, options.  -1 to go on, or the exit status. */
static int read_options(struct options *options, int argc, char **argv, int wanted, const char *usage, const char *help)
{
	int status, first, got;

	*options = (struct options){ 0 };
	status = take_options(options, argc, argv, usage, help);
	if (status >= 0)
		return status;
	first = optind;
	got = argc - first;
	if (got > wanted) {
		optind = first + wanted;
		status = take_options(options, argc, argv, usage, help);
		if (status >= 0)
			return status;
		got = wanted + argc - optind;
	}
	options->argument = argv + first;
	if (got == wanted)
		return -1;
	fprintf(stderr, "dinmeter %s: got %d arguments, expected %d\n%s", argv[0], got, wanted, usage);
	return CLIENT_USAGE;
}

static int ask(const struct options *options, const char *cmd, struct json_object *members)
{
	struct control_client client;
	struct json_object *response;
	int status = control_client_open(&client, options->socket, options->config);

	if (status) {
		json_object_put(members);
		return status;
	}
	response = control_client_ask(&client, cmd, members);
	control_client_close(&client);
	if (!response)
		return CLIENT_FAILED;
	json_object_put(response);
	return CLIENT_DONE;
}

/* JSON has no number for what no double holds, and json-c makes the nearest of 64 bits of whole ones beyond. */
static bool is_exact(struct json_object *value)
{
	if (json_object_is_type(value, json_type_double))
		return isfinite(json_object_get_double(value));
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) > INT64_MIN && json_object_get_uint64(value) < UINT64_MAX;
}

/* A number where it reads as one, else text, so that the daemon's answer shows what was given; a password keeps its zeros. */
static struct json_object *to_value(const char *name, const char *text)
{
	struct json_tokener *tokener;
	struct json_object *value = NULL;

	if (strstr(name, "_password"))
		return json_object_new_string(text);
	tokener = json_tokener_new();
	if (tokener) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
		/* with its NUL: a number ends there */
		value = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
		json_tokener_free(tokener);
	}
	if (is_exact(value))
		return value;
	json_object_put(value);
	return json_object_new_string(text);
}

int client_set(int argc, char **argv)
{
	struct json_object *members;
	struct options options;
	char line[LINE_MAX_BYTES], prompt[40];
	const char *text;
	int status = read_options(&options, argc, argv, 2, set_usage, set_help);

	if (status >= 0)
		return status;
	text = options.argument[1];
	if (!strcmp(text, "-")) {
		snprintf(prompt, sizeof(prompt), "%.32s: ", options.argument[0]);
		if (hidden_line_read(line, sizeof(line), prompt)) {
			fprintf(stderr, "dinmeter set: no value on standard input\n");
			return CLIENT_USAGE;
		}
		text = line;
	}
	members = json_object_new_object();
	json_object_object_add(members, "name", json_object_new_string(options.argument[0]));
	json_object_object_add(members, "value", to_value(options.argument[0], text));
	return ask(&options, "set", members);
}

/* `words`: what may be said, ended by NULL. */
static int say(int argc, char **argv, const char *const words[], const char *usage, const char *help)
{
	struct json_object *members;
	struct options options;
	int status = read_options(&options, argc, argv, 1, usage, help);

	if (status >= 0)
		return status;
	for (int i = 0; words[i]; i++) {
		if (strcmp(options.argument[0], words[i]))
			continue;
		members = json_object_new_object();
		json_object_object_add(members, "what", json_object_new_string(words[i]));
		return ask(&options, argv[0], members);
	}
	fprintf(stderr, "dinmeter %s: unknown '%s'\n%s", argv[0], options.argument[0], usage);
	return CLIENT_USAGE;
}

int client_reset(int argc, char **argv)
{
	static const char *const words[] = { "energy", "demand", "counters", "log", NULL };

	return say(argc, argv, words, reset_usage, reset_help);
}

int client_command(int argc, char **argv)
{
	static const char *const words[] = { "sync", NULL };

	return say(argc, argv, words, command_usage, command_help);
}
