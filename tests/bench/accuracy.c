/*
 * accuracy - the meter against analytic truth, as a table.
 *
 * Sweeps 45..65 Hz in 0.1 Hz steps with random start phases through a whole
 * meter (settings, window, readings, energy) under each condition, and runs
 * two plain open-core methods on the same samples:
 *   fixed:  sums over a fixed second, frequency by counting crossings
 *   cycles: sums over whole cycles between rising zero crossings of phase A
 * Exit status 1 when a worst case of the meter is outside its limit.
 *
 * usage: accuracy [STEP_HZ [SEED]]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wave.h"
#include "metering/meter.h"

#define RATE_HZ 2520.0
#define BLOCK 126
#define SAMPLES (2 * 2520 + 504)	/* two windows */
#define NOMINAL_V 277.0
#define NOMINAL_A 100.0

enum { ERR_V, ERR_I, ERR_P, ERR_S, ERR_Q, ERR_HZ, ERRORS };

/* Limits of the meter for float samples: percent, percent, percent of S three times, mHz. */
static const double float_limit[ERRORS] = { 1e-4, 1e-4, 2e-4, 2e-4, 2e-4, 1e-3 };

struct condition {
	const char *name;
	double current;		/* part of nominal */
	double pf;		/* lagging; negative leads */
	bool reversed, acb, odd_harmonics, fifth, dc, delayed;
	double class_limit;	/* percent of P: IEC 62053-22 class 0.5S */
	bool adc16;		/* 16 bits, 1 LSB of noise: a tenth of the class limit is ours */
};

static const struct condition conditions[] = {
	{ .name = "PF 1", .current = 1, .pf = 1, .class_limit = 0.5 },
	{ .name = "PF 0.5 lagging", .current = 1, .pf = 0.5, .class_limit = 0.6 },
	{ .name = "PF 0.8 leading", .current = 1, .pf = -0.8, .class_limit = 0.6 },
	{ .name = "PF 0.25 lagging", .current = 1, .pf = 0.25, .class_limit = 1.0 },
	{ .name = "reversed CTs", .current = 1, .pf = 0.8, .reversed = true, .class_limit = 0.6 },
	{ .name = "rotation A-C-B", .current = 1, .pf = 0.8, .acb = true, .class_limit = 0.6 },
	{ .name = "odd harmonics to 19th, 40 %", .current = 1, .pf = 0.8, .odd_harmonics = true, .class_limit = 0.6 },
	{ .name = "5th-harmonic test", .current = 0.6, .pf = 1, .fifth = true, .class_limit = 0.5 },
	{ .name = "DC offset", .current = 1, .pf = 0.8, .dc = true, .class_limit = 0.6 },
	{ .name = "0.4 % current", .current = 0.004, .pf = 1, .class_limit = 1.0 },
	{ .name = "5 % current", .current = 0.05, .pf = 0.5, .class_limit = 0.6 },
	{ .name = "120 % current", .current = 1.2, .pf = 1, .class_limit = 0.5 },
	{ .name = "0..500 us channel delays", .current = 1, .pf = 0.5, .odd_harmonics = true, .delayed = true, .class_limit = 0.6 },
	{ .name = "16 bit, 5 %, PF 1", .current = 0.05, .pf = 1, .class_limit = 0.5, .adc16 = true },
	{ .name = "16 bit, 5 %, PF 0.5", .current = 0.05, .pf = 0.5, .class_limit = 0.6, .adc16 = true },
	{ .name = "16 bit, 100 %, PF 1", .current = 1, .pf = 1, .class_limit = 0.5, .adc16 = true },
	{ .name = "16 bit, 120 %, PF 0.8 lead", .current = 1.2, .pf = -0.8, .class_limit = 0.6, .adc16 = true },
};

static const double delays_us[ADC_CHANNELS] = { 0, 120, 250, 500, 310, 77 };

static void build_wave(const struct condition *condition, double hz, double start, uint64_t seed, struct wave *wave)
{
	double lag = acos(fabs(condition->pf)) * (condition->pf < 0 ? -1 : 1);
	double amps = condition->current * NOMINAL_A;

	wave_three_phase(wave, RATE_HZ, hz, NOMINAL_V, amps, lag, start);
	wave->seed = seed;
	if (condition->acb)
		for (int c = 0; c < ADC_CHANNELS; c++) {
			wave->channel[c].phase[1] = start + c % 3 * 2 * M_PI / 3 - (c < 3 ? 0 : lag);
		}
	for (int h = 3; condition->odd_harmonics && h <= 19; h += 2)
		wave_add_harmonic(wave, h, 0.4, 0.4, 0.1 * h, 0.3 * h);
	if (condition->fifth)	/* 10 % in the voltage, 40 % in the current, in phase at the zero crossing */
		wave_add_harmonic(wave, 5, 0.1, 0.4, 0, 0);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (condition->dc)
			wave->channel[c].rms[0] = c < 3 ? 10 : amps / 20;
		if (condition->delayed)
			wave->delay_us[c] = delays_us[c];
		if (condition->reversed && c >= 3)
			wave->channel[c].phase[1] += M_PI;
		if (condition->adc16) {
			wave->lsb[c] = 2 * 1.2 * M_SQRT2 * (c < 3 ? 347 : NOMINAL_A) / 65536;
			wave->noise_lsb = 1;
		}
	}
	wave->as_float = !condition->adc16;
}

