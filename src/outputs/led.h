/*
 * led - the LEDs, by the kernel's LED class, in a thread of their own ("leds"): on an I2C driver one write takes milliseconds,
 * which the contacts do not have.  The calls below never block.
 *
 * An LED that is missing or fails is tried again with back-off.  Its trigger is set to "none"; several uses of one LED light it together.
 */
#ifndef OUTPUTS_LED_H
#define OUTPUTS_LED_H

#include "outputs/outputs.h"

#define LED_ROOT "/sys/class/leds"

struct leds;

/* `names` as in struct outputs_config; `root` is the directory of the LEDs.  The alarm LED is lit first, the others dark.  0 or -errno. */
int leds_start(struct leds **leds, const char names[LEDS][64], const char *root);

/* Lit until it is said otherwise.  Any thread. */
void leds_set(struct leds *leds, enum led led, bool lit);

/* Lit for 50 ms; what comes meanwhile is one more flash.  Any thread. */
void leds_flash(struct leds *leds, enum led led);

/* Any thread: led_working and led_configured. */
void leds_get_status(struct leds *leds, struct outputs_status *status);

/*
 * Any thread: which are lit, also those that are not there; a moment's light is told of for 0.3 s, so that who looks five times a
 * second sees it.
 */
void leds_get_lit(struct leds *leds, bool lit[LEDS]);

/* Asks the thread to leave the alarm LED lit, as nobody measures any more, and the others dark, and to end. */
void leds_ask_stop(struct leds *leds);

/* Waits for that until CLOCK_MONOTONIC until_ns.  0, or -ETIMEDOUT: an LED hangs, and the thread is left behind. */
int leds_wait_stop(struct leds *leds, int64_t until_ns);

/* Once the thread has ended and nobody else uses them. */
void leds_free(struct leds *leds);

#endif
