#include "traffic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A frame under construction, address first, CRC last. */
struct frame {
	uint8_t bytes[256];
	size_t length;
	struct traffic_stretch baits[3];	/* in `bytes` */
	size_t n_baits;
};

/* The CRC of one byte more, by the byte. */
static uint16_t crc_table[256];

/* How long the bus rests before the next frame. */
enum rest { AT_ONCE, PAUSE, SILENCE };

unsigned traffic_random(struct traffic *traffic, unsigned below)
{
	/* xorshift64* */
	traffic->random ^= traffic->random >> 12;
	traffic->random ^= traffic->random << 25;
	traffic->random ^= traffic->random >> 27;
	return (unsigned)((traffic->random * UINT64_C(2685821657736338717) >> 33) % below);
}

static bool one_in(struct traffic *traffic, unsigned n)
{
	return traffic_random(traffic, n) == 0;
}

static unsigned between(struct traffic *traffic, unsigned low, unsigned high)
{
	return low + traffic_random(traffic, high - low + 1);
}

static void fill_crc_table(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		unsigned crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
		crc_table[byte] = (uint16_t)crc;
	}
}

uint16_t traffic_crc(const uint8_t *bytes, size_t length)
{
	uint16_t crc = 0xFFFF;

	for (size_t i = 0; i < length; i++)
		crc = (uint16_t)(crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xFF]);
	return crc;
}

static void add(struct frame *frame, unsigned byte)
{
	assert(frame->length < sizeof(frame->bytes));
	frame->bytes[frame->length++] = (uint8_t)byte;
}

static void add16(struct frame *frame, unsigned value)
{
	add(frame, value >> 8);
	add(frame, value & 0xFF);
}

static void add_random(struct traffic *traffic, struct frame *frame, size_t count)
{
	while (count--)
		add(frame, traffic_random(traffic, 256));
}

static void seal(struct frame *frame)
{
	uint16_t crc = traffic_crc(frame->bytes, frame->length);

	add(frame, crc & 0xFF);
	add(frame, crc >> 8);
}

static void begin(struct frame *frame, unsigned address, unsigned function)
{
	frame->length = frame->n_baits = 0;
	add(frame, address);
	add(frame, function);
}

void traffic_init(struct traffic *traffic, uint64_t seed)
{
	fill_crc_table();
	memset(traffic, 0, sizeof(*traffic));
	traffic->random = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	traffic->address = (uint8_t)between(traffic, 1, 247);
}

static void tell(struct traffic *traffic, const char *what)
{
	size_t used = strlen(traffic->story);

	snprintf(traffic->story + used, sizeof(traffic->story) - used, "%s ", what);
}

static void rest(struct traffic *traffic, enum rest how)
{
	if (how == PAUSE) {
		traffic->now_ns += traffic->t35_ns + traffic_random(traffic, 3000) * INT64_C(1000);
	} else if (how == SILENCE) {
		traffic->now_ns += 2 * traffic->silence_ns + traffic_random(traffic, 200) * INT64_C(1000000);
		traffic->dirty = traffic->fragile = false;
	}
	tell(traffic, how == AT_ONCE ? "+" : how == PAUSE ? "," : ";");
}

static void put(struct traffic *traffic, const uint8_t *bytes, size_t count)
{
	assert(traffic->length + count <= TRAFFIC_BYTES);
	for (size_t i = 0; i < count; i++) {
		traffic->now_ns += traffic->character_ns;
		traffic->bytes[traffic->length] = bytes[i];
		traffic->at_ns[traffic->length++] = traffic->now_ns;
	}
	traffic->frames++;
	traffic->fragile = false;
}

static void play(struct traffic *traffic, const struct frame *frame)
{
	assert(traffic->n_played < 2 * TRAFFIC_FRAMES && traffic->n_baits + frame->n_baits <= 4 * TRAFFIC_FRAMES);
	for (size_t i = 0; i < frame->n_baits; i++) {
		struct traffic_stretch *bait = &traffic->baits[traffic->n_baits++];

		*bait = frame->baits[i];
		bait->at += traffic->length;
	}
	traffic->played[traffic->n_played++] = (struct traffic_stretch) {
		.at = traffic->length,
		.length = frame->length,
		.good = frame->length >= 4 && traffic_crc(frame->bytes, frame->length) == 0,
	};
	put(traffic, frame->bytes, frame->length);
}

static unsigned neighbour(struct traffic *traffic)
{
	unsigned address;

	do
		address = between(traffic, 1, 247);
	while (address == traffic->address);
	return address;
}

