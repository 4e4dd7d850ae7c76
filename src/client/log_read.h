/*
 * log_read - the entries of the data log as the control socket gives them, all of them.
 */
#ifndef CLIENT_LOG_READ_H
#define CLIENT_LOG_READ_H

#include <stddef.h>

#include "client/control_client.h"
#include "metering/datalog.h"

struct log_entries {
	struct datalog_entry *entry;	/* ascending by serial; to be freed */
	size_t n, size;
};

/* Asks for all pages; appends.  CLIENT_DONE, or the exit status: said already. */
int log_read(struct log_entries *entries, struct control_client *client, const char *command);

#endif
