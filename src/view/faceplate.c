#include "view/faceplate.h"

#include <stdio.h>
#include <string.h>

#include "view/segments.h"

#define INNER 3			/* the display's first column */
#define WORDS_ROWS 5		/* of a dark display's message */
#define TITLE "dinmeterd"
#define HELP_LARGE "arrows or + - h j k l press the buttons, q ends this"
#define HELP_SMALL "arrows, + -; q ends this"

const char *faceplate_led_name(enum panel_led led)
{
	static const char *const names[PANEL_LEDS] = {
		[PANEL_LED_ALARM] = "ALARM", [PANEL_LED_ENERGY] = "ENERGY", [PANEL_LED_TX] = "Tx", [PANEL_LED_RX] = "Rx",
		[PANEL_LED_ERROR] = "ERR",
	};

	return names[led];
}

static enum grid_colour led_colour(enum panel_led led)
{
	static const enum grid_colour colours[PANEL_LEDS] = {
		[PANEL_LED_ALARM] = GRID_RED, [PANEL_LED_ENERGY] = GRID_GREEN, [PANEL_LED_TX] = GRID_YELLOW,
		[PANEL_LED_RX] = GRID_YELLOW, [PANEL_LED_ERROR] = GRID_RED,
	};

	return colours[led];
}

/* Characters of UTF-8 text. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* The length in bytes of the line that is taken off `text`: as many words as fit, or a part of one that alone is too long. */
static size_t take_line(const char *text, unsigned columns)
{
	size_t end = 0;
	unsigned used = 0;

	for (size_t i = 0;; i++) {
		if (text[i] == ' ' || text[i] == '\0')
			end = i;
		if (text[i] == '\0')
			return end;
		if (((unsigned char)text[i] & 0xc0) != 0x80 && ++used > columns)
			return end ? end : i;
	}
}

/* Words in lines, each in the middle; what needs more rows is left out. */
static void put_words(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const char *text, enum grid_colour colour)
{
	char line[4 * GRID_COLUMNS_MAX + 1];

	for (unsigned i = 0; i < rows && *text; i++) {
		size_t length = take_line(text, columns);
		int width;

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		width = width_of(line);
		grid_text(grid, row + (int)i, column + ((int)columns - width) / 2, line, colour);
		grid_mark(grid, row + (int)i, column + ((int)columns - width) / 2, (unsigned)width, true, false);
		if (!length)
			return;
		text += length;
		while (*text == ' ')
			text++;
	}
}

static void draw_row(struct grid *grid, int row, int column, const struct panel_row *cells, enum segments_kind kind, bool blank)
{
	for (int i = 0; i < PANEL_CELLS; i++) {
		int at = column + i * SEGMENTS_PITCH;

		if (!(blank && cells->blink[i]))
			segments_draw(grid, row, at, segments_of(kind, cells->cell[i]), GRID_PLAIN);
		if (cells->point[i])
			segments_draw_point(grid, row, at, GRID_PLAIN);
	}
	for (int r = 0; r < SEGMENTS_ROWS; r++)
		grid_mark(grid, row + r, column, PANEL_CELLS * SEGMENTS_PITCH, true, false);
}

static void put_bold(struct grid *grid, int row, int column, const char *text, enum grid_colour colour)
{
	grid_text(grid, row, column, text, colour);
	grid_mark(grid, row, column, (unsigned)width_of(text), true, false);
}

static void draw_icons(struct grid *grid, int row, int column, const struct panel_screen *screen)
{
	if (screen->wrench)
		put_bold(grid, row, column, grid->ascii ? "(!) alert" : "\u2692 alert", GRID_YELLOW);
	if (screen->heart)
		put_bold(grid, row, column + 42, grid->ascii ? "<3 alive" : " \u2665 alive", GRID_GREEN);
}

