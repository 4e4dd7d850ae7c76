/*
 * settings - what a user may change through Modbus or the panel, its checks,
 * and what the meter derives from it.  Guide: registers 130-150, setup pages.
 *
 * Pure: any thread, no state but the arguments.
 */
#ifndef METERING_SETTINGS_H
#define METERING_SETTINGS_H

#include <stdbool.h>

/* Register values, in the registers' own units. */
struct settings {
	int system_type;		/* 130: 10, 11, 12, 31, 40 */
	int ct_primary;			/* 131: A, 1..32000 */
	int ct_secondary;		/* 132: 1 = 1 V, 3 = 1/3 V */
	int pt_ratio;			/* 133: ratio x 100, 1..32000 */
	int system_voltage;		/* 134: V, 82..32000; L-L, for type 10 L-N */
	int display_units;		/* 137: 0 = IEC, 1 = IEEE */
	int phase_loss_voltage;		/* 142: %, 1..99 */
	int phase_loss_imbalance;	/* 143: %, 1..99 */
	int pulse_energy;		/* 144: Wh, 10, 100, 1000, 10000 */
	int demand_subintervals;	/* 149: 1..6 */
	int demand_subinterval_s;	/* 150: 0 (sync-to-comms), 10..32767 */
	/* Of the serial port: no registers, the panel's. */
	int address;			/* 1..247 */
	int baud;			/* 1200, 2400, 4800, 9600, 19200, 38400 */
	int parity;			/* 0 none, 1 even, 2 odd */
};

enum { PARITY_NONE, PARITY_EVEN, PARITY_ODD };

/* What only the configuration file sets. */
struct rules {
	bool phase_loss_percent_below;	/* false: threshold is that percent of nominal; true: that percent below it */
	double no_load_percent;		/* of CT primary, 0..10 */
	bool ct_orientation_fixed;	/* false: "auto" */
	double stale_s;			/* no valid window for so long: nothing is live, 1..60 */
};

/* What follows from the settings. */
struct derived {
	double max_power_w;		/* theoretical maximum system power, unrounded */
	int scale_i, scale_v, scale_w, scale_e;	/* 138-141: powers of ten, -4..4 */
	int max_power;			/* 135: kW / 10^scale_w, 1..32767 */
	int pulse_duration_ms;		/* 145: 500, 250, 100, 50, 25, 10 */
	bool pulse_unserved;		/* no duration keeps up: bit 15 of 146 */
};

enum setting {
	SETTING_SYSTEM_TYPE, SETTING_CT_PRIMARY, SETTING_CT_SECONDARY, SETTING_PT_RATIO, SETTING_SYSTEM_VOLTAGE,
	SETTING_DISPLAY_UNITS, SETTING_PHASE_LOSS_VOLTAGE, SETTING_PHASE_LOSS_IMBALANCE, SETTING_PULSE_ENERGY,
	SETTING_DEMAND_SUBINTERVALS, SETTING_DEMAND_SUBINTERVAL_S,
	SETTING_ADDRESS, SETTING_BAUD, SETTING_PARITY, SETTINGS_N
};

/*
 * Legal values (range.h) and default of each; the register table is built on the same lines.
 * Guide: standard Modbus default settings.
 */
#define SETTING_SYSTEM_TYPE_RANGE "10,11,12,31,40"
#define SETTING_SYSTEM_TYPE_DEFAULT 40
#define SETTING_CT_PRIMARY_RANGE "1-32000"
#define SETTING_CT_PRIMARY_DEFAULT 100
#define SETTING_CT_SECONDARY_RANGE "1,3"
#define SETTING_CT_SECONDARY_DEFAULT 1
#define SETTING_PT_RATIO_RANGE "1-32000 (0.01-320.00)"
#define SETTING_PT_RATIO_DEFAULT 100
#define SETTING_SYSTEM_VOLTAGE_RANGE "82-32000"
#define SETTING_SYSTEM_VOLTAGE_DEFAULT 600
#define SETTING_DISPLAY_UNITS_RANGE "0,1"
#define SETTING_DISPLAY_UNITS_DEFAULT 1
#define SETTING_PHASE_LOSS_VOLTAGE_RANGE "1-99"
#define SETTING_PHASE_LOSS_VOLTAGE_DEFAULT 10
#define SETTING_PHASE_LOSS_IMBALANCE_RANGE "1-99"
#define SETTING_PHASE_LOSS_IMBALANCE_DEFAULT 25
#define SETTING_PULSE_ENERGY_RANGE "10000,1000,100,10"
#define SETTING_PULSE_ENERGY_DEFAULT 1000
#define SETTING_DEMAND_SUBINTERVALS_RANGE "1-6"
#define SETTING_DEMAND_SUBINTERVALS_DEFAULT 1
#define SETTING_DEMAND_SUBINTERVAL_S_RANGE "0,10-32767"
#define SETTING_DEMAND_SUBINTERVAL_S_DEFAULT 900
#define SETTING_ADDRESS_RANGE "1-247"
#define SETTING_ADDRESS_DEFAULT 1
#define SETTING_BAUD_RANGE "1200,2400,4800,9600,19200,38400"
#define SETTING_BAUD_DEFAULT 19200
#define SETTING_PARITY_RANGE "0-2"
#define SETTING_PARITY_DEFAULT 0

/* Name (as in the point map and the configuration) and legal values of a setting, in words for messages. */
const char *setting_name(enum setting which);
const char *setting_range(enum setting which);

/* The meter's defaults. */
void settings_defaults(struct settings *settings);
void rules_defaults(struct rules *rules);

int setting_get(const struct settings *settings, enum setting which);

/*
 * Changes one setting if `value` is legal given the others: the range, for the
 * system voltage 82 x pt_ratio <= 100 x value <= 660 x pt_ratio, for the pulse
 * energy that some duration keeps up with the maximum power.
 * Returns 0; -ERANGE outside the range, -EINVAL when the other settings forbid
 * it; then nothing changed.
 */
int setting_set(struct settings *settings, enum setting which, int value);

/*
 * Are all values in range and consistent with each other?  Returns 0, or -EINVAL with
 * *which at the first that is not (system voltage against PT ratio, pulse energy against maximum power).
 */
int settings_check(const struct settings *settings, enum setting *which);

void settings_derive(const struct settings *settings, struct derived *derived);

/* value / 10^scale, -8..8; exact wherever the quotient is a double: no power of ten below 1 is used. */
double scale_divide(double value, int scale);

#endif
