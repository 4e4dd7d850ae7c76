#include "client/panel_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RESPONSE_MAX (1u << 18)

void panel_link_init(struct panel_link *link, const char *path, int fd)
{
	*link = (struct panel_link){ .fd = fd };
	snprintf(link->path, sizeof(link->path), "%s", path);
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void lose(struct panel_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->used = 0;
	memset(link->asked_ns, 0, sizeof(link->asked_ns));
}

void panel_link_close(struct panel_link *link)
{
	lose(link);
	free(link->buffer);
	link->buffer = NULL;
	link->size = 0;
}

void panel_link_connect(struct panel_link *link, int64_t now_ns)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (link->fd >= 0 || (link->tried_ns && now_ns - link->tried_ns < PANEL_LINK_AGAIN_NS))
		return;
	link->tried_ns = now_ns;
	memcpy(address.sun_path, link->path, sizeof(link->path));
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* at once, or not at all: a full backlog is tried again */
	if (link->fd >= 0 && connect(link->fd, (const struct sockaddr *)&address, sizeof(address)))
		lose(link);
}

bool panel_link_awaits(const struct panel_link *link, enum panel_link_kind kind)
{
	return link->asked_ns[kind] != 0;
}

bool panel_link_is_silent(struct panel_link *link, int64_t now_ns)
{
	bool silent = false;

	for (int kind = 0; kind < PANEL_LINK_KINDS; kind++) {
		int64_t asked_ns = link->asked_ns[kind];

		if (!asked_ns || now_ns - asked_ns < PANEL_LINK_SILENCE_NS)
			continue;
		silent = true;
		if (now_ns - asked_ns >= PANEL_LINK_LIMIT_NS)
			lose(link);
	}
	return silent;
}

bool panel_link_ask(struct panel_link *link, enum panel_link_kind kind, const char *cmd, struct json_object *members, int64_t now_ns)
{
	struct json_object *request = members ? members : json_object_new_object();
	char line[4096];
	int length;

	json_object_object_add(request, "v", json_object_new_int(1));
	json_object_object_add(request, "id", json_object_new_int((int)kind));
	json_object_object_add(request, "cmd", json_object_new_string(cmd));
	length = snprintf(line, sizeof(line), "%s\n", json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN));
	json_object_put(request);
	/* two short requests at most are under way: the socket has room for them, or something is wrong with it */
	if (link->fd < 0 || length < 0 || (size_t)length >= sizeof(line) || send(link->fd, line, (size_t)length, MSG_NOSIGNAL) != length) {
		lose(link);
		return false;
	}
	link->asked_ns[kind] = now_ns;
	return true;
}

/* More of what has come; false: nothing more now. */
static bool receive(struct panel_link *link)
{
	ssize_t n;

	if (link->used == link->size) {
		size_t size = link->size ? 2 * link->size : 8192;
		char *buffer = size <= RESPONSE_MAX ? realloc(link->buffer, size) : NULL;

		if (!buffer) {
			lose(link);
			return false;
		}
		link->buffer = buffer;
		link->size = size;
	}
	n = recv(link->fd, link->buffer + link->used, link->size - link->used, MSG_DONTWAIT);
	if (n > 0) {
		link->used += (size_t)n;
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lose(link);
	return false;
}

/* Which request it answers: its id. */
static enum panel_link_kind kind_of(struct panel_link *link, struct json_object *answer)
{
	struct json_object *id;
	int kind;

	if (!json_object_object_get_ex(answer, "id", &id) || !json_object_is_type(id, json_type_int))
		return PANEL_LINK_KINDS;
	kind = json_object_get_int(id);
	if (kind < 0 || kind >= PANEL_LINK_KINDS || !link->asked_ns[kind])
		return PANEL_LINK_KINDS;
	link->asked_ns[kind] = 0;
	return (enum panel_link_kind)kind;
}

struct json_object *panel_link_take(struct panel_link *link, enum panel_link_kind *kind)
{
	struct json_object *answer;
	char *newline;

	if (link->fd < 0)
		return NULL;
	while (!(newline = link->used ? memchr(link->buffer, '\n', link->used) : NULL))
		if (!receive(link))
			return NULL;
	*newline = '\0';
	answer = json_tokener_parse(link->buffer);
	link->used -= (size_t)(newline + 1 - link->buffer);
	memmove(link->buffer, newline + 1, link->used);
	if (!json_object_is_type(answer, json_type_object)) {
		json_object_put(answer);
		lose(link);
		return NULL;
	}
	*kind = kind_of(link, answer);
	return answer;
}
