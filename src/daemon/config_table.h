/*
 * config_table - every key of the configuration file, described once.
 *
 * Reading, checking, printing, the search for the nearest name and the tests of the
 * sample file and the manual page derive from this table.  Pure data; any thread.
 */
#ifndef DAEMON_CONFIG_TABLE_H
#define DAEMON_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/config.h"

enum config_type {
	CONFIG_BOOL,		/* bool */
	CONFIG_INT,		/* int or unsigned: in `set`, or low..high when those differ */
	CONFIG_NUMBER,		/* double, low..high; a whole number will do */
	CONFIG_PHASES,		/* double[3]: a number, or three of them */
	CONFIG_HUNDREDTHS,	/* int: a number with at most two decimals, times 100; low..high are the number's */
	CONFIG_STRING,		/* char[size]; one of `words`, or what `valid` takes */
	CONFIG_PASSWORD,	/* likewise, and nothing shows it */
	CONFIG_LINE,		/* char[size]: a whole number low..high, kept as its decimal text, or a name */
	CONFIG_WORD,		/* one of `words`, kept as its value in `size` bytes: 1 or sizeof(int) */
	CONFIG_HARMONICS	/* struct adc_sim_harmonic[], and their number */
};

#define CONFIG_PASSWORD_DEFAULT "00000"
#define CONFIG_PASSWORD_HIDDEN "*****"

struct config_word {
	const char *name;	/* NULL ends a list */
	int value;
};

struct config_key {
	const char *path;	/* "group.key" */
	enum config_type type;
	size_t offset, size;	/* in struct config (harmonics: in struct adc_sim_harmonic) */
	double low, high;
	const int *set;		/* allowed besides low..high */
	unsigned set_n;
	const struct config_word *words;
	bool (*valid)(const char *text);
	const char *note;	/* after the range in messages: the unit; with `valid`: all of what is allowed */
};

extern const struct config_key config_keys[];
extern const unsigned config_keys_n;

/* The keys of one group of sim.harmonics; paths are names alone. */
extern const struct config_key config_harmonic_keys[];
extern const unsigned config_harmonic_keys_n;

/* The key of that path, or NULL. */
const struct config_key *config_key_find(const char *path);

/* Is `path` a group, that is the beginning of some key's path? */
bool config_group_exists(const char *path);

/* The index of a key in config_keys. */
static inline unsigned config_key_index(const struct config_key *key)
{
	return (unsigned)(key - config_keys);
}

/* What is allowed, in words that follow "must be". */
void config_key_range(const struct config_key *key, char *text, size_t size);

/* Is this value allowed for a CONFIG_INT, _NUMBER, _PHASES, _HUNDREDTHS key, or as the number of a CONFIG_LINE? */
bool config_key_allows(const struct config_key *key, double value);

/* Has the key the same value in both?  By what config_print writes of it. */
bool config_key_same(const struct config_key *key, const struct config *a, const struct config *b);

/* The known path nearest to an unknown one: among the keys and groups beside it, or of the same name elsewhere. */
void config_key_nearest(const char *path, char *nearest, size_t size);

/* The shortest text of a number that reads back the same and that libconfig takes for a float ("5.0", "1.0e+30"). */
void config_number_text(double value, char *text, size_t size);

#endif
