#include "client/panel_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/panel_link.h"
#include "client/panel_live.h"
#include "client/panel_screen.h"
#include "client/tui.h"
#include "daemon/monotonic.h"
#include "view/panel_page.h"

#define POLL_NS INT64_C(125000000)
#define STATUS_NS INT64_C(1000000000)
#define BLINK_NS INT64_C(400000000)
#define PRESSED_NS INT64_C(200000000)	/* how long a button is marked */
#define KEYS_MAX 64			/* that wait, and in one request */

struct show {
	struct panel_link link;
	struct grid_cell cells[GRID_ROWS_MAX * GRID_COLUMNS_MAX];
	unsigned rows, columns;
	bool ascii;

	struct panel_screen screen;
	bool has_screen;
	struct live live;
	bool has_live;
	int64_t seen_ns;		/* of the last screen */
	int64_t screen_due_ns, status_due_ns;

	enum panel_button key[KEYS_MAX];
	unsigned keys;
	int pressed;
	int64_t pressed_ns;
	char refusal[200];		/* what the daemon says, "" = nothing */
	int64_t refused_ns;
};

/* Nothing that was is shown as if it were, and no key waits for who comes back. */
static void go_dark(struct show *show)
{
	show->has_screen = show->has_live = false;
	show->keys = 0;
}

static void note_refusal(struct show *show, struct json_object *answer, int64_t now_ns)
{
	struct json_object *error, *message;

	if (!json_object_object_get_ex(answer, "error", &error) || !json_object_object_get_ex(error, "message", &message))
		snprintf(show->refusal, sizeof(show->refusal), "what answers there is no dinmeterd that has a panel");
	else
		snprintf(show->refusal, sizeof(show->refusal), "%s", json_object_get_string(message));
	show->refused_ns = now_ns;
}

static void take_screen(struct show *show, struct json_object *answer, int64_t now_ns)
{
	if (panel_screen_read(answer, &show->screen)) {
		note_refusal(show, answer, now_ns);
		/* a refused key is none of the screen's business: it is asked for again at once, and then goes dark by itself */
		show->screen_due_ns = now_ns + POLL_NS;
		return;
	}
	show->has_screen = true;
	show->seen_ns = now_ns;
	if (now_ns - show->refused_ns > 3 * STATUS_NS)
		show->refusal[0] = '\0';
}

static void take_answers(struct show *show, int64_t now_ns)
{
	struct json_object *answer, *part;
	enum panel_link_kind kind;

	while ((answer = panel_link_take(&show->link, &kind))) {
		if (kind == PANEL_LINK_SCREEN) {
			take_screen(show, answer, now_ns);
		} else if (kind == PANEL_LINK_STATUS) {
			show->has_live = json_object_object_get_ex(answer, "readings", &part);
			if (show->has_live)
				panel_live_read(answer, &show->live);
		} else {
			note_refusal(show, answer, now_ns);
		}
		json_object_put(answer);
	}
}

static void ask_screen(struct show *show, int64_t now_ns)
{
	struct json_object *members = NULL, *keys;

	if (show->keys) {
		members = json_object_new_object();
		keys = json_object_new_array();
		for (unsigned i = 0; i < show->keys; i++)
			json_object_array_add(keys, json_object_new_string(panel_button_name(show->key[i])));
		json_object_object_add(members, "keys", keys);
		show->keys = 0;
	}
	panel_link_ask(&show->link, PANEL_LINK_SCREEN, "panel", members, now_ns);
	show->screen_due_ns = now_ns + POLL_NS;
}

static void ask(struct show *show, int64_t now_ns)
{
	struct json_object *members;

	if (show->link.fd >= 0 && !panel_link_awaits(&show->link, PANEL_LINK_SCREEN) && (show->keys || now_ns >= show->screen_due_ns))
		ask_screen(show, now_ns);
	if (show->link.fd < 0 || panel_link_awaits(&show->link, PANEL_LINK_STATUS) || now_ns < show->status_due_ns ||
	    !panel_page_has_readings(show->rows, show->columns))
		return;
	members = json_object_new_object();
	json_object_object_add(members, "parts", panel_live_parts());
	panel_link_ask(&show->link, PANEL_LINK_STATUS, "status", members, now_ns);
	show->status_due_ns = now_ns + STATUS_NS;
}

