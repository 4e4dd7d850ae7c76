#include "outputs/contact.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int contact_line_offset(const char *line)
{
	size_t digits = strspn(line, "0123456789");
	long offset;

	if (!*line || !strcmp(line, "-1"))
		return CONTACT_NO_LINE;
	if (line[digits] || digits > 5 || (*line == '0' && digits > 1))
		return CONTACT_LINE_NAME;
	offset = strtol(line, NULL, 10);
	return offset <= 65535 ? (int)offset : CONTACT_LINE_NAME;
}

void contact_init(struct contact_state *contact, int64_t now_ns)
{
	*contact = (struct contact_state){ .turned_ns = now_ns };
}

void contact_plan(struct contact_state *contact, const struct pulse_plan *plan, int64_t now_ns)
{
	assert(plan->n <= PULSE_PLAN_MAX && (!plan->n || plan->duration_ms > 0));
	contact->plan = *plan;
	contact->next = 0;
	contact->planned_ns = now_ns;
}

uint64_t contact_recall(struct contact_state *contact)
{
	contact->plan.n = contact->next = 0;
	return contact->closures;
}

int64_t contact_due_ns(const struct contact_state *contact)
{
	const struct pulse_plan *plan = &contact->plan;
	int open_ms = contact->duration_ms > plan->duration_ms ? contact->duration_ms : plan->duration_ms;

	if (contact->closed)
		return contact->turned_ns + contact->duration_ms * MS;
	if (contact->next == plan->n)
		return CONTACT_NEVER;
	return later(later(plan->start_ns[contact->next], contact->planned_ns), contact->turned_ns + open_ms * MS);
}

bool contact_step(struct contact_state *contact, int64_t now_ns)
{
	if (now_ns < contact_due_ns(contact))
		return false;
	contact->closed = !contact->closed;
	contact->turned_ns = now_ns;
	if (contact->closed) {
		contact->duration_ms = contact->plan.duration_ms;
		contact->next++;
		contact->closures++;
	}
	return true;
}

void contact_turned(struct contact_state *contact, int64_t at_ns)
{
	contact->turned_ns = later(contact->turned_ns, at_ns);
}

bool alarm_is_driven(const struct alarm_state *alarm, int64_t now_ns)
{
	return alarm->healthy && now_ns < alarm->until_ns;
}

int64_t alarm_due_ns(const struct alarm_state *alarm, int64_t now_ns)
{
	return alarm_is_driven(alarm, now_ns) ? alarm->until_ns : CONTACT_NEVER;
}
