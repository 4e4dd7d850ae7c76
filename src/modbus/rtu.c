#include "modbus/rtu.h"

#include <assert.h>
#include <string.h>

#include "modbus/rtu_length.h"

#define LENGTH_MAX (sizeof(((struct rtu *)0)->data))

enum verdict {
	WAIT,		/* more bytes or silence will tell */
	OURS,		/* a frame for this station */
	OTHER,		/* a frame of another one */
	ECHO,		/* what we sent */
	GARBAGE		/* no frame begins here */
};

static uint16_t crc_add(uint16_t crc, uint8_t byte)
{
	/* The remainder after four more bits, for each value of four bits (polynomial 0xA001, reflected). */
	static const uint16_t remainder[16] = {
		0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
		0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
	};

	crc ^= byte;
	crc = (uint16_t)(crc >> 4 ^ remainder[crc & 15]);
	return (uint16_t)(crc >> 4 ^ remainder[crc & 15]);
}

uint16_t rtu_crc(const uint8_t *data, size_t length)
{
	uint16_t crc = 0xFFFF;

	for (size_t i = 0; i < length; i++)
		crc = crc_add(crc, data[i]);
	return crc;
}

int64_t rtu_t35_ns(int baud)
{
	if (baud > 19200)
		return 1750000;
	return INT64_C(38500000000) / baud;
}

void rtu_init(struct rtu *rtu, const struct rtu_config *config)
{
	memset(rtu, 0, sizeof(*rtu));
	rtu->config = *config;
	rtu->synced = true;
}

void rtu_reset(struct rtu *rtu)
{
	rtu->length = rtu->shadow = rtu->echo_length = 0;
	rtu->question.open = rtu->heard = rtu->in_error = false;
	rtu->synced = true;
}

static bool crc_holds(const uint8_t *data, size_t length)
{
	/* Taken over a frame and its CRC, it is 0. */
	return length >= RTU_FRAME_MIN && length <= RTU_FRAME_MAX && rtu_crc(data, length) == 0;
}

/* Is there a whole, good frame of `length` as rtu_length.h gave it? */
static bool whole(const uint8_t *data, size_t available, int length)
{
	return length > 0 && (size_t)length <= available && crc_holds(data, (size_t)length);
}

/* Can it still become one? */
static bool unfinished(size_t available, int length)
{
	return length == RTU_LENGTH_LATER || (length > 0 && length <= RTU_FRAME_MAX && (size_t)length > available);
}

/*
 * Functions from 0x80 on are exception replies, never requests: an echo of our own must not be answered.
 * A broadcast that is no write is nobody's.
 */
static bool is_ours(const struct rtu *rtu, const uint8_t *data)
{
	if (data[0] == 0)
		return data[1] == 0x06 || data[1] == 0x10;
	return data[0] == rtu->config.address && data[1] < 0x80;
}

/* May a request be of another length than rtu_request_length() says?  A byte count may be wrong, a fixed length not. */
static bool any_length(const uint8_t *data, int request)
{
	switch (data[1]) {
	case 0x0F: case 0x10: case 0x14: case 0x15: case 0x17:
		return true;
	default:
		return request == RTU_LENGTH_UNKNOWN;
	}
}

/*
 * Where a request to us ends that is not as long as its byte count says, or whose length is not known: before silence,
 * or before a pause.  Its length, 0 = it is none.
 */
static size_t find_our_end(const struct rtu *rtu)
{
	if (crc_holds(rtu->data, rtu->length))
		return rtu->length;
	for (size_t n = RTU_FRAME_MIN; n < rtu->length && n <= RTU_FRAME_MAX; n++) {
		if (rtu->gap_before[n] && crc_holds(rtu->data, n))
			return n;
	}
	return 0;
}

/* The next length from `from` on, up to `available`, at which the CRC holds, 0 = none; *crc is that of data[0..from-1). */
static size_t next_end(const uint8_t *data, size_t available, size_t from, uint16_t *crc)
{
	for (size_t n = from; n <= available && n <= RTU_FRAME_MAX; n++) {
		*crc = crc_add(*crc, data[n - 1]);
		if (*crc == 0)
			return n;
	}
	return 0;
}

static size_t first_end(const uint8_t *data, size_t available)
{
	uint16_t crc = rtu_crc(data, RTU_FRAME_MIN - 1);

	return next_end(data, available, RTU_FRAME_MIN, &crc);
}

