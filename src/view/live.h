/*
 * live - the readings of one second as a table of text: by phase and in all, energies, demand, alerts in words.  Pure.
 */
#ifndef VIEW_LIVE_H
#define VIEW_LIVE_H

#include "view/grid.h"
#include "view/phasors.h"

enum live_row { LIVE_V_LN, LIVE_V_LL, LIVE_A, LIVE_KW, LIVE_KVAR, LIVE_KVA, LIVE_PF, LIVE_ROWS };
enum live_sum { LIVE_KWH, LIVE_KVARH, LIVE_KVAH, LIVE_SUMS };

#define LIVE_COLUMNS_ALL 4	/* A (A-B), B (B-C), C (A-C), all */
#define LIVE_ALERTS 16
#define LIVE_COLUMNS 43		/* the least that it is drawn in, frame included */
#define LIVE_ROWS_LEAST 21

/* NAN = not valid, shown as "----". */
struct live {
	double reading[LIVE_ROWS][LIVE_COLUMNS_ALL];
	double hz;
	double energy[LIVE_SUMS], demand[LIVE_SUMS], max_demand[LIVE_SUMS];	/* kWh and kW, and so on */
	struct phasors_input phasor[PHASORS_INPUTS];
	unsigned alerts;
	char alert[LIVE_ALERTS][56];
};

/* Everything not valid, no alert. */
void live_clear(struct live *live);

/* `live` NULL: nothing is known, which is shown as such. */
void live_draw(struct grid *grid, int row, int column, unsigned rows, unsigned columns, const struct live *live);

#endif
