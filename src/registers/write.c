#include "registers/registers.h"

#include <string.h>

#include "metering/range.h"

#define LOG_POINTER_FIRST 169

static const struct {
	unsigned code;
	enum meter_command command;
} commands[] = {
	{ 30078, METER_CLEAR_ENERGY },
	{ 21211, METER_SYNC_DEMAND },
	{ 21212, METER_RESET_MAX_DEMAND },
	{ 16498, METER_CLEAR_PULSES },
	{ 16640, METER_RESET_LOG },
};

int registers_check_address(unsigned first, unsigned count)
{
	for (unsigned number = first; number - first < count; number++) {
		const struct point *point = registers_find(number);

		if (point == NULL || point->write == REGISTER_READ_ONLY)
			return REGISTERS_ILLEGAL_ADDRESS;
	}
	return REGISTERS_OK;
}

static int apply_command(unsigned code, struct meter_change *change)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].code != code)
			continue;
		change->commands |= (unsigned)commands[i].command;
		if (commands[i].command == METER_CLEAR_ENERGY)
			change->clear_energy_count++;
		return REGISTERS_OK;
	}
	return REGISTERS_ILLEGAL_VALUE;
}

/* A part of date and time; a day that does not exist is seen when all of the write is there. */
static int apply_clock(const struct point *point, uint16_t value, struct meter_change *change)
{
	int high = value >> 8, low = value & 0xFF;
	struct calendar *clock = &change->log_clock;
	bool legal = true;

	switch (point->source) {
	case REGISTER_DAY_MONTH:
		legal = high >= 1 && high <= 31 && low >= 1 && low <= 12;
		clock->day = high;
		clock->month = low;
		break;
	case REGISTER_HOUR_YEAR:
		legal = high <= 23 && low < REGISTERS_CLOCK_YEARS;
		clock->hour = high;
		clock->year = REGISTERS_CLOCK_YEAR + low;
		break;
	default:
		legal = high <= 59 && low <= 59;
		clock->second = high;
		clock->minute = low;
		break;
	}
	change->log_clock_set = true;
	return legal ? REGISTERS_OK : REGISTERS_ILLEGAL_VALUE;
}

const char *registers_allowed(const struct point *point)
{
	if (point->write != REGISTER_LOG_CLOCK)
		return point->write == REGISTER_READ_ONLY ? "" : point->range;
	switch (point->source) {
	case REGISTER_DAY_MONTH:
		return "256 x day + month of a date that exists, day 1-31, month 1-12";
	case REGISTER_HOUR_YEAR:
		return "256 x hour + years since 2000, hour 0-23, years 0-199";
	default:
		return "256 x second + minute, each 0-59";
	}
}

static int apply(const struct point *point, uint16_t value, struct meter_change *change)
{
	if (point->write != REGISTER_LOG_CLOCK && !range_holds(point->range, value))
		return REGISTERS_ILLEGAL_VALUE;
	switch (point->write) {
	case REGISTER_COMMAND:
		return apply_command(value, change);
	case REGISTER_SETTING:
		return setting_set(&change->settings, point->setting, value) == 0 ? REGISTERS_OK : REGISTERS_ILLEGAL_VALUE;
	case REGISTER_POWER_UPS:
		change->power_ups = value;
		return REGISTERS_OK;
	case REGISTER_IGNORED:
		return REGISTERS_OK;
	case REGISTER_LOG_CLOCK:
		return apply_clock(point, value, change);
	case REGISTER_LOG_READ:
		change->log_page = value;
		return REGISTERS_OK;
	case REGISTER_LOG_CONFIG:
		change->log_config = value;
		return REGISTERS_OK;
	case REGISTER_LOG_POINTER:
		change->log_pointer[point->number - LOG_POINTER_FIRST] = value;
		return REGISTERS_OK;
	case REGISTER_READ_ONLY:
		break;
	}
	return REGISTERS_ILLEGAL_ADDRESS;
}

void registers_no_change(const struct snapshot *before, struct meter_change *change)
{
	*change = (struct meter_change){
		.settings = before->settings, .power_ups = -1, .log_page = before->log.page, .log_config = before->log.config,
	};
	memcpy(change->log_pointer, before->log.pointer, sizeof(change->log_pointer));
	/* Parts that are not written stay as they are; a clock that was never right begins with its first year. */
	calendar_from_seconds(before->log_clock_s > 0 ? before->log_clock_s : 0, &change->log_clock);
	if (change->log_clock.year < REGISTERS_CLOCK_YEAR || change->log_clock.year >= REGISTERS_CLOCK_YEAR + REGISTERS_CLOCK_YEARS)
		change->log_clock = (struct calendar){ .year = REGISTERS_CLOCK_YEAR, .month = 1, .day = 1 };
}

int registers_check_write(unsigned first, unsigned count, const uint16_t *values,
			  const struct snapshot *before, struct meter_change *change)
{
	int exception = registers_check_address(first, count);

	registers_no_change(before, change);
	for (unsigned i = 0; i < count && exception == REGISTERS_OK; i++)
		exception = apply(registers_find(first + i), values[i], change);
	if (exception == REGISTERS_OK && change->log_clock_set && !calendar_valid(&change->log_clock))
		exception = REGISTERS_ILLEGAL_VALUE;
	if (exception != REGISTERS_OK)
		registers_no_change(before, change);
	return exception;
}
