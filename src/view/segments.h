/*
 * segments - the shapes of a display's characters: seven segments, or sixteen that have letters too.
 *
 * A character is drawn 7 columns wide and 6 rows high, of halves of cells; in an ASCII grid of ' " . and #.  Pure.
 */
#ifndef VIEW_SEGMENTS_H
#define VIEW_SEGMENTS_H

#include "view/grid.h"

#define SEGMENTS_COLUMNS 7
#define SEGMENTS_ROWS 6
#define SEGMENTS_PITCH 10	/* columns from one character to the next: a point stands between them */

enum segments_kind { SEGMENTS_SEVEN, SEGMENTS_SIXTEEN };

/*
 *	 -A1- -A2-
 *	F H  I  J B
 *	 -G1- -G2-
 *	E K  L  M C
 *	 -D1- -D2-
 */
enum {
	SEGMENT_A1 = 1u << 0, SEGMENT_A2 = 1u << 1, SEGMENT_B = 1u << 2, SEGMENT_C = 1u << 3, SEGMENT_D1 = 1u << 4,
	SEGMENT_D2 = 1u << 5, SEGMENT_E = 1u << 6, SEGMENT_F = 1u << 7, SEGMENT_G1 = 1u << 8, SEGMENT_G2 = 1u << 9,
	SEGMENT_H = 1u << 10, SEGMENT_I = 1u << 11, SEGMENT_J = 1u << 12, SEGMENT_K = 1u << 13, SEGMENT_L = 1u << 14,
	SEGMENT_M = 1u << 15,
	/* dots in the cell, for what is written with them */
	SEGMENT_DOT = 1u << 16, SEGMENT_COLON = 1u << 17
};

/*
 * The segments that `character` lights; none for what is not printable ASCII.  Of seven segments, A G and D are both of their halves,
 * and the three of them together (a sign that nothing else has) stand for what they cannot show.
 */
uint32_t segments_of(enum segments_kind kind, char character);

/* Draws them with the upper left corner at row and column; cells that no segment covers are left alone. */
void segments_draw(struct grid *grid, int row, int column, uint32_t segments, enum grid_colour colour);

/* The point behind a character that stands at row and column. */
void segments_draw_point(struct grid *grid, int row, int column, enum grid_colour colour);

#endif
