/*
 * lines_rig - what the tests of GPIO lines share: a directory that stands for /dev, contacts on the chips of fake_gpio.h, and what the
 * log and the pins show.  Failures are Check's.
 */
#ifndef TESTS_LINES_RIG_H
#define TESTS_LINES_RIG_H

#include <stdint.h>
#include <time.h>

#include "fakes/fake_gpio.h"
#include "outputs/gpio.h"
#include "outputs/outputs.h"

#define MS INT64_C(1000000)
#define NO_END INT64_MAX

/* Until the condition holds, looked at often; a test that waits for ever is ended by its time limit. */
#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL)

extern struct gpio_paths paths;

/* Before and after each test. */
void rig_make_dev(void);
void rig_remove_dev(void);

/* In a configuration. */
struct contact_config rig_contact(const char *chip, const char *line);
/* Lines 0 to 2 of the first chip. */
struct outputs_config rig_all_three(void);

struct outputs *rig_start(const struct outputs_config *config);
struct contact_status rig_status_of(struct outputs *outputs, enum contact which);

/* n closures of the energy contact from now on. */
void rig_close_times(struct outputs *outputs, unsigned n, int duration_ms);

/* Each complete closure on the pin is long enough, and so is each opening between two that the program set. */
void rig_check_pin(const struct fake_event *event, unsigned n, unsigned offset, int duration_ms);

/* From now on the log of this test's process is a file; how often something stands in it. */
void rig_keep_log(void);
unsigned rig_times_logged(const char *what);

#endif
