/*
 * The scope's picture and its screens.  Where a line or a bar stands is computed from the analytic wave; whole screens are compared with
 * tests/data/scope/NAME.txt, which only REBUILD_GOLDEN=1 writes anew (read them before they are kept).
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "lib/wave.h"
#include "view/scope.h"

static const struct channel_errors no_errors;
static const struct scope_options plain = { .cycles = 3 };

struct bench {
	struct window window;
	void *memory;
	struct harmonics harmonics;
	struct scope_view view;
};

static void look(struct bench *bench, const struct wave *wave, uint64_t from, const struct channel_errors *errors,
		 const struct scope_options *options)
{
	bench->memory = malloc(window_bytes(wave->rate_hz));
	window_init(&bench->window, bench->memory, wave->rate_hz);
	wave_fill(wave, from, bench->window.length, bench->window.scans);
	harmonics_compute(&bench->window, wave->rate_hz, errors, &bench->harmonics);
	scope_view_build(&bench->view, options, &bench->window, errors, &bench->harmonics);
	snprintf(bench->view.title, sizeof(bench->view.title), "dinmeter scope");
	snprintf(bench->view.time, sizeof(bench->view.time), "2026-11-27T08:30:00Z");
}

static struct wave distorted(double rate_hz, double hz)
{
	struct wave wave;

	wave_three_phase(&wave, rate_hz, hz, 277, 42, 30 * M_PI / 180, 0.3);
	wave_add_harmonic(&wave, 3, 0.02, 0.2, 0.1, 0.2);
	wave_add_harmonic(&wave, 5, 0.03, 0.1, 0.1, 0.2);
	wave_add_harmonic(&wave, 11, 0.01, 0.05, 0.1, 0.2);
	return wave;
}

/* The value of a wave's fundamental at t_s behind the trigger, which is a rising zero of VA's. */
static double expected(const struct wave *wave, int c, double t_s)
{
	const struct wave_channel *channel = &wave->channel[c];
	double sum = channel->rms[0];

	for (int h = 1; h <= WAVE_HARMONICS; h++) {
		/* shifting time turns the phase of harmonic h by h times that of the fundamental */
		double turn = -M_PI / 2 - wave->channel[ADC_VA].phase[1];

		sum += M_SQRT2 * channel->rms[h] * cos(2 * M_PI * h * wave->hz * t_s + channel->phase[h] + h * turn);
	}
	return sum;
}

START_TEST(wherever_the_second_begins_the_picture_stands_still)
{
	static const double rates_hz[] = { 600, 2520, 8000 };
	uint64_t seed = 99;

	for (unsigned i = 0; i < 60; i++) {
		double hz = 45 + 20 * wave_uniform(&seed);
		struct wave wave = distorted(rates_hz[i % 3], hz);
		struct bench bench;

		for (int c = 0; c < ADC_CHANNELS; c++)
			if (wave.rate_hz < 22 * hz)	/* would fold down */
				wave.channel[c].rms[11] = 0;
		look(&bench, &wave, (uint64_t)(1e6 * wave_uniform(&seed)), &no_errors, &plain);
		ck_assert_int_eq(bench.view.reference, ADC_VA);
		ck_assert_double_eq_tol(bench.view.span_s, 3 / hz, 1e-6);
		for (int c = 0; c < ADC_CHANNELS; c++) {
			const struct scope_channel *channel = &bench.view.channel[c];

			ck_assert(channel->start_s <= 1e-9 && channel->start_s > -1.001 / wave.rate_hz);
			ck_assert(channel->start_s + (channel->samples - 1) / wave.rate_hz >= bench.view.span_s - 1e-9);
			for (unsigned k = 0; k < channel->samples; k++)
				ck_assert_double_eq_tol(channel->sample[k], expected(&wave, c, channel->start_s + k / wave.rate_hz),
							0.01 * channel->rms);
		}
		free(bench.memory);
	}
}
END_TEST

START_TEST(delays_are_taken_out_of_waves_and_angles)
{
	static const double delay_us[ADC_CHANNELS] = { 0, 300, -200, 450, -500, 100 };
	struct channel_errors errors = { .sinc_order = 0 };
	struct wave wave = distorted(8000, 50.7);
	struct bench bench;

	memcpy(wave.delay_us, delay_us, sizeof(delay_us));
	memcpy(errors.delay_us, delay_us, sizeof(delay_us));
	look(&bench, &wave, 777, &errors, &plain);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct scope_channel *channel = &bench.view.channel[c];
		double deg = remainder(-120 * (c % 3) - (c < 3 ? 0 : 30), 360);

		ck_assert_double_eq_tol(channel->phasor_deg, deg, 0.001);
		for (unsigned k = 0; k < channel->samples; k++)
			ck_assert_double_eq_tol(channel->sample[k], expected(&wave, c, channel->start_s + k / wave.rate_hz),
						0.01 * channel->rms);
	}
	free(bench.memory);
}
END_TEST

