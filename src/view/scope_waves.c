#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/scope_parts.h"

#define AXIS_COLUMNS 9
#define LEGEND_COLUMNS 17
/* A frame narrower than this has no legend. */
#define LEGEND_FROM_COLUMNS 52
#define TIME_LABELS_MAX 6

/* A frame's canvas and what its dots stand for. */
struct plot {
	struct canvas canvas;
	const struct scope_view *view;
};

static int x_of(const struct plot *plot, double t_s)
{
	return (int)lround(fmin(fmax(t_s / plot->view->span_s, -1), 2) * (plot->canvas.width - 1));
}

/* What lies outside is one dot outside: never drawn at the edge, where it would be taken for the value. */
static int y_of(const struct plot *plot, double part)
{
	int height = (int)plot->canvas.height;

	if (part > 1)
		return -1;
	return part < -1 ? height : (int)lround((1 - part) / 2 * (height - 1));
}

static void draw_axes(struct plot *plot)
{
	int middle = y_of(plot, 0);

	for (unsigned x = 0; x < plot->canvas.width; x += 4)
		canvas_dot(&plot->canvas, (int)x, middle, GRID_DIM);
	for (unsigned cycle = 0; cycle <= plot->view->cycles; cycle++)
		for (unsigned y = 0; y < plot->canvas.height; y += 4)
			canvas_dot(&plot->canvas, x_of(plot, plot->view->span_s * cycle / plot->view->cycles), (int)y, GRID_DIM);
}

static void draw_wave(struct plot *plot, int c)
{
	const struct scope_channel *channel = &plot->view->channel[c];
	bool joined = false;
	int from_x = 0, from_y = 0;

	for (unsigned k = 0; k < channel->samples; k++) {
		double value = channel->sample[k];
		int x = x_of(plot, channel->start_s + k / plot->view->rate_hz), y;

		if (isnan(value)) {
			joined = false;
			continue;
		}
		y = y_of(plot, value / channel->full_scale);
		/* of many samples on one dot only the first is drawn */
		if (!joined || x != from_x || y != from_y)
			canvas_line(&plot->canvas, joined ? from_x : x, joined ? from_y : y, x, y, scope_colour(c));
		joined = true;
		from_x = x;
		from_y = y;
	}
}

/* A letter above the first crest, so that waves can be told from each other without colours. */
static void mark_wave(const struct plot *plot, int c, char letter)
{
	const struct scope_channel *channel = &plot->view->channel[c];
	const struct canvas *canvas = &plot->canvas;
	double most = 0.02 * channel->full_scale;
	int at = -1, row, column;

	for (unsigned k = 0; k < channel->samples; k++) {
		double t_s = channel->start_s + k / plot->view->rate_hz;

		if (t_s < 0 || t_s * plot->view->cycles > plot->view->span_s || !(channel->sample[k] > most * (1 + 1e-9)))
			continue;
		most = channel->sample[k];
		at = x_of(plot, t_s);
	}
	if (channel->samples == 0)
		return;
	/* flat: beside those of the other channels on the zero line */
	column = canvas->column + (at < 0 ? 1 + 2 * c : at / 2);
	row = canvas->row + y_of(plot, at < 0 ? 0 : most / channel->full_scale) / 4 - 1;
	grid_put(canvas->grid, row < canvas->row ? canvas->row : row, column, (uint32_t)letter, scope_colour(c));
	grid_mark(canvas->grid, row < canvas->row ? canvas->row : row, column, 1, true, false);
}

/* Full scale of one channel at both ends of the axis, `line` lines from them. */
static void label_scale(const struct plot *plot, const struct scope_area *area, const struct scope_channel *channel, int line)
{
	struct grid *grid = plot->canvas.grid;
	double magnitude = channel->full_scale >= 1000 ? 1000 : channel->full_scale < 1 ? 0.001 : 1;
	char text[24];

	snprintf(text, sizeof(text), "%+.4g %s%s", channel->full_scale / magnitude, magnitude > 1 ? "k" : magnitude < 1 ? "m" : "",
		 channel->unit);
	scope_print(grid, plot->canvas.row + line, area->column + 1, GRID_PLAIN, "%*s", AXIS_COLUMNS - 1, text);
	text[0] = '-';
	scope_print(grid, plot->canvas.row + (int)plot->canvas.rows - 1 - line, area->column + 1, GRID_PLAIN, "%*s", AXIS_COLUMNS - 1, text);
}

