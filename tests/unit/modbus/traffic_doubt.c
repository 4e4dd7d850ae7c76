/* What a receiver cannot tell: a CRC of 16 bits also holds by chance, about once in 65536 places. */
#include "traffic.h"

/* The length that V1.1b3 gives a frame of this function, 0 = it gives none, or not within these bytes. */
static size_t request_length(const uint8_t *bytes, size_t available)
{
	switch (bytes[1]) {
	case 0x01: case 0x02: case 0x03: case 0x04: case 0x05: case 0x06:
		return 8;
	case 0x07: case 0x0B: case 0x0C: case 0x11:
		return 4;
	case 0x0F: case 0x10:
		return available > 6 ? bytes[6] + 9u : 0;
	case 0x14: case 0x15:
		return bytes[2] + 5u;
	case 0x16:
		return 10;
	case 0x17:
		return available > 10 ? bytes[10] + 13u : 0;
	case 0x18:
		return 6;
	case 0x2B:
		return bytes[2] == 0x0E ? 7 : 0;
	default:
		return 0;
	}
}

static size_t identification_length(const uint8_t *bytes, size_t available)
{
	size_t at = 8;

	if (bytes[2] != 0x0E || available < at)
		return 0;
	for (unsigned i = 0; i < bytes[7]; i++) {
		if (at + 2 > available || at > 255)
			return 0;
		at += 2u + bytes[at + 1];
	}
	return at + 2;
}

static size_t reply_length(const uint8_t *bytes, size_t available)
{
	if (bytes[1] >= 0x80)
		return 5;
	switch (bytes[1]) {
	case 0x01: case 0x02: case 0x03: case 0x04: case 0x0C: case 0x11: case 0x14: case 0x15: case 0x17:
		return bytes[2] + 5u;
	case 0x05: case 0x06: case 0x0B: case 0x0F: case 0x10:
		return 8;
	case 0x07:
		return 5;
	case 0x16:
		return 10;
	case 0x18:
		return ((size_t)bytes[2] << 8 | bytes[3]) + 6;
	case 0x2B:
		return identification_length(bytes, available);
	default:
		return 0;
	}
}

/* Composed to be read so: a good frame (a CRC holds with zeros more or less, too), or a bait. */
static bool meant(const struct traffic *traffic, size_t at, size_t length)
{
	for (size_t i = 0; i < traffic->n_played; i++) {
		const struct traffic_stretch *frame = &traffic->played[i];
		size_t low = frame->length, high = frame->length;

		if (frame->at != at || !frame->good)
			continue;
		while (low > 4 && traffic->bytes[at + low - 1] == 0 && traffic_crc(traffic->bytes + at, low - 1) == 0)
			low--;
		while (at + high < traffic->length && traffic->bytes[at + high] == 0)
			high++;
		if (length >= low && length <= high)
			return true;
	}
	for (size_t i = 0; i < traffic->n_baits; i++) {
		const struct traffic_stretch *bait = &traffic->baits[i];

		if (bait->at == at && length >= bait->length && length <= bait->length + 2)
			return true;
	}
	return false;
}

/* A frame may be thought to begin here. */
static bool is_boundary(const struct traffic *traffic, size_t at)
{
	for (size_t i = 0; i < traffic->n_played; i++) {
		if (traffic->played[i].at == at)
			return true;
	}
	for (size_t i = 0; i < traffic->n_baits; i++) {
		if (traffic->baits[i].at == at || traffic->baits[i].at + traffic->baits[i].length == at)
			return true;
	}
	return false;
}

static bool holds_by_chance(const struct traffic *traffic, size_t at, size_t length)
{
	return length >= 4 && length <= 256 && length <= traffic->length - at &&
	       traffic_crc(traffic->bytes + at, length) == 0 && !meant(traffic, at, length);
}

/* Does silence or a CRC alone tell where the frame that may begin here ends? */
static bool of_any_length(const struct traffic *traffic, size_t at)
{
	const uint8_t *bytes = traffic->bytes + at;
	size_t available = traffic->length - at, request = request_length(bytes, available);

	/* A byte count may be wrong. */
	if (bytes[1] == 0x0F || bytes[1] == 0x10 || bytes[1] == 0x14 || bytes[1] == 0x15 || bytes[1] == 0x17)
		request = 0;
	if (request != 0)
		return false;
	if (bytes[0] == traffic->address)
		return true;
	return is_boundary(traffic, at) && (bytes[0] == 0 || reply_length(bytes, available) == 0);
}

bool traffic_doubtful(const struct traffic *traffic)
{
	for (size_t at = 0; at + 4 <= traffic->length; at++) {
		const uint8_t *bytes = traffic->bytes + at;
		size_t available = traffic->length - at;

		if (holds_by_chance(traffic, at, request_length(bytes, available)) ||
		    holds_by_chance(traffic, at, reply_length(bytes, available)))
			return true;
		if (!of_any_length(traffic, at))
			continue;
		for (size_t length = 4; length <= 256 && length <= available; length++) {
			if (holds_by_chance(traffic, at, length))
				return true;
		}
	}
	return false;
}
