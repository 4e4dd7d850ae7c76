#include "view/phasors.h"

#include <math.h>
#include <stdio.h>

#define NAME_X 6		/* dots left free beside the circle for the names: a cell to part and two for the name */
#define NAME_Y 6		/* above and below: a half cell to part and one for the name */
#define DASH 3			/* of a current's line so many dots are drawn, and as many left out */

const char *phasors_name(int input)
{
	static const char *const names[PHASORS_INPUTS] = { "VA", "VB", "VC", "IA", "IB", "IC" };

	return names[input];
}

enum grid_colour phasors_colour(int input)
{
	static const enum grid_colour colours[3] = { GRID_YELLOW, GRID_CYAN, GRID_MAGENTA };

	return colours[input % 3];
}

void phasors_place(unsigned rows, unsigned columns, int *x, int *y, int *radius)
{
	int across = (int)columns - NAME_X, down = 2 * (int)rows - NAME_Y;

	*x = (int)columns;
	*y = 2 * (int)rows;
	*radius = across < down ? across : down;
}

static double greatest(const struct phasors_input *input)
{
	double most = 0;

	for (int i = 0; i < 3; i++)
		most = fmax(most, input[i].rms);
	return most;
}

/* An arrow's tip, relative to the middle; false when there is none. */
static bool find_tip(const struct phasors_input input[PHASORS_INPUTS], int i, double radius, double *x, double *y)
{
	double most = greatest(i < 3 ? input : input + 3), length;

	if (!isfinite(input[i].rms) || !isfinite(input[i].deg) || !(most > 0) || !isfinite(most) ||
	    input[i].rms < PHASORS_LEAST * most)
		return false;
	length = radius * (i < 3 ? 1 : PHASORS_CURRENT) * input[i].rms / most;
	*x = length * cos(input[i].deg * (M_PI / 180));
	*y = -length * sin(input[i].deg * (M_PI / 180));
	return true;
}

static void draw_circle(struct canvas *canvas, int x, int y, int radius)
{
	int steps = 4 * radius;

	/* dotted: it is not what the picture is about */
	for (int i = 0; i < steps; i++) {
		double angle = 2 * M_PI * i / steps;

		canvas_dot(canvas, x + (int)lround(radius * cos(angle)), y - (int)lround(radius * sin(angle)), GRID_DIM);
	}
}

static void draw_dashed(struct canvas *canvas, int x0, int y0, double dx, double dy, enum grid_colour colour)
{
	int steps = (int)lround(fmax(fabs(dx), fabs(dy)));

	for (int i = 0; i <= steps; i++)
		if (i / DASH % 2 == 0 || i == steps)
			canvas_dot(canvas, x0 + (int)lround(steps ? dx * i / steps : 0), y0 + (int)lround(steps ? dy * i / steps : 0), colour);
}

/* Behind the tip, as seen from the middle. */
static void draw_name(const struct canvas *canvas, int x, int y, double dx, double dy, int i)
{
	double length = hypot(dx, dy);
	double beyond_x = length > 0 ? 4 * dx / length : 0, beyond_y = length > 0 ? 4 * dy / length : 0;
	int column = (int)floor((x + dx + beyond_x) / 2 - 0.5), row = (int)floor((y + dy + beyond_y) / 4);

	grid_text(canvas->grid, canvas->row + row, canvas->column + column, phasors_name(i), phasors_colour(i));
	grid_mark(canvas->grid, canvas->row + row, canvas->column + column, 2, true, false);
}

void phasors_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns,
		  const struct phasors_input input[PHASORS_INPUTS])
{
	struct canvas canvas;
	double dx, dy;
	int x, y, radius;

	phasors_place(rows, columns, &x, &y, &radius);
	if (radius < 1)
		return;
	canvas_init(&canvas, grid, row, column, rows, columns);
	draw_circle(&canvas, x, y, radius);
	for (int i = PHASORS_INPUTS - 1; i >= 0; i--) {
		if (!find_tip(input, i, radius, &dx, &dy))
			continue;
		if (i < 3)
			canvas_line(&canvas, x, y, x + (int)lround(dx), y + (int)lround(dy), phasors_colour(i));
		else
			draw_dashed(&canvas, x, y, dx, dy, phasors_colour(i));
	}
	for (int i = PHASORS_INPUTS - 1; i >= 0; i--)
		if (find_tip(input, i, radius, &dx, &dy))
			draw_name(&canvas, x, y, dx, dy, i);
}

void phasors_list(struct grid *grid, int row, int column, const struct phasors_input input[PHASORS_INPUTS])
{
	for (int i = 0; i < PHASORS_INPUTS; i++) {
		char text[64], value[32] = "----", angle[32] = "----";

		if (isfinite(input[i].rms))
			snprintf(value, sizeof(value), input[i].rms < 1e7 ? "%.2f" : "%.3e", input[i].rms);
		if (isfinite(input[i].rms) && isfinite(input[i].deg))
			snprintf(angle, sizeof(angle), "%.1f", input[i].deg);
		snprintf(text, sizeof(text), " %11s %c %7s deg", value, i < 3 ? 'V' : 'A', angle);
		grid_text(grid, row + i, column, phasors_name(i), phasors_colour(i));
		grid_text(grid, row + i, column + 2, text, GRID_PLAIN);
	}
}
