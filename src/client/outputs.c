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

/* Far less than fills the 4096 edges that the daemon keeps: three contacts make 300 in a second at most. */
#define LOOK_NS 100000000
#define EDGES_MAX 256

static const char usage[] = "usage: dinmeter outputs [--json] [--watch] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nShows the contacts and LEDs of a running daemon.\n\n"
	"  --json         JSON: the contacts as one object, each edge as one\n"
	"  --watch        then each edge of a simulated contact (chip = \"sim\") with its time, until interrupted;\n"
	"                 a daemon that ends is waited for\n"
	CONTROL_CLIENT_HELP;

struct watcher {
	struct control_client client;
	bool json;
	uint64_t since;		/* number of the newest edge that was seen .. */
	int64_t since_ns;	/* .. and when it was */
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

static uint64_t number(struct json_object *edge)
{
	struct json_object *value;

	return json_object_object_get_ex(edge, "number", &value) ? json_object_get_uint64(value) : 0;
}

static int64_t time_ns(struct json_object *edge)
{
	struct json_object *value;

	return json_object_object_get_ex(edge, "t_ns", &value) ? json_object_get_int64(value) : 0;
}

static void print_edge(const struct watcher *watcher, struct json_object *edge)
{
	struct json_object *value;
	bool closed = json_object_object_get_ex(edge, "closed", &value) && json_object_get_boolean(value);
	bool alarm = !strcmp(text(edge, "contact"), "alarm");

	if (number(edge) > watcher->since + 1)
		fprintf(stderr, "dinmeter outputs: %llu edges were missed\n", (unsigned long long)(number(edge) - watcher->since - 1));
	if (watcher->json)
		puts(json_object_to_json_string_ext(edge, JSON_C_TO_STRING_PLAIN));
	else
		printf("%s %s %s\n", text(edge, "utc"), text(edge, "contact"),
		       alarm ? (closed ? "driven" : "alarm") : (closed ? "closed" : "open"));
}

/* The edges behind number `since`, `max` at most.  To be put; NULL when that failed. */
static struct json_object *ask_edges(struct watcher *watcher, uint64_t since, unsigned max, struct json_object **edges)
{
	struct json_object *members = json_object_new_object(), *response;

	json_object_object_add(members, "since", json_object_new_uint64(since));
	json_object_object_add(members, "max", json_object_new_int64(max));
	response = control_client_ask(&watcher->client, "edges", members);
	if (!response || !json_object_object_get_ex(response, "edges", edges) || !json_object_is_type(*edges, json_type_array))
		*edges = NULL;
	return response;
}

/* Fetches what is new, all of it.  `print`: and prints it. */
static int fetch(struct watcher *watcher, bool print)
{
	bool more = true;

	while (more) {
		struct json_object *edges, *value, *response = ask_edges(watcher, watcher->since, EDGES_MAX, &edges);

		if (!response)
			return CLIENT_FAILED;
		more = edges && json_object_array_length(edges) > 0 && json_object_object_get_ex(response, "more", &value) &&
		       json_object_get_boolean(value);
		for (size_t i = 0; edges && i < json_object_array_length(edges); i++) {
			struct json_object *edge = json_object_array_get_idx(edges, i);

			if (print)
				print_edge(watcher, edge);
			watcher->since = number(edge);
			watcher->since_ns = time_ns(edge);
		}
		json_object_put(response);
	}
	return print ? flush() : CLIENT_DONE;
}

/* A daemon that was started anew numbers from 1 again: the edge of the number is not there, or another. */
static int rejoin(struct watcher *watcher)
{
	struct json_object *edges, *edge, *response;

	control_client_await(&watcher->client);
	if (watcher->since == 0)
		return CLIENT_DONE;
	response = ask_edges(watcher, watcher->since - 1, 1, &edges);
	if (!response)
		return CLIENT_FAILED;
	edge = edges ? json_object_array_get_idx(edges, 0) : NULL;
	if (!edge || (number(edge) == watcher->since && time_ns(edge) != watcher->since_ns))
		watcher->since = 0;
	json_object_put(response);
	return CLIENT_DONE;
}

static int watch(struct watcher *watcher)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	int status = fetch(watcher, false);

	if (!status)
		status = print_state(watcher);
	while (!status || watcher->client.lost) {
		status = watcher->client.lost ? rejoin(watcher) : fetch(watcher, true);
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
