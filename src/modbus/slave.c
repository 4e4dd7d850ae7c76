#include "modbus/slave.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "modbus/port.h"
#include "modbus/rtu.h"
#include "modbus/urgent.h"

#define QUEUE_MAX	64		/* requests that wait while a write is under way */
#define TIMER_ACCURACY_US 1		/* sd-event's default of 250 ms is no use here */
#define ECHO_LATE_NS	INT64_C(100000000)	/* how late an adapter may deliver an echo */
#define REPLY_LATE_NS	INT64_C(1000000000)	/* its master has given up: it would go out amid what is said since */
#define LOOK_NS		INT64_C(5000000000)	/* between two looks after an open port */
#define FRAME_BYTES	(PDU_MAX + 1)	/* address and PDU */

struct request {
	bool broadcast;
	size_t length;
	int64_t end_ns;
	uint8_t pdu[PDU_MAX];
};

struct slave {
	sd_event *event;
	sd_event_source *input;
	sd_event_source *watch;		/* the user of a pseudo-terminal has left */
	sd_event_source *silence;	/* an incomplete frame ends */
	sd_event_source *turnaround;	/* the reply may go out */
	sd_event_source *sent;		/* the reply should have left the UART */
	sd_event_source *retry;		/* the port is tried again */
	sd_event_source *look;		/* the open port is looked after */

	struct modbus_config config, wanted;
	bool reconfigure;
	struct identity identity;
	struct slave_ops ops;
	void *context;

	struct port *port;		/* NULL while it is gone */
	bool was_open;			/* once at least */
	bool was_absent;		/* tried for the last time when it was not there */
	struct rtu rtu;
	struct slave_counters counters, told;
	uint64_t rtu_errors, rtu_others;	/* of earlier lives of rtu */
	struct log_limit error_limit, drop_limit;
	int64_t retry_ns;		/* present back-off */
	int64_t heard_ns;		/* the last byte */

	struct request queue[QUEUE_MAX];
	unsigned head, count;
	struct pdu_write write;
	bool writing;			/* the meter has a write */
	bool orphan;			/* its port went away: nobody waits for the answer */
	uint8_t reply[FRAME_BYTES];	/* address and PDU of the reply that waits for its time */
	size_t reply_length;		/* 0 = none */
	int64_t request_ns;		/* end of the request that it answers */
	int64_t ready_ns;		/* the same, or when the meter had answered */
	bool sending;			/* the kernel still has bytes of it */
	int64_t sent_from_ns, sent_until_ns;	/* the newest reply on the wire */
};

/* Rounded up: a timer never fires before the instant that it stands for. */
static void arm(sd_event_source *timer, int64_t at_ns)
{
	sd_event_source_set_time(timer, (uint64_t)(at_ns + 999) / 1000);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void disarm(sd_event_source *timer)
{
	sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

/* One character on the wire: start, 8 bits, parity, stop. */
static int64_t character_ns(const struct modbus_config *config)
{
	return INT64_C(1000000000) * (9 + (config->parity != 'N') + config->stop_bits) / config->baud;
}

static int64_t turnaround_ns(const struct modbus_config *config)
{
	return config->turnaround_us >= 0 ? config->turnaround_us * INT64_C(1000) : rtu_t35_ns(config->baud);
}

static bool config_valid(const struct modbus_config *config)
{
	static const int bauds[] = { 1200, 2400, 4800, 9600, 19200, 38400 };
	bool known = false;

	for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++)
		known = known || config->baud == bauds[i];
	return known && config->address >= 1 && config->address <= 247 && config->device[0] &&
	       config->parity && strchr("NEO", config->parity) && config->rts && strchr("nud", config->rts) &&
	       (config->stop_bits == 1 || config->stop_bits == 2) && config->turnaround_us >= -1 &&
	       config->turnaround_us <= 1000000 && config->gap_ms >= 0 && config->gap_ms <= 1000;
}

/* The port */

static void count_errors(struct slave *slave)
{
	struct slave_counters *counters = &slave->counters;
	uint64_t crc = slave->rtu_errors + slave->rtu.counters.errors;
	uint64_t line = slave->port ? port_line_errors(slave->port) : 0;

	counters->other_frames = slave->rtu_others + slave->rtu.counters.other_frames;
	if (crc != counters->crc_errors || line) {
		counters->crc_errors = crc;
		counters->line_errors += line;
		log_limited(&slave->error_limit, LOG_WARNING,
			    "modbus: %s: bad bytes on the bus: %llu damaged frames, %llu parity, framing or overrun errors so far",
			    slave->config.device, (unsigned long long)counters->crc_errors,
			    (unsigned long long)counters->line_errors);
	}
}

static void receive_frame(void *context, const struct rtu_frame *frame);

static void start_framing(struct slave *slave)
{
	int64_t t35_ns = rtu_t35_ns(slave->config.baud), gap_ns = slave->config.gap_ms * INT64_C(1000000);
	struct rtu_config config = {
		.address = (uint8_t)slave->config.address,
		.t35_ns = t35_ns,
		.silence_ns = gap_ns > t35_ns ? gap_ns : t35_ns,
		.frame = receive_frame,
		.context = slave,
	};

	slave->rtu_errors += slave->rtu.counters.errors;
	slave->rtu_others += slave->rtu.counters.other_frames;
	rtu_init(&slave->rtu, &config);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *context);

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct slave *slave = context;

	(void)source;
	(void)fd;
	(void)events;
	port_watch(slave->port);
	return 0;
}