static void label_time(const struct plot *plot)
{
	double span_ms = plot->view->span_s * 1000, step_ms = scope_view_scale(span_ms / TIME_LABELS_MAX);
	int row = plot->canvas.row + (int)plot->canvas.rows, end = plot->canvas.column + (int)plot->canvas.columns;

	for (int k = 0; k * step_ms <= span_ms * (1 + 1e-9); k++) {
		int column = plot->canvas.column + x_of(plot, k * step_ms / 1000) / 2;
		char text[16];

		snprintf(text, sizeof(text), "%g", k * step_ms);
		column -= (int)strlen(text) / 2;
		if (column + (int)strlen(text) <= end - 3)
			grid_text(plot->canvas.grid, row, column < plot->canvas.column ? plot->canvas.column : column, text, GRID_PLAIN);
	}
	grid_text(plot->canvas.grid, row, end - 2, "ms", GRID_PLAIN);
}

/* Returns the row below. */
static int draw_legend(struct grid *grid, int row, int column, unsigned lines, const struct scope_view *view,
		       const struct scope_screen *screen, int c)
{
	const struct scope_channel *channel = &view->channel[c];
	char value[24];

	scope_view_value(value, sizeof(value), channel->rms, channel->unit);
	scope_print(grid, row, column, scope_colour(c), "%s%10s rms", channel->name, value);
	grid_mark(grid, row, column, 2, true, c == screen->selected);
	if (!channel->shown || channel->clipped)
		scope_print(grid, row, column + 13, GRID_RED, "%s", channel->shown ? "CLIP" : " off");
	scope_view_value(value, sizeof(value), channel->peak, channel->unit);
	if (lines > 1)
		scope_print(grid, row + 1, column, GRID_PLAIN, "%12s peak", value);
	if (lines > 2 && isnan(channel->crest))
		scope_print(grid, row + 2, column, GRID_PLAIN, "%10s   crest", "----");
	else if (lines > 2)
		scope_print(grid, row + 2, column, GRID_PLAIN, "%10.3f   crest", channel->crest);
	return row + (int)lines;
}

void scope_draw_frame(struct grid *grid, const struct scope_area *area, const struct scope_view *view, const struct scope_screen *screen,
		      int first, int step, int end, const char *title)
{
	unsigned legend = area->columns >= LEGEND_FROM_COLUMNS ? LEGEND_COLUMNS : 0;
	unsigned channels = (unsigned)((end - first + step - 1) / step), lines = (area->rows - 2) / channels;
	int row = area->row + 1, scales = 0;
	struct plot plot = { .view = view };

	if (area->rows < 5 || area->columns < 24)
		return;
	grid_box(grid, area->row, area->column, area->rows, area->columns, title);
	canvas_init(&plot.canvas, grid, area->row + 1, area->column + AXIS_COLUMNS + 1, area->rows - 3,
		    area->columns - AXIS_COLUMNS - 2 - legend);
	draw_axes(&plot);
	for (int c = first; c < end; c += step)
		if (view->channel[c].shown)
			draw_wave(&plot, c);
	for (int c = first; c < end; c += step) {
		if (view->channel[c].shown)
			mark_wave(&plot, c, step > 1 ? view->channel[c].name[0] : view->channel[c].name[1]);
		/* of a kind all have one scale */
		if (c == first || step > 1)
			label_scale(&plot, area, &view->channel[c], scales++);
		if (legend)
			row = draw_legend(grid, row, area->column + (int)(area->columns - legend) - 1, lines < 3 ? lines : 3, view, screen, c);
	}
	scope_print(grid, plot.canvas.row + y_of(&plot, 0) / 4, area->column + 1, GRID_PLAIN, "%*s", AXIS_COLUMNS - 1, "0");
	label_time(&plot);
}
