#include "metering/wiring.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/system_type.h"
#include "metering/wiring_private.h"

#define BIT(n) (1u << (n))
#define DEG (M_PI / 180)

/* Below this part of the setting there is no voltage. */
#define VOLTAGE_LEAST 0.05
/* States of the voltages that are so much less likely than the best one are left out, and explanations with less than so much share. */
#define FIT_LEAST 1e-7
#define SHARE_LEAST 0.03

enum { SEARCH_FITS = 12, CLASSES_MAX = SEARCH_FITS * WIRING_PERMUTATIONS * 8 };

/* What predicts the same phasors. */
struct wiring_class {
	uint32_t key;
	double weight;
};

struct candidate {
	struct wiring_case one;
	double weight;
	int class;
};

enum { CANDIDATES = 24 };

struct search {
	const struct wiring_system *system;
	const struct wiring_currents *currents;
	const struct wiring_fit *fits;
	struct wiring_class classes[CLASSES_MAX];
	int n_classes;
	struct candidate best[CANDIDATES];	/* likeliest first */
	int n_best;
	double total, faulty;
};

static const struct {
	const char *code;
	bool fault;
} kinds[WIRING_KINDS] = {
	[WIRING_V_DEAD] = { "voltage_dead", true }, [WIRING_V_LOW] = { "voltage_low", true },
	[WIRING_V_SWAPPED] = { "voltages_swapped", true }, [WIRING_V_MOVED] = { "voltages_moved", true },
	[WIRING_V_SAME] = { "voltages_on_one_phase", true }, [WIRING_V_TURNED] = { "voltage_turned", true },
	[WIRING_NEUTRAL_MISSING] = { "neutral_missing", true }, [WIRING_NEUTRAL_SWAPPED] = { "neutral_swapped", true },
	[WIRING_I_DEAD] = { "current_dead", true }, [WIRING_I_SWAPPED] = { "currents_swapped", true },
	[WIRING_I_MOVED] = { "currents_moved", true }, [WIRING_I_ELSEWHERE] = { "current_of_another_phase", true },
	[WIRING_I_REVERSED] = { "current_reversed", true },
	[WIRING_EXPORT] = { "power_flows_back", false }, [WIRING_UNLOADED] = { "no_load", false },
	[WIRING_PHASE_OFF] = { "phase_off", false }, [WIRING_HIGH_LEG] = { "high_leg_delta", false },
};

const char *wiring_kind_code(enum wiring_kind kind)
{
	return kind < WIRING_KINDS ? kinds[kind].code : "unknown";
}

bool wiring_kind_is_fault(enum wiring_kind kind)
{
	return kind < WIRING_KINDS && kinds[kind].fault;
}

const char *wiring_verdict_code(enum wiring_verdict verdict)
{
	static const char *const codes[] = {
		[WIRING_WELL] = "well", [WIRING_FAULT] = "fault", [WIRING_DOUBT] = "doubt",
		[WIRING_NO_LOAD] = "no_load", [WIRING_NO_VOLTAGE] = "no_voltage",
	};

	return verdict <= WIRING_NO_VOLTAGE ? codes[verdict] : "unknown";
}

/* The state of the voltages, and where each live current lies in steps of 60 degrees from a voltage that is there. */
static uint32_t class_key(const struct search *search, const struct wiring_case *one)
{
	const struct wiring_fit *fit = one->fit;
	const double *angle_deg = search->system->geometry[fit->geometry].angle_deg;
	/* a displaced star point may happen to lie where that of a high-leg delta lies */
	bool high_leg = fit->found && fit->finding.kind == WIRING_HIGH_LEG;
	uint32_t key = high_leg ? 1u + WIRING_NEUTRAL_MISSING : fit->found ? 1u + (uint32_t)fit->finding.kind : 0;
	int anchor = 0;

	while (fit->dead & BIT(anchor))
		anchor++;
	key = key * 64 + (fit->found && !high_leg ? fit->finding.inputs & 63 : 0);
	key = key * 8 + (fit->found ? (uint32_t)fit->finding.on : 0);
	key = key * 4 + (fit->shows ? (uint32_t)fit->geometry + 1 : 0);
	for (int k = 0; k < search->system->phases; k++) {
		double turn = angle_deg[wiring_permutation(one->on_voltage)[k]] - angle_deg[anchor] + (one->reversed & BIT(k) ? 180 : 0);

		key = key * 7 + (search->currents->live & BIT(k) ? (uint32_t)((llround(turn / 60) + 12) % 6) : 6);
	}
	return key;
}

