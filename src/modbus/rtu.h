/*
 * rtu - Modbus RTU frames out of a stream of bytes on a shared bus.  Pure.
 *
 * Modbus over serial line V1.02, 2.5.1.  The standard delimits frames by silence alone; adapters that deliver
 * bytes in chunks hide it.  So a frame is complete when its length is known from its function code and its
 * CRC holds; where the length is not known, or what came is not a frame, silence decides.
 *
 * The stream is followed for every station, not only ours: a neighbour's reply may carry bytes in its data that
 * look like a request to us, so it has to be known where the neighbours' frames begin and end.
 *
 * One instance belongs to one thread.  Time is CLOCK_MONOTONIC or any other that does not go back, in ns.
 */
#ifndef MODBUS_RTU_FRAMES_H
#define MODBUS_RTU_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTU_FRAME_MIN 4		/* address, function, CRC */
#define RTU_FRAME_MAX 256	/* V1.02, 2.3 */

/* A whole frame for this station, CRC checked and taken off. */
struct rtu_frame {
	bool broadcast;		/* address 0 */
	const uint8_t *pdu;	/* function code and data; valid during the call */
	size_t length;		/* 1..253 */
	int64_t end_ns;		/* when its last byte was received */
};

struct rtu_counters {
	uint64_t frames;	/* for this station, broadcasts included */
	uint64_t other_frames;	/* of other stations */
	uint64_t errors;	/* runs of bytes that are no frame: wrong CRC, noise, cut off */
	uint64_t echoes;	/* own frames heard back */
};

struct rtu_config {
	uint8_t address;	/* 1..247 */
	int64_t t35_ns;		/* rtu_t35_ns() */
	int64_t silence_ns;	/* what ends an incomplete frame, at least t35_ns */
	/* Called from rtu_receive() and rtu_poll() for each frame, in the order of the bus. */
	void (*frame)(void *context, const struct rtu_frame *frame);
	void *context;
};

/* A neighbour's request that has not been answered yet. */
struct rtu_question {
	bool open;
	uint8_t address, function;
	int bytes;		/* byte count its reply must have, -1 = any */
};

/* The fields are private; the size is fixed, no memory is taken elsewhere. */
struct rtu {
	struct rtu_config config;
	struct rtu_counters counters;
	struct rtu_question question;
	uint8_t data[2 * RTU_FRAME_MAX];
	bool gap_before[2 * RTU_FRAME_MAX];	/* at least t3.5 passed before this byte: maybe a boundary */
	size_t length;
	size_t shadow;		/* data[0..shadow) belong to a damaged frame: nothing in it is taken for a request */
	bool synced;		/* data[0] is where a frame must begin */
	bool slack;		/* data[0], when 0, may still belong to the frame before */
	bool in_error;		/* the run of bytes before data[0] is counted as an error already */
	int64_t last_ns;
	bool heard;		/* last_ns is set */
	uint8_t echo[RTU_FRAME_MAX];
	size_t echo_length;	/* 0 = none awaited */
	int64_t echo_sent_ns;
	int64_t echo_until_ns;
};

/* CRC-16 of the standard (V1.02, 6.2.2); goes on the wire low byte first. */
uint16_t rtu_crc(const uint8_t *data, size_t length);

/* 3.5 characters of 11 bits; 1.75 ms above 19200 baud (V1.02, 2.5.1.1). */
int64_t rtu_t35_ns(int baud);

void rtu_init(struct rtu *rtu, const struct rtu_config *config);

/* Takes bytes that arrived at now_ns, any number, cut anywhere. */
void rtu_receive(struct rtu *rtu, const uint8_t *bytes, size_t count, int64_t now_ns);

/* Lets time pass: at rtu_deadline_ns() silence decides what the bytes so far were. */
void rtu_poll(struct rtu *rtu, int64_t now_ns);

/* When rtu_poll() has something to decide; INT64_MAX = nothing waits. */
int64_t rtu_deadline_ns(const struct rtu *rtu);

/*
 * The next bytes heard until `until_ns` may be these, sent by ourselves: they are dropped.  At most RTU_FRAME_MAX.
 * They have left by `sent_ns`: a good frame that ends later proves that their echo has passed, damaged or not.
 */
void rtu_expect_echo(struct rtu *rtu, const uint8_t *frame, size_t length, int64_t sent_ns, int64_t until_ns);

/* An echo is still awaited at now_ns. */
bool rtu_echo_pending(const struct rtu *rtu, int64_t now_ns);

/* Forgets all bytes: the port was opened anew. */
void rtu_reset(struct rtu *rtu);

#endif
