/*
 * status - the parts of the status as JSON.  Each fills an object from one second of the meter.
 */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include "control/control.h"
#include "control/json.h"
#include "control/protocol.h"

struct status_view {
	struct snapshot snapshot;
	struct control_health health;
	const struct protocol_counters *counters;
};

/* Out of the snapshot: status_meter.c. */
void status_readings(struct json_object *object, const struct status_view *view);
void status_phasors(struct json_object *object, const struct status_view *view);
void status_energy(struct json_object *object, const struct status_view *view);
void status_demand(struct json_object *object, const struct status_view *view);
void status_settings(struct json_object *object, const struct status_view *view);
void status_alerts(struct json_object *object, const struct status_view *view);
void status_log(struct json_object *object, const struct status_view *view);

/* Out of the health: status_health.c. */
void status_meter(struct json_object *object, const struct status_view *view);
void status_adc(struct json_object *object, const struct status_view *view);
void status_bus(struct json_object *object, const struct status_view *view);
void status_store(struct json_object *object, const struct status_view *view);
void status_outputs(struct json_object *object, const struct status_view *view);
void status_control(struct json_object *object, const struct status_view *view);
void status_panel(struct json_object *object, const struct status_view *view);
void status_capture(struct json_object *object, const struct status_view *view);

/* The word for a contact: "energy", "alarm", "reactive". */
const char *status_contact_name(enum contact contact);

#endif
