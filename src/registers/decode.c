#include "registers/decode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VOID_INTEGER 0x8000u

struct decode_scales decode_get_scales(const struct derived *derived)
{
	return (struct decode_scales){ derived->scale_i, derived->scale_v, derived->scale_w, derived->scale_e };
}

int decode_exponent(const struct point *point, const struct decode_scales *scales)
{
	switch (point->scale) {
	case REGISTER_SCALE_CENTI:
		return -2;
	case REGISTER_SCALE_TENTH_MILLI:
		return -4;
	case REGISTER_SCALE_I:
		return scales->i;
	case REGISTER_SCALE_V:
		return scales->v;
	case REGISTER_SCALE_W:
		return scales->w;
	case REGISTER_SCALE_E:
		return scales->e;
	case REGISTER_SCALE_NONE:
		break;
	}
	return 0;
}

static float single(const uint16_t *words)
{
	uint32_t bits = (uint32_t)words[0] << 16 | words[1];
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * Only what can be without a value is void: the bitmap of the alerts and the lower half of a counter may well be 0x8000, and
 * so may the upper half of an energy that every system type has.
 */
bool decode_is_void(const struct point *point, const uint16_t *words)
{
	if (point->format == REGISTER_FLOAT)
		return !isfinite(single(words));
	switch (point->source) {
	case REGISTER_SI:
	case REGISTER_MILLI:
	case REGISTER_VOID:
	case REGISTER_DAY_MONTH:
	case REGISTER_HOUR_YEAR:
	case REGISTER_SECOND_MINUTE:
	case REGISTER_LOG_PAGE:
		return words[0] == VOID_INTEGER;
	case REGISTER_ENERGY_PHASE:
		return words[0] == VOID_INTEGER && words[1] == 0;
	default:
		return false;
	}
}

int64_t decode_integer(const struct point *point, const uint16_t *words)
{
	switch (point->format) {
	case REGISTER_SINT:
		return (int16_t)words[0];
	case REGISTER_ULONG:
		return (int64_t)words[0] << 16 | words[1];
	case REGISTER_UINT:
	case REGISTER_FLOAT:
		break;
	}
	return words[0];
}

double decode_value(const struct point *point, const uint16_t *words, const struct decode_scales *scales)
{
	if (decode_is_void(point, words))
		return (double)NAN;
	if (point->format == REGISTER_FLOAT)
		return (double)single(words);
	return scale_divide((double)decode_integer(point, words), -decode_exponent(point, scales));
}

void decode_text(const struct point *point, const uint16_t *words, const struct decode_scales *scales,
		 char text[DECODE_TEXT_MAX])
{
	int exponent = decode_exponent(point, scales);
	int64_t number, unit = 1;
	char digits[DECODE_TEXT_MAX];

	text[0] = '\0';
	if (decode_is_void(point, words))
		return;
	if (point->format == REGISTER_FLOAT) {
		snprintf(text, DECODE_TEXT_MAX, "%.9g", (double)single(words));
		return;
	}
	number = decode_integer(point, words);
	for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++)
		unit *= 10;
	/* No scaled integer is negative: those that have a sign are the scales themselves. */
	if (exponent >= 0) {
		snprintf(text, DECODE_TEXT_MAX, "%lld", (long long)(number * unit));
		return;
	}
	/* the leading 1 keeps the fraction's zeros */
	snprintf(digits, sizeof(digits), "%lld", (long long)(unit + number % unit));
	snprintf(text, DECODE_TEXT_MAX, "%lld.%.12s", (long long)(number / unit), digits + 1);
}
