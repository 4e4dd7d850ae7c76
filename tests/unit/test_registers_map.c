/* The register table, row by row against the copy of the point map in tests/data. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "metering/range.h"
#include "registers/registers.h"

#define COLUMNS 10
#define ROWS_MAX 200

/* register, registers, name, access, nv, format, units, scale, range, default */
struct row {
	char *column[COLUMNS];
};

static char text[32768];
static struct row rows[ROWS_MAX];
static size_t rows_n;

static void load(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *line = text;
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/tests/data/point-map.tsv", top != NULL ? top : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	length = fread(text, 1, sizeof(text) - 1, file);
	ck_assert_uint_lt(length, sizeof(text) - 1);
	fclose(file);
	text[length] = '\0';
	rows_n = 0;
	for (bool header = true; *line != '\0'; header = false) {
		char *end = strchr(line, '\n'), *field = line;

		ck_assert(end != NULL);
		*end = '\0';
		ck_assert_uint_lt(rows_n, ROWS_MAX);
		for (int c = 0; c < COLUMNS; c++) {
			char *tab = strchr(field, '\t');

			ck_assert_msg((tab == NULL) == (c == COLUMNS - 1), "row %zu has not %d columns", rows_n, COLUMNS);
			rows[rows_n].column[c] = field;
			if (tab != NULL) {
				*tab = '\0';
				field = tab + 1;
			}
		}
		if (!header)
			rows_n++;
		line = end + 1;
	}
}

START_TEST(every_row_is_the_point_maps)
{
	size_t n;
	const struct point *points = registers_points(&n);

	ck_assert_uint_eq(rows_n, 140);
	ck_assert_uint_eq(n, rows_n);
	for (size_t i = 0; i < n; i++) {
		char **c = rows[i].column;

		ck_assert_uint_eq(points[i].number, strtoul(c[0], NULL, 10));
		ck_assert_uint_eq(points[i].registers, strtoul(c[1], NULL, 10));
		ck_assert_str_eq(points[i].name, c[2]);
		ck_assert_str_eq(registers_access(&points[i]), c[3]);
		ck_assert_str_eq(points[i].nv ? "NV" : "", c[4]);
		ck_assert_str_eq(registers_format(&points[i]), c[5]);
		ck_assert_str_eq(points[i].units, c[6]);
		ck_assert_str_eq(registers_scale(&points[i]), c[7]);
		ck_assert_str_eq(points[i].range, c[8]);
		ck_assert_str_eq(points[i].initial, c[9]);
	}
}
END_TEST

START_TEST(every_row_says_what_it_means)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		ck_assert_uint_ge(strlen(points[i].meaning), 10);
}
END_TEST

/* The blocks of the guide. */
START_TEST(mapped_are_the_five_blocks)
{
	for (unsigned number = 0; number <= 70000; number++) {
		const struct point *point = registers_find(number);
		bool mapped = (number >= 1 && number <= 52) || (number >= 129 && number <= 178) ||
			      (number >= 257 && number <= 346) || number == 7001 || (number >= 8000 && number <= 13759);

		ck_assert_msg((point != NULL) == mapped, "register %u", number);
	}
}
END_TEST

START_TEST(rows_ascend_and_do_not_overlap)
{
	size_t n, words = 0;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			ck_assert_uint_ge(points[i].number, points[i - 1].number + points[i - 1].registers);
		words += points[i].registers;
	}
	ck_assert_uint_le(words, sizeof(((struct register_image *)0)->words) / sizeof(uint16_t));
}
END_TEST

START_TEST(names_find_the_integer_first_and_then_its_float)
{
	const struct point *point = registers_find_name("kw", NULL);

	ck_assert_uint_eq(point->number, 3);
	point = registers_find_name("kw", point);
	ck_assert_uint_eq(point->number, 261);
	ck_assert_ptr_null(registers_find_name("kw", point));
	ck_assert_ptr_null(registers_find_name("KW", NULL));
	ck_assert_ptr_null(registers_find_name("", NULL));
}
END_TEST

/* Default values of the table are what a meter with default settings shows. */
START_TEST(defaults_of_the_table_are_what_default_settings_show)
{
	static struct snapshot snapshot;
	static struct register_image image;
	size_t n;
	const struct point *points = registers_points(&n);

	settings_defaults(&snapshot.settings);
	settings_derive(&snapshot.settings, &snapshot.derived);
	datalog_defaults(&snapshot.log);
	snapshot.log_max_days = datalog_max_days(snapshot.settings.demand_subinterval_s);
	registers_encode(&snapshot, &image);
	for (size_t i = 0; i < n; i++) {
		char *end;
		unsigned long initial = strtoul(points[i].initial, &end, 10);
		uint16_t value;

		if (points[i].registers != 1 || end == points[i].initial || *end != '\0')
			continue;
		ck_assert_int_eq(registers_read(&image, points[i].number, 1, &value), REGISTERS_OK);
		ck_assert_msg(value == initial, "%s: %u, not %lu", points[i].name, value, initial);
		if (points[i].write == REGISTER_SETTING)
			ck_assert(range_holds(points[i].range, value));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("register map");
	TCase *cases = tcase_create("map");

	tcase_add_unchecked_fixture(cases, load, NULL);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, every_row_is_the_point_maps);
	tcase_add_test(cases, every_row_says_what_it_means);
	tcase_add_test(cases, mapped_are_the_five_blocks);
	tcase_add_test(cases, rows_ascend_and_do_not_overlap);
	tcase_add_test(cases, names_find_the_integer_first_and_then_its_float);
	tcase_add_test(cases, defaults_of_the_table_are_what_default_settings_show);
	return check_main_run(suite);
}
