/*
 * state_json - a meter's whole state as a JSON object and back, by the table of nv.h.
 *
 * { "format": "dinmeterd-state", "version": 1, "exported": "2026-02-28T23:59:59Z", "state": { name: value .. },
 *   "log": [ { "serial": .., "clock_s": .., "utc_s": .., "pointers": [10], "words": [10], "scale_i": .. } .. ] }
 *
 * Energies are texts ("12345678.123456789"): a JSON number would lose digits in most readers.
 */
#ifndef CLIENT_STATE_JSON_H
#define CLIENT_STATE_JSON_H

#include <stdio.h>

#include "store/nv.h"

struct state_content {
	struct nv nv;
	unsigned n;			/* entries, ascending by serial */
	struct datalog_entry entry[DATALOG_ENTRIES];
};

/* Writes it.  `exported`: when.  0, -ENOMEM, or what writing gave. */
int state_json_write(const struct state_content *content, const char *exported, FILE *out);

/*
 * Reads FILE.  Every error goes to `errors` on a line of its own, `FILE: name: got X, must be ...`.  0, -EINVAL, or -errno
 * when it cannot be read (said too).
 */
int state_json_read(struct state_content *content, const char *file, FILE *errors);

#endif
