/*
 * The built-in three-phase source.
 *
 * Sample n of a channel is a function of n alone, whatever the block size: the
 * phase of the fundamental is n * step in 64-bit fixed point (2^64 is a cycle), so
 * nothing drifts over days; harmonics are powers of the same phasor; noise is a
 * hash of (seed, n, channel).  One sine and cosine a scan, whatever the load.
 */
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc.h"

#define PHASES 3
#define ORDERS 51		/* 1..50; 0 is not used */
#define SEGMENT 32		/* scans for which a varying load stands still */
#define CYCLE 0x1p64

/* What a channel is made of: the sum over the orders h of c[h] cos(h theta) + s[h] sin(h theta). */
struct wave {
	double c[ORDERS], s[ORDERS];
};

struct adc_sim {
	struct adc adc;
	struct adc_sim_config config;
	double rate_hz;
	unsigned block_scans;
	int last_order;			/* highest order in use */
	uint64_t step;			/* phase of the fundamental per scan */
	struct wave wave[ADC_CHANNELS];	/* as configured */
	double full_scale[ADC_CHANNELS];/* peak */
	uint64_t next;			/* number of the next scan */
	atomic_bool cancelled;
};

/* The slowly varying part, constant for a segment. */
struct load {
	uint64_t phase, slope;		/* wander of the fundamental's phase: at the start, and per scan */
	double voltage[PHASES];		/* factors */
	double in_phase[PHASES], quadrature[PHASES];	/* of the current: factor x rotation */
};

static double radians(double degrees)
{
	return degrees * (M_PI / 180);
}

/* sqrt(2) x rms x sin(h theta + angle), as cosine and sine parts. */
static void wave_add(struct wave *wave, int order, double rms, double angle)
{
	wave->c[order] += M_SQRT2 * rms * sin(angle);
	wave->s[order] += M_SQRT2 * rms * cos(angle);
}

/* A lagging load's current is behind its voltage: its angle is negative. */
static double current_angle(double power_factor)
{
	return power_factor < 0 ? acos(-power_factor) : -acos(power_factor);
}

static void build_phase(struct adc_sim *sim, int p)
{
	const struct adc_sim_config *config = &sim->config;
	double v = config->voltage_v[p], i = config->current_a[p];
	double at = radians((config->acb ? 120 : -120) * p);
	double behind = at + current_angle(config->power_factor[p]);

	wave_add(&sim->wave[ADC_VA + p], 1, v, at);
	wave_add(&sim->wave[ADC_IA + p], 1, i, behind);
	for (int k = 0; k < config->harmonics; k++) {
		const struct adc_sim_harmonic *h = &config->harmonic[k];
		double shift = radians(h->phase_deg);

		wave_add(&sim->wave[ADC_VA + p], h->order, v * h->voltage_percent / 100, h->order * at + shift);
		wave_add(&sim->wave[ADC_IA + p], h->order, i * h->current_percent / 100, h->order * behind + shift);
		if (h->order > sim->last_order)
			sim->last_order = h->order;
	}
}

/* The converter's range: twice the crest of the largest fundamental of its kind, as a designer would leave room. */
static void set_full_scale(struct adc_sim *sim)
{
	double v = 0, i = 0;

	for (int p = 0; p < PHASES; p++) {
		v = fmax(v, fabs(sim->config.voltage_v[p]));
		i = fmax(i, fabs(sim->config.current_a[p]));
	}
	for (int p = 0; p < PHASES; p++) {
		sim->full_scale[ADC_VA + p] = 2 * M_SQRT2 * (v > 0 ? v : 1);
		sim->full_scale[ADC_IA + p] = 2 * M_SQRT2 * (i > 0 ? i : 1);
	}
}

/* Cycles to 64-bit phase; whole cycles fall away. */
static uint64_t to_phase(double cycles)
{
	double part = cycles - floor(cycles);

	return (uint64_t)(int64_t)((part - 0.5) * 0x1p63 * 2) + (UINT64_C(1) << 63);
}

