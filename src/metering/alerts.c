#include "metering/alerts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "metering/block.h"
#include "metering/system_type.h"

#define BIT(n) (1u << (n))

/* Guide, specifications: voltage range, and the over-range beyond which an input no longer measures. */
#define RANGE_LN_V 347.0
#define RANGE_LL_V 600.0
#define OVER_RANGE 1.2

/* In hundredths, as register 26 shows it: what reads as 45.00 is in range. */
#define HZ_MIN_X100 4500
#define HZ_MAX_X100 6500
#define PF_LOW 0.5

static const unsigned pair_phases[PAIRS] = {
	[PAIR_AB] = BIT(PHASE_A) | BIT(PHASE_B),
	[PAIR_BC] = BIT(PHASE_B) | BIT(PHASE_C),
	[PAIR_AC] = BIT(PHASE_A) | BIT(PHASE_C),
};

/* Comparisons with NAN are false, so what is not valid never counts as faulty. */
static unsigned above(const double value[3], unsigned mask, double limit)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 3; i++)
		if ((mask & BIT(i)) && value[i] > limit)
			bits |= BIT(i);
	return bits;
}

static unsigned below(const double value[3], unsigned mask, double limit)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 3; i++)
		if ((mask & BIT(i)) && value[i] < limit)
			bits |= BIT(i);
	return bits;
}

/*
 * Phases that faulty pairs point at: what two of them have in common, or both ends of a
 * single one.  Where a split phase has a neutral, a faulty phase explains the pair.
 */
static unsigned phases_of_pairs(unsigned pairs, unsigned faulty_phases, const struct system_type *type)
{
	unsigned seen = 0, shared = 0;

	if (type->v_ll == BIT(PAIR_AB) && (faulty_phases & pair_phases[PAIR_AB]))
		return 0;
	for (unsigned i = 0; i < PAIRS; i++) {
		if (!(pairs & BIT(i)))
			continue;
		shared |= seen & pair_phases[i];
		seen |= pair_phases[i];
	}
	return shared ? shared : seen;
}

/* Phases whose voltage input takes part in the type. */
static unsigned voltage_phases(const struct system_type *type)
{
	unsigned phases = type->v_ln;

	for (unsigned i = 0; i < PAIRS; i++)
		if (type->v_ll & BIT(i))
			phases |= pair_phases[i];
	return phases;
}

static unsigned voltage_alerts(const struct readings *readings, const struct settings *settings,
			       const struct system_type *type, unsigned clipped)
{
	double ratio = OVER_RANGE * settings->pt_ratio / 100.0;
	unsigned phases = above(readings->v_ln_v, type->v_ln, RANGE_LN_V * ratio);

	phases |= phases_of_pairs(above(readings->v_ll_v, type->v_ll, RANGE_LL_V * ratio), phases, type);
	return phases | (clipped >> ADC_VA & voltage_phases(type));
}

static unsigned current_alerts(const struct readings *readings, const struct settings *settings,
			       const struct system_type *type, unsigned clipped)
{
	return above(readings->i_a, type->phases, OVER_RANGE * settings->ct_primary) | (clipped >> ADC_IA & type->phases);
}

/* A lone voltage is its own maximum and never below it: types 10 and 11 have no imbalance. */
static unsigned imbalance(const double v[3], unsigned mask, double percent)
{
	double max = 0;

	for (unsigned i = 0; i < 3; i++)
		if (mask & BIT(i))
			max = fmax(max, v[i]);
	return max > 0 ? below(v, mask, max - max * percent / 100.0) : 0;
}

static double nominal_ln_v(const struct settings *settings)
{
	switch (settings->system_type) {
	case 10:
		return settings->system_voltage;
	case 12:
		return settings->system_voltage / 2.0;
	default:
		return settings->system_voltage / sqrt(3.0);
	}
}

static unsigned phase_loss_alerts(const struct readings *readings, const struct settings *settings,
				  const struct rules *rules, const struct system_type *type)
{
	double part = (rules->phase_loss_percent_below ? 100 - settings->phase_loss_voltage : settings->phase_loss_voltage) / 100.0;
	unsigned phases = below(readings->v_ln_v, type->v_ln, part * nominal_ln_v(settings));
	unsigned pairs = below(readings->v_ll_v, type->v_ll, part * settings->system_voltage);

	phases |= imbalance(readings->v_ln_v, type->v_ln, settings->phase_loss_imbalance);
	pairs |= imbalance(readings->v_ll_v, type->v_ll, settings->phase_loss_imbalance);
	return phases | phases_of_pairs(pairs, phases, type);
}

