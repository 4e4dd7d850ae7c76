#include "picture/phasor_plot.h"

#include <math.h>
#include <string.h>

#define NAME_SIZE 9.0		/* of letters, points */
#define HEAD 8.0		/* of an arrow */
#define SHORTEST 0.02		/* of the radius: below it is no direction to be seen */

struct box {
	double left, top, right, bottom;
};

struct dial {
	struct picture *picture;
	double x, y, radius;
	struct box taken[PHASORS_MAX];	/* by names */
	size_t names;
};

static double radians(double deg)
{
	return deg * (M_PI / 180);
}

static void draw_rings(const struct dial *dial)
{
	cairo_t *cairo = dial->picture->cairo;

	cairo_set_line_width(cairo, 0.6);
	for (int half = 1; half <= 2; half++) {
		cairo_new_path(cairo);
		cairo_arc(cairo, dial->x, dial->y, dial->radius * half / 2, 0, 2 * M_PI);
		picture_set_colour(dial->picture, half == 2 ? PICTURE_FAINT : PICTURE_GRID);
		cairo_stroke(cairo);
	}
	picture_set_colour(dial->picture, PICTURE_GRID);
	for (int deg = 0; deg < 360; deg += 30) {
		cairo_move_to(cairo, dial->x, dial->y);
		cairo_line_to(cairo, dial->x + dial->radius * cos(radians(deg)), dial->y - dial->radius * sin(radians(deg)));
		cairo_stroke(cairo);
	}
}

static void write_angles(const struct dial *dial)
{
	double out = dial->radius + 5;

	picture_text(dial->picture, dial->x + out, dial->y + 3, 8, PICTURE_LEFT, false, PICTURE_FAINT, "0°");
	picture_text(dial->picture, dial->x, dial->y - out, 8, PICTURE_CENTRE, false, PICTURE_FAINT, "90°");
	picture_text(dial->picture, dial->x - out, dial->y + 3, 8, PICTURE_RIGHT, false, PICTURE_FAINT, "180°");
	picture_text(dial->picture, dial->x, dial->y + out + 7, 8, PICTURE_CENTRE, false, PICTURE_FAINT, "−90°");
}

static void draw_arrow(const struct dial *dial, const struct phasor_arrow *arrow)
{
	static const double dashes[] = { 5, 2.5 };
	cairo_t *cairo = dial->picture->cairo;
	double length = arrow->length * dial->radius, head = fmin(arrow->slim ? HEAD * 0.85 : HEAD, length * 0.6);

	cairo_save(cairo);
	cairo_translate(cairo, dial->x, dial->y);
	cairo_rotate(cairo, -radians(arrow->deg));
	picture_set_colour(dial->picture, arrow->colour);
	cairo_set_line_width(cairo, arrow->slim ? 1.5 : 2.2);
	if (arrow->slim)
		cairo_set_dash(cairo, dashes, 2, 0);
	cairo_new_path(cairo);
	cairo_move_to(cairo, 0, 0);
	cairo_line_to(cairo, length - head * 0.8, 0);
	cairo_stroke(cairo);
	cairo_move_to(cairo, length, 0);
	cairo_line_to(cairo, length - head, head * 0.42);
	cairo_line_to(cairo, length - head, -head * 0.42);
	cairo_close_path(cairo);
	cairo_fill(cairo);
	cairo_restore(cairo);
}

static bool overlaps(const struct box *a, const struct box *b)
{
	return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

static bool is_free(const struct dial *dial, const struct box *box)
{
	for (size_t i = 0; i < dial->names; i++)
		if (overlaps(box, &dial->taken[i]))
			return false;
	return true;
}

/* Beyond the arrow's tip, and where a name stands already, beside it on either side, then further in. */
static void write_name(struct dial *dial, const struct phasor_arrow *arrow)
{
	static const struct { double along, across; } places[] = {
		{ 9, 0 }, { -2, 11 }, { -2, -11 }, { -14, 11 }, { -14, -11 }, { -26, 12 }, { -26, -12 }, { -38, 12 }, { -38, -12 },
		{ -50, 12 }, { -50, -12 }, { -62, 12 },
	};
	double cosine = cos(radians(arrow->deg)), sine = sin(radians(arrow->deg)), length = arrow->length * dial->radius;
	double width = picture_text_width(dial->picture, NAME_SIZE, true, arrow->name);
	size_t first = arrow->slim ? 1 : 0;	/* a voltage's arrow likely goes on beyond a current's */

	for (size_t i = first; i < sizeof(places) / sizeof(*places); i++) {
		double along = length + places[i].along, across = places[i].across;
		double x = dial->x + along * cosine + across * sine, y = dial->y - along * sine + across * cosine;
		struct box box = { x - width / 2, y - NAME_SIZE * 0.45, x + width / 2, y + NAME_SIZE * 0.45 };

		if (!is_free(dial, &box) && i + 1 < sizeof(places) / sizeof(*places))
			continue;
		dial->taken[dial->names++] = box;
		picture_label(dial->picture, x, y + NAME_SIZE * 0.36, NAME_SIZE, PICTURE_CENTRE, true, arrow->colour, arrow->name);
		return;
	}
}

static bool is_seen(const struct phasor_arrow *arrow)
{
	return isfinite(arrow->length) && isfinite(arrow->deg) && arrow->length >= SHORTEST;
}

void phasor_plot_draw(struct picture *picture, double x, double y, double radius, const struct phasor_arrow *arrow, size_t count)
{
	struct dial dial = { .picture = picture, .x = x, .y = y, .radius = radius };

	count = count > PHASORS_MAX ? PHASORS_MAX : count;
	cairo_save(picture->cairo);
	draw_rings(&dial);
	write_angles(&dial);
	for (size_t i = 0; i < count; i++)
		if (is_seen(&arrow[i]))
			draw_arrow(&dial, &arrow[i]);
	for (size_t i = 0; i < count; i++)
		if (is_seen(&arrow[i]))
			write_name(&dial, &arrow[i]);
	cairo_restore(picture->cairo);
}
