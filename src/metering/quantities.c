#include "metering/quantities.h"

#include <math.h>
#include <string.h>

#include "metering/system_type.h"

#define ORIENTATION_DECIDED 0.1	/* |P| / S */
#define FREQUENCY_MIN_V 10.0	/* at the meter's input; below it no voltage tells the frequency */
#define HZ_MIN_X100 4500
#define HZ_MAX_X100 6500

/* The voltage that belongs to each phase's current, as weights of the three inputs. */
static const struct {
	int system_type;
	double voltage[PHASES][3];
} phase_voltages[] = {
	{ 10, { { 1, 0, 0 } } },
	{ 11, { { 1, -1, 0 } } },
	{ 12, { { 1, 0, 0 }, { 0, 1, 0 } } },
	{ 31, { { 2. / 3, -1. / 3, -1. / 3 }, { -1. / 3, 2. / 3, -1. / 3 }, { -1. / 3, -1. / 3, 2. / 3 } } },
	{ 40, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
};

static const double (*find_phase_voltages(int system_type))[3]
{
	for (size_t i = 0; i < sizeof(phase_voltages) / sizeof(phase_voltages[0]); i++)
		if (phase_voltages[i].system_type == system_type)
			return phase_voltages[i].voltage;
	return NULL;
}

void orientation_init(struct orientation *orientation)
{
	for (int phase = 0; phase < PHASES; phase++)
		orientation->sign[phase] = 1;
}

unsigned quantities_frequency_references(int system_type, struct frequency_reference references[PHASES])
{
	const double (*voltage)[3] = find_phase_voltages(system_type);
	unsigned phases = system_type_find(system_type)->phases, n = 0;

	for (int phase = 0; phase < PHASES; phase++)
		if (phases & 1u << phase)
			memcpy(references[n++].voltage, voltage[phase], sizeof(references[0].voltage));
	return n;
}

double quantities_voltage_scale(const struct settings *settings, bool primary)
{
	return primary ? 1 : settings->pt_ratio / 100.0;
}

double quantities_frequency_min(const struct settings *settings, bool primary)
{
	return primary ? FREQUENCY_MIN_V * settings->pt_ratio / 100.0 : FREQUENCY_MIN_V;
}

double quantities_current_scale(const struct settings *settings, bool primary)
{
	return primary ? 1 : (double)settings->ct_primary * settings->ct_secondary;
}

static double mean_of_valid(const double *values, int n)
{
	double sum = 0;
	int valid = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(values[i])) {
			sum += values[i];
			valid++;
		}
	return valid ? sum / valid : NAN;
}

static double power_factor(double p, double s)
{
	return s > 0 ? fmin(p / s, 1) : 1;
}

static void compute_voltages(const struct quantities_input *input, const struct system_type *type, struct readings *readings)
{
	static const double pair[PAIRS][3] = { { 1, -1, 0 }, { 0, 1, -1 }, { 1, 0, -1 } };
	static const double neutral[PHASES][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };
	double scale = quantities_voltage_scale(input->settings, input->primary);

	for (int i = 0; i < PAIRS; i++)
		if (type->v_ll & 1u << i)
			readings->v_ll_v[i] = scale * moments_rms(input->moments, pair[i]);
	for (int i = 0; i < PHASES; i++)
		if (type->v_ln & 1u << i)
			readings->v_ln_v[i] = scale * moments_rms(input->moments, neutral[i]);
	readings->v_ll_avg_v = mean_of_valid(readings->v_ll_v, PAIRS);
	readings->v_ln_avg_v = mean_of_valid(readings->v_ln_v, PHASES);
}

/* One phase, signed as the CT sits. */
struct phase_power {
	double p_w, q_var, s_va, d_va, i_a;
};

static struct phase_power compute_phase(const struct quantities_input *input, const double voltage[3], int phase)
{
	const struct moments *moments = input->moments;
	double ki = quantities_current_scale(input->settings, input->primary);
	double k = ki * quantities_voltage_scale(input->settings, input->primary);
	struct phasor v1 = { 0, 0 }, i1 = moments->fundamental[ADC_IA + phase];
	struct phase_power power = { 0 };
	double i_rms = sqrt(fmax(moments->product[ADC_IA + phase][ADC_IA + phase], 0));

