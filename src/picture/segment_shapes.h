/*
 * segment_shapes - characters of segments on a page, lit and unlit, as a liquid crystal shows them.
 */
#ifndef PICTURE_SEGMENT_SHAPES_H
#define PICTURE_SEGMENT_SHAPES_H

#include <cairo.h>
#include <stdbool.h>

#include "view/segments.h"

/* Where a character stands: upper left corner and size without its point, in points of the page. */
struct segment_cell {
	double x, y, width, height;
};

/* Adds the outlines of these segments to the path. */
void segment_shapes_add(cairo_t *cairo, const struct segment_cell *cell, uint32_t segments);

/* The same of the point behind the character. */
void segment_shapes_add_point(cairo_t *cairo, const struct segment_cell *cell);

/* The middle of a segment, where a lit one shines. */
void segment_shapes_middle(const struct segment_cell *cell, uint32_t segment, double *x, double *y);

#endif
