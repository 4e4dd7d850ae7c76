/*
 * Requests to responses, as pairs of hexadecimal text.  The layouts are those of the application protocol
 * V1.1b3; register N stands at address N - 1.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "modbus/pdu.h"

static struct register_image image;
static struct identity identity;
static struct pdu_write write;
static uint8_t response[PDU_MAX];
static size_t response_length;

static void setup(void)
{
	struct snapshot snapshot;

	memset(&snapshot, 0, sizeof(snapshot));
	settings_defaults(&snapshot.settings);
	settings_derive(&snapshot.settings, &snapshot.derived);
	registers_encode(&snapshot, &image);
	identity_defaults(&identity);
	memset(&write, 0, sizeof(write));
}

static size_t assemble(const char *text, uint8_t *bytes)
{
	size_t n = 0;
	unsigned value;
	int used;

	while (sscanf(text, " %2x%n", &value, &used) == 1) {
		bytes[n++] = (uint8_t)value;
		text += used;
	}
	return n;
}

static enum pdu_result ask_bytes(const uint8_t *request, size_t length, bool broadcast)
{
	memset(response, 0xEE, sizeof(response));
	response_length = 0;
	return pdu_handle(request, length, broadcast, &image, &identity, response, &response_length, &write);
}

static enum pdu_result ask(const char *text, bool broadcast)
{
	uint8_t request[PDU_MAX];

	return ask_bytes(request, assemble(text, request), broadcast);
}

static void check_answer(const char *request, const char *answer)
{
	uint8_t expected[PDU_MAX];
	size_t n = assemble(answer, expected);

	ck_assert_msg(ask(request, false) == PDU_RESPONSE, "%s", request);
	ck_assert_msg(response_length == n && memcmp(response, expected, n) == 0, "%s: got %zu bytes, %02x %02x", request,
		      response_length, response[0], response[1]);
}

START_TEST(both_read_functions_serve_the_same_registers)
{
	check_answer("03 00 81 00 02", "03 04 00 28 00 64");	/* 130 system type 40, 131 CT primary 100 */
	check_answer("04 00 81 00 02", "04 04 00 28 00 64");
	check_answer("03 00 85 00 02", "03 04 02 58 28 98");	/* 134 is 600 V, 135 is 103.92 kW at scale -2 */
}
END_TEST

START_TEST(longest_read_inside_a_block_is_served_and_one_more_is_not)
{
	ck_assert_int_eq(ask("03 00 00 00 34", false), PDU_RESPONSE);	/* 1-52 */
	ck_assert_uint_eq(response_length, 2 + 2 * 52);
	ck_assert_uint_eq(response[1], 104);
	check_answer("03 00 00 00 35", "83 02");
	ck_assert_int_eq(ask("03 01 00 00 5A", false), PDU_RESPONSE);	/* 257-346 */
	ck_assert_uint_eq(response_length, 2 + 2 * 90);
	check_answer("03 00 FF 00 01", "83 02");
	check_answer("03 00 34 00 01", "83 02");
	check_answer("03 FF FF 00 02", "83 02");
}
END_TEST

START_TEST(a_read_may_begin_and_end_within_a_32_bit_value)
{
	ck_assert_int_eq(ask("03 00 01 00 01", false), PDU_RESPONSE);
	ck_assert_uint_eq(response_length, 4);
}
END_TEST

START_TEST(quantity_is_checked_before_the_address)
{
	check_answer("03 00 00 00 00", "83 03");
	check_answer("03 F0 00 00 00", "83 03");
	check_answer("03 F0 00 00 7E", "83 03");
	check_answer("04 F0 00 FF FF", "84 03");
	check_answer("03 F0 00 00 7D", "83 02");
}
END_TEST

START_TEST(every_other_function_gets_exception_01)
{
	for (unsigned function = 0; function < 0x80; function++) {
		const uint8_t request[] = { (uint8_t)function, 0xFF, 0xFF, 0xFF, 0xFF };

		if (function == 3 || function == 4 || function == 6 || function == 0x10 || function == 0x11)
			continue;
		/* 2B with an MEI type that is not 0E is one of them. */
		ck_assert_int_eq(ask_bytes(request, sizeof(request), false), PDU_RESPONSE);
		ck_assert_uint_eq(response_length, 2);
		ck_assert_uint_eq(response[0], function | 0x80);
		ck_assert_uint_eq(response[1], 1);
	}
}
END_TEST

