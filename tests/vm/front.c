/*
 * front - a front panel for tests: four buttons as an input device (uinput), and a pseudo-terminal that keeps all that is written to it.
 *
 * usage: front NAME LINK FILE
 * Makes the device NAME and, behind LINK, the display, whose bytes go to FILE; says "ready"; then carries out each line of standard input
 * and says "ok" to it; ends, and takes both away, at its end.
 *     up|down|left|right      a press: down, two repeats, up
 *     enter                   a key that is no button
 *     unplug                  takes the input device away
 *     plug                    makes it anew
 * Exit status 77: there is no /dev/uinput here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct { const char *name; int code; } keys[] = {
	{ "up", KEY_UP }, { "down", KEY_DOWN }, { "left", KEY_LEFT }, { "right", KEY_RIGHT }, { "enter", KEY_ENTER },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int make_device(const char *name)
{
	struct uinput_setup setup = { .id = { .bustype = BUS_VIRTUAL } };
	int fd = open("/dev/uinput", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(setup.name, sizeof(setup.name), "%s", name);
	ioctl(fd, UI_SET_EVBIT, EV_KEY);
	for (size_t i = 0; i < KEYS; i++)
		ioctl(fd, UI_SET_KEYBIT, keys[i].code);
	if (ioctl(fd, UI_DEV_SETUP, &setup) || ioctl(fd, UI_DEV_CREATE)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int emit(int fd, int type, int code, int value)
{
	struct input_event event = { .type = (unsigned short)type, .code = (unsigned short)code, .value = value };

	return write(fd, &event, sizeof(event)) == (ssize_t)sizeof(event) ? 0 : -1;
}

static int press(int fd, int code)
{
	static const int values[] = { 1, 2, 2, 0 };
	int error = 0;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		error |= emit(fd, EV_KEY, code, values[i]) | emit(fd, EV_SYN, SYN_REPORT, 0);
	return error;
}

static int carry_out(const char *word, const char *name, int *device)
{
	if (!strcmp(word, "unplug"))
		return close(*device);
	if (!strcmp(word, "plug")) {
		*device = make_device(name);
		return *device < 0 ? -1 : 0;
	}
	for (size_t i = 0; i < KEYS; i++)
		if (!strcmp(word, keys[i].name))
			return press(*device, keys[i].code);
	return -1;
}

static void keep(int master, int file)
{
	char bytes[512];
	ssize_t n = read(master, bytes, sizeof(bytes));

	if (n > 0 && write(file, bytes, (size_t)n) != n)
		perror("front");
}

/* A line at a time: standard input is not buffered, so that poll() knows of all. */
static int read_word(char *word, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(STDIN_FILENO, &word[n], 1) == 1 && word[n] != '\n')
		n++;
	word[n] = '\0';
	return n > 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	int device, slave, file, status = 0;
	char word[16];

	if (argc != 4)
		return 2;
	device = make_device(argv[1]);
	if (device < 0) {
		printf("cannot run: /dev/uinput: %s\n", strerror(errno));
		return 77;
	}
	file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (file < 0 || openpty(&fds[1].fd, &slave, NULL, NULL, NULL) || symlink(ttyname(slave), argv[2])) {
		perror("front");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (!status && poll(fds, 2, -1) > 0) {
		if (fds[1].revents & POLLIN)
			keep(fds[1].fd, file);
		if (!fds[0].revents)
			continue;
		if (!read_word(word, sizeof(word)))
			break;
		status = carry_out(word, argv[1], &device) ? 1 : 0;
		puts(status ? "failed" : "ok");
	}
	unlink(argv[2]);
	return status;
}
