/*
 * connection - one client: request lines in, response lines out, both bounded, never blocking.
 *
 * While more than CONNECTION_PENDING_MAX bytes wait for the client no request of it is taken, so what waits never exceeds
 * CONNECTION_OUT_MAX; a client that takes no byte for CONNECTION_SLOW_NS is to be dropped.
 */
#ifndef CONTROL_CONNECTION_H
#define CONTROL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/protocol.h"

#define CONNECTION_OUT_MAX (256u * 1024)
#define CONNECTION_PENDING_MAX (64u * 1024)
#define CONNECTION_SLOW_NS INT64_C(5000000000)

struct connection {
	int fd;				/* -1 = free */
	bool ended;			/* the client has said its last */
	bool closing;			/* to be closed when what waits has gone out */
	size_t in_used;
	size_t scanned;			/* of `in`: known to hold no newline */
	char in[PROTOCOL_LINE_MAX + 1];
	char *out;			/* sent up to out_sent */
	size_t out_size, out_used, out_sent;
	int64_t moved_ns;		/* CLOCK_MONOTONIC: since when what waits has not moved */
};

void connection_init(struct connection *connection, int fd);
void connection_close(struct connection *connection);

/* Is there room to read into, and would what is read be looked at? */
bool connection_wants_input(const struct connection *connection);

/* Is there a request that may be taken now? */
bool connection_has_request(const struct connection *connection);

/* Bytes that wait for the client. */
size_t connection_pending(const struct connection *connection);

/* Reads once.  0, or -errno when the connection is broken. */
int connection_read(struct connection *connection);

/* The next request line, without its newline; NULL when there is none.  Valid until connection_skip. */
const char *connection_line(struct connection *connection, size_t *length);

/* Has the line become longer than a request may be? */
bool connection_is_overlong(const struct connection *connection);

/* Done with the line of `length`. */
void connection_skip(struct connection *connection, size_t length);

/* Queues text.  0, -ENOMEM, or -ENOBUFS when more would wait than may. */
int connection_put(struct connection *connection, const char *text, int64_t now_ns);

/* Sends once what waits.  0, or -errno when the connection is broken. */
int connection_send(struct connection *connection, int64_t now_ns);

#endif
