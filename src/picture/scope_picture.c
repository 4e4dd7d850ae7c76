#include "picture/scope_picture.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture/phasor_plot.h"
#include "picture/plot.h"

#define LEFT 28.0
#define RIGHT (SCOPE_PICTURE_WIDTH - 28.0)
#define PHASES 3

const struct scope_frame scope_picture_waves[2] = { { 72, 98, 536, 138 }, { 72, 280, 536, 138 } };
static const struct scope_frame harmonic_frames[2] = { { 72, 470, 396, 92 }, { 536, 470, 396, 92 } };

static const enum picture_colour phase_colour[PHASES] = { PICTURE_PHASE_A, PICTURE_PHASE_B, PICTURE_PHASE_C };

static void write_time(struct picture *page, const char *time, double x, double y)
{
	char text[48];

	if (strlen(time) == 20 && time[10] == 'T' && time[19] == 'Z')
		snprintf(text, sizeof(text), "%.10s %.8s UTC", time, time + 11);
	else
		snprintf(text, sizeof(text), "%s", time);
	picture_text(page, x, y, 10, PICTURE_LEFT, false, PICTURE_FAINT, text);
}

static void draw_header(struct picture *page, const struct scope_view *view)
{
	double width = picture_text(page, LEFT, 38, 17, PICTURE_LEFT, true, PICTURE_INK, view->title);
	char text[96];

	if (view->state == SCOPE_PAUSED)
		picture_text(page, LEFT + width + 14, 38, 10, PICTURE_LEFT, true, PICTURE_ACCENT, "PAUSED");
	write_time(page, view->time, LEFT, 56);
	if (isnan(view->hz))
		snprintf(text, sizeof(text), "---- Hz");
	else
		snprintf(text, sizeof(text), "%.3f Hz", view->hz);
	picture_text(page, RIGHT, 38, 17, PICTURE_RIGHT, true, PICTURE_INK, text);
	if (isnan(view->rate_hz))
		text[0] = '\0';
	else
		snprintf(text, sizeof(text), "%.0f samples a second", view->rate_hz);
	picture_text(page, RIGHT, 56, 10, PICTURE_RIGHT, false, PICTURE_FAINT, text);
	/* Beside the time, which is 150 points long at most. */
	picture_text(page, LEFT + 170, 56, 10, PICTURE_LEFT, true, PICTURE_BAD, view->note);
}

static struct plot make_plot(struct picture *page, const struct scope_frame *frame)
{
	return (struct plot){ .picture = page, .x = frame->x, .y = frame->y, .width = frame->width, .height = frame->height };
}

/* Entries for the channels that are shown, with what `write` says of them; returns their number. */
struct legend {
	struct plot_legend entry[PHASES];
	char text[PHASES][64];
	size_t count;
};

static void add_legend(struct legend *legend, const struct scope_channel *channel, int phase, bool bar, const char *value)
{
	struct plot_legend *entry = &legend->entry[legend->count];
	char *text = legend->text[legend->count++];

	snprintf(text, sizeof(legend->text[0]), "%s  %s%s", channel->name, value, channel->clipped && !bar ? "  clipped" : "");
	*entry = (struct plot_legend){ .text = text, .colour = phase_colour[phase], .bar = bar };
}

/*
 * At a high rate many samples share a place on the page: then the least and the greatest of each place stand for them, in the order
 * that they came in.  Returns the number of points.
 */
static size_t thin_out(const struct scope_channel *channel, double rate_hz, size_t places, double *across, double *up)
{
	size_t used = 0, samples = channel->samples;

	if (samples <= 2 * places) {
		for (; used < samples; used++) {
			across[used] = channel->start_s + (double)used / rate_hz;
			up[used] = channel->sample[used];
		}
		return used;
	}
	for (size_t place = 0; place < places; place++) {
		size_t from = place * samples / places, to = (place + 1) * samples / places, least = from, greatest = from;

		for (size_t k = from; k < to; k++) {
			if (channel->sample[k] < channel->sample[least])
				least = k;
			if (channel->sample[k] > channel->sample[greatest])
				greatest = k;
		}
		for (int i = 0; i < 2; i++, used++) {
			size_t k = (i == 0) == (least < greatest) ? least : greatest;

			across[used] = channel->start_s + (double)k / rate_hz;
			up[used] = channel->sample[k];
		}
	}
	return used;
}