START_TEST(wrong_length_is_an_illegal_value)
{
	check_answer("03 00 00 00 01 00", "83 03");
	check_answer("03 00 00 00", "83 03");
	check_answer("03", "83 03");
	check_answer("06 00 82 00", "86 03");
	check_answer("06 00 82 00 01 00", "86 03");
	check_answer("10 00 82 00 01", "90 03");
	check_answer("11 00", "91 03");
	check_answer("2B", "AB 03");
	check_answer("2B 0E 01", "AB 03");
	check_answer("2B 0E 01 00 00", "AB 03");
}
END_TEST

START_TEST(write_of_one_register_waits_for_the_meter)
{
	ck_assert_int_eq(ask("06 00 82 01 F4", false), PDU_WRITE);
	ck_assert_uint_eq(write.function, 6);
	ck_assert_uint_eq(write.first, 131);
	ck_assert_uint_eq(write.count, 1);
	ck_assert_uint_eq(write.values[0], 500);
	ck_assert(!write.broadcast);
	ck_assert_uint_eq(pdu_write_response(&write, 0, response), 5);
	ck_assert_mem_eq(response, "\x06\x00\x82\x01\xF4", 5);
	ck_assert_uint_eq(pdu_write_response(&write, 3, response), 2);
	ck_assert_mem_eq(response, "\x86\x03", 2);
}
END_TEST

START_TEST(write_of_several_registers_waits_for_the_meter)
{
	ck_assert_int_eq(ask("10 00 81 00 02 04 00 0A 01 02", false), PDU_WRITE);
	ck_assert_uint_eq(write.function, 0x10);
	ck_assert_uint_eq(write.first, 130);
	ck_assert_uint_eq(write.count, 2);
	ck_assert_uint_eq(write.values[0], 10);
	ck_assert_uint_eq(write.values[1], 0x102);
	ck_assert_uint_eq(pdu_write_response(&write, 0, response), 5);
	ck_assert_mem_eq(response, "\x10\x00\x81\x00\x02", 5);
	ck_assert_uint_eq(pdu_write_response(&write, 2, response), 2);
	ck_assert_mem_eq(response, "\x90\x02", 2);
}
END_TEST

START_TEST(write_checks_quantity_and_byte_count_before_the_address)
{
	uint8_t request[PDU_MAX + 1] = { 0x10, 0xF0, 0x00, 0x00, 0x00, 0x00 };

	check_answer("10 F0 00 00 00 00", "90 03");
	check_answer("10 F0 00 00 01 03 00 01", "90 03");
	check_answer("10 F0 00 00 01 04 00 01 00 02", "90 03");
	check_answer("10 F0 00 00 02 04 00 01", "90 03");
	check_answer("10 F0 00 00 01 02 00 01", "90 02");
	request[4] = 123;	/* the most there can be */
	request[5] = 246;
	ck_assert_int_eq(ask_bytes(request, 252, false), PDU_RESPONSE);
	ck_assert_uint_eq(response[1], 2);
	request[4] = 124;
	request[5] = 248;
	ck_assert_int_eq(ask_bytes(request, 253, false), PDU_RESPONSE);
	ck_assert_uint_eq(response[1], 3);
}
END_TEST

START_TEST(write_that_touches_a_register_not_writable_gets_02)
{
	check_answer("06 00 00 00 01", "86 02");			/* 1: energy */
	check_answer("06 01 00 00 01", "86 02");			/* 257: float */
	check_answer("06 00 86 00 01", "86 02");			/* 135: derived */
	check_answer("06 00 36 00 01", "86 02");			/* no block */
	check_answer("10 00 85 00 02 04 02 58 00 01", "90 02");		/* 134 and 135 */
}
END_TEST

START_TEST(broadcast_is_never_answered)
{
	ck_assert_int_eq(ask("03 00 00 00 01", true), PDU_SILENT);
	ck_assert_int_eq(ask("41", true), PDU_SILENT);
	ck_assert_int_eq(ask("11", true), PDU_SILENT);
	ck_assert_int_eq(ask("06 00 00 00 01", true), PDU_SILENT);
	ck_assert_int_eq(ask("10 00 81 00 00 00", true), PDU_SILENT);
	ck_assert_int_eq(ask("06 00 82 01 F4", true), PDU_WRITE);
	ck_assert(write.broadcast);
	ck_assert_uint_eq(write.values[0], 500);
}
END_TEST

START_TEST(server_id_is_247_running_and_the_text)
{
	const char *text = "Leviton Series 4000K Power Meter Full Data Set";

	ck_assert_int_eq(ask("11", false), PDU_RESPONSE);
	ck_assert_uint_eq(response_length, 4 + strlen(text));
	ck_assert_uint_eq(response[0], 0x11);
	ck_assert_uint_eq(response[1], 2 + strlen(text));
	ck_assert_uint_eq(response[2], 247);
	ck_assert_uint_eq(response[3], 0xFF);
	ck_assert_mem_eq(response + 4, text, strlen(text));
}
END_TEST

