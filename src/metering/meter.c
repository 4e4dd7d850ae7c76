#include "metering/meter.h"

#include <math.h>
#include <string.h>

#include "metering/alerts.h"
#include "metering/moments.h"
#include "metering/quantities.h"
#include "metering/window.h"

#define NS_PER_S 1e9
/* Without a valid window energy goes on with the last good power, no longer than this. */
#define BRIDGE_MAX_S 2.0
/* Samples are taken to be flowing when the newest block is no older than its own length and this. */
#define FLOWING_S 0.3
#define CYCLE_S 1.0
#define RESETS_MODULUS 32768

struct meter {
	struct meter_config config;
	struct channel_errors errors;
	struct window window;
	double *window_memory;
	struct orientation orientation;
	struct snapshot snapshot;

	struct moments moments;		/* of the last good window, to be read anew when a setting changes */
	bool moments_primary;
	double accrual_w[PHASES];
	unsigned clipped, clipped_last;	/* channels: in the window that fills, in the last good one */

	double nominal_hz;		/* rate the window is laid out for; 0 = none yet */
	bool connected;			/* the window's opening crossfade continues a good window */
	double gap_s;			/* time lost since the last good window that no sample tells of */
	double bridge_left_s;
	double block_s;			/* length of the newest block */
	int64_t block_ns, valid_ns, cycle_ns;	/* newest block, newest good window, last end of a cycle */
	bool ever_valid, started;
	unsigned pending;		/* METER_SYNC_DEMAND, METER_RESET_MAX_DEMAND */
};

/* The struct is followed by the window's memory, aligned for double. */
static size_t header_bytes(void)
{
	return (sizeof(struct meter) + 63) / 64 * 64;
}

size_t meter_bytes(const struct meter_config *config)
{
	return header_bytes() + window_bytes(config->max_rate_hz);
}

static void show_nothing_live(struct meter *meter)
{
	struct snapshot *s = &meter->snapshot;

	s->live = false;
	readings_clear(&s->readings);
	s->alerts = alerts_stale(s->alerts, &s->derived);
}

struct meter *meter_init(void *memory, const struct meter_config *config)
{
	struct meter *meter = memory;

	memset(meter, 0, sizeof(*meter));
	meter->config = *config;
	meter->errors.sinc_order = config->sinc_order;
	meter->window_memory = (double *)((char *)memory + header_bytes());
	orientation_init(&meter->orientation);
	meter->snapshot.settings = config->settings;
	meter->snapshot.power_ups = config->power_ups;
	meter->snapshot.output_config = config->output_config;
	meter->snapshot.firmware_version = config->firmware_version;
	settings_derive(&config->settings, &meter->snapshot.derived);
	demand_init(&meter->snapshot.demand, config->settings.demand_subinterval_s);
	show_nothing_live(meter);
	return meter;
}

/* Readings and alerts of the last good window under the present settings. */
static void evaluate(struct meter *meter)
{
	struct snapshot *s = &meter->snapshot;
	struct quantities_input input = {
		.settings = &s->settings, .rules = &meter->config.rules, .moments = &meter->moments,
		.primary = meter->moments_primary,
	};

	quantities_compute(&input, &meter->orientation, &s->readings, meter->accrual_w);
	s->alerts = (s->alerts & ALERT_PULSE_OVERRUN) |
		    alerts_evaluate(&s->readings, &s->settings, &s->derived, &meter->config.rules, meter->clipped_last);
}

static void total_powers(const struct readings *readings, double power[DEMAND_QUANTITIES])
{
	power[DEMAND_P] = readings->p_w;
	power[DEMAND_Q] = readings->q_var;
	power[DEMAND_S] = readings->s_va;
}

