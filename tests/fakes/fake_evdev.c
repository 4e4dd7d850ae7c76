/*
 * fake_evdev - in place of libevdev: a device is a FIFO through which a test sends struct input_event.
 *
 * A FIFO whose name ends in "1" has only KEY_UP; one is grabbed by somebody while fake_evdev_grabbed is set.  SYN_DROPPED is
 * followed by a delta in which a key is down.
 */
#include <errno.h>
#include <libevdev/libevdev.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern atomic_bool fake_evdev_grabbed;
atomic_bool fake_evdev_grabbed;

struct libevdev {
	int fd;
	int deltas;
};

int libevdev_new_from_fd(int fd, struct libevdev **dev)
{
	*dev = calloc(1, sizeof(**dev));
	if (!*dev)
		return -ENOMEM;
	(*dev)->fd = fd;
	return 0;
}

void libevdev_free(struct libevdev *dev)
{
	free(dev);
}

int libevdev_grab(struct libevdev *dev, enum libevdev_grab_mode grab)
{
	(void)dev;
	(void)grab;
	return fake_evdev_grabbed ? -EBUSY : 0;
}

const char *libevdev_get_name(const struct libevdev *dev)
{
	(void)dev;
	return "fake";
}

int libevdev_has_event_code(const struct libevdev *dev, unsigned int type, unsigned int code)
{
	char name[64], path[256];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", dev->fd);
	n = readlink(name, path, sizeof(path));
	return type == EV_KEY && (n <= 0 || path[n - 1] != '1' || code == KEY_UP);
}

int libevdev_event_code_from_name(unsigned int type, const char *name)
{
	static const struct { const char *name; int code; } known[] = {
		{ "KEY_UP", KEY_UP }, { "KEY_DOWN", KEY_DOWN }, { "KEY_RIGHT", KEY_RIGHT }, { "KEY_LEFT", KEY_LEFT },
	};

	for (size_t i = 0; type == EV_KEY && i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return known[i].code;
	return -1;
}

int libevdev_next_event(struct libevdev *dev, unsigned int flags, struct input_event *ev)
{
	ssize_t n;

	if (flags & LIBEVDEV_READ_FLAG_SYNC) {
		*ev = (struct input_event){ .type = EV_KEY, .code = KEY_UP, .value = 1 };
		return dev->deltas-- > 0 ? LIBEVDEV_READ_STATUS_SYNC : -EAGAIN;
	}
	n = read(dev->fd, ev, sizeof(*ev));
	if (n != (ssize_t)sizeof(*ev))
		return n < 0 ? -errno : -EAGAIN;
	if (ev->type != EV_SYN || ev->code != SYN_DROPPED)
		return LIBEVDEV_READ_STATUS_SUCCESS;
	dev->deltas = 1;
	return LIBEVDEV_READ_STATUS_SYNC;
}
