/*
 * Every legal value has its place in five digits, and is read back from them: the number in the bottom row times the prefix in the top
 * row, within half a unit of the last digit (energies: not above the truth, and less than a unit below).
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "rig.h"

static const int types[] = { 10, 11, 12, 31, 40 };
static const int ct_sizes[] = { 1, 2, 5, 8, 83, 100, 833, 834, 8333, 8334, 10000, 31999, 32000 };
static const int pt_ratios[] = { 1, 50, 100, 138, 139, 1388, 1389, 13888, 13889, 32000 };
static const int voltages[] = { 82, 83, 120, 347, 600, 833, 834, 8333, 8334, 15000, 32000 };

/* A screen of a reading: keys from home, its name without prefix in both notations, the value behind it. */
struct quantity {
	const char *keys, *ieee, *iec;
	size_t offset;
	int full;	/* 0 power, 1 volts, 2 amperes, 3 power factor, 4 hertz */
};

#define AT(member) offsetof(struct snapshot, member)

static const struct quantity quantities[] = {
	{ "- right", "W   D", "P   D", AT(demand.present[DEMAND_P]), 0 },
	{ "- 4xright", "VAR M", "Q MAX", AT(demand.max[DEMAND_Q]), 0 },
	{ "- 6xright", "VA  M", "S MAX", AT(demand.max[DEMAND_S]), 0 },
	{ "2x- right", "W    ", "P    ", AT(readings.p_w), 0 },
	{ "2x- 2xright", "VAR  ", "Q    ", AT(readings.q_var), 0 },
	{ "2x- 3xright", "VA   ", "S    ", AT(readings.s_va), 0 },
	{ "2x- 4xright", "PF   ", "PF   ", AT(readings.pf), 3 },
	{ "2x- 5xright", "A    ", "A    ", AT(readings.i_avg_a), 2 },
	{ "2x- 6xright", "VLN  ", "V    ", AT(readings.v_ln_avg_v), 1 },
	{ "2x- 7xright", "W   A", "P   A", AT(readings.p_phase_w[0]), 0 },
	{ "2x- 8xright -", "VAR B", "Q   B", AT(readings.q_phase_var[1]), 0 },
	{ "2x- 3xright +", "VA  C", "S   C", AT(readings.s_phase_va[2]), 0 },
	{ "2x- 10xright 2x-", "PF  C", "PF  C", AT(readings.pf_phase[2]), 3 },
	{ "2x- 11xright -", "A   B", "A   B", AT(readings.i_a[1]), 2 },
	{ "2x- 12xright 2x-", "VLN C", "V   C", AT(readings.v_ln_v[2]), 1 },
	{ "2x- right left right 24xright", "VLL  ", "U    ", AT(readings.v_ll_avg_v), 1 },
	{ "2x- 25xright -", "VAB  ", "UAB  ", AT(readings.v_ll_v[PAIR_AB]), 1 },
	{ "2x- 25xright +", "VAC  ", "UAC  ", AT(readings.v_ll_v[PAIR_AC]), 1 },
	{ "2x- 29xright", "HZ   ", "HZ   ", AT(readings.hz), 4 },
};

/* The number in the bottom row, in units of the top row, and the unit of its last digit. */
static double read_back(const struct panel_row *row, double *unit)
{
	char text[2 * PANEL_CELLS + 1], *end;
	const char *point;
	double value;

	panel_row_text(row, text);
	value = strtod(text, &end);
	REQUIRE(end != text && *end == '\0', "\"%s\" is no number", text);
	point = strchr(text, '.');
	*unit = point != NULL ? pow(10, -(double)strlen(point + 1)) : 1;
	return value;
}

