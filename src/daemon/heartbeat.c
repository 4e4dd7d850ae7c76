#include "daemon/heartbeat.h"

#include <stdatomic.h>
#include <stddef.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"

#define THREADS_MAX 24

struct place {
	atomic_bool taken, watched;
	const char *thread;		/* set before `watched` is */
	atomic_llong until_ns;		/* CLOCK_MONOTONIC: until then no sign is awaited */
};

static struct place table[THREADS_MAX];
static _Thread_local struct place *own;

void heartbeat_begin(const char *thread)
{
	for (unsigned i = 0; i < THREADS_MAX && !own; i++)
		if (!atomic_exchange(&table[i].taken, true))
			own = &table[i];
	if (!own) {
		log_warning("thread \"%s\": is not watched, there are more than %d", thread, THREADS_MAX);
		return;
	}
	own->thread = thread;
	heartbeat_beat();
	atomic_store(&own->watched, true);
}

void heartbeat_beat(void)
{
	heartbeat_may_take(0);
}

void heartbeat_may_take(int64_t ns)
{
	if (own)
		atomic_store_explicit(&own->until_ns, monotonic_ns() + ns, memory_order_relaxed);
}

void heartbeat_end(void)
{
	struct place *place = own;

	if (!place)
		return;
	own = NULL;
	atomic_store(&place->watched, false);
	atomic_store(&place->taken, false);
}

bool heartbeat_find_silent(int64_t now_ns, int64_t limit_ns, const char **thread, int64_t *silent_ns)
{
	*silent_ns = limit_ns;
	*thread = NULL;
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		int64_t silent;

		/* in this order: the time that a place had before its thread began is that of another */
		if (!atomic_load(&table[i].watched))
			continue;
		silent = now_ns - atomic_load_explicit(&table[i].until_ns, memory_order_relaxed);
		if (silent <= *silent_ns)
			continue;
		*thread = table[i].thread;
		*silent_ns = silent;
	}
	return *thread != NULL;
}
