/*
 * phasor_plot - voltages and currents as arrows: 0 degrees to the right, ahead is anticlockwise.
 */
#ifndef PICTURE_PHASOR_PLOT_H
#define PICTURE_PHASOR_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "picture/picture.h"

#define PHASORS_MAX 12

struct phasor_arrow {
	const char *name;
	double length;			/* parts of the radius, 0..1; not finite, or too short to see: left out */
	double deg;
	enum picture_colour colour;
	bool slim;			/* a current: a thin, dashed arrow */
};

/* Around the point x, y; angles stand outside the circle, within `radius` + 24 points sideways and 14 up and down. */
void phasor_plot_draw(struct picture *picture, double x, double y, double radius, const struct phasor_arrow *arrow, size_t count);

#endif