/* Phase per scan, to half a unit: what the quotient of two doubles leaves is added.  A long double is no longer on some machines. */
static uint64_t step_of(double frequency_hz, double rate_hz)
{
	double cycles = frequency_hz / rate_hz, rest = fma(-cycles, rate_hz, frequency_hz) / rate_hz;
	double whole = floor(cycles * CYCLE);

	return (uint64_t)whole + (uint64_t)llround(cycles * CYCLE - whole + rest * CYCLE);
}

static double turn(double time_s, double period_s)
{
	return sin(2 * M_PI * fmod(time_s, period_s) / period_s);
}

/* Frequency within 0.03 Hz of the configured one. */
static double wander_cycles(double time_s)
{
	return 0.03 * 47 / (2 * M_PI) * turn(time_s, 47);
}

/*
 * The load at the start of a segment: each phase moves between 0.3 and 1 times
 * the configured current with periods of its own (so the picture repeats after
 * hours), the power factor angle by 8 degrees, the voltage sags by up to 1 %.
 */
static void load_at(const struct adc_sim *sim, uint64_t n, struct load *load)
{
	static const double slow_s[PHASES] = { 61, 83, 107 }, fast_s[PHASES] = { 13, 17, 23 };
	double time_s = (double)n / sim->rate_hz, after_s = (double)(n + SEGMENT) / sim->rate_hz;
	uint64_t end;

	load->phase = to_phase(wander_cycles(time_s));
	end = to_phase(wander_cycles(after_s));
	load->slope = (uint64_t)((int64_t)(end - load->phase) / SEGMENT);
	for (int p = 0; p < PHASES; p++) {
		double slow = turn(time_s + 7 * p, slow_s[p]), fast = turn(time_s + 3 * p, fast_s[p]);
		double factor = 0.65 + 0.2 * slow + 0.15 * fast;
		double angle = radians(8) * turn(time_s + 11 * p, 37);

		load->voltage[p] = 1 - 0.01 * factor;
		load->in_phase[p] = factor * cos(angle);
		load->quadrature[p] = factor * sin(angle);
	}
}

static void steady_load(struct load *load)
{
	memset(load, 0, sizeof(*load));
	for (int p = 0; p < PHASES; p++)
		load->voltage[p] = load->in_phase[p] = 1;
}

/* Scan `at` of the block: sum over the orders, the phasor's powers by repeated multiplication. */
static void fill_scan(const struct adc_sim *sim, const struct load *load, uint64_t phase, struct adc_block *block,
		      unsigned at)
{
	/* A signed phase keeps the argument within half a turn, where sine and cosine are best. */
	double theta = (double)(int64_t)phase * (2 * M_PI / CYCLE);
	double re = cos(theta), im = sin(theta), c = re, s = im;
	double x[ADC_CHANNELS] = { 0 }, quadrature[PHASES] = { 0 };

	for (int h = 1; h <= sim->last_order; h++) {
		double next = c * re - s * im;

		for (int k = 0; k < ADC_CHANNELS; k++)
			x[k] += sim->wave[k].c[h] * c + sim->wave[k].s[h] * s;
		for (int p = 0; p < PHASES; p++)
			quadrature[p] += sim->wave[ADC_IA + p].s[h] * c - sim->wave[ADC_IA + p].c[h] * s;
		s = s * re + c * im;
		c = next;
	}
	for (int p = 0; p < PHASES; p++) {
		block->scans[ADC_VA + p][at] = x[ADC_VA + p] * load->voltage[p];
		block->scans[ADC_IA + p][at] = x[ADC_IA + p] * load->in_phase[p] + quadrature[p] * load->quadrature[p];
	}
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finaliser of SplitMix64. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xBF58476D1CE4E5B9);
	x ^= x >> 27;
	x *= UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

