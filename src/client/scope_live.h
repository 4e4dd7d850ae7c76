/*
 * scope_live - the scope on a full screen: pictures, keys, a daemon that goes and comes back.
 */
#ifndef CLIENT_SCOPE_LIVE_H
#define CLIENT_SCOPE_LIVE_H

#include "client/scope_source.h"
#include "view/scope.h"

/* Until q or the end of the terminal.  The exit status. */
int scope_live_run(struct scope_source *source, const struct scope_options *options, const struct scope_screen *screen, bool ascii,
		   bool colour);

#endif
