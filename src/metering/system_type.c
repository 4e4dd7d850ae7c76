#include "metering/system_type.h"

#include <stddef.h>

#include "metering/readings.h"

#define BIT(n) (1u << (n))

static const struct system_type types[] = {
	{ 10, 0, BIT(PHASE_A), BIT(PHASE_A), false, "1L-1n", "single phase, A to neutral" },
	{ 11, BIT(PAIR_AB), 0, BIT(PHASE_A), false, "2L", "single phase, A to B, no neutral" },
	{ 12, BIT(PAIR_AB), BIT(PHASE_A) | BIT(PHASE_B), BIT(PHASE_A) | BIT(PHASE_B), false, "2L-1n",
	  "split phase, A and B with neutral" },
	{ 31, BIT(PAIR_AB) | BIT(PAIR_BC) | BIT(PAIR_AC), 0, BIT(PHASE_A) | BIT(PHASE_B) | BIT(PHASE_C), true, "3L",
	  "three-phase delta, no neutral" },
	{ 40, BIT(PAIR_AB) | BIT(PAIR_BC) | BIT(PAIR_AC), BIT(PHASE_A) | BIT(PHASE_B) | BIT(PHASE_C),
	  BIT(PHASE_A) | BIT(PHASE_B) | BIT(PHASE_C), true, "3L-1n", "three-phase wye with neutral" },
};

const struct system_type *system_type_find(int code)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].code == code)
			return &types[i];
	return NULL;
}
