#include "metering/wiring_private.h"

#include <math.h>

#define BIT(n) (1u << (n))
#define DEG (M_PI / 180)

/* The lag of the load as a whole: 0.9 leading to 0.5 lagging, then less and less. */
#define LAG_LEAST_DEG (-25.84)
#define LAG_MOST_DEG 60.0
#define LAG_EDGE_DEG 4.0
#define STEP_DEG 5.0
#define FIRST_DEG (-40.0)

/* Of each phase about that: phases loaded alike, unlike, anyhow. */
#define SPREAD_ALIKE_DEG 6.0
#define SPREAD_UNLIKE_DEG 20.0
#define UNLIKE_PART 0.24
#define ANYHOW_PART 0.01
/* The third phase beside a load between two lines. */
#define SPREAD_BESIDE_DEG 30.0

/* A load between two lines, of each pair. */
#define LINE_LOAD_PART 0.03
#define LINE_SHIFT_DEG 30.0

/* Without a neutral the currents add up to nothing, in parts of the greatest. */
#define SUM_SIGMA 0.25
#define SUM_ANYHOW 0.001

enum { SHIFT_NONE, SHIFT_LEAD, SHIFT_LAG, SHIFT_BESIDE };

static double size(struct phasor a)
{
	return hypot(a.re, a.im);
}

void wiring_sort_currents(const struct wiring_system *system, const struct phasor i[PHASES], double ct_primary_a,
			  struct wiring_currents *currents)
{
	*currents = (struct wiring_currents){ .greatest_a = 0 };
	for (int k = 0; k < system->phases; k++) {
		currents->i[k] = i[k];
		currents->greatest_a = fmax(currents->greatest_a, size(i[k]));
	}
	for (int k = 0; k < system->phases; k++) {
		bool little = size(i[k]) < WIRING_LIVE_OF_GREATEST * currents->greatest_a;

		if (!little && size(i[k]) >= WIRING_LIVE_PART * ct_primary_a)
			currents->live |= BIT(k);
		else if (little && currents->greatest_a >= WIRING_STRONG_PART * ct_primary_a)
			currents->missing |= BIT(k);
		else
			currents->small |= BIT(k);
	}
}

static double normal(double deviation, double sigma)
{
	return exp(-deviation * deviation / (2 * sigma * sigma)) / (sigma * sqrt(2 * M_PI));
}

/* Density, per degree, of a phase that deviates so much from the load as a whole. */
static double spread(double deviation_deg, int shift)
{
	static const double shift_deg[WIRING_SHIFTS] = { 0, -LINE_SHIFT_DEG, LINE_SHIFT_DEG, 0 };
	double d = wiring_wrap_deg(deviation_deg - shift_deg[shift]);

	if (shift == SHIFT_BESIDE)
		return (1 - ANYHOW_PART) * normal(d, SPREAD_BESIDE_DEG) + ANYHOW_PART / 360;
	return (1 - UNLIKE_PART - ANYHOW_PART) * normal(d, SPREAD_ALIKE_DEG) + UNLIKE_PART * normal(d, SPREAD_UNLIKE_DEG) + ANYHOW_PART / 360;
}

static double lag_prior(double lag_deg)
{
	double beyond = fmax(fmax(LAG_LEAST_DEG - lag_deg, lag_deg - LAG_MOST_DEG), 0) / LAG_EDGE_DEG;

	return exp(-beyond * beyond / 2) * STEP_DEG / (LAG_MOST_DEG - LAG_LEAST_DEG);
}

void wiring_tabulate_lags(const struct wiring_currents *currents, const struct phasor place[WIRING_SLOTS], struct wiring_lags *lags)
{
	for (int k = 0; k < PHASES; k++) {
		if (!(currents->live & BIT(k)))
			continue;
		for (int slot = 0; slot < WIRING_SLOTS; slot++) {
			struct phasor v = place[slot], i = currents->i[k];
			double lag_deg = atan2(v.im * i.re - v.re * i.im, v.re * i.re + v.im * i.im) / DEG;

			for (int turned = 0; turned < 2; turned++)
				for (int shift = 0; shift < WIRING_SHIFTS; shift++)
					for (int step = 0; step < WIRING_LAG_STEPS; step++)
						lags->likely[k][slot][turned][shift][step] =
							spread(lag_deg + 180 * turned - (FIRST_DEG + STEP_DEG * step), shift);
		}
	}
}

/* `first`: the load is between the phases at `first` and the next input; -1: from each phase to neutral, or alike. */
static double weigh_load(const struct wiring_currents *currents, const struct wiring_lags *lags, int rotation, const int place[PHASES],
			 unsigned reversed, int first)
{
	const double *rows[PHASES];
	double sum = 0;
	int n = 0;

	for (int k = 0; k < PHASES; k++) {
		int shift = SHIFT_NONE, slot = place[k];

		if (!(currents->live & BIT(k)))
			continue;
		if (first >= 0)
			shift = slot == first ? (rotation > 0 ? SHIFT_LEAD : SHIFT_LAG) :
				slot == (first + 1) % PHASES ? (rotation > 0 ? SHIFT_LAG : SHIFT_LEAD) : SHIFT_BESIDE;
		rows[n++] = lags->likely[k][slot][!!(reversed & BIT(k))][shift];
	}
	for (int step = 0; step < WIRING_LAG_STEPS; step++) {
		double product = lag_prior(FIRST_DEG + STEP_DEG * step);

		for (int k = 0; k < n; k++)
			product *= rows[k][step];
		sum += product;
	}
	return sum;
}

static double weigh_sum(const struct wiring_currents *currents, unsigned reversed)
{
	struct phasor sum = { 0, 0 };
	double part;

	for (int k = 0; k < PHASES; k++)
		sum = wiring_add(sum, wiring_scale(currents->i[k], reversed & BIT(k) ? -1 : 1));
	part = size(sum) / currents->greatest_a / SUM_SIGMA;
	return exp(-part * part / 2) + SUM_ANYHOW;
}

double wiring_weigh_currents(const struct wiring_system *system, const struct wiring_currents *currents, const struct wiring_lags *lags,
			     int rotation, const int place[PHASES], unsigned reversed)
{
	double weight;

	if (!currents->live)
		return 1;
	weight = weigh_load(currents, lags, rotation, place, reversed, -1);
	if (system->phases == 3) {
		weight *= 1 - 3 * LINE_LOAD_PART;
		for (int first = 0; first < PHASES; first++)
			weight += LINE_LOAD_PART * weigh_load(currents, lags, rotation, place, reversed, first);
	}
	if (system->type == 31 && currents->live == 7)
		weight *= weigh_sum(currents, reversed);
	return weight;
}