static int listen_to_port(struct slave *slave)
{
	int fd = port_watch_fd(slave->port);
	int error = sd_event_add_io(slave->event, &slave->input, port_fd(slave->port), EPOLLIN, on_input, slave);

	if (error >= 0 && fd >= 0)
		error = sd_event_add_io(slave->event, &slave->watch, fd, EPOLLIN, on_watch, slave);
	if (error < 0)
		return error;
	/* Bytes come before timers: one that is there already may be what a timer is about to miss. */
	sd_event_source_set_priority(slave->input, SD_EVENT_PRIORITY_NORMAL - 2);
	if (slave->watch)
		sd_event_source_set_priority(slave->watch, SD_EVENT_PRIORITY_NORMAL - 3);
	return 0;
}

static void drop_traffic(struct slave *slave)
{
	slave->counters.dropped += slave->count + (slave->reply_length > 0) + slave->writing;
	slave->count = 0;
	slave->reply_length = 0;
	slave->orphan = slave->writing;
	slave->sending = false;
	disarm(slave->silence);
	disarm(slave->turnaround);
	disarm(slave->sent);
}

static void close_port(struct slave *slave)
{
	slave->input = sd_event_source_disable_unref(slave->input);
	slave->watch = sd_event_source_disable_unref(slave->watch);
	drop_traffic(slave);
	if (slave->port)
		port_close(slave->port);
	slave->port = NULL;
	slave->counters.port_open = false;
}

static int open_port(struct slave *slave, bool quiet)
{
	int error = port_open(&slave->port, &slave->config, quiet);

	if (!error) {
		error = listen_to_port(slave);
		if (error < 0)
			close_port(slave);
	}
	slave->counters.port_error = error == -EAGAIN ? -EBUSY : error < 0 ? error : 0;
	if (error < 0)
		return error;
	start_framing(slave);
	slave->counters.port_open = slave->was_open = true;
	arm(slave->look, monotonic_ns() + LOOK_NS);
	return 0;
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	struct slave *slave = context;

	(void)source;
	(void)usec;
	if (slave->port) {
		port_look_after(slave->port);
		arm(slave->look, monotonic_ns() + LOOK_NS);
	}
	return 0;
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -ENXIO || error == -ENODEV;
}

/* Without a word as long as the reason stays the same. */
static int open_again(struct slave *slave)
{
	int before = slave->counters.port_error, error = open_port(slave, true);

	if (error < 0 && slave->counters.port_error != before)
		error = open_port(slave, false);
	if (error == -EPERM && slave->was_absent && slave->ops.excluded)
		slave->ops.excluded(slave->context);
	if (error != -EACCES)
		slave->was_absent = is_absent(error);
	return error;
}

static void schedule_retry(struct slave *slave)
{
	slave->retry_ns = backoff_next_ns(slave->retry_ns);
	arm(slave->retry, monotonic_ns() + slave->retry_ns);
}

