#include "outputs/contacts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "outputs/contact.h"
#include "outputs/led.h"
#include "outputs/lines.h"
#include "outputs/thread.h"

#define SECOND INT64_C(1000000000)
/* So often the thread shows life and one line is set anew to what it is: a chip that was unplugged shows only then. */
#define TICK_NS (SECOND / 4)
/* ... when no edge is due for so long, as an expander on a bus takes its time. */
#define QUIET_NS (SECOND / 200)

static const enum contact contact_of[PULSE_OUTPUTS] = { CONTACT_ENERGY, CONTACT_REACTIVE };

struct outputs {
	struct lines *lines;
	struct leds *leds;
	pthread_t thread;
	int timer_fd, kick_fd;

	/* The thread's own. */
	bool shown[CONTACTS];		/* how the lines were set last */
	unsigned refreshed;		/* lines set anew so far */
	int64_t tick_ns;		/* when the next one is */

	pthread_mutex_t lock;		/* guards all below; held for assignments, never for a system call */
	struct contact_state pulse[PULSE_OUTPUTS];
	struct alarm_state alarm;
	bool active[CONTACTS];		/* as the thread has turned them */
	uint64_t driven;		/* times that the alarm contact was driven */
	int64_t worst_late_ns, heartbeat_ns;
	bool stop;
};

/* What one look at the state asks for. */
struct turn {
	bool change[CONTACTS], active[CONTACTS];
	int64_t due_ns;			/* of the next edge */
	bool done;			/* to be stopped, and every contact is in its safe state */
};

static void note_late(struct outputs *outputs, int64_t late_ns)
{
	if (late_ns > outputs->worst_late_ns)
		outputs->worst_late_ns = late_ns;
}

static void step_pulse(struct outputs *outputs, enum pulse_output which, struct turn *turn, int64_t now_ns)
{
	struct contact_state *pulse = &outputs->pulse[which];
	enum contact contact = contact_of[which];
	int64_t due_ns = contact_due_ns(pulse);

	turn->change[contact] = contact_step(pulse, now_ns);
	turn->active[contact] = pulse->closed;
	if (turn->change[contact])
		note_late(outputs, now_ns - due_ns);
	if (contact_due_ns(pulse) < turn->due_ns)
		turn->due_ns = contact_due_ns(pulse);
	turn->done &= !pulse->closed;
}

static void step_alarm(struct outputs *outputs, struct turn *turn, int64_t now_ns)
{
	bool driven = alarm_is_driven(&outputs->alarm, now_ns);

	turn->change[CONTACT_ALARM] = driven != outputs->active[CONTACT_ALARM];
	turn->active[CONTACT_ALARM] = driven;
	outputs->driven += turn->change[CONTACT_ALARM] && driven;
	if (turn->change[CONTACT_ALARM] && outputs->alarm.healthy && !driven)
		note_late(outputs, now_ns - outputs->alarm.until_ns);
	if (alarm_due_ns(&outputs->alarm, now_ns) < turn->due_ns)
		turn->due_ns = alarm_due_ns(&outputs->alarm, now_ns);
	turn->done &= !driven;
}

static void step(struct outputs *outputs, struct turn *turn)
{
	int64_t now_ns;

	pthread_mutex_lock(&outputs->lock);
	now_ns = outputs->heartbeat_ns = monotonic_ns();
	if (outputs->stop) {
		outputs->alarm.healthy = false;
		for (int p = 0; p < PULSE_OUTPUTS; p++)
			contact_recall(&outputs->pulse[p]);
	}
	*turn = (struct turn){ .due_ns = CONTACT_NEVER, .done = outputs->stop };
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		step_pulse(outputs, (enum pulse_output)p, turn, now_ns);
	step_alarm(outputs, turn, now_ns);
	memcpy(outputs->active, turn->active, sizeof(outputs->active));
	pthread_mutex_unlock(&outputs->lock);
}

