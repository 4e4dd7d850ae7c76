#include "registers/registers.h"

#include <math.h>
#include <string.h>

#include "metering/system_type.h"

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

static int exponent(const struct point *point, const struct derived *derived)
{
	switch (point->scale) {
	case REGISTER_SCALE_CENTI:
		return -2;
	case REGISTER_SCALE_TENTH_MILLI:
		return -4;
	case REGISTER_SCALE_I:
		return derived->scale_i;
	case REGISTER_SCALE_V:
		return derived->scale_v;
	case REGISTER_SCALE_W:
		return derived->scale_w;
	case REGISTER_SCALE_E:
		return derived->scale_e;
	case REGISTER_SCALE_NONE:
		break;
	}
	return 0;
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
		return false;
	case REGISTER_SI:
	case REGISTER_MILLI:
		return !isnan(member_double(point, snapshot));
	case REGISTER_ENERGY_PHASE:
		return phase_valid(point, snapshot);
	case REGISTER_ZERO:
	case REGISTER_ENERGY:
	case REGISTER_NUMBER:
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
	case REGISTER_COUNTER:
		return member_counter(point, snapshot);
	case REGISTER_ZERO:
	case REGISTER_VOID:
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
	if (point->source == REGISTER_NUMBER)
		return (uint16_t)member_number(point, snapshot);
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

void registers_encode(const struct snapshot *snapshot, struct register_image *image)
{
	size_t n, at = 0;
	const struct point *points = registers_points(&n);

	memset(image, 0, sizeof(*image));
	for (size_t i = 0; i < n; i++) {
		const struct point *point = &points[i];
		uint32_t bits;

		if (!point->served)
			continue;
		if (point->registers == 1) {
			image->words[at++] = encode_short(point, snapshot);
			continue;
		}
		bits = point->format == REGISTER_FLOAT ? encode_float(point, snapshot) : encode_long(point, snapshot);
		image->words[at++] = (uint16_t)(bits >> 16);
		image->words[at++] = (uint16_t)bits;
	}
}

int registers_read(const struct register_image *image, unsigned first, unsigned count, uint16_t *values)
{
	size_t n, at = 0;
	const struct point *points = registers_points(&n);
	unsigned next = first, left = count;	/* what is still to be found */

	for (size_t i = 0; i < n && left > 0; i++) {
		const struct point *point = &points[i];

		if (!point->served)
			continue;
		for (unsigned r = point->number; r < point->number + point->registers; r++, at++) {
			if (r != next || left == 0)
				continue;
			*values++ = image->words[at];
			next++;
			left--;
		}
	}
	return left == 0 ? REGISTERS_OK : REGISTERS_ILLEGAL_ADDRESS;
}
