#include "lib/scripted_meter.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "metering/range.h"
#include "registers/registers.h"

#define SECOND INT64_C(1000000000)

static void set_readings(struct readings *r)
{
	*r = (struct readings){
		.p_w = 37500, .q_var = 18000, .s_va = 41600, .pf = 0.9015, .v_ll_avg_v = 480.1, .v_ln_avg_v = 277.2, .i_avg_a = 50,
		.p_phase_w = { 12500, 12600, 12400 }, .q_phase_var = { 6000, 6100, 5900 }, .s_phase_va = { 13865, 14000, 13735 },
		.pf_phase = { 0.9, 0.91, 0.8945 }, .v_ll_v = { 480, 480.25, 480.05 }, .v_ln_v = { 277.125, 277.25, 277.225 },
		.i_a = { 50, 50.5, 49.5 }, .hz = 60.01,
	};
}

static void set_snapshot(struct snapshot *s)
{
	*s = (struct snapshot){
		.cycle = 97445, .t_ns = 98445 * SECOND, .live = true, .energy_resets = 2, .power_ups = 7, .output_config = 2,
		.pulses = { 1234, 567 }, .pulses_owed = { 3, 0 }, .firmware_version = 12345,
		.log_clock_s = 1795757000, .log_max_days = 60, .void_windows = 4, .bridged_s = 3.5, .rate_hz = 2520.0126,
	};
	set_readings(&s->readings);
	settings_defaults(&s->settings);
	s->settings.address = 1;
	s->settings.baud = 19200;
	s->settings.parity = PARITY_NONE;
	settings_derive(&s->settings, &s->derived);
	s->energies = (struct energies){
		.kwh = { 1234567, 891000000 }, .kvah = { 1400000, 1 }, .kvarh = { 600500, 0 },
		.kwh_phase = { { 411522, 630333333 }, { 411522, 630333333 }, { 411522, 630333334 } },
	};
	s->demand.present[DEMAND_P] = 36000;
	s->demand.present[DEMAND_Q] = 17500;
	s->demand.present[DEMAND_S] = 40000;
	s->demand.max[DEMAND_P] = 52000;
	s->demand.max[DEMAND_Q] = 20000;
	s->demand.max[DEMAND_S] = 56000;
	s->demand.subintervals_ended = 108;
	s->log = (struct datalog_state){
		.entries = 3, .pointer = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 }, .serial = 3, .first_serial = 1,
		.newest_clock_s = 1795756500,
	};
}

static void set_health(struct control_health *h)
{
	*h = (struct control_health){
		.adc_source = "sim",
		.adc = { .open = true, .opens = 2, .errors = 1, .lost = 252, .gaps = 3, .nominal_hz = 2520, .rate_hz = 2520.0126,
			 .last_error = -EIO },
		.bus = { .requests = 1000, .replies = 998, .exceptions = 5, .broadcasts = 2, .crc_errors = 7, .line_errors = 1,
			 .other_frames = 300, .dropped = 2, .reopens = 1, .last_request_ns = 98444 * SECOND, .port_open = true },
		.bus_device = "/dev/ttyS0", .bus_port = "/dev/ttyS0",
		.store = { .state = STORE_GOOD, .commits = 9744, .failures = 1, .bytes_written = 79822848,
			   .last_commit_ns = 98441 * SECOND, .last_commit_s = 0.004, .worst_commit_s = 0.25 },
		.store_path = "/var/lib/dinmeterd",
		.outputs = { .contact = { [CONTACT_ENERGY] = { true, true, false, 1230, 0, 0, "gpiochip0 4" },
					  [CONTACT_ALARM] = { true, false, false, 1, 2, -ENODEV, "gpiochip0 5" } },
			     .led_configured = { true, true }, .led_working = { true, false }, .worst_late_ms = 0.31 },
		.started_ns = 1000 * SECOND, .now_ns = 98445 * SECOND,
	};
	snprintf(h->identity.vendor, sizeof(h->identity.vendor), "Leviton");
	snprintf(h->identity.product, sizeof(h->identity.product), "Series 4000");
	snprintf(h->identity.model, sizeof(h->identity.model), "4000K");
	snprintf(h->identity.serial, sizeof(h->identity.serial), "0042");
	h->identity.os_version = 12345;
}

