#include "picture/plot.h"

#include <math.h>

#define HAIR 0.6	/* thickness of the finest lines, points */

double plot_x(const struct plot *plot, double across)
{
	return plot->x + plot->width * axis_part(&plot->across, across);
}

double plot_y(const struct plot *plot, double up)
{
	return plot->y + plot->height * (1 - axis_part(&plot->up, up));
}

static double text_size(const struct plot *plot)
{
	return plot->text_size > 0 ? plot->text_size : 8;
}

static void stroke_line(struct picture *picture, double x0, double y0, double x1, double y1, enum picture_colour colour, double thick)
{
	cairo_new_path(picture->cairo);
	cairo_move_to(picture->cairo, x0, y0);
	cairo_line_to(picture->cairo, x1, y1);
	cairo_set_line_width(picture->cairo, thick);
	picture_set_colour(picture, colour);
	cairo_stroke(picture->cairo);
}

static void draw_grid(const struct plot *plot)
{
	double right = plot->x + plot->width, bottom = plot->y + plot->height;

	for (unsigned i = 0; i < plot->across.ticks; i++) {
		double x = plot_x(plot, plot->across.tick[i]);

		stroke_line(plot->picture, x, plot->y, x, bottom, PICTURE_GRID, HAIR);
	}
	for (unsigned i = 0; i < plot->up.ticks; i++) {
		double y = plot_y(plot, plot->up.tick[i]);

		stroke_line(plot->picture, plot->x, y, right, y, plot->up.tick[i] == 0 ? PICTURE_FAINT : PICTURE_GRID, HAIR);
	}
	cairo_rectangle(plot->picture->cairo, plot->x, plot->y, plot->width, plot->height);
	cairo_set_line_width(plot->picture->cairo, HAIR);
	picture_set_colour(plot->picture, PICTURE_FAINT);
	cairo_stroke(plot->picture->cairo);
}

static void label_across(const struct plot *plot, const char *unit)
{
	double size = text_size(plot), y = plot->y + plot->height + 1.45 * size, right = plot->x + plot->width, edge = right + 2 * size;
	char text[AXIS_LABEL_MAX];

	if (unit && *unit) {
		axis_unit(&plot->across, unit, text, sizeof(text));
		edge = right + 0.7 * size - picture_text(plot->picture, right + 0.7 * size, y, size, PICTURE_RIGHT, false, PICTURE_FAINT, text);
	}
	for (unsigned i = 0; i < plot->across.ticks; i++) {
		double x = plot_x(plot, plot->across.tick[i]);

		axis_label(&plot->across, i, text);
		if (x + size * 1.4 < edge)	/* the unit has the last label's place */
			picture_text(plot->picture, x, y, size, PICTURE_CENTRE, false, PICTURE_FAINT, text);
	}
}

static void label_up(const struct plot *plot, const char *unit)
{
	double size = text_size(plot), x = plot->x - 0.6 * size;
	char text[AXIS_LABEL_MAX];

	for (unsigned i = 0; i < plot->up.ticks; i++) {
		axis_label(&plot->up, i, text);
		picture_text(plot->picture, x, plot_y(plot, plot->up.tick[i]) + 0.36 * size, size, PICTURE_RIGHT, false, PICTURE_FAINT,
			     text);
	}
	if (unit && *unit) {
		axis_unit(&plot->up, unit, text, sizeof(text));
		picture_text(plot->picture, x, plot->y - 0.9 * size, size, PICTURE_RIGHT, false, PICTURE_FAINT, text);
	}
}

void plot_frame(const struct plot *plot, const char *unit_across, const char *unit_up)
{
	cairo_save(plot->picture->cairo);
	draw_grid(plot);
	label_across(plot, unit_across);
	label_up(plot, unit_up);
	cairo_restore(plot->picture->cairo);
}

void plot_title(const struct plot *plot, const char *title)
{
	double size = text_size(plot) * 1.125;

	picture_text(plot->picture, plot->x, plot->y - 0.6 * size, size, PICTURE_LEFT, true, PICTURE_INK, title);
}

static void clip(const struct plot *plot)
{
	cairo_save(plot->picture->cairo);
	cairo_rectangle(plot->picture->cairo, plot->x, plot->y, plot->width, plot->height);
	cairo_clip(plot->picture->cairo);
	cairo_new_path(plot->picture->cairo);
}

static void stroke_path(const struct plot *plot, enum picture_colour colour, double thick)
{
	cairo_t *cairo = plot->picture->cairo;

	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(cairo, CAIRO_LINE_CAP_BUTT);
	cairo_set_line_width(cairo, thick);
	picture_set_colour(plot->picture, colour);
	cairo_stroke(cairo);
	cairo_restore(cairo);
}

