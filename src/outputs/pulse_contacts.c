#include "outputs/pulse_contacts.h"

#include <stdatomic.h>

#include "daemon/kick.h"
#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
/* So often the thread shows life and one line is set anew to what it is: a chip that was unplugged shows only then. */
#define TICK_NS (SECOND / 4)
/* ... when no edge is due for so long, as an expander on a bus takes its time. */
#define QUIET_NS (SECOND / 200)

static const enum contact contact_of[PULSE_OUTPUTS] = { CONTACT_ENERGY, CONTACT_REACTIVE };

/* What one look at the states asks for. */
struct turn {
	bool change[PULSE_OUTPUTS], closed[PULSE_OUTPUTS];
	uint64_t closures[PULSE_OUTPUTS];	/* begun, this one included */
	int64_t due_ns;			/* of the next edge */
	bool done;			/* to be stopped, and every contact is open */
};

static void step_pulse(struct pulse_contacts *pulses, enum pulse_output which, struct turn *turn, int64_t now_ns)
{
	struct contact_state *pulse = &pulses->state[which];
	int64_t due_ns = contact_due_ns(pulse);

	turn->change[which] = contact_step(pulse, now_ns);
	turn->closed[which] = pulse->closed;
	turn->closures[which] = pulse->closures;
	if (turn->change[which])
		worker_note_late(&pulses->worker, now_ns - due_ns);
	turn->done &= !pulse->closed;
}

static void step(struct pulse_contacts *pulses, struct turn *turn)
{
	int64_t now_ns;

	pthread_mutex_lock(&pulses->worker.lock);
	now_ns = pulses->worker.heartbeat_ns = monotonic_ns();
	*turn = (struct turn){ .due_ns = CONTACT_NEVER, .done = pulses->worker.stop };
	for (int p = 0; p < PULSE_OUTPUTS; p++) {
		if (pulses->worker.stop)
			contact_recall(&pulses->state[p]);
		step_pulse(pulses, (enum pulse_output)p, turn, now_ns);
	}
	pthread_mutex_unlock(&pulses->worker.lock);
}

/* A line that was taken anew is open.  A closure that runs is not shown on it for its rest, as a short one may count or not. */
static void greet_lines(struct pulse_contacts *pulses)
{
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		if (lines_taken(pulses->lines, contact_of[p]))
			pulses->shown[p] = false;
}

/* Who is killed between the two has counted one that was not made, never made one that was not counted. */
static void turn_one(struct pulse_contacts *pulses, enum pulse_output which, const struct turn *turn)
{
	if (pulses->made && turn->closed[which])
		atomic_store(&pulses->made[which], turn->closures[which]);
	pulses->shown[which] = turn->closed[which];
	lines_set(pulses->lines, contact_of[which], turn->closed[which]);
}

/* Turns the contacts; from then on their lengths count. */
static void carry_out(struct pulse_contacts *pulses, struct turn *turn)
{
	int64_t now_ns;

	for (int p = 0; p < PULSE_OUTPUTS; p++)
		if (turn->change[p])
			turn_one(pulses, (enum pulse_output)p, turn);
	now_ns = monotonic_ns();
	pthread_mutex_lock(&pulses->worker.lock);
	for (int p = 0; p < PULSE_OUTPUTS; p++) {
		struct contact_state *pulse = &pulses->state[p];

		if (turn->change[p])
			contact_turned(pulse, now_ns);
		if (contact_due_ns(pulse) < turn->due_ns)
			turn->due_ns = contact_due_ns(pulse);
	}
	pthread_mutex_unlock(&pulses->worker.lock);
	leds_set(pulses->leds, LED_ENERGY, turn->closed[PULSE_REAL]);
}

/* Returns when to do so again. */
static int64_t refresh_one(struct pulse_contacts *pulses, int64_t due_ns)
{
	int64_t now_ns = monotonic_ns();
	unsigned which = pulses->refreshed % PULSE_OUTPUTS;

	if (now_ns < pulses->tick_ns)
		return pulses->tick_ns;
	if (due_ns - now_ns < QUIET_NS)
		return now_ns + QUIET_NS;
	lines_set(pulses->lines, contact_of[which], pulses->shown[which]);
	pulses->refreshed++;
	return now_ns + TICK_NS;
}

static void run(void *context)
{
	struct pulse_contacts *pulses = context;
	struct turn turn;

	thread_be_punctual();
	for (step(pulses, &turn); !turn.done; step(pulses, &turn)) {
		greet_lines(pulses);
		carry_out(pulses, &turn);
		pulses->tick_ns = refresh_one(pulses, turn.due_ns);
		worker_wait(&pulses->worker, turn.due_ns < pulses->tick_ns ? turn.due_ns : pulses->tick_ns);
	}
	carry_out(pulses, &turn);
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		lines_release(pulses->lines, contact_of[p]);
}

int pulse_contacts_start(struct pulse_contacts *pulses, struct lines *lines, struct leds *leds, _Atomic uint64_t *made)
{
	int64_t now_ns = monotonic_ns();

	pulses->lines = lines;
	pulses->leds = leds;
	pulses->made = made;
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		contact_init(&pulses->state[p], now_ns);
	return thread_start(&pulses->worker.thread, "outputs", run, pulses);
}

uint64_t pulse_contacts_recall(struct pulse_contacts *pulses, enum pulse_output which)
{
	uint64_t closures;

	pthread_mutex_lock(&pulses->worker.lock);
	closures = contact_recall(&pulses->state[which]);
	pthread_mutex_unlock(&pulses->worker.lock);
	return closures;
}

void pulse_contacts_plan(struct pulse_contacts *pulses, enum pulse_output which, const struct pulse_plan *plan)
{
	pthread_mutex_lock(&pulses->worker.lock);
	contact_plan(&pulses->state[which], plan, monotonic_ns());
	pthread_mutex_unlock(&pulses->worker.lock);
	kick_give(pulses->worker.kick_fd);
}

void pulse_contacts_get_status(struct pulse_contacts *pulses, struct outputs_status *status)
{
	pthread_mutex_lock(&pulses->worker.lock);
	for (int p = 0; p < PULSE_OUTPUTS; p++) {
		status->contact[contact_of[p]].active = pulses->state[p].closed;
		status->contact[contact_of[p]].closures = pulses->state[p].closures;
	}
	worker_add_status(&pulses->worker, status);
	pthread_mutex_unlock(&pulses->worker.lock);
}

int64_t pulse_contacts_open_ns(struct pulse_contacts *pulses)
{
	int64_t open_ns = monotonic_ns();

	pthread_mutex_lock(&pulses->worker.lock);
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		if (pulses->state[p].closed && contact_due_ns(&pulses->state[p]) > open_ns)
			open_ns = contact_due_ns(&pulses->state[p]);
	pthread_mutex_unlock(&pulses->worker.lock);
	return open_ns;
}
