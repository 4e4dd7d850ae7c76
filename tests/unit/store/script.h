/*
 * A meter that does as it is told, for the store's tests: its state and log are what the test puts there.
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/nv.h"
#include "store/store.h"

struct script {
	pthread_mutex_t lock;
	struct nv nv;
	struct datalog_entry entry[DATALOG_ENTRIES];
};

/* Its own generator: the same numbers everywhere. */
uint64_t script_random(uint64_t *seed);

/* A state in which every field has a legal value, none of them a default one. */
void script_fill(struct nv *nv, uint64_t *seed);

void script_init(struct script *script, uint64_t seed);

/* An entry whose every part follows from its serial and `salt`. */
void script_entry(struct datalog_entry *entry, uint64_t serial, unsigned salt);

/* The meter goes on by one second's energy; by one log entry. */
void script_advance(struct script *script);
void script_log(struct script *script);

extern const struct store_ops script_ops;	/* context: a struct script */

/* Are they equal in every field?  Else the names that differ go to stdout. */
bool script_same(const struct nv *a, const struct nv *b);
/* But for boot_id and stopped, which are the store's. */
bool script_same_meter(const struct nv *a, const struct nv *b);

/* A new empty directory; removes a whole one. */
void script_make_directory(char path[64]);
void script_remove_directory(const char *path);

/* Removes the handovers that lie in the directory. */
void script_forget_handover(const char *place);

/* A seed from the environment's SEED or the clock, printed. */
uint64_t script_seed(void);

/* How many files in the directory have `part` in their names; the first one's name into name[256] if not NULL. */
unsigned script_count_files(const char *directory, const char *part, char *name);

/* Does it work synchronously: the store's commit in this thread, without one of its own. */
struct store *script_open(struct script *script, const char *directory);
int script_write(struct store *store, bool important);
/* The end of a process that is killed: everything is closed as the kernel would, nothing is written. */
void script_kill(struct store *store);
/* Opens the store once more as the next process would: what does it find?  Entries may be NULL. */
bool script_find(const char *directory, struct nv *nv, struct datalog_entry *entries, unsigned *n);

#endif