/* "Leviton", "Series 4000", "V12.345" as objects 0, 1 and 2. */
#define OBJECT_0  "00 07 4C 65 76 69 74 6F 6E"
#define OBJECT_1 "01 0B 53 65 72 69 65 73 20 34 30 30 30"
#define OBJECT_2 "02 07 56 31 32 2E 33 34 35"

START_TEST(identification_streams_the_basic_objects)
{
	check_answer("2B 0E 01 00", "2B 0E 01 01 00 00 03 " OBJECT_0 OBJECT_1 OBJECT_2);
	check_answer("2B 0E 01 01", "2B 0E 01 01 00 00 02 " OBJECT_1 OBJECT_2);
	check_answer("2B 0E 01 02", "2B 0E 01 01 00 00 01 " OBJECT_2);
}
END_TEST

START_TEST(identification_of_a_higher_level_gives_the_basic_objects)
{
	check_answer("2B 0E 02 00", "2B 0E 02 01 00 00 03 " OBJECT_0 OBJECT_1 OBJECT_2);
	check_answer("2B 0E 03 00", "2B 0E 03 01 00 00 03 " OBJECT_0 OBJECT_1 OBJECT_2);
}
END_TEST

START_TEST(identification_with_a_bad_object_starts_again)
{
	check_answer("2B 0E 01 03", "2B 0E 01 01 00 00 03 " OBJECT_0 OBJECT_1 OBJECT_2);
	check_answer("2B 0E 01 FF", "2B 0E 01 01 00 00 03 " OBJECT_0 OBJECT_1 OBJECT_2);
}
END_TEST

START_TEST(identification_of_one_object_or_an_unknown_code_is_refused)
{
	check_answer("2B 0E 04 00", "AB 03");
	check_answer("2B 0E 00 00", "AB 03");
	check_answer("2B 0E 05 00", "AB 03");
	check_answer("2B 0D 01 00", "AB 01");
}
END_TEST

START_TEST(version_has_two_and_three_digits)
{
	identity.os_version = 1018;
	ck_assert_int_eq(ask("2B 0E 01 02", false), PDU_RESPONSE);
	ck_assert_mem_eq(response + 9, "V01.018", 7);
}
END_TEST

START_TEST(longest_identity_fits)
{
	memset(identity.vendor, 'v', sizeof(identity.vendor) - 1);
	memset(identity.product, 'p', sizeof(identity.product) - 1);
	memset(identity.id_string, 'i', sizeof(identity.id_string) - 1);
	ck_assert_int_eq(ask("2B 0E 01 00", false), PDU_RESPONSE);
	ck_assert_uint_eq(response_length, 7 + 2 + 63 + 2 + 63 + 2 + 7);
	ck_assert_int_eq(ask("11", false), PDU_RESPONSE);
	ck_assert_uint_eq(response_length, 4 + 199);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pdu");
	TCase *tcase = tcase_create("responses");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, both_read_functions_serve_the_same_registers);
	tcase_add_test(tcase, longest_read_inside_a_block_is_served_and_one_more_is_not);
	tcase_add_test(tcase, a_read_may_begin_and_end_within_a_32_bit_value);
	tcase_add_test(tcase, quantity_is_checked_before_the_address);
	tcase_add_test(tcase, every_other_function_gets_exception_01);
	tcase_add_test(tcase, wrong_length_is_an_illegal_value);
	tcase_add_test(tcase, write_of_one_register_waits_for_the_meter);
	tcase_add_test(tcase, write_of_several_registers_waits_for_the_meter);
	tcase_add_test(tcase, write_checks_quantity_and_byte_count_before_the_address);
	tcase_add_test(tcase, write_that_touches_a_register_not_writable_gets_02);
	tcase_add_test(tcase, broadcast_is_never_answered);
	tcase_add_test(tcase, server_id_is_247_running_and_the_text);
	tcase_add_test(tcase, identification_streams_the_basic_objects);
	tcase_add_test(tcase, identification_of_a_higher_level_gives_the_basic_objects);
	tcase_add_test(tcase, identification_with_a_bad_object_starts_again);
	tcase_add_test(tcase, identification_of_one_object_or_an_unknown_code_is_refused);
	tcase_add_test(tcase, version_has_two_and_three_digits);
	tcase_add_test(tcase, longest_identity_fits);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
