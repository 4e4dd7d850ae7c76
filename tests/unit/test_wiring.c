/*
 * What the wiring check tells, against systems that are built here: true phases and loads as complex numbers, then the leads and current
 * transformers put where they do not belong.
 */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/check_main.h"
#include "metering/wiring.h"

/* the header's I is in the way of ours */
#undef I
#define DEG (M_PI / 180)
#define PHASE_V 277.0
#define LOAD_A 40.0
#define CT_A 100.0
#define LAG_LEAST_DEG (-25.84)	/* 0.9 leading */
#define LAG_MOST_DEG 60.0	/* 0.5 lagging */
#define LAG_STEP_DEG 2.0

enum { A, B, C, N, OPEN };	/* where a lead may be */

/* A connection, and the findings that tell it. */
struct connection {
	const char *name;
	int lead[3], neutral;	/* neutral OPEN: its terminal lies anywhere */
	int ct[3];		/* phase, or OPEN */
	int sign[3];
	struct wiring_finding truth[2];
	int findings;
};

#define V(n) (1u << (ADC_VA + (n)))
#define I(n) (1u << (ADC_IA + (n)))
#define RIGHT { A, B, C }
#define PLUS { 1, 1, 1 }
#define ONE(k, ...) .truth = { { .kind = k, .inputs = __VA_ARGS__ } }, .findings = 1

static const struct connection wye[] = {
	{ "all is well", RIGHT, N, RIGHT, PLUS, .findings = 0 },
	{ "VA-VB", { B, A, C }, N, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(A) | V(B)) },
	{ "VB-VC", { A, C, B }, N, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(B) | V(C)) },
	{ "VA-VC", { C, B, A }, N, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(A) | V(C)) },
	{ "IA-IB", RIGHT, N, { B, A, C }, PLUS, ONE(WIRING_I_SWAPPED, I(A) | I(B)) },
	{ "IB-IC", RIGHT, N, { A, C, B }, PLUS, ONE(WIRING_I_SWAPPED, I(B) | I(C)) },
	{ "IA-IC", RIGHT, N, { C, B, A }, PLUS, ONE(WIRING_I_SWAPPED, I(A) | I(C)) },
	{ "-IA", RIGHT, N, RIGHT, { -1, 1, 1 }, ONE(WIRING_I_REVERSED, I(A)) },
	{ "-IB", RIGHT, N, RIGHT, { 1, -1, 1 }, ONE(WIRING_I_REVERSED, I(B)) },
	{ "-IC", RIGHT, N, RIGHT, { 1, 1, -1 }, ONE(WIRING_I_REVERSED, I(C)) },
	{ "no VA", { OPEN, B, C }, N, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(A)) },
	{ "no VB", { A, OPEN, C }, N, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(B)) },
	{ "no VC", { A, B, OPEN }, N, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(C)) },
	{ "no IA", RIGHT, N, { OPEN, B, C }, PLUS, ONE(WIRING_I_DEAD, I(A)) },
	{ "no IB", RIGHT, N, { A, OPEN, C }, PLUS, ONE(WIRING_I_DEAD, I(B)) },
	{ "no IC", RIGHT, N, { A, B, OPEN }, PLUS, ONE(WIRING_I_DEAD, I(C)) },
	{ "currents moved forward", RIGHT, N, { B, C, A }, PLUS, ONE(WIRING_I_MOVED, I(A) | I(B) | I(C), .forward = true) },
	{ "currents moved back", RIGHT, N, { C, A, B }, PLUS, ONE(WIRING_I_MOVED, I(A) | I(B) | I(C), .forward = false) },
	{ "voltages moved forward", { B, C, A }, N, RIGHT, PLUS, ONE(WIRING_V_MOVED, V(A) | V(B) | V(C), .forward = true) },
	{ "voltages moved back", { C, A, B }, N, RIGHT, PLUS, ONE(WIRING_V_MOVED, V(A) | V(B) | V(C), .forward = false) },
	{ "-IA -IB", RIGHT, N, RIGHT, { -1, -1, 1 }, ONE(WIRING_I_REVERSED, I(A) | I(B)) },
	{ "-IB -IC", RIGHT, N, RIGHT, { 1, -1, -1 }, ONE(WIRING_I_REVERSED, I(B) | I(C)) },
	{ "-IA -IC", RIGHT, N, RIGHT, { -1, 1, -1 }, ONE(WIRING_I_REVERSED, I(A) | I(C)) },
	{ "-IA -IB -IC", RIGHT, N, RIGHT, { -1, -1, -1 }, ONE(WIRING_I_REVERSED, I(A) | I(B) | I(C)) },
	{ "no neutral", RIGHT, OPEN, RIGHT, PLUS, ONE(WIRING_NEUTRAL_MISSING, 0) },
	{ "VA-N", { N, B, C }, A, RIGHT, PLUS, ONE(WIRING_NEUTRAL_SWAPPED, V(A)) },
	{ "VB-N", { A, N, C }, B, RIGHT, PLUS, ONE(WIRING_NEUTRAL_SWAPPED, V(B)) },
	{ "VC-N", { A, B, N }, C, RIGHT, PLUS, ONE(WIRING_NEUTRAL_SWAPPED, V(C)) },
	{ "VB on A", { A, A, C }, N, RIGHT, PLUS, ONE(WIRING_V_SAME, V(B), .on = ADC_VA) },
	{ "VC on A", { A, B, A }, N, RIGHT, PLUS, ONE(WIRING_V_SAME, V(C), .on = ADC_VA) },
	{ "VA on B", { B, B, C }, N, RIGHT, PLUS, ONE(WIRING_V_SAME, V(A), .on = ADC_VB) },
	{ "A-B, both", { B, A, C }, N, { B, A, C }, PLUS, .findings = 0 },
	{ "B-C, both", { A, C, B }, N, { A, C, B }, PLUS, .findings = 0 },
	{ "A-C, both", { C, B, A }, N, { C, B, A }, PLUS, .findings = 0 },
	{ "all moved, both", { B, C, A }, N, { B, C, A }, PLUS, .findings = 0 },
	{ "IA-IB, -IC", RIGHT, N, { B, A, C }, { 1, 1, -1 },
	  .truth = { { .kind = WIRING_I_SWAPPED, .inputs = I(A) | I(B) }, { .kind = WIRING_I_REVERSED, .inputs = I(C) } }, .findings = 2 },
	{ "no VB, -IA", { A, OPEN, C }, N, RIGHT, { -1, 1, 1 },
	  .truth = { { .kind = WIRING_V_DEAD, .inputs = V(B) }, { .kind = WIRING_I_REVERSED, .inputs = I(A) } }, .findings = 2 },
};

