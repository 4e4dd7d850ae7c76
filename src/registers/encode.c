#include "registers/registers.h"

#include <math.h>
#include <string.h>

#include "metering/calendar.h"
#include "metering/system_type.h"
#include "registers/decode.h"

#define INTEGER_MAX 32767.0
#define VOID_INTEGER 0x8000u		/* guide, point map: QNAN of a 16-bit integer .. */
#define VOID_FLOAT 0x7FC00000u		/* .. and of a float */
#define FLOAT_BITS 24			/* of a single's significand */

static const void *member(const struct point *point, const struct snapshot *snapshot)
{
	return (const char *)snapshot + point->offset;
}

static double member_double(const struct point *point, const struct snapshot *snapshot)
{
	double value;

	memcpy(&value, member(point, snapshot), sizeof(value));
	return value;
}

static int member_number(const struct point *point, const struct snapshot *snapshot)
{
	int value;

	memcpy(&value, member(point, snapshot), sizeof(value));
	return value;
}

static uint32_t member_counter(const struct point *point, const struct snapshot *snapshot)
{
	uint32_t value;

	memcpy(&value, member(point, snapshot), sizeof(value));
	return value;
}

/* A 16-bit number as the register shows it. */
static uint16_t member_short(const struct point *point, const struct snapshot *snapshot)
{
	uint16_t value;

	if (point->source == REGISTER_NUMBER)
		return (uint16_t)member_number(point, snapshot);
	memcpy(&value, member(point, snapshot), sizeof(value));
	return value;
}

/* False when the registers have no such year. */
static bool member_calendar(const struct point *point, const struct snapshot *snapshot, struct calendar *calendar)
{
	int64_t seconds;

	memcpy(&seconds, member(point, snapshot), sizeof(seconds));
	if (seconds < 0 || seconds / ((int64_t)366 * 86400) > REGISTERS_CLOCK_YEAR + REGISTERS_CLOCK_YEARS)
		return false;
	calendar_from_seconds(seconds, calendar);
	return calendar->year >= REGISTERS_CLOCK_YEAR && calendar->year < REGISTERS_CLOCK_YEAR + REGISTERS_CLOCK_YEARS;
}

static uint16_t member_clock(const struct point *point, const struct snapshot *snapshot)
{
	struct calendar c;

	if (!member_calendar(point, snapshot, &c))
		return VOID_INTEGER;
	if (point->source == REGISTER_DAY_MONTH)
		return (uint16_t)(c.day << 8 | c.month);
	if (point->source == REGISTER_HOUR_YEAR)
		return (uint16_t)(c.hour << 8 | (c.year - REGISTERS_CLOCK_YEAR));
	return (uint16_t)(c.second << 8 | c.minute);
}

static int exponent(const struct point *point, const struct derived *derived)
{
	const struct decode_scales scales = decode_get_scales(derived);

	return decode_exponent(point, &scales);
}

/* Does the type in force have the phase of a per-phase accumulator? */
static bool phase_valid(const struct point *point, const struct snapshot *snapshot)
{
	size_t phase = (point->offset - offsetof(struct snapshot, energies.kwh_phase)) / sizeof(struct energy);
	const struct system_type *type = system_type_find(snapshot->settings.system_type);

	return type != NULL && (type->phases >> phase & 1);
}

static bool valid(const struct point *point, const struct snapshot *snapshot)
{
	switch (point->source) {
	case REGISTER_VOID:
	case REGISTER_LOG_PAGE:		/* no single value */
		return false;
	case REGISTER_DAY_MONTH:
	case REGISTER_HOUR_YEAR:
	case REGISTER_SECOND_MINUTE:
		return member_clock(point, snapshot) != VOID_INTEGER;
	case REGISTER_SI:
	case REGISTER_MILLI:
		return !isnan(member_double(point, snapshot));
	case REGISTER_ENERGY_PHASE:
		return phase_valid(point, snapshot);
	case REGISTER_ZERO:
	case REGISTER_ENERGY:
	case REGISTER_NUMBER:
	case REGISTER_SHORT:
	case REGISTER_COUNTER:
		break;
	}
	return true;
}

