#include "daemon/meter_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"

/* How long the thread sleeps at most: staleness is seen, and life is shown, this often. */
#define TICK_NS INT64_C(50000000)

enum write_state { WRITE_NONE, WRITE_POSTED, WRITE_DONE };

struct meter_thread {
	pthread_t thread;
	struct block_queue *queue;
	struct meter *meter;
	void *memory;
	int done_fd;

	pthread_mutex_t lock;	/* all below */
	struct snapshot snapshot;
	struct register_image image;
	struct posted_write write;
	enum write_state write_state;
	int write_result;
	int64_t heartbeat_ns;
	bool stop;
};

static void publish(struct meter_thread *thread)
{
	const struct snapshot *snapshot = meter_snapshot(thread->meter);
	struct register_image image;

	registers_encode(snapshot, &image);
	pthread_mutex_lock(&thread->lock);
	thread->snapshot = *snapshot;
	thread->image = image;
	pthread_mutex_unlock(&thread->lock);
}

static void signal_done(struct meter_thread *thread)
{
	uint64_t one = 1;

	while (write(thread->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* The image shows what was written before anyone hears that it was. */
static void carry_out(struct meter_thread *thread, const struct posted_write *write)
{
	struct meter_change change;
	int result = registers_check_write(write->first, write->count, write->values, meter_snapshot(thread->meter), &change);

	if (result == REGISTERS_OK) {
		meter_change(thread->meter, &change);
		publish(thread);
	}
	pthread_mutex_lock(&thread->lock);
	thread->write_result = result;
	thread->write_state = WRITE_DONE;
	pthread_mutex_unlock(&thread->lock);
	signal_done(thread);
}

/* Shows life; returns whether to go on, and whether a write waits. */
static bool look_around(struct meter_thread *thread, bool *waits, struct posted_write *write)
{
	bool stop;

	pthread_mutex_lock(&thread->lock);
	thread->heartbeat_ns = monotonic_ns();
	stop = thread->stop;
	*waits = thread->write_state == WRITE_POSTED;
	if (*waits)
		*write = thread->write;
	pthread_mutex_unlock(&thread->lock);
	return !stop;
}

static void log_liveness(bool *live, const struct snapshot *snapshot)
{
	if (snapshot->live == *live)
		return;
	*live = snapshot->live;
	if (*live)
		log_notice("measuring, %.6g samples a second", snapshot->rate_hz);
	else
		log_warning("no valid measurement: readings are shown as not valid until samples return");
}

static void *run(void *context)
{
	struct meter_thread *thread = context;
	struct posted_write write;
	bool waits, live = false;

	while (look_around(thread, &waits, &write)) {
		const struct adc_block *block;
		bool changed = false;

		if (waits)
			carry_out(thread, &write);
		block = block_queue_wait(thread->queue, monotonic_ns() + TICK_NS);
		if (block) {
			changed = meter_feed(thread->meter, block);
			block_queue_release(thread->queue);
		}
		changed |= meter_tick(thread->meter, monotonic_ns());
		if (changed)
			publish(thread);
		log_liveness(&live, meter_snapshot(thread->meter));
	}
	return NULL;
}

static void thread_free(struct meter_thread *thread)
{
	pthread_mutex_destroy(&thread->lock);
	if (thread->done_fd >= 0)
		close(thread->done_fd);
	free(thread->memory);
	free(thread);
}

int meter_thread_start(struct meter_thread **out, const struct meter_config *config, struct block_queue *queue)
{
	struct meter_thread *thread = calloc(1, sizeof(*thread));
	int ret;

	if (!thread)
		return -ENOMEM;
	pthread_mutex_init(&thread->lock, NULL);
	thread->queue = queue;
	thread->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->done_fd < 0) {
		ret = -errno;
		goto fail;
	}
	thread->memory = malloc(meter_bytes(config));
	if (!thread->memory) {
		ret = -ENOMEM;
		goto fail;
	}
	thread->meter = meter_init(thread->memory, config);
	thread->heartbeat_ns = monotonic_ns();
	publish(thread);
	ret = -pthread_create(&thread->thread, NULL, run, thread);
	if (ret)
		goto fail;
	pthread_setname_np(thread->thread, "meter");
	*out = thread;
	return 0;
fail:
	thread_free(thread);
	return ret;
}

void meter_thread_get_image(struct meter_thread *thread, struct register_image *image)
{
	pthread_mutex_lock(&thread->lock);
	*image = thread->image;
	pthread_mutex_unlock(&thread->lock);
}

void meter_thread_get_snapshot(struct meter_thread *thread, struct snapshot *snapshot)
{
	pthread_mutex_lock(&thread->lock);
	*snapshot = thread->snapshot;
	pthread_mutex_unlock(&thread->lock);
}

int meter_thread_post(struct meter_thread *thread, const struct posted_write *write)
{
	int ret = 0;

	pthread_mutex_lock(&thread->lock);
	if (thread->write_state == WRITE_NONE) {
		thread->write = *write;
		thread->write_state = WRITE_POSTED;
	} else {
		ret = -EBUSY;
	}
	pthread_mutex_unlock(&thread->lock);
	if (!ret)
		block_queue_kick(thread->queue);
	return ret;
}

int meter_thread_done_fd(const struct meter_thread *thread)
{
	return thread->done_fd;
}

int meter_thread_take_result(struct meter_thread *thread)
{
	uint64_t count;
	int ret = -EAGAIN;

	while (read(thread->done_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&thread->lock);
	if (thread->write_state == WRITE_DONE) {
		thread->write_state = WRITE_NONE;
		ret = thread->write_result;
	}
	pthread_mutex_unlock(&thread->lock);
	return ret;
}

int64_t meter_thread_heartbeat_ns(struct meter_thread *thread)
{
	int64_t heartbeat_ns;

	pthread_mutex_lock(&thread->lock);
	heartbeat_ns = thread->heartbeat_ns;
	pthread_mutex_unlock(&thread->lock);
	return heartbeat_ns;
}

void meter_thread_stop(struct meter_thread *thread)
{
	if (!thread)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->stop = true;
	pthread_mutex_unlock(&thread->lock);
	block_queue_kick(thread->queue);
	pthread_join(thread->thread, NULL);
	thread_free(thread);
}
