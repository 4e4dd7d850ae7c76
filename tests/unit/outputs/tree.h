/*
 * tree - files in a temporary directory that stand for a part of sysfs, and who sees in which order they were written.
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>

struct tree {
	char root[64];
	int watch_fd;
};

void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);

/* A file with its directories. */
void tree_write(const struct tree *tree, const char *path, const char *text);
/* Its first line; "" when there is no such file. */
const char *tree_read(const struct tree *tree, const char *path, char *text, size_t size);
/* A file or directory goes away. */
void tree_delete(const struct tree *tree, const char *path);

/* From now on writes to files directly in `directory` are seen. */
void tree_watch(struct tree *tree, const char *directory);
/* The names that were written since, in order, each followed by a blank. */
const char *tree_written(struct tree *tree, char *names, size_t size);

#endif
