#include "panel/buttons.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"
#include "panel/buttons_find.h"

#define LOOK_NS INT64_C(1000000000)	/* so long the thread sleeps at most */
#define SAME_NAME_MOST 8

const struct buttons_paths buttons_paths = { "/sys/class/input", "/dev/input" };

struct buttons {
	struct buttons_config config;
	struct buttons_paths paths;
	unsigned code[PANEL_BUTTONS];
	void (*press)(void *context, enum panel_button button);
	void *context;
	struct panel_device device;
	struct thread thread;
	int kick_fd;
	atomic_bool stop;
	atomic_ullong presses;

	/* The thread's own. */
	int fd;				/* -1: to be opened */
	struct libevdev *evdev;
	char why[PANEL_DEVICE_WHY];
};

static int fail(struct buttons *buttons, int error, const char *why)
{
	snprintf(buttons->why, sizeof(buttons->why), "%s", why);
	return error;
}

static void close_device(struct buttons *buttons)
{
	/* Closing ends the grab. */
	libevdev_free(buttons->evdev);
	buttons->evdev = NULL;
	if (buttons->fd >= 0)
		close(buttons->fd);
	buttons->fd = -1;
}

static int check_keys(struct buttons *buttons)
{
	for (int b = 0; b < PANEL_BUTTONS; b++) {
		if (libevdev_has_event_code(buttons->evdev, EV_KEY, buttons->code[b]))
			continue;
		snprintf(buttons->why, sizeof(buttons->why), "has no %s", buttons->config.key[b]);
		return -ENXIO;
	}
	return 0;
}

static int open_path(struct buttons *buttons, const char *path)
{
	int error;

	buttons->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (buttons->fd < 0)
		return fail(buttons, -errno, strerror(errno));
	error = libevdev_new_from_fd(buttons->fd, &buttons->evdev);
	if (error)
		return fail(buttons, error, "is no input device");
	error = check_keys(buttons);
	if (error)
		return error;
	error = libevdev_grab(buttons->evdev, LIBEVDEV_GRAB);
	return error ? fail(buttons, error, error == -EBUSY ? "another program has grabbed it" : strerror(-error)) : 0;
}

/* The first of the name that has all keys. */
static int open_name(struct buttons *buttons, char *found)
{
	char path[SAME_NAME_MOST][BUTTONS_PATH_MAX];
	int n = buttons_find(&buttons->paths, buttons->config.device, path, SAME_NAME_MOST), error = -ENODEV;

	if (n <= 0)
		return n < 0 ? fail(buttons, n, strerror(-n)) : fail(buttons, error, "there is no input device of that name");
	for (int i = 0; i < n; i++) {
		error = open_path(buttons, path[i]);
		if (!error) {
			memcpy(found, path[i], BUTTONS_PATH_MAX);
			break;
		}
		close_device(buttons);
	}
	return error;
}

static void lose(struct buttons *buttons, int error)
{
	close_device(buttons);
	panel_device_lost(&buttons->device, error, buttons->why);
}

static void attempt(struct buttons *buttons)
{
	bool is_path = *buttons->config.device == '/';
	char path[BUTTONS_PATH_MAX], name[PANEL_DEVICE_NAME];
	int error;

	panel_device_begin(&buttons->device);
	snprintf(path, sizeof(path), "%s", buttons->config.device);
	error = is_path ? open_path(buttons, path) : open_name(buttons, path);
	panel_device_end(&buttons->device);
	if (error) {
		lose(buttons, error);
		return;
	}
	snprintf(name, sizeof(name), "%.40s (%.80s)", path, libevdev_get_name(buttons->evdev));
	panel_device_found(&buttons->device, name);
}

static void take(struct buttons *buttons, const struct input_event *event)
{
	/* One that hung may come back when nobody takes presses any more. */
	if (event->type != EV_KEY || event->value != 1 || atomic_load(&buttons->stop))
		return;
	for (int b = 0; b < PANEL_BUTTONS; b++) {
		if (event->code != buttons->code[b])
			continue;
		atomic_fetch_add(&buttons->presses, 1);
		buttons->press(buttons->context, (enum panel_button)b);
	}
}

