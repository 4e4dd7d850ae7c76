/*
 * request - a request while it is being answered: its checked members, the reply, or the error.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "control/json.h"
#include "control/protocol.h"

struct request {
	const struct protocol *protocol;
	struct json_object *object;	/* as it came */
	struct json_object *reply;	/* members of the response behind "ok" */
	const char *code;		/* of the error, NULL = none */
	char message[512];
};

/* Notes the error.  Returns -1. */
int request_fail(struct request *request, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a write gave that is none of the register's own reasons: -EBUSY and its like.  Returns -1. */
int request_fail_write(struct request *request, const char *name, int error);

/* A JSON value as text for a message, cut short when it is long.  Returns `text`. */
#define REQUEST_SHOWN_MAX 64
const char *request_show(struct json_object *value, char text[REQUEST_SHOWN_MAX]);

/* A member that is text; one that is missing is an error.  0 or -1. */
int request_get_text(struct request *request, const char *key, const char **text);

/* A member that is a whole number within low..high; `missing` when it is not there.  0 or -1. */
int request_get_number(struct request *request, const char *key, uint64_t low, uint64_t high, uint64_t missing, uint64_t *number);

/* A member that is an array, NULL when it is not there.  0 or -1. */
int request_get_array(struct request *request, const char *key, struct json_object **array);

/* The commands.  Each fills the reply and returns 0, or -1 after request_fail. */
int reply_status(struct request *request);
int reply_registers(struct request *request);
int reply_set(struct request *request);
int reply_reset(struct request *request);
int reply_command(struct request *request);
int reply_store(struct request *request);
int reply_log(struct request *request);
int reply_edges(struct request *request);
int reply_panel(struct request *request);

#endif
