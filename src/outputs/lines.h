/*
 * lines - the lines of the contacts: taken at the start, given back at the stop, and between taken again, with back-off, by a
 * thread of their own ("lines") whenever one is lost, so that looking for a chip never delays a contact.
 */
#ifndef OUTPUTS_LINES_H
#define OUTPUTS_LINES_H

#include "outputs/gpio.h"
#include "outputs/outputs.h"

struct lines;

/*
 * Tries to take each configured line, in its safe state, then starts the thread.  Writes to the contact's wake_fd (an eventfd) when
 * it takes one later.
 */
int lines_start(struct lines **lines, const struct contact_config config[CONTACTS], const struct gpio_paths *paths,
		const int wake_fd[CONTACTS]);

/* For the thread that turns the contact, and no other: */

/* Was a line taken since this was last asked?  It is in its safe state then. */
bool lines_taken(struct lines *lines, enum contact contact);

/*
 * Sets the line if it is there; may hang as long as its chip does, under no lock.  One that cannot be set is given back at once, as its
 * state is unknown: an alarm contact whose chip lets go of the pin falls to alarm; and it is taken again, in its safe state.
 */
void lines_set(struct lines *lines, enum contact contact, bool active);

/* Brings the line to its safe state and gives it back: the last call for a contact, after lines_ask_stop. */
void lines_release(struct lines *lines, enum contact contact);

/* Any thread: configured, working, errors, last_error and name. */
void lines_get_status(struct lines *lines, struct contact_status status[CONTACTS]);

/* From now on no line is taken any more; asks the thread to end. */
void lines_ask_stop(struct lines *lines);

/* Waits for that until CLOCK_MONOTONIC until_ns.  0, or -ETIMEDOUT: a chip hangs, and the thread is left behind. */
int lines_wait_stop(struct lines *lines, int64_t until_ns);

/* Once the thread has ended and nobody else uses them. */
void lines_free(struct lines *lines);

/* Edges of simulated contacts; any thread. */
unsigned lines_get_edges(struct lines *lines, uint64_t since, struct outputs_edge *edges, unsigned max);

/* "energy contact": for messages. */
const char *lines_contact_name(enum contact contact);

#endif
