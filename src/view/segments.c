#include "view/segments.h"

#define FIRST ' '
#define LAST '~'
#define HALVES (2 * SEGMENTS_ROWS)

/* a b c d e f g1=p g2=q and the inner ones by their names in small letters; 1 2 3 4: a1 a2 d1 d2; o . and : dots. */
static const char *const sixteen[LAST - FIRST + 1] = {
	[' ' - FIRST] = "", ['!' - FIRST] = "bc", ['"' - FIRST] = "fi", ['#' - FIRST] = "bcdilpq", ['$' - FIRST] = "acdfilpq",
	['%' - FIRST] = "cfjk", ['&' - FIRST] = "acdehipm", ['\'' - FIRST] = "j", ['(' - FIRST] = "jm", [')' - FIRST] = "hk",
	['*' - FIRST] = "hijklmpq", ['+' - FIRST] = "ilpq", [',' - FIRST] = "k", ['-' - FIRST] = "pq", ['.' - FIRST] = "o",
	['/' - FIRST] = "jk",
	['0' - FIRST] = "abcdefjk", ['1' - FIRST] = "bcj", ['2' - FIRST] = "abdepq", ['3' - FIRST] = "abcdq", ['4' - FIRST] = "bcfpq",
	['5' - FIRST] = "adfpm", ['6' - FIRST] = "acdefpq", ['7' - FIRST] = "abc", ['8' - FIRST] = "abcdefpq", ['9' - FIRST] = "abcdfpq",
	[':' - FIRST] = ":", [';' - FIRST] = ":k", ['<' - FIRST] = "jmp", ['=' - FIRST] = "dpq", ['>' - FIRST] = "hkq",
	['?' - FIRST] = "abql", ['@' - FIRST] = "abdefiq",
	['A' - FIRST] = "abcefpq", ['B' - FIRST] = "abcdilq", ['C' - FIRST] = "adef", ['D' - FIRST] = "abcdil", ['E' - FIRST] = "adefpq",
	['F' - FIRST] = "aefpq", ['G' - FIRST] = "acdefq", ['H' - FIRST] = "bcefpq", ['I' - FIRST] = "adil", ['J' - FIRST] = "bcde",
	['K' - FIRST] = "efjmp", ['L' - FIRST] = "def", ['M' - FIRST] = "bcefhj", ['N' - FIRST] = "bcefhm", ['O' - FIRST] = "abcdef",
	['P' - FIRST] = "abefpq", ['Q' - FIRST] = "abcdefm", ['R' - FIRST] = "abefpqm", ['S' - FIRST] = "acdfpq", ['T' - FIRST] = "ail",
	['U' - FIRST] = "bcdef", ['V' - FIRST] = "efjk", ['W' - FIRST] = "bcefkm", ['X' - FIRST] = "hjkm", ['Y' - FIRST] = "hjl",
	['Z' - FIRST] = "adjk",
	['[' - FIRST] = "24il", ['\\' - FIRST] = "hm", [']' - FIRST] = "13il", ['^' - FIRST] = "km", ['_' - FIRST] = "d",
	['`' - FIRST] = "h",
	['a' - FIRST] = "depl", ['b' - FIRST] = "cdefpq", ['c' - FIRST] = "depq", ['d' - FIRST] = "bcdepq", ['e' - FIRST] = "abdefpq",
	['f' - FIRST] = "2ilpq", ['g' - FIRST] = "abcdfq", ['h' - FIRST] = "cefpq", ['i' - FIRST] = "l", ['j' - FIRST] = "bcd",
	['k' - FIRST] = "ijlm", ['l' - FIRST] = "ef", ['m' - FIRST] = "ceplq", ['n' - FIRST] = "cepq", ['o' - FIRST] = "cdepq",
	['p' - FIRST] = "1efip", ['q' - FIRST] = "abcfpq", ['r' - FIRST] = "epq", ['s' - FIRST] = "dqm", ['t' - FIRST] = "defpq",
	['u' - FIRST] = "cde", ['v' - FIRST] = "ek", ['w' - FIRST] = "cekm", ['x' - FIRST] = "kmpq", ['y' - FIRST] = "bcdfpq",
	['z' - FIRST] = "dkp",
	['{' - FIRST] = "24ilp", ['|' - FIRST] = "il", ['}' - FIRST] = "13ilq", ['~' - FIRST] = "fhq",
};

