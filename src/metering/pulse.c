#include "metering/pulse.h"

#include <math.h>

#define NS_PER_S 1e9
#define NS_PER_MS INT64_C(1000000)
#define OVERRUN_MS 10000	/* guide, bit 14: in arrears by more than it can make in so long */

static double in_wh(const struct energy *energy)
{
	return (double)energy->wh + energy->nwh / (double)ENERGY_NWH_PER_WH;
}

void pulse_add(struct pulse *pulse, double power_w, double seconds, struct energy *added)
{
	struct energy before = pulse->owed;

	energy_add(&pulse->owed, power_w, seconds);
	added->wh = pulse->owed.wh - before.wh;
	added->nwh = pulse->owed.nwh - before.nwh;
	if (pulse->owed.nwh < before.nwh) {
		added->wh--;
		added->nwh += (uint32_t)ENERGY_NWH_PER_WH;
	}
}

uint64_t pulse_owed(const struct pulse *pulse, int weight_wh)
{
	return pulse->owed.wh / (uint64_t)weight_wh;
}

void pulse_made(struct pulse *pulse, unsigned closures, int weight_wh)
{
	uint64_t paid_wh = (uint64_t)closures * (uint64_t)weight_wh;

	pulse->closures += closures;
	/* More than was owed: the energies were cleared while a closure stood for some of it. */
	if (paid_wh > pulse->owed.wh)
		pulse->owed = (struct energy){ 0, 0 };
	else
		pulse->owed.wh -= paid_wh;
}

bool pulse_overrun(const struct pulse *pulse, int weight_wh, int duration_ms)
{
	return pulse_owed(pulse, weight_wh) > (uint64_t)(OVERRUN_MS / (2 * duration_ms));
}

/* When the energy of a span has passed `due_wh`, counted from the span's start; at once when that was before it. */
static int64_t due_ns(const struct pulse_span *span, double due_wh)
{
	double energy_wh = in_wh(&span->energy);

	if (!(due_wh > 0) || !(energy_wh > 0))
		return span->from_ns;
	return span->from_ns + llround(fmin(due_wh / energy_wh, 1) * span->length_s * NS_PER_S);
}

void pulse_plan(const struct pulse *pulse, const struct pulse_span *last, const struct pulse_span *now, int weight_wh, int duration_ms,
		struct pulse_plan *plan)
{
	uint64_t owed = pulse_owed(pulse, weight_wh);
	int64_t end_ns = now->from_ns + llround(now->length_s * NS_PER_S), next_ns = INT64_MIN;
	/* Owed when each span began; below zero when closures of that very span were made already. */
	double before_wh = in_wh(&pulse->owed) - in_wh(&now->energy), before_last_wh = before_wh - in_wh(&last->energy);

	plan->n = 0;
	plan->duration_ms = duration_ms;
	while (plan->n < owed && plan->n < PULSE_PLAN_MAX) {
		double paid_wh = (plan->n + 1.0) * weight_wh;
		int64_t start_ns = paid_wh > before_wh ? due_ns(now, paid_wh - before_wh) : due_ns(last, paid_wh - before_last_wh);

		if (start_ns < next_ns)
			start_ns = next_ns;
		if (start_ns >= end_ns)
			break;
		plan->start_ns[plan->n++] = start_ns;
		next_ns = start_ns + 2 * duration_ms * NS_PER_MS;
	}
}