/* The phase's letter over the first crest, unless another letter stands there. */
static void mark_crest(const struct plot *plot, const double *across, const double *up, size_t count, double cycle_s, int phase,
		       double *taken)
{
	static const char letters[PHASES][2] = { "A", "B", "C" };
	size_t crest = count;
	double x, y;

	for (size_t k = 0; k < count && across[k] < cycle_s; k++)
		if (across[k] > 0 && (crest == count || up[k] > up[crest]))
			crest = k;
	if (crest == count || !(up[crest] > 0))
		return;
	x = fmin(fmax(plot_x(plot, across[crest]), plot->x + 7), plot->x + plot->width - 7);
	y = fmin(fmax(plot_y(plot, up[crest]) - 4, plot->y + 10), plot->y + plot->height - 2);
	for (int i = 0; i < PHASES; i++)
		if (fabs(x - taken[i]) < 10)
			return;
	taken[phase] = x;
	picture_label(plot->picture, x, y, 9, PICTURE_CENTRE, true, phase_colour[phase], letters[phase]);
}

static int draw_waves(struct picture *page, const struct scope_view *view, int first)
{
	const size_t places = 1000;
	struct plot plot = make_plot(page, &scope_picture_waves[first / PHASES]);
	double *points = calloc(4 * places, sizeof(*points)), taken[PHASES] = { -100, -100, -100 };
	struct legend legend = { .count = 0 };

	if (!points)
		return -ENOMEM;
	axis_exact(&plot.across, 0, view->span_s, 10);
	axis_use_prefix(&plot.across);
	axis_exact(&plot.up, -view->channel[first].full_scale, view->channel[first].full_scale, 4);
	axis_use_prefix(&plot.up);
	plot_frame(&plot, "s", view->channel[first].unit);
	plot_title(&plot, first ? "Currents" : "Voltages");
	for (int phase = 0; phase < PHASES; phase++) {
		const struct scope_channel *channel = &view->channel[first + phase];
		char value[32];
		size_t count;

		if (!channel->shown)
			continue;
		scope_view_value(value, sizeof(value), channel->rms, channel->unit);
		add_legend(&legend, channel, phase, false, value);
		count = thin_out(channel, view->rate_hz, places, points, points + 2 * places);
		plot_line(&plot, points, points + 2 * places, count, phase_colour[phase], 1.5);
		mark_crest(&plot, points, points + 2 * places, count, view->span_s / view->cycles, phase, taken);
	}
	plot_legend(page, plot.x + plot.width, plot.y - 5, 8, PICTURE_RIGHT, legend.entry, legend.count);
	free(points);
	return 0;
}

static void draw_bars(const struct plot *plot, const struct scope_view *view, int first)
{
	const double width = 0.26, gap = 0.04;
	double middle[HARMONICS_MAX + 1], per_cent[HARMONICS_MAX + 1];

	for (int phase = 0; phase < PHASES; phase++) {
		const struct scope_channel *channel = &view->channel[first + phase];

		for (unsigned h = 2; h <= HARMONICS_MAX; h++) {
			middle[h] = h + (phase - 1) * width;
			per_cent[h] = 100 * channel->harmonic[h];
		}
		if (channel->shown)
			plot_bars(plot, middle + 2, per_cent + 2, HARMONICS_MAX - 1, width - gap, phase_colour[phase]);
	}
}

/* The largest harmonic that is shown, in per cent, but not less than one. */
static double largest_harmonic(const struct scope_view *view, int first)
{
	double largest = 1;

	for (int c = first; c < first + PHASES; c++)
		for (unsigned h = 2; view->channel[c].shown && h <= HARMONICS_MAX; h++)
			if (isfinite(view->channel[c].harmonic[h]))
				largest = fmax(largest, 100 * view->channel[c].harmonic[h]);
	return largest;
}

/* None of those shown has it: no bar then would say that there is none. */
static bool is_unknown(const struct scope_view *view, int first, unsigned h)
{
	bool shown = false;

	for (int c = first; c < first + PHASES; c++) {
		if (view->channel[c].shown && isfinite(view->channel[c].harmonic[h]))
			return false;
		shown |= view->channel[c].shown;
	}
	return shown;
}

static void draw_harmonics(struct picture *page, const struct scope_view *view, int first)
{
	struct plot plot = make_plot(page, &harmonic_frames[first / PHASES]);
	struct legend legend = { .count = 0 };

	axis_round(&plot.up, 0, largest_harmonic(view, first), 4);
	axis_exact(&plot.across, 1.4, HARMONICS_MAX + 0.6, HARMONICS_MAX);
	plot.across.ticks = 0;
	plot_frame(&plot, NULL, "%");
	plot_title(&plot, first ? "Current harmonics, THD" : "Voltage harmonics, THD");
	draw_bars(&plot, view, first);
	for (unsigned h = 2; h <= HARMONICS_MAX; h++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", h);
		picture_text(page, plot_x(&plot, h), plot.y + plot.height + 11.6, 8, PICTURE_CENTRE, false, PICTURE_FAINT, text);
		if (is_unknown(view, first, h))
			picture_text(page, plot_x(&plot, h), plot.y + plot.height - 4, 8, PICTURE_CENTRE, false, PICTURE_FAINT, "?");
	}
	for (int phase = 0; phase < PHASES; phase++) {
		const struct scope_channel *channel = &view->channel[first + phase];
		char value[32];

		if (!channel->shown)
			continue;
		scope_view_percent(value, sizeof(value), channel->thd);
		add_legend(&legend, channel, phase, true, value);
	}
	plot_legend(page, plot.x + plot.width, plot.y - 5, 8, PICTURE_RIGHT, legend.entry, legend.count);
}

