/*
 * shelf - the directory of the captures: their names, and how many there are.
 *
 * A capture is NAME.cfg, NAME.dat and NAME.conf; NAME is its UTC time and the alert, 20260228T235959Z-phase_loss_a, so that the
 * order of the names is that of time.  Files of any other name are nobody's business here.  Any thread.
 */
#ifndef CAPTURE_SHELF_H
#define CAPTURE_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELF_NAME_MAX 96

/* The name of a capture: `code` in a-z and _. */
void shelf_name(int64_t utc_s, const char *code, char name[SHELF_NAME_MAX]);

/* Is `file` part of a capture?  Then its NAME, and whether it is one that was never finished. */
bool shelf_is_own(const char *file, char name[SHELF_NAME_MAX], bool *unfinished);

/* Makes the directory where it is missing.  0 or -errno. */
int shelf_make(const char *path);

/* Removes what was never finished: before the first capture.  0 or -errno. */
int shelf_sweep(const char *path);

/* Removes the oldest captures until `keep` and `bytes` are enough for the others; the newest stays.  How many went, or -errno. */
int shelf_prune(const char *path, unsigned keep, uint64_t bytes);

#endif
