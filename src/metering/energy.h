/*
 * energy - accumulators that never stall: whole Wh in 64 bits and an integer
 * remainder in nano-Wh, so that no load is too small beside a large total.
 */
#ifndef METERING_ENERGY_H
#define METERING_ENERGY_H

#include <stdint.h>

#define ENERGY_NWH_PER_WH INT64_C(1000000000)

struct energy {
	uint64_t wh;
	uint32_t nwh;	/* 0..999999999 */
};

/* Accumulators of a meter: registers 1, 27, 29, 47-51. */
struct energies {
	struct energy kwh, kvah, kvarh;	/* totals: Wh, VAh, VARh */
	struct energy kwh_phase[3];
};

/* Adds power_w (>= 0, W or VA or var; NAN and negative count as 0) over seconds (>= 0), rounded to the nano-Wh. */
void energy_add(struct energy *energy, double power_w, double seconds);

/* floor(energy / 10^(3 + scale)) modulo 2^32: the integer register at scale factor E (kWh x 10^scale), -4..4. */
uint32_t energy_register(const struct energy *energy, int scale);

/* In kWh, for the float registers; does not roll over. */
double energy_kwh(const struct energy *energy);

#endif
