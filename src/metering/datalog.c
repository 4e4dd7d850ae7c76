#include "metering/datalog.h"

#include <string.h>

#define COUNT_MAX 32767
#define S_PER_DAY 86400
#define EVENTS (DATALOG_RESET | DATALOG_INTERRUPTED | DATALOG_CLOCK_CHANGED)

void datalog_defaults(struct datalog_state *state)
{
	/* Guide: real and reactive energy, the three demands, date and time. */
	static const uint16_t pointer[DATALOG_LOGS] = { 1, 2, 29, 30, 37, 38, 39, 155, 156, 157 };

	memset(state, 0, sizeof(*state));
	memcpy(state->pointer, pointer, sizeof(pointer));
	state->newest_clock_s = DATALOG_NEVER;
	state->first_serial = 1;
}

void datalog_init(struct datalog *log, const struct datalog_state *state, bool was_off)
{
	memset(log, 0, sizeof(*log));
	log->state = *state;
	if (was_off)
		datalog_event(log, DATALOG_INTERRUPTED);
}

void datalog_restore(struct datalog *log, const struct datalog_entry *entry)
{
	log->entry[entry->serial % DATALOG_ENTRIES] = *entry;
}

void datalog_alerts(struct datalog *log, unsigned alerts)
{
	log->state.alerts |= alerts & UINT16_MAX;
}

static bool full(const struct datalog_state *state)
{
	return (state->config & DATALOG_SINGLE_SHOT) && state->entries >= DATALOG_ENTRIES;
}

static void count(unsigned *counter)
{
	if (*counter < COUNT_MAX)
		++*counter;
}

static void write_entry(struct datalog *log, const struct datalog_entry *entry, const struct energy *kwh)
{
	struct datalog_state *state = &log->state;
	struct datalog_entry *slot;

	if (full(state)) {
		count(&state->wraps);
		return;
	}
	state->serial++;
	slot = &log->entry[state->serial % DATALOG_ENTRIES];
	*slot = *entry;
	slot->serial = state->serial;
	state->newest_clock_s = entry->clock_s;
	state->entries++;
	if (state->entries < DATALOG_ENTRIES)
		return;
	if (state->config & DATALOG_SINGLE_SHOT) {
		state->status |= DATALOG_FULL;
		return;
	}
	state->entries = 0;
	count(&state->wraps);
	state->kwh_start = *kwh;
}

static void write_held(struct datalog *log, const struct energy *kwh)
{
	if (log->state.holding)
		write_entry(log, &log->state.held, kwh);
	log->state.holding = false;
}

void datalog_subinterval(struct datalog *log, const struct datalog_entry *entry, const struct energy *kwh)
{
	struct datalog_state *state = &log->state;
	struct datalog_entry next = *entry;

	next.noted = true;
	next.alerts = (uint16_t)state->alerts;
	state->alerts = 0;
	state->status = (state->status & ~EVENTS) | state->events;
	state->events = 0;
	if (!state->page) {
		state->status &= ~(DATALOG_COLLISION | DATALOG_COLLISION_2);
		write_held(log, kwh);	/* it was recorded before a halt, if there is one now */
	}
	if (state->config & DATALOG_HALTED)
		return;
	if (state->page && !(state->status & DATALOG_COLLISION)) {
		state->status |= DATALOG_COLLISION;
		state->held = next;
		state->holding = true;
		return;
	}
	if (state->page)
		state->status |= DATALOG_COLLISION_2;
	write_held(log, kwh);
	write_entry(log, &next, kwh);
}

void datalog_reset(struct datalog *log, const struct energy *kwh)
{
	struct datalog_state *state = &log->state;

	state->wraps = state->entries = 0;
	state->status &= ~(DATALOG_FULL | DATALOG_COLLISION | DATALOG_COLLISION_2);
	state->kwh_start = *kwh;
	state->newest_clock_s = DATALOG_NEVER;
	state->first_serial = state->serial + 1;
	state->holding = false;
	datalog_event(log, DATALOG_RESET);
}

void datalog_set_page(struct datalog *log, unsigned page)
{
	log->state.page = page;
}

/* 161 and 163 count something else in the other mode: what is there is counted anew. */
static void change_mode(struct datalog_state *state)
{
	bool wrapped = state->wraps > 0;

	if (state->config & DATALOG_SINGLE_SHOT) {
		if (wrapped)
			state->entries = DATALOG_ENTRIES;
		state->wraps = 0;
		if (full(state))
			state->status |= DATALOG_FULL;
		return;
	}
	state->wraps = state->entries >= DATALOG_ENTRIES;
	state->entries %= DATALOG_ENTRIES;
	state->status &= ~DATALOG_FULL;
}

void datalog_set_config(struct datalog *log, unsigned config)
{
	unsigned changed = log->state.config ^ config;

	log->state.config = config;
	if (changed & DATALOG_SINGLE_SHOT)
		change_mode(&log->state);
	if (changed)
		datalog_event(log, DATALOG_INTERRUPTED);
}

void datalog_set_pointers(struct datalog *log, const uint16_t pointer[DATALOG_LOGS])
{
	if (!memcmp(log->state.pointer, pointer, sizeof(log->state.pointer)))
		return;
	memcpy(log->state.pointer, pointer, sizeof(log->state.pointer));
	datalog_event(log, DATALOG_INTERRUPTED);
}

void datalog_event(struct datalog *log, unsigned events)
{
	log->state.events |= events & EVENTS;
}

const struct datalog_entry *datalog_entry(const struct datalog *log, unsigned age)
{
	const struct datalog_state *state = &log->state;
	uint64_t serial = state->serial - age;
	const struct datalog_entry *entry = &log->entry[serial % DATALOG_ENTRIES];

	if (age >= DATALOG_ENTRIES || state->serial < state->first_serial + age || entry->serial != serial)
		return NULL;
	return entry;
}

void datalog_page(const struct datalog *log, uint16_t words[DATALOG_ENTRIES])
{
	for (unsigned age = 0; age < DATALOG_ENTRIES; age++) {
		const struct datalog_entry *entry = log->state.page ? datalog_entry(log, age) : NULL;

		words[age] = entry ? entry->word[log->state.page - 1] : DATALOG_VOID;
	}
}

unsigned datalog_max_days(int subinterval_s)
{
	return (unsigned)((int64_t)subinterval_s * DATALOG_ENTRIES / S_PER_DAY);
}
