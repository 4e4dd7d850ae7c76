#include "view/scope.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "view/phasors.h"
#include "view/scope_parts.h"

/* Rows of the head: what and when, then what a viewer must know. */
#define HEAD_ROWS 2
/* From so many rows on, each phase has a frame of its own. */
#define STACK_FROM_ROWS 33
/* What the page of all needs to show the harmonics, too. */
#define ALL_FROM_ROWS 32
#define ALL_FROM_COLUMNS 100
#define TABLE_COLUMNS 34

enum grid_colour scope_colour(int channel)
{
	return phasors_colour(channel);
}

void scope_print(struct grid *grid, int row, int column, enum grid_colour colour, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	grid_text(grid, row, column, text, colour);
}

static void draw_head(struct grid *grid, const struct scope_view *view)
{
	static const char *const states[] = { [SCOPE_LIVE] = "LIVE", [SCOPE_PAUSED] = "PAUSED", [SCOPE_NO_SAMPLES] = "NO SAMPLES" };
	static const enum grid_colour colours[] = { [SCOPE_LIVE] = GRID_GREEN, [SCOPE_PAUSED] = GRID_YELLOW, [SCOPE_NO_SAMPLES] = GRID_RED };
	char hz[24] = "----", rate[24] = "----";

	if (!isnan(view->hz))
		snprintf(hz, sizeof(hz), "%.3f", view->hz);
	if (!isnan(view->rate_hz))
		snprintf(rate, sizeof(rate), "%.1f", view->rate_hz);
	scope_print(grid, 0, 0, GRID_PLAIN, "%s", view->title);
	grid_mark(grid, 0, 0, 64 < grid->columns ? 64 : grid->columns, true, false);
	scope_print(grid, 0, 16, colours[view->state], "%s", states[view->state]);
	scope_print(grid, 0, 28, GRID_PLAIN, "%s Hz  %s/s  %s", hz, rate, view->time);
}

/* The note, else what the picture's zero is and how far harmonics are known. */
static void draw_note(struct grid *grid, const struct scope_view *view)
{
	char trigger[48] = "no fundamental: untriggered";

	if (view->note[0] || view->state == SCOPE_NO_SAMPLES) {
		grid_text(grid, 1, 0, view->note, GRID_YELLOW);
		return;
	}
	if (view->reference >= 0)
		snprintf(trigger, sizeof(trigger), "%u cycle%s from %s rising", view->cycles, view->cycles > 1 ? "s" : "",
			 view->channel[view->reference].name);
	if (view->highest == 0)
		grid_text(grid, 1, 0, trigger, GRID_DIM);
	else if (view->highest < HARMONICS_MAX)
		scope_print(grid, 1, 0, GRID_DIM, "%s; this rate tells harmonics to the %u%s, the rest is not known", trigger, view->highest,
			    view->highest == 1 ? "st" : view->highest == 2 ? "nd" : view->highest == 3 ? "rd" : "th");
	else
		scope_print(grid, 1, 0, GRID_DIM, "%s; harmonics to the %dst", trigger, HARMONICS_MAX);
}

static void draw_help(struct grid *grid, const struct scope_area *area)
{
	static const char *const lines[] = {
		"w p h a     waves, phasors, harmonics, all; Tab: the next page",
		"space       pause, go on",
		"left right  fewer, more cycles (1 to 10)",
		"up down     select a channel; Esc: none.  Its harmonics stand in full.",
		"1 .. 6      hide VA VB VC IA IB IC, or show it again",
		"x           hide the selected channel, or show it again",
		"v V         full scale of the voltages: larger, smaller",
		"i I         full scale of the currents: larger, smaller",
		"0           full scales by themselves again",
		"?           this help; any key leaves it",
		"q           quit",
		"",
		"Waves begin at the rising zero of the first voltage that is there (else current).",
		"rms and peak are without DC; crest is their quotient.  THD is the root of the sum of",
		"the squares of harmonics 2 to 21, as far as the rate tells them, in parts of the",
		"fundamental.  Angles are to the same zero; ahead is positive.",
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]) && i < area->rows; i++)
		grid_text(grid, area->row + (int)i, area->column, lines[i], GRID_PLAIN);
}

static void draw_waves(struct grid *grid, const struct scope_area *area, const struct scope_view *view, const struct scope_screen *screen)
{
	static const char *const phases[] = { "phase A", "phase B", "phase C" };
	unsigned frames = area->rows >= STACK_FROM_ROWS ? 3 : 2;

	for (unsigned i = 0; i < frames; i++) {
		int top = (int)(area->rows * i / frames), below = (int)(area->rows * (i + 1) / frames), n = (int)i;
		struct scope_area frame = { area->row + top, area->column, (unsigned)(below - top), area->columns };

		if (frames == 3)
			scope_draw_frame(grid, &frame, view, screen, n, 3, ADC_CHANNELS, phases[i]);
		else
			scope_draw_frame(grid, &frame, view, screen, 3 * n, 1, 3 * n + 3, i ? "currents" : "voltages");
	}
}

/* How a current stands to the voltage of its phase. */
static void print_lag(struct grid *grid, int row, int column, const struct scope_view *view, int c)
{
	double lag = view->channel[c - ADC_IA].phasor_deg - view->channel[c].phasor_deg;

	if (isnan(lag))
		return;
	lag = remainder(lag, 360);
	scope_print(grid, row, column, GRID_PLAIN, "%s %.1f", lag < 0 ? "leads" : "lags", fabs(lag));
}

