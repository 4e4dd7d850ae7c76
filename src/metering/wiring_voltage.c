#include "metering/wiring_private.h"

#include <math.h>
#include <stddef.h>

#define BIT(n) (1u << (n))
#define DEG (M_PI / 180)

/* Of a voltage, in parts of the greatest: what is usual, what happens, of one that is dead. */
#define SIGMA_USUAL 0.04
#define SIGMA_WIDE 0.12
#define WIDE_PART 0.03
#define SIGMA_DEAD 0.06
/* A displaced star point: anywhere within about the phase voltage, in the measure of the three inputs' common part. */
#define DISPLACED_DENSITY 0.1
#define DISPLACED_DENSITY_2 0.16
/* A low voltage: between these parts of what it should be. */
#define LOW_LEAST 0.1
#define LOW_MOST 0.85
#define LOW_DENSITY 0.5
#define LOW_SIGMA_DEG 15.0

#define PRIOR_DEAD 0.015
#define PRIOR_TWO_DEAD 0.0015
#define PRIOR_LOW 0.003
#define PRIOR_SAME 0.003
#define PRIOR_NEUTRAL_MISSING 0.01
#define PRIOR_NEUTRAL_SWAPPED 0.006
#define PRIOR_HIGH_LEG 0.0001

struct phasor wiring_unit(double angle_deg)
{
	return (struct phasor){ cos(angle_deg * DEG), sin(angle_deg * DEG) };
}

double wiring_wrap_deg(double angle_deg)
{
	return remainder(angle_deg, 360.0);
}

void wiring_system_of(int type, struct wiring_system *system)
{
	static const struct wiring_geometry forward = { { 0, -120, 120 }, 1, 1 }, backward = { { 0, 120, -120 }, -1, 1 };
	/* Two legs of a transformer, or two phases of a three-phase supply; with one input the phases are those of the current. */
	static const struct wiring_geometry split = { { 0, 180, 0 }, 0, 0.85 }, one = { { 0, -120, 120 }, 0, 1 };
	static const struct wiring_geometry network = { { 0, -120, 0 }, 0, 0.075 }, network_back = { { 0, 120, 0 }, 0, 0.075 };

	*system = (struct wiring_system){ .type = type, .neutral = type == 10 || type == 12 || type == 40 };
	if (type == 31 || type == 40) {
		system->phases = 3;
		system->geometries = 2;
		system->geometry[0] = forward;
		system->geometry[1] = backward;
	} else if (type == 12) {
		system->phases = 2;
		system->geometries = 3;
		system->geometry[0] = split;
		system->geometry[1] = network;
		system->geometry[2] = network_back;
	} else {
		system->phases = 1;
		system->geometries = 1;
		system->geometry[0] = one;
	}
}

static double square(struct phasor a)
{
	return a.re * a.re + a.im * a.im;
}

/* a x conj(b) */
static struct phasor against(struct phasor a, struct phasor b)
{
	return phasor_multiply(a, (struct phasor){ b.re, -b.im });
}

static struct phasor divide(struct phasor a, struct phasor b)
{
	return wiring_scale(against(a, b), 1 / square(b));
}

/* Density of a deviation in the plane. */
static double normal(struct phasor deviation, double sigma)
{
	return exp(-square(deviation) / (2 * sigma * sigma)) / (2 * M_PI * sigma * sigma);
}

static double sound(struct phasor deviation)
{
	return (1 - WIDE_PART) * normal(deviation, SIGMA_USUAL) + WIDE_PART * normal(deviation, SIGMA_WIDE);
}

/* What is measured, and the template that is laid upon it. */
struct laying {
	const struct wiring_system *system;
	int geometry;
	struct phasor x[PHASES];	/* in parts of the greatest */
	struct phasor t[PHASES];	/* the phases */
	struct phasor c[PHASES];	/* what the inputs get of them */
	unsigned left_out;		/* inputs that the template does not tell */
	bool star_free;			/* only differences count */
	/* Results. */
	struct phasor scale, star;
};

static struct phasor mean_of(const struct phasor *x, int n)
{
	struct phasor sum = { 0, 0 };

	for (int k = 0; k < n; k++)
		sum = wiring_add(sum, x[k]);
	return wiring_scale(sum, 1.0 / n);
}

/* With a free star and an input left out the other two fit exactly. */
static bool lay_exactly(struct laying *l)
{
	int first = -1, second = -1;

	for (int k = 0; k < l->system->phases; k++)
		if (!(l->left_out & BIT(k)))
			*(first < 0 ? &first : &second) = k;
	if (second < 0)
		return false;
	l->scale = divide(wiring_subtract(l->x[first], l->x[second]), wiring_subtract(l->c[first], l->c[second]));
	l->star = wiring_subtract(l->x[first], phasor_multiply(l->scale, l->c[first]));
	return true;
}

