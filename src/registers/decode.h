/*
 * decode - from the words of a register back to its value, as a master reads them.
 *
 * Pure; any thread.  Source: guide, Modbus point map.
 */
#ifndef REGISTERS_DECODE_H
#define REGISTERS_DECODE_H

#include <stdint.h>

#include "registers/registers.h"

/* What the integers of one moment are multiplied by: registers 138-141, powers of ten. */
struct decode_scales {
	int i, v, w, e;
};

/* Those in force. */
struct decode_scales decode_get_scales(const struct derived *derived);

/* The power of ten of a row, -4..4; 0 for floats and bare numbers. */
int decode_exponent(const struct point *point, const struct decode_scales *scales);

/* Do the words (as many as the row has) say "not valid"? */
bool decode_is_void(const struct point *point, const uint16_t *words);

/* The whole number in the words of an integer row, not scaled. */
int64_t decode_integer(const struct point *point, const uint16_t *words);

/* The value in its units; NAN when not valid. */
double decode_value(const struct point *point, const uint16_t *words, const struct decode_scales *scales);

/*
 * The value as a decimal number, exact for integers, of 9 significant digits for floats, "" when not valid.  An infinite
 * float is not valid.
 */
#define DECODE_TEXT_MAX 32
void decode_text(const struct point *point, const uint16_t *words, const struct decode_scales *scales,
		 char text[DECODE_TEXT_MAX]);

#endif