static int find_class(struct search *search, uint32_t key)
{
	int n = 0;

	while (n < search->n_classes && search->classes[n].key != key)
		n++;
	if (n == search->n_classes)
		search->classes[search->n_classes++] = (struct wiring_class){ .key = key };
	return n;
}

static void remember(struct search *search, const struct wiring_case *one, double weight, int class)
{
	int at = search->n_best;

	if (at == CANDIDATES && weight <= search->best[CANDIDATES - 1].weight)
		return;
	if (at < CANDIDATES)
		search->n_best++;
	else
		at--;
	for (; at > 0 && search->best[at - 1].weight < weight; at--)
		search->best[at] = search->best[at - 1];
	search->best[at] = (struct candidate){ *one, weight, class };
}

/* All explanations of one arrangement as the phasors show it. */
static void search_explanations(struct search *search, struct wiring_case *one, double likelihood)
{
	int class = find_class(search, class_key(search, one));

	for (one->voltages = 0; one->voltages < WIRING_PERMUTATIONS; one->voltages++)
		for (int form = 0; form < 9; form++) {
			struct wiring_explanation explanation;
			double weight;

			one->silent = form % 3;
			one->exported = form / 3 == 1;
			one->turned = form / 3 == 2;
			weight = likelihood * wiring_case_prior(one);
			if (!(weight > 0))
				continue;
			wiring_case_explain(one, &explanation);
			search->total += weight;
			search->faulty += explanation.fault ? weight : 0;
			search->classes[class].weight += weight;
			remember(search, one, weight, class);
		}
}

static void search_fit(struct search *search, const struct wiring_fit *fit, double weight)
{
	struct wiring_case one = { .system = search->system, .fit = fit, .currents = search->currents };
	struct phasor place[WIRING_SLOTS];
	int rotation = search->system->geometry[fit->geometry].rotation;
	struct wiring_lags lags;

	for (int k = 0; k < PHASES; k++)
		place[k] = fit->phase_v[k];
	wiring_tabulate_lags(search->currents, place, &lags);
	for (one.on_voltage = 0; one.on_voltage < WIRING_PERMUTATIONS; one.on_voltage++) {
		if (!wiring_permutation_fits(one.on_voltage, search->system->phases))
			continue;
		for (unsigned reversed = 0; reversed < BIT(PHASES); reversed++) {
			if (reversed & ~search->currents->live)
				continue;
			one.reversed = reversed;
			search_explanations(search, &one, weight * wiring_weigh_currents(search->system, search->currents, &lags, rotation,
											 wiring_permutation(one.on_voltage), reversed));
		}
	}
}

/* The best states of the voltages; their number. */
static int choose_fits(struct wiring_fit *fits, int n)
{
	int chosen = 0;

	for (; chosen < n && chosen < SEARCH_FITS; chosen++) {
		int best = chosen;
		struct wiring_fit swap = fits[chosen];

		for (int k = chosen + 1; k < n; k++)
			if (fits[k].weight > fits[best].weight)
				best = k;
		fits[chosen] = fits[best];
		fits[best] = swap;
		if (fits[chosen].weight < FIT_LEAST * fits[0].weight)
			break;
	}
	return chosen;
}

static void append(struct wiring_report *report, const struct search *search, const struct candidate *candidate, bool same)
{
	struct wiring_explanation *explanation;

	if (report->explanations == WIRING_EXPLANATIONS || candidate->weight < SHARE_LEAST * search->total)
		return;
	explanation = &report->explanation[report->explanations++];
	wiring_case_explain(&candidate->one, explanation);
	explanation->share = candidate->weight / search->total;
	explanation->same = same;
}

static void conclude(const struct search *search, struct wiring_report *report)
{
	double faulty = search->faulty / search->total;
	const struct wiring_fit *fit;
	int best = 0;

	for (int n = 1; n < search->n_classes; n++)
		if (search->classes[n].weight > search->classes[best].weight)
			best = n;
	report->confidence = search->classes[best].weight / search->total;
	for (int same = 1; same >= 0; same--)
		for (int n = 0; n < search->n_best; n++)
			if ((search->best[n].class == best) == (same == 1))
				append(report, search, &search->best[n], same == 1);
	for (int n = 0; n < search->n_best; n++)
		if (search->best[n].class == best) {
			fit = search->best[n].one.fit;
			report->rotation = fit->shows ? search->system->geometry[fit->geometry].rotation : 0;
			break;
		}
	if (faulty >= WIRING_SURE)
		report->verdict = WIRING_FAULT;
	else if (faulty > 1 - WIRING_SURE)
		report->verdict = WIRING_DOUBT;
	else
		report->verdict = search->currents->live ? WIRING_WELL : WIRING_NO_LOAD;
}

