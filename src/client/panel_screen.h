/*
 * panel_screen - the panel's screen as it comes over the control socket, and as text for scripts.
 */
#ifndef CLIENT_PANEL_SCREEN_H
#define CLIENT_PANEL_SCREEN_H

#include <stdio.h>

#include <json-c/json.h>

#include "panel/panel.h"

/* Out of the member "screen" of a response.  0, or -EINVAL when it is no screen. */
int panel_screen_read(struct json_object *response, struct panel_screen *screen);

/* A line for each thing, "name: value". */
void panel_screen_print(FILE *out, const struct panel_screen *screen);

#endif
