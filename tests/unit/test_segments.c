/* Segment characters: each has a shape, and no two that a display can tell apart have the same. */
#include <check.h>
#include <string.h>

#include "lib/check_main.h"
#include "view/segments.h"

#define FIRST ' '
#define LAST '~'
#define CELLS (SEGMENTS_ROWS * SEGMENTS_COLUMNS)

/* What seven segments cannot tell apart; the last group is all that they cannot show. */
static const char *const alike[] = {
	"0O", "5Ss", "9g", "Bb", "Dd", "Ff", "Kk", "Mm", "Pp", "Qq", "Ww", "Xx", "Yy", "Zz", "uv", "Il|", "C[(", "])", "#$%&*+;<>@{}",
};

static const char *group_of(enum segments_kind kind, char c)
{
	for (size_t i = 0; kind == SEGMENTS_SEVEN && i < sizeof(alike) / sizeof(alike[0]); i++)
		if (strchr(alike[i], c))
			return alike[i];
	return NULL;
}

static void draw(struct grid_cell *cells, enum segments_kind kind, char c, bool ascii)
{
	struct grid grid;

	grid_init(&grid, cells, SEGMENTS_ROWS, SEGMENTS_COLUMNS, ascii);
	segments_draw(&grid, 0, 0, segments_of(kind, c), GRID_PLAIN);
}

static bool same(const struct grid_cell *a, const struct grid_cell *b)
{
	for (int i = 0; i < CELLS; i++)
		if (a[i].code != b[i].code)
			return false;
	return true;
}

static void compare_all(enum segments_kind kind, bool ascii)
{
	struct grid_cell one[CELLS], other[CELLS];

	for (char c = FIRST; c <= LAST; c++) {
		draw(one, kind, c, ascii);
		for (char d = FIRST; d < c; d++) {
			const char *group = group_of(kind, c);
			bool expected = group && strchr(group, d);

			draw(other, kind, d, ascii);
			ck_assert_msg(same(one, other) == expected, "%d segments, ASCII %d: '%c' and '%c'", kind == SEGMENTS_SEVEN ? 7 : 16,
				      ascii, c, d);
		}
	}
}

START_TEST(shapes_differ)
{
	compare_all(_i & 1 ? SEGMENTS_SEVEN : SEGMENTS_SIXTEEN, _i & 2);
}
END_TEST

/* The segments of the ten digits, as every seven-segment display has them. */
START_TEST(digits_are_those_of_any_display)
{
	static const char *const lit[10] = {
		"abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg",
	};
	/* one dot of each segment: row, column and which half */
	static const struct {
		char name;
		int row, column;
		bool lower;
	} probe[7] = {
		{ 'a', 0, 2, false }, { 'b', 1, 6, true }, { 'c', 3, 6, true }, { 'd', 5, 2, false }, { 'e', 3, 0, true }, { 'f', 1, 0, true },
		{ 'g', 2, 2, true },
	};
	struct grid_cell cells[CELLS];

	for (int digit = 0; digit < 10; digit++) {
		draw(cells, SEGMENTS_SEVEN, (char)('0' + digit), false);
		for (int i = 0; i < 7; i++) {
			uint32_t code = cells[probe[i].row * SEGMENTS_COLUMNS + probe[i].column].code;
			bool on = code == 0x2588 || code == (probe[i].lower ? 0x2584 : 0x2580);

			ck_assert_msg(on == (strchr(lit[digit], probe[i].name) != NULL), "segment %c of %d", probe[i].name, digit);
		}
	}
}
END_TEST

START_TEST(what_is_not_printable_is_dark)
{
	for (int c = -128; c < 128; c++)
		if (c < ' ' || c > '~')
			ck_assert_uint_eq(segments_of(SEGMENTS_SIXTEEN, (char)c) | segments_of(SEGMENTS_SEVEN, (char)c), 0);
}
END_TEST

START_TEST(an_ascii_grid_gets_nothing_but_ascii)
{
	struct grid_cell cells[CELLS];

	for (char c = FIRST; c <= LAST; c++) {
		draw(cells, SEGMENTS_SIXTEEN, c, true);
		for (int i = 0; i < CELLS; i++)
			ck_assert(cells[i].code && strchr(" '\".#", (int)cells[i].code));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segments");
	TCase *tcase = tcase_create("shapes");

	tcase_add_loop_test(tcase, shapes_differ, 0, 4);
	tcase_add_test(tcase, digits_are_those_of_any_display);
	tcase_add_test(tcase, what_is_not_printable_is_dark);
	tcase_add_test(tcase, an_ascii_grid_gets_nothing_but_ascii);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
