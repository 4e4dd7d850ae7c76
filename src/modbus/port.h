/*
 * port - the tty or pseudo-terminal under the slave.  Main thread only; nothing here waits.
 * libmodbus's only owner: it opens and configures a tty, and sends.
 */
#ifndef MODBUS_PORT_H
#define MODBUS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modbus/slave.h"

struct port;

/*
 * Opens, locks and configures what config->device names.  Returns 0 or -errno after one log line with path
 * and reason; `quiet` leaves that line out (a port that is tried again and again).
 * -EBUSY: another meter holds it, -EAGAIN: another program.  -EEXIST: LINK is something that must not be replaced.
 */
int port_open(struct port **port, const struct modbus_config *config, bool quiet);

/* What to wait on for input. */
int port_fd(const struct port *port);

/* What to wait on beside it, -1 = nothing; when readable, port_watch() is due before port_read(). */
int port_watch_fd(const struct port *port);
void port_watch(struct port *port);

/* To be called every few seconds: a pseudo-terminal's link that somebody removed is made anew. */
void port_look_after(struct port *port);

/* Bytes read, 0 = none now, or -errno: the port is gone. */
ssize_t port_read(struct port *port, uint8_t *bytes, size_t size);

/*
 * Sends a frame (address and PDU, 2..254 bytes); the CRC is added.  The kernel's buffer takes it whole.
 * Returns 0 or -errno: -EAGAIN when the buffer is full (a pseudo-terminal that nobody reads).
 */
int port_send(struct port *port, const uint8_t *frame, size_t length);

/* Has all that was sent left the UART?  True where that cannot be known. */
bool port_sent(const struct port *port);

/* Drives RTS where the configuration says so. */
void port_drive(struct port *port, bool sending);

/* Parity, framing, overrun errors and breaks since the last call. */
uint64_t port_line_errors(struct port *port);

/* The tty in use, for messages: /dev/ttyS0, /dev/pts/3. */
const char *port_name(const struct port *port);

void port_close(struct port *port);

#endif