/* Three sub-intervals of 900 s: kWh 1234.48, .. with the default pointers. */
static void set_entries(struct scripted_meter *meter)
{
	for (unsigned i = 0; i < 3; i++) {
		struct datalog_entry entry = {
			.serial = i + 1, .utc_s = 1795754400 + 900 * i, .clock_s = 1795754400 + 900 * i + 300,
			.pointer = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 },
			.word = { 1, (uint16_t)(57912 + 900 * i), 0, (uint16_t)(60050 + i), (uint16_t)(3600 + i), 0x8000,
				  (uint16_t)(4000 + i), 0x1A0B, 0x081A, (uint16_t)i },
			.scale_i = -2, .scale_v = -1, .scale_w = -2, .scale_e = -2,
			.noted = true, .alerts = i == 2 ? 1u << 11 : 0, .energy_resets = 3, .measured_s = 900,
		};

		scripted_meter_add_entry(meter, &entry);
	}
}

void scripted_meter_init(struct scripted_meter *meter)
{
	memset(meter, 0, sizeof(*meter));
	pthread_mutex_init(&meter->lock, NULL);
	set_snapshot(&meter->snapshot);
	set_health(&meter->health);
	set_entries(meter);
	if (panel_bytes() > sizeof(meter->panel))
		abort();
	panel_init(meter->panel, meter->snapshot.t_ns);
	meter->health.panel = (struct control_panel){
		.place = "ENRGY", .display = { true, true, 0, 0, "/dev/lcd" }, .buttons = { true, false, 3, -ENODEV, "" }, .presses = 12,
	};
	meter->forced = SCRIPTED_NOT_FORCED;
	meter->samples_next = 30240;
}

void scripted_meter_set_live(struct scripted_meter *meter, bool live)
{
	pthread_mutex_lock(&meter->lock);
	meter->snapshot.live = live;
	meter->snapshot.alerts = live ? 0 : 64;
	if (live)
		set_readings(&meter->snapshot.readings);
	else
		readings_clear(&meter->snapshot.readings);
	pthread_mutex_unlock(&meter->lock);
}

void scripted_meter_add_entry(struct scripted_meter *meter, const struct datalog_entry *entry)
{
	pthread_mutex_lock(&meter->lock);
	if (meter->entries < SCRIPTED_ENTRIES_MAX)
		meter->entry[meter->entries++] = *entry;
	pthread_mutex_unlock(&meter->lock);
}

void scripted_meter_add_edge(struct scripted_meter *meter, const struct outputs_edge *edge)
{
	pthread_mutex_lock(&meter->lock);
	if (meter->edges < SCRIPTED_EDGES_MAX)
		meter->edge[meter->edges++] = *edge;
	pthread_mutex_unlock(&meter->lock);
}

static void take_snapshot(void *context, struct snapshot *snapshot)
{
	struct scripted_meter *meter = context;

	pthread_mutex_lock(&meter->lock);
	*snapshot = meter->snapshot;
	pthread_mutex_unlock(&meter->lock);
}

static void take_health(void *context, struct control_health *health)
{
	struct scripted_meter *meter = context;

	pthread_mutex_lock(&meter->lock);
	*health = meter->health;
	pthread_mutex_unlock(&meter->lock);
}

static int write_registers(void *context, unsigned first, unsigned count, const uint16_t *values)
{
	struct scripted_meter *meter = context;
	struct meter_change change;
	int result;

	pthread_mutex_lock(&meter->lock);
	meter->writes++;
	meter->first = first;
	meter->count = count;
	meter->value = values[0];
	result = registers_check_write(first, count, values, &meter->snapshot, &change);
	if (meter->forced != SCRIPTED_NOT_FORCED) {
		result = meter->forced;
	} else if (result == REGISTERS_OK) {
		meter->snapshot.settings = change.settings;
		settings_derive(&change.settings, &meter->snapshot.derived);
		meter->commands |= change.commands;
		if (change.power_ups >= 0)
			meter->snapshot.power_ups = (unsigned)change.power_ups;
	}
	pthread_mutex_unlock(&meter->lock);
	return result;
}

