#include "panel/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"
#include "panel/host_queue.h"

#define TICK_NS INT64_C(100000000)	/* so often time passes on the panel */
#define PATIENCE_NS INT64_C(2000000000)	/* of who waits for presses */
#define REST_SHARE 3			/* a password's hash costs: so many times as long nothing is pressed after one .. */
#define REST_MOST_NS INT64_C(300000000)	/* .. but no longer than that */

struct panel_host {
	struct panel_identity identity;
	const struct panel_host_ops *ops;
	void *context;
	struct thread thread;
	int kick_fd;
	unsigned wrong[2];		/* the thread's: wrong tries in a row, reset and setup */
	struct log_limit limit;		/* the thread's */
	atomic_llong heartbeat_ns;

	pthread_mutex_t lock;		/* all below; never held while something is carried out */
	pthread_cond_t pressed;
	struct host_queue queue;
	uint64_t done;			/* serial of the last press that is done */
	struct panel *panel;
	bool stop;
};

static void note_try(struct panel_host *host, bool setup, enum panel_outcome outcome)
{
	unsigned *wrong = &host->wrong[setup];

	*wrong = outcome == PANEL_ACCEPTED ? 0 : *wrong + (outcome == PANEL_REFUSED);
	if (*wrong < PANEL_PASSWORD_TRIES)
		return;
	*wrong = 0;
	log_limited(&host->limit, LOG_NOTICE, "panel: %d wrong passwords in a row: the entry of the %s password is locked for %d s",
		    PANEL_PASSWORD_TRIES, setup ? "setup" : "reset", (int)(PANEL_LOCK_NS / 1000000000));
}

/* A Modbus exception is the meter's no; an errno is nobody's. */
static enum panel_outcome outcome_of(int result)
{
	return result > 0 || result == -EACCES ? PANEL_REFUSED : result < 0 ? PANEL_FAILED : PANEL_ACCEPTED;
}

/* Without the lock: it may take as long as the meter's patience. */
static enum panel_outcome carry_out(struct panel_host *host, const struct panel_request *request)
{
	const struct panel_host_ops *ops = host->ops;
	enum panel_outcome outcome;

	switch (request->kind) {
	case PANEL_SET:
		return outcome_of(ops->set(host->context, request->setting, request->value));
	case PANEL_COMMAND:
		return outcome_of(ops->command(host->context, request->code));
	case PANEL_CHECK_PASSWORD:
		outcome = outcome_of(ops->check_password(host->context, request->setup, request->password));
		note_try(host, request->setup, outcome);
		return outcome;
	case PANEL_SET_PASSWORD:
		return outcome_of(ops->set_password(host->context, request->setup, request->password));
	case PANEL_NOTHING:
		break;
	}
	return PANEL_FAILED;
}

/* Who tries passwords one after the other gets a quarter of a processor for it, as those who ask at the control socket. */
static void rest(enum panel_request_kind kind, int64_t took_ns)
{
	int64_t rest_ns = REST_SHARE * took_ns < REST_MOST_NS ? REST_SHARE * took_ns : REST_MOST_NS;

	if (kind == PANEL_CHECK_PASSWORD || kind == PANEL_SET_PASSWORD)
		nanosleep(&(struct timespec){ .tv_nsec = (long)rest_ns }, NULL);
}

static void press(struct panel_host *host, const struct host_press *one)
{
	struct panel_request request = { .kind = PANEL_NOTHING };
	struct snapshot snapshot;
	enum panel_request_kind kind;
	enum panel_outcome outcome;
	int64_t begin_ns;

	host->ops->snapshot(host->context, &snapshot);
	pthread_mutex_lock(&host->lock);
	panel_press(host->panel, one->button, &snapshot, monotonic_ns(), &request);
	pthread_mutex_unlock(&host->lock);
	kind = request.kind;
	begin_ns = monotonic_ns();
	if (kind != PANEL_NOTHING) {
		outcome = carry_out(host, &request);
		host->ops->snapshot(host->context, &snapshot);
		pthread_mutex_lock(&host->lock);
		panel_answer(host->panel, outcome, &snapshot, monotonic_ns());
		pthread_mutex_unlock(&host->lock);
	}
	explicit_bzero(&request, sizeof(request));
	pthread_mutex_lock(&host->lock);
	host->done = one->serial;
	pthread_cond_broadcast(&host->pressed);
	pthread_mutex_unlock(&host->lock);
	rest(kind, monotonic_ns() - begin_ns);
}