/* What follows data[at]: a good frame of known length (1), none (0), or not known yet (-1). */
static int known_frame_follows(const struct rtu *rtu, size_t at, bool final)
{
	const uint8_t *data = rtu->data + at;
	size_t available = rtu->length - at;
	int request, reply;

	if (available < 2)
		return final ? 0 : -1;
	request = rtu_request_length(data, available);
	reply = rtu_reply_length(data, available);
	if (whole(data, available, request) || (!is_ours(rtu, data) && whole(data, available, reply)))
		return 1;
	return !final && (unfinished(available, request) || unfinished(available, reply)) ? -1 : 0;
}

/* The same for a frame of any length. */
static int frame_follows(const struct rtu *rtu, size_t at, bool final)
{
	size_t available = rtu->length - at;

	if (available >= RTU_FRAME_MIN && rtu_reply_length(rtu->data + at, available) == RTU_LENGTH_UNKNOWN &&
	    first_end(rtu->data + at, available))
		return 1;
	return known_frame_follows(rtu, at, final);
}

/*
 * Where a neighbour's frame of unknown function ends: its CRC tells, once a pause or silence has come.  By chance a CRC
 * holds at one place in 65536; so a place counts only where a pause, silence or another frame confirms it.  A CRC that
 * holds does so with a zero more, too: the shortest frame counts, the zero may be the address of a broadcast.
 */
static size_t find_other_end(const struct rtu *rtu, bool silence)
{
	bool decide = silence || rtu->length == LENGTH_MAX;
	uint16_t crc = rtu_crc(rtu->data, RTU_FRAME_MIN - 1);
	size_t n = RTU_FRAME_MIN - 1;

	if (rtu->length < RTU_FRAME_MIN)
		return 0;
	while ((n = next_end(rtu->data, rtu->length, n + 1, &crc)) > 0) {
		bool pause = n < rtu->length && rtu->gap_before[n];

		/* More than one place: silence shall tell. */
		if (!pause && !decide && (n == rtu->length || rtu->data[n] != 0))
			return 0;
		if (!pause && !decide)
			continue;
		if (!pause && !(silence && n == rtu->length) && frame_follows(rtu, n, true) == 0)
			continue;
		while (n > RTU_FRAME_MIN && rtu->data[n - 1] == 0 && crc_holds(rtu->data, n - 1))
			n--;
		return n;
	}
	return 0;
}

/* A frame may begin at data[0]: the one before ended here, or the bus was quiet. */
static bool at_boundary(const struct rtu *rtu)
{
	return rtu->synced || rtu->gap_before[0];
}

/* Does the damaged frame end where its length says: before silence, a pause or a good frame?  As frame_follows(). */
static int shadow_ends(const struct rtu *rtu, bool final)
{
	if (rtu->shadow == rtu->length)
		return final ? 1 : -1;
	return rtu->gap_before[rtu->shadow] ? 1 : frame_follows(rtu, rtu->shadow, final);
}

/*
 * A good request within the bytes of a damaged frame is part of that frame's data when the frame
 * came in its full length; else the frame was cut off, and the bus went on with the request.
 */
static enum verdict judge_shadowed(const struct rtu *rtu, size_t length, bool final)
{
	int follows, ends;

	/* Its CRC is not data. */
	if (length + 2 > rtu->shadow)
		return OURS;
	follows = known_frame_follows(rtu, length, final);
	ends = shadow_ends(rtu, final);
	if (follows > 0 || ends == 0)
		return OURS;
	return follows < 0 || ends < 0 ? WAIT : GARBAGE;
}

/* A damaged frame at data[0] whose length is beyond doubt. */
static void cast_shadow(struct rtu *rtu, int length)
{
	if (at_boundary(rtu) && length > 0 && length <= RTU_FRAME_MAX && (size_t)length <= rtu->length &&
	    (size_t)length > rtu->shadow)
		rtu->shadow = (size_t)length;
}

/* The length of a request that says it twice, by its byte count and by its quantity; 0 = it does not. */
static int counted_request(const struct rtu *rtu, int request)
{
	unsigned quantity;

	if (rtu->length < 7)
		return 0;
	quantity = (unsigned)rtu->data[4] << 8 | rtu->data[5];
	if ((rtu->data[1] == 0x10 && rtu->data[6] == 2 * quantity) ||
	    (rtu->data[1] == 0x0F && rtu->data[6] == (quantity + 7) / 8))
		return request;
	return 0;
}

static enum verdict judge_ours(struct rtu *rtu, bool final, size_t *length)
{
	int request = rtu_request_length(rtu->data, rtu->length);
	int reply = rtu_reply_length(rtu->data, rtu->length);

