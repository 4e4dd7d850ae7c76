#include <math.h>
#include <stdio.h>

#include "view/scope_parts.h"

#define FIRST 2		/* the fundamental is the measure, not a bar */
#define BARS (HARMONICS_MAX - FIRST + 1)
#define AXIS_COLUMNS 4
/* Below this nothing is drawn larger: noise shall not look like distortion. */
#define SCALE_MIN 0.01
#define EIGHTHS 8

/* One full scale for the voltages, one for the currents, so that phases can be compared. */
static double scale_of(const struct scope_view *view, int c)
{
	int first = c < ADC_IA ? ADC_VA : ADC_IA;
	double most = SCALE_MIN;

	for (int i = first; i < first + 3; i++)
		for (int h = FIRST; h <= HARMONICS_MAX && view->channel[i].shown; h++)
			most = fmax(most, view->channel[i].harmonic[h]);
	return scope_view_scale(most);
}

/* A column of `rows` cells that ends at the cell row `bottom`, filled to a part 0..1. */
static void draw_bar(struct grid *grid, int bottom, int column, unsigned rows, double part, enum grid_colour colour)
{
	unsigned eighths = (unsigned)lround(fmin(fmax(part, 0), 1) * rows * EIGHTHS);

	for (unsigned r = 0; r < rows && eighths > 0; r++) {
		unsigned here = eighths < EIGHTHS ? eighths : EIGHTHS;
		uint32_t code = 0x2580 + here;

		if (grid->ascii)
			code = here == EIGHTHS ? '#' : here >= EIGHTHS / 2 ? ':' : '.';
		grid_put(grid, bottom - (int)r, column, code, colour);
		eighths -= here;
	}
}

static void draw_orders(struct grid *grid, int row, int column, unsigned pitch, unsigned width)
{
	for (int h = 5; h <= 20; h += 5) {
		int at = (h - FIRST) * (int)pitch;

		if (at + 2 <= (int)width)
			scope_print(grid, row, column + at - (h >= 10 && pitch == 1), GRID_DIM, "%d", h);
	}
}

static void draw_chart(struct grid *grid, const struct scope_area *area, const struct scope_view *view,
		       const struct scope_screen *screen, int c)
{
	const struct scope_channel *channel = &view->channel[c];
	unsigned width = area->columns - 2 - AXIS_COLUMNS, pitch = width / BARS, rows = area->rows - 3;
	int left = area->column + 1 + AXIS_COLUMNS, bottom = area->row + (int)area->rows - 3;
	double scale = scale_of(view, c);
	char thd[16], title[40];

	if (area->rows < 5 || area->columns < AXIS_COLUMNS + 2 + BARS)
		return;
	scope_view_percent(thd, sizeof(thd), channel->thd);
	snprintf(title, sizeof(title), "%s THD %s", channel->name, thd);
	grid_box(grid, area->row, area->column, area->rows, area->columns, title);
	grid_mark(grid, area->row, area->column + 2, 2, true, c == screen->selected);
	scope_print(grid, area->row + 1, area->column + 1, GRID_PLAIN, "%.4g%%", 100 * scale);
	scope_print(grid, bottom, area->column + 1, GRID_PLAIN, "%*s", AXIS_COLUMNS - 1, "0");
	draw_orders(grid, bottom + 1, left, pitch, width);
	for (int h = FIRST; h <= HARMONICS_MAX; h++) {
		int column = left + (h - FIRST) * (int)pitch;

		if (!channel->shown)
			continue;
		if (isnan(channel->harmonic[h]))
			grid_put(grid, bottom, column, '?', GRID_DIM);
		/* bars that stand apart may be broader */
		for (unsigned i = 0; i < (pitch > 2 ? pitch - 1 : 1) && !isnan(channel->harmonic[h]); i++)
			draw_bar(grid, bottom, column + (int)i, rows, channel->harmonic[h] / scale, scope_colour(c));
	}
	if (!channel->shown)
		grid_text(grid, area->row + 2, left + 2, "hidden", GRID_DIM);
}

void scope_draw_charts(struct grid *grid, const struct scope_area *area, const struct scope_view *view,
		       const struct scope_screen *screen, unsigned across)
{
	unsigned down = (ADC_CHANNELS + across - 1) / across;

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		unsigned x = c % across, y = c / across;
		unsigned left = area->columns * x / across, right = area->columns * (x + 1) / across;
		unsigned top = area->rows * y / down, below = area->rows * (y + 1) / down;
		struct scope_area chart = { area->row + (int)top, area->column + (int)left, below - top, right - left };

		draw_chart(grid, &chart, view, screen, (int)c);
	}
}

/* A line of cells filled to a part 0..1. */
static void draw_line(struct grid *grid, int row, int column, unsigned columns, double part, enum grid_colour colour)
{
	unsigned eighths = (unsigned)lround(fmin(fmax(part, 0), 1) * columns * EIGHTHS);

	for (unsigned c = 0; c < columns && eighths > 0; c++) {
		unsigned here = eighths < EIGHTHS ? eighths : EIGHTHS;
		uint32_t code = 0x2590 - here;

		if (grid->ascii)
			code = here == EIGHTHS ? '#' : here >= EIGHTHS / 2 ? '=' : '-';
		grid_put(grid, row, column + (int)c, code, colour);
		eighths -= here;
	}
}

void scope_draw_list(struct grid *grid, const struct scope_area *area, const struct scope_view *view, int c)
{
	const struct scope_channel *channel = &view->channel[c];
	double scale = scale_of(view, c);
	char text[24], fundamental[24];

	scope_view_percent(text, sizeof(text), channel->thd);
	scope_view_value(fundamental, sizeof(fundamental), channel->phasor_rms, channel->unit);
	scope_print(grid, area->row, area->column, scope_colour(c), "%s  fundamental %s  THD %s  a full bar is %.4g %%", channel->name,
		    fundamental, text, 100 * scale);
	grid_mark(grid, area->row, area->column, 2, true, true);
	for (int h = FIRST; h <= HARMONICS_MAX && h - FIRST + 1 < (int)area->rows; h++) {
		int row = area->row + 1 + h - FIRST;

		scope_view_percent(text, sizeof(text), channel->harmonic[h]);
		scope_print(grid, row, area->column, GRID_PLAIN, "%3d %8s", h, text);
		if (isnan(channel->harmonic[h]))
			grid_text(grid, row, area->column + 14, "not known", GRID_DIM);
		else if (area->columns > 14)
			draw_line(grid, row, area->column + 14, area->columns - 14, channel->harmonic[h] / scale, scope_colour(c));
	}
}
