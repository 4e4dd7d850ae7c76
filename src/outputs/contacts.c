#include "outputs/contacts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/alarm_contact.h"
#include "outputs/led.h"
#include "outputs/lines.h"
#include "outputs/pulse_contacts.h"

/* So long a thread that is to end may take from when nothing is left to do for it. */
#define PATIENCE_NS INT64_C(1000000000)

enum { WORKER_PULSES, WORKER_ALARM, WORKERS };

struct outputs {
	struct lines *lines;
	struct leds *leds;
	struct pulse_contacts pulses;
	struct alarm_contact alarm;
	pthread_mutex_t watch_lock;	/* all below: whoever has it may have to wait for the log, so nobody waits for it */
	bool silent[WORKERS];		/* as the log has it */
	struct log_limit limit;
};

static struct worker *worker_of(struct outputs *outputs, int which)
{
	return which == WORKER_ALARM ? &outputs->alarm.worker : &outputs->pulses.worker;
}

/* Tells of a thread whose line hangs, and of one that goes on. */
static void watch(struct outputs *outputs)
{
	static const char *const names[WORKERS] = { "energy and reactive contact", "alarm contact" };

	if (pthread_mutex_trylock(&outputs->watch_lock))
		return;
	for (int w = 0; w < WORKERS; w++) {
		bool silent = worker_is_silent(worker_of(outputs, w));

		if (silent == outputs->silent[w])
			continue;
		outputs->silent[w] = silent;
		if (silent)
			log_limited(&outputs->limit, LOG_WARNING, "%s: no sign of life for 2 s, as when a line hangs", names[w]);
		else
			log_limited(&outputs->limit, LOG_NOTICE, "%s: back after a silence", names[w]);
	}
	pthread_mutex_unlock(&outputs->watch_lock);
}

/* All that has no thread. */
static int prepare(struct outputs *outputs)
{
	int error = worker_init(&outputs->pulses.worker);

	if (!error)
		error = worker_init(&outputs->alarm.worker);
	pthread_mutex_init(&outputs->watch_lock, NULL);
	outputs->limit = (struct log_limit){ .burst = 10, .interval_s = 300 };
	return error;
}

/* Each part may be missing. */
static void outputs_free(struct outputs *outputs)
{
	if (outputs->lines)
		lines_free(outputs->lines);
	if (outputs->leds)
		leds_free(outputs->leds);
	for (int w = 0; w < WORKERS; w++)
		worker_free(worker_of(outputs, w));
	pthread_mutex_destroy(&outputs->watch_lock);
	free(outputs);
}

/*
 * Asks all threads first, the alarm's before all others, then waits for them, all until the same time.  False: one hangs, and what
 * they share has to stay.
 */
static bool stop_threads(struct outputs *outputs)
{
	int64_t until_ns = pulse_contacts_open_ns(&outputs->pulses) + PATIENCE_NS;
	int hang = 0;

	if (outputs->lines)
		lines_ask_stop(outputs->lines);
	worker_ask_stop(&outputs->alarm.worker);
	worker_ask_stop(&outputs->pulses.worker);
	if (outputs->leds)
		leds_ask_stop(outputs->leds);
	hang |= thread_end(&outputs->alarm.worker.thread, until_ns);
	hang |= thread_end(&outputs->pulses.worker.thread, until_ns);
	if (outputs->lines)
		hang |= lines_wait_stop(outputs->lines, until_ns);
	if (outputs->leds)
		hang |= leds_wait_stop(outputs->leds, until_ns);
	return !hang;
}

/* The lines before all else: until they are taken, the contacts are what the hardware makes of them. */
int outputs_start_at(struct outputs **out, const struct outputs_config *config, const struct gpio_paths *paths, const char *led_root,
		     _Atomic uint64_t *made)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs));
	int error = outputs ? prepare(outputs) : -ENOMEM;
	int wake_fd[CONTACTS];

	if (error)
		goto fail;
	for (int c = 0; c < CONTACTS; c++)
		wake_fd[c] = worker_of(outputs, c == CONTACT_ALARM ? WORKER_ALARM : WORKER_PULSES)->kick_fd;
	error = lines_start(&outputs->lines, config->contact, paths, wake_fd);
	if (!error)
		error = leds_start(&outputs->leds, config->led, led_root);
	if (!error)
		error = alarm_contact_start(&outputs->alarm, outputs->lines, outputs->leds);
	if (!error)
		error = pulse_contacts_start(&outputs->pulses, outputs->lines, outputs->leds, made);
	if (!error) {
		*out = outputs;
		return 0;
	}
	if (!stop_threads(outputs))
		return error;
fail:
	if (outputs)
		outputs_free(outputs);
	return error;
}

int outputs_start(struct outputs **outputs, const struct outputs_config *config, _Atomic uint64_t *made)
{
	static const struct gpio_paths paths = { "/dev", "/sys/class/gpio" };

	return outputs_start_at(outputs, config, &paths, LED_ROOT, made);
}

uint64_t outputs_recall(struct outputs *outputs, enum pulse_output which)
{
	return pulse_contacts_recall(&outputs->pulses, which);
}

void outputs_plan(struct outputs *outputs, enum pulse_output which, const struct pulse_plan *plan)
{
	pulse_contacts_plan(&outputs->pulses, which, plan);
}

void outputs_set_healthy(struct outputs *outputs, bool healthy, int64_t until_ns)
{
	alarm_contact_set_healthy(&outputs->alarm, healthy, until_ns);
	watch(outputs);
}

void outputs_flash(struct outputs *outputs, enum led led)
{
	leds_flash(outputs->leds, led);
}

void outputs_get_lit(struct outputs *outputs, bool lit[LEDS])
{
	leds_get_lit(outputs->leds, lit);
}

unsigned outputs_get_edges(struct outputs *outputs, uint64_t since, struct outputs_edge *edges, unsigned max)
{
	return lines_get_edges(outputs->lines, since, edges, max);
}

/* What a line that hangs said last is worth nothing. */
static void show_silence(struct contact_status *contact, bool silent)
{
	if (!silent || !contact->configured)
		return;
	contact->working = false;
	contact->last_error = -ETIMEDOUT;
}

void outputs_get_status(struct outputs *outputs, struct outputs_status *status)
{
	*status = (struct outputs_status){ 0 };
	lines_get_status(outputs->lines, status->contact);
	leds_get_status(outputs->leds, status);
	pulse_contacts_get_status(&outputs->pulses, status);
	alarm_contact_get_status(&outputs->alarm, status);
	for (int c = 0; c < CONTACTS; c++)
		show_silence(&status->contact[c], worker_is_silent(worker_of(outputs, c == CONTACT_ALARM ? WORKER_ALARM : WORKER_PULSES)));
	watch(outputs);
}

/* By the contacts' own count: to be compared with the register's, and with what the other side of the wire has counted. */
static void log_closures(struct outputs *outputs)
{
	struct outputs_status status = { 0 };

	lines_get_status(outputs->lines, status.contact);
	pulse_contacts_get_status(&outputs->pulses, &status);
	alarm_contact_get_status(&outputs->alarm, &status);
	for (int c = 0; c < CONTACTS; c++)
		if (status.contact[c].configured)
			log_notice("%s: %" PRIu64 " closures", lines_contact_name((enum contact)c), status.contact[c].closures);
}

void outputs_stop(struct outputs *outputs)
{
	bool ended;

	if (!outputs)
		return;
	ended = stop_threads(outputs);
	log_closures(outputs);
	if (ended)
		outputs_free(outputs);
}
