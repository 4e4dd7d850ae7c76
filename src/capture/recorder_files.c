#include "capture/recorder_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/calendar.h"

#define SAME_SECOND 100

static const char *const endings[] = { ".cfg", ".dat", ".conf" };	/* deleted in this order: without the first it is no recording */
#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

int recorder_files_prepare(const char *directory)
{
	struct stat status;

	if (mkdir(directory, 0750) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(directory, &status))
		return -errno;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

int recorder_files_name(const char *directory, int64_t utc_s, const char *code, char *path, size_t size)
{
	struct calendar c;

	calendar_from_seconds(utc_s, &c);
	for (int i = 1; i <= SAME_SECOND; i++) {
		char again[16] = "", taken[PATH_MAX];

		if (i > 1)
			snprintf(again, sizeof(again), "-%d", i);
		if ((size_t)snprintf(path, size, "%s/%04d%02d%02dT%02d%02d%02dZ-%s%s", directory, c.year, c.month, c.day, c.hour, c.minute,
				     c.second, code, again) >= size ||
		    (size_t)snprintf(taken, sizeof(taken), "%s.cfg", path) >= sizeof(taken))
			return -ENAMETOOLONG;
		if (access(taken, F_OK))
			return 0;
	}
	return -EEXIST;
}

/* Is it the configuration of a capture?  "20261127T081654Z-code.cfg" */
static bool is_capture(const char *name)
{
	static const char form[] = "00000000T000000Z-";
	size_t length = strlen(name), at = sizeof(form) - 1;

	if (length < at + 5 || strcmp(name + length - 4, ".cfg"))
		return false;
	for (size_t i = 0; i < at; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)name[i]) : name[i] != form[i])
			return false;
	return strspn(name + at, "abcdefghijklmnopqrstuvwxyz_0123456789-") == length - 4 - at;
}

static int list(int directory, char ***names, size_t *n)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(stream)) != NULL) {
		char **more, *name;

		if (!is_capture(entry->d_name))
			continue;
		more = realloc(*names, (*n + 1) * sizeof(*more));
		if (more)
			*names = more;
		name = more ? strdup(entry->d_name) : NULL;
		if (!name) {
			closedir(stream);
			return -ENOMEM;
		}
		(*names)[(*n)++] = name;
	}
	closedir(stream);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name of a file of a capture, given that of its configuration. */
static void name_part(const char *name, size_t part, char out[NAME_MAX + 16])
{
	snprintf(out, NAME_MAX + 16, "%.*s%s", (int)strlen(name) - 4, name, endings[part]);
}

static uint64_t bytes_of(int directory, const char *name)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ENDINGS; i++) {
		struct stat status;
		char part[NAME_MAX + 16];

		name_part(name, i, part);
		if (!fstatat(directory, part, &status, AT_SYMLINK_NOFOLLOW))
			bytes += (uint64_t)status.st_size;
	}
	return bytes;
}

static int delete(int directory, const char *name)
{
	int error = 0;

	for (size_t i = 0; i < ENDINGS; i++) {
		char part[NAME_MAX + 16];

		name_part(name, i, part);
		if (unlinkat(directory, part, 0) && errno != ENOENT)
			error = -errno;
	}
	return error;
}

int recorder_files_limit(const char *path, unsigned keep, uint64_t max_bytes)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	char **names = NULL;
	size_t n = 0;
	uint64_t bytes = 0;

	if (directory < 0)
		return -errno;
	error = list(directory, &names, &n);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		bytes += bytes_of(directory, names[i]);
	for (size_t i = 0; !error && i + 1 < n && (n - i > keep || bytes > max_bytes); i++) {
		bytes -= bytes_of(directory, names[i]);
		error = delete(directory, names[i]);
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	close(directory);
	return error;
}
