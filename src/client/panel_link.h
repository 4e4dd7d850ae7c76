/*
 * panel_link - the connection of a screen that must go on: it never waits, says nothing on stderr, and connects again by itself.
 *
 * Requests have one answer each, in their order.  An answer that does not come within PANEL_LINK_SILENCE_NS makes the connection
 * silent (the answer may still come), within PANEL_LINK_LIMIT_NS lost.
 */
#ifndef CLIENT_PANEL_LINK_H
#define CLIENT_PANEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#define PANEL_LINK_SILENCE_NS INT64_C(2500000000)
#define PANEL_LINK_LIMIT_NS INT64_C(10000000000)
#define PANEL_LINK_AGAIN_NS INT64_C(500000000)	/* between two tries to connect */

enum panel_link_kind { PANEL_LINK_SCREEN, PANEL_LINK_STATUS, PANEL_LINK_KINDS };

struct panel_link {
	int fd;				/* -1: not connected */
	char path[108];
	char *buffer;			/* received, up to `used` */
	size_t used, size;
	int64_t tried_ns;		/* of the last try to connect */
	int64_t asked_ns[PANEL_LINK_KINDS];	/* when it was asked for, 0: no answer is awaited */
};

/* Takes over the connected descriptor `fd`, or -1.  Cannot fail. */
void panel_link_init(struct panel_link *link, const char *path, int fd);
void panel_link_close(struct panel_link *link);

/* Connects when it is time to. */
void panel_link_connect(struct panel_link *link, int64_t now_ns);

/* Is an answer of the kind awaited? */
bool panel_link_awaits(const struct panel_link *link, enum panel_link_kind kind);

/* Has an answer been due for too long?  One that is lost closes the connection. */
bool panel_link_is_silent(struct panel_link *link, int64_t now_ns);

/* Sends {"cmd": cmd, ..}, `members` taken over.  false: the connection is lost. */
bool panel_link_ask(struct panel_link *link, enum panel_link_kind kind, const char *cmd, struct json_object *members, int64_t now_ns);

/* The next answer that has come, to be put, and its kind (PANEL_LINK_KINDS: of none, what the daemon says unasked); NULL: none yet. */
struct json_object *panel_link_take(struct panel_link *link, enum panel_link_kind *kind);

#endif
