/*
 * lines - the lines of the contacts: taken at the start, given back at the stop, and between taken again, with back-off, by a
 * thread of their own ("lines") whenever one is lost, so that looking for a chip never delays a contact.
 */
#ifndef OUTPUTS_LINES_H
#define OUTPUTS_LINES_H

#include "outputs/gpio.h"
#include "outputs/outputs.h"

struct lines;

/* Tries to take each configured line, in its safe state, then starts the thread.  Writes to wake_fd (an eventfd) when it takes one later. */
int lines_start(struct lines **lines, const struct contact_config config[CONTACTS], const struct gpio_paths *paths, int wake_fd);

/* For the thread of the contacts alone: */

/* Was a line taken since this was last asked?  It is in its safe state then. */
bool lines_taken(struct lines *lines, enum contact contact);

/*
 * Sets the line if it is there.  One that cannot be set is given back at once, as its state is unknown: an alarm
 * contact whose chip lets go of the pin falls to alarm; and it is taken again, in its safe state.
 */
void lines_set(struct lines *lines, enum contact contact, bool active);

/* Any thread: configured, working, errors, last_error and name. */
void lines_get_status(struct lines *lines, struct contact_status status[CONTACTS]);

/* When no other thread uses them any more: ends the thread, brings all lines to their safe state, gives them back. */
void lines_stop(struct lines *lines);

/* Edges of simulated contacts; any thread. */
unsigned lines_get_edges(struct lines *lines, uint64_t since, struct outputs_edge *edges, unsigned max);

/* "energy contact": for messages. */
const char *lines_contact_name(enum contact contact);

#endif
