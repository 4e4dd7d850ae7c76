#include "report/profile.h"

#include <math.h>
#include <string.h>

#include "registers/decode.h"

/* Where a clock is stepped by the network's time, or a cycle is late, an interval is not exactly what was measured. */
#define SLACK_S 3
#define SLACK_PART 100

static int find_log(const struct datalog_entry *entry, unsigned number)
{
	for (int i = 0; i < DATALOG_LOGS; i++)
		if (entry->pointer[i] == number)
			return i;
	return -1;
}

/* The words of a row, when all were recorded and are valid. */
static bool get_words(const struct datalog_entry *entry, const struct point *point, uint16_t words[2])
{
	for (unsigned i = 0; i < point->registers && i < 2; i++) {
		int log = find_log(entry, point->number + i);

		if (log < 0)
			return false;
		words[i] = entry->word[log];
	}
	return point->registers <= 2 && !decode_is_void(point, words);
}

static struct decode_scales scales_of(const struct datalog_entry *entry)
{
	return (struct decode_scales){ entry->scale_i, entry->scale_v, entry->scale_w, entry->scale_e };
}

/* The first row of the name that the entry holds whole; NAN = none. */
static double get_value(const struct datalog_entry *entry, const char *name)
{
	const struct decode_scales scales = scales_of(entry);

	for (const struct point *point = registers_find_name(name, NULL); point; point = registers_find_name(name, point)) {
		uint16_t words[2];

		if (get_words(entry, point, words))
			return decode_value(point, words, &scales);
	}
	return (double)NAN;
}

/* Counts of the energy's integer, modulo 2^32.  Less than before is a wrap only where no clearing of the energies can be the reason. */
static int64_t integer_difference(const struct point *point, const struct datalog_entry *before, const struct datalog_entry *entry,
				  const uint16_t from[2], const uint16_t to[2])
{
	const struct decode_scales scales = scales_of(entry);
	int exponent = decode_exponent(point, &scales);
	int64_t counts = decode_integer(point, to) - decode_integer(point, from);

	if (before->scale_e != entry->scale_e)
		return PROFILE_UNKNOWN;
	if (counts < 0 && before->noted && entry->noted)
		counts += INT64_C(1) << 32;
	/* more than half around: a counter that went back, by a state put in from elsewhere */
	if (counts < 0 || counts >= INT64_C(1) << 31)
		return PROFILE_UNKNOWN;
	for (; exponent > -4; exponent--)
		counts *= 10;
	return counts;
}

static int64_t float_difference(const struct point *point, const uint16_t from[2], const uint16_t to[2])
{
	const struct decode_scales none = { 0, 0, 0, 0 };
	double kwh = decode_value(point, to, &none) - decode_value(point, from, &none);

	return kwh >= 0 && kwh < 1e12 ? llround(kwh * PROFILE_PER_KWH) : PROFILE_UNKNOWN;
}

static int64_t get_energy(const struct datalog_entry *before, const struct datalog_entry *entry)
{
	if (!before || (before->noted && entry->noted && before->energy_resets != entry->energy_resets))
		return PROFILE_UNKNOWN;
	for (const struct point *point = registers_find_name("kwh", NULL); point; point = registers_find_name("kwh", point)) {
		uint16_t from[2], to[2];

		if (!get_words(before, point, from) || !get_words(entry, point, to))
			continue;
		return point->format == REGISTER_FLOAT ? float_difference(point, from, to)
						       : integer_difference(point, before, entry, from, to);
	}
	return PROFILE_UNKNOWN;
}

/* Without a word of how long was measured: whole when it is not much longer than a neighbour. */
static bool is_usual(const struct datalog_entry *entry, const struct datalog_entry *next, int64_t length_s)
{
	int64_t beside_s = next && next->serial == entry->serial + 1 ? next->utc_s - entry->utc_s : 0;

	return beside_s > 0 && length_s <= beside_s + beside_s / 2;
}

static void set_time(const struct datalog_entry *before, const struct datalog_entry *entry, const struct datalog_entry *next,
		     struct profile_interval *interval)
{
	bool follows = before && before->utc_s < entry->utc_s;
	int64_t length_s;

