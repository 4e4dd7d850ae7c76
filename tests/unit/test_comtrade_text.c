/* Words and numbers of COMTRADE text.  Truth: the C library's strtod in the C locale, and the standard's examples. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "lib/require.h"
#include "adc/comtrade_cff.h"
#include "adc/comtrade_map.h"

static unsigned seed;

static struct comtrade_span span(const char *text)
{
	return (struct comtrade_span){ text, strlen(text) };
}

START_TEST(numbers_as_instruments_write_them_are_read_as_strtod_does)
{
	char text[64];

	for (int i = 0; i < 200000; i++) {
		double value = (rand_r(&seed) - RAND_MAX / 2) * pow(10, rand_r(&seed) % 25 - 15), read = 0;

		switch (i % 4) {
		case 0:
			snprintf(text, sizeof(text), "%.*f", rand_r(&seed) % 10, value);
			break;
		case 1:
			snprintf(text, sizeof(text), "%.*e", rand_r(&seed) % 15, value);
			break;
		case 2:
			snprintf(text, sizeof(text), "%+.15G", value);
			break;
		default:
			snprintf(text, sizeof(text), "%d", rand_r(&seed) - RAND_MAX / 2);
		}
		REQUIRE(!comtrade_parse_double(span(text), &read), "%s", text);
		REQUIRE(fabs(read - strtod(text, NULL)) <= 1.2e-16 * fabs(read), "%s: %.17g", text, read);
	}
}
END_TEST

/* Whatever a long double is on the machine: the power of ten is no exact double here. */
START_TEST(numbers_with_large_exponents_are_read_as_strtod_does)
{
	char text[64];

	for (int i = 0; i < 200000; i++) {
		double read = 0;

		snprintf(text, sizeof(text), "%d%09de%+d", 1 + rand_r(&seed) % 900000, rand_r(&seed) % 1000000000, rand_r(&seed) % 89 - 44);
		REQUIRE(!comtrade_parse_double(span(text), &read), "%s", text);
		REQUIRE(fabs(read - strtod(text, NULL)) <= 1.2e-16 * fabs(read), "%s: %.17g", text, read);
	}
}
END_TEST

START_TEST(numbers_of_up_to_15_digits_are_exact)
{
	char text[64];

	for (int i = 0; i < 200000; i++) {
		double read = 0;
		int64_t mantissa = (int64_t)rand_r(&seed) * 400000 + rand_r(&seed);

		snprintf(text, sizeof(text), "%s0.%015lld", i % 2 ? "-" : "", (long long)mantissa);
		REQUIRE(!comtrade_parse_double(span(text), &read), "%s", text);
		REQUIRE(read == strtod(text, NULL), "%s: %.17g", text, read);
	}
}
END_TEST

static const struct { const char *text; double value; } odd[] = {
	{ "1e3", 1000 }, { "1E+03", 1000 }, { "+5", 5 }, { ".5", 0.5 }, { "5.", 5 }, { "-0", 0 }, { "0e99999999999", 0 }, { "1e-999", 0 },
	{ "00000000000000000000000000012", 12 }, { "0.00000000000000000000000000012", 1.2e-28 },
	{ "123456789012345678901234567890", 123456789012345678901234567890.0 }, { "-3.40282347E+38", -3.40282347e38 },
};

START_TEST(unusual_numbers_are_numbers)
{
	double value = NAN;

	ck_assert_int_eq(comtrade_parse_double(span(odd[_i].text), &value), 0);
	ck_assert(fabs(value - odd[_i].value) <= 1e-15 * fabs(odd[_i].value));
}
END_TEST

static const char *const not_numbers[] = {
	"", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "1,5", "0x10", "nan", "inf", "1e999", "--1", "1 2", "1a", "\xb2", "1d3",
};

START_TEST(anything_else_is_no_number)
{
	double value = 0;

	ck_assert_int_ne(comtrade_parse_double(span(not_numbers[_i]), &value), 0);
}
END_TEST

START_TEST(a_comma_for_a_decimal_point_in_the_locale_changes_nothing)
{
	double value = 0;

	/* where the system has such a locale; in the C locale it holds as well */
	setlocale(LC_ALL, "de_DE.UTF-8");
	ck_assert_int_eq(comtrade_parse_double(span("1.5"), &value), 0);
	ck_assert_double_eq(value, 1.5);
	setlocale(LC_ALL, "C");
}
END_TEST

static const struct { const char *line; enum comtrade_section section; bool has_format, has_bytes; enum comtrade_format format; unsigned bytes; }
headings[] = {
	{ "--- file type: CFG ---", COMTRADE_SECTION_CFG, false, false, COMTRADE_ASCII, 0 },
	{ "--- file type: INF ---", COMTRADE_SECTION_INF, false, false, COMTRADE_ASCII, 0 },
	{ "--- file type: HDR ---\r", COMTRADE_SECTION_HDR, false, false, COMTRADE_ASCII, 0 },
	{ "--- file type: DAT ASCII ---", COMTRADE_SECTION_DAT, true, false, COMTRADE_ASCII, 0 },
	{ "--- file type: DAT BINARY: 702 ---", COMTRADE_SECTION_DAT, true, true, COMTRADE_BINARY, 702 },
	{ "---file type:DAT BINARY32:702---", COMTRADE_SECTION_DAT, true, true, COMTRADE_BINARY32, 702 },
	{ "  ---  FILE  TYPE :  dat  float32 : 4214  ---  ", COMTRADE_SECTION_DAT, true, true, COMTRADE_FLOAT32, 4214 },
	{ "--- file type: DAT: 12 ---", COMTRADE_SECTION_DAT, false, true, COMTRADE_ASCII, 12 },
	{ "--- file type: DAT ---", COMTRADE_SECTION_DAT, false, false, COMTRADE_ASCII, 0 },
	{ "-- file type  DAT ---", COMTRADE_SECTION_DAT, false, false, COMTRADE_ASCII, 0 },
	{ "--- file type: XML ---", COMTRADE_SECTION_OTHER, false, false, COMTRADE_ASCII, 0 },
};

