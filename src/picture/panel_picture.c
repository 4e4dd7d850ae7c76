#include "picture/panel_picture.h"

#include <errno.h>
#include <math.h>

#include "picture/panel_picture_private.h"
#include "picture/segment_shapes.h"
#include "view/faceplate.h"

/* What the housing is made of; its prints are the theme's ink. */
struct paint {
	double housing[3], edge[3], face[3];
};

static const struct paint paints[] = {
	[PICTURE_LIGHT] = { { 0.87, 0.88, 0.885 }, { 0.63, 0.65, 0.67 }, { 0.95, 0.955, 0.96 } },
	[PICTURE_DARK] = { { 0.2, 0.22, 0.25 }, { 0.36, 0.39, 0.43 }, { 0.135, 0.15, 0.175 } },
};

static const double glass[3] = { 0.075, 0.29, 0.72 }, lit[3] = { 0.96, 0.985, 1 };

#define UNLIT 0.085	/* how much of an unlit segment is seen */
#define HALF 0.5	/* how bright a blinking one is, a still picture being one */

static void set_rgb(struct picture *page, const double rgb[3], double opacity)
{
	cairo_set_source_rgba(page->cairo, rgb[0], rgb[1], rgb[2], opacity);
}

static void add_round(cairo_t *cairo, double x, double y, double width, double height, double radius)
{
	cairo_new_sub_path(cairo);
	cairo_arc(cairo, x + width - radius, y + radius, radius, -M_PI / 2, 0);
	cairo_arc(cairo, x + width - radius, y + height - radius, radius, 0, M_PI / 2);
	cairo_arc(cairo, x + radius, y + height - radius, radius, M_PI / 2, M_PI);
	cairo_arc(cairo, x + radius, y + radius, radius, M_PI, 3 * M_PI / 2);
	cairo_close_path(cairo);
}

static void fill_round(struct picture *page, double x, double y, double width, double height, double radius, const double fill[3],
		       const double edge[3])
{
	add_round(page->cairo, x, y, width, height, radius);
	set_rgb(page, fill, 1);
	cairo_fill_preserve(page->cairo);
	set_rgb(page, edge, 1);
	cairo_set_line_width(page->cairo, 1);
	cairo_stroke(page->cairo);
}

static void print(struct picture *page, double x, double y, double size, enum picture_align align, bool bold, const char *text)
{
	picture_text(page, x, y, size, align, bold, bold ? PICTURE_INK : PICTURE_FAINT, text);
}

static void draw_screw(struct picture *page, const struct paint *paint, double x, double y)
{
	cairo_t *cairo = page->cairo;

	cairo_new_path(cairo);
	cairo_arc(cairo, x, y, 9, 0, 2 * M_PI);
	cairo_set_source_rgb(cairo, 0.7, 0.72, 0.74);
	cairo_fill_preserve(cairo);
	set_rgb(page, paint->edge, 1);
	cairo_set_line_width(cairo, 1.2);
	cairo_stroke(cairo);
	cairo_set_source_rgb(cairo, 0.35, 0.37, 0.4);
	cairo_set_line_width(cairo, 2);
	cairo_move_to(cairo, x - 5, y + 3.5);
	cairo_line_to(cairo, x + 5, y - 3.5);
	cairo_stroke(cairo);
}

struct terminal {
	double x;
	const char *name;
};

/* A row of terminals with their names on the side of the face. */
static void draw_terminals(struct picture *page, const struct paint *paint, double y, double names_y, const struct terminal *terminal,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		draw_screw(page, paint, terminal[i].x, y);
		print(page, terminal[i].x, names_y, 9, PICTURE_CENTRE, true, terminal[i].name);
	}
}

static void draw_group(struct picture *page, const struct paint *paint, double from, double to, double y, const char *name)
{
	double middle = (from + to) / 2, half = picture_text_width(page, 8, false, name) / 2 + 4;

	set_rgb(page, paint->edge, 1);
	cairo_set_line_width(page->cairo, 0.8);
	cairo_move_to(page->cairo, from - 8, y - 3);
	cairo_line_to(page->cairo, middle - half, y - 3);
	cairo_move_to(page->cairo, middle + half, y - 3);
	cairo_line_to(page->cairo, to + 8, y - 3);
	cairo_stroke(page->cairo);
	print(page, middle, y, 8, PICTURE_CENTRE, false, name);
}

