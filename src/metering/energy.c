#include "metering/energy.h"

#include <math.h>

#define S_PER_HOUR 3600.0

/* Far above what any supply delivers in a cycle, and far below where a conversion to an integer overflows. */
#define ENERGY_ADD_MAX_WH 1e15

void energy_add(struct energy *energy, double power_w, double seconds)
{
	double sum_ws = power_w * seconds;
	double rest_ws, whole_wh;
	uint64_t nwh;

	if (!(power_w > 0) || !(seconds > 0) || !(sum_ws < ENERGY_ADD_MAX_WH * S_PER_HOUR))
		return;
	/* fmod is exact: only what is below 1 Wh is rounded, whatever the size of the whole. */
	rest_ws = fmod(sum_ws, S_PER_HOUR);
	whole_wh = (sum_ws - rest_ws) / S_PER_HOUR;
	nwh = energy->nwh + (uint64_t)llround(rest_ws * ((double)ENERGY_NWH_PER_WH / S_PER_HOUR));
	energy->wh += (uint64_t)llround(whole_wh) + nwh / (uint64_t)ENERGY_NWH_PER_WH;
	energy->nwh = (uint32_t)(nwh % (uint64_t)ENERGY_NWH_PER_WH);
}

uint32_t energy_register(const struct energy *energy, int scale)
{
	uint64_t units = energy->wh;

	/*
	 * One unit is 10^(3 + scale) Wh.  Below 1 Wh there is only scale -4; the
	 * product may wrap at 2^64, which leaves the remainder modulo 2^32 as it is.
	 */
	if (scale < -3)
		return (uint32_t)(units * 10 + energy->nwh / (ENERGY_NWH_PER_WH / 10));
	for (int i = -3; i < scale; i++)
		units /= 10;
	return (uint32_t)units;
}

double energy_kwh(const struct energy *energy)
{
	return ((double)energy->wh + energy->nwh / (double)ENERGY_NWH_PER_WH) / 1000.0;
}
