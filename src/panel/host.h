/*
 * host - the one panel of the meter: a thread ("panel") that owns it, whoever presses its buttons and shows its screen.
 *
 * Presses of all threads are done one after the other, those of one call together.  What the panel asks for is carried out in the
 * panel's thread by the daemon's operations, so that nobody else waits for it but who waits for what his presses do.
 */
#ifndef PANEL_HOST_H
#define PANEL_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "panel/panel.h"

/* What the panel asks of the daemon.  All may be called by any thread that asks for the screen but the last four, which are the panel's. */
struct panel_host_ops {
	/* A copy of the newest second.  Returns at once. */
	void (*snapshot)(void *context, struct snapshot *snapshot);
	/* Which LEDs are lit.  Returns at once. */
	void (*leds)(void *context, bool led[PANEL_LEDS]);
	/* Changes a setting as a master would: 0, a Modbus exception code when it is refused, or -errno. */
	int (*set)(void *context, enum setting which, int value);
	/* Writes a code to register 129; likewise. */
	int (*command)(void *context, unsigned code);
	/* Is it the setup (reset) password?  0, -EACCES when it is not, or another -errno. */
	int (*check_password)(void *context, bool setup, const char *password);
	/* Makes it that: 0 or -errno. */
	int (*set_password)(void *context, bool setup, const char *password);
};

struct panel_host;

/* `identity`: borrowed texts.  Starts the thread.  0 or -errno. */
int panel_host_start(struct panel_host **host, const struct panel_identity *identity, const struct panel_host_ops *ops, void *context);

/*
 * Any thread: presses n buttons and waits until all is done that they ask for, 2 s at most; *screen is what is
 * shown then.  0; -EBUSY: too many presses wait, none of these was taken; -ETIMEDOUT: those that were not done by then are taken back,
 * what was under way is done all the same.
 */
int panel_host_press(struct panel_host *host, const enum panel_button *buttons, unsigned n, struct panel_screen *screen);

/* Any thread: presses a button and does not wait.  0 or -EBUSY. */
int panel_host_post(struct panel_host *host, enum panel_button button);

/* Any thread: the screen as it is now.  Returns at once, also while the thread waits for the meter. */
void panel_host_get_screen(struct panel_host *host, struct panel_screen *screen);

/* CLOCK_MONOTONIC of the thread's last sign of life; at least every 0.1 s, but 2 s while it waits for the meter. */
int64_t panel_host_heartbeat_ns(struct panel_host *host);

/* Ends the thread, which first ends what is under way; wipes and frees.  Nobody may call the above any more. */
void panel_host_stop(struct panel_host *host);

#endif