/* A request that a slave knows the length of. */
static void our_request(struct traffic *traffic, struct frame *frame, unsigned address)
{
	unsigned count;

	switch (traffic_random(traffic, 8)) {
	case 0: case 1: case 2:
		begin(frame, address, between(traffic, 3, 4));
		add16(frame, traffic_random(traffic, 400));
		add16(frame, between(traffic, 1, 125));
		break;
	case 3:
		begin(frame, address, 6);
		add16(frame, traffic_random(traffic, 400));
		add16(frame, traffic_random(traffic, 65536));
		break;
	case 4:
		count = between(traffic, 1, 123);
		begin(frame, address, 16);
		add16(frame, traffic_random(traffic, 400));
		add16(frame, count);
		add(frame, 2 * count);
		add_random(traffic, frame, 2 * count);
		break;
	case 5:
		begin(frame, address, 0x11);
		break;
	case 6:
		begin(frame, address, 0x2B);
		add(frame, 0x0E);
		add(frame, between(traffic, 1, 4));
		add(frame, traffic_random(traffic, 4));
		break;
	default:	/* a function that the meter has not, of known length */
		begin(frame, address, between(traffic, 1, 2));
		add16(frame, traffic_random(traffic, 400));
		add16(frame, between(traffic, 1, 125));
		break;
	}
	seal(frame);
}

/* A request whose end only silence tells: an unknown function, or a byte count that is wrong. */
static void our_odd_request(struct traffic *traffic, struct frame *frame)
{
	if (one_in(traffic, 2)) {
		begin(frame, traffic->address, between(traffic, 0x41, 0x7F));
		add_random(traffic, frame, traffic_random(traffic, 40));
	} else {
		unsigned count = between(traffic, 1, 60);

		begin(frame, traffic->address, 16);
		add16(frame, traffic_random(traffic, 400));
		add16(frame, count);
		add(frame, 2 * count + between(traffic, 1, 9));
		add_random(traffic, frame, 2 * count);
	}
	seal(frame);
}

/* Random data, now and then with a good request to us in it. */
static void add_data(struct traffic *traffic, struct frame *frame, size_t count, bool bait)
{
	struct frame inner;

	our_request(traffic, &inner, traffic->address);
	if (bait && inner.length <= count) {
		size_t before = traffic_random(traffic, (unsigned)(count - inner.length) + 1);

		add_random(traffic, frame, before);
		frame->baits[frame->n_baits++] = (struct traffic_stretch) { .at = frame->length, .length = inner.length };
		for (size_t i = 0; i < inner.length; i++)
			add(frame, inner.bytes[i]);
		count -= before + inner.length;
		tell(traffic, "bait");
	}
	add_random(traffic, frame, count);
}

/* A question to a neighbour and the answer to it, all functions of V1.1b3.  Long but flat: a case for each. */
static void conversation(struct traffic *traffic, struct frame *question, struct frame *answer, bool bait)
{
	static const uint8_t functions[] = { 1, 2, 3, 4, 5, 6, 7, 0x0B, 0x0C, 0x0F, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18,
					     0x2B, 3, 4, 3, 4, 3, 4, 0x10, 0x10 };
	unsigned address = neighbour(traffic), function = functions[traffic_random(traffic, sizeof(functions))];
	unsigned count, bytes;

	begin(question, address, function);
	begin(answer, address, function);
	switch (function) {
	case 1: case 2:
		count = between(traffic, 1, 2000);
		add16(question, traffic_random(traffic, 65536));
		add16(question, count);
		add(answer, (count + 7) / 8);
		add_data(traffic, answer, (count + 7) / 8, bait);
		break;
	case 3: case 4:
		count = between(traffic, 1, 125);
		add16(question, traffic_random(traffic, 65536));
		add16(question, count);
		add(answer, 2 * count);
		add_data(traffic, answer, 2 * count, bait);
		break;
	case 5: case 6:
		add_random(traffic, question, 4);
		*answer = *question;
		break;
	case 7:
		add_random(traffic, answer, 1);
		break;
	case 0x0B:
		add_random(traffic, answer, 4);
		break;
	case 0x0C: case 0x11:
		bytes = between(traffic, 2, 70);
		add(answer, bytes);
		add_data(traffic, answer, bytes, bait);
		break;
	case 0x0F: case 0x10:
		count = between(traffic, 1, 123);
		add16(question, traffic_random(traffic, 65536));
		add16(question, function == 0x10 ? count : 16 * count);
		add(question, 2 * count);
		memcpy(answer->bytes, question->bytes, 6);
		answer->length = 6;
		add_data(traffic, question, 2 * count, bait);
		break;
	case 0x14: case 0x15:
		bytes = 7 * between(traffic, 1, 10);
		add(question, bytes);
		add_data(traffic, question, bytes, bait);
		add(answer, bytes);
		add_data(traffic, answer, bytes, bait);
		break;
	case 0x16:
		add_random(traffic, question, 6);
		*answer = *question;
		break;
	case 0x17:
		count = between(traffic, 1, 100);
		add16(question, traffic_random(traffic, 65536));
		add16(question, count);
		add16(question, traffic_random(traffic, 65536));
		add16(question, 10);
		add(question, 20);
		add_data(traffic, question, 20, bait);
		add(answer, 2 * count);
		add_data(traffic, answer, 2 * count, bait);
		break;
	case 0x18:
		count = between(traffic, 0, 31);
		add16(question, traffic_random(traffic, 65536));
		add16(answer, 2 * count + 2);
		add16(answer, count);
		add_data(traffic, answer, 2 * count, bait);
		break;
	default:	/* 0x2B */
		add(question, 0x0E);
		add(question, 1);
		add(question, 0);
		add(answer, 0x0E);
		add(answer, 1);
		add(answer, 1);
		add16(answer, 0);
		add(answer, 3);
		for (unsigned id = 0; id < 3; id++) {
			bytes = between(traffic, 1, 40);
			add(answer, id);
			add(answer, bytes);
			add_data(traffic, answer, bytes, bait);
		}
		break;
	}
	if (one_in(traffic, 8)) {
		begin(answer, address, function | 0x80);
		add(answer, between(traffic, 1, 6));
	}
	seal(question);
	seal(answer);
}

