/*
 * config_reader - what the parts of the configuration's reader share: one file being read.
 *
 * config.c walks the file, config_value.c takes a value, config_check.c compares keys with each other.
 */
#ifndef DAEMON_CONFIG_READER_H
#define DAEMON_CONFIG_READER_H

#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>

#include "daemon/config.h"
#include "daemon/config_source.h"
#include "daemon/config_table.h"

#define CONFIG_PATH_ROOM 128	/* no known path is longer */

#define CONFIG_SYNTAX_MOST 50	/* errors of syntax in one run */

struct config_reader {
	struct config *config;
	const struct config_source *source;
	FILE *errors;
	unsigned error_n;
	struct config_syntax {
		unsigned line;	/* of the whole, ascending */
		char text[256];
	} syntax[CONFIG_SYNTAX_MOST];
	unsigned syntax_n, syntax_said;
	const config_setting_t *broken;	/* an array or list that an error of syntax cut short */
	unsigned *lines;	/* of each key of config_keys, in the whole; 0 = not given */
	bool *bad;		/* ... was given and refused */
};

/* Counts an error and begins its line, FILE:LINE: and a blank; the rest is the caller's. */
FILE *config_complain(struct config_reader *reader, unsigned line);

/* A string as it could stand in the file, cut after some bytes. */
void config_quote(const char *string, char *text, size_t size);

/* The error of a value: what was got and what it must be. */
void config_refuse(struct config_reader *reader, const config_setting_t *setting, const char *path, const char *must);

/* Takes the value of a known key, or refuses it. */
void config_take_value(struct config_reader *reader, const config_setting_t *setting, const struct config_key *key);

/* Refuses what contradicts another key or the meter; keys already refused are left out. */
void config_check(struct config_reader *reader);

#endif