static double longest(const struct scope_view *view, int first)
{
	double longest = 0;

	for (int c = first; c < first + PHASES; c++)
		if (view->channel[c].shown && isfinite(view->channel[c].phasor_rms))
			longest = fmax(longest, view->channel[c].phasor_rms);
	return longest;
}

static void draw_phasors(struct picture *page, const struct scope_view *view)
{
	/* Currents shorter, so that at unity power factor both can be seen. */
	static const double reach[2] = { 0.8, 0.58 };
	struct phasor_arrow arrow[ADC_CHANNELS];
	size_t count = 0;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct scope_channel *channel = &view->channel[c];

		if (channel->shown)
			arrow[count++] = (struct phasor_arrow){
				.name = channel->name, .colour = phase_colour[c % PHASES], .slim = c >= PHASES, .deg = channel->phasor_deg,
				.length = reach[c / PHASES] * channel->phasor_rms / longest(view, c / PHASES * PHASES),
			};
	}
	picture_text(page, 652, 92, 9, PICTURE_LEFT, true, PICTURE_INK, "Phasors");
	phasor_plot_draw(page, 792, 200, 92, arrow, count);
}

static void format_angle(char *text, size_t size, double deg)
{
	if (isnan(deg))
		snprintf(text, size, "----");
	else
		snprintf(text, size, "%s%.1f°", deg <= -0.05 ? "−" : "", fabs(deg));
}

static void write_row(struct picture *page, const struct scope_channel *channel, int phase, double y)
{
	char text[32];

	picture_text(page, 652, y, 9, PICTURE_LEFT, true, phase_colour[phase], channel->name);
	scope_view_value(text, sizeof(text), channel->rms, channel->unit);
	picture_text(page, 742, y, 8, PICTURE_RIGHT, false, PICTURE_INK, text);
	format_angle(text, sizeof(text), channel->phasor_deg);
	picture_text(page, 808, y, 8, PICTURE_RIGHT, false, PICTURE_INK, text);
	scope_view_percent(text, sizeof(text), channel->thd);
	picture_text(page, 874, y, 8, PICTURE_RIGHT, false, PICTURE_INK, text);
	snprintf(text, sizeof(text), isnan(channel->crest) ? "----" : "%.3f", channel->crest);
	picture_text(page, RIGHT, y, 8, PICTURE_RIGHT, false, PICTURE_INK, text);
}

static void draw_table(struct picture *page, const struct scope_view *view)
{
	static const struct { double x; const char *text; } heads[] = {
		{ 742, "RMS" }, { 808, "angle" }, { 874, "THD" }, { RIGHT, "crest" },
	};
	double y = 334;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		picture_text(page, heads[i].x, y, 8, PICTURE_RIGHT, false, PICTURE_FAINT, heads[i].text);
	cairo_set_line_width(page->cairo, 0.6);
	picture_set_colour(page, PICTURE_FAINT);
	cairo_move_to(page->cairo, 652, y + 5);
	cairo_line_to(page->cairo, RIGHT, y + 5);
	cairo_stroke(page->cairo);
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (view->channel[c].shown)
			write_row(page, &view->channel[c], c % PHASES, y += c == 0 ? 17 : c == PHASES ? 16 : 13);
}

int scope_picture_write(const struct scope_view *view, const char *file, enum picture_theme theme)
{
	enum picture_format format;
	struct picture page;
	int err = picture_format_of(file, &format);

	if (!err)
		err = picture_begin(&page, format, theme, SCOPE_PICTURE_WIDTH, SCOPE_PICTURE_HEIGHT, SCOPE_PICTURE_SCALE);
	if (err)
		return err;
	draw_header(&page, view);
	err = draw_waves(&page, view, ADC_VA);
	if (!err)
		err = draw_waves(&page, view, ADC_IA);
	if (err) {
		picture_abandon(&page);
		return err;
	}
	draw_phasors(&page, view);
	draw_table(&page, view);
	draw_harmonics(&page, view, ADC_VA);
	draw_harmonics(&page, view, ADC_IA);
	return picture_end(&page, file);
}
