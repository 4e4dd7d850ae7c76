/*
 * report - a period of the data log as one page: what stands in it, and its two forms.
 */
#ifndef CLIENT_REPORT_H
#define CLIENT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "client/sheet.h"
#include "client/report_days.h"
#include "report/profile.h"

#define REPORT_ALERTS_MAX 16
#define REPORT_TEXT_MAX 256

struct report {
	int64_t from_s, to_s, made_s;
	char meter[REPORT_TEXT_MAX];		/* who it is */
	struct profile_interval *interval;	/* all that end in the period or touch it, ascending; to be freed */
	size_t n;
	enum report_unit unit;
	unsigned spans;
	struct profile_span span[REPORT_SPANS_MAX], total;
	unsigned alerts;
	struct profile_alert alert[REPORT_ALERTS_MAX];	/* that were set */
	unsigned kw_from_energy;		/* intervals of the period */
};

/* From the entries, ascending by serial.  0, -ENOENT no entry in the period, -ERANGE more years than a page holds, -ENOMEM. */
int report_fill(struct report *report, const struct datalog_entry *entry, size_t n, int64_t from_s, int64_t to_s);

/* What the cells of the table say; `text` of REPORT_TEXT_MAX. */
void report_energy(const struct report *report, const struct profile_span *span, char *text);
void report_measured(const struct profile_span *span, char *text);
void report_demand(const struct profile_span *span, int which, char *text);
void report_alert_words(const struct profile_span *span, char *text);
void report_duration(int64_t seconds, char *text);
const char *report_unit_word(const struct report *report);
const char *report_alert_text(unsigned bit);

/* Remarks below the table; NULL = no more. */
const char *report_note(const struct report *report, unsigned number, char *text);

/* The diagrams, in a rectangle of this size at the sheet's origin. */
#define REPORT_WIDTH 515.0
#define REPORT_PROFILE_HEIGHT 150.0
#define REPORT_ENERGY_HEIGHT 105.0
double report_alerts_height(const struct report *report);
void report_draw_profile(struct sheet *sheet, const struct report *report);
void report_draw_energy(struct sheet *sheet, const struct report *report);
void report_draw_alerts(struct sheet *sheet, const struct report *report);

/* Writes the file, whole or not at all.  0 or -errno. */
int report_write_pdf(const struct report *report, const char *file);
int report_write_html(const struct report *report, const char *file);

#endif
