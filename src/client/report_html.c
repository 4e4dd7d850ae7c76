/* A report as one HTML file: no script, nothing from elsewhere. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/report.h"
#include "picture/picture_file.h"

static const char style[] =
	":root{--paper:#fff;--ink:#1b1f24;--faint:#5b6470;--grid:#d8dce2;--real:#2f7fd0;--reactive:#c4501b;--apparent:#5b6470;--alert:#c62828}\n"
	"@media(prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e8ebef;--faint:#9aa4b0;--grid:#343b44;--real:#5aa2ea;"
	"--reactive:#f08a4b;--apparent:#9aa4b0;--alert:#ef6a6a;color-scheme:dark}}\n"
	"body{background:var(--paper);color:var(--ink);font:15px/1.4 sans-serif;max-width:66em;margin:2em auto;padding:0 1em}\n"
	"svg{width:100%;height:auto;display:block;margin:.6em 0;font-family:sans-serif}\n"
	".l{fill:none}.f{stroke:none}\n"
	".f.ink{fill:var(--ink)}.f.faint{fill:var(--faint)}.f.grid{fill:var(--grid)}.f.real{fill:var(--real)}.f.reactive{fill:var(--reactive)}"
	".f.apparent{fill:var(--apparent)}.f.alert{fill:var(--alert)}\n"
	".l.ink{stroke:var(--ink)}.l.faint{stroke:var(--faint)}.l.grid{stroke:var(--grid)}.l.real{stroke:var(--real)}"
	".l.reactive{stroke:var(--reactive)}.l.apparent{stroke:var(--apparent)}.l.alert{stroke:var(--alert)}\n"
	"table{border-collapse:collapse;width:100%;font-size:87%;margin:1em 0;font-variant-numeric:tabular-nums}\n"
	"th,td{text-align:right;padding:.2em .5em;border-bottom:1px solid var(--grid)}th:first-child,td:last-child,th:last-child{text-align:left}\n"
	"tbody th,td b{white-space:nowrap;font-weight:inherit}tbody th{font-weight:bold}\n"
	"caption{text-align:left;font-weight:bold}tfoot{font-weight:bold}.small{color:var(--faint);font-size:85%}\n";

static void escaped_line(FILE *out, const char *open, const char *text, const char *close)
{
	fputs(open, out);
	sheet_escape(out, text);
	fputs(close, out);
}

static void write_diagram(FILE *out, const struct report *report, const char *label, double height,
			  void (*draw)(struct sheet *sheet, const struct report *report))
{
	struct sheet sheet = { .svg = out };

	fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", REPORT_WIDTH, height);
	escaped_line(out, "", label, "\">\n");
	draw(&sheet, report);
	fputs("</svg>\n", out);
}

static void write_cells(FILE *out, const struct report *report, const struct profile_span *span)
{
	char text[REPORT_TEXT_MAX];

	report_energy(report, span, text);
	escaped_line(out, "<td>", text, "</td>");
	report_measured(span, text);
	escaped_line(out, "<td>", text, "</td>");
	for (int i = 0; i < PROFILE_DEMANDS; i++) {
		char time[REPORT_TIME_MAX];

		report_demand(report, span, i, text);
		escaped_line(out, "<td>", text, "</td>");
		report_days_time(span->max_s[i], time);
		if (isnan(span->max[i]))
			fputs("<td></td>", out);
		else	/* broken between date and time, if at all */
			fprintf(out, "<td><b>%.*s</b>%s</td>", (int)strcspn(time, " "), time, time + strcspn(time, " "));
	}
	report_alert_words(span, text);
	escaped_line(out, "<td>", text, "</td></tr>\n");
}

