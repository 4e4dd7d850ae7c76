/*
 * buttons - the panel's four buttons as keys of an input device (evdev), in a thread of their own ("buttons").  libevdev's only owner.
 *
 * The device is grabbed, so that a press does not also reach a console.  Presses count, the kernel's key repeat does not: a digit that
 * runs cannot be stopped where it should.  What was pressed while the kernel's queue overflowed is not made up for.
 * A device that is missing or unplugged is tried again with back-off.
 */
#ifndef PANEL_BUTTONS_H
#define PANEL_BUTTONS_H

#include <stdint.h>

#include "panel/device.h"
#include "panel/panel.h"

#define BUTTONS_KEY_NAME 32

struct buttons_config {
	char device[PANEL_DEVICE_NAME];			/* name as in /proc/bus/input/devices, or a path; "": none */
	char key[PANEL_BUTTONS][BUTTONS_KEY_NAME];	/* "KEY_UP" */
};

/* Where devices are looked for: "/sys/class/input" and "/dev/input". */
struct buttons_paths {
	const char *names, *devices;
};
extern const struct buttons_paths buttons_paths;

/* The code of a key's or button's name in linux/input-event-codes.h, -1: there is none of the name. */
int buttons_key_code(const char *name);

struct buttons;

/* Starts the thread, where a device is configured; it calls press(), which shall not block, for each press.  0 or -errno. */
int buttons_start(struct buttons **buttons, const struct buttons_config *config, const struct buttons_paths *paths,
		  void (*press)(void *context, enum panel_button button), void *context);

/* Any thread.  *presses: since the start. */
void buttons_get_status(struct buttons *buttons, struct panel_device_status *status, uint64_t *presses);

/* Asks the thread to give the device back and to end. */
void buttons_ask_stop(struct buttons *buttons);

/* Waits for that until CLOCK_MONOTONIC until_ns and frees.  -ETIMEDOUT: the device hangs; thread and memory are left behind. */
int buttons_stop(struct buttons *buttons, int64_t until_ns);

#endif
