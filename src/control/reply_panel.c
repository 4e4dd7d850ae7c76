/* The front panel: its screen, and keys pressed on it. */
#include <errno.h>
#include <string.h>

#include "control/request.h"

static const char *const led_names[PANEL_LEDS] = {
	[PANEL_LED_ALARM] = "alarm", [PANEL_LED_ENERGY] = "energy", [PANEL_LED_TX] = "tx", [PANEL_LED_RX] = "rx",
	[PANEL_LED_ERROR] = "error",
};

/* The keys in order; without the member, none.  0 or -1. */
static int get_buttons(struct request *request, enum panel_button button[PANEL_KEYS_MAX], unsigned *n)
{
	struct json_object *keys;
	char shown[REQUEST_SHOWN_MAX];

	*n = 0;
	if (request_get_array(request, "keys", &keys))
		return -1;
	if (keys && json_object_array_length(keys) > PANEL_KEYS_MAX)
		return request_fail(request, "bad_request", "keys: got %zu keys, must be 1-%d", json_object_array_length(keys), PANEL_KEYS_MAX);
	for (size_t i = 0; keys && i < json_object_array_length(keys); i++) {
		struct json_object *key = json_object_array_get_idx(keys, i);
		const char *name = json_get_text(key);
		int known = name ? panel_button_parse(name) : -1;

		if (known < 0)
			return request_fail(request, "bad_request", "keys: got %s, must be of +, -, right, left (also up, down, next, back)",
					    request_show(key, shown));
		button[(*n)++] = (enum panel_button)known;
	}
	return 0;
}

static struct json_object *blink_array(const struct panel_row *row)
{
	struct json_object *array = json_object_new_array();

	for (int c = 0; c < PANEL_CELLS; c++)
		if (row->blink[c])
			json_object_array_add(array, json_object_new_int(c));
	return array;
}

static struct json_object *screen_object(const struct panel_screen *screen)
{
	struct json_object *object = json_object_new_object(), *leds = json_object_new_object();
	char text[2 * PANEL_CELLS + 1];

	panel_row_text(&screen->top, text);
	json_add_text(object, "top", text);
	panel_row_text(&screen->bottom, text);
	json_add_text(object, "bottom", text);
	json_add(object, "top_blink", blink_array(&screen->top));
	json_add(object, "bottom_blink", blink_array(&screen->bottom));
	json_add_bool(object, "wrench", screen->wrench);
	json_add_bool(object, "heart", screen->heart);
	for (int l = 0; l < PANEL_LEDS; l++)
		json_add_bool(leds, led_names[l], screen->led[l]);
	json_add(object, "leds", leds);
	json_add_text(object, "place", screen->place);
	return object;
}

int reply_panel(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	enum panel_button button[PANEL_KEYS_MAX];
	struct panel_screen screen;
	unsigned n;
	int error;

	if (get_buttons(request, button, &n))
		return -1;
	error = protocol->ops->panel(protocol->context, button, n, &screen);
	if (error == -EBUSY)
		return request_fail(request, "busy", "keys: too many of others wait; none of these was pressed");
	if (error == -ETIMEDOUT)
		return request_fail(request, "timeout", "keys: the meter did not answer in time; the last ones were not pressed, and whether "
				    "the one before them did what it should is not known");
	if (error)
		return request_fail(request, "failed", "keys: %s", strerror(-error));
	json_add(request->reply, "screen", screen_object(&screen));
	return 0;
}
