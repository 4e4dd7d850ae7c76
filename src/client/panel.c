/* dinmeter panel: the meter's front panel, on the terminal or for scripts. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/panel_screen.h"
#include "client/panel_show.h"
#include "picture/panel_picture.h"

#define KEYS_AT_ONCE 64			/* dinmeter-control(7) */
#define KEYS_MAX 4096
#define BLANKS " ,\t\n"

static const char usage[] =
	"usage: dinmeter panel [--ascii] [--keys KEYS] [--screen | --json | --png FILE [--dark] | --svg FILE [--dark]]\n"
	"                      " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"Shows the meter's front panel and presses its buttons: arrows or + - h j k l, q ends it.\n"
	"\n"
	"  --ascii        draw with nothing but ASCII\n"
	"  --keys KEYS    press these, as \"right right + -\", and end\n"
	"  --screen       print the screen, after the keys, and end\n"
	"  --json         print it as JSON\n"
	"  --png FILE     draw the meter's face with it into the file\n"
	"  --svg FILE     the same as SVG\n"
	"  --dark         on a dark ground\n"
	CONTROL_CLIENT_HELP;

struct wish {
	const char *socket, *config, *keys;
	const char *picture;		/* --png or --svg, NULL: none */
	bool ascii, screen, json, dark;
};

/* The names into `keys`, an array of JSON.  0, or CLIENT_USAGE after a message. */
static int read_keys(const char *text, struct json_object *keys)
{
	char name[16];

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t length = strcspn(text, BLANKS);
		int button;

		snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name)), text);
		button = length < sizeof(name) ? panel_button_parse(name) : -1;
		if (button < 0) {
			fprintf(stderr, "dinmeter panel: --keys: '%.*s' is no key: + (or up), - (or down), right (or next), left (or back)\n",
				(int)length, text);
			return CLIENT_USAGE;
		}
		json_object_array_add(keys, json_object_new_string(panel_button_name((enum panel_button)button)));
		text += length;
	}
	if (json_object_array_length(keys) >= 1 && json_object_array_length(keys) <= KEYS_MAX)
		return 0;
	fprintf(stderr, "dinmeter panel: --keys: got %zu keys, must be 1-%d\n", json_object_array_length(keys), KEYS_MAX);
	return CLIENT_USAGE;
}

/* Presses them, so many at once as a request holds, and returns the last response; NULL after a message: then some may be pressed. */
static struct json_object *press(struct control_client *client, struct json_object *keys)
{
	size_t n = json_object_array_length(keys), i = 0;
	struct json_object *response = NULL;

	do {
		struct json_object *members = json_object_new_object(), *part = json_object_new_array();

		for (size_t end = i + KEYS_AT_ONCE; i < n && i < end; i++)
			json_object_array_add(part, json_object_get(json_object_array_get_idx(keys, i)));
		if (n)
			json_object_object_add(members, "keys", part);
		else
			json_object_put(part);
		json_object_put(response);
		response = control_client_ask(client, "panel", members);
	} while (response && i < n);
	return response;
}

static int draw(const struct panel_screen *screen, const struct wish *wish)
{
	int err = panel_picture_write(screen, wish->picture, wish->dark ? PICTURE_DARK : PICTURE_LIGHT);

	if (!err)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter panel: %s: %s\n", wish->picture, strerror(-err));
	return CLIENT_FAILED;
}

static int print(struct json_object *response, const struct wish *wish)
{
	struct panel_screen screen;
	struct json_object *object;

	if (panel_screen_read(response, &screen)) {
		fputs("dinmeter panel: what the daemon sent is no screen\n", stderr);
		return CLIENT_FAILED;
	}
	if (wish->picture)
		return draw(&screen, wish);
	if (wish->json && json_object_object_get_ex(response, "screen", &object))
		puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		panel_screen_print(stdout, &screen);
	return CLIENT_DONE;
}

static int run_script(struct control_client *client, const struct wish *wish, struct json_object *keys)
{
	struct json_object *response = press(client, keys);
	int status = response ? CLIENT_DONE : CLIENT_FAILED;

	if (response && wish->screen)
		status = print(response, wish);
	json_object_put(response);
	return status;
}

static int run(const struct wish *wish)
{
	struct json_object *keys = json_object_new_array();
	struct control_client client;
	int status = wish->keys ? read_keys(wish->keys, keys) : CLIENT_DONE;

	if (!status)
		status = control_client_open(&client, wish->socket, wish->config);
	if (!status) {
		status = wish->keys || wish->screen ? run_script(&client, wish, keys) : panel_show(&client, wish->ascii);
		control_client_close(&client);
	}
	json_object_put(keys);
	return status;
}

/* A file for the picture.  0, or CLIENT_USAGE after a message. */
static int take_picture(struct wish *wish, const char *file, enum picture_format wanted, const char *option)
{
	enum picture_format format;

	if (picture_format_of(file, &format) || format != wanted) {
		fprintf(stderr, "dinmeter panel: --%s: got '%s', must be a file whose name ends in .%s\n", option, file, option);
		return CLIENT_USAGE;
	}
	if (wish->picture) {
		fputs("dinmeter panel: --png and --svg exclude each other\n", stderr);
		return CLIENT_USAGE;
	}
	wish->picture = file;
	wish->screen = true;
	return 0;
}

/* 0, or CLIENT_USAGE after a message. */
static int check_wish(const struct wish *wish)
{
	if (wish->json && wish->picture)
		fputs("dinmeter panel: --json prints, --png and --svg draw: only one of them\n", stderr);
	else if (wish->dark && !wish->picture)
		fputs("dinmeter panel: --dark needs --png or --svg\n", stderr);
	else
		return 0;
	return CLIENT_USAGE;
}

int client_panel(int argc, char **argv)
{
	static const struct option known[] = {
		{ "ascii", no_argument, NULL, 'a' }, { "keys", required_argument, NULL, 'k' }, { "screen", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' }, { "png", required_argument, NULL, 'P' }, { "svg", required_argument, NULL, 'V' },
		{ "dark", no_argument, NULL, 'D' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	struct wish wish = { 0 };
	int option, status;

	while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		switch (option) {
		case 'a':
			wish.ascii = true;
			break;
		case 'k':
			wish.keys = optarg;
			break;
		case 'j':
			wish.json = wish.screen = true;
			break;
		case 's':
			wish.screen = true;
			break;
		case 'P':
		case 'V':
			if (take_picture(&wish, optarg, option == 'P' ? PICTURE_PNG : PICTURE_SVG, option == 'P' ? "png" : "svg"))
				return CLIENT_USAGE;
			break;
		case 'D':
			wish.dark = true;
			break;
		default:
			status = control_client_take_option(&wish.socket, &wish.config, option, usage, help);
			if (status >= 0)
				return status;
		}
	}
	if (optind == argc)
		return check_wish(&wish) ? CLIENT_USAGE : run(&wish);
	fprintf(stderr, "dinmeter panel: unexpected '%s'\n%s", argv[optind], usage);
	return CLIENT_USAGE;
}
