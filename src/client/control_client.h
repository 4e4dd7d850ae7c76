/*
 * control_client - the other end of the control socket: one request, one response.
 *
 * What goes wrong is said on stderr here.
 */
#ifndef CLIENT_CONTROL_CLIENT_H
#define CLIENT_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

enum { CLIENT_DONE = 0, CLIENT_FAILED = 1, CLIENT_USAGE = 2 };

/* Options that every command with a daemon has; put them into its table of long options. */
#define CONTROL_CLIENT_OPTIONS \
	{ "socket", required_argument, NULL, 'S' }, { "config", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' }
#define CONTROL_CLIENT_USAGE "[--socket PATH | -c FILE]"
#define CONTROL_CLIENT_HELP \
	"  --socket PATH  the daemon's control socket (default: $DINMETER_SOCKET, else as configured)\n" \
	"  -c FILE        the configuration that names the socket; NAME.conf in " SYSCONFDIR "/dinmeterd: that of dinmeterd@NAME\n"

/*
 * Takes one of CONTROL_CLIENT_OPTIONS, as getopt_long() returned it, and prints the usage to stderr at any other: for what is none
 * of a command's own options.  -1 to go on, or the exit status.
 */
int control_client_take_option(const char **socket, const char **config, int option, const char *usage, const char *help);

/* Options of the commands that show something once or again and again. */
struct control_client_options {
	const char *socket, *config;
	bool json, watch;
};

struct control_client {
	int fd;
	bool lost;		/* no answer came: the connection is of no use any more */
	char path[108];		/* of the socket */
	char *buffer;		/* what came behind the last response */
	size_t used, size;
};

/*
 * Connects: to `socket`, else to $DINMETER_SOCKET, else to what the configuration `config`, or without it the installed one
 * where it can be read, names; of an instance's configuration to the instance.  Either may be NULL.  CLIENT_DONE, or the exit status.
 */
int control_client_open(struct control_client *client, const char *socket, const char *config);

/*
 * Sends {"cmd": cmd, ..} with the members of `members` (taken over, may be NULL) and returns the response, to be put; NULL when it
 * failed or the daemon refused.
 */
struct json_object *control_client_ask(struct control_client *client, const char *cmd, struct json_object *members);

/*
 * Of a lost connection: connects again to where it was, as soon as a daemon is there, however long that takes; says so once.
 * Only a signal ends it.
 */
void control_client_await(struct control_client *client);

/* --json, --watch and those of all commands; no arguments.  -1 to go on, or the exit status. */
int control_client_read_options(struct control_client_options *options, int argc, char **argv, const char *usage, const char *help);

void control_client_close(struct control_client *client);

#endif
