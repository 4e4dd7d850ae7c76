/*
 * Framing, case by case.  Frames are written out in hexadecimal; CRCs given as examples come from Modbus over
 * serial line V1.02 and the catalogue of parametrised CRC algorithms (CRC-16/MODBUS), the others are filled in here.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/check_main.h"
#include "modbus/rtu.h"

#define MS INT64_C(1000000)
#define US 1	/* our address */

static struct rtu rtu;
static int64_t now_ns;
static struct {
	bool broadcast;
	uint8_t pdu[253];
	size_t length;
	int64_t taken_ns;
} got[8];
static size_t n_got;

static void take(void *context, const struct rtu_frame *frame)
{
	(void)context;
	ck_assert_uint_lt(n_got, 8);
	got[n_got].broadcast = frame->broadcast;
	got[n_got].length = frame->length;
	got[n_got].taken_ns = now_ns;
	memcpy(got[n_got++].pdu, frame->pdu, frame->length);
}

/* 9600 baud: t3.5 is 4.01 ms. */
static void setup(void)
{
	const struct rtu_config config = { .address = US, .t35_ns = rtu_t35_ns(9600), .silence_ns = 20 * MS, .frame = take };

	rtu_init(&rtu, &config);
	n_got = 0;
	now_ns = 1000 * MS;
}

/* "05 03 .." to bytes; "crc" appends the CRC of what stands before it, from `[` on where there is one. */
static size_t assemble(const char *text, uint8_t *bytes)
{
	size_t n = 0, start = 0;

	while (*text) {
		unsigned value;

		if (*text == ' ') {
			text++;
		} else if (*text == '[') {
			start = n;
			text++;
		} else if (strncmp(text, "crc", 3) == 0) {
			uint16_t crc = rtu_crc(bytes + start, n - start);

			bytes[n++] = (uint8_t)crc;
			bytes[n++] = (uint8_t)(crc >> 8);
			text += 3;
		} else {
			ck_assert_int_eq(sscanf(text, "%2x", &value), 1);
			bytes[n++] = (uint8_t)value;
			text += 2;
		}
	}
	return n;
}

static void hear(const char *text)
{
	uint8_t bytes[600];
	size_t n = assemble(text, bytes);

	rtu_receive(&rtu, bytes, n, now_ns);
}

static void pass(int64_t ns)
{
	int64_t end_ns = now_ns + ns;

	if (rtu_deadline_ns(&rtu) <= end_ns) {
		now_ns = rtu_deadline_ns(&rtu);
		rtu_poll(&rtu, now_ns);
	}
	now_ns = end_ns;
}

static void check_got(size_t index, const char *pdu)
{
	uint8_t bytes[256];
	size_t n = assemble(pdu, bytes);

	ck_assert_uint_gt(n_got, index);
	ck_assert_uint_eq(got[index].length, n);
	ck_assert_mem_eq(got[index].pdu, bytes, n);
}

START_TEST(crc_agrees_with_published_vectors)
{
	/* V1.02, 6.2.2: address 02, function 07 gives 0x1241. */
	ck_assert_uint_eq(rtu_crc((const uint8_t *)"\x02\x07", 2), 0x1241);
	ck_assert_uint_eq(rtu_crc((const uint8_t *)"123456789", 9), 0x4B37);
	ck_assert_uint_eq(rtu_crc((const uint8_t *)"\x01\x03\x00\x00\x00\x01", 6), 0x0A84);
	ck_assert_uint_eq(rtu_crc((const uint8_t *)"", 0), 0xFFFF);
}
END_TEST

START_TEST(silence_is_three_and_a_half_characters_or_1750_us)
{
	ck_assert_int_eq(rtu_t35_ns(1200), 32083333);
	ck_assert_int_eq(rtu_t35_ns(9600), 4010416);
	ck_assert_int_eq(rtu_t35_ns(19200), 2005208);
	ck_assert_int_eq(rtu_t35_ns(38400), 1750000);
}
END_TEST

START_TEST(request_is_complete_at_its_last_byte)
{
	hear("01 03 00 00 00 01 84");
	ck_assert_uint_eq(n_got, 0);
	hear("0A");
	ck_assert_uint_eq(n_got, 1);
	check_got(0, "03 00 00 00 01");
	ck_assert_int_eq(rtu_deadline_ns(&rtu), INT64_MAX);
}
END_TEST