/* Changes bytes of a frame so that its CRC fails. */
static void damage(struct traffic *traffic, struct frame *frame)
{
	do {
		for (unsigned n = between(traffic, 1, 3); n > 0; n--) {
			size_t at = traffic_random(traffic, (unsigned)frame->length);

			frame->bytes[at] ^= (uint8_t)between(traffic, 1, 255);
		}
	} while (traffic_crc(frame->bytes, frame->length) == 0);
}

static void expect(struct traffic *traffic, const struct frame *frame)
{
	struct traffic_request *request = &traffic->expected[traffic->n_expected++];

	assert(traffic->n_expected < TRAFFIC_FRAMES);
	request->broadcast = frame->bytes[0] == 0;
	request->length = frame->length - 3;
	memcpy(request->pdu, frame->bytes + 1, request->length);
}

/* Our reply, heard back after the turnaround. */
static void play_echo(struct traffic *traffic, const struct frame *request)
{
	struct traffic_echo *echo = &traffic->echoes[traffic->n_echoes++];
	struct frame reply;

	if (request->bytes[1] == 6) {
		reply = *request;
	} else {
		begin(&reply, traffic->address, request->bytes[1]);
		add(&reply, 40);
		add_data(traffic, &reply, 40, one_in(traffic, 4));
		seal(&reply);
	}
	traffic->now_ns += 2 * traffic->silence_ns;
	echo->start_ns = traffic->now_ns;
	play(traffic, &reply);
	echo->end_ns = traffic->now_ns;
	echo->length = reply.length;
	memcpy(echo->frame, reply.bytes, reply.length);
	rest(traffic, PAUSE);
	tell(traffic, "echo");
}

static enum rest any_rest(struct traffic *traffic)
{
	return (enum rest)traffic_random(traffic, 3);
}

static void play_ours(struct traffic *traffic)
{
	struct frame frame;
	bool broadcast = one_in(traffic, 8);

	our_request(traffic, &frame, broadcast ? 0 : traffic->address);
	play(traffic, &frame);
	/* A broadcast that is no write is for nobody. */
	if (!broadcast || frame.bytes[1] == 0x06 || frame.bytes[1] == 0x10)
		expect(traffic, &frame);
	tell(traffic, broadcast ? "all" : "OURS");
	if (traffic->echo && !broadcast)
		play_echo(traffic, &frame);
}

/* Silence on either side is all that tells where it begins and ends. */
static void play_ours_odd(struct traffic *traffic)
{
	struct frame frame;

	rest(traffic, SILENCE);
	our_odd_request(traffic, &frame);
	play(traffic, &frame);
	expect(traffic, &frame);
	tell(traffic, "ODD");
	rest(traffic, SILENCE);
}

