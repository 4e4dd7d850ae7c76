/* Is the thread at a commit that does not end?  By the clock alone: whoever asks never waits for the disk. */
#include "store/store_private.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/log.h"

#define SECOND INT64_C(1000000000)
/* A commit takes milliseconds, on a card that moves its blocks about a second or two. */
#define COMMIT_LONGEST (5 * SECOND)
#define INTERVALS_MISSED 3

/* What is wrong, "" = nothing.  The lock is held. */
static void get_text(const struct store *store, int64_t now_ns, char *text, size_t size)
{
	int64_t under_way = now_ns - store->begun_ns, idle = now_ns - store->kept_ns;

	*text = '\0';
	if (!store->started)
		return;
	if (store->begun_ns && under_way > COMMIT_LONGEST)
		snprintf(text, size, "%.150s: a commit has been under way for %d s: the disk hangs or is slow",
			 store->writing >= 0 ? store->generation[store->writing].name : store->directory, (int)(under_way / SECOND));
	else if (!store->begun_ns && store->status.state <= STORE_REPAIRED && store->kept_ns &&
		 idle > INTERVALS_MISSED * store->interval_s * SECOND + COMMIT_LONGEST)
		snprintf(text, size, "%.150s: no commit for %d s: the store's thread stands still", store->directory, (int)(idle / SECOND));
}

void store_watch(struct store *store, int64_t now_ns, struct store_status *status)
{
	char text[sizeof(status->message)];
	bool changed, stuck;
	int64_t took_ns;

	pthread_mutex_lock(&store->lock);
	get_text(store, now_ns, text, sizeof(text));
	stuck = *text;
	changed = stuck != store->stuck;
	store->stuck = stuck;
	took_ns = store->took_ns;
	*status = store->status;
	pthread_mutex_unlock(&store->lock);
	if (stuck) {
		if (status->state < STORE_FAILING)
			status->state = STORE_FAILING;
		status->last_error = -ETIMEDOUT;
		snprintf(status->message, sizeof(status->message), "%s", text);
	}
	if (changed && stuck)
		log_error("store: %s; the meter goes on, state is kept in memory", text);
	else if (changed)
		log_notice("store: %s: its thread goes on, the last commit took %.1f s", store->directory,
			   (double)took_ns / SECOND);
}
