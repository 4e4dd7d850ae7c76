/*
 * recovery - which of all that earlier runs have left is the newest good state: two generations and the handover.
 *
 * Reads only.
 */
#ifndef STORE_RECOVERY_H
#define STORE_RECOVERY_H

#include <stdbool.h>

#include "store/generation.h"
#include "store/handover.h"

struct recovery {
	struct recorded *recorded[FILES_GENERATIONS];
	enum generation_verdict verdict[FILES_GENERATIONS];
	char reason[FILES_GENERATIONS][GENERATION_REASON_MAX];
	int best;			/* the good one of the highest sequence, -1 = none is good */
	bool handed;			/* the handover is newer than that */
	struct handover_state handover;	/* when it is */
};

/* `directory` is absolute.  0 or -ENOMEM; recovery_free in any case. */
int recovery_read(struct recovery *recovery, const char *directory);

/* Looks at the handover: taken when it is of this boot, this directory and epoch, and newer. */
void recovery_read_handover(struct recovery *recovery, const struct handover_name *name);

/* Is anything left? */
bool recovery_found(const struct recovery *recovery);

/* The state that was found, and its log ascending by serial into entries[DATALOG_ENTRIES]; returns how many. */
unsigned recovery_get(const struct recovery *recovery, struct record *record, struct datalog_entry *entries);

/* Up to which serial a good generation has these entries. */
uint64_t recovery_log_serial(const struct recovery *recovery, unsigned generation, const struct datalog_entry *entries, unsigned n);

void recovery_free(struct recovery *recovery);

#endif
