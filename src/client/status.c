/* dinmeter status: one look, or one a second. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/status_text.h"

static const char usage[] = "usage: dinmeter status [--json] [--watch] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nShows the readings, energies, demand and alerts of a running daemon, and how its parts are.\n\n"
	"  --json         one JSON object on a line, as dinmeter-control(7) describes it\n"
	"  --watch        again each second, until interrupted; a daemon that ends is waited for\n"
	CONTROL_CLIENT_HELP;

/* Clears what the line held before, so that the screen need not be emptied first: no flicker. */
static void redraw(const char *text)
{
	fputs("\033[H", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\033[K", stdout);
		putchar(*text);
	}
	fputs("\033[J", stdout);
}

static int print_text(struct json_object *status, bool screen)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	status_text_print(out, status);
	if (fclose(out) || !text) {
		free(text);
		return -ENOMEM;
	}
	if (screen)
		redraw(text);
	else
		fputs(text, stdout);
	free(text);
	return 0;
}

static void print_json(struct json_object *status)
{
	json_object_object_del(status, "v");
	json_object_object_del(status, "id");
	json_object_object_del(status, "ok");
	puts(json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int show(struct control_client *client, bool json, bool screen)
{
	struct json_object *status = control_client_ask(client, "status", NULL);
	int error = 0;

	if (!status)
		return CLIENT_FAILED;
	if (json)
		print_json(status);
	else
		error = print_text(status, screen);
	json_object_put(status);
	if (!error && !fflush(stdout) && !ferror(stdout))
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter: the status cannot be written: %s\n", strerror(error ? -error : errno));
	return CLIENT_FAILED;
}

static int watch(struct control_client *client, bool json)
{
	bool screen = !json && isatty(STDOUT_FILENO);
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		int status = show(client, json, screen);

		if (status && !client->lost)
			return status;
		if (status) {
			control_client_await(client);
			clock_gettime(CLOCK_MONOTONIC, &next);
			continue;
		}
		next.tv_sec++;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		if (!json && !screen)
			putchar('\n');
	}
}

int client_status(int argc, char **argv)
{
	struct control_client_options options;
	struct control_client client;
	int status = control_client_read_options(&options, argc, argv, usage, help);

	if (status >= 0)
		return status;
	status = control_client_open(&client, options.socket, options.config);
	if (status)
		return status;
	status = options.watch ? watch(&client, options.json) : show(&client, options.json, false);
	control_client_close(&client);
	return status;
}