static void tick(struct panel_host *host)
{
	struct snapshot snapshot;

	host->ops->snapshot(host->context, &snapshot);
	pthread_mutex_lock(&host->lock);
	panel_tick(host->panel, &snapshot, monotonic_ns());
	pthread_mutex_unlock(&host->lock);
}

/* Shows life; false: to be stopped.  *pressed: *one was pressed. */
static bool look_around(struct panel_host *host, struct host_press *one, bool *pressed)
{
	bool stop;

	atomic_store(&host->heartbeat_ns, monotonic_ns());
	heartbeat_may_take(PATIENCE_NS);
	pthread_mutex_lock(&host->lock);
	stop = host->stop;
	*pressed = host_queue_get(&host->queue, one);
	pthread_mutex_unlock(&host->lock);
	return !stop;
}

static void run(void *context)
{
	struct panel_host *host = context;
	struct host_press one;
	bool pressed;

	while (look_around(host, &one, &pressed)) {
		/* Before a press, too: what it finds has to be over if its time is. */
		tick(host);
		if (pressed)
			press(host, &one);
		else
			thread_wait(host->kick_fd, monotonic_ns() + TICK_NS);
	}
}

/* Each part may be missing but the lock. */
static void host_free(struct panel_host *host)
{
	if (host->kick_fd >= 0)
		close(host->kick_fd);
	if (host->panel)
		explicit_bzero(host->panel, panel_bytes());
	free(host->panel);
	pthread_cond_destroy(&host->pressed);
	pthread_mutex_destroy(&host->lock);
	explicit_bzero(host, sizeof(*host));
	free(host);
}

int panel_host_start(struct panel_host **out, const struct panel_identity *identity, const struct panel_host_ops *ops, void *context)
{
	struct panel_host *host = calloc(1, sizeof(*host));
	int error = host ? monotonic_lock_init(&host->lock, &host->pressed) : -ENOMEM;

	if (error) {
		free(host);
		return error;
	}
	host->identity = *identity;
	host->ops = ops;
	host->context = context;
	host->limit = (struct log_limit){ .burst = 10, .interval_s = 300 };
	atomic_init(&host->heartbeat_ns, monotonic_ns());
	host->panel = malloc(panel_bytes());
	host->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = host->kick_fd < 0 ? -errno : host->panel ? 0 : -ENOMEM;
	if (error)
		goto fail;
	panel_init(host->panel, monotonic_ns());
	error = thread_start(&host->thread, "panel", run, host);
	if (error)
		goto fail;
	*out = host;
	return 0;
fail:
	host_free(host);
	return error;
}

int panel_host_press(struct panel_host *host, const enum panel_button *buttons, unsigned n, struct panel_screen *screen)
{
	int64_t deadline_ns = monotonic_ns() + PATIENCE_NS;
	uint64_t last;
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	if (!host_queue_put(&host->queue, buttons, n))
		ret = -EBUSY;
	last = host->queue.serial;
	kick_give(host->kick_fd);
	while (!ret && n && host->done < last)
		ret = monotonic_wait_until(&host->pressed, &host->lock, deadline_ns);
	if (ret == -ETIMEDOUT) {
		ret = host->done < last ? ret : 0;
		host_queue_drop(&host->queue, last - n + 1, last);
	}
	pthread_mutex_unlock(&host->lock);
	panel_host_get_screen(host, screen);
	return ret;
}

int panel_host_post(struct panel_host *host, enum panel_button button)
{
	bool taken;

	pthread_mutex_lock(&host->lock);
	taken = host_queue_put(&host->queue, &button, 1);
	pthread_mutex_unlock(&host->lock);
	kick_give(host->kick_fd);
	return taken ? 0 : -EBUSY;
}

void panel_host_get_screen(struct panel_host *host, struct panel_screen *screen)
{
	struct snapshot snapshot;
	struct panel_view view = { .snapshot = &snapshot, .identity = host->identity };

	host->ops->snapshot(host->context, &snapshot);
	host->ops->leds(host->context, view.led);
	pthread_mutex_lock(&host->lock);
	view.now_ns = monotonic_ns();
	panel_draw(host->panel, &view, screen);
	pthread_mutex_unlock(&host->lock);
}

int64_t panel_host_heartbeat_ns(struct panel_host *host)
{
	return atomic_load(&host->heartbeat_ns);
}

void panel_host_stop(struct panel_host *host)
{
	if (!host)
		return;
	pthread_mutex_lock(&host->lock);
	host->stop = true;
	pthread_mutex_unlock(&host->lock);
	kick_give(host->kick_fd);
	thread_end(&host->thread, INT64_MAX);
	host_free(host);
}
