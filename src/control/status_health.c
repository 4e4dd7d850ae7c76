#include "control/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S 1e9

static const char *const contact_names[CONTACTS] = {
	[CONTACT_ENERGY] = "energy", [CONTACT_ALARM] = "alarm", [CONTACT_REACTIVE] = "reactive",
};

static const char *const led_names[LEDS] = {
	[LED_ALARM] = "alarm", [LED_ENERGY] = "energy", [LED_TX] = "tx", [LED_RX] = "rx", [LED_ERROR] = "error",
};

static const char *const store_words[] = {
	[STORE_GOOD] = "good", [STORE_REPAIRED] = "repaired", [STORE_FAILING] = "failing", [STORE_UNUSABLE] = "unusable",
};

const char *status_contact_name(enum contact contact)
{
	return contact < CONTACTS ? contact_names[contact] : "unknown";
}

/* Seconds since a time, or null when that never was. */
static void add_age(struct json_object *object, const char *key, int64_t then_ns, int64_t now_ns)
{
	json_add_number(object, key, then_ns ? fmax(0.0, (double)(now_ns - then_ns) / NS_PER_S) : (double)NAN);
}

/* An errno in words, or null. */
static void add_error(struct json_object *object, int error)
{
	char words[96];

	if (error)
		snprintf(words, sizeof(words), "%s", strerror(error < 0 ? -error : error));
	json_add(object, "last_error", error ? json_text(words) : NULL);
}

void status_meter(struct json_object *object, const struct status_view *view)
{
	const struct identity *identity = &view->health.identity;
	char version[16];

	snprintf(version, sizeof(version), "V%02u.%03u", identity->os_version / 1000, identity->os_version % 1000);
	json_add_text(object, "program", "dinmeterd");
	json_add_text(object, "version", PACKAGE_VERSION);
	json_add_text(object, "vendor", identity->vendor);
	json_add_text(object, "product", identity->product);
	json_add_text(object, "model", identity->model);
	json_add_text(object, "serial", identity->serial);
	json_add_text(object, "firmware", version);
	add_age(object, "uptime_s", view->health.started_ns, view->health.now_ns);
	json_add_bool(object, "live", view->snapshot.live);
	json_add_count(object, "cycle", view->snapshot.cycle);
}

static struct json_object *channels(const struct adc_channel_config *channel)
{
	static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };
	struct json_object *object = json_object_new_object();

	for (int c = 0; c < ADC_CHANNELS && channel; c++) {
		struct json_object *one = json_object_new_object();

		json_add_text(one, "channel", channel[c].channel);
		json_add_number(one, "gain", channel[c].gain);
		json_add_number(one, "delay_us", channel[c].delay_us);
		json_add(object, names[c], one);
	}
	return object;
}

void status_adc(struct json_object *object, const struct status_view *view)
{
	const struct acquire_status *adc = &view->health.adc;
	bool known = adc->nominal_hz > 0 && adc->rate_hz > 0;

	json_add_text(object, "source", view->health.adc_source ? view->health.adc_source : "");
	json_add_bool(object, "open", adc->open);
	json_add_bool(object, "ended", adc->ended);
	json_add_number(object, "nominal_hz", known ? adc->nominal_hz : (double)NAN);
	json_add_number(object, "rate_hz", known ? adc->rate_hz : (double)NAN);
	json_add_number(object, "clock_error_ppm", known ? (adc->rate_hz / adc->nominal_hz - 1.0) * 1e6 : (double)NAN);
	json_add_count(object, "opens", adc->opens);
	json_add_count(object, "lost", adc->lost);
	json_add_count(object, "gaps", adc->gaps);
	json_add_count(object, "void_windows", view->snapshot.void_windows);
	json_add_number(object, "bridged_s", view->snapshot.bridged_s);
	json_add_count(object, "errors", adc->errors);
	add_error(object, adc->last_error);
	json_add(object, "channels", channels(view->health.adc_channel));
	json_add_number(object, "sinc_order", view->health.adc_sinc_order);
}