static int set_port(void *context, enum setting which, int value)
{
	struct scripted_meter *meter = context;
	int result = 0;

	pthread_mutex_lock(&meter->lock);
	meter->sets++;
	if (meter->forced != SCRIPTED_NOT_FORCED)
		result = meter->forced;
	else if (which == SETTING_ADDRESS && range_holds(SETTING_ADDRESS_RANGE, value))
		meter->snapshot.settings.address = value;
	else if (which == SETTING_BAUD && range_holds(SETTING_BAUD_RANGE, value))
		meter->snapshot.settings.baud = value;
	else if (which == SETTING_PARITY && range_holds(SETTING_PARITY_RANGE, value))
		meter->snapshot.settings.parity = value;
	else
		result = REGISTERS_ILLEGAL_VALUE;
	pthread_mutex_unlock(&meter->lock);
	return result;
}

static int set_password(void *context, bool setup, const char *password)
{
	struct scripted_meter *meter = context;
	int result;

	pthread_mutex_lock(&meter->lock);
	result = meter->forced == SCRIPTED_NOT_FORCED ? 0 : meter->forced;
	if (!result)
		snprintf(setup ? meter->setup_password : meter->reset_password, sizeof(meter->setup_password), "%s", password);
	pthread_mutex_unlock(&meter->lock);
	return result;
}

static unsigned take_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	struct scripted_meter *meter = context;
	unsigned n = 0;

	pthread_mutex_lock(&meter->lock);
	for (unsigned i = 0; i < meter->entries && n < max; i++)
		if (meter->entry[i].serial >= from)
			entries[n++] = meter->entry[i];
	pthread_mutex_unlock(&meter->lock);
	return n;
}

static unsigned take_edges(void *context, uint64_t since, unsigned max, struct outputs_edge *edges)
{
	struct scripted_meter *meter = context;
	unsigned n = 0;

	pthread_mutex_lock(&meter->lock);
	for (unsigned i = 0; i < meter->edges && n < max; i++)
		if (meter->edge[i].number > since)
			edges[n++] = meter->edge[i];
	pthread_mutex_unlock(&meter->lock);
	return n;
}

/* What the panel asks for goes the way of any other change; both passwords are 00000 until they are set. */
static enum panel_outcome carry_out(struct scripted_meter *meter, const struct panel_request *request)
{
	const char *known = request->setup ? meter->setup_password : meter->reset_password;
	uint16_t code = (uint16_t)request->code;
	struct meter_change change;

	switch (request->kind) {
	case PANEL_SET:
		registers_no_change(&meter->snapshot, &change);
		if (setting_set(&change.settings, request->setting, request->value))
			return PANEL_REFUSED;
		meter->snapshot.settings = change.settings;
		settings_derive(&change.settings, &meter->snapshot.derived);
		return PANEL_ACCEPTED;
	case PANEL_COMMAND:
		if (registers_check_write(129, 1, &code, &meter->snapshot, &change))
			return PANEL_REFUSED;
		meter->commands |= change.commands;
		return PANEL_ACCEPTED;
	case PANEL_CHECK_PASSWORD:
		return strcmp(request->password, *known ? known : "00000") ? PANEL_REFUSED : PANEL_ACCEPTED;
	case PANEL_SET_PASSWORD:
		snprintf(request->setup ? meter->setup_password : meter->reset_password, sizeof(meter->setup_password), "%s",
			 request->password);
		return PANEL_ACCEPTED;
	case PANEL_NOTHING:
		break;
	}
	return PANEL_FAILED;
}

