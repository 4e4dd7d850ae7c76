#include "store/nv.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metering/range.h"
#include "store/crc32.h"

/* The year 9999: a clock further off is no clock. */
#define CLOCK_MAX INT64_C(253402300799)
#define SCALE_MOST 4
#define RESETS_MAX 32767

#define PLACE(member) .offset = offsetof(struct nv, member), .size = sizeof(((struct nv *)NULL)->member), .since = 1
#define NUMBER(name_, type_, member, min_, max_) \
	{ .name = (name_), .type = (type_), PLACE(member), .min = (min_), .max = (max_) }
#define OTHER(name_, type_, member) { .name = (name_), .type = (type_), PLACE(member) }
#define SETTING(which, member) \
	{ .name = #member, .type = NV_INT, PLACE(meter.settings.member), .range = SETTING_##which##_RANGE }, \
	{ .name = "file_" #member, .type = NV_INT, PLACE(file_settings.member), .range = SETTING_##which##_RANGE }

/* What the log keeps came with version 2 of the schema. */
#define LOG_PLACE(member, initial_) \
	.offset = offsetof(struct nv, meter.log.member), .size = sizeof(((struct nv *)NULL)->meter.log.member), \
	.since = 2, .initial = (initial_)
#define LOG_NUMBER(name_, type_, member, min_, max_, initial_) \
	{ .name = (name_), .type = (type_), LOG_PLACE(member, initial_), .min = (min_), .max = (max_) }
#define LOG_RANGE(name_, type_, member, range_, initial_) \
	{ .name = (name_), .type = (type_), LOG_PLACE(member, initial_), .range = (range_) }
#define LOG_OTHER(name_, type_, member, initial_) { .name = (name_), .type = (type_), LOG_PLACE(member, initial_) }
/* What entries keep beside the registers came with version 3. */
#define LOG_NOTED(name_, type_, member, min_, max_, initial_) \
	{ .name = (name_), .type = (type_), .offset = offsetof(struct nv, meter.log.member), \
	  .size = sizeof(((struct nv *)NULL)->meter.log.member), .since = 3, .initial = (initial_), .min = (min_), .max = (max_) }
#define LOG_POINTER(n, initial_) \
	LOG_RANGE("log_pointer_" #n, NV_UINT16, pointer[n - 1], DATALOG_POINTER_RANGE, initial_)

#define NO_ENTRY "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"

static const struct nv_field fields[] = {
	SETTING(SYSTEM_TYPE, system_type),
	SETTING(CT_PRIMARY, ct_primary),
	SETTING(CT_SECONDARY, ct_secondary),
	SETTING(PT_RATIO, pt_ratio),
	SETTING(SYSTEM_VOLTAGE, system_voltage),
	SETTING(DISPLAY_UNITS, display_units),
	SETTING(PHASE_LOSS_VOLTAGE, phase_loss_voltage),
	SETTING(PHASE_LOSS_IMBALANCE, phase_loss_imbalance),
	SETTING(PULSE_ENERGY, pulse_energy),
	SETTING(DEMAND_SUBINTERVALS, demand_subintervals),
	SETTING(DEMAND_SUBINTERVAL_S, demand_subinterval_s),
	SETTING(ADDRESS, address),
	SETTING(BAUD, baud),
	SETTING(PARITY, parity),
	OTHER("kwh", NV_ENERGY, meter.energies.kwh),
	OTHER("kvah", NV_ENERGY, meter.energies.kvah),
	OTHER("kvarh", NV_ENERGY, meter.energies.kvarh),
	OTHER("kwh_a", NV_ENERGY, meter.energies.kwh_phase[0]),
	OTHER("kwh_b", NV_ENERGY, meter.energies.kwh_phase[1]),
	OTHER("kwh_c", NV_ENERGY, meter.energies.kwh_phase[2]),
	NUMBER("energy_resets", NV_UINT, meter.energy_resets, 0, RESETS_MAX),
	NUMBER("power_ups", NV_UINT, meter.power_ups, 0, 32767),
	OTHER("kw_max_demand", NV_DOUBLE, meter.max_demand[DEMAND_P]),
	OTHER("kvar_max_demand", NV_DOUBLE, meter.max_demand[DEMAND_Q]),
	OTHER("kva_max_demand", NV_DOUBLE, meter.max_demand[DEMAND_S]),
	NUMBER("pulses_1", NV_UINT, meter.pulse[PULSE_REAL].closures, 0, UINT32_MAX),
	NUMBER("pulses_2", NV_UINT, meter.pulse[PULSE_REACTIVE].closures, 0, UINT32_MAX),
	OTHER("pulses_1_owed_wh", NV_ENERGY, meter.pulse[PULSE_REAL].owed),
	OTHER("pulses_2_owed_varh", NV_ENERGY, meter.pulse[PULSE_REACTIVE].owed),
	/* The alert comes back by itself while it is true, and a boot that is not known counts as another. */
	{ .name = "pulse_overrun", .type = NV_BOOL, PLACE(meter.pulse_overrun), .initial = "0" },
	{ .name = "pulse_raised", .type = NV_BOOL, PLACE(meter.pulse_raised), .initial = "0" },
	{ .name = "run", .type = NV_UINT64, PLACE(run), .max = INT64_MAX, .initial = "0" },
	{ .name = "run_closures_1", .type = NV_UINT64, PLACE(run_made[PULSE_REAL]), .max = INT64_MAX, .initial = "0" },
	{ .name = "run_closures_2", .type = NV_UINT64, PLACE(run_made[PULSE_REACTIVE]), .max = INT64_MAX, .initial = "0" },
	{ .name = "boot_id", .type = NV_TEXT, PLACE(boot_id), .initial = "" },
	{ .name = "stopped", .type = NV_BOOL, PLACE(stopped), .initial = "0" },
	OTHER("setup_password", NV_HASH, setup_password),
	OTHER("reset_password", NV_HASH, reset_password),
	OTHER("file_setup_password", NV_HASH, file_setup_password),
	OTHER("file_reset_password", NV_HASH, file_reset_password),

	LOG_RANGE("log_read_page", NV_UINT, page, DATALOG_PAGE_RANGE, "0"),
	LOG_RANGE("log_config", NV_UINT, config, DATALOG_CONFIG_RANGE, "0"),
	LOG_NUMBER("log_status", NV_UINT, status, 0, 63, "0"),
	LOG_NUMBER("log_wraps", NV_UINT, wraps, 0, 32767, "0"),
	LOG_NUMBER("log_entries", NV_UINT, entries, 0, DATALOG_ENTRIES, "0"),
	LOG_OTHER("log_kwh_start", NV_ENERGY, kwh_start, "0.000000000"),
	LOG_OTHER("log_newest_clock_s", NV_TIME, newest_clock_s, "never"),
	LOG_POINTER(1, "1"), LOG_POINTER(2, "2"), LOG_POINTER(3, "29"), LOG_POINTER(4, "30"), LOG_POINTER(5, "37"),
	LOG_POINTER(6, "38"), LOG_POINTER(7, "39"), LOG_POINTER(8, "155"), LOG_POINTER(9, "156"), LOG_POINTER(10, "157"),
	LOG_NUMBER("log_clock_offset_s", NV_INT64, clock_offset_s, -2 * CLOCK_MAX, 2 * CLOCK_MAX, "0"),
	LOG_RANGE("log_events", NV_UINT, events, "0,8,16,24,32,40,48,56", "0"),
	LOG_NOTED("log_alerts", NV_UINT, alerts, 0, UINT16_MAX, "0"),
	LOG_NUMBER("log_serial", NV_UINT64, serial, 0, INT64_MAX, "0"),
	LOG_NUMBER("log_first_serial", NV_UINT64, first_serial, 0, INT64_MAX, "1"),
	LOG_OTHER("log_holding", NV_BOOL, holding, "0"),
	LOG_OTHER("log_held", NV_ENTRY, held, NO_ENTRY),
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

const struct nv_field *nv_fields(size_t *n)
{
	*n = FIELDS;
	return fields;
}

const struct nv_field *nv_find(const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

bool nv_is_integer(const struct nv_field *field)
{
	return field->type <= NV_BOOL;
}

/* A member of any whole type, widened. */
static int64_t get_integer(const void *member, enum nv_type type)
{
	switch (type) {
	case NV_INT: { int value; memcpy(&value, member, sizeof(value)); return value; }
	case NV_UINT: { unsigned value; memcpy(&value, member, sizeof(value)); return value; }
	case NV_UINT16: { uint16_t value; memcpy(&value, member, sizeof(value)); return value; }
	case NV_BOOL: { unsigned char value; memcpy(&value, member, sizeof(value)); return value; }
	default: { int64_t value; memcpy(&value, member, sizeof(value)); return value; }
	}
}

static void set_integer(void *member, enum nv_type type, int64_t value)
{
	switch (type) {
	case NV_INT: { int narrow = (int)value; memcpy(member, &narrow, sizeof(narrow)); break; }
	case NV_UINT: { unsigned narrow = (unsigned)value; memcpy(member, &narrow, sizeof(narrow)); break; }
	case NV_UINT16: { uint16_t narrow = (uint16_t)value; memcpy(member, &narrow, sizeof(narrow)); break; }
	case NV_BOOL: { bool narrow = value != 0; memcpy(member, &narrow, sizeof(narrow)); break; }
	default: memcpy(member, &value, sizeof(value));
	}
}

void nv_entry_get_text(const struct datalog_entry *entry, char *text, size_t size)
{
	int n = snprintf(text, size, "%" PRIu64 " %" PRId64 " %" PRId64, entry->serial, entry->clock_s, entry->utc_s);

	for (int i = 0; i < 2 * DATALOG_LOGS && n >= 0 && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, " %u",
			      i < DATALOG_LOGS ? entry->pointer[i] : entry->word[i - DATALOG_LOGS]);
	if (n >= 0 && (size_t)n < size)
		n += snprintf(text + n, size - (size_t)n, " %d %d %d %d", entry->scale_i, entry->scale_v, entry->scale_w,
			      entry->scale_e);
	if (entry->noted && n >= 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, " %u %u %" PRIu32, entry->alerts, entry->energy_resets, entry->measured_s);
}

void nv_get_text(const struct nv *nv, const struct nv_field *field, char *text, size_t size)
{
	const char *member = (const char *)nv + field->offset;
	struct datalog_entry entry;
	struct energy energy;
	double number;
	int64_t time_s;

	switch (field->type) {
	case NV_ENERGY:
		memcpy(&energy, member, sizeof(energy));
		snprintf(text, size, "%" PRIu64 ".%09" PRIu32, energy.wh, energy.nwh);
		break;
	case NV_DOUBLE:
		memcpy(&number, member, sizeof(number));
		snprintf(text, size, "%.17g", number);
		break;
	case NV_TEXT:
	case NV_HASH:
		snprintf(text, size, "%.*s", (int)field->size, member);
		break;
	case NV_TIME:
		memcpy(&time_s, member, sizeof(time_s));
		if (time_s == DATALOG_NEVER)
			snprintf(text, size, "never");
		else
			snprintf(text, size, "%" PRId64, time_s);
		break;
	case NV_ENTRY:
		memcpy(&entry, member, sizeof(entry));
		nv_entry_get_text(&entry, text, size);
		break;
	default:
		snprintf(text, size, "%" PRId64, get_integer(member, field->type));
	}
}

/* A whole decimal number as printf writes it: nothing before or behind, no needless zeros.  0, -EINVAL, -ERANGE. */
static int parse_integer(const char *text, const char **end, int64_t *value)
{
	const char *digits = text + (*text == '-');
	size_t length = strspn(digits, "0123456789");
	char *stop;

	if (!length || (digits[0] == '0' && (length > 1 || digits != text)))
		return -EINVAL;
	if (length > 19)
		return -ERANGE;
	/* 19 digits fit an unsigned one. */
	uint64_t magnitude = strtoull(digits, &stop, 10);
	if (magnitude > (uint64_t)INT64_MAX)
		return -ERANGE;
	*value = digits != text ? -(int64_t)magnitude : (int64_t)magnitude;
	*end = stop;
	return 0;
}

static int parse_whole(const char *text, int64_t *value)
{
	const char *end;
	int error = parse_integer(text, &end, value);

	return error ? error : *end ? -EINVAL : 0;
}

static int parse_energy(const char *text, struct energy *energy)
{
	size_t whole = strspn(text, "0123456789"), part;
	uint64_t wh = 0;

	if (!whole || text[whole] != '.' || (text[0] == '0' && whole > 1))
		return -EINVAL;
	part = strspn(text + whole + 1, "0123456789");
	if (part != 9 || text[whole + 1 + part])
		return -EINVAL;
	for (size_t i = 0; i < whole; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (wh > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		wh = 10 * wh + digit;
	}
	*energy = (struct energy){ .wh = wh, .nwh = (uint32_t)strtoul(text + whole + 1, NULL, 10) };
	return 0;
}

static int parse_double(const char *text, double *value)
{
	char *end;

	/* strtod takes hexadecimals, "inf" and blanks too. */
	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return -EINVAL;
	*value = strtod(text, &end);
	if (*end)
		return -EINVAL;
	return isfinite(*value) && *value >= 0 ? 0 : -ERANGE;
}

bool nv_entry_legal(const struct datalog_entry *entry)
{
	const int8_t scale[] = { entry->scale_i, entry->scale_v, entry->scale_w, entry->scale_e };

	for (size_t i = 0; i < sizeof(scale); i++)
		if (scale[i] < -SCALE_MOST || scale[i] > SCALE_MOST)
			return false;
	if (entry->noted ? entry->energy_resets > RESETS_MAX : entry->alerts || entry->energy_resets || entry->measured_s)
		return false;
	/* What was never held has no registers. */
	for (int i = 0; i < DATALOG_LOGS; i++)
		if (!range_holds(DATALOG_POINTER_RANGE, entry->pointer[i]) && (entry->serial || entry->pointer[i]))
			return false;
	return entry->serial <= INT64_MAX && entry->clock_s >= -CLOCK_MAX && entry->clock_s <= CLOCK_MAX &&
	       entry->utc_s >= -CLOCK_MAX && entry->utc_s <= CLOCK_MAX;
}

enum { SERIAL, CLOCK, UTC, POINTERS, WORDS = POINTERS + DATALOG_LOGS, SCALES = WORDS + DATALOG_LOGS, ALERTS = SCALES + 4, RESETS, MEASURED,
       NUMBERS };

/* Is the number i of an entry's text one of its type? */
static bool is_entry_number(int i, int64_t number)
{
	if (i >= SCALES && i < ALERTS)
		return number >= -SCALE_MOST && number <= SCALE_MOST;
	if (i < POINTERS)
		return i != SERIAL || number >= 0;
	return number >= 0 && number <= (i == MEASURED ? (int64_t)UINT32_MAX : UINT16_MAX);
}

/* The numbers of an entry's text.  How many, or -EINVAL, -ERANGE. */
static int parse_entry(const char *text, int64_t number[NUMBERS])
{
	for (int i = 0; i < NUMBERS; i++) {
		int error = parse_integer(text, &text, &number[i]);

		if (error)
			return error;
		if (!is_entry_number(i, number[i]))
			return -ERANGE;
		if (*text == '\0' && (i == ALERTS - 1 || i == NUMBERS - 1))
			return i + 1;
		if (*text++ != ' ')
			return -EINVAL;
	}
	return -EINVAL;
}

int nv_entry_set_text(struct datalog_entry *entry, const char *text)
{
	int64_t number[NUMBERS] = { 0 };
	int n = parse_entry(text, number);
	struct datalog_entry next;

	if (n < 0)
		return n;
	memset(&next, 0, sizeof(next));
	next.serial = (uint64_t)number[SERIAL];
	next.clock_s = number[CLOCK];
	next.utc_s = number[UTC];
	for (int i = 0; i < DATALOG_LOGS; i++) {
		next.pointer[i] = (uint16_t)number[POINTERS + i];
		next.word[i] = (uint16_t)number[WORDS + i];
	}
	next.scale_i = (int8_t)number[SCALES];
	next.scale_v = (int8_t)number[SCALES + 1];
	next.scale_w = (int8_t)number[SCALES + 2];
	next.scale_e = (int8_t)number[SCALES + 3];
	next.noted = n == NUMBERS;
	next.alerts = (uint16_t)number[ALERTS];
	next.energy_resets = (uint16_t)number[RESETS];
	next.measured_s = (uint32_t)number[MEASURED];
	if (!nv_entry_legal(&next))
		return -ERANGE;
	*entry = next;
	return 0;
}

static int set_whole(char *member, const struct nv_field *field, const char *text)
{
	int64_t value;
	int error = parse_whole(text, &value);

	if (error)
		return error;
	if (field->type == NV_BOOL)
		error = value == 0 || value == 1 ? 0 : -ERANGE;
	else if (field->range)
		error = value >= 0 && value <= INT32_MAX && range_holds(field->range, (long)value) ? 0 : -ERANGE;
	else
		error = value >= field->min && value <= field->max ? 0 : -ERANGE;
	if (!error)
		set_integer(member, field->type, value);
	return error;
}

/*
 * crypt(5), "available hashing methods": printable ASCII without blanks and these; the methods without an identifier, of seven
 * bits or eight characters, were never made here.
 */
static bool is_hash(const char *text)
{
	size_t id = *text == '$' ? strspn(text + 1, "0123456789abcdefghijklmnopqrstuvwxyz") : 0;

	if (!*text)
		return true;
	if (!id || text[id + 1] != '$' || !text[id + 2])
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr(":;*!\\", *text))
			return false;
	return true;
}

static int set_string(char *member, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return -ERANGE;
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return -EINVAL;
	memset(member, 0, size);
	memcpy(member, text, length);
	return 0;
}

static int set_time(char *member, const char *text)
{
	int64_t value = DATALOG_NEVER;
	int error = strcmp(text, "never") ? parse_whole(text, &value) : 0;

	if (error)
		return error;
	if (value != DATALOG_NEVER && (value < -CLOCK_MAX || value > CLOCK_MAX))
		return -ERANGE;
	memcpy(member, &value, sizeof(value));
	return 0;
}

int nv_set_text(struct nv *nv, const struct nv_field *field, const char *text)
{
	char *member = (char *)nv + field->offset;
	struct datalog_entry entry;
	struct energy energy;
	double number;
	int error;

	switch (field->type) {
	case NV_ENERGY:
		error = parse_energy(text, &energy);
		if (!error)
			memcpy(member, &energy, sizeof(energy));
		return error;
	case NV_DOUBLE:
		error = parse_double(text, &number);
		if (!error)
			memcpy(member, &number, sizeof(number));
		return error;
	case NV_TEXT:
		return set_string(member, field->size, text);
	case NV_HASH:
		return is_hash(text) ? set_string(member, field->size, text) : -EINVAL;
	case NV_TIME:
		return set_time(member, text);
	case NV_ENTRY:
		error = nv_entry_set_text(&entry, text);
		if (!error)
			memcpy(member, &entry, sizeof(entry));
		return error;
	default:
		return set_whole(member, field, text);
	}
}

void nv_get_range(const struct nv_field *field, char *text, size_t size)
{
	switch (field->type) {
	case NV_BOOL: snprintf(text, size, "false or true"); break;
	case NV_ENERGY: snprintf(text, size, "a text of digits, a point and nine digits, at most %" PRIu64 ".999999999", UINT64_MAX); break;
	case NV_DOUBLE: snprintf(text, size, "a number of 0 or more"); break;
	case NV_TEXT: snprintf(text, size, "a text of at most %zu printable ASCII characters", field->size - 1); break;
	case NV_HASH: snprintf(text, size, "empty or a hash of crypt(5), \"$id$..\", of at most %zu characters", field->size - 1); break;
	case NV_TIME: snprintf(text, size, "%" PRId64 " to %" PRId64 ", or \"never\"", -CLOCK_MAX, CLOCK_MAX); break;
	case NV_ENTRY: snprintf(text, size, "an entry of the log"); break;
	default:
		if (field->range)
			snprintf(text, size, "%s", field->range);
		else
			snprintf(text, size, "%" PRId64 " to %" PRId64, field->min, field->max);
	}
}

int nv_check(const struct nv *nv, const struct nv_field **field)
{
	char text[NV_TEXT_MAX];
	struct nv scratch;

	for (size_t i = 0; i < FIELDS; i++) {
		*field = &fields[i];
		nv_get_text(nv, *field, text, sizeof(text));
		if (nv_set_text(&scratch, *field, text))
			return -EINVAL;
	}
	return 0;
}

bool nv_equal(const struct nv *a, const struct nv *b, const struct nv_field *field)
{
	char text_a[NV_TEXT_MAX], text_b[NV_TEXT_MAX];

	nv_get_text(a, field, text_a, sizeof(text_a));
	nv_get_text(b, field, text_b, sizeof(text_b));
	return !strcmp(text_a, text_b);
}

uint32_t nv_layout(void)
{
	static const size_t whole[] = {
		sizeof(struct nv), sizeof(struct datalog_entry), offsetof(struct datalog_entry, pointer),
		offsetof(struct datalog_entry, word), offsetof(struct datalog_entry, scale_i),
		offsetof(struct datalog_entry, alerts), offsetof(struct datalog_entry, measured_s),
	};
	uint32_t crc = crc32_update(0, whole, sizeof(whole));

	for (size_t i = 0; i < FIELDS; i++) {
		const size_t place[] = { fields[i].offset, fields[i].size, fields[i].type };

		crc = crc32_update(crc, fields[i].name, strlen(fields[i].name) + 1);
		crc = crc32_update(crc, place, sizeof(place));
	}
	return crc;
}