START_TEST(pauses_shorter_than_the_gap_do_not_break_a_frame)
{
	uint8_t frame[13];
	size_t n = assemble("[01 10 00 81 00 02 04 00 0A 00 0B crc", frame);

	for (size_t i = 0; i < n; i++) {
		rtu_receive(&rtu, frame + i, 1, now_ns);
		pass(19 * MS);
	}
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

START_TEST(silence_ends_a_cut_off_frame)
{
	hear("01 03 00 00");
	pass(21 * MS);
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 1);
	ck_assert_uint_eq(rtu.counters.errors, 1);
}
END_TEST

START_TEST(late_reading_is_silence_too)
{
	hear("01 03 00 00");
	now_ns += 25 * MS;	/* nobody polled in between */
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

START_TEST(back_to_back_requests_come_out_in_order)
{
	hear("01 03 00 00 00 01 84 0A 01 03 00 00 00 02 C4 0B 01 11 C0 2C");
	ck_assert_uint_eq(n_got, 3);
	check_got(0, "03 00 00 00 01");
	check_got(1, "03 00 00 00 02");
	check_got(2, "11");
}
END_TEST

START_TEST(wrong_crc_gives_nothing)
{
	hear("01 03 00 00 00 01 84 0B");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
	ck_assert_uint_eq(rtu.counters.errors, 1);
}
END_TEST

START_TEST(noise_of_one_byte_before_a_request_costs_no_time)
{
	static const char *const noise[] = { "00", "FF", "80", "7F" };

	for (size_t i = 0; i < 4; i++) {
		char text[64];

		setup();
		snprintf(text, sizeof(text), "%s 01 03 00 00 00 01 84 0A", noise[i]);
		hear(text);
		pass(20 * MS);
		ck_assert_uint_eq(n_got, 1);
		check_got(0, "03 00 00 00 01");
	}
}
END_TEST

START_TEST(noise_after_a_request_does_not_undo_it)
{
	hear("01 03 00 00 00 01 84 0A FE 37 01");
	pass(100 * MS);
	hear("01 11 C0 2C");
	ck_assert_uint_eq(n_got, 2);
}
END_TEST

START_TEST(request_within_a_neighbours_reply_is_not_ours)
{
	hear("[05 03 00 10 00 08 crc");
	pass(5 * MS);
	hear("[05 03 10 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 crc");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
	ck_assert_uint_eq(rtu.counters.other_frames, 2);
	ck_assert_uint_eq(rtu.counters.errors, 0);
}
END_TEST

START_TEST(request_within_a_reply_whose_question_was_not_heard_is_not_ours)
{
	hear("[05 03 10 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 crc");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(request_at_any_place_of_a_neighbours_write_is_not_ours)
{
	for (unsigned before = 0; before <= 8; before += 2) {
		char text[128] = "[07 10 00 00 00 08 10";

		setup();
		for (unsigned i = 0; i < 16; i += 2) {
			size_t used = strlen(text);

			if (i == before) {
				snprintf(text + used, sizeof(text) - used, " 01 03 00 00 00 01 84 0A");
				i += 6;
			} else {
				snprintf(text + used, sizeof(text) - used, " 5A A5");
			}
		}
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " crc");
		hear(text);
		pass(100 * MS);
		ck_assert_uint_eq(n_got, 0);
	}
}
END_TEST

START_TEST(request_within_a_neighbours_damaged_reply_is_not_ours)
{
	hear("[05 03 00 10 00 08 crc");
	pass(5 * MS);
	hear("05 03 10 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 00 00");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(request_within_a_damaged_write_to_us_is_not_answered)
{
	hear("01 10 00 81 00 08 10 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 00 00");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(request_after_a_cut_off_reply_is_answered)
{
	hear("[05 03 00 10 00 08 crc");
	pass(5 * MS);
	hear("05 03 10 11 22 01 03 00 00 00 01 84 0A");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

START_TEST(absent_neighbour_does_not_cost_our_request)
{
	hear("[05 03 00 10 00 08 crc");
	pass(200 * MS);
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 1);
	ck_assert_int_eq(got[0].taken_ns, now_ns);
}
END_TEST

START_TEST(retry_to_an_absent_neighbour_is_not_taken_for_its_reply)
{
	/* The address 0x1000 looks like the byte count 0x10 of the reply. */
	hear("[05 03 10 00 00 08 crc");
	pass(200 * MS);
	hear("[05 03 10 00 00 08 crc");
	pass(200 * MS);
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 1);
	ck_assert_uint_eq(rtu.counters.other_frames, 2);
}
END_TEST

START_TEST(neighbours_unknown_function_is_passed_over)
{
	hear("[05 41 11 22 01 03 00 00 00 01 84 0A 33 crc");
	pass(5 * MS);
	hear("01 03 00 00 00 02 C4 0B");
	ck_assert_uint_eq(n_got, 1);
	check_got(0, "03 00 00 00 02");
	ck_assert_uint_eq(rtu.counters.errors, 0);
}
END_TEST

START_TEST(zeros_of_a_neighbours_crc_do_not_break_the_next_frame)
{
	/* The CRC of 05 41 C2 D0 is 0: it holds without its two bytes as well. */
	hear("05 41 C2 D0 00 00 [05 42 11 22 01 03 00 00 00 01 84 0A 33 44 crc");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
	ck_assert_uint_eq(rtu.counters.other_frames, 2);
	ck_assert_uint_eq(rtu.counters.errors, 0);
}
END_TEST

START_TEST(question_that_begins_like_a_whole_reply_is_known_when_it_comes_byte_by_byte)
{
	/* The CRC holds over the first seven bytes, too: a reply with one register. */
	static const uint8_t question[] = { 0x1E, 0x03, 0x02, 0x54, 0x00, 0x13, 0x46, 0x00 };

	for (size_t i = 0; i < sizeof(question); i++) {
		rtu_receive(&rtu, question + i, 1, now_ns);
		pass(1 * MS);
	}
	pass(5 * MS);
	/* Its reply is damaged: that it is one, only the question tells. */
	hear("1E 03 26 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 99 AA BB CC DD EE FF 11 22 33 44 55 66 77 88 99 AA "
	     "BB CC DD EE FF 00 00");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
	ck_assert_uint_eq(rtu.counters.other_frames, 1);
}
END_TEST

START_TEST(broadcast_at_once_after_a_reply_is_not_taken_for_the_replys_last_byte)
{
	uint8_t bytes[15];
	size_t n = assemble("1E 03 02 54 00 13 46 [00 06 00 89 00 01 crc", bytes);

	for (size_t cut = 1; cut < n; cut++) {
		setup();
		rtu_receive(&rtu, bytes, cut, now_ns);
		pass(1 * MS);
		rtu_receive(&rtu, bytes + cut, n - cut, now_ns);
		ck_assert_msg(n_got == 1, "cut after byte %zu", cut);
		ck_assert(got[0].broadcast);
		check_got(0, "06 00 89 00 01");
		ck_assert_uint_eq(rtu.counters.errors, 0);
	}
}
END_TEST

START_TEST(unknown_function_to_us_is_delivered_at_silence)
{
	hear("[01 41 11 22 33 crc");
	ck_assert_uint_eq(n_got, 0);
	pass(20 * MS);
	ck_assert_uint_eq(n_got, 1);
	check_got(0, "41 11 22 33");
}
END_TEST

START_TEST(every_function_of_the_standard_reaches_us)
{
	/* V1.1b3, 6: the request of each function whose length it gives. */
	static const char *const data[0x80] = {
		[0x07] = "", [0x0B] = "", [0x0C] = "", [0x11] = "", [0x0F] = "00 00 00 08 01 FF", [0x10] = "00 00 00 01 02 00 05",
		[0x14] = "07 06 00 01 00 00 00 01", [0x15] = "09 06 00 01 00 00 00 01 12 34", [0x16] = "00 00 00 F2 00 25",
		[0x17] = "00 00 00 01 00 00 00 01 02 12 34", [0x18] = "00 00", [0x2B] = "0E 01 00",
	};

	for (unsigned function = 0; function < 0x80; function++) {
		char text[80];

		setup();
		snprintf(text, sizeof(text), "[01 %02x %s crc", function, data[function] ? data[function] : "00 00 00 01");
		hear(text);
		pass(20 * MS);
		ck_assert_msg(n_got == 1, "function %02x", function);
		ck_assert_uint_eq(got[0].pdu[0], function);
	}
}
END_TEST

START_TEST(request_of_fixed_length_is_none_at_another)
{
	static const char *const frames[] = {
		"[01 03 00 00 00 01 00 crc", "[01 04 00 00 00 crc", "[01 06 00 89 00 01 00 crc", "[01 11 12 crc",
		"[01 2B 0E 01 00 00 crc", "[01 03 crc", "[01 16 00 00 00 F2 00 crc",
	};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		setup();
		hear(frames[i]);
		pass(100 * MS);
		ck_assert_msg(n_got == 0, "%s", frames[i]);
		ck_assert_uint_eq(rtu.counters.errors, 1);
		hear("01 03 00 00 00 01 84 0A");
		ck_assert_uint_eq(n_got, 1);
	}
}
END_TEST

START_TEST(own_reply_heard_back_unexpectedly_is_not_answered)
{
	static const char *const replies[] = {
		"[01 03 10 11 22 01 03 00 00 00 01 84 0A 33 44 55 66 77 88 crc", "[01 04 02 12 34 crc", "[01 10 00 81 00 02 crc",
		"[01 11 03 31 FF 01 crc", "[01 2B 0E 01 01 00 00 01 00 02 41 42 crc",
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		setup();
		hear(replies[i]);
		pass(100 * MS);
		ck_assert_msg(n_got == 0, "%s", replies[i]);
		ck_assert_uint_eq(rtu.counters.echoes, 1);
		ck_assert_uint_eq(rtu.counters.errors, 0);
	}
}
END_TEST

START_TEST(wrong_byte_count_is_delivered_at_silence)
{
	hear("[01 10 00 81 00 01 04 00 05 crc");
	pass(20 * MS);
	ck_assert_uint_eq(n_got, 1);
	check_got(0, "10 00 81 00 01 04 00 05");
}
END_TEST

START_TEST(exception_reply_with_our_address_is_not_answered)
{
	hear("[01 83 02 crc");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 0);
}
END_TEST

