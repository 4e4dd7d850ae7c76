/*
 * scope - the scope's screen as a text grid: waves, phasors, harmonics, or all of them as far as there is room.
 *
 * 80 x 24 is enough for each page; what is larger is used.  Pure.
 */
#ifndef VIEW_SCOPE_H
#define VIEW_SCOPE_H

#include "view/grid.h"
#include "view/scope_view.h"

enum scope_page { SCOPE_WAVES, SCOPE_PHASORS, SCOPE_HARMONICS, SCOPE_ALL, SCOPE_PAGES };

struct scope_screen {
	enum scope_page page;
	int selected;			/* the channel that the harmonics are shown of in full, marked in every legend; -1: none */
	bool help;			/* the keys instead of the page */
	bool keys;			/* a last line that tells the most important keys */
};

#define SCOPE_ROWS_MIN 12
#define SCOPE_COLUMNS_MIN 44

/* Draws into all of the grid. */
void scope_draw(struct grid *grid, const struct scope_view *view, const struct scope_screen *screen);

#endif
