/*
 * config_source - the text of a configuration file and of what it includes.
 *
 * `@include "PATH"` at the start of a line is replaced by that file; a
 * relative path starts at the directory of the file that includes.  Every line of the
 * whole remembers where it stood.  One thread at a time.
 */
#ifndef DAEMON_CONFIG_SOURCE_H
#define DAEMON_CONFIG_SOURCE_H

#include <stddef.h>
#include <stdio.h>

struct config_source {
	char *text;		/* NUL-terminated; libconfig's syntax without includes */
	size_t length, room;
	unsigned line;		/* of the whole, while it grows; from 1 */
	struct config_origin {
		unsigned first;	/* from this line of the whole on ... */
		char *file;	/* ... the lines of this file ... */
		unsigned line;	/* ... starting with this one */
	} *origins;
	unsigned origins_n;
	unsigned files;		/* read so far */
	unsigned errors;
	unsigned cut;		/* not to be judged from this line of the whole on: a text had no end; 0 = all is well */
	FILE *out;		/* where errors go */
};

/*
 * Reads FILE.  0; -errno when FILE cannot be read (said on `errors`); -EINVAL when something that it
 * includes cannot, or it is no text (said too; what could be read is there).  config_source_free follows in any case.
 */
int config_source_read(struct config_source *source, const char *file, FILE *errors);
void config_source_free(struct config_source *source);

/* Where a line of the whole stood. */
const char *config_source_locate(const struct config_source *source, unsigned line, unsigned *file_line);

/* The text of a line of the whole without the blanks around it; returns its length. */
int config_source_quote(const struct config_source *source, unsigned line, const char **start);

#endif