static void draw_table(struct grid *grid, int row, int column, unsigned columns, const struct scope_view *view,
		       const struct scope_screen *screen)
{
	grid_text(grid, row++, column, columns < TABLE_COLUMNS + 12 ? "          rms    deg     THD" :
		  "          rms    deg     THD        DC  to its V", GRID_DIM);
	for (int c = 0; c < ADC_CHANNELS; c++, row++) {
		const struct scope_channel *channel = &view->channel[c];
		char rms[24], deg[16] = "----", thd[16], dc[24];

		scope_view_value(rms, sizeof(rms), channel->phasor_rms, channel->unit);
		scope_view_percent(thd, sizeof(thd), channel->thd);
		scope_view_value(dc, sizeof(dc), channel->dc, channel->unit);
		if (!isnan(channel->phasor_deg))	/* no minus before a zero */
			snprintf(deg, sizeof(deg), "%.1f", fabs(channel->phasor_deg) < 0.05 ? 0 : channel->phasor_deg);
		scope_print(grid, row, column, scope_colour(c), "%s%10s %6s %8s", channel->name, rms, deg, thd);
		grid_mark(grid, row, column, 2, true, c == screen->selected);
		if (columns < TABLE_COLUMNS + 12)
			continue;
		scope_print(grid, row, column + 29, GRID_PLAIN, "%9s", dc);
		if (c >= ADC_IA)
			print_lag(grid, row, column + 40, view, c);
	}
}

static void draw_phasors(struct grid *grid, const struct scope_area *area, const struct scope_view *view,
			 const struct scope_screen *screen)
{
	struct phasors_input input[ADC_CHANNELS];
	bool beside = area->columns >= 76;
	unsigned columns = beside ? area->columns - 50 : area->columns, rows = beside ? area->rows : area->rows - 8;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		input[c].rms = view->channel[c].shown ? view->channel[c].phasor_rms : NAN;
		input[c].deg = view->channel[c].shown ? view->channel[c].phasor_deg : NAN;
	}
	/* a wide area shall not tear picture and numbers apart */
	if (beside && columns > 2 * rows + 8)
		columns = 2 * rows + 8;
	if (area->rows > 14 || beside)
		phasors_draw(grid, area->row, area->column, rows, columns, input);
	else
		rows = 0;
	if (beside)
		draw_table(grid, area->row + 1, area->column + (int)columns + 1, area->columns - columns - 1, view, screen);
	else
		draw_table(grid, area->row + (int)rows + 1, area->column, area->columns, view, screen);
}

static void draw_harmonics(struct grid *grid, const struct scope_area *area, const struct scope_view *view,
			   const struct scope_screen *screen)
{
	if (screen->selected >= 0 && screen->selected < ADC_CHANNELS)
		scope_draw_list(grid, area, view, screen->selected);
	else
		scope_draw_charts(grid, area, view, screen, area->columns < 78 ? 2 : area->columns >= 6 * 26 && area->rows < 30 ? 6 : 3);
}

/* Waves left, phasors right; below them, where there is room, the harmonics. */
static void draw_all(struct grid *grid, const struct scope_area *area, const struct scope_view *view, const struct scope_screen *screen)
{
	bool harmonics = area->rows >= ALL_FROM_ROWS && area->columns >= ALL_FROM_COLUMNS;
	unsigned upper = harmonics ? area->rows * 55 / 100 : area->rows;
	unsigned right = area->columns < 60 ? 0 : area->columns >= 150 ? 76 : 30;
	struct scope_area waves = { area->row, area->column, upper, area->columns - right - (right > 0) };
	struct scope_area phasors = { area->row, area->column + (int)(area->columns - right), upper, right };
	struct scope_area charts = { area->row + (int)upper, area->column, area->rows - upper, area->columns };

	draw_waves(grid, &waves, view, screen);
	if (right)
		draw_phasors(grid, &phasors, view, screen);
	if (harmonics)
		draw_harmonics(grid, &charts, view, screen);
}

void scope_draw(struct grid *grid, const struct scope_view *view, const struct scope_screen *screen)
{
	struct scope_area body = { HEAD_ROWS, 0, grid->rows - HEAD_ROWS - screen->keys, grid->columns };

	grid_clear(grid);
	if (grid->rows < SCOPE_ROWS_MIN || grid->columns < SCOPE_COLUMNS_MIN) {
		grid_text(grid, 0, 0, "the scope needs", GRID_PLAIN);
		scope_print(grid, 1, 0, GRID_PLAIN, "%d x %d characters", SCOPE_COLUMNS_MIN, SCOPE_ROWS_MIN);
		return;
	}
	draw_head(grid, view);
	draw_note(grid, view);
	if (screen->keys)
		grid_text(grid, (int)grid->rows - 1, 0, "w waves p phasors h harmonics a all  space pause  arrows cycles, channel  ? help  q quit",
			  GRID_DIM);
	if (screen->help)
		draw_help(grid, &body);
	else if (view->state == SCOPE_NO_SAMPLES)
		grid_text(grid, HEAD_ROWS + 1, 0, "Nothing is shown, because nothing live is there.", GRID_PLAIN);
	else if (screen->page == SCOPE_PHASORS)
		draw_phasors(grid, &body, view, screen);
	else if (screen->page == SCOPE_HARMONICS)
		draw_harmonics(grid, &body, view, screen);
	else if (screen->page == SCOPE_ALL)
		draw_all(grid, &body, view, screen);
	else
		draw_waves(grid, &body, view, screen);
}