START_TEST(section_headings_are_known_whatever_their_blanks)
{
	struct comtrade_heading heading;

	ck_assert(comtrade_heading_parse(span(headings[_i].line), &heading));
	ck_assert_int_eq(heading.section, headings[_i].section);
	ck_assert_int_eq(heading.has_format, headings[_i].has_format);
	ck_assert_int_eq(heading.has_bytes, headings[_i].has_bytes);
	ck_assert(!heading.has_format || heading.format == headings[_i].format);
	ck_assert_uint_eq(heading.bytes, headings[_i].bytes);
}
END_TEST

START_TEST(other_lines_are_no_headings)
{
	static const char *const lines[] = { "", "---", "--- ---", "- file type: CFG -", "file type: CFG", "--- file: CFG ---", "1,2,3" };
	struct comtrade_heading heading;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(!comtrade_heading_parse(span(lines[i]), &heading), "%s", lines[i]);
}
END_TEST

static const struct { const char *unit; char quantity; double factor; } units[] = {
	{ "V", 'V', 1 }, { "kV", 'V', 1e3 }, { "KV", 'V', 1e3 }, { "MV", 'V', 1e6 }, { "mV", 'V', 1e-3 }, { "uV", 'V', 1e-6 }, { "v", 'V', 1 },
	{ "A", 'A', 1 }, { "kA", 'A', 1e3 }, { "mA", 'A', 1e-3 }, { "uA", 'A', 1e-6 }, { "MA", 'A', 1e6 }, { "\xb5" "A", 'A', 1e-6 },
	{ "\xc2\xb5V", 'V', 1e-6 }, { "Volts", 'V', 1 }, { "kVolts", 'V', 1e3 }, { "AMPS", 'A', 1 }, { "Amperes", 'A', 1 }, { "amp", 'A', 1 },
	{ "V rms", 'V', 1 }, { "kV(L-N)", 'V', 1e3 }, { "VA", 0, 1 }, { "kVA", 0, 1 }, { "VAr", 0, 1 }, { "W", 0, 1 }, { "Hz", 0, 1 }, { "", 0, 1 },
	{ "deg", 0, 1 }, { "k", 0, 1 }, { "none", 0, 1 }, { "mm", 0, 1 }, { "Ah", 0, 1 },
};

START_TEST(units_are_volts_amperes_or_neither)
{
	double factor = 0;
	char quantity = '?';

	comtrade_parse_unit(span(units[_i].unit), &factor, &quantity);
	ck_assert_int_eq(quantity, units[_i].quantity);
	ck_assert_double_eq(factor, units[_i].factor);
}
END_TEST

START_TEST(fields_come_one_by_one_without_their_blanks)
{
	static const char *const fields[] = { "1", "V A", "", "\xe4", "" };
	struct comtrade_span rest = span(" 1 ,\tV A,, \xe4 ,"), field;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		ck_assert(comtrade_next_field(&rest, &field));
		ck_assert_uint_eq(field.length, strlen(fields[i]));
		ck_assert_int_eq(memcmp(field.at, fields[i], field.length), 0);
	}
	ck_assert(!comtrade_next_field(&rest, &field));
}
END_TEST

START_TEST(text_ends_at_ctrl_z)
{
	struct comtrade_span line = comtrade_trim(span(" 1 \x1a\x1a 2"));

	ck_assert_uint_eq(line.length, 1);
	ck_assert_int_eq(line.at[0], '1');
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("comtrade_text");
	TCase *cases = tcase_create("text");
	const char *given = getenv("TEST_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	printf("TEST_SEED=%u\n", seed);
	fflush(stdout);
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, numbers_as_instruments_write_them_are_read_as_strtod_does);
	tcase_add_test(cases, numbers_with_large_exponents_are_read_as_strtod_does);
	tcase_add_test(cases, numbers_of_up_to_15_digits_are_exact);
	tcase_add_loop_test(cases, unusual_numbers_are_numbers, 0, COUNT(odd));
	tcase_add_loop_test(cases, anything_else_is_no_number, 0, COUNT(not_numbers));
	tcase_add_test(cases, a_comma_for_a_decimal_point_in_the_locale_changes_nothing);
	tcase_add_loop_test(cases, section_headings_are_known_whatever_their_blanks, 0, COUNT(headings));
	tcase_add_test(cases, other_lines_are_no_headings);
	tcase_add_loop_test(cases, units_are_volts_amperes_or_neither, 0, COUNT(units));
	tcase_add_test(cases, fields_come_one_by_one_without_their_blanks);
	tcase_add_test(cases, text_ends_at_ctrl_z);
	return check_main_run(suite);
}
