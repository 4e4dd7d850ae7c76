#include "client/canvas.h"

static const struct {
	const char *name;
	enum picture_colour colour;
} inks[CANVAS_INKS] = {
	[CANVAS_INK] = { "ink", PICTURE_INK },
	[CANVAS_FAINT] = { "faint", PICTURE_FAINT },
	[CANVAS_GRID] = { "grid", PICTURE_GRID },
	[CANVAS_REAL] = { "real", PICTURE_ACCENT },
	[CANVAS_REACTIVE] = { "reactive", PICTURE_PHASE_B },
	[CANVAS_APPARENT] = { "apparent", PICTURE_FAINT },
	[CANVAS_ALERT] = { "alert", PICTURE_BAD },
};

const char *canvas_class(enum canvas_ink ink)
{
	return inks[ink].name;
}

void canvas_rectangle(struct canvas *canvas, double x, double y, double width, double height, enum canvas_ink ink)
{
	x += canvas->dx;
	y += canvas->dy;
	if (canvas->svg) {
		fprintf(canvas->svg, "<rect class=\"f %s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n", inks[ink].name, x, y, width,
			height);
		return;
	}
	picture_set_colour(canvas->picture, inks[ink].colour);
	cairo_rectangle(canvas->picture->cairo, x, y, width, height);
	cairo_fill(canvas->picture->cairo);
}

void canvas_line(struct canvas *canvas, const double *x, const double *y, size_t n, enum canvas_ink ink, double thick)
{
	cairo_t *cairo = canvas->picture ? canvas->picture->cairo : NULL;

	if (n < 2)
		return;
	if (canvas->svg) {
		fprintf(canvas->svg, "<polyline class=\"l %s\" stroke-width=\"%.2f\" points=\"", inks[ink].name, thick);
		for (size_t i = 0; i < n; i++)
			fprintf(canvas->svg, "%s%.2f,%.2f", i ? " " : "", x[i] + canvas->dx, y[i] + canvas->dy);
		fputs("\"/>\n", canvas->svg);
		return;
	}
	picture_set_colour(canvas->picture, inks[ink].colour);
	cairo_set_line_width(cairo, thick);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	for (size_t i = 0; i < n; i++)
		cairo_line_to(cairo, x[i] + canvas->dx, y[i] + canvas->dy);
	cairo_stroke(cairo);
}

void canvas_text(struct canvas *canvas, double x, double y, double size, enum picture_align align, bool bold, enum canvas_ink ink,
		 const char *text)
{
	static const char *const anchors[] = { [PICTURE_LEFT] = "start", [PICTURE_CENTRE] = "middle", [PICTURE_RIGHT] = "end" };

	x += canvas->dx;
	y += canvas->dy;
	if (!canvas->svg) {
		picture_text(canvas->picture, x, y, size, align, bold, inks[ink].colour, text);
		return;
	}
	fprintf(canvas->svg, "<text class=\"f %s\" x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" text-anchor=\"%s\"%s>", inks[ink].name, x, y, size,
		anchors[align], bold ? " font-weight=\"bold\"" : "");
	canvas_escape(canvas->svg, text);
	fputs("</text>\n", canvas->svg);
}

void canvas_escape(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*text, out);
		}
}
