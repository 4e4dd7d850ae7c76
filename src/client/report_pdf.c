/* A report as a page of A4. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/report.h"

#define PAGE_WIDTH 595.276
#define PAGE_HEIGHT 841.89
#define MARGIN ((PAGE_WIDTH - REPORT_WIDTH) / 2)
#define NOTES 34.0
#define ROW_MAX 13.0
#define ALERTS_SHOWN 32

enum { LABEL, ENERGY, MEASURED, KW, KVAR, KVA, ALERTS, COLUMNS };

/* Right ends of the numbers, left ends of the texts. */
static const double column_x[COLUMNS] = { 0, 165, 215, 270, 325, 380, 392 };

static void draw_cell(struct sheet *sheet, int column, double y, double size, bool bold, const char *text)
{
	sheet_text(sheet, column_x[column], y, size, column == LABEL || column == ALERTS ? PICTURE_LEFT : PICTURE_RIGHT, bold, SHEET_INK, text);
}

static void draw_row(struct sheet *sheet, const struct report *report, const struct profile_span *span, const char *label, double y,
		     double size, bool bold)
{
	char text[REPORT_TEXT_MAX];

	draw_cell(sheet, LABEL, y, size, bold, label);
	report_energy(report, span, text);
	draw_cell(sheet, ENERGY, y, size, bold, text);
	report_measured(span, text);
	draw_cell(sheet, MEASURED, y, size, bold, text);
	for (int i = 0; i < PROFILE_DEMANDS; i++) {
		report_demand(span, i, text);
		draw_cell(sheet, KW + i, y, size, bold, text);
	}
	report_alert_words(span, text);
	/* what does not fit stands in the diagram */
	if (strlen(text) > ALERTS_SHOWN)
		snprintf(text + ALERTS_SHOWN - 3, 4, " ..");
	draw_cell(sheet, ALERTS, y, size, bold, text);
}

static void draw_table(struct sheet *sheet, const struct report *report, double height)
{
	static const char *const heads[COLUMNS] = { "", "kWh", "measured %", "max kW", "max kVAR", "max kVA", "alerts" };
	double row = fmin(height / (report->spans + 2), ROW_MAX), size = fmin(row * 0.74, 8.5), y = row;
	const double x[2] = { 0, REPORT_WIDTH };

	for (int i = 0; i < COLUMNS; i++)
		draw_cell(sheet, i, y - row * 0.25, size, true, i ? heads[i] : report_unit_word(report));
	for (unsigned i = 0; i <= report->spans; i++, y += row) {
		const double line_y[2] = { y, y };
		bool total = i == report->spans;
		char label[REPORT_TIME_MAX];

		sheet_line(sheet, x, line_y, 2, i && !total ? SHEET_GRID : SHEET_FAINT, 0.4);
		report_days_label(total ? report->from_s : report->span[i].from_s, report->unit, label);
		draw_row(sheet, report, total ? &report->total : &report->span[i], total ? "Total" : label, y + row * 0.75, size, total);
	}
}

static void draw_tile(struct sheet *sheet, int number, const char *title, const char *value, const char *below)
{
	double x = REPORT_WIDTH / 4 * number;

	sheet_text(sheet, x, 0, 8, PICTURE_LEFT, false, SHEET_FAINT, title);
	sheet_text(sheet, x, 17, 14, PICTURE_LEFT, true, SHEET_INK, value);
	sheet_text(sheet, x, 28, 7.5, PICTURE_LEFT, false, SHEET_FAINT, below);
}

static void draw_tiles(struct sheet *sheet, const struct report *report)
{
	static const char *const titles[] = { "Highest demand, kW", "Highest demand, kVAR", "Highest demand, kVA" };
	char text[REPORT_TEXT_MAX];

	report_energy(report, &report->total, text);
	draw_tile(sheet, 0, "Real energy, kWh", text, profile_is_complete(&report->total) ? "all of the period" : "as far as it is known");
	for (int i = 0; i < PROFILE_DEMANDS; i++) {
		char time[REPORT_TIME_MAX] = "";

		report_demand(&report->total, i, text);
		if (!isnan(report->total.max[i]))
			report_days_time(report->total.max_s[i], time);
		draw_tile(sheet, i + 1, titles[i], text, time);
	}
}

static void draw_head(struct sheet *sheet, const struct report *report)
{
	char from[REPORT_TIME_MAX], to[REPORT_TIME_MAX], zone[2][REPORT_TIME_MAX], made[REPORT_TIME_MAX], text[REPORT_TEXT_MAX];

	report_days_time(report->from_s, from);
	report_days_time(report->to_s, to);
	report_days_time(report->made_s, made);
	report_days_zone(report->from_s, zone[0]);
	report_days_zone(report->to_s, zone[1]);
	sheet_text(sheet, 0, 0, 18, PICTURE_LEFT, true, SHEET_INK, "Load and energy report");
	snprintf(text, sizeof(text), "%s to %s", from, to);
	sheet_text(sheet, 0, 16, 10, PICTURE_LEFT, true, SHEET_INK, text);
	snprintf(text, sizeof(text), "local time: %s%s%s", zone[0], strcmp(zone[0], zone[1]) ? "; then " : "",
		 strcmp(zone[0], zone[1]) ? zone[1] : "");
	sheet_text(sheet, REPORT_WIDTH, 16, 8, PICTURE_RIGHT, false, SHEET_FAINT, text);
	sheet_text(sheet, 0, 28, 8, PICTURE_LEFT, false, SHEET_FAINT, report->meter);
	snprintf(text, sizeof(text), "made %s", made);
	sheet_text(sheet, REPORT_WIDTH, 28, 8, PICTURE_RIGHT, false, SHEET_FAINT, text);
}

static void draw_notes(struct sheet *sheet, const struct report *report)
{
	char text[REPORT_TEXT_MAX];
	const char *note;
	double y = 8;

	for (unsigned i = 0; (note = report_note(report, i, text)) != NULL; i++) {
		if (!*note)
			continue;
		sheet_text(sheet, 0, y, 6.3, PICTURE_LEFT, false, SHEET_FAINT, note);
		y += 8;
	}
}

int report_write_pdf(const struct report *report, const char *file)
{
	struct picture picture;
	struct sheet sheet = { .picture = &picture, .dx = MARGIN, .dy = 52 };
	int error = picture_begin(&picture, PICTURE_PDF, PICTURE_LIGHT, PAGE_WIDTH, PAGE_HEIGHT, 1);

	if (error)
		return error;
	draw_head(&sheet, report);
	sheet.dy += 52;
	draw_tiles(&sheet, report);
	sheet.dy += 40;
	report_draw_profile(&sheet, report);
	sheet.dy += REPORT_PROFILE_HEIGHT + 4;
	report_draw_energy(&sheet, report);
	sheet.dy += REPORT_ENERGY_HEIGHT + 4;
	report_draw_alerts(&sheet, report);
	sheet.dy += report_alerts_height(report) + 10;
	draw_table(&sheet, report, PAGE_HEIGHT - MARGIN - NOTES - sheet.dy);
	sheet.dy = PAGE_HEIGHT - MARGIN - NOTES + 4;
	draw_notes(&sheet, report);
	return picture_end(&picture, file);
}