START_TEST(broadcast_write_is_delivered_and_marked)
{
	hear("[00 06 00 89 00 01 crc");
	ck_assert_uint_eq(n_got, 1);
	ck_assert(got[0].broadcast);
}
END_TEST

START_TEST(broadcast_read_is_ignored)
{
	hear("01 03 00 00 00 01 84 0A");
	hear("[00 03 00 00 00 01 crc");
	pass(100 * MS);
	ck_assert_uint_eq(n_got, 1);
	ck_assert_uint_eq(rtu.counters.errors, 0);
}
END_TEST

START_TEST(own_echo_is_dropped_and_an_equal_request_is_not)
{
	uint8_t frame[8];
	size_t n = assemble("[01 06 00 89 00 01 crc", frame);

	rtu_expect_echo(&rtu, frame, n, now_ns + 10 * MS, now_ns + 50 * MS);
	ck_assert(rtu_echo_pending(&rtu, now_ns));
	rtu_receive(&rtu, frame, n, now_ns);
	ck_assert_uint_eq(n_got, 0);
	ck_assert(!rtu_echo_pending(&rtu, now_ns));
	rtu_receive(&rtu, frame, n, now_ns);
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

START_TEST(request_after_a_damaged_echo_proves_that_the_echo_has_passed)
{
	uint8_t frame[8];
	size_t n = assemble("[01 06 00 89 00 01 crc", frame);

	rtu_expect_echo(&rtu, frame, n, now_ns + 30 * MS, now_ns + 1000 * MS);
	hear("01 06 00 89 FF 01 98 20");
	pass(25 * MS);
	/* Sent before: another master's, or late out of the adapter. */
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 1);
	ck_assert(rtu_echo_pending(&rtu, now_ns));
	pass(40 * MS);
	hear("01 03 00 00 00 01 84 0A");
	ck_assert_uint_eq(n_got, 2);
	ck_assert(!rtu_echo_pending(&rtu, now_ns));
	/* From now on the same bytes are a request. */
	rtu_receive(&rtu, frame, n, now_ns);
	ck_assert_uint_eq(n_got, 3);
}
END_TEST

