/*
 * The thread: one poll() over the listening socket and all clients.  In each turn each client is read once, has a few requests
 * answered and is written to once, so that none waits for another's flood.  All clients together get a share of a processor, so
 * that the measurement, which may have no other, does not wait either.
 */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/connection.h"
#include "control/listen.h"
#include "control/peer.h"
#include "control/protocol.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

#define CLIENTS_MAX 50
#define REQUESTS_A_TURN 4
#define ACCEPTS_A_TURN 16
#define BEAT_MS 500
#define BACKOFF_FIRST (SECOND / 4)
#define BACKOFF_MOST (5 * SECOND)
#define SHARE 4				/* one part in so many of a processor's time .. */
#define BURST_NS (100 * MS)		/* .. and that much beforehand */
#define CHECK_NS (5 * SECOND)		/* so often: is the socket's name still there? */

enum { SLOT_STOP, SLOT_LISTEN, SLOT_CLIENTS, SLOTS = SLOT_CLIENTS + CLIENTS_MAX };

/* What poll() is asked, and what it said of each client. */
struct waiting {
	struct pollfd slot[SLOTS];
	unsigned slots;		/* as many as there are descriptors: poll() refuses more than the process may have */
	int timeout_ms;
	short events[CLIENTS_MAX];
};

struct control {
	pthread_t thread;
	int stop_fd;
	atomic_llong heartbeat_ns;
	char path[256], group[64];

	/* The thread's own. */
	struct protocol protocol;
	struct listener listener;
	int64_t listen_ns, backoff_ns;	/* when to try, or to look after the name; how long to wait after that */
	int64_t accept_ns;		/* no connection is taken before */
	int64_t budget_ns;		/* processor time that may be used; below 0: was used too early */
	int64_t budget_at_ns, used_ns;	/* when that was so, and the thread's processor time then */
	unsigned turn;			/* who is first */
	struct connection client[CLIENTS_MAX];
	struct log_limit state_limit, client_limit;
};

static void drop(struct control *control, struct connection *client)
{
	connection_close(client);
	control->protocol.counters.clients--;
}

#define REASON_MAX 128

static const char *explain(int error, pid_t holder, char reason[REASON_MAX])
{
	char by[40] = "another process";

	if (holder)
		snprintf(by, sizeof(by), "process %ld", (long)holder);
	switch (error) {
	case -EADDRINUSE:
		snprintf(reason, REASON_MAX, "%s serves it", by);
		break;
	case -EEXIST:
		snprintf(reason, REASON_MAX, "there is something else than a socket");
		break;
	case -EAGAIN:
		snprintf(reason, REASON_MAX, "%s is starting there", by);
		break;
	default:
		snprintf(reason, REASON_MAX, "%s", strerror(-error));
	}
	return reason;
}

/* Opens the socket when it is time to, and anew when its name has gone. */
static void look_after_listener(struct control *control, int64_t now_ns)
{
	char reason[REASON_MAX];
	int error;

	if (now_ns < control->listen_ns)
		return;
	control->listen_ns = now_ns + CHECK_NS;
	if (control->listener.fd >= 0) {
		if (listen_is_there(&control->listener, control->path))
			return;
		log_limited(&control->state_limit, LOG_WARNING, "control: %s: was removed, is made anew", control->path);
		listen_close(&control->listener, control->path);
	}
	error = listen_open(&control->listener, control->path, control->group);
	if (!error) {
		control->backoff_ns = BACKOFF_FIRST;
		log_limited(&control->state_limit, LOG_NOTICE, "control: listening at %s", control->path);
		return;
	}
	log_limited(&control->state_limit, LOG_WARNING, "control: %s: %s; it is tried again", control->path,
		    explain(error, control->listener.holder, reason));
	control->listen_ns = now_ns + control->backoff_ns;
	control->backoff_ns = 2 * control->backoff_ns < BACKOFF_MOST ? 2 * control->backoff_ns : BACKOFF_MOST;
}

