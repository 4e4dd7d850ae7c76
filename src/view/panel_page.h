/*
 * panel_page - all that `dinmeter panel` shows, laid out for the size of the grid: the face, beside it the readings where there are 100
 * columns, and the phasors where there is room left.  Pure.
 */
#ifndef VIEW_PANEL_PAGE_H
#define VIEW_PANEL_PAGE_H

#include "view/faceplate.h"
#include "view/live.h"

struct panel_page {
	struct faceplate face;
	const struct live *live;	/* NULL: not known */
};

/* Clears the grid and draws the page. */
void panel_page_draw(struct grid *grid, const struct panel_page *page);

/* Is there room for readings, so that they are worth asking for? */
bool panel_page_has_readings(unsigned rows, unsigned columns);

#endif
