#include "control/status.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "control/value.h"
#include "metering/alerts.h"
#include "registers/registers.h"

/* The integer rows; each float has the name of one of them. */
#define LAST_INTEGER 52

#define WITHIN(point, member) \
	((point)->offset >= offsetof(struct snapshot, member) && \
	 (point)->offset < offsetof(struct snapshot, member) + sizeof(((struct snapshot *)0)->member))

static bool is_value(const struct point *point)
{
	return point->number <= LAST_INTEGER && point->source != REGISTER_VOID && point->source != REGISTER_ZERO;
}

void status_readings(struct json_object *object, const struct status_view *view)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (is_value(&points[i]) && WITHIN(&points[i], readings))
			json_add_number(object, points[i].name, registers_value(&points[i], &view->snapshot));
}

/* The input whose angle is zero: the first voltage that is there, a tenth of the greatest at least; else the first input. */
static int reference_input(const struct phasor phasor[ADC_CHANNELS])
{
	double greatest = 0;

	for (int c = ADC_VA; c <= ADC_VC; c++)
		greatest = fmax(greatest, hypot(phasor[c].re, phasor[c].im));
	for (int c = ADC_VA; c <= ADC_VC && greatest > 0; c++)
		if (hypot(phasor[c].re, phasor[c].im) >= greatest / 10)
			return c;
	return ADC_VA;
}

void status_phasors(struct json_object *object, const struct status_view *view)
{
	static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };
	const struct phasor *phasor = view->snapshot.readings.phasor;
	struct phasor zero = phasor[reference_input(phasor)];

	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct json_object *input = json_object_new_object();
		struct phasor turned = phasor_multiply(phasor[c], (struct phasor){ zero.re, -zero.im });

		json_add_number(input, "rms", hypot(phasor[c].re, phasor[c].im));
		json_add_number(input, "deg", atan2(turned.im, turned.re) * (180 / M_PI));
		json_add(object, names[c], input);
	}
}

/* To the nano-Wh that is kept: a double would drop digits of a large sum. */
static void add_energy(struct json_object *object, const struct point *point, const struct snapshot *snapshot)
{
	struct energy energy;
	char text[48] = "";

	memcpy(&energy, (const char *)snapshot + point->offset, sizeof(energy));
	if (!isnan(registers_value(point, snapshot)))
		snprintf(text, sizeof(text), "%" PRIu64 ".%03u%09" PRIu32, energy.wh / 1000, (unsigned)(energy.wh % 1000), energy.nwh);
	json_add(object, point->name, json_decimal(text));
}

void status_energy(struct json_object *object, const struct status_view *view)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (is_value(&points[i]) && WITHIN(&points[i], energies))
			add_energy(object, &points[i], &view->snapshot);
	json_add_count(object, "energy_resets", view->snapshot.energy_resets);
	json_add_count(object, "power_ups", view->snapshot.power_ups);
}

void status_demand(struct json_object *object, const struct status_view *view)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (is_value(&points[i]) && WITHIN(&points[i], demand))
			json_add_number(object, points[i].name, registers_value(&points[i], &view->snapshot));
	json_add_count(object, "subintervals_ended", view->snapshot.demand.subintervals_ended);
}

void status_settings(struct json_object *object, const struct status_view *view)
{
	const struct snapshot *snapshot = &view->snapshot;
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (points[i].write == REGISTER_SETTING)
			json_add(object, points[i].name,
				 value_to_json(points[i].name, setting_get(&snapshot->settings, points[i].setting)));
	json_add_integer(object, "address", snapshot->settings.address);
	json_add_integer(object, "baud", snapshot->settings.baud);
	json_add(object, "parity", value_to_json("parity", snapshot->settings.parity));
	json_add_number(object, "max_power_kw", snapshot->derived.max_power_w / 1000.0);
	json_add_integer(object, "pulse_duration_ms", snapshot->derived.pulse_duration_ms);
	json_add_integer(object, "scale_i", snapshot->derived.scale_i);
	json_add_integer(object, "scale_v", snapshot->derived.scale_v);
	json_add_integer(object, "scale_w", snapshot->derived.scale_w);
	json_add_integer(object, "scale_e", snapshot->derived.scale_e);
}

void status_alerts(struct json_object *object, const struct status_view *view)
{
	struct json_object *list = json_object_new_array();
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; i < n; i++) {
		struct json_object *alert;

		if (!(view->snapshot.alerts & words[i].bit))
			continue;
		alert = json_object_new_object();
		json_add_text(alert, "code", words[i].code);
		json_add_text(alert, "text", words[i].text);
		json_object_array_add(list, alert);
	}
	json_add_count(object, "value", view->snapshot.alerts);
	json_add(object, "list", list);
}

/* Entries that are kept: the newest of those that were not cleared. */
static uint64_t log_held(const struct datalog_state *log)
{
	uint64_t n = log->serial + 1 - log->first_serial;

	return n < DATALOG_ENTRIES ? n : DATALOG_ENTRIES;
}

void status_log(struct json_object *object, const struct status_view *view)
{
	const struct datalog_state *log = &view->snapshot.log;
	struct json_object *pointers = json_object_new_array();
	bool single_shot = log->config & DATALOG_SINGLE_SHOT;

	for (int i = 0; i < DATALOG_LOGS; i++)
		json_object_array_add(pointers, json_object_new_int(log->pointer[i]));
	json_add_count(object, "serial", log->serial);
	json_add_count(object, "first_serial", log->first_serial);
	json_add_count(object, "held", log_held(log));
	json_add_count(object, "entries", log->entries);
	json_add_count(object, "wraps", log->wraps);
	json_add_count(object, "page", log->page);
	json_add_bool(object, "single_shot", single_shot);
	json_add_bool(object, "full", single_shot && (log->status & DATALOG_FULL));
	json_add_count(object, "missed", single_shot ? log->wraps : 0);
	json_add_bool(object, "halted", log->config & DATALOG_HALTED);
	json_add_count(object, "status", log->status);
	json_add_count(object, "max_days", view->snapshot.log_max_days);
	json_add_time(object, "clock", view->snapshot.log_clock_s, -1);
	json_add_time(object, "newest", log->newest_clock_s, -1);
	json_add(object, "pointers", pointers);
}
