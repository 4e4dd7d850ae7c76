/*
 * display - the panel on a character display: the kernel's /dev/lcd, or a tty with a VT100 behind it, in a thread of its own ("display"),
 * as a write to one may take long or hang.
 *
 * Written only when something changes, the heart and blinking cells included.  A display that is missing, fails or takes nothing for
 * 2 s is tried again with back-off.
 */
#ifndef PANEL_DISPLAY_H
#define PANEL_DISPLAY_H

#include <stdint.h>

#include "panel/device.h"
#include "panel/panel.h"

struct display_config {
	char device[PANEL_DEVICE_NAME];	/* path; "": none */
	int columns;			/* DISPLAY_COLUMNS_LEAST..MOST */
	int baud;			/* of a tty */
};

struct display;

/* Starts the thread, where a display is configured; it asks get_screen, which shall not block, for the screen of the moment.  0 or -errno. */
int display_start(struct display **display, const struct display_config *config,
		  void (*get_screen)(void *context, struct panel_screen *screen), void *context);

/* Any thread. */
void display_get_status(struct display *display, struct panel_device_status *status);

/* Asks the thread to say that the meter has stopped, and to end; then it asks for no screen any more. */
void display_ask_stop(struct display *display);

/* Waits for that until CLOCK_MONOTONIC until_ns and frees.  -ETIMEDOUT: the display hangs; thread and memory are left behind. */
int display_stop(struct display *display, int64_t until_ns);

#endif