/* Nearly Gaussian, mean 0, standard deviation 1: four uniform numbers of variance 1/12 each, added. */
static double noise(uint64_t seed, uint64_t n, int channel)
{
	uint64_t bits = mix(mix(seed + UINT64_C(0x9E3779B97F4A7C15) * (unsigned)(channel + 1)) ^ n);
	int sum = 0;

	for (int k = 0; k < 4; k++)
		sum += (int)(bits >> 16 * k & 0xFFFF);
	return (sum - 4 * 32767.5) / 65536 * 1.7320508075688772;
}

/* The converter: offset, noise, then the nearest code within its range. */
static void convert(const struct adc_sim *sim, int channel, struct adc_block *block)
{
	const struct adc_sim_config *config = &sim->config;
	double scale = sim->full_scale[channel], offset = scale * config->dc_percent / 100;
	double sigma = scale * config->noise_percent / 100;
	double codes = config->bits ? ldexp(1, config->bits - 1) : 0;
	double *x = block->scans[channel];

	for (unsigned k = 0; k < block->n; k++) {
		x[k] += offset;
		if (sigma > 0)
			x[k] += sigma * noise((uint64_t)config->seed, sim->next + k, channel);
		if (codes > 0) {
			double code = fmin(fmax(round(x[k] / scale * codes), -codes), codes - 1);

			if (code <= -codes || code >= codes - 1)
				block->clipped |= 1u << channel;
			x[k] = code * scale / codes;
		}
	}
}

static struct adc_sim *sim_of(struct adc *adc)
{
	return (struct adc_sim *)adc;
}

static int sim_open(struct adc *adc, struct adc_info *info)
{
	struct adc_sim *sim = sim_of(adc);

	if (sim->cancelled)
		return -ECANCELED;
	sim->next = 0;
	*info = (struct adc_info){ .rate_hz = sim->rate_hz, .block_scans = sim->block_scans, .paced = false };
	return 0;
}

static int sim_read(struct adc *adc, struct adc_block *block)
{
	struct adc_sim *sim = sim_of(adc);
	struct load load;

	if (sim->cancelled)
		return -ECANCELED;
	block->n = sim->block_scans;
	block->nominal_hz = block->rate_hz = sim->rate_hz;
	block->primary = true;
	for (int c = 0; c < ADC_CHANNELS; c++)
		block->step[c] = sim->config.bits ? ldexp(sim->full_scale[c], 1 - sim->config.bits) : 0;
	block->lost = 0;
	block->restarted = false;
	block->clipped = 0;
	block->t_ns = llround((double)(sim->next + block->n - 1) * 1e9 / sim->rate_hz);
	steady_load(&load);
	for (unsigned k = 0; k < block->n; k++) {
		uint64_t n = sim->next + k, within = n % SEGMENT;

		if (sim->config.profile == SIM_VARYING && (!k || !within))
			load_at(sim, n - within, &load);
		fill_scan(sim, &load, n * sim->step + load.phase + within * load.slope, block, k);
	}
	for (int c = 0; c < ADC_CHANNELS; c++)
		convert(sim, c, block);
	sim->next += block->n;
	return (int)block->n;
}

static void sim_cancel(struct adc *adc)
{
	sim_of(adc)->cancelled = true;
}

static void sim_close(struct adc *adc)
{
	(void)adc;
}

static void sim_free(struct adc *adc)
{
	free(adc);
}

struct adc *adc_sim_new(const struct adc_config *config)
{
	static const struct adc_ops ops = {
		.open = sim_open, .read = sim_read, .cancel = sim_cancel, .close = sim_close, .free = sim_free,
	};
	struct adc_sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return NULL;
	sim->adc = (struct adc){ .ops = &ops, .name = "sim" };
	sim->config = config->sim;
	sim->rate_hz = config->rate_hz;
	sim->block_scans = config->block_scans;
	sim->last_order = 1;
	sim->step = step_of(config->sim.frequency_hz, config->rate_hz);
	for (int p = 0; p < PHASES; p++)
		build_phase(sim, p);
	set_full_scale(sim);
	atomic_init(&sim->cancelled, false);
	return &sim->adc;
}
