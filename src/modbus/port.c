#include "modbus/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/log.h"
#include "modbus/lock.h"
#include "modbus/pty.h"

struct port {
	modbus_t *modbus;
	int fd;
	int lock_fd;		/* a tty: opened and locked before its settings are touched */
	bool is_pty;
	struct pty pty;
	char name[256];
	char rts;
	bool counts_errors;
	struct serial_icounter_struct counts;
};

static int complain(const struct port *port, bool quiet, int error, const char *what)
{
	if (!quiet)
		log_error("modbus: %s: %s: %s", port->name, what, strerror(-error));
	return error;
}

static int busy(const struct port *port, bool quiet)
{
	pid_t holder = lock_holder(port->name);
	char name[32];

	lock_holder_name(holder, name, sizeof(name));
	if (!quiet && holder > 0)
		log_error("modbus: %s: in use by process %d%s%s%s", port->name, (int)holder, *name ? " (" : "", name, *name ? ")" : "");
	else if (!quiet)
		log_error("modbus: %s: in use by another process", port->name);
	return lock_holder_is_alike(holder) ? -EBUSY : -EAGAIN;
}

/* The lock comes first: opening through libmodbus changes the line settings, also under another process that uses it. */
static int lock_tty(struct port *port, bool quiet)
{
	int error;

	port->lock_fd = open(port->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (port->lock_fd < 0)
		return errno == EBUSY ? busy(port, quiet) : complain(port, quiet, -errno, "cannot open");
	if (!isatty(port->lock_fd)) {
		error = complain(port, quiet, -ENOTTY, "no serial port");
		goto fail;
	}
	error = lock_take(port->lock_fd);
	if (!error)
		return 0;
	if (error == -EBUSY)
		error = busy(port, quiet);
	else
		complain(port, quiet, error, "cannot lock");
fail:
	close(port->lock_fd);
	return error;
}

/* libmodbus enables RS-485 and leaves the direction of RTS as the driver had it; a driver that had none gets the usual one. */
static int set_rs485(const struct port *port)
{
	struct serial_rs485 rs485;

	if (modbus_rtu_set_serial_mode(port->modbus, MODBUS_RTU_RS485) < 0 || ioctl(port->fd, TIOCGRS485, &rs485) < 0)
		return -errno;
	if (rs485.flags & (SER_RS485_RTS_ON_SEND | SER_RS485_RTS_AFTER_SEND))
		return 0;
	rs485.flags |= SER_RS485_RTS_ON_SEND;
	return ioctl(port->fd, TIOCSRS485, &rs485) < 0 ? -errno : 0;
}

static int open_tty(struct port *port, const struct modbus_config *config, bool quiet)
{
	int error = lock_tty(port, quiet);

	if (error)
		return error;
	if (modbus_connect(port->modbus) < 0) {
		error = complain(port, quiet, errno ? -errno : -EIO, "cannot open and set up");
		goto fail;
	}
	port->fd = modbus_get_socket(port->modbus);
	ioctl(port->fd, TIOCEXCL);
	if (config->rs485) {
		error = set_rs485(port);
		if (error) {
			complain(port, quiet, error, "no RS-485 mode in the kernel's driver (rs485 = false; rts = \"up\" may serve)");
			goto disconnect;
		}
	}
	tcflush(port->fd, TCIOFLUSH);
	port_drive(port, false);
	port->counts_errors = ioctl(port->fd, TIOCGICOUNT, &port->counts) == 0;
	return 0;
disconnect:
	ioctl(port->fd, TIOCNXCL);
	modbus_close(port->modbus);
fail:
	close(port->lock_fd);
	return error;
}

int port_open(struct port **result, const struct modbus_config *config, bool quiet)
{
	struct port *port = calloc(1, sizeof(*port));
	const char *link = modbus_device_link(config->device);
	int error;

	if (port == NULL)
		return -ENOMEM;
	port->is_pty = link != NULL;
	port->rts = config->rts;
	snprintf(port->name, sizeof(port->name), "%s", config->device);
	port->modbus = modbus_new_rtu(port->name, config->baud, config->parity, 8, config->stop_bits);
	if (port->modbus == NULL) {
		error = complain(port, quiet, -errno, "settings refused");
		goto fail;
	}
	if (link) {
		error = pty_open(&port->pty, link, quiet);
		if (!error) {
			port->fd = port->pty.master;
			modbus_set_socket(port->modbus, port->fd);
			snprintf(port->name, sizeof(port->name), "%s", port->pty.name);
		}
	} else {
		error = open_tty(port, config, quiet);
	}
	if (error)
		goto free_modbus;
	*result = port;
	return 0;
free_modbus:
	modbus_free(port->modbus);
fail:
	free(port);
	return error;
}

int port_fd(const struct port *port)
{
	return port->fd;
}

int port_watch_fd(const struct port *port)
{
	return port->is_pty ? port->pty.watch : -1;
}

void port_watch(struct port *port)
{
	pty_watch(&port->pty);
}

void port_look_after(struct port *port)
{
	if (port->is_pty)
		pty_look_after(&port->pty);
}

ssize_t port_read(struct port *port, uint8_t *bytes, size_t size)
{
	ssize_t n = read(port->fd, bytes, size);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int port_send(struct port *port, const uint8_t *frame, size_t length)
{
	if (modbus_send_raw_request(port->modbus, frame, (int)length) >= 0)
		return 0;
	/* A part was taken: the rest would come too late to belong to it. */
	return errno == EMBBADDATA ? -EAGAIN : -errno;
}

bool port_sent(const struct port *port)
{
	int queued = 0;
	unsigned state = TIOCSER_TEMT;

	if (port->is_pty)
		return true;
	if (ioctl(port->fd, TIOCOUTQ, &queued) == 0 && queued > 0)
		return false;
	return ioctl(port->fd, TIOCSERGETLSR, &state) < 0 || (state & TIOCSER_TEMT);
}

/*
 * Not libmodbus's way of driving RTS: that sleeps while the frame goes out, up to 2 s at 1200 baud.
 */
void port_drive(struct port *port, bool sending)
{
	int rts = TIOCM_RTS;

	if (port->is_pty || port->rts == 'n')
		return;
	ioctl(port->fd, sending == (port->rts == 'u') ? TIOCMBIS : TIOCMBIC, &rts);
}

/* The driver's counters are 32 bits wide and wrap. */
static uint64_t rise(int now, int before)
{
	return (unsigned)now - (unsigned)before;
}

uint64_t port_line_errors(struct port *port)
{
	struct serial_icounter_struct now, before = port->counts;

	if (!port->counts_errors || ioctl(port->fd, TIOCGICOUNT, &now) < 0)
		return 0;
	port->counts = now;
	return rise(now.frame, before.frame) + rise(now.parity, before.parity) + rise(now.overrun, before.overrun) +
	       rise(now.buf_overrun, before.buf_overrun) + rise(now.brk, before.brk);
}

const char *port_name(const struct port *port)
{
	return port->name;
}

void port_close(struct port *port)
{
	if (port->is_pty) {
		pty_close(&port->pty);
	} else {
		ioctl(port->fd, TIOCNXCL);
		modbus_close(port->modbus);
		close(port->lock_fd);
	}
	modbus_free(port->modbus);
	free(port);
}