static const struct connection delta[] = {
	{ "all is well", RIGHT, OPEN, RIGHT, PLUS, .findings = 0 },
	{ "VA-VB", { B, A, C }, OPEN, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(A) | V(B)) },
	{ "VB-VC", { A, C, B }, OPEN, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(B) | V(C)) },
	{ "IA-IC", RIGHT, OPEN, { C, B, A }, PLUS, ONE(WIRING_I_SWAPPED, I(A) | I(C)) },
	{ "IB-IC", RIGHT, OPEN, { A, C, B }, PLUS, ONE(WIRING_I_SWAPPED, I(B) | I(C)) },
	{ "-IA", RIGHT, OPEN, RIGHT, { -1, 1, 1 }, ONE(WIRING_I_REVERSED, I(A)) },
	{ "-IB", RIGHT, OPEN, RIGHT, { 1, -1, 1 }, ONE(WIRING_I_REVERSED, I(B)) },
	{ "-IA -IC", RIGHT, OPEN, RIGHT, { -1, 1, -1 }, ONE(WIRING_I_REVERSED, I(A) | I(C)) },
	{ "-IA -IB -IC", RIGHT, OPEN, RIGHT, { -1, -1, -1 }, ONE(WIRING_I_REVERSED, I(A) | I(B) | I(C)) },
	{ "no VA", { OPEN, B, C }, OPEN, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(A)) },
	{ "no VC", { A, B, OPEN }, OPEN, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(C)) },
	{ "no IB", RIGHT, OPEN, { A, OPEN, C }, PLUS, ONE(WIRING_I_DEAD, I(B)) },
	{ "currents moved forward", RIGHT, OPEN, { B, C, A }, PLUS, ONE(WIRING_I_MOVED, I(A) | I(B) | I(C), .forward = true) },
	{ "currents moved back", RIGHT, OPEN, { C, A, B }, PLUS, ONE(WIRING_I_MOVED, I(A) | I(B) | I(C), .forward = false) },
};