static void strip(char name[PANEL_CELLS + 1])
{
	char *to = name;

	for (const char *from = name; *from != '\0'; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = '\0';
}

/* The factor of the prefix that stands before the name, blanks left aside. */
static double prefix_of(const struct panel_row *top, const char *name)
{
	char shown[PANEL_CELLS + 1], plain[PANEL_CELLS + 1];

	snprintf(shown, sizeof(shown), "%.5s", top->cell);
	snprintf(plain, sizeof(plain), "%s", name);
	strip(shown);
	strip(plain);
	if (strcmp(shown, plain) == 0)
		return 1;
	REQUIRE(strcmp(shown + 1, plain) == 0, "\"%.5s\" is no name of %s", top->cell, name);
	return shown[0] == 'K' ? 1e3 : shown[0] == 'M' ? 1e6 : shown[0] == 'G' ? 1e9 : shown[0] == 'T' ? 1e12 : shown[0] == 'P' ? 1e15 : NAN;
}

static double full_scale(const struct settings *s, int full)
{
	bool three = s->system_type == 31 || s->system_type == 40;

	switch (full) {
	case 0:
		return 1.2 * 1.2 * (three ? sqrt(3) : 1) * s->system_voltage * s->ct_primary;
	case 1:
		return 1.2 * fmax(s->system_voltage, 600.0 * s->pt_ratio / 100);
	case 2:
		return 1.2 * s->ct_primary;
	default:
		return full == 3 ? 1 : 65;
	}
}

static void put(struct rig *rig, const struct quantity *q, double value)
{
	memcpy((char *)&rig->snapshot + q->offset, &value, sizeof(value));
}

static void check_value(struct rig *rig, const struct quantity *q, double value, struct panel_screen *screen)
{
	const char *name = rig->snapshot.settings.display_units ? q->ieee : q->iec;
	double unit, shown, factor;

	put(rig, q, value);
	rig_draw(rig, screen);
	shown = read_back(&screen->bottom, &unit);
	factor = prefix_of(&screen->top, name);
	REQUIRE(fabs(shown * factor - value) <= 0.5000001 * unit * factor, "%.9g is shown as %.9g x %g (%s)", value, shown, factor, name);
}

/* Four of the five digits are used at full scale, where there are decimals to use. */
static void check_resolution(const struct quantity *q, const struct panel_screen *screen, double full)
{
	double unit;
	double factor = prefix_of(&screen->top, q->ieee);

	(void)read_back(&screen->bottom, &unit);
	if (q->full <= 2 && (unit < 1 || factor > 1))
		REQUIRE(unit * factor <= full / 9999, "%s: a unit of %g for %g", q->ieee, unit * factor, full);
}

static void check_quantity(const struct settings *settings, const struct quantity *q)
{
	static struct rig rig;
	double full = full_scale(settings, q->full), part[] = { 1, 0.5, 0.123456, 1e-3, 0 };
	struct panel_screen at_full, screen;

	rig_init(&rig);
	rig.snapshot.settings = *settings;
	rig_update(&rig);
	rig_keys(&rig, q->keys);
	check_value(&rig, q, full, &at_full);
	if (settings->display_units == 1)
		check_resolution(q, &at_full, full);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		check_value(&rig, q, part[i] * full, &screen);
		/* Neither the name nor the point moves with the load. */
		REQUIRE(memcmp(screen.top.cell, at_full.top.cell, PANEL_CELLS) == 0, "the name or the point moves");
		REQUIRE(memcmp(screen.bottom.point, at_full.bottom.point, sizeof(screen.bottom.point)) == 0, "the name or the point moves");
	}
	/* Beyond full scale it still tells the truth. */
	if (q->full <= 2)
		for (double more = 1.5; more < 20; more *= 2)
			check_value(&rig, q, more * full, &screen);
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(each_reading_fits_at_the_extremes_of_type_ct_pt_and_voltage_and_reads_back)
{
	const struct quantity *q = &quantities[_i];
	struct settings settings;

	settings_defaults(&settings);
	for (size_t type = 0; type < LENGTH(types); type++)
		for (size_t ct = 0; ct < LENGTH(ct_sizes); ct++)
			for (size_t pt = 0; pt < LENGTH(pt_ratios); pt++)
				for (size_t v = 0; v < LENGTH(voltages); v++) {
					settings.system_type = types[type];
					settings.ct_primary = ct_sizes[ct];
					settings.pt_ratio = pt_ratios[pt];
					settings.system_voltage = voltages[v];
					settings.display_units = (int)(type + ct + pt + v) & 1;
					check_quantity(&settings, q);
				}
}
END_TEST

START_TEST(maximum_power_fits_at_every_extreme_and_reads_back)
{
	static struct rig rig;
	struct panel_screen screen;

	rig_init(&rig);
	rig_keys(&rig, "+ 2xright 5x- right");
	for (size_t type = 0; type < LENGTH(types); type++)
		for (size_t ct = 0; ct < LENGTH(ct_sizes); ct++)
			for (size_t v = 0; v < LENGTH(voltages); v++) {
				double truth, unit, shown;

				rig.snapshot.settings.system_type = types[type];
				rig.snapshot.settings.ct_primary = ct_sizes[ct];
				rig.snapshot.settings.system_voltage = voltages[v];
				rig_update(&rig);
				truth = full_scale(&rig.snapshot.settings, 0) / 1.44;
				rig_draw(&rig, &screen);
				shown = read_back(&screen.bottom, &unit);
				REQUIRE(memcmp(screen.top.cell, "MX ", 3) == 0, "no maximum power");
				REQUIRE(screen.top.cell[4] == 'W', "no maximum power");
				unit *= screen.top.cell[3] == 'M' ? 1e6 : 1e3;
				shown *= screen.top.cell[3] == 'M' ? 1e6 : 1e3;
				REQUIRE(fabs(shown - truth) <= 0.5000001 * unit, "%.9g W is shown as %.9g", truth, shown);
				REQUIRE(unit == 10 || unit < truth / 9999, "%.9g W has digits to spare", truth);
			}
}
END_TEST

static void check_energy(struct rig *rig, uint64_t wh, const char *name)
{
	struct panel_screen screen;
	uint64_t shown = 0, unit;
	unsigned decimals = 0;

	rig->snapshot.energies.kwh.wh = wh;
	rig->snapshot.energies.kwh.nwh = 999999999;
	rig_draw(rig, &screen);
	unit = (uint64_t)prefix_of(&screen.top, name);
	for (int i = 0; i < PANEL_CELLS; i++) {
		if (screen.bottom.cell[i] == ' ')
			continue;
		REQUIRE(screen.bottom.cell[i] >= '0' && screen.bottom.cell[i] <= '9', "%.5s is no number", screen.bottom.cell);
		shown = 10 * shown + (uint64_t)(screen.bottom.cell[i] - '0');
		if (screen.bottom.point[i])
			decimals = (unsigned)(PANEL_CELLS - 1 - i);
	}
	REQUIRE(decimals <= 3, "%u decimals", decimals);
	while (decimals-- > 0)
		unit /= 10;
	REQUIRE(shown == wh / unit, "%llu Wh: %llu units of %llu Wh", (unsigned long long)wh, (unsigned long long)shown,
		      (unsigned long long)unit);
	/* Whole watt-hours, or as many digits as there are. */
	REQUIRE(unit == 1 || shown >= 10000, "%llu Wh has digits to spare", (unsigned long long)wh);
}

START_TEST(energies_up_to_64_bits_of_wh_fit_and_are_never_rounded_up)
{
	static struct rig rig;

	rig_init(&rig);
	rig_keys(&rig, "right");
	for (int ieee = 0; ieee < 2; ieee++) {
		const char *name = ieee ? "Wh" : "Ph";

		rig.snapshot.settings.display_units = ieee;
		for (uint64_t power = 1;; power *= 10) {
			check_energy(&rig, power - 1, name);
			check_energy(&rig, power, name);
			check_energy(&rig, power + power / 2, name);
			if (power > UINT64_MAX / 10)
				break;
		}
		for (int bit = 0; bit < 64; bit++) {
			check_energy(&rig, UINT64_C(1) << bit, name);
			check_energy(&rig, (UINT64_C(1) << bit) - 1, name);
		}
		check_energy(&rig, UINT64_MAX, name);
	}
}
END_TEST

START_TEST(the_guides_maximum_power_reads_103_92)
{
	static struct rig rig;
	char text[2 * PANEL_CELLS + 1];

	rig_init(&rig);
	rig_keys(&rig, "+ 2xright 5x- right");
	ck_assert_str_eq(rig_bottom(&rig, text), "103.92");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panel values");
	TCase *cases = tcase_create("values");

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 120);
	tcase_add_loop_test(cases, each_reading_fits_at_the_extremes_of_type_ct_pt_and_voltage_and_reads_back, 0, (int)LENGTH(quantities));
	tcase_add_test(cases, maximum_power_fits_at_every_extreme_and_reads_back);
	tcase_add_test(cases, energies_up_to_64_bits_of_wh_fit_and_are_never_rounded_up);
	tcase_add_test(cases, the_guides_maximum_power_reads_103_92);
	return check_main_run(suite);
}
