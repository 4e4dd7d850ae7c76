#include "registers/registers.h"

#include "metering/range.h"

static const struct {
	unsigned code;
	enum meter_command command;
} commands[] = {
	{ 30078, METER_CLEAR_ENERGY },
	{ 21211, METER_SYNC_DEMAND },
	{ 21212, METER_RESET_MAX_DEMAND },
	{ 16498, METER_CLEAR_PULSES },
};

int registers_check_address(unsigned first, unsigned count)
{
	for (unsigned number = first; number - first < count; number++) {
		const struct point *point = registers_find(number);

		if (point == NULL || !point->served || point->write == REGISTER_READ_ONLY)
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

static int apply(const struct point *point, uint16_t value, struct meter_change *change)
{
	if (!range_holds(point->range, value))
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
	case REGISTER_READ_ONLY:
	case REGISTER_LOG:
		break;
	}
	return REGISTERS_ILLEGAL_ADDRESS;
}

int registers_check_write(unsigned first, unsigned count, const uint16_t *values,
			  const struct snapshot *before, struct meter_change *change)
{
	const struct meter_change nothing = { .settings = before->settings, .power_ups = -1 };
	int exception = registers_check_address(first, count);

	*change = nothing;
	for (unsigned i = 0; i < count && exception == REGISTERS_OK; i++)
		exception = apply(registers_find(first + i), values[i], change);
	if (exception != REGISTERS_OK)
		*change = nothing;
	return exception;
}
