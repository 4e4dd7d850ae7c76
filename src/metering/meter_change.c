#include <string.h>

#include "metering/alerts.h"
#include "metering/meter_private.h"

#define RESETS_MODULUS 32768

static void change_log(struct meter *meter, const struct meter_change *change)
{
	struct datalog *log = &meter->log;
	struct snapshot *s = &meter->snapshot;

	if (change->commands & METER_RESET_LOG)
		datalog_reset(log, &s->energies.kwh);
	datalog_set_config(log, change->log_config);
	datalog_set_pointers(log, change->log_pointer);
	datalog_set_page(log, change->log_page);
	if (change->log_clock_set) {
		log->state.clock_offset_s = calendar_to_seconds(&change->log_clock) - meter_utc_s(meter);
		datalog_event(log, DATALOG_CLOCK_CHANGED);
	}
	meter_show_log(meter);
	meter_show_page(meter);
}

static void change_energies(struct meter *meter, const struct meter_change *change)
{
	struct snapshot *s = &meter->snapshot;

	if (!(change->commands & METER_CLEAR_ENERGY))
		return;
	memset(&s->energies, 0, sizeof(s->energies));
	s->energy_resets = (s->energy_resets + change->clear_energy_count) % RESETS_MODULUS;
	s->alerts &= ~ALERT_PULSE_OVERRUN;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		meter->pulse[i].owed = (struct energy){ 0, 0 };
}

void meter_change(struct meter *meter, const struct meter_change *change)
{
	struct snapshot *s = &meter->snapshot;
	bool demand_changed = change->settings.demand_subintervals != s->settings.demand_subintervals ||
			      change->settings.demand_subinterval_s != s->settings.demand_subinterval_s;

	meter->pulse_raised |= change->settings.pulse_energy > s->settings.pulse_energy;
	s->settings = change->settings;
	settings_derive(&s->settings, &s->derived);
	if (demand_changed) {
		demand_restart(&s->demand, s->settings.demand_subinterval_s);
		datalog_event(&meter->log, DATALOG_INTERRUPTED);
	}
	change_energies(meter, change);
	for (int i = 0; i < PULSE_OUTPUTS && (change->commands & METER_CLEAR_PULSES); i++)
		meter->pulse[i].closures = 0;
	if (change->power_ups >= 0)
		s->power_ups = (unsigned)change->power_ups;
	meter->pending |= change->commands & (METER_SYNC_DEMAND | METER_RESET_MAX_DEMAND);
	change_log(meter, change);
	meter_show_pulses(meter);
	meter->pulses_due = true;
	if (s->live)
		meter_evaluate(meter);
	else
		s->alerts = alerts_stale(s->alerts, &s->derived);
	datalog_alerts(&meter->log, s->alerts);
}

void meter_get_state(const struct meter *meter, struct meter_state *state)
{
	const struct snapshot *s = &meter->snapshot;

	memset(state, 0, sizeof(*state));
	state->settings = s->settings;
	state->energies = s->energies;
	state->energy_resets = s->energy_resets;
	state->power_ups = s->power_ups;
	memcpy(state->max_demand, s->demand.max, sizeof(state->max_demand));
	memcpy(state->pulse, meter->pulse, sizeof(state->pulse));
	state->pulse_overrun = s->alerts & ALERT_PULSE_OVERRUN;
	state->pulse_raised = meter->pulse_raised;
	state->log = meter->log.state;
}

const struct datalog *meter_datalog(const struct meter *meter)
{
	return &meter->log;
}

bool meter_pulses_due(const struct meter *meter)
{
	return meter->pulses_due;
}

void meter_pulses_made(struct meter *meter, const uint64_t made[PULSE_OUTPUTS])
{
	for (int i = 0; i < PULSE_OUTPUTS; i++) {
		pulse_made(&meter->pulse[i], (unsigned)(made[i] - meter->pulses_made[i]), meter->snapshot.settings.pulse_energy);
		meter->pulses_made[i] = made[i];
	}
	meter_show_pulses(meter);
}

/* Bit 14 is set by any output that is there, and falls after a rise of 144 when all of them keep up again. */
static void judge_overrun(struct meter *meter)
{
	struct snapshot *s = &meter->snapshot;
	int outputs = s->output_config ? PULSE_OUTPUTS : 1;
	bool overrun = false;

	for (int i = 0; i < outputs; i++)
		overrun |= pulse_overrun(&meter->pulse[i], s->settings.pulse_energy, s->derived.pulse_duration_ms);
	if (overrun && !(s->alerts & ALERT_PULSE_OVERRUN)) {
		s->alerts |= ALERT_PULSE_OVERRUN;
		meter->pulse_raised = false;
	} else if (!overrun && meter->pulse_raised) {
		s->alerts &= ~ALERT_PULSE_OVERRUN;
	}
}

void meter_pulses_plan(struct meter *meter, struct pulse_plan plan[PULSE_OUTPUTS])
{
	const struct snapshot *s = &meter->snapshot;

	for (int i = 0; i < PULSE_OUTPUTS; i++)
		pulse_plan(&meter->pulse[i], &meter->pulse_last[i], &meter->pulse_now[i], s->settings.pulse_energy,
			   s->derived.pulse_duration_ms, &plan[i]);
	judge_overrun(meter);
	datalog_alerts(&meter->log, s->alerts);
	meter->pulses_due = false;
}
