/*
 * range - legal whole numbers in the notation of the register map: single values
 * and closed ranges, separated by commas ("0,10-32767"), the first blank ends them.
 * Decimal, no negative numbers.
 *
 * Pure.
 */
#ifndef METERING_RANGE_H
#define METERING_RANGE_H

#include <stdbool.h>

bool range_holds(const char *range, long value);

#endif
