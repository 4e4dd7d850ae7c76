/*
 * traffic - composes what passes on a shared bus, byte by byte with its time on the wire, and knows what of it
 * a slave must answer.  Shares no code with the program under test: it has a CRC of its own.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAFFIC_BYTES	16384
#define TRAFFIC_FRAMES	256

/* A request that must be delivered: function and data. */
struct traffic_request {
	bool broadcast;
	size_t length;
	uint8_t pdu[253];
};

/* A reply of our own that is heard back. */
struct traffic_echo {
	int64_t start_ns, end_ns;
	size_t length;
	uint8_t frame[256];
};

/* Where something lies in the stream. */
struct traffic_stretch {
	size_t at, length;
	bool good;			/* a frame whose CRC holds */
};

struct traffic {
	uint64_t random;
	uint8_t address;		/* ours */
	int64_t character_ns, t35_ns, silence_ns;
	bool echo;			/* our replies come back */
	bool dirty;			/* no silence since bytes that were no frame */
	bool fragile;			/* the newest frame's end is known by what follows only */

	int64_t now_ns;			/* end of the newest byte */
	uint8_t bytes[TRAFFIC_BYTES];
	int64_t at_ns[TRAFFIC_BYTES];	/* when the byte has passed */
	size_t length;
	struct traffic_request expected[TRAFFIC_FRAMES];
	size_t n_expected;
	struct traffic_echo echoes[TRAFFIC_FRAMES];
	size_t n_echoes;
	struct traffic_stretch played[2 * TRAFFIC_FRAMES];	/* good frames, bad ones and noise */
	size_t n_played;
	struct traffic_stretch baits[4 * TRAFFIC_FRAMES];	/* good requests to us in the data of others */
	size_t n_baits;
	unsigned frames;		/* played, good and bad */
	char story[TRAFFIC_FRAMES * 16];	/* what was played, for a failure */
};

void traffic_init(struct traffic *traffic, uint64_t seed);

/* Composes a new round of about `frames` frames, from the present time on; ends with a long silence. */
void traffic_round(struct traffic *traffic, unsigned frames);

/* Uniform in 0..below-1. */
unsigned traffic_random(struct traffic *traffic, unsigned below);

/*
 * Does the stream also hold a frame that nobody composed: a CRC that holds by chance where a frame may lie?  It is
 * then another bus that looks the same, and no receiver can tell which of the two it hears.
 */
bool traffic_doubtful(const struct traffic *traffic);

/* CRC-16/MODBUS; after traffic_init() only. */
uint16_t traffic_crc(const uint8_t *bytes, size_t length);

#endif
