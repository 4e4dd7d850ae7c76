#include "metering/demand.h"

#include <math.h>
#include <string.h>

static void start_subinterval(struct demand *demand, double due_s)
{
	memset(demand->running_ws, 0, sizeof(demand->running_ws));
	demand->running_s = 0;
	demand->due_s = due_s;
}

void demand_restart(struct demand *demand, int subinterval_s)
{
	memset(demand->present, 0, sizeof(demand->present));
	memset(demand->ended_ws, 0, sizeof(demand->ended_ws));
	memset(demand->ended_s, 0, sizeof(demand->ended_s));
	demand->ended = demand->next = 0;
	start_subinterval(demand, subinterval_s);
}

void demand_init(struct demand *demand, int subinterval_s)
{
	memset(demand, 0, sizeof(*demand));
	demand_restart(demand, subinterval_s);
}

void demand_add(struct demand *demand, const double power[DEMAND_QUANTITIES], double seconds)
{
	if (!(seconds > 0) || !isfinite(seconds))
		return;
	for (int i = 0; i < DEMAND_QUANTITIES; i++)
		if (!isfinite(power[i]))
			return;
	for (int i = 0; i < DEMAND_QUANTITIES; i++)
		demand->running_ws[i] += power[i] * seconds;
	demand->running_s += seconds;
	demand->due_s -= seconds;
}

/* A sub-interval in which nothing was measured has no mean and takes no place among the last n. */
static void keep_subinterval(struct demand *demand)
{
	if (!(demand->running_s > 0))
		return;
	memcpy(demand->ended_ws[demand->next], demand->running_ws, sizeof(demand->running_ws));
	demand->ended_s[demand->next] = demand->running_s;
	demand->next = (demand->next + 1) % DEMAND_SUBINTERVALS_MAX;
	if (demand->ended < DEMAND_SUBINTERVALS_MAX)
		demand->ended++;
}

static void update_present(struct demand *demand, unsigned subintervals)
{
	unsigned n = demand->ended < subintervals ? demand->ended : subintervals;
	double sum_ws[DEMAND_QUANTITIES] = { 0 }, sum_s = 0;

	if (n == 0)
		return;
	for (unsigned back = 1; back <= n; back++) {
		unsigned at = (demand->next + DEMAND_SUBINTERVALS_MAX - back) % DEMAND_SUBINTERVALS_MAX;

		sum_s += demand->ended_s[at];
		for (int i = 0; i < DEMAND_QUANTITIES; i++)
			sum_ws[i] += demand->ended_ws[at][i];
	}
	for (int i = 0; i < DEMAND_QUANTITIES; i++) {
		demand->present[i] = sum_ws[i] / sum_s;
		demand->max[i] = fmax(demand->max[i], demand->present[i]);
	}
}

static void end_subinterval(struct demand *demand, unsigned subintervals, double due_s)
{
	keep_subinterval(demand);
	demand->last_s = demand->running_s;
	update_present(demand, subintervals);
	if (demand->subintervals_ended + 1 != 0)
		demand->subintervals_ended++;
	start_subinterval(demand, due_s);
}

/* What is left to the next point of the grid; points that a long cycle has passed are gone. */
static double next_due_s(double due_s, double length_s)
{
	due_s += length_s;
	return due_s > 0 ? due_s : length_s - fmod(-due_s, length_s);
}

void demand_cycle(struct demand *demand, const double power[DEMAND_QUANTITIES], double seconds,
		  int subintervals, int subinterval_s, bool sync, bool reset_max)
{
	unsigned n = subinterval_s == 0 || subintervals < 1 ? 1 : (unsigned)subintervals;

	if (n > DEMAND_SUBINTERVALS_MAX)
		n = DEMAND_SUBINTERVALS_MAX;
	demand_add(demand, power, seconds);
	if (sync)
		end_subinterval(demand, n, subinterval_s);
	else if (subinterval_s > 0 && demand->running_s > 0 && demand->due_s <= seconds / 2)
		/* The next cycle's end, one cycle further on, would be at least as far from the grid. */
		end_subinterval(demand, n, next_due_s(demand->due_s, subinterval_s));
	if (reset_max)
		memcpy(demand->max, demand->present, sizeof(demand->max));
}
