/*
 * A shared bus in virtual time: every good request to us comes out of the framing exactly once and in order,
 * and nothing else does, however the bytes arrive.
 *
 * TEST_SEED plays another bus.  A CRC of 16 bits also holds by chance, once in 65536 places.  Where that makes a
 * frame that nobody composed, at a place where one may lie, no receiver can tell: such a round, about one in
 * forty, is played but not judged.  They are counted, and they are seldom read otherwise than composed: in about
 * one of 200 000 frames.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "modbus/rtu.h"
#include "traffic.h"

#define FRAMES	150000
/* About one in forty; up to one in ten where our address is a byte that is often in frames. */
#define DOUBTFUL_MOST(rounds)	((rounds) * 15 / 100)
/* One in 100 000 frames; and four, for the number of rare cases is not the same in each bus. */
#define MISREAD_MOST(frames)	((frames) / 100000 + 4)

/* How bytes reach the program. */
enum arrival {
	BY_BYTE,	/* as they pass */
	AT_WILL,	/* random pieces, each when its last byte has passed */
	ADAPTER,	/* an adapter hands over every 16 ms what has come */
	AT_ONCE,	/* all that belongs together is read in one go */
	ARRIVALS
};

static struct traffic traffic;
static struct traffic_request got[TRAFFIC_FRAMES];
static size_t n_got;

static void take(void *context, const struct rtu_frame *frame)
{
	(void)context;
	if (n_got < TRAFFIC_FRAMES) {
		got[n_got].broadcast = frame->broadcast;
		got[n_got].length = frame->length;
		memcpy(got[n_got].pdu, frame->pdu, frame->length);
	}
	n_got++;
}

/* Where the piece that begins at byte `from` ends, and when it arrives. */
static size_t piece(enum arrival arrival, size_t from, int64_t *arrives_ns)
{
	size_t end = from + 1, most = from + 1;
	int64_t tick_ns = INT64_C(16000000), window_ns;

	switch (arrival) {
	case BY_BYTE:
		break;
	case AT_WILL:
		most = from + 1 + traffic_random(&traffic, 40);
		while (end < traffic.length && end < most && traffic.at_ns[end] - traffic.at_ns[end - 1] < traffic.silence_ns)
			end++;
		/* What has a piece wait longer than the silence would look like silence. */
		while (end > from + 1 && traffic.at_ns[end - 1] - traffic.at_ns[from] > traffic.silence_ns / 2)
			end--;
		break;
	case ADAPTER:
		window_ns = (traffic.at_ns[from] / tick_ns + 1) * tick_ns;
		while (end < traffic.length && traffic.at_ns[end] < window_ns)
			end++;
		*arrives_ns = window_ns;
		return end;
	case AT_ONCE:
	case ARRIVALS:
		while (end < traffic.length && traffic.at_ns[end] - traffic.at_ns[end - 1] < traffic.silence_ns)
			end++;
		break;
	}
	*arrives_ns = traffic.at_ns[end - 1];
	return end;
}

/* Silence is acted upon when it is due, between two pieces. */
static void wait_until(struct rtu *rtu, int64_t now_ns)
{
	if (rtu_deadline_ns(rtu) <= now_ns)
		rtu_poll(rtu, rtu_deadline_ns(rtu));
}

static void feed(struct rtu *rtu, enum arrival arrival)
{
	size_t echo = 0, end;
	int64_t arrives_ns;

	for (size_t from = 0; from < traffic.length; from = end) {
		end = piece(arrival, from, &arrives_ns);
		while (echo < traffic.n_echoes && traffic.echoes[echo].start_ns <= traffic.at_ns[end - 1]) {
			wait_until(rtu, traffic.echoes[echo].start_ns);
			rtu_expect_echo(rtu, traffic.echoes[echo].frame, traffic.echoes[echo].length,
					traffic.echoes[echo].end_ns, traffic.echoes[echo].end_ns + INT64_C(10000000000));
			echo++;
		}
		wait_until(rtu, arrives_ns);
		rtu_receive(rtu, traffic.bytes + from, end - from, arrives_ns);
	}
	wait_until(rtu, traffic.now_ns + traffic.silence_ns);
}

