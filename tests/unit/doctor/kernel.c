#include "kernel.h"

#include <errno.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct fake_kernel fake_kernel;

static int get_line(struct gpio_v2_line_info *info)
{
	if (info->offset >= fake_kernel.lines) {
		errno = EINVAL;
		return -1;
	}
	snprintf(info->name, sizeof(info->name), "%s", fake_kernel.line[info->offset].name);
	if (*fake_kernel.line[info->offset].consumer) {
		info->flags = GPIO_V2_LINE_FLAG_USED;
		snprintf(info->consumer, sizeof(info->consumer), "%s", fake_kernel.line[info->offset].consumer);
	}
	return 0;
}

static int get_chip(int fd, struct gpiochip_info *info)
{
	char link[32], path[256];
	const char *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash || strncmp(slash, "/gpiochip", 9) != 0) {
		errno = ENOTTY;
		return -1;
	}
	snprintf(info->name, sizeof(info->name), "%.20s", slash + 1);
	snprintf(info->label, sizeof(info->label), "%s", fake_kernel.label);
	info->lines = fake_kernel.lines;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == GPIO_GET_CHIPINFO_IOCTL)
		return get_chip(fd, argument);
	if (request == GPIO_V2_GET_LINEINFO_IOCTL)
		return get_line(argument);
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

int adjtimex(struct timex *state)
{
	memset(state, 0, sizeof(*state));
	state->status = fake_kernel.synchronised ? 0 : STA_UNSYNC;
	return fake_kernel.synchronised ? TIME_OK : TIME_ERROR;
}

time_t time(time_t *now)
{
	if (now)
		*now = fake_kernel.now;
	return fake_kernel.now;
}