static const struct connection split[] = {
	{ "all is well", RIGHT, N, RIGHT, PLUS, .findings = 0 },
	{ "VA-VB", { B, A, C }, N, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(A) | V(B)) },
	{ "IA-IB", RIGHT, N, { B, A, C }, PLUS, ONE(WIRING_I_SWAPPED, I(A) | I(B)) },
	{ "-IA", RIGHT, N, RIGHT, { -1, 1, 1 }, ONE(WIRING_I_REVERSED, I(A)) },
	{ "-IB", RIGHT, N, RIGHT, { 1, -1, 1 }, ONE(WIRING_I_REVERSED, I(B)) },
	{ "-IA -IB", RIGHT, N, RIGHT, { -1, -1, 1 }, ONE(WIRING_I_REVERSED, I(A) | I(B)) },
	{ "no VA", { OPEN, B, C }, N, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(A)) },
	{ "no VB", { A, OPEN, C }, N, RIGHT, PLUS, ONE(WIRING_V_DEAD, V(B)) },
	{ "no IB", RIGHT, N, { A, OPEN, C }, PLUS, ONE(WIRING_I_DEAD, I(B)) },
	{ "VB on A", { A, A, C }, N, RIGHT, PLUS, ONE(WIRING_V_SAME, V(B), .on = ADC_VA) },
	{ "VA-N", { N, B, C }, A, RIGHT, PLUS, ONE(WIRING_NEUTRAL_SWAPPED, V(A)) },
	{ "no neutral", RIGHT, OPEN, RIGHT, PLUS, ONE(WIRING_NEUTRAL_MISSING, 0) },
};

static const struct connection two_wire[] = {
	{ "all is well", RIGHT, N, RIGHT, PLUS, .findings = 0 },
	{ "-IA", RIGHT, N, RIGHT, { -1, 1, 1 }, ONE(WIRING_I_REVERSED, I(A)) },
	{ "VA-VB", { B, A, C }, N, RIGHT, PLUS, ONE(WIRING_V_SWAPPED, V(A) | V(B)) },
};

static const struct connection single[] = {
	{ "all is well", RIGHT, N, RIGHT, PLUS, .findings = 0 },
	{ "-IA", RIGHT, N, RIGHT, { -1, 1, 1 }, ONE(WIRING_I_REVERSED, I(A)) },
	{ "VA-N", { N, B, C }, A, RIGHT, PLUS, ONE(WIRING_V_TURNED, V(A)) },
	{ "IA on B", RIGHT, N, { B, B, C }, PLUS, ONE(WIRING_I_ELSEWHERE, I(A)) },
	{ "IA on C", RIGHT, N, { C, B, C }, PLUS, ONE(WIRING_I_ELSEWHERE, I(A)) },
};

static uint64_t state;

/* -1 .. 1 */
static double random_part(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / (double)(1ull << 52) - 1;
}

static double complex turn(double deg)
{
	return cos(deg * DEG) + _Complex_I * sin(deg * DEG);
}

/* What the meter sees. */
struct scene {
	int type, rotation;
	double lag_deg, noise;		/* noise: 1 = voltages +-3 %, currents +-20 %, angles +-3 degrees */
	double load_a[3];		/* negative: that phase exports */
	double line_load_a;		/* of a resistance between A and B, beside */
};

static double complex noisy(double complex value, double part, double noise)
{
	return value * (1 + part * noise * random_part()) * turn(3 * noise * random_part());
}

static void build_supply(const struct scene *scene, double complex e[4], double complex i[3])
{
	static const double split_deg[3] = { 0, 180, 0 };
	double complex sum = 0;

	for (int k = 0; k < 3; k++) {
		double deg = scene->type == 12 || scene->type == 11 ? split_deg[k] : -120.0 * k * scene->rotation;

		e[k] = noisy(PHASE_V * turn(deg), 0.03, scene->noise);
		i[k] = noisy(scene->load_a[k] * turn(deg - scene->lag_deg), 0.2, scene->noise);
	}
	e[N] = 0;
	i[A] += scene->line_load_a * (e[A] - e[B]) / cabs(e[A] - e[B]);
	i[B] -= scene->line_load_a * (e[A] - e[B]) / cabs(e[A] - e[B]);
	for (int k = 0; k < 3; k++)
		sum += i[k];
	for (int k = 0; k < 3 && scene->type == 31; k++)
		i[k] -= sum / 3;
}

/* Without a neutral an open lead floats midway between the others, with one at its potential. */
static double complex open_lead(const struct scene *scene, const struct connection *c, const double complex e[4], int k)
{
	return scene->type == 31 ? (e[c->lead[(k + 1) % 3]] + e[c->lead[(k + 2) % 3]]) / 2 : 0;
}

