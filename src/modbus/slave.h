/*
 * slave - the serial port of a Modbus RTU slave on an sd-event loop.
 *
 * Main thread only.  libmodbus opens and configures the port and sends; framing
 * is rtu.c, responses are pdu.c.  Never blocks: a write is posted to the meter and its
 * reply goes out when the meter has answered.  A port that vanishes is reopened with back-off.
 */
#ifndef MODBUS_SLAVE_H
#define MODBUS_SLAVE_H

#include <string.h>
#include <systemd/sd-event.h>

#include "modbus/pdu.h"

/* The modbus group of the configuration. */
struct modbus_config {
	char device[256];	/* a tty, or "pty:LINK": a new pseudo-terminal with a symbolic link at LINK */
	int address;		/* 1..247 */
	int baud;		/* 1200, 2400, 4800, 9600, 19200, 38400 */
	char parity;		/* 'N', 'E', 'O' */
	int stop_bits;		/* 1, 2 */
	bool rs485;		/* kernel RS-485 mode */
	char rts;		/* 'n' none, 'u' up while sending, 'd' down while sending */
	bool echo;		/* the transceiver hears itself */
	int turnaround_us;	/* -1 = t3.5; the reply waits at least so long after the last byte; 0..1000000 */
	int gap_ms;		/* an incomplete frame waits so long for its rest, 0..1000 */
};

#define MODBUS_PTY "pty:"

/* LINK of the device "pty:LINK"; NULL where it is a tty. */
static inline const char *modbus_device_link(const char *device)
{
	return strncmp(device, MODBUS_PTY, strlen(MODBUS_PTY)) == 0 ? device + strlen(MODBUS_PTY) : NULL;
}

struct slave_counters;

/* What the slave needs of the meter. */
struct slave_ops {
	/* Copies the registers of the newest second. */
	void (*image)(void *context, struct register_image *image);
	/*
	 * Hands a write to the meter.  Returns 0; slave_write_done() will be called
	 * later from the event loop, exactly once.  One write is under way at most.
	 * Or -errno when the meter cannot take it now: the master gets exception 06.
	 */
	int (*write)(void *context, const struct pdu_write *write);
	/* The counters have changed: bytes came or went, or the port did.  NULL = nobody wants to know. */
	void (*activity)(void *context, const struct slave_counters *counters);
	/*
	 * A port that was not there at the start is there, and forbidden (EPERM).  A service's list of devices does that, which is made when
	 * it is started: a new start may open it.  Once.  NULL = nobody wants to know.
	 */
	void (*excluded)(void *context);
};

/* Bus counters, for the status. */
struct slave_counters {
	uint64_t requests;		/* good frames for this address; broadcasts are counted apart */
	uint64_t replies;		/* sent, exceptions among them */
	uint64_t exceptions;
	uint64_t broadcasts;
	uint64_t crc_errors;		/* runs of bytes that were no frame: wrong CRC, cut off, noise */
	uint64_t line_errors;		/* parity, framing, overrun, break, where the tty counts them */
	uint64_t other_frames;		/* good frames of other stations */
	uint64_t dropped;		/* requests and replies that had no room, came too late, or whose port vanished */
	uint64_t reopens;		/* how often a vanished port came back */
	int64_t last_request_ns;	/* CLOCK_MONOTONIC; 0 = never */
	bool port_open;
	int port_error;			/* why not: -errno, -EBUSY when another has it */
};

struct slave;

/*
 * Opens the port and joins the loop.  Returns 0 or -errno after a log line with path
 * and reason (-EBUSY: another meter, as far as can be told, holds the port; -ENOTTY: it is none).  A tty that is not there, may not be opened, or is held
 * by another program, is no error: it is tried again with back-off, as one that vanishes later.  Asks the scheduler to let the calling
 * thread run soon after a wakeup.
 */
int slave_new(struct slave **slave, sd_event *event, const struct modbus_config *config,
	      const struct identity *identity, const struct slave_ops *ops, void *context);

/* The meter's answer to the write under way: 0 or a Modbus exception code. */
void slave_write_done(struct slave *slave, int exception);

/*
 * Takes other settings (address, baud, parity, device) after the reply under way has gone out; the port is
 * opened anew, a pseudo-terminal of the same link stays.  A port that does not open is tried again with
 * back-off.  0, or -EINVAL when a setting is out of range: then nothing changes.
 */
int slave_reconfigure(struct slave *slave, const struct modbus_config *config);

const struct slave_counters *slave_counters(const struct slave *slave);

/* The path of the tty in use, "" while there is none. */
const char *slave_port_name(const struct slave *slave);

void slave_free(struct slave *slave);

#endif
