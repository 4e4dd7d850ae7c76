/*
 * closures - how many closures the contacts have begun, in memory that outlives a killed process: the handover is as old as the
 * last second, and a contact may have closed since.
 *
 * /dev/shm, beside the handover.  The count stands there right before the contact closes, so that what an
 * observer of the contact has seen is never made again.
 */
#ifndef STORE_CLOSURES_H
#define STORE_CLOSURES_H

#include <stdatomic.h>
#include <stdint.h>

#include "metering/pulse.h"

struct closures;

/* What a process left: its run (0 = nothing is known) and the closures begun in it. */
struct closures_left {
	uint64_t run;
	uint64_t made[PULSE_OUTPUTS];
};

/* Counts of this process alone, all 0, until its end: who counts may hang in a line for ever.  NULL: no memory. */
struct closures *closures_new(void);

/* Where the counts are. */
_Atomic uint64_t *closures_made(struct closures *closures);

/*
 * Ahead of the first closure: from now on the counts lie in the memory of that state directory, under the number of this
 * `run` (not 0, of no other run of this boot).  `known`: the run that the kept state knows of, 0 = none; *left is what that run left
 * there, run 0 = nothing.  It stays there until a later run is known, so that a process killed before its first word takes nothing with
 * it.  0, or -errno: then the counts stay this process's own, and a kill forgets the closures of its last second.
 */
int closures_share(struct closures *closures, const char *directory, uint64_t run, uint64_t known, struct closures_left *left);

/*
 * After an end in good order, all closures accounted for: nothing is left to who comes next.  The memory that closures_made()
 * gave stays until the end of the process.  NULL is allowed.
 */
void closures_free(struct closures *closures);

#endif
