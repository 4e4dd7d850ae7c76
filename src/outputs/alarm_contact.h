/*
 * alarm_contact - the alarm contact, turned by a thread of its own ("alarm") that waits for no other line.
 */
#ifndef OUTPUTS_ALARM_CONTACT_H
#define OUTPUTS_ALARM_CONTACT_H

#include "outputs/contact.h"
#include "outputs/led.h"
#include "outputs/lines.h"
#include "outputs/outputs.h"
#include "outputs/worker.h"

struct alarm_contact {
	struct worker worker;		/* initialised before the start, stopped and freed by the owner */
	struct lines *lines;
	struct leds *leds;
	int64_t tick_ns;		/* the thread's: when it is set anew */

	/* Under the worker's lock. */
	struct alarm_state state;
	bool driven;			/* as the thread has turned it */
	uint64_t times_driven;
};

/* Starts the thread.  0 or -errno. */
int alarm_contact_start(struct alarm_contact *alarm, struct lines *lines, struct leds *leds);

/* Any thread: outputs_set_healthy. */
void alarm_contact_set_healthy(struct alarm_contact *alarm, bool healthy, int64_t until_ns);

/* Any thread: active and closures; adds the thread (worker_add_status). */
void alarm_contact_get_status(struct alarm_contact *alarm, struct outputs_status *status);

#endif
