#include "view/grid.h"

#include <stdlib.h>
#include <string.h>

#define BRAILLE 0x2800u
#define DOTS_X 2
#define DOTS_Y 4

void grid_init(struct grid *grid, struct grid_cell *cells, unsigned rows, unsigned columns, bool ascii)
{
	grid->rows = rows < GRID_ROWS_MAX ? rows : GRID_ROWS_MAX;
	grid->columns = columns < GRID_COLUMNS_MAX ? columns : GRID_COLUMNS_MAX;
	grid->ascii = ascii;
	grid->cell = cells;
	grid_clear(grid);
}

void grid_clear(struct grid *grid)
{
	for (size_t i = 0; i < (size_t)grid->rows * grid->columns; i++)
		grid->cell[i] = (struct grid_cell){ .code = ' ' };
}

/* NULL outside. */
static struct grid_cell *find(struct grid *grid, int row, int column)
{
	if (row < 0 || column < 0 || (unsigned)row >= grid->rows || (unsigned)column >= grid->columns)
		return NULL;
	return &grid->cell[(size_t)row * grid->columns + (size_t)column];
}

void grid_put(struct grid *grid, int row, int column, uint32_t code, enum grid_colour colour)
{
	struct grid_cell *cell = find(grid, row, column);

	if (!cell)
		return;
	if (code < ' ' || code == 0x7f || (grid->ascii && code > 0x7e))
		code = '?';
	cell->code = code;
	cell->colour = (uint8_t)colour;
}

/* The character at *text, which moves behind it; '?' for a byte that begins none. */
static uint32_t take_character(const char **text)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)*text;
	unsigned more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : 4;
	uint32_t code = *at;

	++*text;
	if (more == 0 || more == 4)
		return more ? '?' : code;
	code &= 0x3fu >> more;
	for (unsigned i = 1; i <= more; i++) {
		if (at[i] >> 6 != 2)
			return '?';
		code = code << 6 | (at[i] & 0x3fu);
	}
	*text += more;
	return code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '?' : code;
}

void grid_text(struct grid *grid, int row, int column, const char *utf8, enum grid_colour colour)
{
	while (*utf8)
		grid_put(grid, row, column++, take_character(&utf8), colour);
}

void grid_mark(struct grid *grid, int row, int column, unsigned width, bool bold, bool reverse)
{
	for (unsigned i = 0; i < width; i++) {
		struct grid_cell *cell = find(grid, row, column + (int)i);

		if (!cell)
			continue;
		cell->bold = bold;
		cell->reverse = reverse;
	}
}

void grid_box(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const char *title)
{
	static const uint32_t drawn[6] = { 0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518 };
	static const uint32_t plain[6] = { '-', '|', '+', '+', '+', '+' };
	const uint32_t *line = grid->ascii ? plain : drawn;
	int bottom = row + (int)rows - 1, right = column + (int)columns - 1;

	if (rows < 2 || columns < 2)
		return;
	for (int c = column + 1; c < right; c++) {
		grid_put(grid, row, c, line[0], GRID_DIM);
		grid_put(grid, bottom, c, line[0], GRID_DIM);
	}
	for (int r = row + 1; r < bottom; r++) {
		grid_put(grid, r, column, line[1], GRID_DIM);
		grid_put(grid, r, right, line[1], GRID_DIM);
	}
	grid_put(grid, row, column, line[2], GRID_DIM);
	grid_put(grid, row, right, line[3], GRID_DIM);
	grid_put(grid, bottom, column, line[4], GRID_DIM);
	grid_put(grid, bottom, right, line[5], GRID_DIM);
	if (title && columns >= 6) {
		grid_put(grid, row, column + 1, ' ', GRID_PLAIN);
		for (column += 2; *title && column < right - 1; column++)
			grid_put(grid, row, column, take_character(&title), GRID_PLAIN);
		grid_put(grid, row, column, ' ', GRID_PLAIN);
	}
}

static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

size_t grid_row_text(const struct grid *grid, unsigned row, char *text, size_t size)
{
	const struct grid_cell *cell = &grid->cell[(size_t)row * grid->columns];
	unsigned end = row < grid->rows ? grid->columns : 0;
	size_t used = 0;

	while (end > 0 && (cell[end - 1].code == ' ' || cell[end - 1].code == BRAILLE))
		end--;
	for (unsigned c = 0; c < end; c++) {
		char bytes[4];
		size_t n = encode(cell[c].code, bytes);

		if (used + n + 1 > size)
			break;
		memcpy(text + used, bytes, n);
		used += n;
	}
	if (size)
		text[used] = '\0';
	return used;
}

void canvas_init(struct canvas *canvas, struct grid *grid, int row, int column, unsigned rows, unsigned columns)
{
	*canvas = (struct canvas){
		.grid = grid, .row = row, .column = column, .rows = rows, .columns = columns,
		.width = columns * DOTS_X, .height = rows * DOTS_Y,
	};
}

void canvas_dot(struct canvas *canvas, int x, int y, enum grid_colour colour)
{
	static const uint8_t bit[DOTS_X][DOTS_Y] = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } };
	struct grid_cell *cell;
	uint32_t code;
	bool upper;

	if (x < 0 || y < 0 || (unsigned)x >= canvas->width || (unsigned)y >= canvas->height)
		return;
	cell = find(canvas->grid, canvas->row + y / DOTS_Y, canvas->column + x / DOTS_X);
	if (!cell)
		return;
	if (canvas->grid->ascii) {
		upper = y % DOTS_Y < DOTS_Y / 2;
		code = cell->code == ':' || cell->code == (upper ? '.' : '\'') ? ':' : upper ? '\'' : '.';
	} else {
		code = (cell->code >= BRAILLE && cell->code < BRAILLE + 256 ? cell->code : BRAILLE) | bit[x % DOTS_X][y % DOTS_Y];
	}
	cell->code = code;
	cell->colour = (uint8_t)colour;
}

void canvas_line(struct canvas *canvas, int x0, int y0, int x1, int y1, enum grid_colour colour)
{
	int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);

	for (int i = 0; i <= steps; i++) {
		int half = steps / 2;
		int x = steps ? x0 + ((x1 - x0) * i + (x1 >= x0 ? half : -half)) / steps : x0;
		int y = steps ? y0 + ((y1 - y0) * i + (y1 >= y0 ? half : -half)) / steps : y0;

		canvas_dot(canvas, x, y, colour);
	}
}