START_TEST(echo_that_never_comes_is_forgotten)
{
	uint8_t frame[8];
	size_t n = assemble("[01 06 00 89 00 01 crc", frame);

	rtu_expect_echo(&rtu, frame, n, now_ns + 10 * MS, now_ns + 50 * MS);
	pass(60 * MS);
	ck_assert(!rtu_echo_pending(&rtu, now_ns));
	rtu_receive(&rtu, frame, n, now_ns);
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

START_TEST(endless_noise_does_not_hold_up_a_request)
{
	uint8_t noise[600];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i % 7 ? 0x55 : 0x05);
	rtu_receive(&rtu, noise, sizeof(noise), now_ns);
	hear("01 03 00 00 00 01 84 0A");
	rtu_receive(&rtu, noise, sizeof(noise), now_ns);
	ck_assert_uint_eq(n_got, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rtu");
	TCase *tcase = tcase_create("framing");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, crc_agrees_with_published_vectors);
	tcase_add_test(tcase, silence_is_three_and_a_half_characters_or_1750_us);
	tcase_add_test(tcase, request_is_complete_at_its_last_byte);
	tcase_add_test(tcase, pauses_shorter_than_the_gap_do_not_break_a_frame);
	tcase_add_test(tcase, silence_ends_a_cut_off_frame);
	tcase_add_test(tcase, late_reading_is_silence_too);
	tcase_add_test(tcase, back_to_back_requests_come_out_in_order);
	tcase_add_test(tcase, wrong_crc_gives_nothing);
	tcase_add_test(tcase, noise_of_one_byte_before_a_request_costs_no_time);
	tcase_add_test(tcase, noise_after_a_request_does_not_undo_it);
	tcase_add_test(tcase, request_within_a_neighbours_reply_is_not_ours);
	tcase_add_test(tcase, request_within_a_reply_whose_question_was_not_heard_is_not_ours);
	tcase_add_test(tcase, request_at_any_place_of_a_neighbours_write_is_not_ours);
	tcase_add_test(tcase, request_within_a_neighbours_damaged_reply_is_not_ours);
	tcase_add_test(tcase, request_within_a_damaged_write_to_us_is_not_answered);
	tcase_add_test(tcase, request_after_a_cut_off_reply_is_answered);
	tcase_add_test(tcase, absent_neighbour_does_not_cost_our_request);
	tcase_add_test(tcase, retry_to_an_absent_neighbour_is_not_taken_for_its_reply);
	tcase_add_test(tcase, neighbours_unknown_function_is_passed_over);
	tcase_add_test(tcase, zeros_of_a_neighbours_crc_do_not_break_the_next_frame);
	tcase_add_test(tcase, question_that_begins_like_a_whole_reply_is_known_when_it_comes_byte_by_byte);
	tcase_add_test(tcase, broadcast_at_once_after_a_reply_is_not_taken_for_the_replys_last_byte);
	tcase_add_test(tcase, unknown_function_to_us_is_delivered_at_silence);
	tcase_add_test(tcase, every_function_of_the_standard_reaches_us);
	tcase_add_test(tcase, request_of_fixed_length_is_none_at_another);
	tcase_add_test(tcase, own_reply_heard_back_unexpectedly_is_not_answered);
	tcase_add_test(tcase, wrong_byte_count_is_delivered_at_silence);
	tcase_add_test(tcase, exception_reply_with_our_address_is_not_answered);
	tcase_add_test(tcase, broadcast_write_is_delivered_and_marked);
	tcase_add_test(tcase, broadcast_read_is_ignored);
	tcase_add_test(tcase, own_echo_is_dropped_and_an_equal_request_is_not);
	tcase_add_test(tcase, request_after_a_damaged_echo_proves_that_the_echo_has_passed);
	tcase_add_test(tcase, echo_that_never_comes_is_forgotten);
	tcase_add_test(tcase, endless_noise_does_not_hold_up_a_request);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