static void connect(const struct scene *scene, const struct connection *c, struct wiring_input *input)
{
	double complex e[4], i[3], star;

	build_supply(scene, e, i);
	*input = (struct wiring_input){ .system_type = scene->type, .ct_primary_a = CT_A };
	input->system_voltage_v = scene->type == 10 ? PHASE_V : scene->type >= 31 ? PHASE_V * sqrt(3.0) : 2 * PHASE_V;
	star = c->neutral != OPEN ? e[c->neutral] :
		PHASE_V * (0.4 + 0.2 * random_part()) * (scene->type == 12 ? (random_part() > 0 ? 1 : -1) : turn(180 * random_part()));
	for (int k = 0; k < 3; k++) {
		double complex v = (c->lead[k] == OPEN ? open_lead(scene, c, e, k) : e[c->lead[k]]) - star;
		double complex a = c->ct[k] == OPEN ? 0.0 : c->sign[k] * i[c->ct[k]];

		if (c->lead[k] == OPEN && scene->type != 31)
			v = 0;
		input->phasor[ADC_VA + k] = (struct phasor){ creal(v), cimag(v) };
		input->phasor[ADC_IA + k] = (struct phasor){ creal(a), cimag(a) };
	}
}

static bool same_finding(const struct wiring_finding *a, const struct wiring_finding *b)
{
	return a->kind == b->kind && a->inputs == b->inputs && (a->kind != WIRING_V_SAME || a->on == b->on) &&
		((a->kind != WIRING_I_MOVED && a->kind != WIRING_V_MOVED) || a->forward == b->forward);
}

static bool tells(const struct wiring_explanation *explanation, const struct connection *c)
{
	if (explanation->findings != c->findings)
		return false;
	for (int n = 0; n < c->findings; n++)
		if (!same_finding(&explanation->finding[n], &c->truth[n]))
			return false;
	return true;
}

struct tally {
	int cases, named, first, sure, sure_right, faults_missed, false_faults;
};

static void print_report(const struct connection *c, const struct scene *scene, const struct wiring_report *report)
{
	printf("type %d, %s, rotation %d, lag %.1f: %s, %.3f\n", scene->type, c->name, scene->rotation, scene->lag_deg,
	       wiring_verdict_code(report->verdict), report->confidence);
	for (int n = 0; n < report->explanations; n++) {
		printf("  %s %.3f", report->explanation[n].same ? "=" : " ", report->explanation[n].share);
		for (int f = 0; f < report->explanation[n].findings; f++)
			printf(" %s %#x", wiring_kind_code(report->explanation[n].finding[f].kind), report->explanation[n].finding[f].inputs);
		puts("");
	}
}

static void judge(const struct connection *c, const struct scene *scene, struct tally *tally)
{
	struct wiring_input input;
	struct wiring_report report;
	bool named = false, same = false, wrong;

	connect(scene, c, &input);
	ck_assert_int_eq(wiring_examine(&input, &report), 0);
	for (int n = 0; n < report.explanations; n++)
		if (tells(&report.explanation[n], c)) {
			named = true;
			same = same || report.explanation[n].same;
		}
	tally->cases++;
	tally->named += named;
	tally->first += tells(&report.explanation[0], c);
	tally->sure += report.confidence > 0.9;
	tally->sure_right += report.confidence > 0.9 && same;
	wrong = c->findings ? report.verdict == WIRING_WELL || report.verdict == WIRING_NO_LOAD : report.verdict == WIRING_FAULT;
	tally->faults_missed += wrong && c->findings;
	tally->false_faults += wrong && !c->findings;
	if (!named || wrong || (report.confidence > 0.9 && !same))
		print_report(c, scene, &report);
}

static struct tally sweep(const struct connection *connections, size_t n, int type, int repeats, double noise)
{
	struct tally all = { 0 };

