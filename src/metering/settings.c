#include "metering/settings.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "metering/range.h"
#include "metering/system_type.h"

#define INTEGER_MAX 32767	/* largest reading of a 16-bit register */
#define SCALE_MIN (-4)
#define SCALE_MAX 4

#define ROW(which, field) \
	[SETTING_##which] = { #field, SETTING_##which##_RANGE, SETTING_##which##_DEFAULT, offsetof(struct settings, field) }

static const struct {
	const char *name, *range;
	int initial;
	size_t offset;
} rows[SETTINGS_N] = {
	ROW(SYSTEM_TYPE, system_type),
	ROW(CT_PRIMARY, ct_primary),
	ROW(CT_SECONDARY, ct_secondary),
	ROW(PT_RATIO, pt_ratio),
	ROW(SYSTEM_VOLTAGE, system_voltage),
	ROW(DISPLAY_UNITS, display_units),
	ROW(PHASE_LOSS_VOLTAGE, phase_loss_voltage),
	ROW(PHASE_LOSS_IMBALANCE, phase_loss_imbalance),
	ROW(PULSE_ENERGY, pulse_energy),
	ROW(DEMAND_SUBINTERVALS, demand_subintervals),
	ROW(DEMAND_SUBINTERVAL_S, demand_subinterval_s),
	ROW(ADDRESS, address),
	ROW(BAUD, baud),
	ROW(PARITY, parity),
};

/* Slowest first: the meter takes the first that keeps up. */
static const int pulse_durations_ms[] = { 500, 250, 100, 50, 25, 10 };

static void put(struct settings *settings, enum setting which, int value)
{
	memcpy((char *)settings + rows[which].offset, &value, sizeof(value));
}

const char *setting_name(enum setting which)
{
	return rows[which].name;
}

const char *setting_range(enum setting which)
{
	return rows[which].range;
}

void settings_defaults(struct settings *settings)
{
	for (int i = 0; i < SETTINGS_N; i++)
		put(settings, (enum setting)i, rows[i].initial);
}

void rules_defaults(struct rules *rules)
{
	*rules = (struct rules){ .no_load_percent = 0.04, .stale_s = 2.0 };
}

int setting_get(const struct settings *settings, enum setting which)
{
	int value;

	memcpy(&value, (const char *)settings + rows[which].offset, sizeof(value));
	return value;
}

/* Guide, register 134: 82 to 660 V at the meter's own input. */
static bool voltage_fits(const struct settings *settings)
{
	long long centivolts = 100LL * settings->system_voltage;

	return centivolts >= 82LL * settings->pt_ratio && centivolts <= 660LL * settings->pt_ratio;
}

/* Do the other settings allow the value of this one? */
static bool consistent(const struct settings *settings, enum setting which)
{
	struct derived derived;

	if (which == SETTING_SYSTEM_VOLTAGE)
		return voltage_fits(settings);
	if (which != SETTING_PULSE_ENERGY)
		return true;
	settings_derive(settings, &derived);
	return !derived.pulse_unserved;
}

int setting_set(struct settings *settings, enum setting which, int value)
{
	struct settings next = *settings;

	if (!range_holds(rows[which].range, value))
		return -ERANGE;
	put(&next, which, value);
	if (!consistent(&next, which))
		return -EINVAL;
	*settings = next;
	return 0;
}

int settings_check(const struct settings *settings, enum setting *which)
{
	for (int i = 0; i < SETTINGS_N; i++) {
		*which = (enum setting)i;
		if (!range_holds(rows[i].range, setting_get(settings, *which)))
			return -EINVAL;
	}
	*which = SETTING_SYSTEM_VOLTAGE;
	if (!consistent(settings, *which))
		return -EINVAL;
	*which = SETTING_PULSE_ENERGY;
	return consistent(settings, *which) ? 0 : -EINVAL;
}

double scale_divide(double value, int scale)
{
	static const double powers[] = { 1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };

	return scale < 0 ? value * powers[-scale] : value / powers[scale];
}

/*
 * The smallest power of ten with which a full scale still fits the register.
 * No legal setting puts a full scale on a limit: 1.2 N and 1.44 N whole would need 3 to
 * divide 32767 x 10^k, and with sqrt 3 both sides cannot be rational.  So the
 * rounding of a double decides nothing.
 */
static int smallest_scale(double full_scale)
{
	int scale = SCALE_MIN;

	while (scale < SCALE_MAX && scale_divide(full_scale, scale) > INTEGER_MAX)
		scale++;
	return scale;
}

/* Guide, register 145: a duration keeps up with 1800000 x Wh / ms watts. */
static void derive_pulse(const struct settings *settings, struct derived *derived)
{
	size_t n = sizeof(pulse_durations_ms) / sizeof(pulse_durations_ms[0]);

	derived->pulse_unserved = true;
	for (size_t i = 0; i < n && derived->pulse_unserved; i++) {
		/* Every duration divides 1800000, so the limit is whole and a tie is seen as one. */
		double limit_w = 1800000.0 / pulse_durations_ms[i] * settings->pulse_energy;

		derived->pulse_duration_ms = pulse_durations_ms[i];
		derived->pulse_unserved = limit_w < derived->max_power_w;
	}
}

void settings_derive(const struct settings *settings, struct derived *derived)
{
	const struct system_type *type = system_type_find(settings->system_type);
	double volts = fmax(settings->system_voltage, 600.0 * settings->pt_ratio / 100.0);
	double volt_amperes = (double)settings->system_voltage * settings->ct_primary;

	derived->max_power_w = type != NULL && type->three_phase ? sqrt(3.0) * volt_amperes : volt_amperes;

	/* Full scales with the 20 % over-range of voltage and of current. */
	derived->scale_i = smallest_scale(1.2 * settings->ct_primary);
	derived->scale_v = smallest_scale(1.2 * volts);
	derived->scale_w = smallest_scale(1.44 * derived->max_power_w / 1000.0);
	derived->scale_e = derived->scale_w;

	derived->max_power = (int)fmin(fmax(round(scale_divide(derived->max_power_w, 3 + derived->scale_w)), 1.0), INTEGER_MAX);
	derive_pulse(settings, derived);
}