START_TEST(the_reference_is_the_first_voltage_that_is_there_then_a_current)
{
	struct wave wave = distorted(2520, 50);
	struct bench bench;

	wave.channel[ADC_VA].rms[1] = 5;	/* crosstalk */
	look(&bench, &wave, 0, &no_errors, &plain);
	ck_assert_int_eq(bench.view.reference, ADC_VB);
	ck_assert_double_eq_tol(bench.view.channel[ADC_VB].phasor_deg, 0, 1e-9);
	free(bench.memory);
	for (int c = ADC_VA; c <= ADC_IA; c++)
		memset(&wave.channel[c], 0, sizeof(wave.channel[c]));
	look(&bench, &wave, 0, &no_errors, &plain);
	ck_assert_int_eq(bench.view.reference, ADC_IB);
	ck_assert(isnan(bench.view.channel[ADC_VA].phasor_deg));
	free(bench.memory);
}
END_TEST

START_TEST(without_any_signal_the_newest_stretch_is_shown_untriggered)
{
	struct bench bench;
	struct wave wave;

	wave_three_phase(&wave, 2520, 50, 0, 0, 0, 0);
	look(&bench, &wave, 0, &no_errors, &plain);
	ck_assert_int_eq(bench.view.reference, -1);
	ck_assert_double_eq_tol(bench.view.span_s, 0.06, 1e-9);
	ck_assert_ptr_eq(bench.view.channel[0].sample + bench.view.channel[0].samples, bench.window.scans[0] + bench.window.length);
	ck_assert_double_eq(bench.view.channel[0].full_scale, 1);
	free(bench.memory);
}
END_TEST

START_TEST(scales_are_1_2_5_and_fixed_ones_stay)
{
	static const double pairs[][2] = { { 0, 1 }, { 0.9, 1 }, { 1, 1 }, { 1.01, 2 }, { 391.7, 500 }, { 200, 200 }, { 5010, 10000 }, { 200.1, 200 },
					   { 0.021, 0.05 }, { NAN, 1 } };
	struct scope_options fixed = { .cycles = 1, .volts = 1234, .amperes = 7 };
	struct wave wave = distorted(2520, 50);
	struct bench bench;

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		ck_assert_double_eq_tol(scope_view_scale(pairs[i][0]), pairs[i][1], 1e-12 * pairs[i][1]);
	look(&bench, &wave, 0, &no_errors, &fixed);
	ck_assert_double_eq(bench.view.channel[ADC_VC].full_scale, 1234);
	ck_assert_double_eq(bench.view.channel[ADC_IC].full_scale, 7);
	free(bench.memory);
}
END_TEST

START_TEST(values_have_four_digits_and_a_prefix)
{
	static const struct { double value; const char *text; } cases[] = {
		{ 277.13, "277.1 V" }, { 27.713, "27.71 V" }, { 0, "0.000 V" }, { 1e-9, "0.000 V" }, { 0.012, "12.00 mV" },
		{ 1234.4, "1.234 kV" }, { 999.96, "1.000 kV" }, { 2.5e6, "2.500 MV" }, { -3.14159, "-3.142 V" }, { NAN, "---- V" },
	};
	char text[32];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scope_view_value(text, sizeof(text), cases[i].value, "V");
		ck_assert_str_eq(text, cases[i].text);
	}
	scope_view_percent(text, sizeof(text), 0.03024);
	ck_assert_str_eq(text, "3.02 %");
	scope_view_percent(text, sizeof(text), NAN);
	ck_assert_str_eq(text, "---- %");
}
END_TEST

/* A screen as lines of text. */
static char *draw(const struct scope_view *view, const struct scope_screen *screen, unsigned rows, unsigned columns, bool ascii)
{
	struct grid_cell *cells = calloc((size_t)rows * columns, sizeof(*cells));
	char *text = calloc(rows, 4 * columns + 2), *at = text;
	struct grid grid;

	grid_init(&grid, cells, rows, columns, ascii);
	scope_draw(&grid, view, screen);
	for (unsigned row = 0; row < rows; row++) {
		at += grid_row_text(&grid, row, at, 4 * columns + 1);
		*at++ = '\n';
	}
	free(cells);
	return text;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 200000);

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert(fread(text, 1, 199999, file) > 0);
	fclose(file);
	return text;
}

