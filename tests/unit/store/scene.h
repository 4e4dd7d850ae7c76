/*
 * Where the store's tests begin: a directory, a scripted meter, and two generations that differ.
 *
 * One a process.  A claim that does not hold fails the test.
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/datalog.h"
#include "script.h"
#include "store/files.h"

#define SCENE_PATIENCE_NS INT64_C(60000000000)

struct scene {
	char directory[64], runtime[64];	/* of the state; of handovers and the log */
	struct script script;
	struct datalog_entry entries[DATALOG_ENTRIES];	/* room for those that a test reads */
	uint64_t seed;
};
extern struct scene scene;

/* Where tests are added that begin with a scene, and log into a file; and main()'s end, with its exit status. */
TCase *scene_tests(const char *name);
int scene_run(void);

/* What was logged; how often `part` was. */
const char *scene_log_so_far(void);
unsigned scene_times_said(const char *part);

/* A file in the directory. */
void scene_path_of(char path[FILES_PATH_MAX], const char *name);

void scene_forget_handover(void);

/*
 * Two generations with different states and the same log, as a killed process leaves them; the state of each.  `newest`: which
 * one has the newer state.
 */
void scene_make_two(unsigned newest, struct nv state[2]);

/* Bytes of a file, 0 when there is none. */
size_t scene_size_of(const char *path);

/* A sum of a file's bytes, the same as long as they are. */
uint64_t scene_sum_of(const char *path);

/* On a database; bytes over those at an offset of any file. */
void scene_execute(const char *path, const char *sql);
void scene_write_at(const char *path, size_t at, const void *bytes, size_t n);

/* Waits until the store's thread is there, with so many commits at least. */
void scene_wait_for_state(struct store *store, enum store_state state, uint64_t commits);

#endif
