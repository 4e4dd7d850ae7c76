/*
 * recorder_files - the directory of captures: their names, and how many of them stay.
 */
#ifndef CAPTURE_RECORDER_FILES_H
#define CAPTURE_RECORDER_FILES_H

#include <stddef.h>
#include <stdint.h>

/* Makes the directory where it is missing.  0 or -errno. */
int recorder_files_prepare(const char *directory);

/*
 * The name of a capture: UTC and the alert's code, "20261127T081654Z-phase_loss_a"; with -2, -3 .. behind it where that is taken.
 * 0, -EEXIST when a hundred are, or -ENAMETOOLONG.
 */
int recorder_files_name(const char *directory, int64_t utc_s, const char *code, char *path, size_t size);

/* Deletes the oldest captures until there are at most `keep`, of at most max_bytes; the newest stays.  0 or -errno. */
int recorder_files_limit(const char *directory, unsigned keep, uint64_t max_bytes);

#endif