/* The truth of phase A (all phases are alike) and what a method says of it. */
struct result {
	double value[ERRORS];
};

static struct result truth_of(const struct wave *wave)
{
	const struct wave_channel *v = &wave->channel[ADC_VA], *i = &wave->channel[ADC_IA];

	return (struct result){ { wave_rms(v), wave_rms(i), fabs(wave_power(v, i)), wave_rms(v) * wave_rms(i),
				  fabs(wave_reactive(v, i)), wave->hz } };
}

static void compare(const struct result *result, const struct result *truth, double worst[ERRORS])
{
	static const int base[ERRORS] = { ERR_V, ERR_I, ERR_S, ERR_S, ERR_S, ERR_HZ };

	for (int e = 0; e < ERRORS; e++) {
		double error = fabs(result->value[e] - truth->value[e]);

		error *= e == ERR_HZ ? 1e3 : 100 / truth->value[base[e]];
		if (!(error <= worst[e]))
			worst[e] = error;
	}
}

/* Runs the samples through a whole meter; phase p's readings and, in *energy_error, the worst energy error in percent of S. */
static void run_meter(struct meter *meter, const struct condition *condition, double *const scans[ADC_CHANNELS],
		      struct result results[3])
{
	struct meter_config config = { .max_rate_hz = RATE_HZ };
	const struct readings *readings = &meter_snapshot(meter)->readings;

	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	for (int c = 0; condition->delayed && c < ADC_CHANNELS; c++)
		config.delay_us[c] = delays_us[c];
	meter_init(meter, &config);
	for (unsigned from = 0; from < SAMPLES; from += BLOCK) {
		struct adc_block block = { .n = BLOCK, .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ, .primary = true };

		block.t_ns = llround((from + BLOCK - 1) / RATE_HZ * 1e9);
		block.restarted = from == 0;
		for (int c = 0; c < ADC_CHANNELS; c++)
			block.scans[c] = scans[c] + from;
		meter_feed(meter, &block);
	}
	for (int p = 0; p < 3; p++)
		results[p] = (struct result){ { readings->v_ln_v[p], readings->i_a[p], readings->p_phase_w[p],
						readings->s_phase_va[p], readings->q_phase_var[p], readings->hz } };
}

/* Sums over scans from..to of phase A. */
static struct result plain_sums(double *const scans[ADC_CHANNELS], unsigned from, unsigned to, double hz)
{
	double v = 0, i = 0, vv = 0, ii = 0, vi = 0, n = to - from, p, s;

	for (unsigned k = from; k < to; k++) {
		double a = scans[ADC_VA][k], b = scans[ADC_IA][k];

		v += a;
		i += b;
		vv += a * a;
		ii += b * b;
		vi += a * b;
	}
	vv = vv / n - v / n * v / n;
	ii = ii / n - i / n * i / n;
	p = fabs(vi / n - v / n * i / n);
	s = sqrt(vv * ii);
	return (struct result){ { sqrt(vv), sqrt(ii), p, s, sqrt(fmax(s * s - p * p, 0)), hz } };
}

static struct result run_fixed(double *const scans[ADC_CHANNELS])
{
	unsigned crossings = 0;

	for (unsigned k = 1; k < 2520; k++)
		crossings += scans[ADC_VA][k - 1] < 0 && scans[ADC_VA][k] >= 0;
	return plain_sums(scans, 0, 2520, crossings);
}

static struct result run_cycles(double *const scans[ADC_CHANNELS])
{
	unsigned first = 0, last = 0, crossings = 0;

	for (unsigned k = 1; k < 2520; k++)
		if (scans[ADC_VA][k - 1] < 0 && scans[ADC_VA][k] >= 0) {
			if (!crossings++)
				first = k;
			last = k;
		}
	return plain_sums(scans, first, last, (crossings - 1) * RATE_HZ / (last - first));
}

static void print_head(void)
{
	printf("Worst case over 45..65 Hz; V, I in %% of reading, P, S and Q in %% of S, Hz in mHz; class: IEC 62053-22 0.5S, %% of P\n\n");
	printf("%-28s | %-49s | %-9s %-8s | %-17s | %-17s\n", "", "dinmeterd", "ours", "class", "fixed second", "whole cycles");
	printf("%-28s | %-9s %-9s %-9s %-9s %-9s | %-9s %-8s | %-8s %-8s | %-8s %-8s\n", "condition", "V, I", "P", "S", "Q", "Hz",
	       "% of P", "limit", "V, I", "P", "V, I", "P");
}

