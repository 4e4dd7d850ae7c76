#include "client/control_client.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client/instance.h"
#include "daemon/monotonic.h"

#define LIMIT_S 10		/* a write waits for the meter, which may be busy */
#define AWAIT_NS 500000000
#define RESPONSE_MAX (1u << 20)

/* The path in the configuration `file`, or that of its instance; an installed one that cannot be read or is wrong leaves the default. */
static int from_config(char *path, size_t size, const char *file)
{
	struct config *config = calloc(1, sizeof(*config));
	FILE *errors = file ? stderr : fopen("/dev/null", "w");
	int error = config && errors ? 0 : -ENOMEM;

	if (config)
		config_defaults(config);
	if (!error && (file || !access(INSTANCE_MAIN_CONFIG, R_OK)))
		error = instance_load(config, file ? file : INSTANCE_MAIN_CONFIG, errors);
	if (error && !file && config) {
		config_defaults(config);
		error = 0;
	}
	if (config)
		snprintf(path, size, "%s", config->control_socket);
	if (errors && errors != stderr)
		fclose(errors);
	free(config);
	return error;
}

static int find_path(struct control_client *client, const char *socket, const char *config)
{
	const char *environment = getenv("DINMETER_SOCKET");

	if (!socket && !config && environment && *environment)
		socket = environment;
	if (!socket)
		return from_config(client->path, sizeof(client->path), config) ? CLIENT_USAGE : CLIENT_DONE;
	if (*socket && (size_t)snprintf(client->path, sizeof(client->path), "%s", socket) < sizeof(client->path))
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter: the path of the socket has %zu bytes, must have 1-%zu\n", strlen(socket), sizeof(client->path) - 1);
	return CLIENT_USAGE;
}

/*
 * Who may: the group of the socket, or of its directory when that cannot even be looked into.  Group 0 means that there is no group
 * for it: nobody shall be told to join root's.
 */
static void explain_denied(const char *path)
{
	char directory[108];
	struct stat status;
	struct group *group;
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash && slash != directory)
		*slash = '\0';
	fprintf(stderr, "dinmeter: %s: permission denied: ", path);
	if (stat(path, &status) && stat(directory, &status)) {
		fputs("only root and the members of the group that control.group names may use it\n", stderr);
		return;
	}
	group = status.st_gid ? getgrgid(status.st_gid) : NULL;
	if (group)
		fprintf(stderr, "members of the group '%s' may use it (usermod -aG %s USER, then log in anew)\n", group->gr_name, group->gr_name);
	else if (status.st_gid)
		fprintf(stderr, "members of the group %ld may use it, which has no name\n", (long)status.st_gid);
	else
		fputs("no group may use it yet: as root make the one that control.group names (groupadd dinmeter) and start dinmeterd anew, "
		      "or use sudo\n", stderr);
}

static void explain(const char *path, int error)
{
	if (error == EACCES || error == EPERM)
		explain_denied(path);
	else if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		fprintf(stderr, "dinmeter: %s: no daemon is there: start dinmeterd, or a simulated meter with `dinmeterd -s --pty /tmp/meter "
			"--control /tmp/meter.control`, which --socket /tmp/meter.control reaches\n", path);
	else
		fprintf(stderr, "dinmeter: %s: %s\n", path, strerror(error));
}

/* Connects to client->path.  0 or -errno. */
static int reach(struct control_client *client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = LIMIT_S };
	int error;

	memcpy(address.sun_path, client->path, sizeof(client->path));
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* a full backlog, too, is waited for no longer than that */
	if (client->fd >= 0 && !setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !connect(client->fd, (const struct sockaddr *)&address, sizeof(address)))
		return 0;
	error = -errno;
	control_client_close(client);
	return error;
}

int control_client_open(struct control_client *client, const char *socket_path, const char *config)
{
	int status, error;

	*client = (struct control_client){ .fd = -1 };
	status = find_path(client, socket_path, config);
	if (status)
		return status;
	error = reach(client);
	if (!error)
		return CLIENT_DONE;
	explain(client->path, -error);
	return CLIENT_FAILED;
}

void control_client_await(struct control_client *client)
{
	const struct timespec pause = { .tv_nsec = AWAIT_NS };

	fprintf(stderr, "dinmeter: %s: waiting for dinmeterd to return\n", client->path);
	do {
		control_client_close(client);
		nanosleep(&pause, NULL);
	} while (reach(client));
	client->lost = false;
}

/* Who is turned away is told so without having asked: that the request cannot be sent is no error yet. */
static void send_all(struct control_client *client, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = send(client->fd, text, length, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		length -= (size_t)n;
	}
}

