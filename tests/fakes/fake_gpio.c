#include "fakes/fake_gpio.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/monotonic.h"

struct line {
	char name[8];
	const char *user;	/* another program */
	bool taken, active, hangs;
	struct fake_terms terms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static struct {
	struct {
		bool present, forbidden;
		struct line line[FAKE_LINES];
	} chip[FAKE_CHIPS];
	int error[FAKE_FAULTS];
	unsigned percent[FAKE_FAULTS];
	unsigned fail_at, calls;
	unsigned opens, objects, hanging;
	struct fake_event event[FAKE_EVENTS];
	unsigned events;
} state;

void fake_gpio_reset(void)
{
	memset(&state, 0, sizeof(state));
	for (unsigned c = 0; c < FAKE_CHIPS; c++) {
		state.chip[c].present = true;
		for (unsigned l = 0; l < FAKE_LINES; l++)
			snprintf(state.chip[c].line[l].name, sizeof(state.chip[c].line[l].name), "%c%u", (char)('A' + c), l % 10);
	}
}

#define LOCKED(statement) \
	do { \
		pthread_mutex_lock(&lock); \
		statement; \
		pthread_mutex_unlock(&lock); \
	} while (0)

void fake_gpio_plug(unsigned chip, bool present)
{
	LOCKED(state.chip[chip].present = present);
}

void fake_gpio_forbid(unsigned chip, bool forbidden)
{
	LOCKED(state.chip[chip].forbidden = forbidden);
}

void fake_gpio_occupy(unsigned chip, unsigned offset, const char *user)
{
	LOCKED(state.chip[chip].line[offset].user = user);
}

void fake_gpio_fail(enum fake_call call, int error)
{
	LOCKED(state.error[call] = error; state.percent[call] = 100);
}

void fake_gpio_fail_percent(enum fake_call call, unsigned percent)
{
	LOCKED(state.error[call] = percent ? EIO : 0; state.percent[call] = percent);
}

unsigned fake_gpio_fail_nth(unsigned n)
{
	unsigned calls;

	LOCKED(calls = state.calls; state.calls = 0; state.fail_at = n);
	return calls;
}

void fake_gpio_hang(unsigned chip, unsigned offset, bool hangs)
{
	LOCKED(state.chip[chip].line[offset].hangs = hangs; pthread_cond_broadcast(&released));
}

unsigned fake_gpio_hanging(void)
{
	unsigned hanging;

	LOCKED(hanging = state.hanging);
	return hanging;
}

bool fake_gpio_is_taken(unsigned chip, unsigned offset)
{
	bool taken;

	LOCKED(taken = state.chip[chip].line[offset].taken);
	return taken;
}

bool fake_gpio_is_active(unsigned chip, unsigned offset)
{
	bool active;

	LOCKED(active = state.chip[chip].line[offset].taken && state.chip[chip].line[offset].active);
	return active;
}

struct fake_terms fake_gpio_terms(unsigned chip, unsigned offset)
{
	struct fake_terms terms;

	LOCKED(terms = state.chip[chip].line[offset].terms);
	return terms;
}

unsigned fake_gpio_opens(void)
{
	unsigned opens;

	LOCKED(opens = state.opens);
	return opens;
}

unsigned fake_gpio_objects(void)
{
	unsigned objects;

	LOCKED(objects = state.objects);
	return objects;
}

unsigned fake_gpio_events(struct fake_event *events, unsigned max)
{
	unsigned n;

	LOCKED(n = state.events < max ? state.events : max; memcpy(events, state.event, n * sizeof(*events)));
	return n;
}

void fake_gpio_count(int change)
{
	LOCKED(state.objects += (unsigned)change);
}

/* Locked. */
static bool nth_fails(void)
{
	return ++state.calls == state.fail_at;
}

static bool fault(enum fake_call call)
{
	if (!state.error[call] || (unsigned)(random() % 100) >= state.percent[call])
		return false;
	errno = state.error[call];
	return true;
}

static void note(int what, unsigned chip, unsigned offset, bool active)
{
	const struct line *line = &state.chip[chip].line[offset];

	if (state.events < FAKE_EVENTS)
		state.event[state.events++] = (struct fake_event){ what, chip, offset, active,
			what != FAKE_RELEASED && active != line->terms.active_low, monotonic_ns() };
}

bool fake_gpio_may_fail(void)
{
	bool fails;

	LOCKED(fails = nth_fails());
	if (fails)
		errno = ENOMEM;
	return fails;
}

/* A path in any directory. */
int fake_gpio_open(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	unsigned chip = !strcmp(name, "gpiochip1");
	int result = -1;

	pthread_mutex_lock(&lock);
	if (nth_fails())
		errno = ENOMEM;
	else if (strncmp(name, "gpiochip", 8) || name[8] < '0' || name[8] > '1' || name[9])
		errno = ENOENT;
	else if (!state.chip[chip].present)
		errno = ENOENT;
	else if (state.chip[chip].forbidden)
		errno = EACCES;
	else if (!fault(FAKE_OPEN))
		result = (int)chip;
	state.opens += result >= 0;
	pthread_mutex_unlock(&lock);
	return result;
}

void fake_gpio_close(void)
{
	LOCKED(state.opens--);
}

const char *fake_gpio_name(unsigned chip)
{
	return chip ? "gpiochip1" : "gpiochip0";
}

const char *fake_gpio_label(unsigned chip)
{
	return chip ? "expander" : "soc";
}

const char *fake_gpio_line_name(unsigned chip, unsigned offset)
{
	return state.chip[chip].line[offset].name;
}

const char *fake_gpio_user(unsigned chip, unsigned offset)
{
	const char *user;

	LOCKED(user = state.chip[chip].line[offset].user);
	return user;
}

int fake_gpio_take(unsigned chip, unsigned offset, const struct fake_terms *terms, bool active)
{
	struct line *line = &state.chip[chip].line[offset];
	int result = -1;

	pthread_mutex_lock(&lock);
	if (nth_fails()) {
		errno = ENOMEM;
	} else if (!state.chip[chip].present) {
		errno = ENODEV;
	} else if (line->taken || line->user) {
		errno = EBUSY;
	} else if (!fault(FAKE_REQUEST)) {
		line->taken = true;
		line->active = active;
		line->terms = *terms;
		note(FAKE_TAKEN, chip, offset, active);
		result = 0;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

int fake_gpio_set(unsigned chip, unsigned offset, bool active)
{
	struct line *line = &state.chip[chip].line[offset];
	int result = -1;

	pthread_mutex_lock(&lock);
	state.hanging++;
	while (line->hangs && active != line->active)
		pthread_cond_wait(&released, &lock);
	state.hanging--;
	if (nth_fails()) {
		errno = ENOMEM;
	} else if (!state.chip[chip].present) {
		errno = ENODEV;
	} else if (!line->taken) {
		errno = EPERM;
	} else if (!fault(FAKE_SET)) {
		if (active != line->active)
			note(FAKE_TURNED, chip, offset, active);
		line->active = active;
		result = 0;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

void fake_gpio_release(unsigned chip, unsigned offset)
{
	pthread_mutex_lock(&lock);
	if (state.chip[chip].line[offset].taken)
		note(FAKE_RELEASED, chip, offset, false);
	state.chip[chip].line[offset].taken = false;
	pthread_mutex_unlock(&lock);
}