/*
 * A line that was taken anew is in its safe state.  A closure that runs is not shown on it for its rest, as a short one may
 * count or not; the alarm contact is turned to what it has to be.
 */
static void greet_lines(struct outputs *outputs, struct turn *turn)
{
	for (int c = 0; c < CONTACTS; c++)
		if (lines_taken(outputs->lines, (enum contact)c)) {
			outputs->shown[c] = false;
			turn->change[c] |= c == CONTACT_ALARM;
		}
}

/* Turns the contacts; from then on their lengths count. */
static void carry_out(struct outputs *outputs, struct turn *turn)
{
	int64_t now_ns;

	for (int c = 0; c < CONTACTS; c++)
		if (turn->change[c]) {
			outputs->shown[c] = turn->active[c];
			lines_set(outputs->lines, (enum contact)c, turn->active[c]);
		}
	now_ns = monotonic_ns();
	pthread_mutex_lock(&outputs->lock);
	turn->due_ns = alarm_due_ns(&outputs->alarm, now_ns);
	for (int p = 0; p < PULSE_OUTPUTS; p++) {
		struct contact_state *pulse = &outputs->pulse[p];

		if (turn->change[contact_of[p]])
			contact_turned(pulse, now_ns);
		if (contact_due_ns(pulse) < turn->due_ns)
			turn->due_ns = contact_due_ns(pulse);
	}
	pthread_mutex_unlock(&outputs->lock);
	leds_set(outputs->leds, LED_ENERGY, turn->active[CONTACT_ENERGY]);
	leds_set(outputs->leds, LED_ALARM, !turn->active[CONTACT_ALARM]);
}

static void wait_for(struct outputs *outputs, int64_t due_ns)
{
	struct pollfd fds[] = { { .fd = outputs->timer_fd, .events = POLLIN }, { .fd = outputs->kick_fd, .events = POLLIN } };
	struct itimerspec timer = { .it_value = { (time_t)(due_ns / SECOND), (long)(due_ns % SECOND) } };
	uint64_t count;

	timerfd_settime(outputs->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
	if (poll(fds, 2, -1) > 0 && fds[1].revents)
		while (read(outputs->kick_fd, &count, sizeof(count)) < 0 && errno == EINTR)
			;
}

/* Returns when to do so again. */
static int64_t refresh_one(struct outputs *outputs, int64_t due_ns)
{
	int64_t now_ns = monotonic_ns();
	enum contact contact = (enum contact)(outputs->refreshed % CONTACTS);

	if (now_ns < outputs->tick_ns)
		return outputs->tick_ns;
	if (due_ns - now_ns < QUIET_NS)
		return now_ns + QUIET_NS;
	lines_set(outputs->lines, contact, outputs->shown[contact]);
	outputs->refreshed++;
	return now_ns + TICK_NS;
}

static void *run(void *context)
{
	struct outputs *outputs = context;
	struct turn turn;

	thread_be_punctual();
	for (step(outputs, &turn); !turn.done; step(outputs, &turn)) {
		greet_lines(outputs, &turn);
		carry_out(outputs, &turn);
		outputs->tick_ns = refresh_one(outputs, turn.due_ns);
		wait_for(outputs, turn.due_ns < outputs->tick_ns ? turn.due_ns : outputs->tick_ns);
	}
	carry_out(outputs, &turn);
	return NULL;
}

static int open_fds(struct outputs *outputs)
{
	outputs->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	outputs->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return outputs->kick_fd < 0 || outputs->timer_fd < 0 ? -errno : 0;
}

/* Ends what was started, in the reverse order; each part may be missing. */
static void outputs_free(struct outputs *outputs)
{
	if (outputs->lines)
		lines_stop(outputs->lines);
	if (outputs->leds)
		leds_stop(outputs->leds);
	if (outputs->timer_fd >= 0)
		close(outputs->timer_fd);
	if (outputs->kick_fd >= 0)
		close(outputs->kick_fd);
	pthread_mutex_destroy(&outputs->lock);
	free(outputs);
}

/* The lines before all else: until they are taken, the contacts are what the hardware makes of them. */
int outputs_start_at(struct outputs **out, const struct outputs_config *config, const struct gpio_paths *paths, const char *led_root)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs));
	int error = outputs ? thread_lock_init(&outputs->lock) : -ENOMEM;

	if (error) {
		free(outputs);
		return error;
	}
	error = open_fds(outputs);
	if (!error)
		error = lines_start(&outputs->lines, config->contact, paths, outputs->kick_fd);
	if (!error)
		error = leds_start(&outputs->leds, config->led, led_root);
	if (error)
		goto fail;
	outputs->heartbeat_ns = monotonic_ns();
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		contact_init(&outputs->pulse[p], outputs->heartbeat_ns);
	error = thread_start(&outputs->thread, "outputs", run, outputs);
	if (error)
		goto fail;
	*out = outputs;
	return 0;
