/*
 * Every parameter of SETUP, by its keys from the first screen to the register that the guide gives it.  The table is the guide's setup
 * pages and point map, written down apart from the program.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "registers/registers.h"
#include "rig.h"

/* From the first screen into SETUP with the password 00000. */
#define SETUP "+ right right "

struct choice {
	int value;
	const char *shown;
};

struct parameter {
	const char *name;		/* as the top row has it */
	const char *keys;		/* from SETUP's first menu on */
	unsigned number;		/* its register; 0: it has none, .. */
	enum setting setting;		/* .. then it is this one */
	unsigned digits;		/* 0: a choice */
	int good[6], bad[6];		/* values, ended by -1 */
	struct choice choice[7];	/* ended by NULL */
};

static const struct parameter parameters[] = {
	{ "ADDR ", "right", 0, SETTING_ADDRESS, 3, { 2, 9, 100, 247, -1 }, { 0, 248, 999, -1 }, { { 0, NULL } } },
	{ "BAUD ", "2xright", 0, SETTING_BAUD, 0, { -1 }, { -1 },
	  { { 38400, "38400" }, { 19200, "19200" }, { 9600, " 9600" }, { 4800, " 4800" }, { 2400, " 2400" }, { 1200, " 1200" } } },
	{ "PAR  ", "3xright", 0, SETTING_PARITY, 0, { -1 }, { -1 }, { { 0, " nOnE" }, { 1, " EvEn" }, { 2, "  Odd" } } },
	{ "CT V ", "- right", 132, 0, 0, { -1 }, { -1 }, { { 1, "   1.0" }, { 3, "   .33" } } },
	{ "CT SZ", "- 2xright", 131, 0, 5, { 1, 5, 32000, 12345, -1 }, { 0, 32001, 99999, -1 }, { { 0, NULL } } },
	{ "SYSTM", "2x- right", 130, 0, 0, { -1 }, { -1 },
	  { { 40, "3L-1n" }, { 31, "   3L" }, { 12, "2L-1n" }, { 11, "   2L" }, { 10, "1L-1n" } } },
	{ "RATIO", "3x- right", 133, 0, 5, { 1, 105, 32000, 6789, -1 }, { 0, 32001, 99999, -1 }, { { 0, NULL } } },
	/* At a ratio of 1: 82 to 660 V. */
	{ "V LL ", "4x- right", 134, 0, 5, { 82, 480, 660, -1 }, { 0, 81, 661, 32000, -1 }, { { 0, NULL } } },
	{ "VOLTS", "6x- right", 142, 0, 2, { 1, 25, 99, -1 }, { 0, -1 }, { { 0, NULL } } },
	{ "IMBAL", "6x- 2xright", 143, 0, 2, { 1, 10, 99, -1 }, { 0, -1 }, { { 0, NULL } } },
	/* The default meter is served by each. */
	{ "Wh/P ", "7x- right", 144, 0, 0, { -1 }, { -1 }, { { 10000, "10000" }, { 1000, " 1000" }, { 100, "  100" }, { 10, "   10" } } },
	{ "INTRV", "8x- right", 149, 0, 0, { -1 }, { -1 },
	  { { 6, "    6" }, { 5, "    5" }, { 4, "    4" }, { 3, "    3" }, { 2, "    2" }, { 1, "    1" } } },
	{ "SEC  ", "8x- 2xright", 150, 0, 5, { 0, 10, 32767, 1800, -1 }, { 1, 9, 32768, 99999, -1 }, { { 0, NULL } } },
	{ "UNITS", "9x- right", 137, 0, 0, { -1 }, { -1 }, { { 1, " IEEE" }, { 0, "  IEC" } } },
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* The setting that the register map has at the parameter's register. */
static enum setting setting_of(const struct parameter *p)
{
	const struct point *point;

	if (p->number == 0)
		return p->setting;
	point = registers_find(p->number);
	ck_assert_ptr_nonnull(point);
	ck_assert_uint_eq(point->number, p->number);
	ck_assert_int_eq(point->write, REGISTER_SETTING);
	return point->setting;
}

static void go_to(struct rig *rig, const struct parameter *p)
{
	struct panel_screen screen;

	rig_init(rig);
	rig_keys(rig, SETUP);
	rig_keys(rig, p->keys);
	rig_draw(rig, &screen);
	ck_assert_msg(memcmp(screen.top.cell, p->name, PANEL_CELLS) == 0, "%s leads to \"%.5s\" and not to \"%s\"", p->keys,
		      screen.top.cell, p->name);
	rig->requests = 0;
}

/* As a person does: + until the digit is right, then - for the next. */
static void enter_digits(struct rig *rig, unsigned digits, int value)
{
	for (unsigned i = 0; i < digits; i++, value /= 10) {
		struct panel_screen screen;

		for (int presses = 0; rig_draw(rig, &screen), screen.bottom.cell[PANEL_CELLS - 1 - i] != '0' + value % 10; presses++) {
			ck_assert_int_lt(presses, 10);
			rig_press(rig, PANEL_PLUS);
		}
		rig_press(rig, PANEL_MINUS);
	}
}

static void choose(struct rig *rig, const struct choice *choice, enum panel_button button)
{
	char text[2 * PANEL_CELLS + 1];

	for (int presses = 0; strcmp(rig_bottom(rig, text), choice->shown) != 0; presses++) {
		ck_assert_msg(presses < 7, "%s is not among the choices", choice->shown);
		rig_press(rig, button);
	}
}

/* Right saves `value`, unless it is in force already. */
static void expect_saved(struct rig *rig, const struct parameter *p, int value)
{
	bool changed = setting_get(&rig->snapshot.settings, setting_of(p)) != value;
	char text[2 * PANEL_CELLS + 1];

	rig_press(rig, PANEL_NEXT);
	ck_assert_uint_eq(rig->requests, changed);
	if (changed) {
		ck_assert_int_eq(rig->request.kind, PANEL_SET);
		ck_assert_int_eq(rig->request.setting, setting_of(p));
		ck_assert_int_eq(rig->request.value, value);
		ck_assert_str_eq(rig_bottom(rig, text), "SAvEd");
	}
	ck_assert_int_eq(setting_get(&rig->snapshot.settings, setting_of(p)), value);
}

static void expect_refused(struct rig *rig, const struct parameter *p, int value)
{
	struct settings before = rig->snapshot.settings;
	char text[2 * PANEL_CELLS + 1], place[24], again[24];

	rig_place(rig, place);
	rig_press(rig, PANEL_NEXT);
	ck_assert_uint_eq(rig->requests, 1);
	ck_assert_int_eq(rig->request.setting, setting_of(p));
	ck_assert_int_eq(rig->request.value, value);
	ck_assert_str_eq(rig_bottom(rig, text), "Error");
	rig_pass(rig, PANEL_NOTICE_NS);
	ck_assert_str_eq(rig_place(rig, again), place);
	ck_assert_mem_eq(&rig->snapshot.settings, &before, sizeof(before));
	/* The value in force stands again: right asks for nothing. */
	rig_press(rig, PANEL_NEXT);
	ck_assert_uint_eq(rig->requests, 1);
}

START_TEST(each_setting_is_reached_from_home_and_its_digits_go_to_its_register)
{
	const struct parameter *p = &parameters[_i];
	static struct rig rig;

	for (int i = 0; p->digits > 0 && p->good[i] >= 0; i++) {
		go_to(&rig, p);
		enter_digits(&rig, p->digits, p->good[i]);
		expect_saved(&rig, p, p->good[i]);
	}
	for (int i = 0; p->digits > 0 && p->bad[i] >= 0; i++) {
		go_to(&rig, p);
		enter_digits(&rig, p->digits, p->bad[i]);
		expect_refused(&rig, p, p->bad[i]);
	}
}
END_TEST

START_TEST(each_option_is_reached_from_home_by_either_button_and_goes_to_its_register)
{
	const struct parameter *p = &parameters[_i];
	static struct rig rig;

	/* Pulse energies do not go round. */
	for (int i = 0; i < 7 && p->digits == 0 && p->choice[i].shown != NULL; i++)
		for (int button = PANEL_PLUS; button <= PANEL_MINUS; button++) {
			int now;

			go_to(&rig, p);
			now = setting_get(&rig.snapshot.settings, setting_of(p));
			if (p->number == 144 && (button == PANEL_PLUS) != (p->choice[i].value > now))
				continue;
			choose(&rig, &p->choice[i], (enum panel_button)button);
			expect_saved(&rig, p, p->choice[i].value);
		}
}
END_TEST

START_TEST(the_table_has_every_setting_once)
{
	unsigned seen[SETTINGS_N] = { 0 };

	for (size_t i = 0; i < PARAMETERS; i++)
		seen[setting_of(&parameters[i])]++;
	for (int i = 0; i < SETTINGS_N; i++)
		ck_assert_msg(seen[i] == 1, "%s is there %u times", setting_name((enum setting)i), seen[i]);
}
END_TEST

START_TEST(both_passwords_are_set_and_asked_for)
{
	static const struct {
		const char *keys, *door;
		bool setup;
	} cases[] = { { "10x- right", "+ right", true }, { "10x- 2xright", "2x+ right", false } };

	for (size_t i = 0; i < 2; i++) {
		static struct rig rig;
		char place[24];

		rig_init(&rig);
		rig_keys(&rig, SETUP);
		rig_keys(&rig, cases[i].keys);
		enter_digits(&rig, 5, 90210);
		rig.requests = 0;
		rig_press(&rig, PANEL_NEXT);
		ck_assert_uint_eq(rig.requests, 1);
		ck_assert_int_eq(rig.request.kind, PANEL_SET_PASSWORD);
		ck_assert_int_eq(rig.request.setup, cases[i].setup);
		ck_assert_str_eq(rig.request.password, "90210");
		rig_pass(&rig, PANEL_TIMEOUT_NS);
		rig_keys(&rig, cases[i].door);
		rig_press(&rig, PANEL_NEXT);
		ck_assert_ptr_nonnull(strstr(rig_place(&rig, place), "PASWD"));
		rig_pass(&rig, PANEL_NOTICE_NS);
		enter_digits(&rig, 5, 90210);
		rig_press(&rig, PANEL_NEXT);
		ck_assert_int_eq(rig.request.kind, PANEL_CHECK_PASSWORD);
		ck_assert_int_eq(rig.request.setup, cases[i].setup);
		ck_assert_str_eq(rig_place(&rig, place), cases[i].setup ? "SETUP/S COM" : "RESET/ENERG");
	}
}
END_TEST

/* Guide, register 144: 1800000 Wh / ms.  Above 180 MW only 10000 Wh has a duration, above 18 MW 1000, above 1.8 MW 100. */
START_TEST(pulse_energies_without_a_duration_cannot_be_chosen)
{
	static const struct {
		int ct, volts, served;	/* type 10: maximum power is their product */
	} cases[] = { { 100, 600, 10 }, { 3000, 600, 10 }, { 3001, 600, 100 }, { 30000, 600, 100 }, { 30001, 600, 1000 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct rig rig;
		char text[2 * PANEL_CELLS + 1];

		rig_init(&rig);
		rig.snapshot.settings.system_type = 10;
		rig.snapshot.settings.ct_primary = cases[i].ct;
		rig.snapshot.settings.system_voltage = cases[i].volts;
		rig.snapshot.settings.pulse_energy = 10000;
		rig_update(&rig);
		rig_keys(&rig, SETUP "7x- right");
		rig.requests = 0;
		for (int shown = 10000; shown > cases[i].served; shown /= 10) {
			ck_assert_int_eq(strtol(rig_bottom(&rig, text), NULL, 10), shown);
			rig_press(&rig, PANEL_MINUS);
		}
		rig_press(&rig, PANEL_MINUS);
		if (cases[i].served > 10)
			ck_assert_str_eq(rig_bottom(&rig, text), "Error");
		rig_pass(&rig, PANEL_NOTICE_NS);
		ck_assert_int_eq(strtol(rig_bottom(&rig, text), NULL, 10), cases[i].served);
		ck_assert_uint_eq(rig.requests, 0);
		/* And up from the smallest to the first that is served. */
		rig.snapshot.settings.pulse_energy = 10;
		rig_keys(&rig, "left right");
		if (cases[i].served > 10) {
			rig_press(&rig, PANEL_PLUS);
			ck_assert_int_eq(strtol(rig_bottom(&rig, text), NULL, 10), cases[i].served);
		}
	}
}
END_TEST

START_TEST(what_is_read_only_asks_for_nothing)
{
	static const char *const keys[] = { "5x- right", "7x- 2xright" };

	for (size_t i = 0; i < 2; i++) {
		static struct rig rig;

		rig_init(&rig);
		rig_keys(&rig, SETUP);
		rig_keys(&rig, keys[i]);
		rig.requests = 0;
		rig_keys(&rig, "+ - + + right");
		ck_assert_uint_eq(rig.requests, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panel setup");
	TCase *cases = tcase_create("setup");

	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, each_setting_is_reached_from_home_and_its_digits_go_to_its_register, 0, (int)PARAMETERS);
	tcase_add_loop_test(cases, each_option_is_reached_from_home_by_either_button_and_goes_to_its_register, 0, (int)PARAMETERS);
	tcase_add_test(cases, the_table_has_every_setting_once);
	tcase_add_test(cases, both_passwords_are_set_and_asked_for);
	tcase_add_test(cases, pulse_energies_without_a_duration_cannot_be_chosen);
	tcase_add_test(cases, what_is_read_only_asks_for_nothing);
	return check_main_run(suite);
}
