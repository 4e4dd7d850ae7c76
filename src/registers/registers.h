/*
 * registers - the meter's Modbus register map: one table, and what derives from it.
 *
 * Pure.  Register N stands at PDU address N - 1; all functions here speak of
 * register numbers.  Values of 32 bits: most significant word first.
 */
#ifndef REGISTERS_REGISTERS_H
#define REGISTERS_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/meter.h"
#include "metering/snapshot.h"

#define REGISTERS_WRITE_MAX 123

enum register_format { REGISTER_UINT, REGISTER_SINT, REGISTER_ULONG, REGISTER_FLOAT };

/* Modbus exception codes that registers give. */
enum { REGISTERS_OK = 0, REGISTERS_ILLEGAL_ADDRESS = 2, REGISTERS_ILLEGAL_VALUE = 3 };

/* All registers of one second, encoded. */
struct register_image {
	uint16_t words[512];	/* the mapped blocks one behind the other; private */
};

/* Encodes a whole snapshot. */
void registers_encode(const struct snapshot *snapshot, struct register_image *image);

/* Reads `count` (1..125) registers from `first` on.  REGISTERS_OK, or ILLEGAL_ADDRESS when any lies outside the blocks. */
int registers_read(const struct register_image *image, unsigned first, unsigned count, uint16_t *values);

/* Addresses of a write alone: OK, or ILLEGAL_ADDRESS (outside the blocks, read-only, float). */
int registers_check_address(unsigned first, unsigned count);

/*
 * Checks a whole write in register order, each value against the settings as
 * the earlier ones leave them, and says what it would do.  `before` is the present snapshot.
 * REGISTERS_OK with *change to be carried out, or an exception and nothing to do.
 */
int registers_check_write(unsigned first, unsigned count, const uint16_t *values,
			  const struct snapshot *before, struct meter_change *change);

#endif
