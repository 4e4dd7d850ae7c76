/* dinmeter outputs: the contacts, and the edges of simulated ones as they come. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/status_text.h"

/* Far less than the 4096 edges that the daemon keeps: ten in a second are the most of one contact. */
#define LOOK_NS 100000000

static const char usage[] = "usage: dinmeter outputs [--json] [--watch] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nShows the contacts and LEDs of a running daemon.\n\n"
	"  --json         JSON: the contacts as one object, each edge as one\n"
	"  --watch        then each edge of a simulated contact (chip = \"sim\") with its time, until interrupted\n"
	CONTROL_CLIENT_HELP;

struct watcher {
	struct control_client client;
	bool json;
	uint64_t since;
};

static int flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter: the outputs cannot be written: %s\n", strerror(errno));
	return CLIENT_FAILED;
}

static int print_state(struct watcher *watcher)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array(), *status, *outputs;

	json_object_array_add(parts, json_object_new_string("outputs"));
	json_object_object_add(members, "parts", parts);
	status = control_client_ask(&watcher->client, "status", members);
	if (!status)
		return CLIENT_FAILED;
	if (!watcher->json)
		status_text_print_outputs(stdout, status);
	else if (json_object_object_get_ex(status, "outputs", &outputs))
		puts(json_object_to_json_string_ext(outputs, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(status);
	return flush();
}

static const char *text(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && value ? json_object_get_string(value) : "--";
}

static void print_edge(struct watcher *watcher, struct json_object *edge)
{
	struct json_object *value;
	uint64_t number = json_object_object_get_ex(edge, "number", &value) ? json_object_get_uint64(value) : 0;
	bool closed = json_object_object_get_ex(edge, "closed", &value) && json_object_get_boolean(value);
	bool alarm = !strcmp(text(edge, "contact"), "alarm");

	if (number > watcher->since + 1)
		fprintf(stderr, "dinmeter outputs: %llu edges were missed\n", (unsigned long long)(number - watcher->since - 1));
	watcher->since = number;
	if (watcher->json)
		puts(json_object_to_json_string_ext(edge, JSON_C_TO_STRING_PLAIN));
	else
		printf("%s %s %s\n", text(edge, "utc"), text(edge, "contact"),
		       alarm ? (closed ? "driven" : "alarm") : (closed ? "closed" : "open"));
}

/* Fetches what is new, all of it.  `print`: and prints it. */
static int fetch(struct watcher *watcher, bool print)
{
	bool more = true;

	while (more) {
		struct json_object *members = json_object_new_object(), *response, *edges, *value;

		json_object_object_add(members, "since", json_object_new_uint64(watcher->since));
		response = control_client_ask(&watcher->client, "edges", members);
		if (!response)
			return CLIENT_FAILED;
		more = json_object_object_get_ex(response, "more", &value) && json_object_get_boolean(value);
		if (print && json_object_object_get_ex(response, "edges", &edges))
			for (size_t i = 0; i < json_object_array_length(edges); i++)
				print_edge(watcher, json_object_array_get_idx(edges, i));
		else if (json_object_object_get_ex(response, "next", &value))
			watcher->since = json_object_get_uint64(value);
		json_object_put(response);
	}
	return print ? flush() : CLIENT_DONE;
}

static int watch(struct watcher *watcher)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	int status = fetch(watcher, false);

	if (!status)
		status = print_state(watcher);
	while (!status) {
		status = fetch(watcher, true);
		nanosleep(&pause, NULL);
	}
	return status;
}

int client_outputs(int argc, char **argv)
{
	struct control_client_options options;
	struct watcher watcher = { .json = false };
	int status = control_client_read_options(&options, argc, argv, usage, help);

	if (status >= 0)
		return status;
	watcher.json = options.json;
	status = control_client_open(&watcher.client, options.socket, options.config);
	if (status)
		return status;
	status = options.watch ? watch(&watcher) : print_state(&watcher);
	control_client_close(&watcher.client);
	return status;
}
