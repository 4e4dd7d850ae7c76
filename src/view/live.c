#include "view/live.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL 5
#define VALUE 9			/* columns, the blank before it included */
#define SUM 15
#define ALERT 39		/* characters of its words that fit */

void live_clear(struct live *live)
{
	memset(live, 0, sizeof(*live));
	for (int r = 0; r < LIVE_ROWS; r++)
		for (int c = 0; c < LIVE_COLUMNS_ALL; c++)
			live->reading[r][c] = (double)NAN;
	live->hz = (double)NAN;
	for (int i = 0; i < LIVE_SUMS; i++)
		live->energy[i] = live->demand[i] = live->max_demand[i] = (double)NAN;
	for (int i = 0; i < PHASORS_INPUTS; i++)
		live->phasor[i] = (struct phasors_input){ (double)NAN, (double)NAN };
}

/* Right-aligned in `width` columns, a blank before it; with fewer decimals, at last with an exponent, where it is too long. */
static void put_value(struct grid *grid, int row, int column, int width, double value, int decimals, enum grid_colour colour)
{
	char text[400] = "----";
	int length = 4;

	if (isfinite(value)) {
		do
			length = snprintf(text, sizeof(text), "%.*f", decimals, value);
		while (length >= width && decimals-- > 0);
		for (decimals = 1; length >= width && decimals >= 0; decimals--)
			length = snprintf(text, sizeof(text), "%.*e", decimals, value);
	}
	grid_text(grid, row, column + width - length, text, colour);
}

static void draw_readings(struct grid *grid, int row, int column, const struct live *live)
{
	static const char *const head[LIVE_COLUMNS_ALL] = { "A, AB", "B, BC", "C, AC", "all" };
	static const struct {
		const char *label;
		int decimals;
	} rows[LIVE_ROWS] = {
		[LIVE_V_LN] = { "V LN", 2 }, [LIVE_V_LL] = { "V LL", 2 }, [LIVE_A] = { "A", 3 }, [LIVE_KW] = { "kW", 3 },
		[LIVE_KVAR] = { "kVAR", 3 }, [LIVE_KVA] = { "kVA", 3 }, [LIVE_PF] = { "PF", 4 },
	};

	for (int c = 0; c < LIVE_COLUMNS_ALL; c++)
		grid_text(grid, row, column + LABEL + (c + 1) * VALUE - (int)strlen(head[c]), head[c],
			  c < 3 ? phasors_colour(c) : GRID_PLAIN);
	for (int r = 0; r < LIVE_ROWS; r++) {
		grid_text(grid, row + 1 + r, column, rows[r].label, GRID_DIM);
		for (int c = 0; c < LIVE_COLUMNS_ALL; c++)
			put_value(grid, row + 1 + r, column + LABEL + c * VALUE, VALUE, live->reading[r][c], rows[r].decimals, GRID_PLAIN);
	}
}

static void draw_sums(struct grid *grid, int row, int column, const struct live *live)
{
	static const char *const units[LIVE_SUMS] = { "kW", "kVAR", "kVA" }, *const sums[LIVE_SUMS] = { "kWh", "kVARh", "kVAh" };

	grid_text(grid, row, column, "Hz", GRID_DIM);
	put_value(grid, row, column + LABEL, VALUE, live->hz, 2, GRID_PLAIN);
	for (int i = 0; i < LIVE_SUMS; i++) {
		put_value(grid, row + i, column + LABEL + VALUE, SUM + 5, live->energy[i], 3, GRID_PLAIN);
		grid_text(grid, row + i, column + LABEL + VALUE + SUM + 6, sums[i], GRID_DIM);
	}
	grid_text(grid, row + 4, column, "demand   present       highest", GRID_DIM);
	for (int i = 0; i < LIVE_SUMS; i++) {
		put_value(grid, row + 5 + i, column, 16, live->demand[i], 3, GRID_PLAIN);
		put_value(grid, row + 5 + i, column + 16, 14, live->max_demand[i], 3, GRID_PLAIN);
		grid_text(grid, row + 5 + i, column + 31, units[i], GRID_DIM);
	}
}

static void draw_alerts(struct grid *grid, int row, int column, unsigned rows, const struct live *live, bool known)
{
	char text[64];
	unsigned shown;

	if (!known || !live->alerts) {
		grid_text(grid, row, column, known ? "alerts: none" : "alerts: not known", known ? GRID_DIM : GRID_PLAIN);
		return;
	}
	/* the last row tells how many more there are */
	shown = live->alerts <= rows ? live->alerts : rows - 1;
	for (unsigned i = 0; i < shown; i++) {
		snprintf(text, sizeof(text), strlen(live->alert[i]) > ALERT ? "! %.*s.." : "! %.*s",
			 strlen(live->alert[i]) > ALERT ? ALERT - 2 : ALERT, live->alert[i]);
		grid_text(grid, row + (int)i, column, text, GRID_RED);
	}
	if (shown == live->alerts)
		return;
	snprintf(text, sizeof(text), "! and %u more alerts", live->alerts - shown);
	grid_text(grid, row + (int)shown, column, text, GRID_RED);
}

void live_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const struct live *live)
{
	struct live nothing;

	if (rows < LIVE_ROWS_LEAST || columns < LIVE_COLUMNS)
		return;
	live_clear(&nothing);
	grid_box(grid, row, column, rows, columns, "readings");
	draw_readings(grid, row + 1, column + 1, live ? live : &nothing);
	draw_sums(grid, row + 10, column + 1, live ? live : &nothing);
	draw_alerts(grid, row + 18, column + 1, rows - 19, live ? live : &nothing, live != NULL);
}
