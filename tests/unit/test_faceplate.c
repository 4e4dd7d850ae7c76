/*
 * The panel's page at many sizes, against tests/data/faceplate/NAME.txt, which a person can read.
 * REBUILD_SCREENS=1 writes those anew: look at each before it is committed.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "view/panel_page.h"
#include "view/segments.h"

static struct grid_cell cells[GRID_ROWS_MAX * GRID_COLUMNS_MAX];
static bool rebuild;

static const struct panel_screen energy = {
	.top = { .cell = "KWh  " }, .bottom = { .cell = { '1', '0', '3', '9', '2' }, .point = { false, false, true } },
	.heart = true, .led = { [PANEL_LED_ENERGY] = true, [PANEL_LED_RX] = true }, .place = "ENRGY/KWh",
};
static const struct panel_screen entry = {
	.top = { .cell = "PASWD" }, .bottom = { .cell = { '0', '0', '7', '0', '0' }, .blink = { [3] = true } },
	.wrench = true, .heart = true, .led = { [PANEL_LED_ALARM] = true, [PANEL_LED_TX] = true, [PANEL_LED_ERROR] = true },
	.place = "SETUP/PASWD",
};

static void fill(struct live *live)
{
	static const struct phasors_input phasor[PHASORS_INPUTS] = {
		{ 277, 0 }, { 270.5, -120 }, { 281.25, 120 }, { 50, -25.8 }, { 40, -145.8 }, { 45, 94.2 },
	};
	static const double value[LIVE_ROWS][LIVE_COLUMNS_ALL] = {
		[LIVE_V_LN] = { 277, 270.5, 281.25, 276.25 }, [LIVE_V_LL] = { 474.15, 477.83, 483.4, 478.46 },
		[LIVE_A] = { 50, 40, 45, 45 }, [LIVE_KW] = { 12.465, -9.738, 11.39, 14.117 }, [LIVE_KVAR] = { 6.037, 4.716, 5.516, 16.269 },
		[LIVE_KVA] = { 13.85, 10.82, 12.656, 37.326 }, [LIVE_PF] = { 0.9, -0.9, 0.9, 0.3782 },
	};
	static const double energies[LIVE_SUMS] = { 1234567.891, 98765.4, (double)NAN }, demand[LIVE_SUMS] = { 36.5, 0.25, 36.501 };
	static const double max_demand[LIVE_SUMS] = { 120.25, (double)NAN, 121 };

	live_clear(live);
	memcpy(live->phasor, phasor, sizeof(phasor));
	memcpy(live->reading, value, sizeof(value));
	live->reading[LIVE_A][2] = (double)NAN;
	live->hz = 59.98;
	memcpy(live->energy, energies, sizeof(energies));
	memcpy(live->demand, demand, sizeof(demand));
	memcpy(live->max_demand, max_demand, sizeof(max_demand));
	live->alerts = 2;
	snprintf(live->alert[0], sizeof(live->alert[0]), "power factor of B under 0.5");
	snprintf(live->alert[1], sizeof(live->alert[1]), "pulse energy too small for the maximum power");
}

static const struct golden {
	const char *name;
	unsigned rows, columns;
	bool ascii, blank;
	const struct panel_screen *screen;
	bool live;
	int pressed;
	const char *message;
} goldens[] = {
	{ "face", 24, 80, false, false, &energy, false, -1, NULL },
	{ "face-ascii", 24, 80, true, false, &energy, false, -1, NULL },
	{ "entry", 24, 80, false, false, &entry, false, PANEL_MINUS, "a word of the daemon" },
	{ "entry-blank", 24, 80, false, true, &entry, false, -1, NULL },
	{ "low", 21, 56, false, false, &entry, false, -1, NULL },
	{ "dark", 24, 80, false, false, NULL, false, -1, "no connection to dinmeterd for 12 s, trying again: /run/dinmeterd/control" },
	{ "readings", 24, 100, false, false, &energy, true, -1, NULL },
	{ "readings-ascii", 24, 100, true, false, &energy, true, -1, NULL },
	{ "readings-dark", 24, 100, false, false, NULL, false, -1, "no connection to dinmeterd for 1 s, trying again: /run/meter" },
	{ "wide", 24, 132, false, false, &energy, true, -1, NULL },
	{ "large", 43, 132, false, false, &energy, true, -1, NULL },
	{ "text", 12, 40, false, false, &entry, false, -1, "a word of the daemon" },
	{ "text-narrow", 6, 14, true, false, &entry, false, -1, NULL },
	{ "text-dark", 6, 20, true, false, NULL, false, -1, "no connection to dinmeterd for 12 s, trying again: /run/meter" },
};
#define GOLDENS ((int)(sizeof(goldens) / sizeof(goldens[0])))

static void draw(struct grid *grid, const struct golden *golden)
{
	struct live live;
	struct panel_page page = {
		.face = { golden->screen, golden->blank, golden->pressed, golden->message }, .live = golden->live ? &live : NULL,
	};

	fill(&live);
	grid_init(grid, cells, golden->rows, golden->columns, golden->ascii);
	panel_page_draw(grid, &page);
}

static char *as_text(const struct grid *grid)
{
	size_t row_size = 4 * (size_t)grid->columns + 2, used = 0;
	char *text = malloc(grid->rows * row_size + 1);

	ck_assert_ptr_nonnull(text);
	text[0] = '\0';
	for (unsigned r = 0; r < grid->rows; r++) {
		used += grid_row_text(grid, r, text + used, row_size);
		text[used++] = '\n';
		text[used] = '\0';
	}
	return text;
}

START_TEST(a_page_looks_as_it_should)
{
	const char *top = getenv("top_srcdir");
	char path[500], *text, *known;
	struct grid grid;
	size_t length;
	FILE *file;

	draw(&grid, &goldens[_i]);
	text = as_text(&grid);
	snprintf(path, sizeof(path), "%s/tests/data/faceplate/%s.txt", top ? top : ".", goldens[_i].name);
	file = fopen(path, rebuild ? "w" : "r");
	ck_assert_msg(file != NULL, "%s: cannot be opened", path);
	if (rebuild) {
		fputs(text, file);
		ck_assert_int_eq(fclose(file), 0);
		free(text);
		return;
	}
	known = calloc(1, 1u << 17);
	ck_assert_ptr_nonnull(known);
	length = fread(known, 1, (1u << 17) - 1, file);
	fclose(file);
	ck_assert_msg(length > 0 && strcmp(text, known) == 0, "%s is not as in %s:\n%s", goldens[_i].name, path, text);
	free(known);
	free(text);
}
END_TEST

/* The two phases of blinking differ in the blinking cell, and nowhere else. */
START_TEST(only_the_blinking_cell_blinks)
{
	static struct grid_cell lit[24 * 80];
	struct golden golden = goldens[2];
	struct grid grid;
	int differ = 0;

	golden.pressed = -1;
	draw(&grid, &golden);
	memcpy(lit, cells, sizeof(lit));
	golden.blank = true;
	draw(&grid, &golden);
	for (int r = 0; r < 24; r++)
		for (int c = 0; c < 80; c++) {
			int cell = (c - 12 - 3) / SEGMENTS_PITCH;

			if (lit[r * 80 + c].code == cells[r * 80 + c].code)
				continue;
			differ++;
			ck_assert(r >= 9 && r < 9 + SEGMENTS_ROWS && cell == 3);
			ck_assert_uint_eq(cells[r * 80 + c].code, ' ');
		}
	ck_assert_int_ge(differ, 20);
}
END_TEST

