#include <errno.h>
#include <string.h>

#include "panel/panel_private.h"

/* The cell that a text begins with; a '.' lights the point of the character before it.  Returns what is left of the text. */
static const char *next_cell(const char *text, char *cell, bool *point)
{
	*cell = ' ';
	if (*text != '.') {
		*cell = *text >= ' ' && *text <= '~' ? *text : '?';
		text++;
	}
	*point = *text == '.';
	return text + *point;
}

void panel_row_clear(struct panel_row *row)
{
	memset(row, 0, sizeof(*row));
	memset(row->cell, ' ', sizeof(row->cell));
}

void panel_row_put(struct panel_row *row, unsigned cell, const char *text)
{
	for (; cell < PANEL_CELLS && *text != '\0'; cell++)
		text = next_cell(text, &row->cell[cell], &row->point[cell]);
}

unsigned panel_row_cells(const char *text)
{
	unsigned n = 0;
	char cell;
	bool point;

	for (; *text != '\0'; n++)
		text = next_cell(text, &cell, &point);
	return n;
}

void panel_row_put_right(struct panel_row *row, const char *text)
{
	unsigned n = panel_row_cells(text);

	panel_row_put(row, n < PANEL_CELLS ? PANEL_CELLS - n : 0, text);
}

void panel_row_put_part(struct panel_row *row, const char *text, unsigned first)
{
	char cell;
	bool point;

	while (first-- > 0 && *text != '\0')
		text = next_cell(text, &cell, &point);
	panel_row_put(row, 0, text);
}

void panel_row_text(const struct panel_row *row, char text[2 * PANEL_CELLS + 1])
{
	for (unsigned i = 0; i < PANEL_CELLS; i++) {
		*text++ = row->cell[i];
		if (row->point[i])
			*text++ = '.';
	}
	*text = '\0';
}

int panel_row_parse(const char *text, struct panel_row *row)
{
	panel_row_clear(row);
	for (const char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return -EINVAL;
	if (panel_row_cells(text) != PANEL_CELLS)
		return -EINVAL;
	panel_row_put(row, 0, text);
	return 0;
}

int panel_button_parse(const char *name)
{
	static const char *const also[PANEL_BUTTONS] = { "up", "down", "next", "back" };

	for (int b = 0; b < PANEL_BUTTONS; b++)
		if (strcmp(name, panel_button_name((enum panel_button)b)) == 0 || strcmp(name, also[b]) == 0)
			return b;
	return -1;
}

const char *panel_button_name(enum panel_button button)
{
	static const char *const names[PANEL_BUTTONS] = { "+", "-", "right", "left" };

	return names[button];
}