static void turn_away(int fd, const char *code, const char *message)
{
	char *line = protocol_error(code, message);

	/* an empty socket takes a line */
	if (line && send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("control: a client was gone before it was turned away");
	free(line);
	close(fd);
}

static void welcome(struct control *control, int fd)
{
	struct protocol_counters *counters = &control->protocol.counters;
	uid_t uid;

	if (!peer_may(fd, control->listener.group, &uid)) {
		counters->denied++;
		log_limited(&control->client_limit, LOG_WARNING, "control: user %ld may not use the meter", (long)uid);
		turn_away(fd, "denied", "only root, the daemon's own user and members of its group may use this socket");
		return;
	}
	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (control->client[i].fd >= 0)
			continue;
		connection_init(&control->client[i], fd);
		counters->clients++;
		return;
	}
	counters->busy++;
	log_limited(&control->client_limit, LOG_WARNING, "control: a client was turned away: %d are connected", CLIENTS_MAX);
	turn_away(fd, "busy", "50 clients are connected, which is the most at once");
}

static void accept_clients(struct control *control, int64_t now_ns)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			welcome(control, fd);
			continue;
		}
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		/* No descriptor is free: the connection stays in the backlog, and poll() would wake us for it at once. */
		log_limited(&control->client_limit, LOG_WARNING, "control: a client cannot be taken: %s", strerror(errno));
		control->accept_ns = now_ns + SECOND;
		return;
	}
}

/* Answers what has come, a few requests at most.  0, or -errno. */
static int answer(struct control *control, struct connection *client, int64_t now_ns)
{
	const char *line;
	size_t length;
	int error = 0;

	for (int i = 0; i < REQUESTS_A_TURN && !error; i++) {
		char *text;

		line = connection_line(client, &length);
		if (!line)
			break;
		text = protocol_answer(&control->protocol, line, length);
		error = text ? connection_put(client, text, now_ns) : -ENOMEM;
		free(text);
		connection_skip(client, length);
		atomic_store(&control->heartbeat_ns, monotonic_ns());
	}
	if (!error && !client->closing && connection_is_overlong(client)) {
		char *text = protocol_error("too_long", "a request is at most 4096 bytes");

		error = text ? connection_put(client, text, now_ns) : -ENOMEM;
		free(text);
		client->closing = true;
	}
	return error;
}

static void serve(struct control *control, struct connection *client, short events, int64_t now_ns)
{
	int error = 0;

	if (events & (POLLIN | POLLHUP | POLLERR) && connection_wants_input(client))
		error = connection_read(client);
	if (!error)
		error = answer(control, client, now_ns);
	if (!error)
		error = connection_send(client, now_ns);
	if (connection_pending(client) > 0 && now_ns - client->moved_ns > CONNECTION_SLOW_NS)
		error = -ENOBUFS;
	if (error == -ENOBUFS) {
		control->protocol.counters.dropped++;
		log_limited(&control->client_limit, LOG_WARNING, "control: a client that does not read its answers is dropped");
	}
	if (error || (connection_pending(client) == 0 && (client->closing || (client->ended && !connection_has_request(client)))))
		drop(control, client);
}

static void prepare(struct control *control, struct waiting *waiting, int64_t now_ns)
{
	int64_t until_ns = now_ns + BEAT_MS * MS;

	if (control->listen_ns < until_ns)
		until_ns = control->listen_ns;
	waiting->slot[SLOT_STOP] = (struct pollfd){ .fd = control->stop_fd, .events = POLLIN };
	waiting->slot[SLOT_LISTEN] = (struct pollfd){ .fd = now_ns < control->accept_ns ? -1 : control->listener.fd, .events = POLLIN };
	waiting->slots = SLOT_CLIENTS;
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct connection *client = &control->client[i];
		struct pollfd *slot = &waiting->slot[waiting->slots];

		if (client->fd < 0)
			continue;
		*slot = (struct pollfd){ .fd = client->fd };
		if (connection_wants_input(client))
			slot->events |= POLLIN;
		if (connection_pending(client) > 0)
			slot->events |= POLLOUT;
		if (connection_has_request(client))
			until_ns = now_ns;
		waiting->slots++;
	}
	waiting->timeout_ms = until_ns <= now_ns ? 0 : (int)((until_ns - now_ns) / MS) + 1;
}

/* Fills the events of each client; those of the first two slots are 0 when poll() failed. */
static void wait_for_events(struct control *control, struct waiting *waiting)
{
	int ready = poll(waiting->slot, waiting->slots, waiting->timeout_ms);
	unsigned at = SLOT_CLIENTS;

	if (ready < 0) {
		for (unsigned i = 0; i < waiting->slots; i++)
			waiting->slot[i].revents = 0;
		if (errno != EINTR)	/* memory is short: not in a tight loop */
			poll(waiting->slot, 1, BEAT_MS);
	}
	for (int i = 0; i < CLIENTS_MAX; i++)
		waiting->events[i] = control->client[i].fd >= 0 ? waiting->slot[at++].revents : 0;
}

