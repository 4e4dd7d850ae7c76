/*
 * panel_picture_private - where things stand on the drawn face, for its tests.
 */
#ifndef PICTURE_PANEL_PICTURE_PRIVATE_H
#define PICTURE_PANEL_PICTURE_PRIVATE_H

#include <stdbool.h>

#include "picture/segment_shapes.h"

/* The place of a character, cell 0..4 of the top or the bottom row. */
void panel_picture_cell(bool top, unsigned cell, struct segment_cell *place);

#endif
