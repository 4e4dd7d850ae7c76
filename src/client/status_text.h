/*
 * status_text - the status as people read it: 80 columns, "--" for what is not valid.
 */
#ifndef CLIENT_STATUS_TEXT_H
#define CLIENT_STATUS_TEXT_H

#include <stdio.h>

#include <json-c/json.h>

/* `status`: the response to "status" with all parts. */
void status_text_print(FILE *out, struct json_object *status);

/* The contacts and LEDs alone; needs the part "outputs". */
void status_text_print_outputs(FILE *out, struct json_object *status);

#endif