	interval->to_s = entry->utc_s;
	interval->from_s = follows ? before->utc_s : entry->utc_s - (entry->noted ? (int64_t)entry->measured_s : 0);
	length_s = interval->to_s - interval->from_s;
	follows = follows && before->serial + 1 == entry->serial;
	if (entry->noted) {
		interval->measured_s = entry->measured_s < length_s ? entry->measured_s : length_s;
		interval->whole = length_s - interval->measured_s <= SLACK_S + length_s / SLACK_PART && length_s > 0;
	} else {
		interval->whole = follows && is_usual(entry, next, length_s);
		interval->measured_s = interval->whole ? length_s : -1;
	}
}

void profile_interval(const struct datalog_entry *before, const struct datalog_entry *entry, const struct datalog_entry *next,
		      struct profile_interval *interval)
{
	static const char *const names[PROFILE_DEMANDS] = { "kw_demand", "kvar_demand", "kva_demand" };

	memset(interval, 0, sizeof(*interval));
	set_time(before, entry, next, interval);
	interval->energy = get_energy(before, entry);
	for (int i = 0; i < PROFILE_DEMANDS; i++)
		interval->demand[i] = get_value(entry, names[i]);
	if (isnan(interval->demand[PROFILE_KW]) && interval->energy != PROFILE_UNKNOWN && interval->whole) {
		interval->demand[PROFILE_KW] = (double)interval->energy / PROFILE_PER_KWH * 3600 / (double)(interval->to_s - interval->from_s);
		interval->kw_from_energy = true;
	}
	interval->alerts_known = entry->noted;
	interval->alerts = entry->alerts;
}

void profile_begin(struct profile_span *span, int64_t from_s, int64_t to_s)
{
	memset(span, 0, sizeof(*span));
	span->from_s = from_s;
	span->to_s = to_s;
	for (int i = 0; i < PROFILE_DEMANDS; i++)
		span->max[i] = (double)NAN;
}

static int64_t overlap_s(const struct profile_span *span, const struct profile_interval *interval)
{
	int64_t from_s = interval->from_s > span->from_s ? interval->from_s : span->from_s;
	int64_t to_s = interval->to_s < span->to_s ? interval->to_s : span->to_s;

	return to_s > from_s ? to_s - from_s : 0;
}

static void add_ended(struct profile_span *span, const struct profile_interval *interval)
{
	span->intervals++;
	span->alerts |= interval->alerts;
	span->alerts_unknown += !interval->alerts_known;
	for (int i = 0; i < PROFILE_DEMANDS; i++) {
		if (isnan(interval->demand[i]) || interval->demand[i] <= span->max[i])
			continue;
		span->max[i] = interval->demand[i];
		span->max_s[i] = interval->to_s;
	}
}

void profile_add(struct profile_span *span, const struct profile_interval *interval)
{
	bool ends = interval->to_s > span->from_s && interval->to_s <= span->to_s;
	bool inside = interval->from_s >= span->from_s && interval->to_s <= span->to_s;
	bool divisible = inside || interval->to_s - interval->from_s <= PROFILE_ACROSS_MAX_S;
	int64_t shared_s = overlap_s(span, interval);

	if (ends)
		add_ended(span, interval);
	if (interval->whole)
		span->measured_s += shared_s;
	else if (inside && interval->measured_s > 0)
		span->measured_s += interval->measured_s;
	if (interval->energy == PROFILE_UNKNOWN || !divisible)
		return;
	span->known_s += shared_s;
	if (ends)
		span->energy += interval->energy;
}

bool profile_is_complete(const struct profile_span *span)
{
	return span->known_s >= span->to_s - span->from_s;
}

void profile_add_alert(struct profile_alert *alert, const struct profile_interval *interval)
{
	if (!interval->alerts_known || !(interval->alerts & alert->bit))
		return;
	if (!alert->intervals || interval->from_s != alert->end_s)
		alert->episodes++;
	if (!alert->intervals)
		alert->first_s = interval->from_s;
	alert->intervals++;
	alert->seconds += interval->to_s - interval->from_s;
	alert->last_s = alert->end_s = interval->to_s;
}
