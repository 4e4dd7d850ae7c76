#include "control/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void connection_init(struct connection *connection, int fd)
{
	*connection = (struct connection){ .fd = fd };
}

void connection_close(struct connection *connection)
{
	if (connection->fd < 0)
		return;
	close(connection->fd);
	free(connection->out);
	connection_init(connection, -1);
}

size_t connection_pending(const struct connection *connection)
{
	return connection->out_used - connection->out_sent;
}

static bool may_answer(const struct connection *connection)
{
	return !connection->closing && connection_pending(connection) < CONNECTION_PENDING_MAX;
}

bool connection_wants_input(const struct connection *connection)
{
	return !connection->ended && may_answer(connection) && connection->in_used < sizeof(connection->in);
}

bool connection_has_request(const struct connection *connection)
{
	return may_answer(connection) && memchr(connection->in, '\n', connection->in_used) != NULL;
}

int connection_read(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->in + connection->in_used, sizeof(connection->in) - connection->in_used, MSG_DONTWAIT);

	if (n > 0)
		connection->in_used += (size_t)n;
	else if (n == 0)
		connection->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		return -errno;
	return 0;
}

const char *connection_line(struct connection *connection, size_t *length)
{
	char *newline = memchr(connection->in + connection->scanned, '\n', connection->in_used - connection->scanned);

	if (!may_answer(connection))
		return NULL;
	if (!newline) {
		connection->scanned = connection->in_used;
		return NULL;
	}
	*length = (size_t)(newline - connection->in);
	return connection->in;
}

bool connection_is_overlong(const struct connection *connection)
{
	return connection->in_used == sizeof(connection->in) && !memchr(connection->in, '\n', connection->in_used);
}

void connection_skip(struct connection *connection, size_t length)
{
	connection->in_used -= length + 1;
	connection->scanned = 0;
	memmove(connection->in, connection->in + length + 1, connection->in_used);
}

int connection_put(struct connection *connection, const char *text, int64_t now_ns)
{
	size_t length = strlen(text), pending = connection_pending(connection);

	if (pending + length > CONNECTION_OUT_MAX)
		return -ENOBUFS;
	if (pending == 0)
		connection->moved_ns = now_ns;
	if (connection->out_sent) {
		memmove(connection->out, connection->out + connection->out_sent, pending);
		connection->out_used = pending;
		connection->out_sent = 0;
	}
	if (pending + length > connection->out_size) {
		size_t size = pending + length < 4096 ? 4096 : pending + length;
		char *out = realloc(connection->out, size);

		if (!out)
			return -ENOMEM;
		connection->out = out;
		connection->out_size = size;
	}
	memcpy(connection->out + connection->out_used, text, length);
	connection->out_used += length;
	return 0;
}

int connection_send(struct connection *connection, int64_t now_ns)
{
	size_t pending = connection_pending(connection);
	ssize_t n;

	if (pending == 0)
		return 0;
	n = send(connection->fd, connection->out + connection->out_sent, pending, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n > 0)
		connection->moved_ns = now_ns;
	connection->out_sent += (size_t)n;
	if (connection_pending(connection) > 0)
		return 0;
	/* a client that asks once a second shall not hold the memory of its largest answer */
	free(connection->out);
	connection->out = NULL;
	connection->out_size = connection->out_used = connection->out_sent = 0;
	return 0;
}
