#include "client/sheet.h"

static const struct {
	const char *name;
	enum picture_colour colour;
} inks[SHEET_INKS] = {
	[SHEET_INK] = { "ink", PICTURE_INK },
	[SHEET_FAINT] = { "faint", PICTURE_FAINT },
	[SHEET_GRID] = { "grid", PICTURE_GRID },
	[SHEET_REAL] = { "real", PICTURE_ACCENT },
	[SHEET_REACTIVE] = { "reactive", PICTURE_PHASE_A },
	[SHEET_APPARENT] = { "apparent", PICTURE_FAINT },
	[SHEET_ALERT] = { "alert", PICTURE_BAD },
};

const char *sheet_class(enum sheet_ink ink)
{
	return inks[ink].name;
}

void sheet_rectangle(struct sheet *sheet, double x, double y, double width, double height, enum sheet_ink ink)
{
	x += sheet->dx;
	y += sheet->dy;
	if (sheet->svg) {
		fprintf(sheet->svg, "<rect class=\"f %s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n", inks[ink].name, x, y, width,
			height);
		return;
	}
	picture_set_colour(sheet->picture, inks[ink].colour);
	cairo_rectangle(sheet->picture->cairo, x, y, width, height);
	cairo_fill(sheet->picture->cairo);
}

void sheet_line(struct sheet *sheet, const double *x, const double *y, size_t n, enum sheet_ink ink, double thick)
{
	cairo_t *cairo = sheet->picture ? sheet->picture->cairo : NULL;

	if (n < 2)
		return;
	if (sheet->svg) {
		fprintf(sheet->svg, "<polyline class=\"l %s\" stroke-width=\"%.2f\" points=\"", inks[ink].name, thick);
		for (size_t i = 0; i < n; i++)
			fprintf(sheet->svg, "%s%.2f,%.2f", i ? " " : "", x[i] + sheet->dx, y[i] + sheet->dy);
		fputs("\"/>\n", sheet->svg);
		return;
	}
	picture_set_colour(sheet->picture, inks[ink].colour);
	cairo_set_line_width(cairo, thick);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	for (size_t i = 0; i < n; i++)
		cairo_line_to(cairo, x[i] + sheet->dx, y[i] + sheet->dy);
	cairo_stroke(cairo);
}

void sheet_text(struct sheet *sheet, double x, double y, double size, enum picture_align align, bool bold, enum sheet_ink ink,
		 const char *text)
{
	static const char *const anchors[] = { [PICTURE_LEFT] = "start", [PICTURE_CENTRE] = "middle", [PICTURE_RIGHT] = "end" };

	x += sheet->dx;
	y += sheet->dy;
	if (!sheet->svg) {
		picture_text(sheet->picture, x, y, size, align, bold, inks[ink].colour, text);
		return;
	}
	fprintf(sheet->svg, "<text class=\"f %s\" x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" text-anchor=\"%s\"%s>", inks[ink].name, x, y, size,
		anchors[align], bold ? " font-weight=\"bold\"" : "");
	sheet_escape(sheet->svg, text);
	fputs("</text>\n", sheet->svg);
}

void sheet_escape(FILE *out, const char *text)
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