static void lose_port(struct slave *slave, int error)
{
	log_warning("modbus: %s: the port is gone (%s); trying to open it again", slave->config.device, strerror(-error));
	close_port(slave);
	slave->counters.port_error = error;
	slave->retry_ns = 0;
	schedule_retry(slave);
}

static void tell_activity(struct slave *slave)
{
	if (slave->ops.activity == NULL || memcmp(&slave->told, &slave->counters, sizeof(slave->told)) == 0)
		return;
	slave->told = slave->counters;
	slave->ops.activity(slave->context, &slave->told);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	struct slave *slave = context;
	bool is_back = slave->was_open;

	(void)source;
	(void)usec;
	if (open_again(slave) < 0) {
		schedule_retry(slave);
	} else {
		slave->counters.reopens += is_back;
		log_notice("modbus: %s: the port is %s", slave->config.device, is_back ? "back" : "there");
	}
	tell_activity(slave);
	return 0;
}

/* The same pseudo-terminal goes on: whoever has its far end open stays connected. */
static bool keeps_port(const struct modbus_config *old, const struct modbus_config *new)
{
	return modbus_device_link(new->device) && strcmp(old->device, new->device) == 0;
}

static void apply_config(struct slave *slave)
{
	bool keep = slave->port && keeps_port(&slave->config, &slave->wanted);
	int error;

	slave->reconfigure = false;
	slave->config = slave->wanted;
	if (keep) {
		disarm(slave->silence);
		start_framing(slave);
		return;
	}
	close_port(slave);
	disarm(slave->retry);
	slave->retry_ns = 0;
	error = open_port(slave, false);
	if (error < 0)
		schedule_retry(slave);
}

/* Requests and replies */

static int64_t reply_time_ns(const struct slave *slave)
{
	int64_t quiet_ns = turnaround_ns(&slave->config), at_ns = slave->heard_ns + quiet_ns;

	/* A request that was here before the last reply went out: the two replies need silence between them. */
	if (slave->request_ns <= slave->sent_from_ns && slave->sent_until_ns + quiet_ns > at_ns)
		at_ns = slave->sent_until_ns + quiet_ns;
	return at_ns;
}

static void set_reply(struct slave *slave, const uint8_t *pdu, size_t length)
{
	slave->reply[0] = (uint8_t)slave->config.address;
	memcpy(slave->reply + 1, pdu, length);
	slave->reply_length = length + 1;
	slave->ready_ns = slave->request_ns;
	arm(slave->turnaround, reply_time_ns(slave));
}

static void start_write(struct slave *slave)
{
	uint8_t response[PDU_MAX];

	slave->writing = true;
	if (slave->ops.write(slave->context, &slave->write) == 0)
		return;
	slave->writing = false;
	if (!slave->write.broadcast)
		set_reply(slave, response, pdu_write_response(&slave->write, PDU_DEVICE_BUSY, response));
}

static void answer(struct slave *slave, const struct request *request)
{
	struct register_image image;
	uint8_t response[PDU_MAX];
	size_t length;

	slave->request_ns = request->end_ns;
	if (pdu_needs_image(request->pdu, request->length))
		slave->ops.image(slave->context, &image);
	switch (pdu_handle(request->pdu, request->length, request->broadcast, &image, &slave->identity,
			   response, &length, &slave->write)) {
	case PDU_RESPONSE:
		set_reply(slave, response, length);
		break;
	case PDU_WRITE:
		start_write(slave);
		break;
	case PDU_SILENT:
		break;
	}
}

/* One request at a time: the next is looked at when the reply to the one before has gone out. */
static void work(struct slave *slave)
{
	while (slave->count && !slave->writing && !slave->reply_length && !slave->sending) {
		const struct request *request = &slave->queue[slave->head];

		slave->head = (slave->head + 1) % QUEUE_MAX;
		slave->count--;
		answer(slave, request);
	}
	if (slave->reconfigure && !slave->count && !slave->writing && !slave->reply_length && !slave->sending)
		apply_config(slave);
	tell_activity(slave);
}

