/*
 * registers - the meter's Modbus register map: one table, and what derives from it.
 *
 * Pure; any thread.  Register N stands at PDU address N - 1; all functions here speak of
 * register numbers.  Values of 32 bits: most significant word first.
 * Source: guide, Modbus point map.
 */
#ifndef REGISTERS_REGISTERS_H
#define REGISTERS_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/meter.h"
#include "metering/snapshot.h"

#define REGISTERS_WRITE_MAX 123
#define REGISTERS_CLOCK_YEAR 2000	/* 0 in the clock's registers .. */
#define REGISTERS_CLOCK_YEARS 200	/* .. which know so many */

enum register_format { REGISTER_UINT, REGISTER_SINT, REGISTER_ULONG, REGISTER_FLOAT };

/* What an integer is to be multiplied by: nothing, a fixed 0.01 or 0.0001, or 10^ one of the registers 138-141. */
enum register_scale {
	REGISTER_SCALE_NONE, REGISTER_SCALE_CENTI, REGISTER_SCALE_TENTH_MILLI,
	REGISTER_SCALE_I, REGISTER_SCALE_V, REGISTER_SCALE_W, REGISTER_SCALE_E
};

/* Where a value comes from: the member of struct snapshot at `offset`. */
enum register_source {
	REGISTER_ZERO,		/* reads 0 */
	REGISTER_VOID,		/* reads "not valid" */
	REGISTER_SI,		/* double, in the register's units */
	REGISTER_MILLI,		/* double, a thousandth of the register's units */
	REGISTER_ENERGY,	/* struct energy */
	REGISTER_ENERGY_PHASE,	/* the same; valid only when the system type has the phase */
	REGISTER_NUMBER,	/* int or unsigned, as the register shows it */
	REGISTER_SHORT,		/* uint16_t, likewise */
	REGISTER_COUNTER,	/* uint32_t */
	REGISTER_DAY_MONTH,	/* int64_t, seconds since 1970-01-01: upper byte day, lower month; .. */
	REGISTER_HOUR_YEAR,	/* .. hour, years since 2000; .. */
	REGISTER_SECOND_MINUTE,	/* .. second, minute; not valid outside the years 2000 to 2199 */
	REGISTER_LOG_PAGE	/* the page of the data log */
};

enum register_write {
	REGISTER_READ_ONLY, REGISTER_COMMAND, REGISTER_SETTING, REGISTER_POWER_UPS,
	REGISTER_IGNORED,	/* accepts its range and keeps nothing */
	REGISTER_LOG_CLOCK,	/* 155-157: a part of date and time; whether the date exists is judged of the whole write */
	REGISTER_LOG_READ,	/* 158 */
	REGISTER_LOG_CONFIG,	/* 159 */
	REGISTER_LOG_POINTER	/* 169-178 */
};

/* One row of the map. */
struct point {
	unsigned number, registers;	/* first register, how many */
	const char *name;		/* a float image has the name of its integer */
	enum register_format format;
	enum register_write write;
	bool nv;			/* survives a power loss */
	const char *units;
	enum register_scale scale;
	const char *range, *initial;	/* "" = nothing to say; the range of a writable one as in metering/range.h */
	const char *meaning;
	enum register_source source;
	size_t offset;
	enum setting setting;		/* of REGISTER_SETTING */
};

/* The map, ascending by number. */
const struct point *registers_points(size_t *n);

/* The row that a register belongs to (also the second half of a 32-bit value), or NULL. */
const struct point *registers_find(unsigned number);

/* The next row of that name behind `after` (NULL: the first), or NULL. */
const struct point *registers_find_name(const char *name, const struct point *after);

/* Words for a row: "R" or "R/W", "UInt" .., "0.01", "E" .. or "". */
const char *registers_access(const struct point *point);
const char *registers_format(const struct point *point);
const char *registers_scale(const struct point *point);

/* What a row shows, unscaled, in its units (kW, V, kWh, ..); NAN when not valid now. */
double registers_value(const struct point *point, const struct snapshot *snapshot);

/* Modbus exception codes that registers give. */
enum { REGISTERS_OK = 0, REGISTERS_ILLEGAL_ADDRESS = 2, REGISTERS_ILLEGAL_VALUE = 3 };

/* All registers of one second, encoded. */
struct register_image {
	uint16_t words[256 + DATALOG_ENTRIES];	/* the registers one behind the other; private */
};

/* Encodes a whole snapshot. */
void registers_encode(const struct snapshot *snapshot, struct register_image *image);

/* Reads `count` (1..125) registers from `first` on.  REGISTERS_OK, or ILLEGAL_ADDRESS when any lies outside the blocks. */
int registers_read(const struct register_image *image, unsigned first, unsigned count, uint16_t *values);

/* What each of the registers that the data log points at reads: its record function (metering/meter.h). */
void registers_record(const struct snapshot *snapshot, const uint16_t pointer[DATALOG_LOGS], uint16_t word[DATALOG_LOGS]);

/* Addresses of a write alone: OK, or ILLEGAL_ADDRESS (outside the blocks, read-only, float). */
int registers_check_address(unsigned first, unsigned count);

/* What a row may be set to, in words; "" for one that cannot.  A part of the log's clock has a range of each byte. */
const char *registers_allowed(const struct point *point);

/* The change that changes nothing. */
void registers_no_change(const struct snapshot *before, struct meter_change *change);

/*
 * Checks a whole write, addresses first, then in register order each value against the settings as
 * the earlier ones leave them, and says what it would do.  `before` is the present snapshot.
 * REGISTERS_OK with *change to be carried out, or an exception and a *change that changes nothing.
 */
int registers_check_write(unsigned first, unsigned count, const uint16_t *values,
			  const struct snapshot *before, struct meter_change *change);

#endif
