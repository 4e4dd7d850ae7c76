/*
 * precedence - which settings are in force at a start: those of the configuration file or the stored ones.
 *
 * The newest change wins.  What the file says counts as a change when it differs from what the file said at the last
 * start; else the stored value is the newest, which Modbus or the panel may have changed.
 *
 * Pure.
 */
#ifndef STORE_PRECEDENCE_H
#define STORE_PRECEDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "metering/settings.h"
#include "store/nv.h"

/* A setting of which file and store say different things. */
struct precedence_decision {
	enum setting setting;
	int file, stored;	/* what each says now .. */
	int last_file;		/* .. and what the file said at the last start */
	bool file_taken;	/* the file has changed since; else the stored value is the newer one */
};

struct precedence {
	struct settings settings;	/* in force */
	unsigned n;
	struct precedence_decision decision[SETTINGS_N];	/* n of them, in the order of enum setting */
	bool consistent;		/* settings_check() is content with the mixture .. */
	enum setting inconsistent;	/* .. or this is the first that does not fit; it is used all the same */
};

/* `stored`: what the store has, NULL = nothing: the file's values are the initial ones. */
void precedence_decide(const struct settings *file, const struct nv *stored, struct precedence *precedence);

/* A decision's three values as the configuration file writes them. */
struct precedence_values {
	char file[32], stored[32], last_file[32];
};

/* A decision, and a mixture that is not consistent, as a line for the log that follows "settings: ". */
void precedence_get_text(const struct precedence_decision *decision, const struct precedence_values *values, char *text, size_t size);
void precedence_get_warning(const struct precedence *precedence, char *text, size_t size);

/*
 * Passwords are kept as crypt(5) hashes.  `file`: the hash of what the file says now, made with `last_file` (what the file
 * said at the last start) as crypt's setting, so that both are equal when the word is the same.  True when the file's word is to
 * be taken: it has changed, or nothing is stored ("").
 */
bool precedence_decide_password(const char *file, const char *last_file, const char *stored);

#endif
