/*
 * contact - what a pulse contact and the alarm contact do at which time.  Deciding is here; contacts.c carries it out.
 *
 * Pure: time is an argument (CLOCK_MONOTONIC, ns).  Whoever turns the real contact asks contact_due_ns, waits, steps, turns
 * it, and says with contact_turned when that was done: lengths count from there, so that no closure and no opening is
 * shorter than its duration however late the caller is.
 */
#ifndef OUTPUTS_CONTACT_H
#define OUTPUTS_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/pulse.h"

#define CONTACT_NEVER INT64_MAX

/*
 * What a configured line is: the offset that it says in plain decimal, 0..65535; CONTACT_NO_LINE ("" or "-1"); or
 * CONTACT_LINE_NAME, any other text.
 */
enum { CONTACT_NO_LINE = -1, CONTACT_LINE_NAME = -2 };
int contact_line_offset(const char *line);

struct contact_state {
	bool closed;
	int64_t turned_ns;		/* last edge, or start */
	int duration_ms;		/* of the closure that runs or was the last; 0 before the first */
	uint64_t closures;		/* begun since the start */
	struct pulse_plan plan;
	unsigned next;			/* index of the plan's next start */
	int64_t planned_ns;		/* when the plan came */
};

/* Open since now_ns: the first closure waits for one duration, as the contact may have been closed just before. */
void contact_init(struct contact_state *contact, int64_t now_ns);

/* Takes a plan in place of the one that there is.  n <= PULSE_PLAN_MAX, duration_ms > 0. */
void contact_plan(struct contact_state *contact, const struct pulse_plan *plan, int64_t now_ns);

/* Drops the plan; a closure that runs goes on to its end.  Returns the closures begun. */
uint64_t contact_recall(struct contact_state *contact);

/*
 * When the next edge is due, CONTACT_NEVER for none.  A closure: at its start in the plan, not before the plan came, and
 * not before the contact was open for its own duration and for that of the closure before.
 */
int64_t contact_due_ns(const struct contact_state *contact);

/* Does the edge that is due at now_ns, if any: at most one.  A closure counts here.  True: turn the contact to `closed`. */
bool contact_step(struct contact_state *contact, int64_t now_ns);

/* The contact stands since at_ns as the last step said. */
void contact_turned(struct contact_state *contact, int64_t at_ns);

/* The alarm contact: driven means no alarm. */
struct alarm_state {
	bool healthy;
	int64_t until_ns;		/* healthy no longer than that */
};

bool alarm_is_driven(const struct alarm_state *alarm, int64_t now_ns);

/* When it falls to alarm by itself, CONTACT_NEVER when it is there. */
int64_t alarm_due_ns(const struct alarm_state *alarm, int64_t now_ns);

#endif
