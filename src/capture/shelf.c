#include "capture/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/calendar.h"

static const char *const endings[] = { ".cfg", ".dat", ".conf" };
#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

struct kept {
	char name[SHELF_NAME_MAX];
	uint64_t bytes;
};

struct shelf {
	struct kept *kept;
	size_t n, room;
};

void shelf_name(int64_t utc_s, const char *code, char name[SHELF_NAME_MAX])
{
	struct calendar at;

	calendar_from_seconds(utc_s > 0 ? utc_s : 0, &at);
	snprintf(name, SHELF_NAME_MAX, "%04d%02d%02dT%02d%02d%02dZ-%.60s", at.year, at.month, at.day, at.hour, at.minute, at.second, code);
}

/* How long the name is that `file` begins with, 0 for none. */
static size_t name_length(const char *file)
{
	static const char pattern[] = "dddddddd" "T" "dddddd" "Z-";
	size_t length = sizeof(pattern) - 1, code;

	for (size_t i = 0; i < length; i++)
		if (pattern[i] == 'd' ? file[i] < '0' || file[i] > '9' : file[i] != pattern[i])
			return 0;
	code = strspn(file + length, "abcdefghijklmnopqrstuvwxyz_0123456789-");
	return code && length + code < SHELF_NAME_MAX ? length + code : 0;
}

/* ".PROCESS.new" */
static bool is_fresh(const char *end)
{
	size_t digits = *end == '.' ? strspn(end + 1, "0123456789") : 0;

	return digits && !strcmp(end + 1 + digits, ".new");
}

bool shelf_is_own(const char *file, char name[SHELF_NAME_MAX], bool *unfinished)
{
	size_t length = name_length(file);

	if (!length)
		return false;
	for (size_t i = 0; i < ENDINGS; i++) {
		size_t n = strlen(endings[i]);

		if (strncmp(file + length, endings[i], n))
			continue;
		*unfinished = is_fresh(file + length + n);
		snprintf(name, SHELF_NAME_MAX, "%.*s", (int)length, file);
		if (!file[length + n] || *unfinished)
			return true;
	}
	return false;
}

int shelf_make(const char *path)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0755) && errno != EEXIST && errno != EROFS && errno != EACCES)
			return -errno;
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

/* Calls `take` for each file of ours.  0 or -errno. */
static int walk(const char *path, int (*take)(void *context, int directory, const char *file, const char *name, bool unfinished),
		void *context)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		char name[SHELF_NAME_MAX];
		bool unfinished;

		if (shelf_is_own(entry->d_name, name, &unfinished))
			ret = take(context, dirfd(dir), entry->d_name, name, unfinished);
	}
	closedir(dir);
	return ret;
}

static int sweep_one(void *context, int directory, const char *file, const char *name, bool unfinished)
{
	(void)context;
	(void)name;
	if (unfinished && unlinkat(directory, file, 0) && errno != ENOENT)
		return -errno;
	return 0;
}

int shelf_sweep(const char *path)
{
	return walk(path, sweep_one, NULL);
}

static int count_one(void *context, int directory, const char *file, const char *name, bool unfinished)
{
	struct shelf *shelf = context;
	struct stat status;
	size_t k = 0;

	if (unfinished || fstatat(directory, file, &status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status.st_mode))
		return 0;
	while (k < shelf->n && strcmp(shelf->kept[k].name, name))
		k++;
	if (k == shelf->room) {
		struct kept *more = realloc(shelf->kept, (shelf->room * 2 + 64) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		shelf->kept = more;
		shelf->room = shelf->room * 2 + 64;
	}
	if (k == shelf->n) {
		shelf->n++;
		snprintf(shelf->kept[k].name, sizeof(shelf->kept[k].name), "%s", name);
		shelf->kept[k].bytes = 0;
	}
	shelf->kept[k].bytes += (uint64_t)status.st_size;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kept *)a)->name, ((const struct kept *)b)->name);
}

/* The configuration first: what is left when this is interrupted is no recording any more. */
static int take_away(const char *path, const char *name)
{
	char file[PATH_MAX];

	for (size_t i = 0; i < ENDINGS; i++) {
		if ((size_t)snprintf(file, sizeof(file), "%s/%s%s", path, name, endings[i]) >= sizeof(file))
			return -ENAMETOOLONG;
		if (unlink(file) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int shelf_prune(const char *path, unsigned keep, uint64_t bytes)
{
	struct shelf shelf = { NULL, 0, 0 };
	uint64_t held = 0;
	size_t gone = 0;
	int ret = walk(path, count_one, &shelf);

	if (shelf.n)
		qsort(shelf.kept, shelf.n, sizeof(*shelf.kept), by_name);
	for (size_t k = 0; k < shelf.n; k++)
		held += shelf.kept[k].bytes;
	while (!ret && gone + 1 < shelf.n && (shelf.n - gone > keep || held > bytes)) {
		ret = take_away(path, shelf.kept[gone].name);
		held -= shelf.kept[gone++].bytes;
	}
	free(shelf.kept);
	return ret ? ret : (int)gone;
}
