/*
 * panel_live - the readings beside the panel, out of a status.
 */
#ifndef CLIENT_PANEL_LIVE_H
#define CLIENT_PANEL_LIVE_H

#include <json-c/json.h>

#include "view/live.h"

/* The parts of the status that it needs, as the member "parts" of a request. */
struct json_object *panel_live_parts(void);

/* What is missing or null is not valid. */
void panel_live_read(struct json_object *status, struct live *live);

#endif