/* What the answers are, and how old: a screen that is too old is none. */
static void exchange(struct show *show, int64_t now_ns)
{
	panel_link_connect(&show->link, now_ns);
	take_answers(show, now_ns);
	if (panel_link_is_silent(&show->link, now_ns) || show->link.fd < 0 || now_ns - show->seen_ns > PANEL_LINK_SILENCE_NS)
		go_dark(show);
	ask(show, now_ns);
	if (!panel_page_has_readings(show->rows, show->columns))
		show->has_live = false;
}

static void describe(const struct show *show, int64_t now_ns, char *text, size_t size)
{
	int64_t since_s = (now_ns - show->seen_ns) / INT64_C(1000000000);

	text[0] = '\0';
	if (show->has_screen)
		snprintf(text, size, "%s", show->refusal);
	else if (show->refusal[0] && now_ns - show->refused_ns < 3 * STATUS_NS)
		snprintf(text, size, "no screen for %" PRId64 " s: %s", since_s, show->refusal);
	else if (show->link.fd >= 0 && since_s < 1)
		snprintf(text, size, "asking for the screen");
	else if (show->link.fd >= 0)
		snprintf(text, size, "no answer from dinmeterd for %" PRId64 " s", since_s);
	else
		snprintf(text, size, "no connection to dinmeterd for %" PRId64 " s, trying again: %s", since_s, show->link.path);
}

static void paint(struct show *show, int64_t now_ns)
{
	char message[400];
	struct panel_page page = {
		.face = {
			.screen = show->has_screen ? &show->screen : NULL, .blank = now_ns / BLINK_NS % 2, .message = message,
			.pressed = now_ns - show->pressed_ns < PRESSED_NS ? show->pressed : -1,
		},
		.live = show->has_live ? &show->live : NULL,
	};
	struct grid grid;

	describe(show, now_ns, message, sizeof(message));
	if (!message[0])
		page.face.message = NULL;
	grid_init(&grid, show->cells, show->rows, show->columns, show->ascii);
	panel_page_draw(&grid, &page);
	tui_paint(&grid);
}

static int button_of(int key)
{
	switch (key) {
	case TUI_UP:
	case '+':
	case '=':
	case 'k':
		return PANEL_PLUS;
	case TUI_DOWN:
	case '-':
	case 'j':
		return PANEL_MINUS;
	case TUI_RIGHT:
	case TUI_ENTER:
	case 'l':
		return PANEL_NEXT;
	case TUI_LEFT:
	case TUI_ESCAPE:
	case TUI_BACKSPACE:
	case 'h':
		return PANEL_BACK;
	default:
		return -1;
	}
}

/* On a dark panel, or when too many wait, a key does nothing: one that comes late would press what the user does not see. */
static void press(struct show *show, int key, int64_t now_ns)
{
	int button = button_of(key);

	if (button < 0 || !show->has_screen || show->keys == KEYS_MAX)
		return;
	show->key[show->keys++] = (enum panel_button)button;
	show->pressed = button;
	show->pressed_ns = now_ns;
}

static int wait_ms(const struct show *show, int64_t now_ns)
{
	int64_t until_ns = now_ns + POLL_NS;

	if (show->screen_due_ns > now_ns && show->screen_due_ns < until_ns)
		until_ns = show->screen_due_ns;
	return (int)((until_ns - now_ns) / 1000000) + 1;
}

/* Keys that have come together are pressed together. */
static bool handle_keys(struct show *show, int timeout_ms)
{
	int key = tui_key(timeout_ms, show->link.fd);

	for (; key != TUI_NONE; key = tui_key(0, -1)) {
		if (key == TUI_END_OF_INPUT || key == 'q' || key == 'Q')
			return false;
		if (key == TUI_RESIZE)
			tui_size(&show->rows, &show->columns);
		else
			press(show, key, monotonic_ns());
	}
	return true;
}

int panel_show(struct control_client *client, bool ascii)
{
	struct show *show = calloc(1, sizeof(*show));
	int error;

	if (!show) {
		fputs("dinmeter panel: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	error = tui_open(ascii, true);
	if (error) {
		free(show);
		return CLIENT_FAILED;
	}
	show->ascii = tui_is_ascii();
	show->pressed = -1;
	show->seen_ns = monotonic_ns();
	tui_size(&show->rows, &show->columns);
	panel_link_init(&show->link, client->path, client->fd);
	client->fd = -1;
	do {
		int64_t now_ns = monotonic_ns();

		exchange(show, now_ns);
		paint(show, now_ns);
	} while (handle_keys(show, wait_ms(show, monotonic_ns())));
	tui_close();
	panel_link_close(&show->link);
	free(show);
	return CLIENT_DONE;
}
