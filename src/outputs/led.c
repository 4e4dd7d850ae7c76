#include "outputs/led.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/flash.h"
#include "outputs/thread.h"

#define LOOK_NS INT64_C(5000000000)	/* so long the thread sleeps at most */
#define SEEN_NS INT64_C(300000000)	/* so long what was lit for a moment is told of */

/* One use; several of the same name share the first one's device. */
struct device {
	char name[64];
	unsigned owner;		/* index of the first use of the name */
	int fd;			/* of brightness; -1: to be opened */
	int bright;		/* what lit is */
	int shown;		/* brightness as written, -1: not known */
	int64_t retry_ns, backoff_ns;
	int said;		/* the error that the log has, 0 = none */
	struct flash flash;
};

struct leds {
	struct device device[LEDS];
	char root[256];
	int kick_fd;
	struct thread thread;
	/* Bits by enum led.  What others ask for, and what the thread shows of itself: no lock, so nobody waits for an LED. */
	atomic_uint lit, flashed, working;
	atomic_llong lit_ns[LEDS];	/* CLOCK_MONOTONIC: lit or flashed last, 0 = never */
	atomic_bool stop;
	struct log_limit limit;
};

/* Opens, reads or writes one attribute; -errno or what was opened. */
static int open_attribute(const struct leds *leds, const char *name, const char *attribute, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", leds->root, name, attribute);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* An LED that a trigger drives does not show what is written; one that has no triggers has no such file. */
static void drop_trigger(const struct leds *leds, const char *name)
{
	int fd = open_attribute(leds, name, "trigger", O_WRONLY);

	if (fd < 0)
		return;
	if (pwrite(fd, "none", 4, 0) < 0)
		log_debug("LED %s: its trigger stays: %s", name, strerror(errno));
	close(fd);
}

static int read_max(const struct leds *leds, const char *name)
{
	int fd = open_attribute(leds, name, "max_brightness", O_RDONLY);
	char text[16] = "";
	long max = 1;

	if (fd < 0)
		return 1;
	if (read(fd, text, sizeof(text) - 1) > 0)
		max = strtol(text, NULL, 10);
	close(fd);
	return max >= 1 && max <= 65535 ? (int)max : 1;
}

static void retry_later(struct leds *leds, struct device *device, int error)
{
	atomic_fetch_and(&leds->working, ~(1u << device->owner));
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
	if (error != device->said)
		log_limited(&leds->limit, LOG_WARNING, "LED %s: %s, trying again", device->name, strerror(-error));
	device->said = error;
	device->backoff_ns = backoff_next_ns(device->backoff_ns);
	device->retry_ns = monotonic_ns() + device->backoff_ns;
}

/* Opens it if that is due.  True: it can be written to. */
static bool ready(struct leds *leds, struct device *device, int64_t now_ns)
{
	int fd;

	if (device->fd >= 0)
		return true;
	if (now_ns < device->retry_ns)
		return false;
	fd = open_attribute(leds, device->name, "brightness", O_WRONLY);
	if (fd < 0) {
		retry_later(leds, device, fd);
		return false;
	}
	drop_trigger(leds, device->name);
	device->fd = fd;
	device->bright = read_max(leds, device->name);
	device->shown = -1;
	return true;
}

static void show(struct leds *leds, struct device *device, bool lit, int64_t now_ns)
{
	char text[16];
	int brightness, length;

	if (!ready(leds, device, now_ns))
		return;
	brightness = lit ? device->bright : 0;
	if (brightness == device->shown)
		return;
	length = snprintf(text, sizeof(text), "%d\n", brightness);
	if (pwrite(device->fd, text, (size_t)length, 0) != length) {
		retry_later(leds, device, errno ? -errno : -EIO);
		return;
	}
	if (!(atomic_fetch_or(&leds->working, 1u << device->owner) & 1u << device->owner))
		log_limited(&leds->limit, LOG_NOTICE, "LED %s: in use", device->name);
	device->backoff_ns = 0;
	device->said = 0;
	device->shown = brightness;
}

/* One look at what is asked for; returns when to look again. */
static int64_t update(struct leds *leds, unsigned lit)
{
	int64_t now = monotonic_ns(), due = now + LOOK_NS;
	unsigned flashed = atomic_exchange(&leds->flashed, 0), shared = 0;

	for (unsigned l = 0; l < LEDS; l++) {
		struct device *device = &leds->device[l];

		if (flash_step(&device->flash, flashed >> l & 1, now) || lit >> l & 1)
			shared |= 1u << device->owner;
		if (flash_due_ns(&device->flash) < due)
			due = flash_due_ns(&device->flash);
	}
	for (unsigned l = 0; l < LEDS; l++) {
		struct device *device = &leds->device[l];

		if (!*device->name || device->owner != l)
			continue;
		show(leds, device, shared >> l & 1, now);
		if (device->fd < 0 && device->retry_ns < due)
			due = device->retry_ns;
	}
	return due;
}

/* An LED may sit behind a bus that hangs. */
static int64_t show_all(struct leds *leds)
{
	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	return update(leds, atomic_load(&leds->lit));
}

static void run(void *context)
{
	struct leds *leds = context;

	while (!atomic_load(&leds->stop))
		thread_wait(leds->kick_fd, show_all(leds));
	/* Whatever others still ask for. */
	for (unsigned l = 0; l < LEDS; l++)
		leds->device[l].flash = (struct flash){ 0 };
	atomic_store(&leds->flashed, 0);
	update(leds, 1u << LED_ALARM);
}

static void init_device(struct leds *leds, unsigned l, const char *name)
{
	struct device *device = &leds->device[l];

	*device = (struct device){ .fd = -1 };
	snprintf(device->name, sizeof(device->name), "%s", name);
	while (strcmp(leds->device[device->owner].name, name) != 0)
		device->owner++;
}

int leds_start(struct leds **out, const char names[LEDS][64], const char *root)
{
	struct leds *leds = calloc(1, sizeof(*leds));
	int error;

	if (!leds)
		return -ENOMEM;
	snprintf(leds->root, sizeof(leds->root), "%s", root);
	for (unsigned l = 0; l < LEDS; l++)
		init_device(leds, l, names[l]);
	leds->limit = (struct log_limit){ .burst = 10, .interval_s = 300 };
	atomic_init(&leds->lit, 1u << LED_ALARM);
	leds->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (leds->kick_fd < 0) {
		error = -errno;
		goto free_leds;
	}
	error = thread_start(&leds->thread, "leds", run, leds);
	if (error)
		goto close_fd;
	*out = leds;
	return 0;
close_fd:
	close(leds->kick_fd);
free_leds:
	free(leds);
	return error;
}

void leds_set(struct leds *leds, enum led led, bool lit)
{
	unsigned bit = 1u << led;
	unsigned before = lit ? atomic_fetch_or(&leds->lit, bit) : atomic_fetch_and(&leds->lit, ~bit);

	if (!(before & bit) != lit)
		return;
	if (lit)
		atomic_store(&leds->lit_ns[led], monotonic_ns());
	kick_give(leds->kick_fd);
}

void leds_flash(struct leds *leds, enum led led)
{
	atomic_store(&leds->lit_ns[led], monotonic_ns());
	if (*leds->device[led].name && !(atomic_fetch_or(&leds->flashed, 1u << led) & 1u << led))
		kick_give(leds->kick_fd);
}

void leds_get_status(struct leds *leds, struct outputs_status *status)
{
	unsigned working = atomic_load(&leds->working);

	for (unsigned l = 0; l < LEDS; l++) {
		status->led_configured[l] = *leds->device[l].name;
		status->led_working[l] = *leds->device[l].name && (working >> leds->device[l].owner & 1);
	}
}

void leds_get_lit(struct leds *leds, bool lit[LEDS])
{
	unsigned steady = atomic_load(&leds->lit);
	int64_t now_ns = monotonic_ns();

	for (unsigned l = 0; l < LEDS; l++) {
		int64_t lit_ns = atomic_load(&leds->lit_ns[l]);

		lit[l] = steady >> l & 1 || (lit_ns && now_ns - lit_ns < SEEN_NS);
	}
}

void leds_ask_stop(struct leds *leds)
{
	atomic_store(&leds->stop, true);
	kick_give(leds->kick_fd);
}

int leds_wait_stop(struct leds *leds, int64_t until_ns)
{
	return thread_end(&leds->thread, until_ns);
}

void leds_free(struct leds *leds)
{
	for (unsigned l = 0; l < LEDS; l++)
		if (leds->device[l].fd >= 0)
			close(leds->device[l].fd);
	close(leds->kick_fd);
	free(leds);
}