/* "adg" stands for what seven segments cannot show. */
static const char *const seven[LAST - FIRST + 1] = {
	[' ' - FIRST] = "", ['"' - FIRST] = "bf", ['\'' - FIRST] = "b", ['`' - FIRST] = "f", [',' - FIRST] = "c", ['-' - FIRST] = "g",
	['.' - FIRST] = "o", ['/' - FIRST] = "beg", [':' - FIRST] = ":", ['=' - FIRST] = "dg", ['?' - FIRST] = "abeg", ['[' - FIRST] = "adef",
	['\\' - FIRST] = "cfg", [']' - FIRST] = "abcd", ['^' - FIRST] = "abf", ['_' - FIRST] = "d", ['|' - FIRST] = "ef", ['(' - FIRST] = "adef",
	[')' - FIRST] = "abcd", ['!' - FIRST] = "bd", ['~' - FIRST] = "a",
	['0' - FIRST] = "abcdef", ['1' - FIRST] = "bc", ['2' - FIRST] = "abdeg", ['3' - FIRST] = "abcdg", ['4' - FIRST] = "bcfg",
	['5' - FIRST] = "acdfg", ['6' - FIRST] = "acdefg", ['7' - FIRST] = "abc", ['8' - FIRST] = "abcdefg", ['9' - FIRST] = "abcdfg",
	['A' - FIRST] = "abcefg", ['B' - FIRST] = "cdefg", ['C' - FIRST] = "adef", ['D' - FIRST] = "bcdeg", ['E' - FIRST] = "adefg",
	['F' - FIRST] = "aefg", ['G' - FIRST] = "acdef", ['H' - FIRST] = "bcefg", ['I' - FIRST] = "ef", ['J' - FIRST] = "bcde",
	['K' - FIRST] = "acefg", ['L' - FIRST] = "def", ['M' - FIRST] = "ace", ['N' - FIRST] = "abcef", ['O' - FIRST] = "abcdef",
	['P' - FIRST] = "abefg", ['Q' - FIRST] = "abcfg", ['R' - FIRST] = "abef", ['S' - FIRST] = "acdfg", ['T' - FIRST] = "aef",
	['U' - FIRST] = "bcdef", ['V' - FIRST] = "bcdf", ['W' - FIRST] = "bdf", ['X' - FIRST] = "bceg", ['Y' - FIRST] = "bcdfg",
	['Z' - FIRST] = "abde",
	['a' - FIRST] = "abcdeg", ['b' - FIRST] = "cdefg", ['c' - FIRST] = "deg", ['d' - FIRST] = "bcdeg", ['e' - FIRST] = "abdefg",
	['f' - FIRST] = "aefg", ['g' - FIRST] = "abcdfg", ['h' - FIRST] = "cefg", ['i' - FIRST] = "e", ['j' - FIRST] = "bcd",
	['k' - FIRST] = "acefg", ['l' - FIRST] = "ef", ['m' - FIRST] = "ace", ['n' - FIRST] = "ceg", ['o' - FIRST] = "cdeg",
	['p' - FIRST] = "abefg", ['q' - FIRST] = "abcfg", ['r' - FIRST] = "eg", ['s' - FIRST] = "acdfg", ['t' - FIRST] = "defg",
	['u' - FIRST] = "cde", ['v' - FIRST] = "cde", ['w' - FIRST] = "bdf", ['x' - FIRST] = "bceg", ['y' - FIRST] = "bcdfg",
	['z' - FIRST] = "abde",
};

static uint32_t segment_named(char name)
{
	static const struct {
		char name;
		uint32_t segments;
	} known[] = {
		{ 'a', SEGMENT_A1 | SEGMENT_A2 }, { 'b', SEGMENT_B }, { 'c', SEGMENT_C }, { 'd', SEGMENT_D1 | SEGMENT_D2 },
		{ 'e', SEGMENT_E }, { 'f', SEGMENT_F }, { 'g', SEGMENT_G1 | SEGMENT_G2 }, { 'p', SEGMENT_G1 }, { 'q', SEGMENT_G2 },
		{ 'h', SEGMENT_H }, { 'i', SEGMENT_I }, { 'j', SEGMENT_J }, { 'k', SEGMENT_K }, { 'l', SEGMENT_L }, { 'm', SEGMENT_M },
		{ '1', SEGMENT_A1 }, { '2', SEGMENT_A2 }, { '3', SEGMENT_D1 }, { '4', SEGMENT_D2 },
		{ 'o', SEGMENT_DOT }, { ':', SEGMENT_COLON },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].name == name)
			return known[i].segments;
	return 0;
}

