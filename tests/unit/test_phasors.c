/* The phasor picture: dots where trigonometry puts them, whatever the picture's size. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "lib/check_main.h"
#include "lib/require.h"
#include "view/phasors.h"

#define ROWS 20
#define COLUMNS 44
#define NEAR 1.5		/* dots: the rounding of both ends, and of the step between */

static struct grid_cell cells[ROWS * COLUMNS];
static const struct phasors_input none = { (double)NAN, (double)NAN };

static void draw(struct grid *grid, const struct phasors_input input[PHASORS_INPUTS])
{
	grid_init(grid, cells, ROWS, COLUMNS, false);
	phasors_draw(grid, 0, 0, ROWS, COLUMNS, input);
}

/* Unicode numbers the dots of braille 1 2 3 7 down the left and 4 5 6 8 down the right side. */
static bool is_lit(const struct grid *grid, int x, int y)
{
	static const int number[4][2] = { { 1, 4 }, { 2, 5 }, { 3, 6 }, { 7, 8 } };
	uint32_t code;

	if (x < 0 || y < 0 || x >= 2 * COLUMNS || y >= 4 * ROWS)
		return false;
	code = grid->cell[y / 4 * COLUMNS + x / 2].code;
	return code >= 0x2800 && code < 0x2900 && code >> (number[y % 4][x % 2] - 1) & 1;
}

static bool is_lit_near(const struct grid *grid, double x, double y)
{
	for (int dy = -2; dy <= 2; dy++)
		for (int dx = -2; dx <= 2; dx++) {
			int at_x = (int)lround(x) + dx, at_y = (int)lround(y) + dy;

			if (hypot(at_x - x, at_y - y) <= NEAR && is_lit(grid, at_x, at_y))
				return true;
		}
	return false;
}

/* Dots within `within` of the middle that are farther than NEAR from the ray at deg of `length`. */
static int count_astray(const struct grid *grid, int x0, int y0, double within, double deg, double length)
{
	double ux = cos(deg * M_PI / 180), uy = -sin(deg * M_PI / 180);
	int astray = 0;

	for (int y = 0; y < 4 * ROWS; y++)
		for (int x = 0; x < 2 * COLUMNS; x++) {
			double along = (x - x0) * ux + (y - y0) * uy, across = fabs((x - x0) * -uy + (y - y0) * ux);

			if (is_lit(grid, x, y) && hypot(x - x0, y - y0) < within &&
			    (along < -NEAR || along > length + NEAR || across > NEAR))
				astray++;
		}
	return astray;
}

START_TEST(an_arrow_points_where_its_angle_says)
{
	struct phasors_input input[PHASORS_INPUTS] = { none, none, none, none, none, none };
	int x0, y0, radius, which = _i % 6;
	double deg = _i * 7 - 180.0, length;
	struct grid grid;

	phasors_place(ROWS, COLUMNS, &x0, &y0, &radius);
	ck_assert_int_ge(radius, 30);
	input[which] = (struct phasors_input){ 123.4, deg };
	length = which < 3 ? radius : radius * PHASORS_CURRENT;
	draw(&grid, input);
	/* up to where the name may stand */
	for (double part = 0.1; part * length < length - 10; part += 0.1) {
		double x = x0 + part * length * cos(deg * M_PI / 180), y = y0 - part * length * sin(deg * M_PI / 180);

		if (which < 3)
			ck_assert_msg(is_lit_near(&grid, x, y), "%s at %g degrees: no dot at %.0f %%", phasors_name(which), deg, 100 * part);
	}
	ck_assert_int_eq(count_astray(&grid, x0, y0, radius - NEAR, deg, length), 0);
}
END_TEST

static int count_dots(const struct grid *grid, int x0, int y0, double within)
{
	int dots = 0;

	for (int y = 0; y < 4 * ROWS; y++)
		for (int x = 0; x < 2 * COLUMNS; x++)
			dots += is_lit(grid, x, y) && hypot(x - x0, y - y0) < within;
	return dots;
}

START_TEST(a_current_is_a_broken_line)
{
	struct phasors_input v[PHASORS_INPUTS] = { { 277, 30 }, none, none, none, none, none };
	struct phasors_input i[PHASORS_INPUTS] = { none, none, none, { 50, 30 }, none, none };
	int x0, y0, radius, of_voltage, of_current;
	struct grid grid;

	phasors_place(ROWS, COLUMNS, &x0, &y0, &radius);
	draw(&grid, v);
	of_voltage = count_dots(&grid, x0, y0, radius * 0.5);
	draw(&grid, i);
	of_current = count_dots(&grid, x0, y0, radius * 0.5);
	ck_assert_int_gt(of_current, of_voltage / 3);
	ck_assert_int_lt(of_current, of_voltage * 2 / 3);
}
END_TEST

