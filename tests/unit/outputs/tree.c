#include "tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *tree)
{
	snprintf(tree->root, sizeof(tree->root), "/tmp/test-tree-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree->root));
	tree->watch_fd = -1;
}

static int delete_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(struct tree *tree)
{
	if (tree->watch_fd >= 0)
		close(tree->watch_fd);
	nftw(tree->root, delete_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(!mkdir(path, 0755) || errno == EEXIST);
		*slash = '/';
	}
}

void tree_write(const struct tree *tree, const char *path, const char *text)
{
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	make_directories(full);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

const char *tree_read(const struct tree *tree, const char *path, char *text, size_t size)
{
	char full[256];
	ssize_t n = 0;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	fd = open(full, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

void tree_delete(const struct tree *tree, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	nftw(full, delete_one, 8, FTW_DEPTH | FTW_PHYS);
}

void tree_watch(struct tree *tree, const char *directory)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", tree->root, directory);
	if (tree->watch_fd < 0)
		tree->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ck_assert_int_ge(inotify_add_watch(tree->watch_fd, full, IN_MODIFY), 0);
}

const char *tree_written(struct tree *tree, char *names, size_t size)
{
	_Alignas(struct inotify_event) char buffer[4096];
	const char *last = "";
	size_t used = 0;
	ssize_t n = read(tree->watch_fd, buffer, sizeof(buffer));

	names[0] = '\0';
	for (char *at = buffer; n > 0 && at < buffer + n;) {
		const struct inotify_event *event = (const struct inotify_event *)at;

		/* Truncating and writing are two events of one write. */
		if (event->len && strcmp(last, event->name) != 0) {
			used += (size_t)snprintf(names + used, size - used, "%s ", event->name);
			last = event->name;
		}
		ck_assert_uint_lt(used, size);
		at += sizeof(*event) + event->len;
	}
	return names;
}
