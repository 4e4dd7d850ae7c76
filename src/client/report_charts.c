/* The diagrams of a report, drawn alike on the page of a PDF and in HTML. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/report.h"
#include "picture/axis.h"

#define LEFT 44.0
#define TOP 22.0
#define BELOW 16.0
#define LABEL 7.0
#define ALERT_ROW 11.0
#define ALERT_TEXT 150.0
/* Intervals that are narrower on the page are drawn as one: its highest. */
#define NARROW 0.3
#define WIDTH (REPORT_WIDTH - LEFT)
#define LABELS_MAX 12

static double place(const struct report *report, double left, int64_t t_s)
{
	double part = (double)(t_s - report->from_s) / (double)(report->to_s - report->from_s);

	return left + (REPORT_WIDTH - left) * fmin(fmax(part, 0), 1);
}

static void line(struct sheet *sheet, double x0, double y0, double x1, double y1, enum sheet_ink ink, double thick)
{
	const double x[2] = { x0, x1 }, y[2] = { y0, y1 };

	sheet_line(sheet, x, y, 2, ink, thick);
}

/* A single day has hours below it, all else the begins of its spans. */
static void draw_times(struct sheet *sheet, const struct report *report, double left, double top, double bottom, bool labels)
{
	char text[REPORT_TIME_MAX];
	bool hours = report->spans == 1 && report->unit == REPORT_DAY;
	unsigned n = hours ? 12 : report->spans, every = (report->spans + LABELS_MAX - 1) / LABELS_MAX;

	for (unsigned i = 0; i < n; i++) {
		int64_t t_s = hours ? report->from_s + (report->to_s - report->from_s) * i / n : report->span[i].from_s;
		double x = place(report, left, t_s);

		line(sheet, x, top, x, bottom, SHEET_GRID, 0.4);
		if (!labels || (!hours && i % every) || x > REPORT_WIDTH - 24)
			continue;
		if (hours) {
			report_days_time(t_s, text);
			sheet_text(sheet, x, bottom + LABEL + 2, LABEL, PICTURE_LEFT, false, SHEET_FAINT, text + 11);
		} else {
			report_days_short(t_s, report->unit, text);
			sheet_text(sheet, x + 1, bottom + LABEL + 2, LABEL, PICTURE_LEFT, false, SHEET_FAINT, text);
		}
	}
}

static double height_of(const struct axis *axis, double top, double bottom, double value)
{
	return bottom - (bottom - top) * axis_part(axis, value);
}

static void draw_values(struct sheet *sheet, const struct axis *axis, double top, double bottom, const char *unit)
{
	for (unsigned i = 0; i < axis->ticks; i++) {
		char label[AXIS_LABEL_MAX];
		double y = height_of(axis, top, bottom, axis->tick[i]);

		axis_label(axis, i, label);
		line(sheet, LEFT, y, REPORT_WIDTH, y, axis->tick[i] == 0 ? SHEET_FAINT : SHEET_GRID, 0.4);
		sheet_text(sheet, LEFT - 4, y + LABEL / 3, LABEL, PICTURE_RIGHT, false, SHEET_FAINT, label);
	}
	sheet_text(sheet, LEFT - 4, top - 6, LABEL, PICTURE_RIGHT, false, SHEET_FAINT, unit);
}

static bool is_shown(const struct profile_interval *interval, int which)
{
	return !isnan(interval->demand[which]) && interval->to_s > interval->from_s;
}

/* Where a demand is known for: what was measured, which is the end of an interval that was not measured whole. */
static int64_t begin_of(const struct profile_interval *interval)
{
	if (interval->whole || interval->measured_s < 0)
		return interval->whole ? interval->from_s : interval->to_s;
	return interval->to_s - interval->measured_s;
}

/* The interval from *i on as one step; *i behind it.  Narrow ones are taken together. */
static bool next_step(const struct report *report, int which, size_t *i, double *x0, double *x1, double *value)
{
	while (*i < report->n && !is_shown(&report->interval[*i], which))
		++*i;
	if (*i == report->n)
		return false;
	*x0 = place(report, LEFT, begin_of(&report->interval[*i]));
	*x1 = place(report, LEFT, report->interval[*i].to_s);
	*value = report->interval[(*i)++].demand[which];
	while (*i < report->n && is_shown(&report->interval[*i], which)) {
		const struct profile_interval *interval = &report->interval[*i];
		double to = place(report, LEFT, interval->to_s);

		if (to - *x0 > NARROW || place(report, LEFT, begin_of(interval)) - *x1 > NARROW / 10)
			break;
		*x1 = to;
		*value = fmax(*value, interval->demand[which]);
		++*i;
	}
	return true;
}

static void draw_areas(struct sheet *sheet, const struct report *report, const struct axis *axis, double top, double bottom)
{
	double x0, x1, value;
	size_t i = 0;

	while (next_step(report, PROFILE_KW, &i, &x0, &x1, &value)) {
		double y = height_of(axis, top, bottom, fmax(value, 0));

		if (x1 > x0 && bottom > y)
			sheet_rectangle(sheet, x0, y, x1 - x0 + 0.05, bottom - y, SHEET_REAL);
	}
}

/* Steps, broken where nothing is known. */
static void draw_steps(struct sheet *sheet, const struct report *report, const struct axis *axis, int which, enum sheet_ink ink, double top,
		       double bottom)
{
	double *x = calloc(2 * report->n + 2, sizeof(*x)), *y = calloc(2 * report->n + 2, sizeof(*y)), x0, x1, value;
	size_t i = 0, n = 0;

	while (x && y && next_step(report, which, &i, &x0, &x1, &value)) {
		if (n && x0 - x[n - 1] > NARROW / 2) {
			sheet_line(sheet, x, y, n, ink, 0.8);
			n = 0;
		}
		x[n] = x0;
		x[n + 1] = x1;
		y[n] = y[n + 1] = height_of(axis, top, bottom, fmax(value, 0));
		n += 2;
	}
	if (x && y)
		sheet_line(sheet, x, y, n, ink, 0.8);
	free(x);
	free(y);
}

