/*
 * scope_picture - one page of the scope: waves, phasors, harmonics and their values.
 */
#ifndef PICTURE_SCOPE_PICTURE_H
#define PICTURE_SCOPE_PICTURE_H

#include "picture/picture.h"
#include "view/scope_view.h"

#define SCOPE_PICTURE_WIDTH 960		/* points */
#define SCOPE_PICTURE_HEIGHT 600
#define SCOPE_PICTURE_SCALE 1.5		/* pixels of a PNG a point */

/*
 * Where the frames of the waves stand on the page, in points: x from 0 to span_s of the view, y from full_scale (top) to
 * -full_scale; voltages, then currents.
 */
struct scope_frame {
	double x, y, width, height;
};
extern const struct scope_frame scope_picture_waves[2];

/* Writes the page; what the file's name ends in says how.  0 or -errno (-EINVAL: neither .png, .svg nor .pdf). */
int scope_picture_write(const struct scope_view *view, const char *file, enum picture_theme theme);

#endif
