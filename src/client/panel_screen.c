#include "client/panel_screen.h"

#include <errno.h>
#include <string.h>

static const char *const led_names[PANEL_LEDS] = {
	[PANEL_LED_ALARM] = "alarm", [PANEL_LED_ENERGY] = "energy", [PANEL_LED_TX] = "tx", [PANEL_LED_RX] = "rx",
	[PANEL_LED_ERROR] = "error",
};

static int read_text(struct json_object *object, const char *key, const char **text)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return -EINVAL;
	*text = json_object_get_string(value);
	return 0;
}

static int read_flag(struct json_object *object, const char *key, bool *flag)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_boolean))
		return -EINVAL;
	*flag = json_object_get_boolean(value);
	return 0;
}

static int read_row(struct json_object *object, const char *key, const char *blink_key, struct panel_row *row)
{
	struct json_object *blink;
	const char *text;

	if (read_text(object, key, &text) || panel_row_parse(text, row) ||
	    !json_object_object_get_ex(object, blink_key, &blink) || !json_object_is_type(blink, json_type_array))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(blink); i++) {
		int64_t cell = json_object_get_int64(json_object_array_get_idx(blink, i));

		if (cell < 0 || cell >= PANEL_CELLS)
			return -EINVAL;
		row->blink[cell] = true;
	}
	return 0;
}

int panel_screen_read(struct json_object *response, struct panel_screen *screen)
{
	struct json_object *object, *leds;
	const char *place;

	memset(screen, 0, sizeof(*screen));
	if (!json_object_object_get_ex(response, "screen", &object) || !json_object_object_get_ex(object, "leds", &leds) ||
	    read_row(object, "top", "top_blink", &screen->top) || read_row(object, "bottom", "bottom_blink", &screen->bottom) ||
	    read_flag(object, "wrench", &screen->wrench) || read_flag(object, "heart", &screen->heart) ||
	    read_text(object, "place", &place))
		return -EINVAL;
	for (int i = 0; i < PANEL_LEDS; i++)
		if (read_flag(leds, led_names[i], &screen->led[i]))
			return -EINVAL;
	snprintf(screen->place, sizeof(screen->place), "%s", place);
	return 0;
}

static void print_row(FILE *out, const char *name, const struct panel_row *row)
{
	char text[2 * PANEL_CELLS + 1];
	size_t length;

	panel_row_text(row, text);
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	fprintf(out, "%s: %.*s\n", name, (int)length, text);
}

/* Cells are counted from 1, as who looks at a display does. */
static void print_blink(FILE *out, const struct panel_screen *screen)
{
	bool any = false;

	fputs("blinking:", out);
	for (int r = 0; r < 2; r++) {
		for (int i = 0; i < PANEL_CELLS; i++) {
			if (!(r ? &screen->bottom : &screen->top)->blink[i])
				continue;
			fprintf(out, "%s %s %d", any ? "," : "", r ? "bottom" : "top", i + 1);
			any = true;
		}
	}
	fputs(any ? "\n" : " none\n", out);
}

void panel_screen_print(FILE *out, const struct panel_screen *screen)
{
	bool any = false;

	print_row(out, "top", &screen->top);
	print_row(out, "bottom", &screen->bottom);
	print_blink(out, screen);
	fprintf(out, "icons:%s%s\n", screen->wrench ? " wrench" : "", screen->heart ? " heart" : screen->wrench ? "" : " none");
	fputs("leds:", out);
	for (int i = 0; i < PANEL_LEDS; i++) {
		if (!screen->led[i])
			continue;
		fprintf(out, " %s", led_names[i]);
		any = true;
	}
	fprintf(out, "%s\nplace: %s\n", any ? "" : " none", screen->place);
}
