#include "metering/meter.h"

#include <math.h>
#include <string.h>

#include "metering/alerts.h"
#include "metering/meter_private.h"

#define NS_PER_S 1e9
/* Without a valid window energy goes on with the last good power, no longer than this. */
#define BRIDGE_MAX_S 2.0
/* Samples are taken to be flowing when the newest block is no older than its own length and this. */
#define FLOWING_S 0.3
#define CYCLE_S 1.0
/* A plan of pulses begins this much after the block in which its second ended: there is time to hand it over. */
#define PULSE_LEAD_S 0.05
/* The system's clock is taken to have been set when it jumps by more than this. */
#define CLOCK_JUMP_NS INT64_C(1000000000)

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

int64_t meter_utc_s(const struct meter *meter)
{
	int64_t utc_ns = meter->now_ns + meter->utc_less_clock_ns;

	return utc_ns / (int64_t)NS_PER_S;
}

/* What the snapshot shows of the log and of the pulses. */
void meter_show_log(struct meter *meter)
{
	struct snapshot *s = &meter->snapshot;

	s->log = meter->log.state;
	s->log_clock_s = meter_utc_s(meter) + meter->log.state.clock_offset_s;
	s->log_max_days = datalog_max_days(s->settings.demand_subinterval_s);
}

void meter_show_page(struct meter *meter)
{
	datalog_page(&meter->log, meter->snapshot.log_page);
}

void meter_show_pulses(struct meter *meter)
{
	for (int i = 0; i < PULSE_OUTPUTS; i++) {
		meter->snapshot.pulses[i] = meter->pulse[i].closures;
		meter->snapshot.pulses_owed[i] = pulse_owed(&meter->pulse[i], meter->snapshot.settings.pulse_energy);
	}
}

static void take_state(struct meter *meter, const struct meter_state *state)
{
	struct snapshot *s = &meter->snapshot;

	s->energies = state->energies;
	s->energy_resets = state->energy_resets;
	memcpy(s->demand.max, state->max_demand, sizeof(s->demand.max));
	memcpy(meter->pulse, state->pulse, sizeof(meter->pulse));
	if (state->pulse_overrun)
		s->alerts |= ALERT_PULSE_OVERRUN;
	meter->pulse_raised = state->pulse_raised;
	datalog_init(&meter->log, &state->log, meter->config.was_off);
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
	datalog_defaults(&meter->log.state);
	if (config->state)
		take_state(meter, config->state);
	meter->config.state = NULL;	/* the caller's, not to be looked at again */
	show_nothing_live(meter);
	meter_show_pulses(meter);
	meter_show_log(meter);
	meter_show_page(meter);
	return meter;
}

void meter_restore_entry(struct meter *meter, const struct datalog_entry *entry)
{
	datalog_restore(&meter->log, entry);
	if (meter->log.state.page)
		meter_show_page(meter);
}

/* Readings and alerts of the last good window under the present settings. */
void meter_evaluate(struct meter *meter)
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

static void owe(struct meter *meter, enum pulse_output which, double power_w, double seconds)
{
	struct energy added, *sum = &meter->pulse_now[which].energy;

	if (meter->pulse_span_begun)
		for (int i = 0; i < PULSE_OUTPUTS; i++) {
			meter->pulse_last[i] = meter->pulse_now[i];
			meter->pulse_now[i].energy = (struct energy){ 0, 0 };
		}
	meter->pulse_span_begun = false;
	pulse_add(&meter->pulse[which], power_w, seconds, &added);
	sum->wh += added.wh + (sum->nwh + added.nwh) / (uint32_t)ENERGY_NWH_PER_WH;
	sum->nwh = (sum->nwh + added.nwh) % (uint32_t)ENERGY_NWH_PER_WH;
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
	owe(meter, PULSE_REAL, s->readings.p_w, seconds);
	owe(meter, PULSE_REACTIVE, s->readings.q_var, seconds);
}

/* The registers at the end of a sub-interval go into the log. */
static void record(struct meter *meter)
{
	struct snapshot *s = &meter->snapshot;
	struct datalog_entry entry = {
		.clock_s = s->log_clock_s, .utc_s = meter_utc_s(meter),
		.scale_i = (int8_t)s->derived.scale_i, .scale_v = (int8_t)s->derived.scale_v,
		.scale_w = (int8_t)s->derived.scale_w, .scale_e = (int8_t)s->derived.scale_e,
		.energy_resets = (uint16_t)s->energy_resets,
		.measured_s = (uint32_t)fmin(llround(s->demand.last_s), UINT32_MAX),
	};

	if (!meter->config.record)
		return;
	memcpy(entry.pointer, meter->log.state.pointer, sizeof(entry.pointer));
	meter->config.record(s, entry.pointer, entry.word);
	datalog_subinterval(&meter->log, &entry, &s->energies.kwh);
	meter_show_log(meter);
	if (meter->log.state.page)
		meter_show_page(meter);
}