/* Least squares of the scale; false when nothing tells it. */
static bool lay(struct laying *l)
{
	struct phasor star_c = { 0, 0 }, sum = { 0, 0 };
	double weight = 0;

	l->star = (struct phasor){ 0, 0 };
	if (l->star_free && l->left_out)
		return lay_exactly(l);
	if (l->star_free) {
		l->star = mean_of(l->x, l->system->phases);
		star_c = mean_of(l->c, l->system->phases);
	}
	for (int k = 0; k < l->system->phases; k++) {
		struct phasor c = wiring_subtract(l->c[k], star_c);

		if (l->left_out & BIT(k))
			continue;
		sum = wiring_add(sum, against(wiring_subtract(l->x[k], l->star), c));
		weight += square(c);
	}
	if (weight <= 0)
		return false;
	l->scale = wiring_scale(sum, 1 / weight);
	l->star = wiring_subtract(l->star, phasor_multiply(l->scale, star_c));
	return square(l->scale) > 0;
}

static struct phasor from_star(const struct laying *l, int k)
{
	return wiring_subtract(l->x[k], l->star);
}

/* Likelihood of the inputs that the template tells. */
static double likelihood(const struct laying *l)
{
	double product = 1;

	for (int k = 0; k < l->system->phases; k++)
		if (!(l->left_out & BIT(k)))
			product *= sound(wiring_subtract(from_star(l, k), phasor_multiply(l->scale, l->c[k])));
	return product;
}

/* Without a neutral an open input floats midway between the others; one whose phase is off may also lie at the supply's neutral. */
static double dead_likelihood(const struct laying *l, int k)
{
	struct phasor x = from_star(l, k);

	if (!l->star_free)
		return normal(x, SIGMA_DEAD);
	return 0.5 * normal(x, SIGMA_DEAD) + 0.5 * normal(wiring_add(x, wiring_scale(phasor_multiply(l->scale, l->t[k]), 0.5)), SIGMA_DEAD);
}

static double low_likelihood(const struct laying *l, int k)
{
	struct phasor part = divide(from_star(l, k), phasor_multiply(l->scale, l->t[k]));
	double size = sqrt(square(part)), angle_deg = atan2(part.im, part.re) / DEG / LOW_SIGMA_DEG;

	return size > LOW_LEAST && size < LOW_MOST ? LOW_DENSITY * exp(-angle_deg * angle_deg / 2) : 0;
}

struct collection {
	struct wiring_fit *fits;
	int n;
};

/* Where the phases are: as measured on inputs that have their own, else as the template says. */
static void keep(struct collection *kept, const struct laying *l, double weight, unsigned dead, const struct wiring_finding *finding)
{
	struct wiring_fit *fit;

	if (!(weight > 0) || kept->n == WIRING_FITS_MAX)
		return;
	fit = &kept->fits[kept->n++];
	*fit = (struct wiring_fit){ .geometry = l->geometry, .dead = dead, .weight = weight, .shows = true };
	if (finding) {
		fit->found = true;
		fit->finding = *finding;
		fit->fault = wiring_kind_is_fault(finding->kind);
	}
	for (int k = 0; k < PHASES; k++) {
		bool own = k < l->system->phases && !(l->left_out & BIT(k)) && !l->star_free && square(wiring_subtract(l->c[k], l->t[k])) == 0;

		fit->phase_v[k] = own ? from_star(l, k) : phasor_multiply(l->scale, l->t[k]);
	}
	/* Three phases are told from their reverse by any two of them, two legs by both. */
	fit->shows = l->system->phases > 1 && __builtin_popcount(dead) <= l->system->phases - 2;
}

static void reset(struct laying *l)
{
	l->left_out = 0;
	l->star_free = l->system->type == 31;
	for (int k = 0; k < PHASES; k++)
		l->c[k] = l->t[k];
}

static void try_sound(struct collection *kept, struct laying *l)
{
	reset(l);
	if (lay(l))
		keep(kept, l, likelihood(l), 0, NULL);
}

static void try_dead(struct collection *kept, struct laying *l)
{
	int n = l->system->phases;

	for (unsigned dead = 1; dead < BIT(n) - 1; dead++) {
		struct wiring_finding finding = { .kind = WIRING_V_DEAD, .inputs = dead << ADC_VA };
		double weight = __builtin_popcount(dead) == 1 ? PRIOR_DEAD : PRIOR_TWO_DEAD;

		reset(l);
		/* two dead ones lie together at the neutral */
		l->star_free = l->star_free && __builtin_popcount(dead) == 1;
		l->left_out = dead;
		if (!lay(l))
			continue;
		for (int k = 0; k < n; k++)
			if (dead & BIT(k))
				weight *= dead_likelihood(l, k);
		keep(kept, l, weight * likelihood(l), dead, &finding);
	}
}

