#include "view/panel_page.h"

#define GAP 1
#define TABLE (FACEPLATE_COLUMNS + GAP)			/* the readings' first column */
#define BOTH (TABLE + LIVE_COLUMNS)
#define RADIUS_LEAST 12					/* dots: a smaller picture tells nothing */
#define PICTURE_COLUMNS_MOST 60

bool panel_page_has_readings(unsigned rows, unsigned columns)
{
	return columns >= BOTH && rows >= FACEPLATE_ROWS_LEAST;
}

/* A framed picture with the list below it. */
struct place {
	int row, column;
	unsigned rows, columns;
	bool list_beside;
	int radius;
};

static struct place fit(int row, int column, int rows, int columns, bool list_beside)
{
	struct place place = { .row = row, .column = column, .list_beside = list_beside };
	int inner_rows = rows - 2 - (list_beside ? 0 : PHASORS_LIST_ROWS), inner_columns = columns - 2 - (list_beside ? PHASORS_LIST_COLUMNS + 2 : 0);
	int x, y;

	if (inner_rows < 1 || inner_columns < 1)
		return place;
	place.rows = (unsigned)inner_rows;
	place.columns = (unsigned)inner_columns < PICTURE_COLUMNS_MOST ? (unsigned)inner_columns : PICTURE_COLUMNS_MOST;
	phasors_place(place.rows, place.columns, &x, &y, &place.radius);
	return place;
}

static void draw_phasors(struct grid *grid, const struct live *live)
{
	int rows = (int)grid->rows, columns = (int)grid->columns;
	struct place below = fit(FACEPLATE_ROWS, 0, rows - FACEPLATE_ROWS, columns, true);
	struct place beside = fit(0, BOTH + GAP, rows, columns - BOTH - GAP, false);
	const struct place *best = below.radius > beside.radius ? &below : &beside;
	bool has_list = best->list_beside || best->columns >= PHASORS_LIST_COLUMNS;

	if (best->radius < RADIUS_LEAST || !has_list)
		return;
	grid_box(grid, best->row, best->column, best->rows + 2 + (best->list_beside ? 0 : PHASORS_LIST_ROWS),
		 best->columns + 2 + (best->list_beside ? PHASORS_LIST_COLUMNS + 2 : 0), "phasors");
	if (!live)
		return;
	phasors_draw(grid, best->row + 1, best->column + 1, best->rows, best->columns, live->phasor);
	if (best->list_beside)
		phasors_list(grid, best->row + 1 + ((int)best->rows - PHASORS_LIST_ROWS) / 2, best->column + (int)best->columns + 2, live->phasor);
	else
		phasors_list(grid, best->row + 1 + (int)best->rows, best->column + 1, live->phasor);
}

void panel_page_draw(struct grid *grid, const struct panel_page *page)
{
	int row = 0, column = 0;

	grid_clear(grid);
	if (panel_page_has_readings(grid->rows, grid->columns)) {
		live_draw(grid, 0, TABLE, grid->rows < FACEPLATE_ROWS ? grid->rows : FACEPLATE_ROWS, LIVE_COLUMNS, page->live);
		draw_phasors(grid, page->live);
	} else if (grid->rows >= FACEPLATE_ROWS_LEAST && grid->columns >= FACEPLATE_COLUMNS) {
		column = ((int)grid->columns - FACEPLATE_COLUMNS) / 2;
		row = grid->rows > FACEPLATE_ROWS ? ((int)grid->rows - FACEPLATE_ROWS) / 2 : 0;
	}
	faceplate_draw(grid, row, column, grid->rows - (unsigned)row, grid->columns - (unsigned)column, &page->face);
}