static void write_table(FILE *out, const struct report *report)
{
	char label[REPORT_TIME_MAX];

	fprintf(out, "<table>\n<caption>Energy, highest demand and alerts by %s</caption>\n<thead><tr><th scope=\"col\">%s</th>",
		report->unit == REPORT_DAY ? "day" : report->unit == REPORT_WEEK ? "week" : report->unit == REPORT_MONTH ? "month" : "year",
		report_unit_word(report));
	fputs("<th scope=\"col\">kWh</th><th scope=\"col\">measured %</th><th scope=\"col\">max kW</th><th scope=\"col\">at</th>"
	      "<th scope=\"col\">max kVAR</th><th scope=\"col\">at</th><th scope=\"col\">max kVA</th><th scope=\"col\">at</th>"
	      "<th scope=\"col\">alerts</th></tr></thead>\n<tbody>\n", out);
	for (unsigned i = 0; i < report->spans; i++) {
		report_days_label(report->span[i].from_s, report->unit, label);
		fprintf(out, "<tr><th scope=\"row\">%s</th>", label);
		write_cells(out, report, &report->span[i]);
	}
	fputs("</tbody>\n<tfoot><tr><th scope=\"row\">Total</th>", out);
	write_cells(out, report, &report->total);
	fputs("</tfoot>\n</table>\n", out);
}

static void write_alerts(FILE *out, const struct report *report)
{
	char first[REPORT_TIME_MAX], last[REPORT_TIME_MAX], length[REPORT_TEXT_MAX];

	if (!report->alerts)
		return;
	fputs("<table>\n<caption>Alerts</caption>\n<thead><tr><th scope=\"col\">alert</th><th scope=\"col\">times</th>"
	      "<th scope=\"col\">intervals</th><th scope=\"col\">at most</th><th scope=\"col\">first from</th>"
	      "<th scope=\"col\">last to</th></tr></thead>\n<tbody>\n", out);
	for (unsigned i = 0; i < report->alerts; i++) {
		const struct profile_alert *alert = &report->alert[i];

		report_days_time(alert->first_s, first);
		report_days_time(alert->last_s, last);
		report_duration(alert->seconds, length);
		escaped_line(out, "<tr><th scope=\"row\">", report_alert_text(alert->bit), "</th>");
		fprintf(out, "<td>%u</td><td>%u</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", alert->episodes, alert->intervals, length, first, last);
	}
	fputs("</tbody>\n</table>\n", out);
}

static void write_head(FILE *out, const struct report *report)
{
	char from[REPORT_TIME_MAX], to[REPORT_TIME_MAX], made[REPORT_TIME_MAX], zone[2][REPORT_TIME_MAX];

	report_days_time(report->from_s, from);
	report_days_time(report->to_s, to);
	report_days_time(report->made_s, made);
	report_days_zone(report->from_s, zone[0]);
	report_days_zone(report->to_s, zone[1]);
	fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
		"<title>Load and energy report %s to %s</title>\n<style>\n%s</style></head>\n<body>\n<h1>Load and energy report</h1>\n",
		from, to, style);
	fprintf(out, "<p><strong>%s to %s</strong>, local time ", from, to);
	escaped_line(out, "(", zone[0], "");
	if (strcmp(zone[0], zone[1]))
		escaped_line(out, "; then ", zone[1], "");
	fputs(")<br>\n", out);
	escaped_line(out, "", report->meter, "<br>\n");
	fprintf(out, "<span class=\"small\">made %s</span></p>\n", made);
}

static void write_page(FILE *out, const struct report *report)
{
	char text[REPORT_TEXT_MAX];
	const char *note;

	write_head(out, report);
	write_diagram(out, report, "Load profile: kW, kVAR and kVA demand by interval; the table below has the maxima", REPORT_PROFILE_HEIGHT,
		      report_draw_profile);
	write_diagram(out, report, "Energy, as in the table below", REPORT_ENERGY_HEIGHT, report_draw_energy);
	write_diagram(out, report, "When alerts were set, as in the table of alerts", report_alerts_height(report), report_draw_alerts);
	write_table(out, report);
	write_alerts(out, report);
	for (unsigned i = 0; (note = report_note(report, i, text)) != NULL; i++)
		if (*note)
			escaped_line(out, "<p class=\"small\">", note, "</p>\n");
	fputs("</body>\n</html>\n", out);
}

int report_write_html(const struct report *report, const char *file)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return -ENOMEM;
	write_page(out, report);
	error = fclose(out) ? -ENOMEM : picture_file_write(file, text, size);
	free(text);
	return error;
}
