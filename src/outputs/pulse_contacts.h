/*
 * pulse_contacts - the energy and the reactive contact, turned by the thread "outputs".
 */
#ifndef OUTPUTS_PULSE_CONTACTS_H
#define OUTPUTS_PULSE_CONTACTS_H

#include "outputs/contact.h"
#include "outputs/led.h"
#include "outputs/lines.h"
#include "outputs/outputs.h"
#include "outputs/worker.h"

struct pulse_contacts {
	struct worker worker;		/* initialised before the start, stopped and freed by the owner */
	struct lines *lines;
	struct leds *leds;
	_Atomic uint64_t *made;		/* as outputs_start, may be NULL */

	/* The thread's own. */
	bool shown[PULSE_OUTPUTS];	/* how the lines were set last */
	unsigned refreshed;		/* lines set anew so far */
	int64_t tick_ns;		/* when the next one is */

	struct contact_state state[PULSE_OUTPUTS];	/* under the worker's lock */
};

/* Starts the thread.  0 or -errno. */
int pulse_contacts_start(struct pulse_contacts *pulses, struct lines *lines, struct leds *leds, _Atomic uint64_t *made);

/* Any thread: outputs_recall, outputs_plan. */
uint64_t pulse_contacts_recall(struct pulse_contacts *pulses, enum pulse_output which);
void pulse_contacts_plan(struct pulse_contacts *pulses, enum pulse_output which, const struct pulse_plan *plan);

/* Any thread: active and closures; adds the thread (worker_add_status). */
void pulse_contacts_get_status(struct pulse_contacts *pulses, struct outputs_status *status);

/* Any thread: CLOCK_MONOTONIC at which the closures that run are to end, now for none. */
int64_t pulse_contacts_open_ns(struct pulse_contacts *pulses);

#endif