void status_bus(struct json_object *object, const struct status_view *view)
{
	const struct slave_counters *bus = &view->health.bus;

	json_add_text(object, "device", view->health.bus_device);
	json_add_text(object, "port", view->health.bus_port);
	json_add_bool(object, "open", bus->port_open);
	add_error(object, bus->port_error);
	json_add_count(object, "requests", bus->requests);
	json_add_count(object, "replies", bus->replies);
	json_add_count(object, "exceptions", bus->exceptions);
	json_add_count(object, "broadcasts", bus->broadcasts);
	json_add_count(object, "crc_errors", bus->crc_errors);
	json_add_count(object, "line_errors", bus->line_errors);
	json_add_count(object, "other_frames", bus->other_frames);
	json_add_count(object, "dropped", bus->dropped);
	json_add_count(object, "reopens", bus->reopens);
	add_age(object, "last_request_s", bus->last_request_ns, view->health.now_ns);
}

void status_store(struct json_object *object, const struct status_view *view)
{
	const struct store_status *store = &view->health.store;

	json_add_text(object, "path", view->health.store_path);
	json_add_text(object, "state", store->state <= STORE_UNUSABLE ? store_words[store->state] : "unknown");
	json_add_text(object, "message", store->message);
	json_add_count(object, "commits", store->commits);
	json_add_count(object, "failures", store->failures);
	json_add_count(object, "bytes_written", store->bytes_written);
	add_age(object, "last_commit_s", store->last_commit_ns, view->health.now_ns);
	json_add_number(object, "last_commit_took_s", store->last_commit_s);
	json_add_number(object, "worst_commit_took_s", store->worst_commit_s);
	json_add_count(object, "set_aside", store->set_aside);
	add_error(object, store->last_error);
}

static struct json_object *contact_object(const struct contact_status *contact)
{
	struct json_object *object = json_object_new_object();

	json_add_bool(object, "configured", contact->configured);
	json_add_bool(object, "working", contact->working);
	json_add_bool(object, "active", contact->active);
	json_add_count(object, "closures", contact->closures);
	json_add_text(object, "name", contact->name);
	json_add_count(object, "errors", contact->errors);
	add_error(object, contact->last_error);
	return object;
}

void status_outputs(struct json_object *object, const struct status_view *view)
{
	const struct outputs_status *outputs = &view->health.outputs;
	struct json_object *leds = json_object_new_object();

	for (int i = 0; i < CONTACTS; i++)
		json_add(object, contact_names[i], contact_object(&outputs->contact[i]));
	for (int i = 0; i < LEDS; i++)
		json_add(leds, led_names[i],
			 outputs->led_configured[i] ? json_text(outputs->led_working[i] ? "working" : "failing") : NULL);
	json_add(object, "leds", leds);
	json_add_number(object, "worst_late_ms", outputs->worst_late_ms);
	json_add_count(object, "pulses_1", view->snapshot.pulses[0]);
	json_add_count(object, "pulses_2", view->snapshot.pulses[1]);
	json_add_count(object, "owed_1", view->snapshot.pulses_owed[0]);
	json_add_count(object, "owed_2", view->snapshot.pulses_owed[1]);
}

void status_control(struct json_object *object, const struct status_view *view)
{
	json_add_count(object, "clients", view->counters->clients);
	json_add_count(object, "dropped", view->counters->dropped);
	json_add_count(object, "busy", view->counters->busy);
	json_add_count(object, "denied", view->counters->denied);
}

static struct json_object *device_object(const struct panel_device_status *device)
{
	struct json_object *object = json_object_new_object();

	json_add_bool(object, "configured", device->configured);
	json_add_bool(object, "working", device->working);
	json_add_text(object, "name", device->name);
	json_add_count(object, "errors", device->errors);
	add_error(object, device->last_error);
	return object;
}

void status_panel(struct json_object *object, const struct status_view *view)
{
	const struct control_panel *panel = &view->health.panel;

	json_add_text(object, "place", panel->place);
	json_add(object, "display", device_object(&panel->display));
	json_add(object, "buttons", device_object(&panel->buttons));
	json_add_count(object, "presses", panel->presses);
}

void status_capture(struct json_object *object, const struct status_view *view)
{
	static const char *const words[] = {
		[RECORDER_OFF] = "off", [RECORDER_WAITING] = "waiting", [RECORDER_CAPTURING] = "capturing", [RECORDER_FAILING] = "failing",
	};
	const struct recorder_status *capture = &view->health.capture;

	json_add_text(object, "state", capture->state <= RECORDER_FAILING ? words[capture->state] : "unknown");
	json_add_count(object, "count", capture->count);
	json_add_count(object, "failures", capture->failures);
	json_add(object, "last", *capture->last ? json_text(capture->last) : NULL);
	add_error(object, capture->last_error);
}