static void try_low(struct collection *kept, struct laying *l)
{
	for (int k = 0; k < l->system->phases; k++) {
		struct wiring_finding finding = { .kind = WIRING_V_LOW, .inputs = BIT(ADC_VA + k) };

		reset(l);
		l->left_out = BIT(k);
		if (lay(l))
			keep(kept, l, PRIOR_LOW * low_likelihood(l, k) * likelihood(l), 0, &finding);
	}
}

/* Input k is connected to the phase of j. */
static void try_same(struct collection *kept, struct laying *l)
{
	for (int k = 0; k < l->system->phases; k++)
		for (int j = 0; j < l->system->phases; j++) {
			struct wiring_finding finding = { .kind = WIRING_V_SAME, .inputs = BIT(ADC_VA + k), .on = ADC_VA + j };

			if (j == k)
				continue;
			reset(l);
			l->c[k] = l->t[j];
			if (lay(l))
				keep(kept, l, PRIOR_SAME * likelihood(l), 0, &finding);
		}
}

/* The star point of the meter lies on the phase of k, and its input k on the neutral. */
static void try_neutral_swapped(struct collection *kept, struct laying *l)
{
	for (int k = 0; k < l->system->phases; k++) {
		struct wiring_finding finding = { .kind = WIRING_NEUTRAL_SWAPPED, .inputs = BIT(ADC_VA + k) };

		reset(l);
		for (int j = 0; j < l->system->phases; j++)
			l->c[j] = wiring_subtract(j == k ? (struct phasor){ 0, 0 } : l->t[j], l->t[k]);
		if (lay(l))
			keep(kept, l, PRIOR_NEUTRAL_SWAPPED * likelihood(l), 0, &finding);
	}
}

/* `line` is the line-to-line voltage that the setting lets expect: with two inputs nothing else tells that it is sound. */
static void try_neutral_missing(struct collection *kept, struct laying *l, double line)
{
	struct wiring_finding finding = { .kind = WIRING_NEUTRAL_MISSING };
	double weight = PRIOR_NEUTRAL_MISSING * DISPLACED_DENSITY / sound((struct phasor){ 0, 0 });

	reset(l);
	l->star_free = true;
	if (!lay(l) || sqrt(square(l->star)) > sqrt(square(l->scale)))
		return;
	if (l->system->phases == 2) {
		double part = sqrt(square(wiring_subtract(l->x[0], l->x[1]))) / line;

		weight *= DISPLACED_DENSITY_2 / DISPLACED_DENSITY * (part > 0.85 && part < 1.15 ? 1 : 0.1);
	}
	keep(kept, l, weight * likelihood(l), 0, &finding);
}

static void try_high_leg(struct collection *kept, struct laying *l)
{
	for (int k = 0; k < PHASES; k++) {
		struct wiring_finding finding = { .kind = WIRING_HIGH_LEG, .inputs = BIT(ADC_VA + k) };

		reset(l);
		for (int j = 0; j < PHASES; j++)
			l->c[j] = wiring_add(l->t[j], wiring_scale(l->t[k], 0.5));
		if (lay(l))
			keep(kept, l, PRIOR_HIGH_LEG * likelihood(l), 0, &finding);
	}
}

int wiring_fit_voltages(const struct wiring_system *system, const struct phasor v[PHASES], double line_v,
			struct wiring_fit fits[WIRING_FITS_MAX])
{
	struct phasor star = system->type == 31 ? mean_of(v, system->phases) : (struct phasor){ 0, 0 };
	struct collection kept = { fits, 0 };
	double greatest = 0;

	for (int k = 0; k < system->phases; k++)
		greatest = fmax(greatest, sqrt(square(wiring_subtract(v[k], star))));
	for (int g = 0; g < system->geometries && greatest > 0; g++) {
		struct laying l = { .system = system, .geometry = g };

		for (int k = 0; k < PHASES; k++) {
			l.x[k] = wiring_scale(wiring_subtract(v[k], star), 1 / greatest);
			l.t[k] = wiring_unit(system->geometry[g].angle_deg[k]);
		}
		try_sound(&kept, &l);
		if (system->phases == 1)
			continue;
		try_dead(&kept, &l);
		try_low(&kept, &l);
		/* What needs the neutral; of two legs, only of a transformer's. */
		if (system->type == 31 || g == 0 || system->phases == 3)
			try_same(&kept, &l);
		if (system->neutral && (g == 0 || system->phases == 3)) {
			try_neutral_swapped(&kept, &l);
			try_neutral_missing(&kept, &l, line_v / greatest);
		}
		if (system->type == 40)
			try_high_leg(&kept, &l);
	}
	return kept.n;
}
