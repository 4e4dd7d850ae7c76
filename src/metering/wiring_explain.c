#include "metering/wiring_private.h"

#define BIT(n) (1u << (n))

#define PRIOR_FORWARD 0.85	/* a supply that rotates A-B-C */
#define PRIOR_V_SWAP 0.01	/* each pair */
#define PRIOR_V_MOVE 0.002	/* either way */
#define PRIOR_I_SWAP 0.015
#define PRIOR_I_MOVE 0.003
#define PRIOR_I_ELSEWHERE 0.01	/* either of the other phases */
#define PRIOR_REVERSED 0.04	/* each */
#define PRIOR_ALL_REVERSED 0.01	/* whoever turns one turns all */
#define PRIOR_V_TURNED 0.01
#define PRIOR_ALL_EXPORT 0.01
#define PRIOR_ONE_EXPORTS 0.002
#define PRIOR_TWO_EXPORT 0.0001
#define PRIOR_I_DEAD 0.02	/* each */
#define PRIOR_ONE_UNLOADED 0.01
#define PRIOR_TWO_UNLOADED 0.02
#define PRIOR_PHASE_OFF 0.004	/* both voltage and current, against the voltage's lead alone, which the fit weighs */
#define PRIOR_DEAD_LEAD 0.015
/* Without a neutral what flows in through one phase comes back through another. */
#define NO_RETURN 0.001

const int *wiring_permutation(int p)
{
	static const int all[WIRING_PERMUTATIONS][PHASES] = {
		{ 0, 1, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 1, 0, 2 }, { 0, 2, 1 }, { 2, 1, 0 },
	};

	return all[p];
}

/* With two things the cyclic ones are not there; with one, which may be anywhere, the place of the others does not count. */
bool wiring_permutation_fits(int p, int n)
{
	return n == 3 || p == 0 || (n == 2 && p == 3) || (n == 1 && (p == 1 || p == 2));
}

static int find_permutation(const int q[PHASES])
{
	for (int p = 0; p < WIRING_PERMUTATIONS; p++)
		if (wiring_permutation(p)[0] == q[0] && wiring_permutation(p)[1] == q[1])
			return p;
	return 0;
}

/* The phase on which each CT is: CT k is on the one of voltage input on_voltage[k]. */
static int currents_permutation(const struct wiring_case *one)
{
	int q[PHASES];

	for (int k = 0; k < PHASES; k++)
		q[k] = wiring_permutation(one->voltages)[wiring_permutation(one->on_voltage)[k]];
	return find_permutation(q);
}

static double permutation_prior(int p, double swap, double move)
{
	return p == 0 ? 1 : p < 3 ? move : swap;
}

static int supply_rotation(const struct wiring_case *one)
{
	int shown = one->system->geometry[one->fit->geometry].rotation;

	return one->voltages < 3 ? shown : -shown;
}

static double arrangement_prior(const struct wiring_case *one)
{
	const struct wiring_geometry *geometry = &one->system->geometry[one->fit->geometry];
	int p = currents_permutation(one);
	double prior = geometry->prior * permutation_prior(one->voltages, PRIOR_V_SWAP, PRIOR_V_MOVE);

	if (one->system->phases == 1)
		return p ? PRIOR_I_ELSEWHERE : 1;
	if (geometry->rotation)
		prior *= supply_rotation(one) > 0 ? PRIOR_FORWARD : 1 - PRIOR_FORWARD;
	return prior * permutation_prior(p, PRIOR_I_SWAP, PRIOR_I_MOVE);
}

static double reversal_prior(const struct wiring_case *one)
{
	int n = __builtin_popcount(one->reversed), live = __builtin_popcount(one->currents->live);
	double each = 1;

	if (one->turned)
		return one->system->phases == 1 && n == 1 && !one->exported ? PRIOR_V_TURNED : 0;
	if (n == 0)
		return one->exported ? 0 : 1;
	if (one->exported)
		return n == live ? PRIOR_ALL_EXPORT : n == 1 ? PRIOR_ONE_EXPORTS : PRIOR_TWO_EXPORT;
	for (int k = 0; k < n; k++)
		each *= PRIOR_REVERSED;
	return each + (n == live && n > 1 ? PRIOR_ALL_REVERSED : 0);
}

