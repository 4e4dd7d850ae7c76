/*
 * picture - a page that things are drawn on with cairo, the only owner of it: PNG, SVG or PDF.
 *
 * Coordinates and sizes are points of the page, x to the right, y down.  Text is UTF-8, in the sans-serif face; what is
 * no character of UTF-8 becomes '?'.
 */
#ifndef PICTURE_PICTURE_H
#define PICTURE_PICTURE_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

enum picture_format { PICTURE_PNG, PICTURE_SVG, PICTURE_PDF };
enum picture_theme { PICTURE_LIGHT, PICTURE_DARK };

/* What a colour is for; the theme says which it is.  Phases keep theirs in every picture. */
enum picture_colour {
	PICTURE_PAPER, PICTURE_INK, PICTURE_FAINT, PICTURE_GRID,
	PICTURE_PHASE_A, PICTURE_PHASE_B, PICTURE_PHASE_C, PICTURE_ACCENT, PICTURE_GOOD, PICTURE_BAD, PICTURE_COLOURS
};

enum picture_align { PICTURE_LEFT, PICTURE_CENTRE, PICTURE_RIGHT };

struct picture {
	cairo_t *cairo;
	enum picture_theme theme;
	double width, height;
	/* private */
	enum picture_format format;
	cairo_surface_t *surface;
	struct picture_sink *sink;
};

/* The format that a file's name ends in (.png, .svg, .pdf in any case).  0, or -EINVAL. */
int picture_format_of(const char *file, enum picture_format *format);

/* A blank page in the theme's paper.  A PNG has `scale` pixels a point.  0, -EINVAL (over 32767 pixels a side) or -ENOMEM. */
int picture_begin(struct picture *picture, enum picture_format format, enum picture_theme theme, double width, double height,
		  double scale);

void picture_set_colour(struct picture *picture, enum picture_colour colour);

/* Text with its base line at y; returns its width. */
double picture_text(struct picture *picture, double x, double y, double size, enum picture_align align, bool bold,
		    enum picture_colour colour, const char *text);
/* The same with a rim of paper around the letters, for what stands on lines. */
double picture_label(struct picture *picture, double x, double y, double size, enum picture_align align, bool bold,
		     enum picture_colour colour, const char *text);
/* The width that it would have. */
double picture_text_width(struct picture *picture, double size, bool bold, const char *text);

/*
 * Ends the page and writes it to `file`: whole or not at all (a temporary file beside it, renamed).  0, or -errno; said by the caller.
 * picture_end_memory() gives the bytes instead, to be freed.  Either frees the picture.
 */
int picture_end(struct picture *picture, const char *file);
int picture_end_memory(struct picture *picture, char **bytes, size_t *size);

/* Ends the page, keeps nothing. */
void picture_abandon(struct picture *picture);

#endif
