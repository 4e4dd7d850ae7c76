/*
 * faceplate - the front panel as a picture of characters: the meter's face with both rows in segments, icons, LEDs and buttons; in a
 * small rectangle the same in plain text.
 *
 * Nothing is told by colour alone.  Pure.
 */
#ifndef VIEW_FACEPLATE_H
#define VIEW_FACEPLATE_H

#include "panel/panel.h"
#include "view/grid.h"

/* The face as it is meant to be, and the least that it is drawn in (with the buttons in one line); below that it is text. */
#define FACEPLATE_COLUMNS 56
#define FACEPLATE_ROWS 24
#define FACEPLATE_ROWS_LEAST 21

struct faceplate {
	const struct panel_screen *screen;	/* NULL: the meter cannot be seen, all is dark */
	bool blank;		/* the dark half of blinking */
	int pressed;		/* the button that was pressed just now, -1 = none */
	const char *message;	/* words: in the dark display, else below the face; NULL = none */
};

/* Draws it at the upper left of the rectangle. */
void faceplate_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const struct faceplate *face);

/* "ALARM", "ENERGY", "Tx", "Rx", "ERR" */
const char *faceplate_led_name(enum panel_led led);

#endif