static void dump(const char *title, const struct traffic_request *requests, size_t count)
{
	printf("%s %zu:\n", title, count);
	for (size_t i = 0; i < count && i < TRAFFIC_FRAMES; i++) {
		printf("  %s", requests[i].broadcast ? "all" : "us");
		for (size_t j = 0; j < requests[i].length && j < 24; j++)
			printf(" %02x", requests[i].pdu[j]);
		printf("\n");
	}
}

static bool as_expected(void)
{
	if (n_got != traffic.n_expected)
		return false;
	for (size_t i = 0; i < n_got; i++) {
		if (got[i].broadcast != traffic.expected[i].broadcast || got[i].length != traffic.expected[i].length ||
		    memcmp(got[i].pdu, traffic.expected[i].pdu, got[i].length) != 0)
			return false;
	}
	return true;
}

static uint64_t seed(void)
{
	const char *text = getenv("TEST_SEED");

	return text ? strtoull(text, NULL, 0) : 1;
}

/* Rounds, and what became of them. */
struct score {
	unsigned rounds, requests, failed, doubtful, misread;
};

/* A round of frames at some speed, its bytes arriving in some way. */
static void play_round(struct score *score)
{
	static const int bauds[] = { 1200, 9600, 19200, 38400 };
	int baud = bauds[traffic_random(&traffic, 4)];
	enum arrival arrival = (enum arrival)traffic_random(&traffic, ARRIVALS);
	struct rtu rtu;
	struct rtu_config config = { .address = traffic.address, .t35_ns = rtu_t35_ns(baud), .frame = take };

	config.silence_ns = config.t35_ns > 20000000 ? config.t35_ns : 20000000;
	traffic.character_ns = INT64_C(11000000000) / baud;
	traffic.t35_ns = config.t35_ns;
	traffic.silence_ns = config.silence_ns;
	traffic_round(&traffic, 12);
	rtu_init(&rtu, &config);
	n_got = 0;
	feed(&rtu, arrival);
	score->rounds++;
	if (traffic_doubtful(&traffic)) {
		score->doubtful++;
		score->misread += !as_expected();
		return;
	}
	score->requests += (unsigned)n_got;
	if (as_expected())
		return;
	score->failed++;
	printf("round %u, arrival %d, %d baud, address %u: %s\n", score->rounds, arrival, baud, traffic.address, traffic.story);
	dump("expected", traffic.expected, traffic.n_expected);
	dump("got", got, n_got);
}

static void play(unsigned frames, bool echo, uint64_t start)
{
	struct score score = { 0 };

	traffic_init(&traffic, start);
	traffic.echo = echo;
	while (traffic.frames < frames)
		play_round(&score);
	printf("seed %llu: %u frames in %u rounds, %u rounds failed; judged: %u requests to us; "
	       "not judged: %u rounds (%u not as composed)\n", (unsigned long long)start, traffic.frames, score.rounds,
	       score.failed, score.requests, score.doubtful, score.misread);
	fflush(stdout);
	ck_assert_uint_eq(score.failed, 0);
	ck_assert_uint_le(score.doubtful, DOUBTFUL_MOST(score.rounds));
	ck_assert_uint_le(score.misread, MISREAD_MOST(traffic.frames));
}

START_TEST(every_good_request_is_delivered_once_and_nothing_else)
{
	play(FRAMES, false, seed());
}
END_TEST

START_TEST(own_echo_changes_nothing)
{
	play(FRAMES / 4, true, seed() + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *tcase = tcase_create("mixed traffic");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, every_good_request_is_delivered_once_and_nothing_else);
	tcase_add_test(tcase, own_echo_changes_nothing);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
