#include "panel/buttons_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number of "event7", or -1. */
static long number_of(const char *entry)
{
	char *end;
	long number;

	if (strncmp(entry, "event", 5) || entry[5] < '0' || entry[5] > '9')
		return -1;
	number = strtol(entry + 5, &end, 10);
	return *end ? -1 : number;
}

static bool is_called(const struct buttons_paths *paths, long number, const char *name)
{
	char path[BUTTONS_PATH_MAX], found[PANEL_DEVICE_NAME + 1];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/event%ld/device/name", paths->names, number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, found, sizeof(found) - 1);
	close(fd);
	found[n > 0 ? n : 0] = '\0';
	found[strcspn(found, "\n")] = '\0';
	return !strcmp(found, name);
}

/* The least number above `after` whose device has the name, or -1. */
static long next_called(const struct buttons_paths *paths, DIR *directory, long after, const char *name)
{
	const struct dirent *entry;
	long least = -1;

	rewinddir(directory);
	while ((entry = readdir(directory))) {
		long number = number_of(entry->d_name);

		if (number > after && (least < 0 || number < least) && is_called(paths, number, name))
			least = number;
	}
	return least;
}

int buttons_find(const struct buttons_paths *paths, const char *name, char path[][BUTTONS_PATH_MAX], int most)
{
	DIR *directory = opendir(paths->names);
	long number = -1;
	int n = 0;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (n < most && (number = next_called(paths, directory, number, name)) >= 0)
		snprintf(path[n++], BUTTONS_PATH_MAX, "%s/event%ld", paths->devices, number);
	closedir(directory);
	return n;
}