	if (whole(rtu->data, rtu->length, request)) {
		*length = (size_t)request;
		return judge_shadowed(rtu, *length, final);
	}
	if (!final && unfinished(rtu->length, request))
		return WAIT;
	/* What can only be a reply at our own address was sent by ourselves, whether an echo is expected or not. */
	if (at_boundary(rtu) && rtu->data[0] != 0 && whole(rtu->data, rtu->length, reply)) {
		*length = (size_t)reply;
		return ECHO;
	}
	if (!final) {
		/* Only silence tells the end of a request with a wrong byte count or an unknown function. */
		return at_boundary(rtu) || request == RTU_LENGTH_UNKNOWN ? WAIT : GARBAGE;
	}
	if (at_boundary(rtu))
		*length = any_length(rtu->data, request) ? find_our_end(rtu) : 0;
	else
		*length = request == RTU_LENGTH_UNKNOWN && crc_holds(rtu->data, rtu->length) ? rtu->length : 0;
	if (*length)
		return judge_shadowed(rtu, *length, true);
	cast_shadow(rtu, counted_request(rtu, request));
	return GARBAGE;
}

/* Is data[0] the beginning of the reply that the question calls for? */
static bool answers_question(const struct rtu *rtu)
{
	const struct rtu_question *question = &rtu->question;

	if (!question->open || rtu->data[0] != question->address || (rtu->data[1] & 0x7F) != question->function)
		return false;
	return rtu->data[1] >= 0x80 || question->bytes < 0 || rtu->length < 3 || rtu->data[2] == question->bytes;
}

static void note_question(struct rtu *rtu)
{
	rtu->question.open = true;
	rtu->question.address = rtu->data[0];
	rtu->question.function = rtu->data[1];
	rtu->question.bytes = rtu_reply_bytes(rtu->data);
}

static enum verdict judge_other(struct rtu *rtu, bool final, size_t *length)
{
	bool answer = answers_question(rtu);
	int request = rtu_request_length(rtu->data, rtu->length);
	int reply = rtu_reply_length(rtu->data, rtu->length);

	if (answer && whole(rtu->data, rtu->length, reply)) {
		rtu->question.open = false;
		*length = (size_t)reply;
		return OTHER;
	}
	if (answer && !final && unfinished(rtu->length, reply))
		return WAIT;
	if (whole(rtu->data, rtu->length, request) && whole(rtu->data, rtu->length, reply) && request == reply + 1) {
		/* The CRC of the reply, or of the request that ends with a zero? */
		int follows = known_frame_follows(rtu, (size_t)reply, final);

		if (follows < 0)
			return WAIT;
		if (follows > 0)
			request = RTU_LENGTH_UNKNOWN;
	}
	/* The zero at the end of the request may not have come yet. */
	if (!final && whole(rtu->data, rtu->length, reply) && unfinished(rtu->length, request) && request > reply &&
	    request <= reply + 2)
		return WAIT;
	if (whole(rtu->data, rtu->length, request)) {
		note_question(rtu);
		*length = (size_t)request;
		return OTHER;
	}
	if (whole(rtu->data, rtu->length, reply)) {
		rtu->question.open = false;
		*length = (size_t)reply;
		return OTHER;
	}
	if (rtu->synced && reply == RTU_LENGTH_UNKNOWN) {
		*length = find_other_end(rtu, final);
		if (*length) {
			rtu->question.open = false;
			return OTHER;
		}
		if (!final && rtu->length < LENGTH_MAX)
			return WAIT;
	}
	if (!final && (unfinished(rtu->length, request) || unfinished(rtu->length, reply)))
		return WAIT;
	if (answer && rtu->question.bytes >= 0)
		cast_shadow(rtu, reply);
	else
		cast_shadow(rtu, counted_request(rtu, request));
	return GARBAGE;
}

/* Does data[0] begin what we sent, as far as it has come? */
static bool matches_echo(struct rtu *rtu)
{
	size_t n = rtu->length < rtu->echo_length ? rtu->length : rtu->echo_length;

	if (!rtu->echo_length)
		return false;
	if (rtu->last_ns > rtu->echo_until_ns) {
		rtu->echo_length = 0;
		return false;
	}
	return memcmp(rtu->data, rtu->echo, n) == 0;
}

static enum verdict judge(struct rtu *rtu, bool final, size_t *length)
{
	/* Nothing for us that begins at data[0] is longer than a frame. */
	bool decide = final || rtu->length >= RTU_FRAME_MAX;