static unsigned low_pf_alerts(const struct readings *readings, const struct settings *settings,
			      const struct rules *rules, const struct system_type *type)
{
	double gate_a = settings->ct_primary * rules->no_load_percent / 100.0;
	unsigned loaded = type->phases & ~below(readings->i_a, type->phases, gate_a) & above(readings->i_a, type->phases, 0);

	return below(readings->pf_phase, loaded, PF_LOW);
}

static bool frequency_in_range(double hz)
{
	double hundredths = round(hz * 100);

	return hundredths >= HZ_MIN_X100 && hundredths <= HZ_MAX_X100;
}

unsigned alerts_evaluate(const struct readings *readings, const struct settings *settings, const struct derived *derived,
			 const struct rules *rules, unsigned clipped)
{
	const struct system_type *type = system_type_find(settings->system_type);
	unsigned alerts = derived->pulse_unserved ? ALERT_PULSE_CONFIG : 0;

	if (!frequency_in_range(readings->hz))
		alerts |= ALERT_FREQUENCY;
	if (!type)
		return alerts;
	alerts |= voltage_alerts(readings, settings, type, clipped) * ALERT_VOLTAGE(PHASE_A);
	alerts |= current_alerts(readings, settings, type, clipped) * ALERT_CURRENT(PHASE_A);
	alerts |= phase_loss_alerts(readings, settings, rules, type) * ALERT_PHASE_LOSS(PHASE_A);
	alerts |= low_pf_alerts(readings, settings, rules, type) * ALERT_LOW_PF(PHASE_A);
	return alerts;
}

unsigned alerts_stale(unsigned before, const struct derived *derived)
{
	return ALERT_FREQUENCY | (before & ALERT_PULSE_OVERRUN) | (derived->pulse_unserved ? ALERT_PULSE_CONFIG : 0);
}

static const struct alert_word words[] = {
	{ ALERT_VOLTAGE(PHASE_A), "voltage_high_a", "voltage of A too high" },
	{ ALERT_VOLTAGE(PHASE_B), "voltage_high_b", "voltage of B too high" },
	{ ALERT_VOLTAGE(PHASE_C), "voltage_high_c", "voltage of C too high" },
	{ ALERT_CURRENT(PHASE_A), "current_high_a", "current of A too high" },
	{ ALERT_CURRENT(PHASE_B), "current_high_b", "current of B too high" },
	{ ALERT_CURRENT(PHASE_C), "current_high_c", "current of C too high" },
	{ ALERT_FREQUENCY, "frequency", "no frequency within 45-65 Hz" },
	{ ALERT_PHASE_LOSS(PHASE_A), "phase_loss_a", "phase loss on A" },
	{ ALERT_PHASE_LOSS(PHASE_B), "phase_loss_b", "phase loss on B" },
	{ ALERT_PHASE_LOSS(PHASE_C), "phase_loss_c", "phase loss on C" },
	{ ALERT_LOW_PF(PHASE_A), "low_pf_a", "power factor of A under 0.5" },
	{ ALERT_LOW_PF(PHASE_B), "low_pf_b", "power factor of B under 0.5" },
	{ ALERT_LOW_PF(PHASE_C), "low_pf_c", "power factor of C under 0.5" },
	{ ALERT_PULSE_OVERRUN, "pulse_overrun", "pulses in arrears" },
	{ ALERT_PULSE_CONFIG, "pulse_config", "pulse energy too small for the maximum power" },
};

const struct alert_word *alerts_words(size_t *n)
{
	*n = sizeof(words) / sizeof(words[0]);
	return words;
}

static unsigned bit_of(const char *code, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].code) == length && !memcmp(words[i].code, code, length))
			return words[i].bit;
	return 0;
}

int alerts_parse(const char *text, unsigned *bits)
{
	bool more = *(text += strspn(text, " ")) != '\0';

	*bits = 0;
	if (!strncmp(text, "all", 3) && !text[3 + strspn(text + 3, " ")]) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			*bits |= words[i].bit;
		return 0;
	}
	while (more) {
		size_t length = strcspn(text, " ,");
		unsigned bit = bit_of(text, length);

		text += length;
		text += strspn(text, " ");
		if (!bit || (*text && *text != ','))
			return -EINVAL;
		*bits |= bit;
		more = *text == ',';
		text += more;
		text += strspn(text, " ");
	}
	return 0;
}
