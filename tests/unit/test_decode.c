/* Words back to values: the truth is arithmetic on the words, and the encoder, which was written apart. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/check_main.h"
#include "registers/decode.h"

static const struct decode_scales scales = { -2, -1, 1, -4 };

static const char *text_of(unsigned number, uint16_t high, uint16_t low, char text[DECODE_TEXT_MAX])
{
	const uint16_t words[2] = { high, low };

	decode_text(registers_find(number), words, &scales, text);
	return text;
}

START_TEST(integers_are_decimal_and_exact_at_every_scale)
{
	char text[DECODE_TEXT_MAX];

	ck_assert_str_eq(text_of(22, 5000, 0, text), "50.00");
	ck_assert_str_eq(text_of(22, 7, 0, text), "0.07");
	ck_assert_str_eq(text_of(16, 4801, 0, text), "480.1");
	ck_assert_str_eq(text_of(3, 3750, 0, text), "37500");
	ck_assert_str_eq(text_of(1, 0xFFFF, 0xFFFF, text), "429496.7295");
	ck_assert_str_eq(text_of(1, 0, 1, text), "0.0001");
	ck_assert_str_eq(text_of(6, 10000, 0, text), "1.0000");
	ck_assert_str_eq(text_of(26, 6001, 0, text), "60.01");
	ck_assert_str_eq(text_of(133, 32000, 0, text), "320.00");
	ck_assert_str_eq(text_of(43, 1, 2, text), "65538");
	ck_assert_str_eq(text_of(138, 0xFFFE, 0, text), "-2");
}
END_TEST

START_TEST(floats_are_the_single_that_the_words_hold)
{
	char text[DECODE_TEXT_MAX];

	/* IEEE 754: 0x42F60000 is 123.0, 0x3DCCCCCD the single next to 0.1 */
	ck_assert_str_eq(text_of(261, 0x42F6, 0x0000, text), "123");
	ck_assert_str_eq(text_of(261, 0x3DCC, 0xCCCD, text), "0.100000001");
	ck_assert_str_eq(text_of(261, 0x7FC0, 0x0000, text), "");
	ck_assert_str_eq(text_of(261, 0x7F80, 0x0000, text), "");
}
END_TEST

START_TEST(only_what_can_be_without_a_value_is_void)
{
	char text[DECODE_TEXT_MAX];

	ck_assert_str_eq(text_of(3, 0x8000, 0, text), "");
	ck_assert_str_eq(text_of(47, 0x8000, 0, text), "");
	ck_assert_str_eq(text_of(25, 0x8000, 0, text), "");
	/* 2^31 of a total energy, the configuration alert alone, half of all pulses */
	ck_assert_str_eq(text_of(1, 0x8000, 0, text), "214748.3648");
	ck_assert_str_eq(text_of(47, 0x8000, 1, text), "214748.3649");
	ck_assert_str_eq(text_of(146, 0x8000, 0, text), "32768");
	ck_assert_str_eq(text_of(43, 0x8000, 0, text), "2147483648");
}
END_TEST

/* Whatever is encoded comes back: to half a step as an integer, to a single's precision as a float. */
START_TEST(random_snapshots_come_back)
{
	unsigned seed = getenv("CHECK_SEED") ? (unsigned)strtoul(getenv("CHECK_SEED"), NULL, 0) : (unsigned)time(NULL);
	struct register_image *image = calloc(1, sizeof(*image));
	struct snapshot *s = calloc(1, sizeof(*s));
	size_t n;
	const struct point *points = registers_points(&n);

	printf("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 200; round++) {
		settings_defaults(&s->settings);
		s->settings.ct_primary = 1 + rand() % 32000;
		settings_derive(&s->settings, &s->derived);
		for (double *at = (double *)(void *)&s->readings; at < (double *)(void *)(&s->readings + 1); at++)
			*at = rand() % 7 ? rand() / (double)RAND_MAX * 600 : (double)NAN;
		registers_encode(s, image);
		for (size_t i = 0; i < n; i++) {
			const struct point *point = &points[i];
			struct decode_scales now = { s->derived.scale_i, s->derived.scale_v, s->derived.scale_w, s->derived.scale_e };
			double value, want, step;
			uint16_t words[2] = { 0 };

			if ((point->source != REGISTER_SI && point->source != REGISTER_MILLI) || point->number == 6 ||
			    point->number == 26)
				continue;
			ck_assert_int_eq(registers_read(image, point->number, point->registers, words), REGISTERS_OK);
			value = decode_value(point, words, &now);
			want = registers_value(point, s);
			ck_assert_msg(isnan(value) == isnan(want), "%s %g %g", point->name, value, want);
			if (isnan(want))
				continue;
			step = point->format == REGISTER_FLOAT ? want * 1e-7 : pow(10, decode_exponent(point, &now));
			want = point->format == REGISTER_FLOAT ? want : fmin(want, 32767 * step);
			ck_assert_msg(fabs(value - want) <= step * 0.5001 + want * 1e-7, "%s (%u): %.9g, not %.9g", point->name,
				      point->number, value, want);
		}
	}
	free(image);
	free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tcase = tcase_create("decode");

	tcase_add_test(tcase, integers_are_decimal_and_exact_at_every_scale);
	tcase_add_test(tcase, floats_are_the_single_that_the_words_hold);
	tcase_add_test(tcase, only_what_can_be_without_a_value_is_void);
	tcase_add_test(tcase, random_snapshots_come_back);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