static void check_golden(const char *name, char *drawn)
{
	char path[512];
	char *kept;

	snprintf(path, sizeof(path), "%s/tests/data/scope/%s.txt", getenv("top_srcdir") ? getenv("top_srcdir") : ".", name);
	if (getenv("REBUILD_GOLDEN")) {
		FILE *file = fopen(path, "w");

		ck_assert(file && fputs(drawn, file) >= 0 && !fclose(file));
	}
	kept = read_file(path);
	ck_assert_msg(!strcmp(kept, drawn), "%s differs; drawn was:\n%s", path, drawn);
	free(kept);
	free(drawn);
}

static const struct golden {
	const char *name;
	unsigned rows, columns;
	struct scope_screen screen;
	bool ascii;
} goldens[] = {
	{ "waves", 24, 80, { SCOPE_WAVES, -1, false, true }, false },
	{ "waves-ascii", 24, 80, { SCOPE_WAVES, 1, false, true }, true },
	{ "phasors", 24, 80, { SCOPE_PHASORS, -1, false, true }, false },
	{ "harmonics", 24, 80, { SCOPE_HARMONICS, -1, false, true }, false },
	{ "harmonics-ascii", 24, 80, { SCOPE_HARMONICS, -1, false, true }, true },
	{ "list", 24, 80, { SCOPE_HARMONICS, ADC_IB, false, true }, false },
	{ "all", 24, 80, { SCOPE_ALL, -1, false, true }, false },
	{ "wide", 50, 160, { SCOPE_ALL, -1, false, true }, false },
	{ "help", 24, 80, { SCOPE_WAVES, -1, true, true }, false },
};

START_TEST(each_page_is_as_it_was_looked_at)
{
	const struct golden *golden = &goldens[_i];
	struct wave wave = distorted(2520, 60);
	struct bench bench;

	look(&bench, &wave, 0, &no_errors, &plain);
	check_golden(golden->name, draw(&bench.view, &golden->screen, golden->rows, golden->columns, golden->ascii));
	free(bench.memory);
}
END_TEST

START_TEST(in_ascii_there_is_nothing_but_ascii)
{
	struct wave wave = distorted(2520, 60);
	struct bench bench;

	look(&bench, &wave, 0, &no_errors, &plain);
	for (int page = 0; page < SCOPE_PAGES; page++)
		for (int selected = -1; selected < ADC_CHANNELS; selected++) {
			struct scope_screen screen = { (enum scope_page)page, selected, false, true };
			char *text = draw(&bench.view, &screen, 40, 120, true);

			for (char *c = text; *c; c++)
				ck_assert(*c == '\n' || (*c >= ' ' && *c <= '~'));
			ck_assert_ptr_null(strchr(text, '`'));
			free(text);
		}
	free(bench.memory);
}
END_TEST

/* The bits of the braille character in a cell; 0 for anything else. */
static unsigned dots_at(const struct grid *grid, unsigned row, unsigned column)
{
	uint32_t code = grid->cell[row * grid->columns + column].code;

	return code >= 0x2800 && code < 0x2900 ? code - 0x2800 : 0;
}

static bool has_dot(const struct grid *grid, unsigned row, unsigned column, int x, int y)
{
	static const uint8_t bit[2][4] = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } };

	return dots_at(grid, row + (unsigned)y / 4, column + (unsigned)x / 2) & bit[x % 2][y % 4];
}

/* 80 x 24: the frame of the voltages begins at row 2, its canvas at row 3 and column 10: 51 x 7 cells, 102 x 28 dots. */
START_TEST(the_wave_is_drawn_where_its_values_are)
{
	struct scope_options only_va = { .cycles = 2, .volts = 500, .hidden = { false, true, true, true, true, true } };
	static struct grid_cell cells[24 * 80];
	struct scope_screen screen = { SCOPE_WAVES, -1, false, true };
	struct wave wave = distorted(8000, 50);
	struct bench bench;
	struct grid grid;
	unsigned checked = 0;

	look(&bench, &wave, 0, &no_errors, &only_va);
	grid_init(&grid, cells, 24, 80, false);
	scope_draw(&grid, &bench.view, &screen);
	for (int x = 4; x < 98; x++) {
		double value = expected(&wave, ADC_VA, bench.view.span_s * x / 101);
		int y = (int)lround((1 - value / 500) / 2 * 27);

		/* the letter covers dots of the first crest, at whose side the wave is too steep for a column */
		if (grid.cell[(3 + (unsigned)y / 4) * 80 + 10 + (unsigned)x / 2].code == 'A')
			continue;
		ck_assert_msg(has_dot(&grid, 3, 10, x, y) || has_dot(&grid, 3, 10, x, y - 1) || has_dot(&grid, 3, 10, x, y + 1),
			      "no dot near x %d y %d", x, y);
		checked++;
	}
	ck_assert_uint_gt(checked, 85);
	free(bench.memory);
}
END_TEST

