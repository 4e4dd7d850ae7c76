/*
 * grid - a picture made of characters: a screen is drawn into a grid of cells first, whoever owns the terminal paints the grid.
 *
 * Pure; memory is the caller's.
 */
#ifndef VIEW_GRID_H
#define VIEW_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a colour is for; a terminal without colours leaves them out, so none may be the only sign of anything. */
enum grid_colour {
	GRID_PLAIN, GRID_DIM, GRID_RED, GRID_GREEN, GRID_YELLOW, GRID_BLUE, GRID_MAGENTA, GRID_CYAN, GRID_COLOURS
};

struct grid_cell {
	uint32_t code;		/* Unicode, one column wide; ' ' where nothing is */
	uint8_t colour;		/* enum grid_colour */
	bool bold, reverse;
};

struct grid {
	unsigned rows, columns;
	bool ascii;		/* only ASCII may be drawn */
	struct grid_cell *cell;	/* rows x columns, row by row */
};

#define GRID_ROWS_MAX 200
#define GRID_COLUMNS_MAX 500

/* `cells` holds rows x columns, which are cut to the most there may be; all blank. */
void grid_init(struct grid *grid, struct grid_cell *cells, unsigned rows, unsigned columns, bool ascii);
void grid_clear(struct grid *grid);

/* What lies outside is left out.  Bytes that are no UTF-8, and in an ASCII grid what is not ASCII, become '?'. */
void grid_put(struct grid *grid, int row, int column, uint32_t code, enum grid_colour colour);
void grid_text(struct grid *grid, int row, int column, const char *utf8, enum grid_colour colour);
/* The same, made bold and reversed. */
void grid_mark(struct grid *grid, int row, int column, unsigned width, bool bold, bool reverse);

/* A frame of lines (or + - |) with a title in its upper edge, NULL = none. */
void grid_box(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const char *title);

/*
 * A row as UTF-8, without trailing blanks, NUL-terminated and cut to `size`; returns its length.
 * 4 x columns + 1 bytes are always enough.
 */
size_t grid_row_text(const struct grid *grid, unsigned row, char *text, size_t size);

/*
 * A canvas of dots in a rectangle of a grid: 2 x 4 dots a cell as braille, in an ASCII grid 1 x 2 as ' . and :
 * (the coordinates stay those of 2 x 4 a cell).  x to the right, y down.
 */
struct canvas {
	struct grid *grid;
	int row, column;
	unsigned rows, columns;		/* in cells */
	unsigned width, height;		/* in dots */
};

void canvas_init(struct canvas *canvas, struct grid *grid, int row, int column, unsigned rows, unsigned columns);
void canvas_dot(struct canvas *canvas, int x, int y, enum grid_colour colour);
void canvas_line(struct canvas *canvas, int x0, int y0, int x1, int y1, enum grid_colour colour);

#endif