static int64_t processor_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * SECOND + used.tv_nsec;
}

/* Waits until the processor time that was used is the thread's due; signs of life go on.  False: to be stopped. */
static bool rest(struct control *control)
{
	struct pollfd stop = { .fd = control->stop_fd, .events = POLLIN };

	for (;;) {
		int64_t now_ns = monotonic_ns(), used_ns = processor_ns(), pause_ms;

		control->budget_ns += (now_ns - control->budget_at_ns) / SHARE - (used_ns - control->used_ns);
		if (control->budget_ns > BURST_NS)
			control->budget_ns = BURST_NS;
		control->budget_at_ns = now_ns;
		control->used_ns = used_ns;
		atomic_store(&control->heartbeat_ns, now_ns);
		if (control->budget_ns >= 0)
			return true;
		pause_ms = -control->budget_ns * SHARE / MS + 1;
		if (poll(&stop, 1, pause_ms < BEAT_MS ? (int)pause_ms : BEAT_MS) > 0)
			return false;
	}
}

static void *control_run(void *argument)
{
	struct control *control = argument;
	struct waiting waiting;

	log_fold_repeats();
	control->budget_ns = BURST_NS;
	control->budget_at_ns = monotonic_ns();
	control->used_ns = processor_ns();
	while (rest(control)) {
		int64_t now_ns = monotonic_ns();

		look_after_listener(control, now_ns);
		prepare(control, &waiting, now_ns);
		wait_for_events(control, &waiting);
		if (waiting.slot[SLOT_STOP].revents)
			break;
		now_ns = monotonic_ns();
		for (unsigned i = 0; i < CLIENTS_MAX; i++) {
			unsigned at = (control->turn + i) % CLIENTS_MAX;

			if (control->client[at].fd >= 0)
				serve(control, &control->client[at], waiting.events[at], now_ns);
		}
		control->turn = (control->turn + 1) % CLIENTS_MAX;
		/* last: a client taken now was not waited for */
		if (waiting.slot[SLOT_LISTEN].revents)
			accept_clients(control, now_ns);
	}
	for (int i = 0; i < CLIENTS_MAX; i++)
		connection_close(&control->client[i]);
	listen_close(&control->listener, control->path);
	return NULL;
}

/* Signals are the main thread's: this one is born with all of them blocked. */
static int start_thread(struct control *control)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&control->thread, NULL, control_run, control);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_setname_np(control->thread, "control");
	return error;
}

int control_start(struct control **out, const char *path, const char *group, const struct control_ops *ops, void *context)
{
	struct control *control = calloc(1, sizeof(*control));
	int error;

	if (!control)
		return -ENOMEM;
	snprintf(control->path, sizeof(control->path), "%s", path);
	snprintf(control->group, sizeof(control->group), "%s", group);
	control->protocol = (struct protocol){ .ops = ops, .context = context };
	control->listener.fd = -1;
	control->listener.group = (gid_t)-1;
	control->backoff_ns = BACKOFF_FIRST;
	for (int i = 0; i < CLIENTS_MAX; i++)
		connection_init(&control->client[i], -1);
	control->state_limit = (struct log_limit){ .burst = 10, .interval_s = 300 };
	control->client_limit = (struct log_limit){ .burst = 5, .interval_s = 60 };
	atomic_store(&control->heartbeat_ns, monotonic_ns());
	/* Who starts the daemon and at once asks it finds the socket there, whenever that is possible. */
	look_after_listener(control, monotonic_ns());
	control->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = control->stop_fd < 0 ? -errno : start_thread(control);
	if (!error) {
		*out = control;
		return 0;
	}
	if (control->stop_fd >= 0)
		close(control->stop_fd);
	listen_close(&control->listener, control->path);
	free(control);
	return error;
}

int64_t control_heartbeat_ns(struct control *control)
{
	return atomic_load(&control->heartbeat_ns);
}

void control_stop(struct control *control)
{
	uint64_t one = 1;

	if (!control)
		return;
	while (write(control->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(control->thread, NULL);
	close(control->stop_fd);
	free(control);
}
