/*
 * canvas - what a diagram is drawn on: a page of a PDF (picture/picture.h) or an SVG within HTML, whose colours the page's style sheet says.
 *
 * Points, x to the right, y down.
 */
#ifndef CLIENT_CANVAS_H
#define CLIENT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "picture/picture.h"

enum canvas_ink { CANVAS_INK, CANVAS_FAINT, CANVAS_GRID, CANVAS_REAL, CANVAS_REACTIVE, CANVAS_APPARENT, CANVAS_ALERT, CANVAS_INKS };

struct canvas {
	struct picture *picture;	/* one of both */
	FILE *svg;
	double dx, dy;			/* added to all places */
};

/* The class of an ink in the SVG's style sheet. */
const char *canvas_class(enum canvas_ink ink);

void canvas_rectangle(struct canvas *canvas, double x, double y, double width, double height, enum canvas_ink ink);

/* A line through the points. */
void canvas_line(struct canvas *canvas, const double *x, const double *y, size_t n, enum canvas_ink ink, double thick);

void canvas_text(struct canvas *canvas, double x, double y, double size, enum picture_align align, bool bold, enum canvas_ink ink,
		 const char *text);

/* Text within HTML or SVG. */
void canvas_escape(FILE *out, const char *text);

#endif
