/* What scope.c puts its pages together from.  Pure; for scope*.c alone. */
#ifndef VIEW_SCOPE_PARTS_H
#define VIEW_SCOPE_PARTS_H

#include "view/scope.h"

/* A rectangle of cells. */
struct scope_area {
	int row, column;
	unsigned rows, columns;
};

/* A phase has one colour, in voltage and current. */
enum grid_colour scope_colour(int channel);

/* As grid_text(), printed. */
__attribute__((format(printf, 5, 6)))
void scope_print(struct grid *grid, int row, int column, enum grid_colour colour, const char *format, ...);

/* Waves of the channels first, first + step, .. below `end` in one frame. */
void scope_draw_frame(struct grid *grid, const struct scope_area *area, const struct scope_view *view, const struct scope_screen *screen,
		      int first, int step, int end, const char *title);

/* Bars of the harmonics 2..HARMONICS_MAX: of all channels side by side, `across` charts in a row; of one with its numbers. */
void scope_draw_charts(struct grid *grid, const struct scope_area *area, const struct scope_view *view,
		       const struct scope_screen *screen, unsigned across);
void scope_draw_list(struct grid *grid, const struct scope_area *area, const struct scope_view *view, int channel);

#endif