static void draw_housing(struct picture *page, const struct paint *paint)
{
	static const struct terminal upper[] = {
		{ 76, "A" }, { 118, "B" }, { 160, "C" }, { 202, "N" }, { 268, "1" }, { 310, "2" },
		{ 376, "+" }, { 418, "−" }, { 460, "S" },
	};
	static const struct terminal lower[] = {
		{ 76, "IA+" }, { 118, "IA−" }, { 160, "IB+" }, { 202, "IB−" }, { 244, "IC+" }, { 286, "IC−" },
		{ 376, "NC" }, { 418, "C" }, { 484, "NO" }, { 526, "C" },
	};

	fill_round(page, 30, 20, 560, 400, 16, paint->housing, paint->edge);
	fill_round(page, 44, 104, 532, 232, 10, paint->face, paint->edge);
	draw_terminals(page, paint, 44, 72, upper, sizeof(upper) / sizeof(*upper));
	draw_group(page, paint, 76, 202, 92, "VOLTAGE INPUTS");
	draw_group(page, paint, 268, 310, 92, "POWER");
	draw_group(page, paint, 376, 460, 92, "RS-485");
	draw_terminals(page, paint, 396, 374, lower, sizeof(lower) / sizeof(*lower));
	draw_group(page, paint, 76, 286, 354, "CT INPUTS");
	draw_group(page, paint, 376, 418, 354, "ALARM");
	draw_group(page, paint, 484, 526, 354, "ENERGY");
}

void panel_picture_cell(bool top, unsigned cell, struct segment_cell *place)
{
	*place = (struct segment_cell){ .x = 120 + 53 * cell, .y = top ? 134 : 201, .width = 30, .height = 48 };
}

static void fill_segments(struct picture *page, const struct segment_cell *place, uint32_t segments, bool point, double brightness)
{
	cairo_new_path(page->cairo);
	segment_shapes_add(page->cairo, place, segments);
	if (point)
		segment_shapes_add_point(page->cairo, place);
	set_rgb(page, lit, brightness);
	cairo_fill(page->cairo);
}

static void draw_row(struct picture *page, const struct panel_row *row, bool top)
{
	/* All that a cell has: the top ones have letters, the bottom ones seven segments. */
	const uint32_t seven = SEGMENT_A1 | SEGMENT_A2 | SEGMENT_B | SEGMENT_C | SEGMENT_D1 | SEGMENT_D2 | SEGMENT_E | SEGMENT_F |
			       SEGMENT_G1 | SEGMENT_G2;
	const uint32_t all = top ? seven | SEGMENT_H | SEGMENT_I | SEGMENT_J | SEGMENT_K | SEGMENT_L | SEGMENT_M : seven;

	for (unsigned cell = 0; cell < PANEL_CELLS; cell++) {
		uint32_t segments = segments_of(top ? SEGMENTS_SIXTEEN : SEGMENTS_SEVEN, row->cell[cell]);
		double brightness = row->blink[cell] ? HALF : 1;
		struct segment_cell place;

		panel_picture_cell(top, cell, &place);
		fill_segments(page, &place, all & ~segments, !row->point[cell], UNLIT);
		fill_segments(page, &place, segments, row->point[cell], brightness);
	}
}

static void draw_heart(struct picture *page, double x, double y, double size, double brightness)
{
	cairo_t *cairo = page->cairo;

	cairo_new_path(cairo);
	cairo_move_to(cairo, x, y + size * 0.45);
	cairo_curve_to(cairo, x - size * 0.9, y - size * 0.15, x - size * 0.35, y - size * 0.75, x, y - size * 0.25);
	cairo_curve_to(cairo, x + size * 0.35, y - size * 0.75, x + size * 0.9, y - size * 0.15, x, y + size * 0.45);
	cairo_close_path(cairo);
	set_rgb(page, lit, brightness);
	cairo_fill(cairo);
}

/* An open-ended spanner: a shaft and a jaw, which is a disc without a bite. */
static void draw_wrench(struct picture *page, double x, double y, double size, double brightness)
{
	cairo_t *cairo = page->cairo;
	const double jaw = size * 0.34, bite = 0.5, shaft = size * 0.12;

	cairo_save(cairo);
	cairo_translate(cairo, x, y);
	cairo_rotate(cairo, M_PI / 4);
	cairo_new_path(cairo);
	cairo_arc(cairo, 0, -size * 0.42, jaw, -M_PI / 2 + bite, 3 * M_PI / 2 - bite);
	cairo_line_to(cairo, -jaw * sin(bite), -size * 0.42);
	cairo_line_to(cairo, jaw * sin(bite), -size * 0.42);
	cairo_close_path(cairo);
	add_round(cairo, -shaft, -size * 0.2, 2 * shaft, size * 0.9, shaft);
	set_rgb(page, lit, brightness);
	cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_WINDING);
	cairo_fill(cairo);
	cairo_restore(cairo);
}