/* A cycle ends for demand, and with it what waits for that. */
static void end_demand_cycle(struct meter *meter, const double power[DEMAND_QUANTITIES], double seconds)
{
	struct snapshot *s = &meter->snapshot;
	unsigned ended = s->demand.subintervals_ended;

	meter_show_log(meter);
	datalog_alerts(&meter->log, s->alerts);
	demand_cycle(&s->demand, power, seconds, s->settings.demand_subintervals, s->settings.demand_subinterval_s,
		     meter->pending & METER_SYNC_DEMAND, meter->pending & METER_RESET_MAX_DEMAND);
	meter->pending = 0;
	if (s->demand.subintervals_ended != ended)
		record(meter);
}

/* The second from now on shows, in pulses, the energy of the one that ended. */
static void begin_pulse_span(struct meter *meter, int64_t from_ns, double length_s)
{
	for (int i = 0; i < PULSE_OUTPUTS; i++) {
		meter->pulse_now[i].from_ns = from_ns;
		meter->pulse_now[i].length_s = length_s;
	}
	meter->pulses_due = meter->pulse_span_begun = true;
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
	meter_evaluate(meter);
	accrue(meter, seconds);
	total_powers(&meter->snapshot.readings, power);
	demand_add(&meter->snapshot.demand, power, seconds);
}

void meter_take_second(struct meter *meter, const struct moments *moments, bool primary, double seconds, int64_t end_ns)
{
	struct snapshot *s = &meter->snapshot;
	double power[DEMAND_QUANTITIES];

	meter->moments = *moments;
	meter->moments_primary = primary;
	s->live = meter->ever_valid = true;
	s->t_ns = meter->valid_ns = meter->cycle_ns = meter->now_ns = end_ns;
	s->cycle++;
	meter_evaluate(meter);
	accrue(meter, seconds);
	total_powers(&s->readings, power);
	end_demand_cycle(meter, power, seconds);
	begin_pulse_span(meter, end_ns + llround((meter->block_s + PULSE_LEAD_S) * NS_PER_S), seconds);
	meter->bridge_left_s = BRIDGE_MAX_S;
}

/* Returns whether the window was good. */
static bool finish_window(struct meter *meter, const struct adc_block *block, int64_t end_ns)
{
	struct frequency_reference references[PHASES];
	struct snapshot *s = &meter->snapshot;
	unsigned n = quantities_frequency_references(s->settings.system_type, references);
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
	meter->clipped_last = meter->clipped;
	meter->clipped = 0;
	meter_take_second(meter, &moments, block->primary, meter->window.hop / s->rate_hz, end_ns);
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

	meter->now_ns = now_ns;
	if (gone_stale(meter, now_ns)) {
		show_nothing_live(meter);
		datalog_alerts(&meter->log, meter->snapshot.alerts);
		changed = true;
	}
	/* a standstill has cycles too: for the commands that wait for the end of one */
	if (!meter->snapshot.live && (now_ns - meter->cycle_ns) / NS_PER_S >= CYCLE_S) {
		static const double nothing[DEMAND_QUANTITIES];

		meter->cycle_ns = now_ns;
		end_demand_cycle(meter, nothing, 0);
		for (int i = 0; i < PULSE_OUTPUTS; i++)
			owe(meter, (enum pulse_output)i, 0, 0);
		begin_pulse_span(meter, now_ns, CYCLE_S);
		changed = true;
	}
	if (changed)
		meter->snapshot.t_ns = now_ns;
	return changed;
}

const struct snapshot *meter_snapshot(const struct meter *meter)
{
	return &meter->snapshot;
}

bool meter_window(const struct meter *meter, unsigned *length, unsigned *since)
{
	if (!meter->connected)
		return false;
	*length = meter->window.length;
	*since = meter->window.fill - meter->window.edge;
	return true;
}

void meter_show_clock(struct meter *meter, int64_t now_ns)
{
	meter->now_ns = now_ns;
	meter_show_log(meter);
}

void meter_set_utc(struct meter *meter, int64_t utc_less_clock_ns)
{
	int64_t jump_ns = utc_less_clock_ns - meter->utc_less_clock_ns;

	if (meter->utc_known && (jump_ns > CLOCK_JUMP_NS || jump_ns < -CLOCK_JUMP_NS))
		datalog_event(&meter->log, DATALOG_CLOCK_CHANGED);
	meter->utc_less_clock_ns = utc_less_clock_ns;
	meter->utc_known = true;
}