/* All that has come.  0, or -errno when the device is gone. */
static int read_events(struct buttons *buttons)
{
	unsigned flag = LIBEVDEV_READ_FLAG_NORMAL;
	struct input_event event;

	for (;;) {
		int status = libevdev_next_event(buttons->evdev, flag, &event);

		if (status == LIBEVDEV_READ_STATUS_SUCCESS) {
			take(buttons, &event);
		} else if (status == LIBEVDEV_READ_STATUS_SYNC) {
			/* The queue overflowed: which keys are down by now is taken note of, by libevdev. */
			flag = LIBEVDEV_READ_FLAG_SYNC;
		} else if (status == -EAGAIN && flag == LIBEVDEV_READ_FLAG_SYNC) {
			flag = LIBEVDEV_READ_FLAG_NORMAL;
		} else if (status != -EINTR) {
			return status == -EAGAIN ? 0 : status;
		}
	}
}

static void wait_for_events(struct buttons *buttons)
{
	struct pollfd fds[] = { { .fd = buttons->kick_fd, .events = POLLIN }, { .fd = buttons->fd, .events = POLLIN } };
	int error;

	heartbeat_beat();
	if (poll(fds, 2, (int)(LOOK_NS / 1000000)) <= 0 || !fds[1].revents)
		return;
	error = read_events(buttons);
	/* A device that was unplugged has nothing to read, and says so at once. */
	if (!error && fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		error = -ENODEV;
	if (!error)
		return;
	fail(buttons, error, error == -ENODEV ? "unplugged" : strerror(-error));
	lose(buttons, error);
}

static void run(void *context)
{
	struct buttons *buttons = context;

	while (!atomic_load(&buttons->stop)) {
		if (buttons->fd >= 0)
			wait_for_events(buttons);
		else if (monotonic_ns() >= buttons->device.retry_ns)
			attempt(buttons);
		else
			thread_wait(buttons->kick_fd, buttons->device.retry_ns);
	}
	close_device(buttons);
}

int buttons_start(struct buttons **out, const struct buttons_config *config, const struct buttons_paths *paths,
		  void (*press)(void *context, enum panel_button button), void *context)
{
	struct buttons *buttons = calloc(1, sizeof(*buttons));
	int error;

	if (!buttons)
		return -ENOMEM;
	*buttons = (struct buttons){ .config = *config, .paths = *paths, .press = press, .context = context, .fd = -1 };
	for (int b = 0; b < PANEL_BUTTONS; b++)
		buttons->code[b] = (unsigned)buttons_key_code(config->key[b]);
	buttons->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (buttons->kick_fd < 0) {
		error = -errno;
		goto free_buttons;
	}
	error = panel_device_init(&buttons->device, "panel: buttons", config->device);
	if (error)
		goto close_fd;
	if (*config->device)
		error = thread_start(&buttons->thread, "buttons", run, buttons);
	if (error)
		goto free_device;
	*out = buttons;
	return 0;
free_device:
	panel_device_free(&buttons->device);
close_fd:
	close(buttons->kick_fd);
free_buttons:
	free(buttons);
	return error;
}

void buttons_get_status(struct buttons *buttons, struct panel_device_status *status, uint64_t *presses)
{
	panel_device_get_status(&buttons->device, status);
	*presses = atomic_load(&buttons->presses);
}

void buttons_ask_stop(struct buttons *buttons)
{
	atomic_store(&buttons->stop, true);
	kick_give(buttons->kick_fd);
}

int buttons_stop(struct buttons *buttons, int64_t until_ns)
{
	int error = thread_end(&buttons->thread, until_ns);

	if (error)
		return error;
	panel_device_free(&buttons->device);
	close(buttons->kick_fd);
	free(buttons);
	return 0;
}