uint32_t segments_of(enum segments_kind kind, char character)
{
	const char *names;
	uint32_t lit = 0;

	if (character < FIRST || character > LAST)
		return 0;
	names = kind == SEGMENTS_SEVEN ? seven[character - FIRST] : sixteen[character - FIRST];
	if (!names)
		names = "adg";
	for (; *names; names++)
		lit |= segment_named(*names);
	return lit;
}

/* In half cells: x to the right, y down.  What goes through the middle meets in it. */
static const struct bar {
	uint32_t segment;
	uint8_t x, y, width, height;
} bars[] = {
	{ SEGMENT_A1, 1, 0, 3, 1 }, { SEGMENT_A2, 3, 0, 3, 1 }, { SEGMENT_B, 6, 1, 1, 4 }, { SEGMENT_C, 6, 6, 1, 4 },
	{ SEGMENT_D1, 1, 10, 3, 1 }, { SEGMENT_D2, 3, 10, 3, 1 }, { SEGMENT_E, 0, 6, 1, 4 }, { SEGMENT_F, 0, 1, 1, 4 },
	{ SEGMENT_G1, 1, 5, 3, 1 }, { SEGMENT_G2, 3, 5, 3, 1 }, { SEGMENT_I, 3, 1, 1, 5 }, { SEGMENT_L, 3, 5, 1, 5 },
	{ SEGMENT_H, 1, 1, 1, 2 }, { SEGMENT_H, 2, 3, 1, 2 }, { SEGMENT_J, 5, 1, 1, 2 }, { SEGMENT_J, 4, 3, 1, 2 },
	{ SEGMENT_K, 2, 6, 1, 2 }, { SEGMENT_K, 1, 8, 1, 2 }, { SEGMENT_M, 4, 6, 1, 2 }, { SEGMENT_M, 5, 8, 1, 2 },
	{ SEGMENT_H | SEGMENT_J | SEGMENT_K | SEGMENT_M, 3, 5, 1, 1 },
	{ SEGMENT_DOT, 3, 9, 1, 2 }, { SEGMENT_COLON, 3, 3, 1, 1 }, { SEGMENT_COLON, 3, 7, 1, 1 },
};

/* A cell of which the upper half, the lower half, or both are lit. */
static void put_halves(struct grid *grid, int row, int column, bool upper, bool lower, enum grid_colour colour)
{
	static const uint32_t drawn[4] = { ' ', 0x2580, 0x2584, 0x2588 }, plain[4] = { ' ', '"', '.', '#' };
	int which = upper + 2 * lower;

	if (which)
		grid_put(grid, row, column, grid->ascii ? plain[which] : drawn[which], colour);
}

void segments_draw(struct grid *grid, int row, int column, uint32_t segments, enum grid_colour colour)
{
	bool lit[HALVES][SEGMENTS_COLUMNS] = { { false } };

	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		if (!(segments & bars[i].segment))
			continue;
		for (unsigned y = bars[i].y; y < bars[i].y + bars[i].height; y++)
			for (unsigned x = bars[i].x; x < bars[i].x + bars[i].width; x++)
				lit[y][x] = true;
	}
	for (int r = 0; r < SEGMENTS_ROWS; r++)
		for (int c = 0; c < SEGMENTS_COLUMNS; c++)
			put_halves(grid, row + r, column + c, lit[2 * r][c], lit[2 * r + 1][c], colour);
}

void segments_draw_point(struct grid *grid, int row, int column, enum grid_colour colour)
{
	put_halves(grid, row + SEGMENTS_ROWS - 2, column + SEGMENTS_COLUMNS + 1, false, true, colour);
	put_halves(grid, row + SEGMENTS_ROWS - 1, column + SEGMENTS_COLUMNS + 1, true, false, colour);
}