static void receive_frame(void *context, const struct rtu_frame *frame)
{
	struct slave *slave = context;
	struct request *request;

	if (frame->broadcast)
		slave->counters.broadcasts++;
	else
		slave->counters.requests++;
	slave->counters.last_request_ns = frame->end_ns;
	if (slave->count == QUEUE_MAX) {
		slave->counters.dropped++;
		log_limited(&slave->drop_limit, LOG_WARNING, "modbus: %s: a request is dropped, %d wait for the meter",
			    slave->config.device, QUEUE_MAX);
		return;
	}
	request = &slave->queue[(slave->head + slave->count) % QUEUE_MAX];
	request->broadcast = frame->broadcast;
	request->length = frame->length;
	request->end_ns = frame->end_ns;
	memcpy(request->pdu, frame->pdu, frame->length);
	slave->count++;
}

static void after_bytes(struct slave *slave)
{
	int64_t deadline_ns = rtu_deadline_ns(&slave->rtu);

	if (deadline_ns == INT64_MAX)
		disarm(slave->silence);
	else
		arm(slave->silence, deadline_ns);
	count_errors(slave);
	work(slave);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct slave *slave = context;
	uint8_t bytes[1024];
	ssize_t n = port_read(slave->port, bytes, sizeof(bytes));

	(void)source;
	(void)fd;
	if (n < 0 || (n == 0 && events & (EPOLLHUP | EPOLLERR))) {
		lose_port(slave, n < 0 ? (int)n : -EIO);
		work(slave);
		return 0;
	}
	if (n == 0)
		return 0;
	slave->heard_ns = monotonic_ns();
	rtu_receive(&slave->rtu, bytes, (size_t)n, slave->heard_ns);
	if (slave->reply_length)
		arm(slave->turnaround, reply_time_ns(slave));
	after_bytes(slave);
	return 0;
}

static int on_silence(sd_event_source *source, uint64_t usec, void *context)
{
	struct slave *slave = context;

	(void)source;
	(void)usec;
	rtu_poll(&slave->rtu, monotonic_ns());
	after_bytes(slave);
	return 0;
}

/* How long a frame and its CRC take on the wire. */
static int64_t wire_ns(const struct slave *slave)
{
	return (int64_t)(slave->reply_length + 2) * character_ns(&slave->config);
}

static void expect_echo(struct slave *slave)
{
	uint8_t frame[FRAME_BYTES + 2];
	size_t length = slave->reply_length;
	uint16_t crc = rtu_crc(slave->reply, length);

	memcpy(frame, slave->reply, length);
	frame[length] = (uint8_t)crc;
	frame[length + 1] = (uint8_t)(crc >> 8);
	rtu_expect_echo(&slave->rtu, frame, length + 2, slave->sent_until_ns,
			slave->sent_until_ns + slave->config.gap_ms * INT64_C(1000000) + ECHO_LATE_NS);
}

static int on_turnaround(sd_event_source *source, uint64_t usec, void *context)
{
	struct slave *slave = context;
	int64_t wire = wire_ns(slave);
	int error;

	(void)source;
	(void)usec;
	if (monotonic_ns() - slave->ready_ns > turnaround_ns(&slave->config) + REPLY_LATE_NS) {
		slave->counters.dropped++;
		log_limited(&slave->drop_limit, LOG_WARNING, "modbus: %s: a reply is dropped, its request is older than 1 s",
			    slave->config.device);
		slave->reply_length = 0;
		work(slave);
		return 0;
	}
	port_drive(slave->port, true);
	slave->sent_from_ns = monotonic_ns();
	error = port_send(slave->port, slave->reply, slave->reply_length);
	slave->sent_until_ns = slave->sent_from_ns + wire;
	if (error) {
		slave->counters.dropped++;
		log_limited(&slave->drop_limit, LOG_WARNING, "modbus: %s: a reply is lost: %s",
			    slave->config.device, strerror(-error));
	} else {
		slave->counters.replies++;
		slave->counters.exceptions += slave->reply[1] >= 0x80;
		if (slave->config.echo)
			expect_echo(slave);
	}
	slave->reply_length = 0;
	/* Not every adapter tells what it still holds: RTS stays for as long as the frame must take. */
	slave->sending = !port_sent(slave->port) || slave->config.rts != 'n' || (slave->config.echo && !error);
	if (slave->sending)
		arm(slave->sent, slave->sent_until_ns);
	else
		port_drive(slave->port, false);
	work(slave);
	return 0;
}