static void draw_leds(struct grid *grid, int row, int column, const bool led[PANEL_LEDS])
{
	static const int place[PANEL_LEDS] = { 0, 11, 23, 31, 39 };

	for (int i = 0; i < PANEL_LEDS; i++) {
		const char *lamp = grid->ascii ? (led[i] ? "(*)" : "( )") : led[i] ? "\u25cf" : "\u25cb";
		int name = column + place[i] + width_of(lamp) + 1;

		if (led[i])
			put_bold(grid, row, column + place[i], lamp, led_colour((enum panel_led)i));
		else
			grid_text(grid, row, column + place[i], lamp, GRID_DIM);
		grid_text(grid, row, name, faceplate_led_name((enum panel_led)i), led[i] ? GRID_PLAIN : GRID_DIM);
	}
}

struct button_face {
	enum panel_button button;
	const char *title, *keys, *ascii, *line, *line_ascii;
};

static const struct button_face buttons[PANEL_BUTTONS] = {
	{ PANEL_PLUS, "+", " + or \u2191", " + or up", "[+] \u2191", "[+] up" },
	{ PANEL_MINUS, "-", " - or \u2193", "- or down", "[-] \u2193", "[-] down" },
	{ PANEL_BACK, "back", "    \u2190", "  left", "[back] \u2190", "[back] left" },
	{ PANEL_NEXT, "next", "    \u2192", "  right", "[next] \u2192", "[next] right" },
};

static void draw_buttons(struct grid *grid, int row, int column, int pressed)
{
	for (int i = 0; i < PANEL_BUTTONS; i++) {
		int at = column + 13 * i;

		grid_box(grid, row, at, 3, 11, buttons[i].title);
		grid_text(grid, row + 1, at + 1, grid->ascii ? buttons[i].ascii : buttons[i].keys, GRID_PLAIN);
		if ((int)buttons[i].button == pressed)
			grid_mark(grid, row + 1, at + 1, 9, true, true);
	}
}

static void draw_buttons_in_line(struct grid *grid, int row, int column, int pressed)
{
	for (int i = 0; i < PANEL_BUTTONS; i++) {
		const char *text = grid->ascii ? buttons[i].line_ascii : buttons[i].line;
		int at = column + 13 * i;

		grid_text(grid, row, at, text, GRID_PLAIN);
		if ((int)buttons[i].button == pressed)
			grid_mark(grid, row, at, (unsigned)width_of(text), true, true);
	}
}

/* Rows: frame, icons, 6 + 1 + 6 of segments, LEDs and buttons with a gap where there is room, frame, message, help. */
static void draw_large(struct grid *grid, int row, int column, unsigned rows, const struct faceplate *face)
{
	static const struct panel_screen dark;
	const struct panel_screen *screen = face->screen ? face->screen : &dark;
	bool roomy = rows >= FACEPLATE_ROWS;
	int inner = column + INNER, bottom = row + (roomy ? 21 : 18);

	grid_box(grid, row, column, (unsigned)(bottom - row) + 1, FACEPLATE_COLUMNS, TITLE);
	draw_icons(grid, row + 1, inner, screen);
	if (face->screen) {
		draw_row(grid, row + 2, inner, &screen->top, SEGMENTS_SIXTEEN, face->blank);
		draw_row(grid, row + 9, inner, &screen->bottom, SEGMENTS_SEVEN, face->blank);
	} else if (face->message) {
		put_words(grid, row + 6, inner, WORDS_ROWS, FACEPLATE_COLUMNS - 2 * INNER, face->message, GRID_RED);
	}
	draw_leds(grid, row + 16, inner, screen->led);
	if (roomy)
		draw_buttons(grid, row + 18, inner, face->pressed);
	else
		draw_buttons_in_line(grid, row + 17, inner, face->pressed);
	if (face->screen && face->message)
		put_words(grid, bottom + 1, column, 1, FACEPLATE_COLUMNS, face->message, GRID_YELLOW);
	grid_text(grid, bottom + 2, column + (FACEPLATE_COLUMNS - width_of(HELP_LARGE)) / 2, HELP_LARGE, GRID_DIM);
}

/* A part of a line would be read as something else: then #, as many as fit. */
static void put_whole(struct grid *grid, int row, int column, unsigned columns, const char *text, bool bold)
{
	if (width_of(text) <= (int)columns) {
		grid_text(grid, row, column, text, GRID_PLAIN);
		grid_mark(grid, row, column, (unsigned)width_of(text), bold, false);
		return;
	}
	for (unsigned i = 0; i < columns; i++)
		grid_put(grid, row, column + (int)i, '#', GRID_PLAIN);
}

