#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "control/status.h"

static const struct part {
	const char *name;
	void (*fill)(struct json_object *object, const struct status_view *view);
} parts[] = {
	{ "meter", status_meter },
	{ "readings", status_readings },
	{ "phasors", status_phasors },
	{ "energy", status_energy },
	{ "demand", status_demand },
	{ "settings", status_settings },
	{ "alerts", status_alerts },
	{ "adc", status_adc },
	{ "bus", status_bus },
	{ "store", status_store },
	{ "outputs", status_outputs },
	{ "log", status_log },
	{ "control", status_control },
	{ "panel", status_panel },
	{ "capture", status_capture },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static const char part_names[] =
	"meter, readings, phasors, energy, demand, settings, alerts, adc, bus, store, outputs, log, control, panel, capture";

/* Marks what is asked for: all, or the names in the array. */
static int choose(struct request *request, bool chosen[PARTS])
{
	struct json_object *wanted;
	char shown[REQUEST_SHOWN_MAX];

	if (request_get_array(request, "parts", &wanted))
		return -1;
	memset(chosen, !wanted, PARTS * sizeof(*chosen));
	for (size_t i = 0; wanted && i < json_object_array_length(wanted); i++) {
		struct json_object *part = json_object_array_get_idx(wanted, i);
		const char *name = json_get_text(part);
		size_t at = name ? 0 : PARTS;

		while (at < PARTS && strcmp(name, parts[at].name))
			at++;
		if (at == PARTS)
			return request_fail(request, "bad_request", "parts: got %s, must be of %s", request_show(part, shown), part_names);
		chosen[at] = true;
	}
	return 0;
}

int reply_status(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	struct status_view *view;
	bool chosen[PARTS];

	if (choose(request, chosen))
		return -1;
	view = calloc(1, sizeof(*view));
	if (!view)
		return request_fail(request, "failed", "memory is short");
	protocol->ops->snapshot(protocol->context, &view->snapshot);
	protocol->ops->health(protocol->context, &view->health);
	view->counters = &protocol->counters;
	for (size_t i = 0; i < PARTS; i++) {
		struct json_object *object;

		if (!chosen[i])
			continue;
		object = json_object_new_object();
		parts[i].fill(object, view);
		json_add(request->reply, parts[i].name, object);
	}
	free(view);
	return 0;
}