	if (ki * i_rms < input->rules->no_load_percent / 100 * input->settings->ct_primary)
		return power;
	for (int i = 0; i < 3; i++) {
		power.p_w += k * voltage[i] * moments->product[i][ADC_IA + phase];
		v1.re += voltage[i] * moments->fundamental[i].re;
		v1.im += voltage[i] * moments->fundamental[i].im;
	}
	power.i_a = ki * i_rms;
	power.q_var = k * (v1.im * i1.re - v1.re * i1.im);
	power.s_va = k * moments_rms(moments, voltage) * i_rms;
	power.d_va = sqrt(fmax(power.s_va * power.s_va - power.p_w * power.p_w - power.q_var * power.q_var, 0));
	return power;
}

static void orient(const struct rules *rules, struct phase_power *power, int *sign)
{
	if (rules->ct_orientation_fixed)
		return;
	if (power->s_va > 0 && fabs(power->p_w) >= ORIENTATION_DECIDED * power->s_va)
		*sign = power->p_w < 0 ? -1 : 1;
	power->p_w = fabs(power->p_w);
	power->q_var *= *sign;
}

static void compute_powers(const struct quantities_input *input, const struct system_type *type,
			   struct orientation *orientation, struct readings *readings, double accrual_w[PHASES])
{
	const double (*voltage)[3] = find_phase_voltages(type->code);
	double p = 0, q = 0, d = 0;

	for (int phase = 0; phase < PHASES; phase++) {
		struct phase_power power;

		accrual_w[phase] = 0;
		if (!(type->phases & 1u << phase))
			continue;
		power = compute_phase(input, voltage[phase], phase);
		orient(input->rules, &power, &orientation->sign[phase]);
		p += power.p_w;
		q += power.q_var;
		d += power.d_va;
		accrual_w[phase] = fmax(power.p_w, 0);
		readings->p_phase_w[phase] = fabs(power.p_w);
		readings->q_phase_var[phase] = fabs(power.q_var);
		readings->s_phase_va[phase] = power.s_va;
		readings->pf_phase[phase] = power_factor(fabs(power.p_w), power.s_va);
		readings->i_a[phase] = power.i_a;
	}
	readings->i_avg_a = mean_of_valid(readings->i_a, PHASES);
	readings->p_w = fmax(p, 0);
	readings->q_var = fabs(q);
	readings->s_va = sqrt(p * p + q * q + d * d);
	readings->pf = power_factor(readings->p_w, readings->s_va);
}

/* The frequency counts when one of the type's voltages is high enough at the meter's input, and it is in range. */
static double compute_frequency(const struct quantities_input *input)
{
	struct frequency_reference references[PHASES];
	unsigned n = quantities_frequency_references(input->settings->system_type, references);
	double least = quantities_frequency_min(input->settings, input->primary);
	double hz = input->moments->cycles_per_sample * input->moments->rate_hz;
	bool high_enough = false;

	for (unsigned r = 0; r < n; r++)
		high_enough |= moments_rms(input->moments, references[r].voltage) > least;
	if (!high_enough || !input->moments->frequency_known)
		return NAN;
	return llround(hz * 100) >= HZ_MIN_X100 && llround(hz * 100) <= HZ_MAX_X100 ? hz : NAN;
}

static void compute_phasors(const struct quantities_input *input, struct readings *readings)
{
	double k_v = quantities_voltage_scale(input->settings, input->primary);
	double k_i = quantities_current_scale(input->settings, input->primary);

	for (int c = 0; c < ADC_CHANNELS; c++) {
		double k = c < ADC_IA ? k_v : k_i;

		readings->phasor[c] = (struct phasor){ k * input->moments->fundamental[c].re, k * input->moments->fundamental[c].im };
	}
}

void quantities_compute(const struct quantities_input *input, struct orientation *orientation,
			struct readings *readings, double accrual_w[PHASES])
{
	const struct system_type *type = system_type_find(input->settings->system_type);

	readings_clear(readings);
	compute_voltages(input, type, readings);
	compute_powers(input, type, orientation, readings, accrual_w);
	readings->hz = compute_frequency(input);
	compute_phasors(input, readings);
}