static int run_condition(const struct condition *condition, double step, uint64_t *seed, struct meter *meter,
			 double *const scans[ADC_CHANNELS])
{
	double ours[ERRORS] = { 0 }, fixed[ERRORS] = { 0 }, cycles[ERRORS] = { 0 };
	double of_p, limit = condition->class_limit / 10;
	bool good;

	for (int k = 0; 45 + k * step < 65 + step / 2; k++) {
		double hz = fmin(45 + k * step, 65);
		struct wave wave;
		struct result truth, results[3], plain;

		build_wave(condition, hz, 2 * M_PI * wave_uniform(seed), *seed, &wave);
		wave_fill(&wave, 0, SAMPLES, scans);
		truth = truth_of(&wave);
		run_meter(meter, condition, scans, results);
		for (int p = 0; p < 3; p++)
			compare(&results[p], &truth, ours);
		plain = run_fixed(scans);
		compare(&plain, &truth, fixed);
		plain = run_cycles(scans);
		compare(&plain, &truth, cycles);
	}
	of_p = ours[ERR_P] / fabs(condition->pf);
	good = of_p <= limit;
	for (int e = 0; !condition->adc16 && e < ERRORS; e++)
		good &= ours[e] <= float_limit[e];
	printf("%-28s | %9.2e %9.2e %9.2e %9.2e %9.2e | %9.2e %8.2g | %8.1e %8.1e | %8.1e %8.1e%s\n", condition->name,
	       fmax(ours[ERR_V], ours[ERR_I]), ours[ERR_P], ours[ERR_S], ours[ERR_Q], ours[ERR_HZ], of_p, condition->class_limit,
	       fmax(fixed[ERR_V], fixed[ERR_I]), fixed[ERR_P], fmax(cycles[ERR_V], cycles[ERR_I]), cycles[ERR_P],
	       good ? "" : "  OUTSIDE");
	return good ? 0 : 1;
}

/* One hour of each of five frequencies: energy registered against power x time. */
static int run_hour(struct meter *meter, double *const scans[ADC_CHANNELS], uint64_t *seed)
{
	double worst = 0;

	for (int k = 0; k < 5; k++) {
		struct meter_config config = { .max_rate_hz = RATE_HZ };
		struct condition condition = { .current = 1, .pf = 0.8 };
		const struct snapshot *s = meter_snapshot(meter);
		double truth, error;
		struct wave wave;

		build_wave(&condition, 45.05 + 4.96 * k, 2 * M_PI * wave_uniform(seed), *seed, &wave);
		settings_defaults(&config.settings);
		rules_defaults(&config.rules);
		meter_init(meter, &config);
		for (uint64_t from = 0; from < 3600 * 2520 + 504; from += BLOCK) {
			struct adc_block block = { .n = BLOCK, .nominal_hz = RATE_HZ, .rate_hz = RATE_HZ, .primary = true };

			block.t_ns = llround((from + BLOCK - 1) / RATE_HZ * 1e9);
			block.restarted = from == 0;
			memcpy(block.scans, scans, sizeof(block.scans));
			wave_fill(&wave, from, BLOCK, scans);
			meter_feed(meter, &block);
		}
		truth = 3 * wave_power(&wave.channel[ADC_VA], &wave.channel[ADC_IA]);	/* W x 3600 s */
		error = fabs((s->energies.kwh.wh + s->energies.kwh.nwh * 1e-9) / truth - 1) * 100;
		worst = fmax(worst, error);
	}
	printf("\nactive energy over 1 h: worst error %.2e %% (limit 2.0e-04 %%)%s\n", worst, worst <= 2e-4 ? "" : "  OUTSIDE");
	return worst <= 2e-4 ? 0 : 1;
}

int main(int argc, char **argv)
{
	double step = argc > 1 ? strtod(argv[1], NULL) : 0.1;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct meter_config config = { .max_rate_hz = RATE_HZ };
	struct meter *meter = malloc(meter_bytes(&config));
	double *scans[ADC_CHANNELS];
	int outside = 0;

	if (!(step > 0) || !meter)
		return 2;
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (!(scans[c] = malloc(SAMPLES * sizeof(double))))
			return 2;
	printf("seed %llu, step %g Hz\n", (unsigned long long)seed, step);
	print_head();
	for (size_t k = 0; k < sizeof(conditions) / sizeof(conditions[0]); k++)
		outside += run_condition(&conditions[k], step, &seed, meter, scans);
	outside += run_hour(meter, scans, &seed);
	printf("\n%d of %zu rows outside their limits\n", outside, sizeof(conditions) / sizeof(conditions[0]) + 1);
	for (int c = 0; c < ADC_CHANNELS; c++)
		free(scans[c]);
	free(meter);
	return outside ? 1 : 0;
}
