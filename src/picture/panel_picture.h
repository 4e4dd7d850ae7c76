/*
 * panel_picture - the meter's face as a drawing: its housing, the display with both rows in segments, icons, LEDs, buttons, terminals.
 *
 * A picture stands still: cells that blink are shown at half their brightness.
 */
#ifndef PICTURE_PANEL_PICTURE_H
#define PICTURE_PANEL_PICTURE_H

#include "panel/panel.h"
#include "picture/picture.h"

#define PANEL_PICTURE_WIDTH 620		/* points */
#define PANEL_PICTURE_HEIGHT 440
#define PANEL_PICTURE_SCALE 2		/* pixels of a PNG a point */

/* Writes the picture; what the file's name ends in says how.  0 or -errno (-EINVAL: neither .png, .svg nor .pdf). */
int panel_picture_write(const struct panel_screen *screen, const char *file, enum picture_theme theme);

#endif