	for (size_t k = 0; k < n; k++) {
		struct tally tally = { 0 };

		for (double lag_deg = LAG_LEAST_DEG; lag_deg <= LAG_MOST_DEG; lag_deg += LAG_STEP_DEG)
			for (int rotation = -1; rotation <= 1; rotation += 2)
				for (int repeat = 0; repeat < repeats; repeat++)
					judge(&connections[k], &(struct scene){ .type = type, .rotation = rotation, .lag_deg = lag_deg,
						.noise = noise, .load_a = { LOAD_A, LOAD_A, LOAD_A } }, &tally);
		printf("type %d %-24s %d cases: named %d, first %d, sure %d, of them right %d\n", type, connections[k].name, tally.cases,
		       tally.named, tally.first, tally.sure, tally.sure_right);
		all.cases += tally.cases;
		all.named += tally.named;
		all.sure += tally.sure;
		all.sure_right += tally.sure_right;
		all.faults_missed += tally.faults_missed;
		all.false_faults += tally.false_faults;
	}
	printf("type %d: %d cases, named %d, sure %d, of them right %d, faults missed %d, false faults %d\n", type, all.cases, all.named,
	       all.sure, all.sure_right, all.faults_missed, all.false_faults);
	return all;
}

/* `sure_part`: so many have more than 0.9, lest the check be empty. */
static void check_sweep(const struct connection *connections, size_t n, int type, int repeats, double sure_part)
{
	struct tally tally;

	state = 0x9e3779b97f4a7c15u + (uint64_t)type;
	printf("seed %#llx\n", (unsigned long long)state);
	tally = sweep(connections, n, type, repeats, 1);
	ck_assert_int_eq(tally.named, tally.cases);
	ck_assert_int_ge(tally.sure_right * 100, tally.sure * 99);
	ck_assert_int_ge(tally.sure, (int)(sure_part * tally.cases));
	ck_assert_int_eq(tally.false_faults, 0);
	ck_assert_int_eq(tally.faults_missed, 0);
}

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(wye_faults_are_named_and_never_a_wrong_one_with_confidence)
{
	check_sweep(wye, LENGTH(wye), 40, 2, 0.7);
}
END_TEST

START_TEST(delta_faults_are_named_and_never_a_wrong_one_with_confidence)
{
	check_sweep(delta, LENGTH(delta), 31, 1, 0.7);
}
END_TEST

START_TEST(split_phase_faults_are_named_and_never_a_wrong_one_with_confidence)
{
	check_sweep(split, LENGTH(split), 12, 1, 0.6);
}
END_TEST

START_TEST(single_phase_faults_are_named_and_never_a_wrong_one_with_confidence)
{
	check_sweep(two_wire, LENGTH(two_wire), 11, 2, 0.4);
	check_sweep(single, LENGTH(single), 10, 2, 0.2);
}
END_TEST

static const struct connection healthy = { "all is well", RIGHT, N, RIGHT, PLUS, .findings = 0 };

static struct wiring_report examine(const struct connection *c, const struct scene *scene)
{
	struct wiring_input input;
	struct wiring_report report;

	connect(scene, c, &input);
	ck_assert_int_eq(wiring_examine(&input, &report), 0);
	print_report(c, scene, &report);
	return report;
}

START_TEST(a_load_on_one_phase_or_between_two_is_no_fault)
{
	static const struct { double load_a[3], line_a; } loads[] = {
		{ { 50, 0, 0 }, 0 }, { { 0, 50, 0 }, 0 }, { { 0, 0, 50 }, 0 }, { { 0, 0, 0 }, 50 }, { { 20, 20, 20 }, 30 }, { { 80, 20, 40 }, 0 },
		{ { 50, 50, 3 }, 0 },
	};

	for (size_t n = 0; n < LENGTH(loads); n++)
		for (int rotation = -1; rotation <= 1; rotation += 2)
			for (double lag_deg = LAG_LEAST_DEG; lag_deg <= LAG_MOST_DEG; lag_deg += 10) {
				struct scene scene = { .type = 40, .rotation = rotation, .lag_deg = lag_deg, .line_load_a = loads[n].line_a };

				memcpy(scene.load_a, loads[n].load_a, sizeof(scene.load_a));
				ck_assert_int_ne(examine(&healthy, &scene).verdict, WIRING_FAULT);
			}
}
END_TEST

START_TEST(a_small_load_is_said_to_be_too_small)
{
	struct scene scene = { .type = 40, .rotation = 1, .lag_deg = 20, .load_a = { 0.3, 0.3, 0.3 } };
	struct wiring_report report = examine(&healthy, &scene);

	ck_assert_int_eq(report.verdict, WIRING_NO_LOAD);
	ck_assert_uint_eq(report.small, I(A) | I(B) | I(C));
	scene.load_a[A] = scene.load_a[B] = scene.load_a[C] = 0.6;
	report = examine(&healthy, &scene);
	ck_assert_int_eq(report.verdict, WIRING_WELL);
	ck_assert_uint_eq(report.small, 0);
}
END_TEST

