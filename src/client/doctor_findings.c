#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/doctor.h"

const struct doctor_paths doctor_paths = {
	.proc = "/proc", .sys = "/sys", .gpio = { "/dev", "/sys/class/gpio" }, .buttons = { "/sys/class/input", "/dev/input" },
	.leds = "/sys/class/leds", .shm = "/dev/shm",
};

/* Names come from devices and other programs: a finding is one line whatever they hold. */
static void flatten(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void doctor_say(struct doctor *doctor, enum doctor_verdict verdict, const char *part, const char *format, ...)
{
	struct doctor_finding *finding = &doctor->finding[doctor->findings];
	va_list arguments;

	/* The last place is kept: that something was left out must not be lost. */
	if (doctor->findings == DOCTOR_FINDINGS)
		finding--;
	else
		doctor->findings++;
	memset(finding, 0, sizeof(*finding));
	finding->verdict = verdict;
	snprintf(finding->part, sizeof(finding->part), "%s", part);
	va_start(arguments, format);
	vsnprintf(finding->found, sizeof(finding->found), format, arguments);
	va_end(arguments);
	flatten(finding->found);
}

void doctor_mend(struct doctor *doctor, const char *format, ...)
{
	struct doctor_finding *finding = &doctor->finding[doctor->findings - 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, arguments);
	va_end(arguments);
	flatten(finding->mend);
}

bool doctor_read(char *text, size_t size, const char *format, ...)
{
	char path[DOCTOR_PATH];
	va_list arguments;
	ssize_t n;
	int fd;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	text[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n >= 0;
}
