/* What a report says: the log's entries summed up, and its words. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/report.h"
#include "metering/alerts.h"

static void add(struct report *report, const struct profile_interval *interval)
{
	bool ends = interval->to_s > report->from_s && interval->to_s <= report->to_s;
	size_t n;

	alerts_words(&n);
	for (unsigned i = 0; i < report->spans; i++)
		profile_add(&report->span[i], interval);
	profile_add(&report->total, interval);
	if (!ends)
		return;
	report->kw_from_energy += interval->kw_from_energy;
	for (size_t i = 0; i < n && i < REPORT_ALERTS_MAX; i++)
		profile_add_alert(&report->alert[i], interval);
}

static void keep_alerts_that_were_set(struct report *report)
{
	size_t n;

	alerts_words(&n);
	for (size_t i = 0; i < n && i < REPORT_ALERTS_MAX; i++)
		if (report->alert[i].intervals)
			report->alert[report->alerts++] = report->alert[i];
}

int report_fill(struct report *report, const struct datalog_entry *entry, size_t n, int64_t from_s, int64_t to_s)
{
	int64_t bound[REPORT_SPANS_MAX + 1];
	size_t words_n;
	const struct alert_word *words = alerts_words(&words_n);

	report->from_s = from_s;
	report->to_s = to_s;
	report->spans = report_days_divide(from_s, to_s, bound, &report->unit);
	if (!report->spans)
		return -ERANGE;
	report->interval = calloc(n ? n : 1, sizeof(*report->interval));
	if (!report->interval)
		return -ENOMEM;
	for (unsigned i = 0; i < report->spans; i++)
		profile_begin(&report->span[i], bound[i], bound[i + 1]);
	profile_begin(&report->total, from_s, to_s);
	for (size_t i = 0; i < words_n && i < REPORT_ALERTS_MAX; i++)
		report->alert[i].bit = words[i].bit;
	for (size_t i = 0; i < n; i++) {
		struct profile_interval *interval = &report->interval[report->n];

		profile_interval(i ? &entry[i - 1] : NULL, &entry[i], i + 1 < n ? &entry[i + 1] : NULL, interval);
		if (interval->to_s <= from_s || interval->from_s >= to_s)
			continue;
		add(report, interval);
		report->n++;
	}
	keep_alerts_that_were_set(report);
	return report->total.intervals ? 0 : -ENOENT;
}

/* As many decimals as any of the energies needs, three at most. */
static int decimals(const struct report *report)
{
	static const int64_t units[] = { PROFILE_PER_KWH, PROFILE_PER_KWH / 10, PROFILE_PER_KWH / 100 };
	int n = 0;

	for (unsigned i = 0; i < report->spans; i++)
		while (n < 3 && report->span[i].energy % units[n])
			n++;
	return n;
}

void report_energy(const struct report *report, const struct profile_span *span, char *text)
{
	if (!span->known_s)
		snprintf(text, REPORT_TEXT_MAX, "unknown");
	else
		snprintf(text, REPORT_TEXT_MAX, "%s%.*f", profile_is_complete(span) ? "" : "≥ ", decimals(report),
			 (double)span->energy / PROFILE_PER_KWH);
}

void report_measured(const struct profile_span *span, char *text)
{
	double percent = 100.0 * (double)span->measured_s / (double)(span->to_s - span->from_s);

	/* whole means whole */
	snprintf(text, REPORT_TEXT_MAX, "%.1f", fmin(floor(percent * 10) / 10, 100));
}

void report_demand(const struct profile_span *span, int which, char *text)
{
	if (isnan(span->max[which]))
		snprintf(text, REPORT_TEXT_MAX, "unknown");
	else
		snprintf(text, REPORT_TEXT_MAX, "%.6g", span->max[which]);
}

void report_alert_words(const struct profile_span *span, char *text)
{
	size_t n, used = 0;
	const struct alert_word *words = alerts_words(&n);

	*text = '\0';
	for (size_t i = 0; i < n; i++)
		if ((span->alerts & words[i].bit) && used < REPORT_TEXT_MAX - 32)
			used += (size_t)snprintf(text + used, REPORT_TEXT_MAX - used, "%s%s", used ? " " : "", words[i].code);
	if (!span->intervals || (!used && span->alerts_unknown))
		snprintf(text, REPORT_TEXT_MAX, "unknown");
	else if (!used)
		snprintf(text, REPORT_TEXT_MAX, "none");
	else if (span->alerts_unknown)
		snprintf(text + used, REPORT_TEXT_MAX - used, " ..");
}

void report_duration(int64_t seconds, char *text)
{
	long long minutes = (seconds + 59) / 60;

	if (minutes >= 60)
		snprintf(text, REPORT_TEXT_MAX, "%lld h %02lld min", minutes / 60, minutes % 60);
	else
		snprintf(text, REPORT_TEXT_MAX, "%lld min", minutes);
}

const char *report_unit_word(const struct report *report)
{
	static const char *const words[] = { [REPORT_DAY] = "Day", [REPORT_WEEK] = "Week", [REPORT_MONTH] = "Month", [REPORT_YEAR] = "Year" };

	return words[report->unit];
}

const char *report_alert_text(unsigned bit)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; i < n; i++)
		if (words[i].bit == bit)
			return words[i].text;
	return "";
}

static int64_t undivided(const struct report *report)
{
	int64_t rest = report->total.energy;

	for (unsigned i = 0; i < report->spans; i++)
		rest -= report->span[i].energy;
	return rest;
}

const char *report_note(const struct report *report, unsigned number, char *text)
{
	const struct profile_span *total = &report->total;

	*text = '\0';
	switch (number) {
	case 0:
		return "Energy is the difference of what the register read at the last entries up to each end; its intervals count where they end. "
		       "≥ and unknown: the log does not tell all or any of it.";
	case 1:
		if (undivided(report) > 0)
			snprintf(text, REPORT_TEXT_MAX, "%.3f kWh are in the total alone: of intervals over an hour long that no part can claim.",
				 (double)undivided(report) / PROFILE_PER_KWH);
		return text;
	case 2:
		if (total->alerts_unknown)
			snprintf(text, REPORT_TEXT_MAX, "Alerts of %u of %u intervals are not known: they are from before the log noted them.",
				 total->alerts_unknown, total->intervals);
		return text;
	case 3:
		if (report->kw_from_energy)
			snprintf(text, REPORT_TEXT_MAX, "kW demand was not recorded in %u of %u intervals: the mean by the energy stands in.",
				 report->kw_from_energy, total->intervals);
		return text;
	default:
		return NULL;
	}
}