/* Adds the present readings over a time to the energies. */
static void accrue(struct meter *meter, double seconds)
{
	struct snapshot *s = &meter->snapshot;

	energy_add(&s->energies.kwh, s->readings.p_w, seconds);
	energy_add(&s->energies.kvah, s->readings.s_va, seconds);
	energy_add(&s->energies.kvarh, s->readings.q_var, seconds);
	for (int phase = 0; phase < PHASES; phase++)
		energy_add(&s->energies.kwh_phase[phase], meter->accrual_w[phase], seconds);
}

/* A cycle ends for demand, and with it what waits for that. */
static void end_demand_cycle(struct meter *meter, const double power[DEMAND_QUANTITIES], double seconds)
{
	struct snapshot *s = &meter->snapshot;

	demand_cycle(&s->demand, power, seconds, s->settings.demand_subintervals, s->settings.demand_subinterval_s,
		     meter->pending & METER_SYNC_DEMAND, meter->pending & METER_RESET_MAX_DEMAND);
	meter->pending = 0;
}

/* The window is given up: what it held, and the gap, are remembered as time that no window covers. */
static void discard_window(struct meter *meter, double gap_s)
{
	struct window *window = &meter->window;
	double held_s = 0;

	if (meter->nominal_hz > 0 && window->fill > 0) {
		held_s = (window->fill - (meter->connected ? window->edge / 2.0 : 0)) / meter->snapshot.rate_hz;
		if (window->fill > (meter->connected ? window->edge : 0))
			meter->snapshot.void_windows++;
	}
	meter->gap_s += held_s + gap_s;
	meter->connected = false;
	if (meter->nominal_hz > 0)
		window_clear(window);
	meter->clipped = 0;
}

/* Fills in, with the last good powers, what the windows since the last good one do not cover. */
static void bridge(struct meter *meter)
{
	double seconds = fmin(meter->gap_s, meter->bridge_left_s), power[DEMAND_QUANTITIES];

	meter->gap_s = 0;
	if (!meter->ever_valid || !(seconds > 0))
		return;
	meter->bridge_left_s -= seconds;
	meter->snapshot.bridged_s += seconds;
	/* the readings may be gone by now: take them from the last good window once more */
	evaluate(meter);
	accrue(meter, seconds);
	total_powers(&meter->snapshot.readings, power);
	demand_add(&meter->snapshot.demand, power, seconds);
}

/* Returns whether the window was good. */
static bool finish_window(struct meter *meter, const struct adc_block *block, int64_t end_ns)
{
	struct frequency_reference references[PHASES];
	struct snapshot *s = &meter->snapshot;
	unsigned n = quantities_frequency_references(s->settings.system_type, references);
	double seconds = meter->window.hop / s->rate_hz, power[DEMAND_QUANTITIES];
	struct moments moments;

	moments_compute(&meter->window, s->rate_hz, &meter->errors, references, n,
			quantities_frequency_min(&s->settings, block->primary), &moments);
	if (!moments_finite(&moments)) {
		discard_window(meter, 0);
		return false;
	}
	if (!meter->connected) {	/* the opening crossfade counts half, its first half is nobody's */
		meter->gap_s += meter->window.edge / 2.0 / s->rate_hz;
		bridge(meter);
	}
	meter->moments = moments;
	meter->moments_primary = block->primary;
	meter->clipped_last = meter->clipped;
	meter->clipped = 0;
	s->live = meter->ever_valid = true;
	s->t_ns = meter->valid_ns = meter->cycle_ns = end_ns;
	s->cycle++;
	evaluate(meter);
	accrue(meter, seconds);
	total_powers(&s->readings, power);
	end_demand_cycle(meter, power, seconds);
	meter->bridge_left_s = BRIDGE_MAX_S;
	meter->connected = true;
	window_advance(&meter->window);
	return true;
}

