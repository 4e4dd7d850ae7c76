#include "picture/segment_shapes.h"

#include <math.h>

#define THICK 0.15	/* of a segment, in parts of the cell's width */
#define GAP 0.025	/* between two of them, likewise */
#define SLANT 0.09	/* how far the top leans to the right, in parts of the height */

/* From one node of the character to another, in parts of width and height. */
static const struct bar {
	uint32_t segment;
	double x0, y0, x1, y1;
	bool open_start, open_end;	/* no other segment begins there: no gap */
} bars[] = {
	{ SEGMENT_A1, 0, 0, 0.5, 0, false, true }, { SEGMENT_A2, 0.5, 0, 1, 0, true, false },
	{ SEGMENT_B, 1, 0, 1, 0.5, false, false }, { SEGMENT_C, 1, 0.5, 1, 1, false, false },
	{ SEGMENT_D1, 0, 1, 0.5, 1, false, true }, { SEGMENT_D2, 0.5, 1, 1, 1, true, false },
	{ SEGMENT_E, 0, 0.5, 0, 1, false, false }, { SEGMENT_F, 0, 0, 0, 0.5, false, false },
	{ SEGMENT_G1, 0, 0.5, 0.5, 0.5, false, false }, { SEGMENT_G2, 0.5, 0.5, 1, 0.5, false, false },
	{ SEGMENT_I, 0.5, 0.07, 0.5, 0.5, false, false }, { SEGMENT_L, 0.5, 0.5, 0.5, 0.93, false, false },
	{ SEGMENT_H, 0.12, 0.08, 0.44, 0.44, false, false }, { SEGMENT_J, 0.88, 0.08, 0.56, 0.44, false, false },
	{ SEGMENT_K, 0.12, 0.92, 0.44, 0.56, false, false }, { SEGMENT_M, 0.88, 0.92, 0.56, 0.56, false, false },
};

static void to_page(const struct segment_cell *cell, double x, double y, double *page_x, double *page_y)
{
	*page_x = cell->x + x * cell->width + SLANT * (0.5 - y) * cell->height;
	*page_y = cell->y + y * cell->height;
}

static void add_point(cairo_t *cairo, double x, double y, bool first)
{
	if (first)
		cairo_move_to(cairo, x, y);
	else
		cairo_line_to(cairo, x, y);
}

/* A hexagon with pointed ends; where nothing meets it, with a straight one. */
static void add_bar(cairo_t *cairo, const struct segment_cell *cell, const struct bar *bar)
{
	double x0, y0, x1, y1, half = THICK * cell->width / 2, gap = GAP * cell->width;

	to_page(cell, bar->x0, bar->y0, &x0, &y0);
	to_page(cell, bar->x1, bar->y1, &x1, &y1);
	double length = hypot(x1 - x0, y1 - y0), ux = (x1 - x0) / length, uy = (y1 - y0) / length;
	double from = bar->open_start ? 0 : gap, to = length - (bar->open_end ? 0 : gap);
	double shoulder_from = bar->open_start ? 0 : gap + half, shoulder_to = length - (bar->open_end ? 0 : gap + half);
	const double corners[6][2] = {
		{ from, 0 }, { shoulder_from, half }, { shoulder_to, half }, { to, 0 }, { shoulder_to, -half }, { shoulder_from, -half },
	};

	for (int i = 0; i < 6; i++)
		add_point(cairo, x0 + corners[i][0] * ux - corners[i][1] * uy, y0 + corners[i][0] * uy + corners[i][1] * ux, i == 0);
	cairo_close_path(cairo);
}

static void add_dot(cairo_t *cairo, const struct segment_cell *cell, double x, double y)
{
	double page_x, page_y;

	to_page(cell, x, y, &page_x, &page_y);
	cairo_new_sub_path(cairo);
	cairo_arc(cairo, page_x, page_y, 0.6 * THICK * cell->width, 0, 2 * M_PI);
	cairo_close_path(cairo);
}

void segment_shapes_add(cairo_t *cairo, const struct segment_cell *cell, uint32_t segments)
{
	for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++)
		if (segments & bars[i].segment)
			add_bar(cairo, cell, &bars[i]);
	if (segments & SEGMENT_COLON) {
		add_dot(cairo, cell, 0.5, 0.3);
		add_dot(cairo, cell, 0.5, 0.7);
	}
	if (segments & SEGMENT_DOT)
		add_dot(cairo, cell, 0.5, 1);
}

void segment_shapes_add_point(cairo_t *cairo, const struct segment_cell *cell)
{
	add_dot(cairo, cell, 1.25, 1);
}

void segment_shapes_middle(const struct segment_cell *cell, uint32_t segment, double *x, double *y)
{
	*x = *y = NAN;
	for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++)
		if (segment & bars[i].segment)
			to_page(cell, (bars[i].x0 + bars[i].x1) / 2, (bars[i].y0 + bars[i].y1) / 2, x, y);
}