static int press_panel(void *context, const enum panel_button *buttons, unsigned n, struct panel_screen *screen)
{
	struct scripted_meter *meter = context;
	struct panel *panel = (struct panel *)meter->panel;
	struct panel_view view = { .snapshot = &meter->snapshot };
	int result;

	pthread_mutex_lock(&meter->lock);
	result = meter->panel_forced;
	view.identity = (struct panel_identity){ meter->health.identity.model, meter->health.identity.serial,
						 meter->health.identity.rs_version, meter->health.identity.os_version };
	view.now_ns = meter->snapshot.t_ns;
	panel_tick(panel, &meter->snapshot, view.now_ns);
	for (unsigned i = 0; i < n && !result; i++) {
		struct panel_request request = { .kind = PANEL_NOTHING };

		meter->keys++;
		panel_press(panel, buttons[i], &meter->snapshot, view.now_ns, &request);
		if (request.kind != PANEL_NOTHING)
			panel_answer(panel, carry_out(meter, &request), &meter->snapshot, view.now_ns);
	}
	panel_draw(panel, &view, screen);
	pthread_mutex_unlock(&meter->lock);
	return result;
}

static void take_positions(void *context, struct tap_reading *reading)
{
	struct scripted_meter *meter = context;

	pthread_mutex_lock(&meter->lock);
	reading->oldest = SCRIPTED_OLDEST;
	reading->next = meter->samples_next;
	reading->oldest_ns = 98435 * SECOND;
	reading->newest_ns = reading->oldest_ns + (int64_t)(reading->next - 1 - SCRIPTED_OLDEST) * SECOND / 2520;
	reading->from = reading->next;
	reading->n = reading->blocks = reading->windows = 0;
	pthread_mutex_unlock(&meter->lock);
}

/* Blocks of SCRIPTED_RUN scans; each tenth follows a loss of 7; a second was measured at each 2520th scan. */
static int take_samples(void *context, uint64_t from, struct tap_reading *reading)
{
	take_positions(context, reading);
	reading->from = from > SCRIPTED_OLDEST ? from : SCRIPTED_OLDEST;
	reading->source = (struct tap_source){ .nominal_hz = 2520, .primary = true, .delay_us = { 0, 0, 0, 12.5 }, .step = { 0.1 } };
	while (reading->n < reading->room && reading->blocks < TAP_BLOCKS_MAX && reading->from + reading->n < reading->next) {
		uint64_t at = reading->from + reading->n, index = at / SCRIPTED_RUN, end = (index + 1) * SCRIPTED_RUN;
		struct tap_block *block = &reading->block[reading->blocks++];

		end = end < reading->next ? end : reading->next;
		end = end - at < reading->room - reading->n ? end : at + reading->room - reading->n;
		*block = (struct tap_block){
			.first = at, .n = (unsigned)(end - at), .rate_hz = 2520.0126, .lost = at % SCRIPTED_RUN || index % 10 ? 0 : 7,
			.lost_total = 7 * (index / 10), .restarts = 1,
			.t_ns = 98435 * SECOND + (int64_t)(end - 1 - SCRIPTED_OLDEST) * SECOND / 2520,
		};
		for (; at < end; at++, reading->n++)
			for (unsigned c = 0; c < ADC_CHANNELS; c++)
				reading->scans[c][reading->n] = 10.0 * (double)at + c;
		if (end % 2520 == 0)
			reading->window[reading->windows++] =
				(struct tap_window){ .cycle = end / 2520, .first = end - 3024, .n = 3024, .rate_hz = 2520.0126 };
	}
	return 0;
}

static void take_measurement(void *context, char *text, size_t size)
{
	(void)context;
	snprintf(text, size, "meter: {\n  system_type = 40;\n};\n");
}

static void commit(void *context)
{
	struct scripted_meter *meter = context;

	pthread_mutex_lock(&meter->lock);
	meter->commits++;
	pthread_mutex_unlock(&meter->lock);
}

const struct control_ops scripted_meter_ops = {
	.snapshot = take_snapshot, .health = take_health, .write = write_registers, .set = set_port, .set_password = set_password,
	.entries = take_entries, .edges = take_edges, .panel = press_panel, .commit = commit,
	.samples = take_samples, .positions = take_positions, .measurement = take_measurement,
};
