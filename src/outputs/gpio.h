/*
 * gpio - one output line of a GPIO chip behind a table of functions: the character device (libgpiod 1.6 or 2, chosen when
 * configured), the sysfs interface of older kernels, or a simulation.
 *
 * One thread at a time uses a line.  Opening may take milliseconds; setting is one system call.
 */
#ifndef OUTPUTS_GPIO_H
#define OUTPUTS_GPIO_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/contact.h"
#include "outputs/outputs.h"

#define GPIO_CONSUMER "dinmeterd"	/* whom other programs see as the line's user */
#define GPIO_WHY 160			/* room for a reason */
#define GPIO_IDENTITY 96		/* room for what tells one line from all others */

struct gpio_sim;

/* Where devices are looked for. */
struct gpio_paths {
	const char *dev;	/* "/dev" */
	const char *sysfs;	/* "/sys/class/gpio" */
};

/* A line that another contact of this program has. */
struct gpio_held {
	const char *contact;	/* for messages */
	char identity[GPIO_IDENTITY];	/* "": none */
};

struct gpio_request {
	const struct contact_config *config;	/* chip and line are set */
	enum contact contact;
	bool active;			/* the line's value from the first moment on */
	struct gpio_paths paths;
	struct gpio_sim *sim;		/* where a simulated line leaves its edges */
	const struct gpio_held *held;	/* CONTACTS of them, NULL for none */
};

/* Each implementation has its own, beginning with this. */
struct gpio_line {
	const struct gpio_ops *ops;
	char identity[GPIO_IDENTITY];	/* however the configuration spells it; "" when simulated */
};

struct gpio_ops {
	/*
	 * Takes the line as an output that has its initial value at once.  0, or -errno and the reason in `why` (GPIO_WHY bytes):
	 * -ENODEV no such chip, -ENXIO no such line on it, -EBUSY it is in use, also by another contact.
	 */
	int (*open)(struct gpio_line **line, const struct gpio_request *request, char *why);
	/* 0 or -errno; then its state is unknown and the line is to be closed. */
	int (*set)(struct gpio_line *line, bool active);
	/* Gives the line back.  What its pin does then is up to chip and driver. */
	void (*close)(struct gpio_line *line);
	/* Chip and line as found. */
	void (*describe)(const struct gpio_line *line, char *text, size_t size);
};

extern const struct gpio_ops gpio_chip_ops;	/* gpio_v1.c or gpio_v2.c */
extern const struct gpio_ops gpio_sysfs_ops;
extern const struct gpio_ops gpio_sim_ops;

/*
 * Opens by the chip that is configured: "sim"; a path below /sys; else the character device, and where it has no such chip sysfs.
 * As gpio_ops.open.
 */
int gpio_open(struct gpio_line **line, const struct gpio_request *request, char *why);

/* For the implementations. */

/* What of libgpiod both generations have, by other names; `open` leaves errno. */
struct gpio_chip_calls {
	void *(*open)(const char *path);
	void (*close)(void *chip);
	bool (*has_label)(void *chip, const char *label);
};

/*
 * Opens the configured chip: a path; a name below paths.dev; a label.  Not the library's own look-up: that of 1.6 fails when any other
 * chip may not be opened, and 2 has none.  As gpio_ops.open.
 */
int gpio_find_chip(void **chip, const struct gpio_request *request, const struct gpio_chip_calls *calls, char *why);

/* Writes a reason (GPIO_WHY bytes); returns the error. */
int gpio_explain(char *why, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Before a line that was found is touched: notes what it is, in the kernel's words for chip and line.  0, or -EBUSY and the reason when
 * another contact has it: sysfs would give it to both.
 */
int gpio_claim(struct gpio_line *line, const struct gpio_request *request, char *why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The edges of simulated lines. */
struct gpio_sim *gpio_sim_new(void);
unsigned gpio_sim_edges(struct gpio_sim *sim, uint64_t since, struct outputs_edge *edges, unsigned max);
void gpio_sim_free(struct gpio_sim *sim);

#endif