/* The list's bars begin at column 14 and have 66 cells for the full scale, 20 %. */
START_TEST(a_bar_is_as_long_as_its_harmonic)
{
	static struct grid_cell cells[24 * 80];
	struct scope_screen screen = { SCOPE_HARMONICS, ADC_IA, false, true };
	struct wave wave = distorted(2520, 60);
	struct bench bench;
	struct grid grid;

	look(&bench, &wave, 0, &no_errors, &plain);
	grid_init(&grid, cells, 24, 80, false);
	scope_draw(&grid, &bench.view, &screen);
	for (unsigned h = 2; h <= 20; h++) {
		double part = wave.channel[ADC_IA].rms[h] / wave.channel[ADC_IA].rms[1];
		unsigned eighths = (unsigned)lround(part / scope_view_scale(0.2) * 66 * 8), drawn = 0;

		for (unsigned column = 14; column < 80; column++) {
			uint32_t code = cells[(3 + h - 2) * 80 + column].code;

			drawn += code >= 0x2588 && code <= 0x258f ? 0x2590 - code : 0;
		}
		ck_assert_msg(drawn + 1 >= eighths && drawn <= eighths + 1, "harmonic %u: %u eighths, not %u", h, drawn, eighths);
	}
	free(bench.memory);
}
END_TEST

START_TEST(what_is_not_live_shows_no_value)
{
	struct scope_view view;

	for (int page = 0; page < SCOPE_PAGES; page++) {
		struct scope_screen screen = { (enum scope_page)page, -1, false, false };
		char *text;

		scope_view_clear(&view, &plain);
		snprintf(view.note, sizeof(view.note), "no new samples: the recording is at its end");
		text = draw(&view, &screen, 24, 80, false);
		ck_assert_ptr_nonnull(strstr(text, "NO SAMPLES"));
		ck_assert_ptr_nonnull(strstr(text, "the recording is at its end"));
		ck_assert_ptr_null(strstr(text, " V "));
		free(text);
	}
}
END_TEST

START_TEST(any_size_and_any_input_is_drawn_without_a_step_outside)
{
	uint64_t seed = 4711;
	struct wave wave = distorted(2520, 60);
	struct bench bench;

	for (int round = 0; round < 400; round++) {
		struct scope_options options = { .cycles = 1 + (unsigned)(10 * wave_uniform(&seed)),
						 .volts = wave_uniform(&seed) < 0.5 ? 0 : pow(10, 10 * wave_uniform(&seed) - 3) };
		struct scope_screen screen = { (enum scope_page)(round % SCOPE_PAGES), (int)(8 * wave_uniform(&seed)) - 1, false, round % 2 };
		unsigned rows = 1 + (unsigned)(60 * wave_uniform(&seed)), columns = 1 + (unsigned)(200 * wave_uniform(&seed));

		if (round % 10 == 0) {
			if (round)
				free(bench.memory);
			for (int c = 0; c < ADC_CHANNELS; c++)
				wave.channel[c].rms[1] = wave_uniform(&seed) < 0.2 ? 0 : wave_uniform(&seed) < 0.05 ? NAN : 300;
			look(&bench, &wave, (uint64_t)round, &no_errors, &options);
		}
		scope_view_build(&bench.view, &options, &bench.window, &no_errors, &bench.harmonics);
		free(draw(&bench.view, &screen, rows, columns, wave_uniform(&seed) < 0.5));
	}
	free(bench.memory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scope");
	TCase *tc = tcase_create("scope");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, wherever_the_second_begins_the_picture_stands_still);
	tcase_add_test(tc, delays_are_taken_out_of_waves_and_angles);
	tcase_add_test(tc, the_reference_is_the_first_voltage_that_is_there_then_a_current);
	tcase_add_test(tc, without_any_signal_the_newest_stretch_is_shown_untriggered);
	tcase_add_test(tc, scales_are_1_2_5_and_fixed_ones_stay);
	tcase_add_test(tc, values_have_four_digits_and_a_prefix);
	tcase_add_loop_test(tc, each_page_is_as_it_was_looked_at, 0, (int)(sizeof(goldens) / sizeof(goldens[0])));
	tcase_add_test(tc, in_ascii_there_is_nothing_but_ascii);
	tcase_add_test(tc, the_wave_is_drawn_where_its_values_are);
	tcase_add_test(tc, a_bar_is_as_long_as_its_harmonic);
	tcase_add_test(tc, what_is_not_live_shows_no_value);
	tcase_add_test(tc, any_size_and_any_input_is_drawn_without_a_step_outside);
	suite_add_tcase(suite, tc);
	return check_main_run(suite);
}
