/*
 * panel_show - the panel on a terminal until the user ends it.
 */
#ifndef CLIENT_PANEL_SHOW_H
#define CLIENT_PANEL_SHOW_H

#include "client/control_client.h"

/* Takes over the client's connection.  Returns the exit status. */
int panel_show(struct control_client *client, bool ascii);

#endif