static void draw_display(struct picture *page, const struct paint *paint, const struct panel_screen *screen)
{
	cairo_pattern_t *light = cairo_pattern_create_linear(0, 118, 0, 266);
	static const double bezel[3] = { 0.07, 0.08, 0.1 };

	fill_round(page, 58, 116, 350, 152, 7, bezel, paint->edge);
	cairo_pattern_add_color_stop_rgb(light, 0, glass[0] * 1.25, glass[1] * 1.2, glass[2] * 1.15);
	cairo_pattern_add_color_stop_rgb(light, 1, glass[0], glass[1], glass[2]);
	add_round(page->cairo, 66, 124, 334, 136, 3);
	cairo_set_source(page->cairo, light);
	cairo_fill(page->cairo);
	cairo_pattern_destroy(light);
	draw_row(page, &screen->top, true);
	draw_row(page, &screen->bottom, false);
	draw_wrench(page, 89, 158, 24, screen->wrench ? 1 : UNLIT);
	draw_heart(page, 89, 226, 22, screen->heart ? 1 : UNLIT);
}

static void draw_led(struct picture *page, const struct paint *paint, enum panel_led led, bool on)
{
	static const double colours[PANEL_LEDS][3] = {
		[PANEL_LED_ALARM] = { 0.93, 0.16, 0.13 }, [PANEL_LED_ENERGY] = { 0.16, 0.78, 0.3 }, [PANEL_LED_TX] = { 0.98, 0.73, 0.1 },
		[PANEL_LED_RX] = { 0.98, 0.73, 0.1 }, [PANEL_LED_ERROR] = { 0.93, 0.16, 0.13 },
	};
	static const double off[3] = { 0.42, 0.44, 0.46 };
	const double *colour = colours[led], x = 440, y = 130 + 30.5 * led;
	cairo_t *cairo = page->cairo;

	if (on) {
		cairo_pattern_t *glow = cairo_pattern_create_radial(x, y, 4, x, y, 15);

		cairo_pattern_add_color_stop_rgba(glow, 0, colour[0], colour[1], colour[2], 0.6);
		cairo_pattern_add_color_stop_rgba(glow, 1, colour[0], colour[1], colour[2], 0);
		cairo_set_source(cairo, glow);
		cairo_arc(cairo, x, y, 15, 0, 2 * M_PI);
		cairo_fill(cairo);
		cairo_pattern_destroy(glow);
	}
	cairo_new_path(cairo);
	cairo_arc(cairo, x, y, 6.5, 0, 2 * M_PI);
	set_rgb(page, on ? colour : off, 1);
	cairo_fill_preserve(cairo);
	set_rgb(page, paint->edge, 1);
	cairo_set_line_width(cairo, 1);
	cairo_stroke(cairo);
	print(page, x + 18, y + 4, 11, PICTURE_LEFT, on, faceplate_led_name(led));
}

/* The signs are drawn: a font's differ in size and height. */
static void draw_sign(struct picture *page, enum panel_button button, double x, double y)
{
	cairo_t *cairo = page->cairo;
	double way = button == PANEL_NEXT ? 1 : -1;

	cairo_set_line_width(cairo, 2.6);
	cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	picture_set_colour(page, PICTURE_INK);
	cairo_move_to(cairo, x - 7, y);
	cairo_line_to(cairo, x + 7, y);
	if (button == PANEL_PLUS) {
		cairo_move_to(cairo, x, y - 7);
		cairo_line_to(cairo, x, y + 7);
	} else if (button != PANEL_MINUS) {
		cairo_move_to(cairo, x + way * 2, y - 5.5);
		cairo_line_to(cairo, x + way * 7.5, y);
		cairo_line_to(cairo, x + way * 2, y + 5.5);
	}
	cairo_stroke(cairo);
}

static void draw_buttons(struct picture *page, const struct paint *paint)
{
	static const enum panel_button order[PANEL_BUTTONS] = { PANEL_MINUS, PANEL_PLUS, PANEL_BACK, PANEL_NEXT };

	for (int i = 0; i < PANEL_BUTTONS; i++) {
		double x = 58 + 90 * i;

		fill_round(page, x, 284, 80, 36, 8, paint->housing, paint->edge);
		draw_sign(page, order[i], x + 40, 302);
	}
}

int panel_picture_write(const struct panel_screen *screen, const char *file, enum picture_theme theme)
{
	const struct paint *paint = &paints[theme];
	enum picture_format format;
	struct picture page;
	int err = picture_format_of(file, &format);

	if (!err)
		err = picture_begin(&page, format, theme, PANEL_PICTURE_WIDTH, PANEL_PICTURE_HEIGHT, PANEL_PICTURE_SCALE);
	if (err)
		return err;
	draw_housing(&page, paint);
	draw_display(&page, paint, screen);
	for (int led = 0; led < PANEL_LEDS; led++)
		draw_led(&page, paint, (enum panel_led)led, screen->led[led]);
	draw_buttons(&page, paint);
	print(&page, 562, 306, 9, PICTURE_RIGHT, false, "three-phase meter");
	return picture_end(&page, file);
}
