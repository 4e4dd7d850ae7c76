#include "panel/panel_value.h"

#include <math.h>

#define DECIMALS_MAX 4
#define ENERGY_DECIMALS_MAX 3
#define PREFIX_MAX 2		/* of readings: legal settings end below 3 GW, 10^5 MW are beyond any */
#define ENERGY_PREFIX_MAX 5

static const uint64_t powers[] = { 1, 10, 100, 1000, 10000, 100000 };

static double shown(double value, unsigned prefix, unsigned decimals)
{
	return round(scale_divide(value, 3 * (int)prefix - (int)decimals));
}

/* The smallest prefix with which `widest` fits, and all the decimals for which there is room. */
static void choose(double widest, unsigned prefix, unsigned decimals_max, struct panel_number *number)
{
	while (prefix < PREFIX_MAX && shown(widest, prefix, 0) > PANEL_NUMBER_MAX)
		prefix++;
	number->prefix = prefix;
	number->decimals = decimals_max;
	while (number->decimals > 0 && shown(widest, prefix, number->decimals) > PANEL_NUMBER_MAX)
		number->decimals--;
}

static struct panel_number number_of(double value, double full_scale, unsigned prefix, unsigned decimals_max)
{
	struct panel_number number;

	value = fmax(value, 0);
	choose(fmax(value, full_scale), prefix, decimals_max, &number);
	number.number = (uint32_t)fmin(shown(value, number.prefix, number.decimals), PANEL_NUMBER_MAX);
	return number;
}

/* With the 20 % over-range, as the scale factors have them: registers 138-140. */
static double full_scale(enum panel_quantity quantity, const struct settings *settings, const struct derived *derived)
{
	switch (quantity) {
	case PANEL_POWER:
		return 1.44 * derived->max_power_w;
	case PANEL_VOLTS:
		return 1.2 * fmax(settings->system_voltage, 600.0 * settings->pt_ratio / 100.0);
	case PANEL_AMPS:
		return 1.2 * settings->ct_primary;
	case PANEL_POWER_FACTOR:
		return 1;
	case PANEL_HERTZ:
	case PANEL_QUANTITIES:
		break;
	}
	return 65;
}

struct panel_number panel_value_reading(double value, enum panel_quantity quantity, const struct settings *settings,
					const struct derived *derived)
{
	return number_of(value, full_scale(quantity, settings, derived), 0, quantity == PANEL_HERTZ ? 2 : DECIMALS_MAX);
}

struct panel_number panel_value_max_power(double max_power_w)
{
	return number_of(max_power_w, 0, 1, 2);
}

struct panel_number panel_value_energy(uint64_t wh)
{
	struct panel_number number = { .prefix = 1, .decimals = ENERGY_DECIMALS_MAX };
	uint64_t unit = 1000;

	while (number.prefix < ENERGY_PREFIX_MAX && wh / unit > PANEL_NUMBER_MAX) {
		number.prefix++;
		unit *= 1000;
	}
	while (number.decimals > 0 && wh / (unit / powers[number.decimals]) > PANEL_NUMBER_MAX)
		number.decimals--;
	number.number = (uint32_t)(wh / (unit / powers[number.decimals]));
	return number;
}

const char *panel_value_prefix(unsigned prefix)
{
	static const char *const names[] = { "", "K", "M", "G", "T", "P" };

	return names[prefix];
}