static void draw_legend(struct sheet *sheet)
{
	static const struct {
		const char *text;
		enum sheet_ink ink;
	} entries[] = { { "kW", SHEET_REAL }, { "kVAR", SHEET_REACTIVE }, { "kVA", SHEET_APPARENT } };

	for (int i = 0; i < 3; i++) {
		double x = REPORT_WIDTH - 110 + 38 * i;

		sheet_rectangle(sheet, x, 5, 8, i ? 2 : 6, entries[i].ink);
		sheet_text(sheet, x + 11, 11, LABEL, PICTURE_LEFT, false, SHEET_INK, entries[i].text);
	}
}

void report_draw_profile(struct sheet *sheet, const struct report *report)
{
	double bottom = REPORT_PROFILE_HEIGHT - BELOW, most = 0;
	struct axis axis;

	for (int i = 0; i < PROFILE_DEMANDS; i++)
		most = fmax(most, report->total.max[i]);
	axis_round(&axis, 0, most > 0 ? most : 1, 5);
	sheet_text(sheet, 0, 11, 9.5, PICTURE_LEFT, true, SHEET_INK, "Load profile: demand by interval");
	draw_legend(sheet);
	draw_values(sheet, &axis, TOP, bottom, "kW");
	draw_times(sheet, report, LEFT, TOP, bottom, true);
	draw_areas(sheet, report, &axis, TOP, bottom);
	draw_steps(sheet, report, &axis, PROFILE_KVA, SHEET_APPARENT, TOP, bottom);
	draw_steps(sheet, report, &axis, PROFILE_KVAR, SHEET_REACTIVE, TOP, bottom);
}

void report_draw_energy(struct sheet *sheet, const struct report *report)
{
	static const char *const titles[] = { [REPORT_DAY] = "Energy by day", [REPORT_WEEK] = "Energy by week",
					      [REPORT_MONTH] = "Energy by month", [REPORT_YEAR] = "Energy by year" };
	double bottom = REPORT_ENERGY_HEIGHT - BELOW, most = 0;
	struct axis axis;

	for (unsigned i = 0; i < report->spans; i++)
		most = fmax(most, (double)report->span[i].energy / PROFILE_PER_KWH);
	axis_round(&axis, 0, most > 0 ? most : 1, 4);
	sheet_text(sheet, 0, 11, 9.5, PICTURE_LEFT, true, SHEET_INK, titles[report->unit]);
	draw_values(sheet, &axis, TOP, bottom, "kWh");
	draw_times(sheet, report, LEFT, TOP, bottom, true);
	for (unsigned i = 0; i < report->spans; i++) {
		const struct profile_span *span = &report->span[i];
		double x0 = place(report, LEFT, span->from_s), x1 = place(report, LEFT, span->to_s);
		double y = height_of(&axis, TOP, bottom, (double)span->energy / PROFILE_PER_KWH), gap = fmin((x1 - x0) / 8, 4);

		if (span->energy > 0)
			sheet_rectangle(sheet, x0 + gap, y, x1 - x0 - 2 * gap, bottom - y, SHEET_REAL);
		if (!span->known_s)
			sheet_text(sheet, (x0 + x1) / 2, bottom - 3, LABEL, PICTURE_CENTRE, false, SHEET_FAINT, "?");
		else if (!profile_is_complete(span))
			sheet_text(sheet, (x0 + x1) / 2, y - 2, LABEL, PICTURE_CENTRE, false, SHEET_FAINT, "≥");
	}
}

double report_alerts_height(const struct report *report)
{
	return TOP + ALERT_ROW * (report->alerts ? report->alerts : 1);
}

static void draw_alert(struct sheet *sheet, const struct report *report, const struct profile_alert *alert, double y)
{
	double to = -1, from = -1;

	sheet_text(sheet, 0, y + LABEL + 1, LABEL, PICTURE_LEFT, false, SHEET_INK, report_alert_text(alert->bit));
	for (size_t i = 0; i < report->n; i++) {
		const struct profile_interval *interval = &report->interval[i];
		double x0 = place(report, ALERT_TEXT, interval->from_s), x1 = place(report, ALERT_TEXT, interval->to_s);

		if (!(interval->alerts & alert->bit))
			continue;
		if (x0 - to > NARROW) {
			if (to >= 0)
				sheet_rectangle(sheet, from, y + 1.5, fmax(to - from, 0.8), ALERT_ROW - 3, SHEET_ALERT);
			from = x0;
		}
		to = x1;
	}
	if (to >= 0)
		sheet_rectangle(sheet, from, y + 1.5, fmax(to - from, 0.8), ALERT_ROW - 3, SHEET_ALERT);
}

void report_draw_alerts(struct sheet *sheet, const struct report *report)
{
	double bottom = report_alerts_height(report);

	sheet_text(sheet, 0, 11, 9.5, PICTURE_LEFT, true, SHEET_INK, "Alerts: intervals in which they were set");
	if (!report->alerts) {
		sheet_text(sheet, 0, TOP + LABEL, LABEL + 1, PICTURE_LEFT, false, SHEET_FAINT,
			    report->total.alerts_unknown ? "none that the log knows of" : "none");
		return;
	}
	draw_times(sheet, report, ALERT_TEXT, TOP, bottom, false);
	for (unsigned i = 0; i < report->alerts; i++)
		draw_alert(sheet, report, &report->alert[i], TOP + ALERT_ROW * i);
}