	if (matches_echo(rtu)) {
		*length = rtu->length < rtu->echo_length ? rtu->length : rtu->echo_length;
		if (*length == rtu->echo_length || final)
			return ECHO;
		return WAIT;
	}
	if (rtu->length < 2)
		return decide ? GARBAGE : WAIT;
	return is_ours(rtu, rtu->data) ? judge_ours(rtu, decide, length) : judge_other(rtu, final, length);
}

static void consume(struct rtu *rtu, size_t count)
{
	rtu->length -= count;
	memmove(rtu->data, rtu->data + count, rtu->length);
	memmove(rtu->gap_before, rtu->gap_before + count, rtu->length * sizeof(rtu->gap_before[0]));
	rtu->shadow = rtu->shadow > count ? rtu->shadow - count : 0;
}

static void deliver(struct rtu *rtu, size_t length)
{
	struct rtu_frame frame = {
		.broadcast = rtu->data[0] == 0,
		.pdu = rtu->data + 1,
		.length = length - 3,
		.end_ns = rtu->last_ns,
	};

	rtu->counters.frames++;
	rtu->question.open = false;
	rtu->config.frame(rtu->config.context, &frame);
}

static void drop_byte(struct rtu *rtu)
{
	if (rtu->slack && rtu->data[0] == 0) {
		consume(rtu, 1);
		return;
	}
	if (!rtu->in_error)
		rtu->counters.errors++;
	rtu->in_error = true;
	rtu->synced = rtu->slack = false;
	consume(rtu, 1);
}

/* Takes all frames off the front of the buffer that can be told; at silence (final) that is everything. */
static void parse(struct rtu *rtu, bool final)
{
	while (rtu->length) {
		size_t length = 0;
		enum verdict verdict = judge(rtu, final, &length);

		if (verdict == WAIT)
			break;
		if (verdict == GARBAGE) {
			drop_byte(rtu);
			continue;
		}
		/* Of a frame with more bytes behind it, it is not known when it ended. */
		if (verdict == ECHO || (length == rtu->length && rtu->last_ns > rtu->echo_sent_ns))
			rtu->echo_length = 0;
		if (verdict == OURS) {
			deliver(rtu, length);
		} else if (verdict == ECHO) {
			rtu->counters.echoes++;
		} else {
			rtu->counters.other_frames++;
		}
		/* A CRC that holds does so with zeros more. */
		rtu->slack = verdict == OTHER;
		consume(rtu, length);
		rtu->synced = true;
		rtu->in_error = false;
	}
	if (final) {
		assert(rtu->length == 0);
		rtu->synced = true;
		rtu->in_error = rtu->slack = false;
		rtu->shadow = 0;
	}
}

void rtu_receive(struct rtu *rtu, const uint8_t *bytes, size_t count, int64_t now_ns)
{
	bool gap;

	if (!count)
		return;
	rtu_poll(rtu, now_ns);
	gap = !rtu->heard || now_ns - rtu->last_ns >= rtu->config.t35_ns;
	rtu->last_ns = now_ns;
	rtu->heard = true;
	while (count) {
		size_t n = LENGTH_MAX - rtu->length;

		if (n > count)
			n = count;
		memcpy(rtu->data + rtu->length, bytes, n);
		memset(rtu->gap_before + rtu->length, 0, n * sizeof(rtu->gap_before[0]));
		rtu->gap_before[rtu->length] = gap;
		gap = false;
		rtu->length += n;
		bytes += n;
		count -= n;
		parse(rtu, false);
	}
}

void rtu_poll(struct rtu *rtu, int64_t now_ns)
{
	if (rtu->length && now_ns - rtu->last_ns >= rtu->config.silence_ns)
		parse(rtu, true);
}

int64_t rtu_deadline_ns(const struct rtu *rtu)
{
	return rtu->length ? rtu->last_ns + rtu->config.silence_ns : INT64_MAX;
}

void rtu_expect_echo(struct rtu *rtu, const uint8_t *frame, size_t length, int64_t sent_ns,
		     int64_t until_ns)
{
	assert(length <= sizeof(rtu->echo));
	memcpy(rtu->echo, frame, length);
	rtu->echo_length = length;
	rtu->echo_sent_ns = sent_ns;
	rtu->echo_until_ns = until_ns;
}

bool rtu_echo_pending(const struct rtu *rtu, int64_t now_ns)
{
	return rtu->echo_length && now_ns <= rtu->echo_until_ns;
}
