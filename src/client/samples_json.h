/*
 * samples_json - a response to `samples`, parsed and checked: dinmeter-control(7).
 */
#ifndef CLIENT_SAMPLES_JSON_H
#define CLIENT_SAMPLES_JSON_H

#include <json-c/json.h>

#include "capture/tap.h"

/* The numbers of every response.  0, or -EPROTO. */
int samples_json_positions(struct json_object *response, struct tap_reading *reading, int64_t *utc_less_clock_ns);

/*
 * All of a response with samples, and the factors that make primary V and A; reading->room and scans as in tap_read.  0, or -EPROTO
 * when it is not as the manual says.
 */
int samples_json_reading(struct json_object *response, struct tap_reading *reading, double scale[ADC_CHANNELS]);

#endif