/* Each LED alone, without a look at colours. */
START_TEST(a_lit_led_is_seen_without_colour)
{
	static const int sizes[][2] = { { 24, 80 }, { 21, 56 }, { 12, 40 }, { 4, 9 } };
	struct golden golden = goldens[0];
	struct grid grid;

	for (size_t s = 0; s < 4; s++)
		for (int ascii = 0; ascii < 2; ascii++) {
			char *seen[1 << PANEL_LEDS];

			for (int leds = 0; leds < 1 << PANEL_LEDS; leds++) {
				struct panel_screen screen = energy;

				for (int i = 0; i < PANEL_LEDS; i++)
					screen.led[i] = leds >> i & 1;
				golden.rows = (unsigned)sizes[s][0];
				golden.columns = (unsigned)sizes[s][1];
				golden.ascii = ascii;
				golden.screen = &screen;
				draw(&grid, &golden);
				seen[leds] = as_text(&grid);
				for (int other = 0; other < leds; other++)
					ck_assert_msg(strcmp(seen[other], seen[leds]) != 0, "LEDs %x and %x look alike", other, leds);
			}
			for (int leds = 0; leds < 1 << PANEL_LEDS; leds++)
				free(seen[leds]);
		}
}
END_TEST

/* A part of a number is another number: at no size is there one. */
START_TEST(at_any_size_a_value_is_whole_or_absent)
{
	struct golden golden = goldens[0];
	struct grid grid;

	for (golden.rows = 1; golden.rows <= 26; golden.rows++)
		for (golden.columns = 1; golden.columns <= 136; golden.columns++) {
			char *text;
			bool large = golden.rows >= FACEPLATE_ROWS_LEAST && golden.columns >= FACEPLATE_COLUMNS;

			golden.ascii = golden.columns % 2;
			golden.live = golden.columns % 3;
			draw(&grid, &golden);
			text = as_text(&grid);
			if (!large && golden.columns >= 6)
				ck_assert_msg(strstr(text, "103.92") != NULL, "%u x %u:\n%s", golden.rows, golden.columns, text);
			if (!large && golden.columns < 6)
				ck_assert_msg(strpbrk(text, "0123456789") == NULL, "%u x %u:\n%s", golden.rows, golden.columns, text);
			for (const char *c = text; golden.ascii && *c; c++)
				ck_assert_msg(*c == '\n' || (*c >= ' ' && *c <= '~'), "not ASCII at %u x %u", golden.rows, golden.columns);
			free(text);
		}
}
END_TEST