fail:
	outputs_free(outputs);
	return error;
}

int outputs_start(struct outputs **outputs, const struct outputs_config *config)
{
	static const struct gpio_paths paths = { "/dev", "/sys/class/gpio" };

	return outputs_start_at(outputs, config, &paths, LED_ROOT);
}

uint64_t outputs_recall(struct outputs *outputs, enum pulse_output which)
{
	uint64_t closures;

	pthread_mutex_lock(&outputs->lock);
	closures = contact_recall(&outputs->pulse[which]);
	pthread_mutex_unlock(&outputs->lock);
	return closures;
}

void outputs_plan(struct outputs *outputs, enum pulse_output which, const struct pulse_plan *plan)
{
	pthread_mutex_lock(&outputs->lock);
	contact_plan(&outputs->pulse[which], plan, monotonic_ns());
	pthread_mutex_unlock(&outputs->lock);
	thread_kick(outputs->kick_fd);
}

void outputs_set_healthy(struct outputs *outputs, bool healthy, int64_t until_ns)
{
	struct alarm_state alarm = { healthy, until_ns };
	bool kick;

	pthread_mutex_lock(&outputs->lock);
	/* A later end needs no kick: the thread sees it when the earlier one comes. */
	kick = alarm_is_driven(&alarm, monotonic_ns()) != outputs->active[CONTACT_ALARM] || until_ns < outputs->alarm.until_ns;
	outputs->alarm = alarm;
	pthread_mutex_unlock(&outputs->lock);
	if (kick)
		thread_kick(outputs->kick_fd);
}

void outputs_flash(struct outputs *outputs, enum led led)
{
	leds_flash(outputs->leds, led);
}

unsigned outputs_get_edges(struct outputs *outputs, uint64_t since, struct outputs_edge *edges, unsigned max)
{
	return lines_get_edges(outputs->lines, since, edges, max);
}

void outputs_get_status(struct outputs *outputs, struct outputs_status *status)
{
	*status = (struct outputs_status){ 0 };
	lines_get_status(outputs->lines, status->contact);
	leds_get_status(outputs->leds, status);
	pthread_mutex_lock(&outputs->lock);
	for (int c = 0; c < CONTACTS; c++)
		status->contact[c].active = outputs->active[c];
	for (int p = 0; p < PULSE_OUTPUTS; p++)
		status->contact[contact_of[p]].closures = outputs->pulse[p].closures;
	status->contact[CONTACT_ALARM].closures = outputs->driven;
	status->worst_late_ms = (double)outputs->worst_late_ns / 1e6;
	status->heartbeat_ns = outputs->heartbeat_ns;
	pthread_mutex_unlock(&outputs->lock);
}

void outputs_stop(struct outputs *outputs)
{
	if (!outputs)
		return;
	pthread_mutex_lock(&outputs->lock);
	outputs->stop = true;
	pthread_mutex_unlock(&outputs->lock);
	thread_kick(outputs->kick_fd);
	pthread_join(outputs->thread, NULL);
	outputs_free(outputs);
}
