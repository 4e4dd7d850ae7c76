/*
 * sheet - what a diagram is drawn on: a page of a PDF (picture/picture.h) or an SVG within HTML, whose colours the page's style sheet says.
 *
 * Points, x to the right, y down.
 */
#ifndef CLIENT_SHEET_H
#define CLIENT_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "picture/picture.h"

enum sheet_ink { SHEET_INK, SHEET_FAINT, SHEET_GRID, SHEET_REAL, SHEET_REACTIVE, SHEET_APPARENT, SHEET_ALERT, SHEET_INKS };

struct sheet {
	struct picture *picture;	/* one of both */
	FILE *svg;
	double dx, dy;			/* added to all places */
};

/* The class of an ink in the SVG's style sheet. */
const char *sheet_class(enum sheet_ink ink);

void sheet_rectangle(struct sheet *sheet, double x, double y, double width, double height, enum sheet_ink ink);

/* A line through the points. */
void sheet_line(struct sheet *sheet, const double *x, const double *y, size_t n, enum sheet_ink ink, double thick);

void sheet_text(struct sheet *sheet, double x, double y, double size, enum picture_align align, bool bold, enum sheet_ink ink,
		 const char *text);

/* Text within HTML or SVG. */
void sheet_escape(FILE *out, const char *text);

#endif
