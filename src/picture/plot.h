/*
 * plot - a diagram on a page: a frame with two axes, and what stands in it.
 *
 * Draws; who fills the struct chooses the axes (picture/axis.h).  Values that are not finite leave gaps.
 */
#ifndef PICTURE_PLOT_H
#define PICTURE_PLOT_H

#include <stddef.h>

#include "picture/axis.h"
#include "picture/picture.h"

struct plot {
	struct picture *picture;
	double x, y, width, height;	/* the frame around the values; labels stand to its left and below */
	double text_size;		/* of the labels; 0: 8 */
	struct axis across, up;
};

struct plot_legend {
	const char *text;
	enum picture_colour colour;
	bool bar;			/* a square instead of a line */
};

/* A value's place on the page. */
double plot_x(const struct plot *plot, double across);
double plot_y(const struct plot *plot, double up);

/*
 * Grid lines, zero line, frame and labels.  `unit_across` ("" or NULL = none) stands below the right end, `unit_up` above the labels on
 * the left, both with the axis's prefix.
 */
void plot_frame(const struct plot *plot, const char *unit_across, const char *unit_up);

/* A heading above the frame, at its left edge. */
void plot_title(const struct plot *plot, const char *title);

/* A line through the points, cut at the frame.  `thick` in points of the page. */
void plot_line(const struct plot *plot, const double *across, const double *up, size_t count, enum picture_colour colour, double thick);

/* up[k] holds from across[k] to across[k + 1]; the last as long as the one before it, one alone to the end of the axis. */
void plot_steps(const struct plot *plot, const double *across, const double *up, size_t count, enum picture_colour colour, double thick);

/* From the zero (or the end nearest to it) to `up`. */
void plot_bar(const struct plot *plot, double from, double to, double up, enum picture_colour colour);

/* Several of one colour, each `width` wide around its middle. */
void plot_bars(const struct plot *plot, const double *middle, const double *up, size_t count, double width, enum picture_colour colour);

/* An area of another tint behind the values, say a night: from one value across to another. */
void plot_band(const struct plot *plot, double from, double to, enum picture_colour colour, double opacity);

/* A row of marks with texts; `x` is its left or, with PICTURE_RIGHT, its right end, y the base line.  Returns the width. */
double plot_legend(struct picture *picture, double x, double y, double size, enum picture_align align, const struct plot_legend *entry,
		   size_t count);

#endif