static void describe_row(const struct panel_row *cells, bool blank, char text[2 * PANEL_CELLS + 1])
{
	size_t used = 0;

	for (int i = 0; i < PANEL_CELLS; i++) {
		char c = cells->cell[i];

		text[used++] = (blank && cells->blink[i]) || c < ' ' || c > '~' ? ' ' : c;
		if (cells->point[i])
			text[used++] = '.';
	}
	while (used > 0 && text[used - 1] == ' ')
		used--;
	text[used] = '\0';
}

/* By name where they fit, else by their first letters. */
static void describe_leds(const bool led[PANEL_LEDS], unsigned columns, char *text, size_t size)
{
	static const char letters[] = "AETR!";
	size_t used = (size_t)snprintf(text, size, "LEDs:");
	bool any = false;

	for (int i = 0; i < PANEL_LEDS && used < size; i++) {
		if (!led[i])
			continue;
		used += (size_t)snprintf(text + used, size - used, " %s", faceplate_led_name((enum panel_led)i));
		any = true;
	}
	if (!any)
		snprintf(text + used, size - used, " none");
	if (strlen(text) <= columns)
		return;
	for (int i = 0; i < PANEL_LEDS; i++)
		text[i] = led[i] ? letters[i] : '-';
	text[PANEL_LEDS] = '\0';
}

enum line { LINE_TITLE, LINE_TOP, LINE_BOTTOM, LINE_ICONS, LINE_LEDS, LINE_MESSAGE, LINE_HELP, LINES };

/* The lines that there is room for. */
static void choose_lines(bool shown[LINES], unsigned rows, bool message)
{
	static const enum line least_first[] = { LINE_HELP, LINE_TITLE, LINE_ICONS, LINE_LEDS, LINE_MESSAGE, LINE_TOP };
	unsigned count = LINES;

	for (int i = 0; i < LINES; i++)
		shown[i] = true;
	if (!message) {
		shown[LINE_MESSAGE] = false;
		count--;
	}
	for (size_t i = 0; i < sizeof(least_first) / sizeof(least_first[0]) && count > rows; i++) {
		count -= shown[least_first[i]];
		shown[least_first[i]] = false;
	}
}

static void draw_text(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const struct faceplate *face)
{
	const struct panel_screen *screen = face->screen;
	const char *words[LINES] = {
		[LINE_TITLE] = TITLE, [LINE_MESSAGE] = face->message ? face->message : "", [LINE_HELP] = HELP_SMALL,
		[LINE_ICONS] = screen->wrench ? (screen->heart ? "alert alive" : "alert") : screen->heart ? "alive" : "",
	};
	char top[2 * PANEL_CELLS + 1], bottom[2 * PANEL_CELLS + 1], leds[64];
	bool shown[LINES];

	describe_row(&screen->top, face->blank, top);
	describe_row(&screen->bottom, face->blank, bottom);
	describe_leds(screen->led, columns, leds, sizeof(leds));
	words[LINE_TOP] = top;
	words[LINE_BOTTOM] = bottom;
	words[LINE_LEDS] = leds;
	choose_lines(shown, rows, face->message != NULL);
	for (int i = 0; i < LINES; i++) {
		if (!shown[i])
			continue;
		if (i == LINE_MESSAGE)
			put_words(grid, row, column, 1, columns, words[i], GRID_YELLOW);
		else if ((i != LINE_HELP && i != LINE_TITLE) || width_of(words[i]) <= (int)columns)
			put_whole(grid, row, column, columns, words[i], i == LINE_TOP || i == LINE_BOTTOM);
		row++;
	}
}

void faceplate_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const struct faceplate *face)
{
	if (rows >= FACEPLATE_ROWS_LEAST && columns >= FACEPLATE_COLUMNS)
		draw_large(grid, row, column, rows, face);
	else if (face->screen)
		draw_text(grid, row, column, rows, columns, face);
	else if (face->message)
		put_words(grid, row, column, rows, columns, face->message, GRID_RED);
}
