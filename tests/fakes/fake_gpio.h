/*
 * fake_gpio - two GPIO chips made of tables, behind both generations of libgpiod (fake_gpiod_v1.c, fake_gpiod_v2.c), which are linked
 * in place of the real one.  Chips come and go, lines are held by others, calls fail; all that happens to a line is kept, with its time.
 *
 * Any thread; each function locks for itself.
 */
#ifndef TESTS_FAKE_GPIO_H
#define TESTS_FAKE_GPIO_H

#include <stdbool.h>
#include <stdint.h>

enum { FAKE_CHIPS = 2, FAKE_LINES = 8, FAKE_EVENTS = 65536 };

/* What a fault hits. */
enum fake_call { FAKE_OPEN, FAKE_REQUEST, FAKE_SET, FAKE_FAULTS };

struct fake_event {
	enum { FAKE_TAKEN, FAKE_TURNED, FAKE_RELEASED } what;
	unsigned chip, offset;
	bool active;		/* as asked for */
	bool high;		/* the pin's level; released: pulled low */
	int64_t t_ns;		/* CLOCK_MONOTONIC */
};

/* What was asked for when the line was taken. */
struct fake_terms {
	bool active_low;
	char bias, drive;	/* as in struct contact_config */
	char consumer[32];
};

/* Chips "gpiochip0" (label "soc") and "gpiochip1" ("expander") are there, with lines "A0".. and "B0"..; no faults. */
void fake_gpio_reset(void);

void fake_gpio_plug(unsigned chip, bool present);
void fake_gpio_forbid(unsigned chip, bool forbidden);	/* opening gives EACCES */
void fake_gpio_occupy(unsigned chip, unsigned offset, const char *user);	/* NULL: free again */
/* Every such call fails with that errno from now on; 0 = none. */
void fake_gpio_fail(enum fake_call call, int error);
/* ... of 100, at random. */
void fake_gpio_fail_percent(enum fake_call call, unsigned percent);
/* The n-th library call that can fail, from now, fails; 0 = none.  Returns how many there were since the last call of this. */
unsigned fake_gpio_fail_nth(unsigned n);

/* Setting the line to another value than it has does not return until it is said otherwise; how many such calls wait. */
void fake_gpio_hang(unsigned chip, unsigned offset, bool hangs);
unsigned fake_gpio_hanging(void);

bool fake_gpio_is_taken(unsigned chip, unsigned offset);
bool fake_gpio_is_active(unsigned chip, unsigned offset);	/* taken, and set to active */
struct fake_terms fake_gpio_terms(unsigned chip, unsigned offset);
unsigned fake_gpio_opens(void);		/* chips alive */
unsigned fake_gpio_objects(void);	/* all else alive */
unsigned fake_gpio_events(struct fake_event *events, unsigned max);

/* For the two generations: 0 or more, or -1 with errno. */
bool fake_gpio_may_fail(void);		/* true: fail now, errno is set */
int fake_gpio_open(const char *path);
void fake_gpio_close(void);
void fake_gpio_count(int change);	/* of objects */
const char *fake_gpio_name(unsigned chip);
const char *fake_gpio_label(unsigned chip);
const char *fake_gpio_line_name(unsigned chip, unsigned offset);
const char *fake_gpio_user(unsigned chip, unsigned offset);
int fake_gpio_take(unsigned chip, unsigned offset, const struct fake_terms *terms, bool active);
int fake_gpio_set(unsigned chip, unsigned offset, bool active);
void fake_gpio_release(unsigned chip, unsigned offset);

#endif
