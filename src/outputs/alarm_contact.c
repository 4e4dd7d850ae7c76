#include "outputs/alarm_contact.h"

#include "daemon/kick.h"
#include "daemon/monotonic.h"

/* So often the thread shows life and the line is set anew to what it is: a chip that was unplugged shows only then. */
#define TICK_NS INT64_C(250000000)

/* What one look at the state asks for. */
struct turn {
	bool change, driven;
	int64_t due_ns;
	bool done;
};

static void step(struct alarm_contact *alarm, struct turn *turn)
{
	int64_t now_ns;

	pthread_mutex_lock(&alarm->worker.lock);
	now_ns = alarm->worker.heartbeat_ns = monotonic_ns();
	if (alarm->worker.stop)
		alarm->state.healthy = false;
	*turn = (struct turn){ .driven = alarm_is_driven(&alarm->state, now_ns), .due_ns = alarm_due_ns(&alarm->state, now_ns),
			       .done = alarm->worker.stop };
	turn->change = turn->driven != alarm->driven;
	alarm->times_driven += turn->change && turn->driven;
	if (turn->change && alarm->state.healthy && !turn->driven)
		worker_note_late(&alarm->worker, now_ns - alarm->state.until_ns);
	alarm->driven = turn->driven;
	pthread_mutex_unlock(&alarm->worker.lock);
}

/* The LED first: it shows an alarm whose line hangs.  A line that was taken anew is undriven until it is set. */
static void carry_out(struct alarm_contact *alarm, const struct turn *turn)
{
	bool taken = lines_taken(alarm->lines, CONTACT_ALARM);
	int64_t now_ns = monotonic_ns();

	leds_set(alarm->leds, LED_ALARM, !turn->driven);
	if (!turn->change && !taken && now_ns < alarm->tick_ns)
		return;
	lines_set(alarm->lines, CONTACT_ALARM, turn->driven);
	alarm->tick_ns = now_ns + TICK_NS;
}

static void run(void *context)
{
	struct alarm_contact *alarm = context;
	struct turn turn;

	thread_be_punctual();
	for (step(alarm, &turn); !turn.done; step(alarm, &turn)) {
		carry_out(alarm, &turn);
		worker_wait(&alarm->worker, turn.due_ns < alarm->tick_ns ? turn.due_ns : alarm->tick_ns);
	}
	leds_set(alarm->leds, LED_ALARM, true);
	lines_release(alarm->lines, CONTACT_ALARM);
}

int alarm_contact_start(struct alarm_contact *alarm, struct lines *lines, struct leds *leds)
{
	alarm->lines = lines;
	alarm->leds = leds;
	return thread_start(&alarm->worker.thread, "alarm", run, alarm);
}

void alarm_contact_set_healthy(struct alarm_contact *alarm, bool healthy, int64_t until_ns)
{
	struct alarm_state state = { healthy, until_ns };
	bool kick;

	pthread_mutex_lock(&alarm->worker.lock);
	/* A later end needs no kick: the thread sees it when the earlier one comes. */
	kick = alarm_is_driven(&state, monotonic_ns()) != alarm->driven || until_ns < alarm->state.until_ns;
	alarm->state = state;
	pthread_mutex_unlock(&alarm->worker.lock);
	if (kick)
		kick_give(alarm->worker.kick_fd);
}

void alarm_contact_get_status(struct alarm_contact *alarm, struct outputs_status *status)
{
	pthread_mutex_lock(&alarm->worker.lock);
	status->contact[CONTACT_ALARM].active = alarm->driven;
	status->contact[CONTACT_ALARM].closures = alarm->times_driven;
	worker_add_status(&alarm->worker, status);
	pthread_mutex_unlock(&alarm->worker.lock);
}