/* Appends what comes until deadline_ns.  0 or -errno; -ECONNRESET at the end. */
static int receive(struct control_client *client, int64_t deadline_ns)
{
	struct pollfd slot = { .fd = client->fd, .events = POLLIN };
	int64_t left_ms = (deadline_ns - monotonic_ns()) / 1000000;
	ssize_t n;
	int ready;

	if (client->used == client->size) {
		size_t size = client->size ? 2 * client->size : 65536;
		char *buffer = size <= RESPONSE_MAX ? realloc(client->buffer, size) : NULL;

		if (!buffer)
			return -ENOMEM;
		client->buffer = buffer;
		client->size = size;
	}
	ready = poll(&slot, 1, left_ms > 0 ? (int)left_ms : 0);
	if (ready <= 0)
		return ready == 0 ? -ETIMEDOUT : errno == EINTR ? 0 : -errno;
	n = recv(client->fd, client->buffer + client->used, client->size - client->used, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->used += (size_t)n;
	return n ? 0 : -ECONNRESET;
}

/* One response, parsed; NULL after a message. */
static struct json_object *read_response(struct control_client *client)
{
	int64_t deadline_ns = monotonic_ns() + LIMIT_S * INT64_C(1000000000);
	struct json_object *response;
	char *newline;
	int error = 0;

	while (!(newline = client->used ? memchr(client->buffer, '\n', client->used) : NULL) && !error)
		error = receive(client, deadline_ns);
	if (!newline) {
		if (error == -ECONNRESET)
			fprintf(stderr, "dinmeter: %s: the daemon has closed the connection\n", client->path);
		else if (error == -ETIMEDOUT)
			fprintf(stderr, "dinmeter: %s: the daemon does not answer within %d s\n", client->path, LIMIT_S);
		else
			fprintf(stderr, "dinmeter: %s: %s\n", client->path, strerror(-error));
		return NULL;
	}
	*newline = '\0';
	response = json_tokener_parse(client->buffer);
	client->used -= (size_t)(newline + 1 - client->buffer);
	memmove(client->buffer, newline + 1, client->used);
	if (!json_object_is_type(response, json_type_object)) {
		fprintf(stderr, "dinmeter: %s: what answers there is no dinmeterd\n", client->path);
		json_object_put(response);
		return NULL;
	}
	return response;
}

/* One line, in one piece as far as the kernel has room.  0 or -ENOMEM. */
static int send_request(struct control_client *client, struct json_object *request)
{
	size_t length;
	const char *text = json_object_to_json_string_length(request, JSON_C_TO_STRING_PLAIN, &length);
	char *line = text ? malloc(length + 1) : NULL;

	if (!line)
		return -ENOMEM;
	memcpy(line, text, length);
	line[length] = '\n';
	send_all(client, line, length + 1);
	free(line);
	return 0;
}

struct json_object *control_client_ask(struct control_client *client, const char *cmd, struct json_object *members)
{
	struct json_object *request = members ? members : json_object_new_object(), *response, *ok, *error, *message;

	json_object_object_add(request, "v", json_object_new_int(1));
	json_object_object_add(request, "cmd", json_object_new_string(cmd));
	response = send_request(client, request) ? NULL : read_response(client);
	json_object_put(request);
	client->lost = !response;
	if (!response || (json_object_object_get_ex(response, "ok", &ok) && json_object_get_boolean(ok)))
		return response;
	if (json_object_object_get_ex(response, "error", &error) && json_object_object_get_ex(error, "message", &message))
		fprintf(stderr, "dinmeter: %s\n", json_object_get_string(message));
	else
		fprintf(stderr, "dinmeter: %s: what answers there is no dinmeterd\n", client->path);
	json_object_put(response);
	return NULL;
}

void control_client_close(struct control_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	free(client->buffer);
	client->buffer = NULL;
	client->used = client->size = 0;
}

int control_client_take_option(const char **socket, const char **config, int option, const char *usage, const char *help)
{
	switch (option) {
	case 'S':
		*socket = optarg;
		return -1;
	case 'c':
		*config = optarg;
		return -1;
	case 'h':
		printf("%s%s", usage, help);
		return CLIENT_DONE;
	default:
		fputs(usage, stderr);
		return CLIENT_USAGE;
	}
}

int control_client_read_options(struct control_client_options *options, int argc, char **argv, const char *usage, const char *help)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' }, { "watch", no_argument, NULL, 'w' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	*options = (struct control_client_options){ 0 };
	while (status < 0 && (option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		switch (option) {
		case 'j':
			options->json = true;
			break;
		case 'w':
			options->watch = true;
			break;
		default:
			status = control_client_take_option(&options->socket, &options->config, option, usage, help);
		}
	}
	if (status >= 0 || optind == argc)
		return status;
	fprintf(stderr, "dinmeter %s: unexpected '%s'\n%s", argv[0], argv[optind], usage);
	return CLIENT_USAGE;
}