START_TEST(lengths_are_in_proportion)
{
	struct phasors_input input[PHASORS_INPUTS] = { { 200, 0 }, { 100, 90 }, none, none, none, none };
	int x0, y0, radius, highest = ROWS * 4;
	struct grid grid;

	phasors_place(ROWS, COLUMNS, &x0, &y0, &radius);
	draw(&grid, input);
	/* the shorter one goes straight up: its highest dot below the circle */
	for (int y = y0; y > y0 - radius + 3; y--)
		if (is_lit(&grid, x0, y))
			highest = y;
	ck_assert_int_le(abs(y0 - highest - radius / 2), 1);
}
END_TEST

START_TEST(what_is_dead_or_not_valid_has_no_arrow)
{
	struct phasors_input input[PHASORS_INPUTS] = {
		{ 277, 0 }, { 277 * PHASORS_LEAST * 0.9, 90 }, none, { 0, 45 }, { (double)NAN, 3 }, { 0, (double)NAN },
	};
	int x0, y0, radius;
	struct grid grid;

	phasors_place(ROWS, COLUMNS, &x0, &y0, &radius);
	draw(&grid, input);
	ck_assert_int_eq(count_astray(&grid, x0, y0, radius - NEAR, 0, radius), 0);
	for (int i = 0; i < ROWS * COLUMNS; i++)
		ck_assert(cells[i].code != 'B' && cells[i].code != 'C' && cells[i].code != 'I');
}
END_TEST

START_TEST(a_picture_of_any_size_stays_in_its_rectangle)
{
	static struct grid_cell around[30 * 60];
	const struct phasors_input input[PHASORS_INPUTS] = { { 1, 0 }, { 1, 180 }, { 1, 90 }, { 1, -90 }, { 1, 45 }, { 1, 200 } };
	struct grid grid;

	for (unsigned rows = 0; rows <= 26; rows++)
		for (unsigned columns = 0; columns <= 56; columns++) {
			grid_init(&grid, around, 30, 60, rows % 2);
			phasors_draw(&grid, 2, 2, rows, columns, input);
			for (unsigned r = 0; r < 30; r++)
				for (unsigned c = 0; c < 60; c++)
					if (r < 2 || c < 2 || r >= 2 + rows || c >= 2 + columns)
						REQUIRE(around[r * 60 + c].code == ' ', "%u x %u: at %u %u", rows, columns, r, c);
		}
}
END_TEST

START_TEST(the_list_says_what_is_not_valid)
{
	const struct phasors_input input[PHASORS_INPUTS] = { { 277.004, -0.04 }, { 5, (double)NAN }, none, { 1e9, 90 }, none, none };
	struct grid grid;
	char text[200];

	grid_init(&grid, cells, PHASORS_LIST_ROWS, PHASORS_LIST_COLUMNS, true);
	phasors_list(&grid, 0, 0, input);
	grid_row_text(&grid, 0, text, sizeof(text));
	ck_assert_str_eq(text, "VA      277.00 V    -0.0 deg");
	grid_row_text(&grid, 1, text, sizeof(text));
	ck_assert_str_eq(text, "VB        5.00 V    ---- deg");
	grid_row_text(&grid, 2, text, sizeof(text));
	ck_assert_str_eq(text, "VC        ---- V    ---- deg");
	grid_row_text(&grid, 3, text, sizeof(text));
	ck_assert_str_eq(text, "IA   1.000e+09 A    90.0 deg");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("phasors");
	TCase *tcase = tcase_create("picture");

	tcase_add_loop_test(tcase, an_arrow_points_where_its_angle_says, 0, 52);
	tcase_add_test(tcase, a_current_is_a_broken_line);
	tcase_add_test(tcase, lengths_are_in_proportion);
	tcase_add_test(tcase, what_is_dead_or_not_valid_has_no_arrow);
	tcase_add_test(tcase, a_picture_of_any_size_stays_in_its_rectangle);
	tcase_add_test(tcase, the_list_says_what_is_not_valid);
	suite_add_tcase(suite, tcase);
	return check_main_run_unforked(suite);
}
