#include "view/scope_view.h"

#include <math.h>
#include <stdio.h>

#define VOLTAGES 3
/* A channel with less than this of the greatest of its kind is no reference: what it has may be crosstalk. */
#define REFERENCE_SHARE 0.1
/* What stands for a cycle where there is none. */
#define CYCLE_S 0.02
/* The trigger looks at so many cycles at the end: enough for a Hann window to be blind to harmonics, few enough to be new. */
#define TRIGGER_CYCLES 4

double scope_view_scale(double peak)
{
	double step;

	if (!(peak > 0) || isinf(peak))
		return 1;
	step = pow(10, floor(log10(peak)));
	/* a wave of exactly 200 V shall not need 500 because of a rounding */
	peak *= 1 - 1e-9;
	return peak <= step ? step : peak <= 2 * step ? 2 * step : peak <= 5 * step ? 5 * step : 10 * step;
}

void scope_view_value(char *text, size_t size, double value, const char *unit)
{
	static const struct { double factor; const char *prefix; } prefixes[] = { { 1e6, "M" }, { 1e3, "k" }, { 1, "" }, { 1e-3, "m" } };
	unsigned p = 0;
	double shown;

	if (isnan(value)) {
		snprintf(text, size, "---- %s", unit);
		return;
	}
	while (p < 3 && fabs(value) < 0.99995 * prefixes[p].factor)
		p++;
	if (p == 3 && fabs(value) < 0.5e-6)	/* nothing, not 0.000 thousandths of it */
		p = 2, value = 0;
	shown = value / prefixes[p].factor;
	snprintf(text, size, "%.*f %s%s", fabs(shown) < 9.9995 ? 3 : fabs(shown) < 99.995 ? 2 : fabs(shown) < 999.95 ? 1 : 0, shown,
		 prefixes[p].prefix, unit);
}

void scope_view_percent(char *text, size_t size, double part)
{
	double percent = 100 * part;

	if (isnan(part))
		snprintf(text, size, "---- %%");
	else
		snprintf(text, size, "%.*f %%", percent < 9.995 ? 2 : percent < 99.95 ? 1 : 0, percent);
}

void scope_view_clear(struct scope_view *view, const struct scope_options *options)
{
	static const char *const names[ADC_CHANNELS] = { "VA", "VB", "VC", "IA", "IB", "IC" };

	*view = (struct scope_view){ .state = SCOPE_NO_SAMPLES, .rate_hz = NAN, .hz = NAN, .cycles = options->cycles, .reference = -1,
				     .span_s = options->cycles * CYCLE_S };
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct scope_channel *channel = &view->channel[c];
		double fixed = c < VOLTAGES ? options->volts : options->amperes;

		*channel = (struct scope_channel){ .name = names[c], .unit = c < VOLTAGES ? "V" : "A", .shown = !options->hidden[c],
						   .full_scale = fixed > 0 ? fixed : 1, .rms = NAN, .dc = NAN, .peak = NAN, .crest = NAN,
						   .phasor_rms = NAN, .phasor_deg = NAN, .thd = NAN };
		for (int h = 0; h <= HARMONICS_MAX; h++)
			channel->harmonic[h] = NAN;
	}
}

static double fundamental_rms(const struct harmonics_channel *channel)
{
	return isnan(channel->part[1]) ? 0 : hypot(channel->fundamental.re, channel->fundamental.im);
}

/* Among the channels first..first + 2; -1: none. */
static int find_reference(const struct harmonics *harmonics, int first)
{
	double greatest = 0;

	for (int c = first; c < first + VOLTAGES; c++)
		greatest = fmax(greatest, fundamental_rms(&harmonics->channel[c]));
	for (int c = first; c < first + VOLTAGES && greatest > 0; c++)
		if (fundamental_rms(&harmonics->channel[c]) >= REFERENCE_SHARE * greatest)
			return c;
	return -1;
}

