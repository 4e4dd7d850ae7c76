#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/monotonic.h"
#include "outputs/gpio.h"
#include "outputs/thread.h"

#define EDGES 4096
#define AT_ONCE 64	/* edges copied under one lock: the outputs thread waits for it */

struct gpio_sim {
	pthread_mutex_t lock;
	uint64_t last;			/* number of the newest edge */
	struct outputs_edge edge[EDGES];	/* number n stands at n % EDGES */
};

struct sim_line {
	struct gpio_line line;
	struct gpio_sim *sim;
	enum contact contact;
	bool active;
};

struct gpio_sim *gpio_sim_new(void)
{
	struct gpio_sim *sim = calloc(1, sizeof(*sim));

	if (sim && thread_lock_init(&sim->lock)) {
		free(sim);
		return NULL;
	}
	return sim;
}

static unsigned copy_edges(struct gpio_sim *sim, uint64_t since, struct outputs_edge *edges, unsigned max)
{
	unsigned n = 0;

	pthread_mutex_lock(&sim->lock);
	if (sim->last > EDGES && since < sim->last - EDGES)
		since = sim->last - EDGES;
	for (; n < max && since + n < sim->last; n++)
		edges[n] = sim->edge[(since + n + 1) % EDGES];
	pthread_mutex_unlock(&sim->lock);
	return n;
}

unsigned gpio_sim_edges(struct gpio_sim *sim, uint64_t since, struct outputs_edge *edges, unsigned max)
{
	unsigned n = 0, more;

	do {
		more = copy_edges(sim, since, edges + n, max - n < AT_ONCE ? max - n : AT_ONCE);
		n += more;
		if (more)
			since = edges[n - 1].number;
	} while (more && n < max);
	return n;
}

void gpio_sim_free(struct gpio_sim *sim)
{
	if (!sim)
		return;
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

static int sim_open(struct gpio_line **out, const struct gpio_request *request, char *why)
{
	struct sim_line *line = calloc(1, sizeof(*line));

	if (!line)
		return gpio_explain(why, -ENOMEM, "no memory");
	*line = (struct sim_line){ { .ops = &gpio_sim_ops }, request->sim, request->contact, request->active };
	*out = &line->line;
	return 0;
}

static int sim_set(struct gpio_line *base, bool active)
{
	struct sim_line *line = (struct sim_line *)base;
	struct gpio_sim *sim = line->sim;

	if (active == line->active)
		return 0;
	line->active = active;
	pthread_mutex_lock(&sim->lock);
	sim->last++;
	sim->edge[sim->last % EDGES] = (struct outputs_edge){ sim->last, monotonic_ns(), line->contact, active };
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

static void sim_close(struct gpio_line *line)
{
	free(line);
}

static void sim_describe(const struct gpio_line *line, char *text, size_t size)
{
	(void)line;
	snprintf(text, size, "sim");
}

const struct gpio_ops gpio_sim_ops = { sim_open, sim_set, sim_close, sim_describe };
