/*
 * config_recover - the rest of a configuration after an error of syntax.
 *
 * libconfig stops at its first error.  The setting that holds it is blanked in the text, so that the
 * next reading gets further; lines stay where they are.  One thread at a time.
 */
#ifndef DAEMON_CONFIG_RECOVER_H
#define DAEMON_CONFIG_RECOVER_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

/* A setting that libconfig refuses; both point into the text. */
struct config_piece {
	char *start, *end;
	const char *at;		/* what the error is said of: `start`, or what libconfig stumbled over */
};

/*
 * Finds the setting that made config_read_string() refuse `text` with what `failed` says.
 * False when there is none: the text ends too early, or it is nested too deep, or memory is short.
 */
bool config_recover_find(char *text, const config_t *failed, struct config_piece *piece);

void config_recover_blank(const struct config_piece *piece);

#endif