/* The kernel is asked whether the UART is empty: the clock's estimate alone may be short by a character. */
static int on_sent(sd_event_source *source, uint64_t usec, void *context)
{
	struct slave *slave = context;
	bool sent = port_sent(slave->port);

	(void)source;
	(void)usec;
	if (sent)
		port_drive(slave->port, false);
	if (!sent || rtu_echo_pending(&slave->rtu, monotonic_ns())) {
		arm(slave->sent, monotonic_ns() + character_ns(&slave->config));
		return 0;
	}
	slave->sending = false;
	work(slave);
	return 0;
}

void slave_write_done(struct slave *slave, int exception)
{
	uint8_t response[PDU_MAX];

	if (!slave->writing)
		return;
	slave->writing = false;
	if (!slave->orphan && !slave->write.broadcast) {
		set_reply(slave, response, pdu_write_response(&slave->write, exception, response));
		slave->ready_ns = monotonic_ns();
	}
	slave->orphan = false;
	work(slave);
}

int slave_reconfigure(struct slave *slave, const struct modbus_config *config)
{
	if (!config_valid(config))
		return -EINVAL;
	slave->wanted = *config;
	slave->reconfigure = true;
	work(slave);
	return 0;
}

const struct slave_counters *slave_counters(const struct slave *slave)
{
	return &slave->counters;
}

const char *slave_port_name(const struct slave *slave)
{
	return slave->port ? port_name(slave->port) : "";
}

/*
 * An adapter that is not plugged in, a UART that the board has not, a device that udev has not yet given to the group, or that the tool of
 * somebody who looks at the bus has locked.
 */
static bool may_come(const struct modbus_config *config, int error)
{
	return !modbus_device_link(config->device) &&
	       (is_absent(error) || error == -EIO || error == -EACCES || error == -EPERM || error == -EAGAIN);
}

/* Without its port a meter measures all the same. */
static int open_first(struct slave *slave)
{
	int error = open_port(slave, false);

	if (!may_come(&slave->config, error))
		return error;
	log_warning("modbus: %s: the meter measures without its port; trying to open it again", slave->config.device);
	slave->was_absent = is_absent(error);
	schedule_retry(slave);
	return 0;
}

static int add_timer(struct slave *slave, sd_event_source **timer, sd_event_time_handler_t handler)
{
	int error = sd_event_add_time(slave->event, timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, handler, slave);

	if (error < 0)
		return error;
	sd_event_source_set_priority(*timer, SD_EVENT_PRIORITY_NORMAL - 1);
	disarm(*timer);
	return 0;
}

int slave_new(struct slave **result, sd_event *event, const struct modbus_config *config,
	      const struct identity *identity, const struct slave_ops *ops, void *context)
{
	struct slave *slave;
	int error;

	if (!config_valid(config)) {
		log_error("modbus: %s: settings out of range", config->device);
		return -EINVAL;
	}
	slave = calloc(1, sizeof(*slave));
	if (slave == NULL)
		return -ENOMEM;
	slave->event = sd_event_ref(event);
	slave->config = *config;
	slave->identity = *identity;
	slave->ops = *ops;
	slave->context = context;
	slave->error_limit = (struct log_limit) { .burst = 3, .interval_s = 600 };
	slave->drop_limit = (struct log_limit) { .burst = 3, .interval_s = 600 };
	if ((error = add_timer(slave, &slave->silence, on_silence)) < 0 ||
	    (error = add_timer(slave, &slave->turnaround, on_turnaround)) < 0 ||
	    (error = add_timer(slave, &slave->sent, on_sent)) < 0 ||
	    (error = add_timer(slave, &slave->retry, on_retry)) < 0 ||
	    (error = add_timer(slave, &slave->look, on_look)) < 0)
		log_error("modbus: cannot make a timer: %s", strerror(-error));
	else
		error = open_first(slave);
	if (error < 0) {
		slave_free(slave);
		return error;
	}
	urgent_thread();
	*result = slave;
	return 0;
}

void slave_free(struct slave *slave)
{
	if (slave == NULL)
		return;
	close_port(slave);
	sd_event_source_disable_unref(slave->silence);
	sd_event_source_disable_unref(slave->turnaround);
	sd_event_source_disable_unref(slave->sent);
	sd_event_source_disable_unref(slave->retry);
	sd_event_source_disable_unref(slave->look);
	sd_event_unref(slave->event);
	free(slave);
}
