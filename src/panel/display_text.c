#include "panel/display_text.h"

#include <stdio.h>
#include <string.h>

/* Room for the icon and a blank before it. */
#define ICON 2

static void put_row(const struct panel_row *row, bool dark, int room, char *text)
{
	int at = 0;

	for (int c = 0; c < PANEL_CELLS && at < room; c++) {
		bool blank = dark && row->blink[c];

		text[at++] = blank ? ' ' : row->cell[c];
		if (row->point[c] && at < room)
			text[at++] = blank ? ' ' : '.';
	}
}

static void blank(int columns, struct display_text *text)
{
	for (int r = 0; r < DISPLAY_ROWS; r++) {
		memset(text->row[r], ' ', (size_t)columns);
		text->row[r][columns] = '\0';
	}
}

void display_text_draw(const struct panel_screen *screen, int columns, bool dark, struct display_text *text)
{
	blank(columns, text);
	put_row(&screen->top, dark, columns - ICON, text->row[0]);
	put_row(&screen->bottom, dark, columns - ICON, text->row[1]);
	if (screen->heart)
		text->row[0][columns - 1] = '*';
	if (screen->wrench)
		text->row[1][columns - 1] = '!';
}

void display_text_stopped(int columns, struct display_text *text)
{
	blank(columns, text);
	memcpy(text->row[0], "METER", 5);
	memcpy(text->row[1], "STOPPED", 7);
}

/*
 * To the next row by LF before CR: /dev/lcd fills with blanks from where the cursor is to the row's end at a LF, so that CR LF would
 * wipe the row.  A VT100 takes either order.
 */
size_t display_text_frame(const struct display_text *text, char frame[DISPLAY_FRAME_MAX])
{
	return (size_t)snprintf(frame, DISPLAY_FRAME_MAX, "\033[H%s\n\r%s", text->row[0], text->row[1]);
}