static void take_numbers(struct scope_view *view, const struct harmonics *harmonics)
{
	struct phasor zero = view->reference < 0 ? (struct phasor){ NAN, NAN } : harmonics->channel[view->reference].fundamental;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct harmonics_channel *from = &harmonics->channel[c];
		struct scope_channel *to = &view->channel[c];
		struct phasor turned = phasor_multiply(from->fundamental, (struct phasor){ zero.re, -zero.im });

		to->rms = from->rms;
		to->dc = from->dc;
		to->peak = from->peak;
		to->crest = from->crest;
		to->thd = from->thd;
		to->phasor_rms = hypot(from->fundamental.re, from->fundamental.im);
		to->phasor_deg = isnan(from->part[1]) ? NAN : atan2(turned.im, turned.re) * (180 / M_PI);
		for (int h = 1; h <= HARMONICS_MAX; h++)
			to->harmonic[h] = from->part[h];
	}
}

static void choose_scale(struct scope_view *view, const struct scope_options *options, int first)
{
	double fixed = first < VOLTAGES ? options->volts : options->amperes, most = 0;

	for (int c = first; c < first + VOLTAGES; c++)
		if (view->channel[c].shown)
			most = fmax(most, view->channel[c].peak + fabs(view->channel[c].dc));
	for (int c = first; c < first + VOLTAGES; c++)
		view->channel[c].full_scale = fixed > 0 ? fixed : scope_view_scale(most);
}

/* A rising zero crossing of the fundamental of x close to the end, in scans from the window's first. */
static double rising_zero(const double *x, double mean, unsigned length, double cycles_per_sample)
{
	unsigned n = (unsigned)fmin(length, round(TRIGGER_CYCLES / cycles_per_sample)), from = length - n;
	double re = 0, im = 0;

	for (unsigned k = 0; k < n; k++) {
		double angle = 2 * M_PI * cycles_per_sample * k, weight = 1 - cos(2 * M_PI * (k + 0.5) / n);

		re += weight * (x[from + k] - mean) * cos(angle);
		im -= weight * (x[from + k] - mean) * sin(angle);
	}
	return from + (-0.25 - atan2(im, re) / (2 * M_PI)) / cycles_per_sample;
}

/* Where the picture begins, in true time from the window's first scan. */
static double begin_s(const struct scope_view *view, const struct window *window, const struct channel_errors *errors,
		      const struct harmonics *harmonics)
{
	double end_s = INFINITY, zero_s;
	int c = view->reference;

	for (int i = 0; i < ADC_CHANNELS; i++)
		end_s = fmin(end_s, (window->length - 1) / view->rate_hz - errors->delay_us[i] * 1e-6);
	if (c < 0)
		return end_s - view->span_s;
	zero_s = rising_zero(window->scans[c], harmonics->channel[c].dc, window->length, view->hz / view->rate_hz) / view->rate_hz -
		 errors->delay_us[c] * 1e-6;
	return zero_s + floor((end_s - view->span_s - zero_s) * view->hz) / view->hz;
}

/* One scan more at both ends, so that the wave reaches the edges of its frame. */
static void take_stretch(struct scope_view *view, int c, const struct window *window, double at_s, double delay_us)
{
	double first = fmax(0, floor((at_s + delay_us * 1e-6) * view->rate_hz));
	double last = fmin(window->length - 1, ceil((at_s + view->span_s + delay_us * 1e-6) * view->rate_hz));
	struct scope_channel *channel = &view->channel[c];

	if (last < first)
		return;
	channel->sample = window->scans[c] + (unsigned)first;
	channel->samples = (unsigned)(last - first) + 1;
	channel->start_s = first / view->rate_hz - delay_us * 1e-6 - at_s;
}

void scope_view_build(struct scope_view *view, const struct scope_options *options, const struct window *window,
		      const struct channel_errors *errors, const struct harmonics *harmonics)
{
	double at_s;

	scope_view_clear(view, options);
	view->state = SCOPE_LIVE;
	view->rate_hz = harmonics->rate_hz;
	view->hz = harmonics->hz;
	view->highest = harmonics->highest;
	view->reference = find_reference(harmonics, ADC_VA);
	if (view->reference < 0)
		view->reference = find_reference(harmonics, ADC_IA);
	if (view->reference >= 0)
		view->span_s = options->cycles / view->hz;
	take_numbers(view, harmonics);
	choose_scale(view, options, ADC_VA);
	choose_scale(view, options, ADC_IA);
	at_s = begin_s(view, window, errors, harmonics);
	for (int c = 0; c < ADC_CHANNELS; c++)
		take_stretch(view, c, window, at_s, errors->delay_us[c]);
}