double registers_value(const struct point *point, const struct snapshot *snapshot)
{
	if (!valid(point, snapshot))
		return (double)NAN;
	switch (point->source) {
	case REGISTER_SI:
		return member_double(point, snapshot);
	case REGISTER_MILLI:
		return member_double(point, snapshot) / 1000.0;
	case REGISTER_ENERGY:
	case REGISTER_ENERGY_PHASE:
		return energy_kwh(member(point, snapshot));
	case REGISTER_NUMBER:
		return scale_divide(member_number(point, snapshot), -exponent(point, &snapshot->derived));
	case REGISTER_SHORT:
		return member_short(point, snapshot);
	case REGISTER_COUNTER:
		return member_counter(point, snapshot);
	case REGISTER_DAY_MONTH:
	case REGISTER_HOUR_YEAR:
	case REGISTER_SECOND_MINUTE:
		return member_clock(point, snapshot);
	case REGISTER_ZERO:
	case REGISTER_VOID:
	case REGISTER_LOG_PAGE:
		break;
	}
	return 0.0;
}

/* 16 bits of a row. */
static uint16_t encode_short(const struct point *point, const struct snapshot *snapshot)
{
	double scaled;

	if (!valid(point, snapshot))
		return VOID_INTEGER;
	if (point->source == REGISTER_NUMBER || point->source == REGISTER_SHORT)
		return member_short(point, snapshot);
	if (point->source >= REGISTER_DAY_MONTH && point->source <= REGISTER_SECOND_MINUTE)
		return member_clock(point, snapshot);
	/*
	 * From the single that the float image shows, so that a master finds the integer
	 * by rounding what it reads there: from the double, a value that lies within a single's
	 * last place of half a step could round the other way.
	 */
	scaled = scale_divide((double)(float)registers_value(point, snapshot), exponent(point, &snapshot->derived));
	return (uint16_t)lround(fmin(fmax(scaled, 0.0), INTEGER_MAX));
}

static uint32_t encode_long(const struct point *point, const struct snapshot *snapshot)
{
	if (!valid(point, snapshot))
		return (uint32_t)VOID_INTEGER << 16;
	if (point->source == REGISTER_COUNTER)
		return member_counter(point, snapshot);
	return energy_register(member(point, snapshot), snapshot->derived.scale_e);
}

/* A counter that has more bits than a single loses its low ones, never gains: 4294967040 is the last before 0. */
static uint32_t counter_truncate(uint32_t count)
{
	uint32_t lost = 0;

	while (count >> FLOAT_BITS >> lost)
		lost++;
	return count >> lost << lost;
}

static uint32_t encode_float(const struct point *point, const struct snapshot *snapshot)
{
	float single;
	uint32_t bits;

	if (!valid(point, snapshot))
		return VOID_FLOAT;
	if (point->source == REGISTER_COUNTER)
		single = (float)counter_truncate(member_counter(point, snapshot));
	else
		single = (float)registers_value(point, snapshot);
	memcpy(&bits, &single, sizeof(bits));
	return bits;
}

/* Words of a row that is no page; returns how many. */
static unsigned encode_point(const struct point *point, const struct snapshot *snapshot, uint16_t word[2])
{
	uint32_t bits;

	if (point->registers == 1) {
		word[0] = encode_short(point, snapshot);
		return 1;
	}
	bits = point->format == REGISTER_FLOAT ? encode_float(point, snapshot) : encode_long(point, snapshot);
	word[0] = (uint16_t)(bits >> 16);
	word[1] = (uint16_t)bits;
	return 2;
}

void registers_encode(const struct snapshot *snapshot, struct register_image *image)
{
	size_t n, at = 0;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++) {
		if (points[i].source == REGISTER_LOG_PAGE) {
			memcpy(image->words + at, snapshot->log_page, sizeof(snapshot->log_page));
			at += DATALOG_ENTRIES;
		} else {
			at += encode_point(&points[i], snapshot, image->words + at);
		}
	}
}

int registers_read(const struct register_image *image, unsigned first, unsigned count, uint16_t *values)
{
	size_t n, at = 0;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n && count > 0; i++) {
		const struct point *point = &points[i];
		unsigned skip = first - point->number, take;

		if (first >= point->number && skip < point->registers) {
			take = point->registers - skip < count ? point->registers - skip : count;
			memcpy(values, image->words + at + skip, take * sizeof(*values));
			values += take;
			first += take;
			count -= take;
		}
		at += point->registers;
	}
	return count == 0 ? REGISTERS_OK : REGISTERS_ILLEGAL_ADDRESS;
}

void registers_record(const struct snapshot *snapshot, const uint16_t pointer[DATALOG_LOGS], uint16_t word[DATALOG_LOGS])
{
	for (int i = 0; i < DATALOG_LOGS; i++) {
		const struct point *point = registers_find(pointer[i]);
		uint16_t words[2];

		word[i] = DATALOG_VOID;
		if (point == NULL || point->source == REGISTER_LOG_PAGE)
			continue;
		encode_point(point, snapshot, words);
		word[i] = words[pointer[i] - point->number];
	}
}
