/*
 * display_text - a screen of the panel as two rows of characters, and as what a character display is sent.
 *
 * The cells stand at the left, a point as a character of its own; at the right end of the upper row the heart, '*', of the lower one the
 * wrench, '!'.  ASCII alone: what a display's own characters look like is its own affair.  Pure.
 */
#ifndef PANEL_DISPLAY_TEXT_H
#define PANEL_DISPLAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "panel/panel.h"

#define DISPLAY_ROWS 2
#define DISPLAY_COLUMNS_LEAST 8
#define DISPLAY_COLUMNS_MOST 40
#define DISPLAY_FRAME_MAX (DISPLAY_ROWS * DISPLAY_COLUMNS_MOST + 8)

struct display_text {
	char row[DISPLAY_ROWS][DISPLAY_COLUMNS_MOST + 1];
};

/* Rows of `columns` characters (DISPLAY_COLUMNS_LEAST..MOST); blinking cells are blank while `dark`. */
void display_text_draw(const struct panel_screen *screen, int columns, bool dark, struct display_text *text);

/* The rows of a meter that does not run: nothing that was a reading stays. */
void display_text_stopped(int columns, struct display_text *text);

/*
 * To the upper left corner and both rows, by what /dev/lcd and a VT100 both understand.  The length; `frame` also ends with NUL.
 */
size_t display_text_frame(const struct display_text *text, char frame[DISPLAY_FRAME_MAX]);

#endif