/* A neighbour is asked, and answers, is silent, or is heard damaged. */
static void play_neighbour(struct traffic *traffic)
{
	bool bait = one_in(traffic, 2);
	struct frame question, answer;

	conversation(traffic, &question, &answer, bait);
	if (!one_in(traffic, 8))
		play(traffic, &question);
	tell(traffic, "theirs");
	switch (traffic_random(traffic, 8)) {
	case 0:
		rest(traffic, SILENCE);
		tell(traffic, "absent");
		return;
	case 1:
		return;
	default:
		rest(traffic, any_rest(traffic));
		play(traffic, &answer);
		tell(traffic, "reply");
	}
}

/* A frame of a function that nobody but its two ends knows. */
static void play_foreign(struct traffic *traffic)
{
	struct frame frame;
	bool bait = !traffic->dirty && one_in(traffic, 2);
	/* One after the other: a seed is the same traffic with every compiler. */
	unsigned function = between(traffic, 0x41, 0x48);

	begin(&frame, neighbour(traffic), function);
	add_data(traffic, &frame, traffic_random(traffic, 100), bait);
	seal(&frame);
	play(traffic, &frame);
	traffic->fragile = bait;
	tell(traffic, "foreign");
}

/* What follows is no frame. */
static void begin_error(struct traffic *traffic)
{
	if (traffic->fragile)
		rest(traffic, SILENCE);
	traffic->dirty = true;
}

/* Should its CRC hold, that was not meant. */
static void play_bad(struct traffic *traffic, const struct frame *frame)
{
	begin_error(traffic);
	play(traffic, frame);
	traffic->played[traffic->n_played - 1].good = false;
}

static void play_noise(struct traffic *traffic)
{
	struct frame noise = { .length = 0 };

	add_random(traffic, &noise, between(traffic, 1, 12));
	play_bad(traffic, &noise);
	tell(traffic, "noise");
}

/* Any good frame: a request to us, a neighbour's question or answer. */
static void any_frame(struct traffic *traffic, struct frame *frame)
{
	struct frame answer;

	if (one_in(traffic, 2)) {
		our_request(traffic, frame, traffic->address);
		return;
	}
	conversation(traffic, frame, &answer, false);
	if (one_in(traffic, 2))
		*frame = answer;
}

static void play_damaged(struct traffic *traffic)
{
	struct frame frame;

	any_frame(traffic, &frame);
	damage(traffic, &frame);
	play_bad(traffic, &frame);
	tell(traffic, "damaged");
}

/* Frames whose length is beyond doubt and whose data, damaged elsewhere, hold a request to us. */
static void play_damaged_bait(struct traffic *traffic)
{
	struct frame question, answer;

	do
		conversation(traffic, &question, &answer, true);
	while (question.bytes[1] != 3 || answer.bytes[1] != 3 || answer.length < 40);
	rest(traffic, SILENCE);
	play(traffic, &question);
	rest(traffic, any_rest(traffic));
	answer.bytes[answer.length - 1] ^= 0x10;
	play(traffic, &answer);
	tell(traffic, "damaged-bait");
	rest(traffic, SILENCE);
}

static void play_cut(struct traffic *traffic)
{
	struct frame frame;
	unsigned lacks;

	any_frame(traffic, &frame);
	lacks = between(traffic, 1, (unsigned)frame.length - 1);
	/* A frame whose CRC ends with a zero is also a good one, a byte shorter, without it. */
	if (lacks == 1 && frame.bytes[frame.length - 1] == 0)
		lacks++;
	frame.length -= lacks;
	play_bad(traffic, &frame);
	tell(traffic, "cut");
	/*
	 * The next byte on the bus would be, once in 256, the one that lacks, and the frame a good one; and
	 * what follows might fill a frame that has told its length to exactly that.
	 */
	if (lacks == 1 || frame.length >= 3)
		rest(traffic, SILENCE);
}

void traffic_round(struct traffic *traffic, unsigned frames)
{
	traffic->length = traffic->n_expected = traffic->n_echoes = traffic->n_played = traffic->n_baits = 0;
	traffic->story[0] = '\0';
	traffic->now_ns += INT64_C(1000000000);
	for (unsigned i = 0; i < frames; i++) {
		rest(traffic, any_rest(traffic));
		switch (traffic_random(traffic, 12)) {
		case 0: case 1: case 2: case 3:
			play_ours(traffic);
			break;
		case 4: case 5: case 6:
			play_neighbour(traffic);
			break;
		case 7:
			play_noise(traffic);
			break;
		case 8:
			play_damaged(traffic);
			break;
		case 9:
			play_cut(traffic);
			break;
		case 10:
			if (one_in(traffic, 2))
				play_damaged_bait(traffic);
			else
				play_ours_odd(traffic);
			break;
		default:
			play_foreign(traffic);
			break;
		}
	}
	rest(traffic, SILENCE);
}