/* cairo counts in 1/256 of 2^23 points; a value far outside must not wrap around to the inside. */
static double near_frame(double position, double start, double length)
{
	return fmin(fmax(position, start - 20 * length), start + 21 * length);
}

static void path_to(const struct plot *plot, double across, double up, bool start)
{
	double x = near_frame(plot_x(plot, across), plot->x, plot->width), y = near_frame(plot_y(plot, up), plot->y, plot->height);

	if (start)
		cairo_move_to(plot->picture->cairo, x, y);
	else
		cairo_line_to(plot->picture->cairo, x, y);
}

void plot_line(const struct plot *plot, const double *across, const double *up, size_t count, enum picture_colour colour, double thick)
{
	bool start = true;

	clip(plot);
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(across[i]) || !isfinite(up[i])) {
			start = true;
			continue;
		}
		path_to(plot, across[i], up[i], start);
		start = false;
	}
	stroke_path(plot, colour, thick);
}

void plot_steps(const struct plot *plot, const double *across, const double *up, size_t count, enum picture_colour colour, double thick)
{
	bool start = true;

	clip(plot);
	for (size_t i = 0; i < count; i++) {
		double end = i + 1 < count ? across[i + 1] : i ? across[i] + across[i] - across[i - 1] : plot->across.high;

		if (!isfinite(across[i]) || !isfinite(end) || !isfinite(up[i])) {
			start = true;
			continue;
		}
		path_to(plot, across[i], up[i], start);
		path_to(plot, end, up[i], false);
		start = false;
	}
	stroke_path(plot, colour, thick);
}

static double clamp(double value, double low, double high)
{
	return fmin(fmax(value, low), high);
}

/* A rectangle, cut at the frame: without a clip, which costs an SVG much. */
static void add_box(const struct plot *plot, double from, double to, double low, double high)
{
	double left = plot_x(plot, clamp(from, plot->across.low, plot->across.high));
	double right = plot_x(plot, clamp(to, plot->across.low, plot->across.high));
	double top = plot_y(plot, clamp(high, plot->up.low, plot->up.high)), bottom = plot_y(plot, clamp(low, plot->up.low, plot->up.high));

	cairo_rectangle(plot->picture->cairo, left, top, right - left, bottom - top);
}

void plot_bars(const struct plot *plot, const double *middle, const double *up, size_t count, double width, enum picture_colour colour)
{
	double base = clamp(0, plot->up.low, plot->up.high);

	cairo_new_path(plot->picture->cairo);
	for (size_t i = 0; i < count; i++)
		if (isfinite(middle[i]) && isfinite(up[i]))
			add_box(plot, middle[i] - width / 2, middle[i] + width / 2, base, up[i]);
	picture_set_colour(plot->picture, colour);
	cairo_fill(plot->picture->cairo);
}

void plot_bar(const struct plot *plot, double from, double to, double up, enum picture_colour colour)
{
	double middle = (from + to) / 2;

	plot_bars(plot, &middle, &up, 1, to - from, colour);
}

void plot_band(const struct plot *plot, double from, double to, enum picture_colour colour, double opacity)
{
	cairo_t *cairo = plot->picture->cairo;
	double red, green, blue;

	if (!isfinite(from) || !isfinite(to))
		return;
	cairo_new_path(cairo);
	add_box(plot, from, to, plot->up.low, plot->up.high);
	picture_set_colour(plot->picture, colour);
	cairo_pattern_get_rgba(cairo_get_source(cairo), &red, &green, &blue, NULL);
	cairo_set_source_rgba(cairo, red, green, blue, opacity);
	cairo_fill(cairo);
}

double plot_legend(struct picture *picture, double x, double y, double size, enum picture_align align, const struct plot_legend *entry,
		   size_t count)
{
	double mark = 1.6 * size, gap = 0.5 * size, between = 1.4 * size, width = 0;

	for (size_t i = 0; i < count; i++)
		width += mark + gap + picture_text_width(picture, size, false, entry[i].text) + (i ? between : 0);
	x -= align == PICTURE_RIGHT ? width : align == PICTURE_CENTRE ? width / 2 : 0;
	for (size_t i = 0; i < count; i++) {
		double thick = entry[i].bar ? 0.75 * size : 0.2 * size, middle = y - 0.36 * size;

		stroke_line(picture, entry[i].bar ? x + mark - thick : x, middle, x + mark, middle, entry[i].colour, thick);
		x += mark + gap;
		x += picture_text(picture, x, y, size, PICTURE_LEFT, false, PICTURE_INK, entry[i].text) + between;
	}
	return width;
}
