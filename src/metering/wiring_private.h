/* wiring_private - what the files of wiring share. */
#ifndef METERING_WIRING_PRIVATE_H
#define METERING_WIRING_PRIVATE_H

#include "metering/wiring.h"

/* How the phases of a supply lie, as the voltage inputs show them. */
struct wiring_geometry {
	double angle_deg[PHASES];	/* of the phase at voltage input A, B, C */
	int rotation;			/* 1, -1; 0: not a three-phase one */
	double prior;
};

/* A state of the voltage inputs that fits what is measured. */
struct wiring_fit {
	bool fault;
	struct wiring_finding finding;	/* when `found` */
	bool found;
	int geometry;
	bool shows;			/* the phasors tell this geometry from the others */
	unsigned dead;			/* bit per phase whose voltage is not there */
	double weight;			/* likelihood x prior */
	struct phasor phase_v[PHASES];	/* where the phases of inputs A, B, C truly are */
};

enum { WIRING_FITS_MAX = 64 };

/* What a system type has. */
struct wiring_system {
	int type;
	int phases;			/* voltages and currents that count: 1, 2 or 3 */
	bool neutral;
	int geometries;
	struct wiring_geometry geometry[3];
};

void wiring_system_of(int type, struct wiring_system *system);

/* The states of the voltages that can be, weights relative to each other; returns their number.  line_v: expected, line to line. */
int wiring_fit_voltages(const struct wiring_system *system, const struct phasor v[PHASES], double line_v,
			struct wiring_fit fits[WIRING_FITS_MAX]);

/* The currents' part. */
struct wiring_currents {
	struct phasor i[PHASES];
	double greatest_a;
	unsigned live, missing, small;	/* bits per phase, disjoint */
};

enum { WIRING_LAG_STEPS = 25, WIRING_SHIFTS = 4, WIRING_SLOTS = 3 };

/* Likelihood of each live current on each phase, for each lag of the load. */
struct wiring_lags {
	double likely[PHASES][WIRING_SLOTS][2][WIRING_SHIFTS][WIRING_LAG_STEPS];
};

void wiring_sort_currents(const struct wiring_system *system, const struct phasor i[PHASES], double ct_primary_a,
			  struct wiring_currents *currents);

void wiring_tabulate_lags(const struct wiring_currents *currents, const struct phasor place[WIRING_SLOTS], struct wiring_lags *lags);

/* Likelihood of the live currents when CT k is on place[k] and those of `reversed` are turned. */
double wiring_weigh_currents(const struct wiring_system *system, const struct wiring_currents *currents, const struct wiring_lags *lags,
			     int rotation, const int place[PHASES], unsigned reversed);

/* All ways to arrange three things: p maps k to wiring_permutation(p)[k]; 0 is the identity, 1 and 2 move on cyclically, 3.. swap. */
enum { WIRING_PERMUTATIONS = 6 };
const int *wiring_permutation(int p);
bool wiring_permutation_fits(int p, int n);

/* One arrangement of the inputs and what stands for its unusual signs and silences. */
struct wiring_case {
	const struct wiring_system *system;
	const struct wiring_fit *fit;
	const struct wiring_currents *currents;
	int on_voltage;			/* permutation: CT k is on the phase of voltage input [k] */
	unsigned reversed;		/* bit per current that has the wrong sign */
	/* The explanation: one of several of the same phasors. */
	int voltages;			/* permutation: voltage input k is on phase [k] */
	bool exported;			/* the wrong signs are power that flows back */
	enum { SILENT_DEAD, SILENT_UNLOADED, SILENT_OFF } silent;	/* what the missing currents are */
	bool turned;			/* types 10 and 11: it is the voltage that is turned */
};

/* Prior of an explanation, without the fit's own; 0 when it makes no sense. */
double wiring_case_prior(const struct wiring_case *one);

/* Fills findings, fault and rotation. */
void wiring_case_explain(const struct wiring_case *one, struct wiring_explanation *explanation);

static inline struct phasor wiring_scale(struct phasor a, double factor)
{
	return (struct phasor){ a.re * factor, a.im * factor };
}

static inline struct phasor wiring_add(struct phasor a, struct phasor b)
{
	return (struct phasor){ a.re + b.re, a.im + b.im };
}

static inline struct phasor wiring_subtract(struct phasor a, struct phasor b)
{
	return (struct phasor){ a.re - b.re, a.im - b.im };
}

struct phasor wiring_unit(double angle_deg);

/* -180..180 */
double wiring_wrap_deg(double angle_deg);

#endif