/* The voltages as the system type sees them, how great they are and should be. */
static double take_voltages(const struct wiring_input *input, const struct wiring_system *system, struct phasor v[PHASES])
{
	double nominal = input->system_voltage_v, greatest = 0, sum = 0, limit;
	int n = 0;

	for (int k = 0; k < PHASES; k++)
		v[k] = input->phasor[ADC_VA + k];
	if (input->system_type == 11)
		v[0] = wiring_subtract(v[0], v[1]);
	if (input->system_type == 31) {
		struct phasor star = wiring_scale(wiring_add(wiring_add(v[0], v[1]), v[2]), 1.0 / PHASES);

		for (int k = 0; k < PHASES; k++)
			v[k] = wiring_subtract(v[k], star);
	}
	if (system->phases == 3)
		nominal /= sqrt(3.0);
	else if (system->phases == 2)
		nominal /= 2;
	for (int k = 0; k < system->phases; k++)
		greatest = fmax(greatest, hypot(v[k].re, v[k].im));
	limit = fmax(greatest / 4, VOLTAGE_LEAST * nominal);
	for (int k = 0; k < system->phases; k++)
		if (hypot(v[k].re, v[k].im) >= limit && greatest > 0) {
			sum += hypot(v[k].re, v[k].im) / nominal;
			n++;
		}
	return n ? sum / n : 0;
}

static int check(const struct wiring_input *input)
{
	if (!system_type_find(input->system_type) || !(input->system_voltage_v > 0) || !(input->ct_primary_a > 0) ||
	    !isfinite(input->system_voltage_v) || !isfinite(input->ct_primary_a))
		return -EINVAL;
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (!isfinite(input->phasor[c].re) || !isfinite(input->phasor[c].im))
			return -EINVAL;
	return 0;
}

int wiring_examine(const struct wiring_input *input, struct wiring_report *report)
{
	struct wiring_fit fits[WIRING_FITS_MAX];
	struct wiring_currents currents;
	struct wiring_system system;
	struct phasor v[PHASES];
	struct search search = { .system = &system, .currents = &currents, .fits = fits };
	int n, error = check(input);

	if (error)
		return error;
	wiring_system_of(input->system_type, &system);
	wiring_sort_currents(&system, &input->phasor[ADC_IA], input->ct_primary_a, &currents);
	*report = (struct wiring_report){ .verdict = WIRING_NO_VOLTAGE, .small = currents.small << ADC_IA };
	report->used = (BIT(system.phases) - 1) << ADC_IA | (input->system_type == 11 ? 3u : BIT(system.phases) - 1) << ADC_VA;
	report->voltage_ratio = take_voltages(input, &system, v);
	if (report->voltage_ratio <= 0)
		return 0;
	n = choose_fits(fits, wiring_fit_voltages(&system, v, input->system_voltage_v, fits));
	for (int k = 0; k < n; k++)
		search_fit(&search, &fits[k], fits[k].weight / fits[0].weight);
	if (!(search.total > 0))
		return 0;
	conclude(&search, report);
	return 0;
}

double wiring_mean(const struct phasor looks[][ADC_CHANNELS], int n, struct phasor mean[ADC_CHANNELS])
{
	double greatest[2] = { 0, 0 }, astray[2] = { 0, 0 };

	for (int c = 0; c < ADC_CHANNELS; c++) {
		mean[c] = (struct phasor){ 0, 0 };
		for (int k = 0; k < n; k++)
			mean[c] = wiring_add(mean[c], wiring_scale(looks[k][c], 1.0 / n));
		greatest[c >= ADC_IA] = fmax(greatest[c >= ADC_IA], hypot(mean[c].re, mean[c].im));
		for (int k = 0; k < n; k++) {
			struct phasor off = wiring_subtract(looks[k][c], mean[c]);

			astray[c >= ADC_IA] = fmax(astray[c >= ADC_IA], hypot(off.re, off.im));
		}
	}
	return fmax(greatest[0] > 0 ? astray[0] / greatest[0] : 0, greatest[1] > 0 ? astray[1] / greatest[1] : 0);
}