static double silence_prior(const struct wiring_case *one)
{
	int n = __builtin_popcount(one->currents->missing);
	unsigned off = one->fit->dead & one->currents->missing;
	double prior = 1;

	if (n == 0)
		return one->silent == SILENT_DEAD ? 1 : 0;
	if (one->silent == SILENT_OFF)
		return off && off == one->currents->missing && off == one->fit->dead ? PRIOR_PHASE_OFF / PRIOR_DEAD_LEAD : 0;
	if (one->silent == SILENT_UNLOADED)
		return (n == 1 ? PRIOR_ONE_UNLOADED : PRIOR_TWO_UNLOADED) * (one->system->type == 31 ? NO_RETURN : 1);
	for (int k = 0; k < n; k++)
		prior *= PRIOR_I_DEAD;
	return prior;
}

double wiring_case_prior(const struct wiring_case *one)
{
	if (!wiring_permutation_fits(one->voltages, one->system->phases == 1 ? 0 : one->system->phases))
		return 0;
	return arrangement_prior(one) * reversal_prior(one) * silence_prior(one);
}

static struct wiring_finding *add(struct wiring_explanation *explanation, enum wiring_kind kind, unsigned inputs)
{
	struct wiring_finding *finding = &explanation->finding[explanation->findings];

	if (explanation->findings < WIRING_FINDINGS)
		explanation->findings++;
	*finding = (struct wiring_finding){ .kind = kind, .inputs = inputs };
	explanation->fault = explanation->fault || wiring_kind_is_fault(kind);
	return finding;
}

/* Bits of the things that a permutation does not leave where they are. */
static unsigned moved_by(int p)
{
	unsigned moved = 0;

	for (int k = 0; k < PHASES; k++)
		if (wiring_permutation(p)[k] != k)
			moved |= BIT(k);
	return moved;
}

static void explain_voltages(const struct wiring_case *one, struct wiring_explanation *explanation)
{
	bool off = one->silent == SILENT_OFF && one->currents->missing;

	if (one->fit->found && !off) {
		*add(explanation, one->fit->finding.kind, one->fit->finding.inputs) = one->fit->finding;
	} else if (one->fit->found) {
		add(explanation, WIRING_PHASE_OFF, one->fit->dead << ADC_VA | one->currents->missing << ADC_IA);
	}
	if (one->voltages >= 3)
		add(explanation, WIRING_V_SWAPPED, moved_by(one->voltages) << ADC_VA);
	else if (one->voltages > 0)
		add(explanation, WIRING_V_MOVED, 7u << ADC_VA)->forward = one->voltages == 1;
	if (one->turned && one->system->type == 10)
		add(explanation, WIRING_V_TURNED, BIT(ADC_VA));
	else if (one->turned)
		add(explanation, WIRING_V_SWAPPED, BIT(ADC_VA) | BIT(ADC_VB));
}

static void explain_currents(const struct wiring_case *one, struct wiring_explanation *explanation)
{
	int p = currents_permutation(one);

	if (p && one->system->phases == 1)
		add(explanation, WIRING_I_ELSEWHERE, BIT(ADC_IA));
	else if (p >= 3)
		add(explanation, WIRING_I_SWAPPED, moved_by(p) << ADC_IA);
	else if (p > 0)
		add(explanation, WIRING_I_MOVED, 7u << ADC_IA)->forward = p == 1;
	if (one->reversed && !one->turned)
		add(explanation, one->exported ? WIRING_EXPORT : WIRING_I_REVERSED, one->reversed << ADC_IA);
	if (one->currents->missing && one->silent != SILENT_OFF)
		add(explanation, one->silent == SILENT_DEAD ? WIRING_I_DEAD : WIRING_UNLOADED, one->currents->missing << ADC_IA);
}

void wiring_case_explain(const struct wiring_case *one, struct wiring_explanation *explanation)
{
	*explanation = (struct wiring_explanation){ .rotation = one->fit->shows ? supply_rotation(one) : 0 };
	explain_voltages(one, explanation);
	explain_currents(one, explanation);
}