/* Handles what stands between the last block and this one. */
static void join_block(struct meter *meter, const struct adc_block *block)
{
	int64_t first_ns = block->t_ns - llround((block->n - 1) / block->rate_hz * NS_PER_S);
	bool new_rate = meter->nominal_hz != block->nominal_hz;

	meter->snapshot.lost_samples += block->lost;
	if (block->restarted || new_rate) {
		double gap_s = (first_ns - meter->block_ns) / NS_PER_S - 1 / block->rate_hz;

		discard_window(meter, meter->started && gap_s > 0 ? gap_s : 0);
	} else if (block->lost) {
		discard_window(meter, block->lost / block->rate_hz);
	}
	if (new_rate) {
		meter->nominal_hz = block->nominal_hz;
		window_init(&meter->window, meter->window_memory, block->nominal_hz);
	}
	if (!meter->started)
		meter->cycle_ns = first_ns;
	meter->started = true;
	meter->block_ns = block->t_ns;
	meter->block_s = block->n / block->rate_hz;
	meter->snapshot.rate_hz = block->rate_hz;
	meter->clipped |= block->clipped;
	for (int c = 0; c < ADC_CHANNELS; c++)
		meter->errors.delay_us[c] = meter->config.delay_us[c] + block->delay_us[c];
}

bool meter_feed(struct meter *meter, const struct adc_block *block)
{
	unsigned taken = 0;
	bool ended = false;

	if (!block->n)
		return false;
	join_block(meter, block);
	while (taken < block->n) {
		taken += window_take(&meter->window, block, taken);
		if (!window_full(&meter->window))
			continue;
		ended |= finish_window(meter, block, block->t_ns - llround((block->n - taken) / block->rate_hz * NS_PER_S));
	}
	return ended;
}

/*
 * While samples flow, a window may come a crossfade and a block later than the
 * second it belongs to: that much more is allowed, so that one lost sample is no standstill.
 */
static bool gone_stale(const struct meter *meter, int64_t now_ns)
{
	double since_valid_s = (now_ns - meter->valid_ns) / NS_PER_S, since_block_s = (now_ns - meter->block_ns) / NS_PER_S;
	double slack_s = FLOWING_S + meter->block_s;
	double limit_s = meter->config.rules.stale_s + (since_block_s <= slack_s ? slack_s : 0);

	return meter->snapshot.live && since_valid_s >= limit_s;
}

bool meter_tick(struct meter *meter, int64_t now_ns)
{
	bool changed = false;

	if (gone_stale(meter, now_ns)) {
		show_nothing_live(meter);
		changed = true;
	}
	/* a standstill has cycles too: for the commands that wait for the end of one */
	if (!meter->snapshot.live && (now_ns - meter->cycle_ns) / NS_PER_S >= CYCLE_S) {
		meter->cycle_ns = now_ns;
		if (meter->pending) {
			static const double nothing[DEMAND_QUANTITIES];

			end_demand_cycle(meter, nothing, 0);
			changed = true;
		}
	}
	if (changed)
		meter->snapshot.t_ns = now_ns;
	return changed;
}

void meter_change(struct meter *meter, const struct meter_change *change)
{
	struct snapshot *s = &meter->snapshot;
	bool demand_changed = change->settings.demand_subintervals != s->settings.demand_subintervals ||
			      change->settings.demand_subinterval_s != s->settings.demand_subinterval_s;

	s->settings = change->settings;
	settings_derive(&s->settings, &s->derived);
	if (demand_changed)
		demand_restart(&s->demand, s->settings.demand_subinterval_s);
	if (change->commands & METER_CLEAR_ENERGY) {
		memset(&s->energies, 0, sizeof(s->energies));
		s->energy_resets = (s->energy_resets + change->clear_energy_count) % RESETS_MODULUS;
	}
	if (change->commands & METER_CLEAR_PULSES)
		memset(s->pulses, 0, sizeof(s->pulses));
	if (change->power_ups >= 0)
		s->power_ups = (unsigned)change->power_ups;
	meter->pending |= change->commands & (METER_SYNC_DEMAND | METER_RESET_MAX_DEMAND);
	if (s->live)
		evaluate(meter);
	else
		s->alerts = alerts_stale(s->alerts, &s->derived);
}

const struct snapshot *meter_snapshot(const struct meter *meter)
{
	return &meter->snapshot;
}
