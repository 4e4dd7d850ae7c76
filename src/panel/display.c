#include "panel/display.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/kick.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"
#include "panel/display_text.h"

#define MS INT64_C(1000000)
#define LOOK_NS (100 * MS)	/* so often: is there something new to show? */
#define BLINK_NS (500 * MS)
#define WRITE_NS (2000 * MS)	/* a display that takes nothing for so long is given up */
#define LAST_WRITE_NS (500 * MS)

struct display {
	struct display_config config;
	void (*get_screen)(void *context, struct panel_screen *screen);
	void *context;
	struct panel_device device;
	struct thread thread;
	int kick_fd;
	atomic_bool stop;

	/* The thread's own. */
	int fd;				/* -1: to be opened */
	bool is_tty;
	struct termios before;		/* of the tty, as it was found */
	char shown[DISPLAY_FRAME_MAX];	/* "" : not known */
};

static speed_t speed_of(int baud)
{
	static const struct { int baud; speed_t speed; } speeds[] = {
		{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
		{ 57600, B57600 }, { 115200, B115200 },
	};

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B9600;
}

static void close_device(struct display *display)
{
	if (display->fd < 0)
		return;
	if (display->is_tty)
		tcsetattr(display->fd, TCSADRAIN, &display->before);
	close(display->fd);
	display->fd = -1;
}

static void lose(struct display *display, int error)
{
	char why[PANEL_DEVICE_WHY];

	if (error == -ETIMEDOUT)
		snprintf(why, sizeof(why), "takes no characters");
	else
		snprintf(why, sizeof(why), "%s", strerror(-error));
	/* What it did not take is stale when it goes on. */
	if (display->is_tty && display->fd >= 0)
		tcflush(display->fd, TCOFLUSH);
	close_device(display);
	panel_device_lost(&display->device, error, why);
}

/* Writes all of it; waits at most until until_ns, and no more once it is to end unless this is the last word.  0 or -errno. */
static int put(struct display *display, const char *text, size_t length, int64_t until_ns, bool last)
{
	while (length > 0) {
		struct pollfd fds[] = { { .fd = display->fd, .events = POLLOUT }, { .fd = last ? -1 : display->kick_fd, .events = POLLIN } };
		ssize_t n = write(display->fd, text, length);
		int64_t left_ns;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
			continue;
		}
		left_ns = until_ns - monotonic_ns();
		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)(left_ns / MS) + 1) > 0 && fds[1].revents)
			return -ECANCELED;
	}
	return 0;
}

static int prepare_tty(struct display *display)
{
	struct termios raw;

	if (tcgetattr(display->fd, &display->before))
		return -errno;
	raw = display->before;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL;
	raw.c_cflag &= (tcflag_t)~(CSTOPB | CRTSCTS);
	cfsetspeed(&raw, speed_of(display->config.baud));
	return tcsetattr(display->fd, TCSANOW, &raw) ? -errno : 0;
}

/*
 * The newline ends an escape sequence that a killed program left half said.  An unknown sequence swallows up to 24 characters of
 * /dev/lcd, so each kind is told in its own words to hide the cursor.
 */
static int greet(struct display *display)
{
	const char *words = display->is_tty ? "\n\033[2J\033[H\033[?25l" : "\n\033[2J\033[H\033[Lc\033[Lb";

	return put(display, words, strlen(words), monotonic_ns() + WRITE_NS, false);
}

/* Write-only: /dev/lcd takes nobody who would read. */
static int open_device(struct display *display)
{
	struct stat status;
	int error = 0;

	display->is_tty = false;
	display->fd = open(display->config.device, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (display->fd < 0)
		return -errno;
	/* A file would grow for ever. */
	if (fstat(display->fd, &status) || !S_ISCHR(status.st_mode))
		return -ENOTTY;
	if (isatty(display->fd)) {
		error = prepare_tty(display);
		display->is_tty = !error;
	}
	*display->shown = '\0';
	return error ? error : greet(display);
}

/* Opens it when that is due.  True: it can be written to. */
static bool ready(struct display *display)
{
	int error;

	if (display->fd >= 0)
		return true;
	if (monotonic_ns() < display->device.retry_ns)
		return false;
	panel_device_begin(&display->device);
	error = open_device(display);
	panel_device_end(&display->device);
	if (error && error != -ECANCELED)
		lose(display, error);
	else if (!error)
		panel_device_found(&display->device, display->config.device);
	return !error;
}

/* A tty that was unplugged says so also when nothing is written. */
static bool hung_up(const struct display *display)
{
	struct pollfd fd = { .fd = display->fd };

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static int show(struct display *display, const struct display_text *text, int64_t patience_ns, bool last)
{
	char frame[DISPLAY_FRAME_MAX];
	size_t length = display_text_frame(text, frame);
	int error;

	if (!strcmp(frame, display->shown))
		return 0;
	panel_device_begin(&display->device);
	error = put(display, frame, length, monotonic_ns() + patience_ns, last);
	panel_device_end(&display->device);
	snprintf(display->shown, sizeof(display->shown), "%s", frame);
	return error;
}

static void update(struct display *display)
{
	struct panel_screen screen;
	struct display_text text;
	int error;

	/* One that hung may come back when nobody gives screens any more. */
	if (!ready(display) || atomic_load(&display->stop))
		return;
	display->get_screen(display->context, &screen);
	display_text_draw(&screen, display->config.columns, monotonic_ns() / BLINK_NS & 1, &text);
	error = hung_up(display) ? -EIO : show(display, &text, WRITE_NS, false);
	if (error && error != -ECANCELED)
		lose(display, error);
}

static void say_stopped(struct display *display)
{
	struct display_text text;

	if (display->fd < 0)
		return;
	display_text_stopped(display->config.columns, &text);
	*display->shown = '\0';
	if (show(display, &text, LAST_WRITE_NS, true))
		log_limited(&display->device.limit, LOG_WARNING, "%s: %s: still shows what it showed last", display->device.what,
			    display->config.device);
}

static void run(void *context)
{
	struct display *display = context;

	while (!atomic_load(&display->stop)) {
		int64_t now_ns = monotonic_ns();

		update(display);
		thread_wait(display->kick_fd, now_ns + LOOK_NS);
	}
	say_stopped(display);
	close_device(display);
}

static void display_free(struct display *display)
{
	panel_device_free(&display->device);
	close(display->kick_fd);
	free(display);
}

int display_start(struct display **out, const struct display_config *config,
		  void (*get_screen)(void *context, struct panel_screen *screen), void *context)
{
	struct display *display = calloc(1, sizeof(*display));
	int error;

	if (!display)
		return -ENOMEM;
	*display = (struct display){ .config = *config, .get_screen = get_screen, .context = context, .fd = -1 };
	display->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (display->kick_fd < 0) {
		error = -errno;
		goto free_display;
	}
	error = panel_device_init(&display->device, "panel: display", config->device);
	if (error)
		goto close_fd;
	if (*config->device)
		error = thread_start(&display->thread, "display", run, display);
	if (error)
		goto free_device;
	*out = display;
	return 0;
free_device:
	panel_device_free(&display->device);
close_fd:
	close(display->kick_fd);
free_display:
	free(display);
	return error;
}

void display_get_status(struct display *display, struct panel_device_status *status)
{
	panel_device_get_status(&display->device, status);
}

void display_ask_stop(struct display *display)
{
	atomic_store(&display->stop, true);
	kick_give(display->kick_fd);
}

int display_stop(struct display *display, int64_t until_ns)
{
	int error = thread_end(&display->thread, until_ns);

	if (!error)
		display_free(display);
	return error;
}
