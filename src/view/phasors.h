/*
 * phasors - the fundamentals of the six inputs as a picture: arrows from the middle of a circle, and as a list.
 *
 * 0 degrees points to the right, angles grow counter-clockwise.  The greatest voltage reaches the circle, the greatest current
 * PHASORS_CURRENT of it, so voltages and currents each have a scale of their own.  Voltages are lines, currents broken ones; each tip
 * has its name.  Pure.
 */
#ifndef VIEW_PHASORS_H
#define VIEW_PHASORS_H

#include "view/grid.h"

#define PHASORS_INPUTS 6		/* in the order of enum adc_channel: voltages A B C, currents A B C */
#define PHASORS_CURRENT 0.7
#define PHASORS_LEAST 0.02		/* of the greatest: below that an input has no direction, and no arrow */
#define PHASORS_LIST_ROWS PHASORS_INPUTS
#define PHASORS_LIST_COLUMNS 28

struct phasors_input {
	double rms, deg;		/* V or A of the primary side, degrees; NAN where not valid */
};

/* "VA" .. "IC". */
const char *phasors_name(int input);
/* A phase has one colour in every picture. */
enum grid_colour phasors_colour(int input);

/* Where the picture of so many cells has its middle and how long its radius is, in dots of the canvas; a radius below 1: no room. */
void phasors_place(unsigned rows, unsigned columns, int *x, int *y, int *radius);

/* Draws the circle, the arrows and their names. */
void phasors_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns,
		  const struct phasors_input input[PHASORS_INPUTS]);

/* A row for each input: name, value, angle; "----" for what is not valid. */
void phasors_list(struct grid *grid, int row, int column, const struct phasors_input input[PHASORS_INPUTS]);

#endif