/* Whatever the values are, each stands apart from its neighbour. */
START_TEST(large_values_do_not_run_into_each_other)
{
	static const double values[] = { 0, -0.0004, 9999.9999, -99999.5, 1234567.8, -1.5e8, 7.25e12, -3e300 };
	char text[500], one[40], line[500];
	struct grid grid;
	struct live live;

	live_clear(&live);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int n = 0, used;

		for (int c = 0; c < LIVE_COLUMNS_ALL; c++)
			live.reading[LIVE_KW][c] = values[i];
		grid_init(&grid, cells, 24, LIVE_COLUMNS, true);
		live_draw(&grid, 0, 0, 24, LIVE_COLUMNS, &live);
		grid_row_text(&grid, 5, text, sizeof(text));
		ck_assert_int_eq(sscanf(text, "|kW %499[^|]|", line), 1);
		for (const char *at = line; sscanf(at, "%39s%n", one, &used) == 1; at += used, n++)
			ck_assert_msg(fabs(strtod(one, NULL) - values[i]) <= fmax(0.0005, fabs(values[i]) * 0.05), "%s for %g", one, values[i]);
		ck_assert_msg(n == LIVE_COLUMNS_ALL, "%d values in '%s'", n, line);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faceplate");
	TCase *tcase = tcase_create("page");

	rebuild = getenv("REBUILD_SCREENS") != NULL;
	tcase_add_loop_test(tcase, a_page_looks_as_it_should, 0, GOLDENS);
	if (!rebuild) {
		tcase_add_test(tcase, only_the_blinking_cell_blinks);
		tcase_add_test(tcase, a_lit_led_is_seen_without_colour);
		tcase_add_test(tcase, at_any_size_a_value_is_whole_or_absent);
		tcase_add_test(tcase, large_values_do_not_run_into_each_other);
	}
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