START_TEST(power_that_flows_back_is_named_beside_reversed_currents)
{
	struct scene scene = { .type = 40, .rotation = 1, .lag_deg = 5, .load_a = { -40, -40, -40 } };
	struct wiring_report report = examine(&healthy, &scene);
	bool named = false;

	ck_assert_int_eq(report.verdict, WIRING_DOUBT);
	for (int n = 0; n < report.explanations; n++)
		named = named || (report.explanation[n].same && !report.explanation[n].fault && report.explanation[n].findings == 1 &&
				  report.explanation[n].finding[0].kind == WIRING_EXPORT);
	ck_assert(named);
}
END_TEST

START_TEST(a_phase_that_is_off_is_named_beside_a_dead_lead_and_a_dead_ct)
{
	static const struct connection off = { "B off", { A, OPEN, C }, N, { A, OPEN, C }, PLUS, .findings = 0 };
	struct wiring_report report = examine(&off, &(struct scene){ .type = 40, .rotation = 1, .lag_deg = 5, .load_a = { 40, 40, 40 } });

	ck_assert_int_eq(report.explanation[0].finding[0].kind, WIRING_PHASE_OFF);
	ck_assert_uint_eq(report.explanation[0].finding[0].inputs, V(B) | I(B));
}
END_TEST

START_TEST(a_rotation_a_c_b_alone_is_no_fault)
{
	for (int rotation = -1; rotation <= 1; rotation += 2) {
		struct wiring_report report =
			examine(&healthy, &(struct scene){ .type = 40, .rotation = rotation, .lag_deg = 20, .load_a = { 40, 40, 40 } });

		ck_assert_int_eq(report.verdict, WIRING_WELL);
		ck_assert_int_eq(report.rotation, rotation);
		ck_assert_int_eq(report.explanation[0].findings, 0);
	}
}
END_TEST

START_TEST(without_voltages_or_numbers_nothing_is_told)
{
	struct wiring_input input;
	struct wiring_report report;

	connect(&(struct scene){ .type = 40, .rotation = 1, .load_a = { 40, 40, 40 } }, &healthy, &input);
	for (int c = ADC_VA; c <= ADC_VC; c++)
		input.phasor[c] = (struct phasor){ 0, 0 };
	ck_assert_int_eq(wiring_examine(&input, &report), 0);
	ck_assert_int_eq(report.verdict, WIRING_NO_VOLTAGE);
	input.phasor[ADC_IB].im = NAN;
	ck_assert_int_ne(wiring_examine(&input, &report), 0);
	input.phasor[ADC_IB].im = 0;
	input.system_type = 13;
	ck_assert_int_ne(wiring_examine(&input, &report), 0);
}
END_TEST

START_TEST(the_mean_of_looks_and_how_far_one_strays)
{
	struct phasor looks[2][ADC_CHANNELS] = { { { 100, 0 }, [ADC_IA] = { 9, 0 } }, { { 100, 0 }, [ADC_IA] = { 11, 0 } } }, mean[ADC_CHANNELS];

	ck_assert_double_eq_tol(wiring_mean((const struct phasor (*)[ADC_CHANNELS])looks, 2, mean), 0.1, 1e-12);
	ck_assert_double_eq_tol(mean[ADC_IA].re, 10, 1e-12);
	ck_assert_double_eq_tol(mean[ADC_VA].re, 100, 1e-12);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wiring");
	TCase *tcase = tcase_create("wiring");

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, wye_faults_are_named_and_never_a_wrong_one_with_confidence);
	tcase_add_test(tcase, delta_faults_are_named_and_never_a_wrong_one_with_confidence);
	tcase_add_test(tcase, split_phase_faults_are_named_and_never_a_wrong_one_with_confidence);
	tcase_add_test(tcase, single_phase_faults_are_named_and_never_a_wrong_one_with_confidence);
	tcase_add_test(tcase, a_load_on_one_phase_or_between_two_is_no_fault);
	tcase_add_test(tcase, a_small_load_is_said_to_be_too_small);
	tcase_add_test(tcase, power_that_flows_back_is_named_beside_reversed_currents);
	tcase_add_test(tcase, a_phase_that_is_off_is_named_beside_a_dead_lead_and_a_dead_ct);
	tcase_add_test(tcase, a_rotation_a_c_b_alone_is_no_fault);
	tcase_add_test(tcase, without_voltages_or_numbers_nothing_is_told);
	tcase_add_test(tcase, the_mean_of_looks_and_how_far_one_strays);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
