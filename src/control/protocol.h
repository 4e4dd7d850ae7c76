/*
 * protocol - from one request line to one response line: dinmeter-control(7).
 *
 * No socket and no thread here; whoever calls waits as long as ops->write does.
 */
#ifndef CONTROL_PROTOCOL_H
#define CONTROL_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "control/control.h"

#define PROTOCOL_VERSION 1
#define PROTOCOL_LINE_MAX 4096		/* bytes of a request, without its newline */
#define PROTOCOL_DEPTH_MAX 8		/* of nested objects and arrays */
#define PROTOCOL_LOG_MAX 256		/* entries of the log in one response */
#define PROTOCOL_EDGES_MAX 256		/* likewise edges */
#define PROTOCOL_SAMPLES_MAX 1024	/* likewise scans: 64 KiB as text */
#define PROTOCOL_REGISTERS_MAX 125	/* likewise registers asked for one by one */

/* What the server knows of itself, for the status. */
struct protocol_counters {
	unsigned clients;	/* connected now */
	uint64_t dropped;	/* did not read what they had asked for */
	uint64_t busy;		/* turned away because there were too many */
	uint64_t denied;	/* turned away because they may not */
};

struct protocol {
	const struct control_ops *ops;
	void *context;
	struct protocol_counters counters;
};

/* The response to the request line[length] (no newline): allocated, ends with "\n" and NUL.  NULL: memory is short. */
char *protocol_answer(const struct protocol *protocol, const char *line, size_t length);

/* A response of the server's own, to no request: an error.  Likewise. */
char *protocol_error(const char *code, const char *message);

#endif
