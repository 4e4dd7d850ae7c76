/*
 * tap - the newest seconds of what the meter measures, for who wants to look at the samples: scope and capture.
 *
 * A ring of scans, numbered from 0 on as they came, with an account of each block and of the windows that the seconds were measured
 * over.  The meter thread puts, which is a copy of the block and never waits; any number of others read.  A reader that is
 * overtaken is told, and never gets a scan that was overwritten while it was copied.
 */
#ifndef CAPTURE_TAP_H
#define CAPTURE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/block.h"

struct tap;

/* Holds at least `seconds` (1..60) at up to max_rate_hz.  NULL: memory is short. */
struct tap *tap_new(double seconds, double max_rate_hz);
void tap_free(struct tap *tap);

/* Meter thread: the block that has just been measured, and the number of cycles that ended up to then. */
void tap_put(struct tap *tap, const struct adc_block *block, uint64_t cycle);

#endif
