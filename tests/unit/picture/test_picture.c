/*
 * Pages: what the files are is told by their signatures, what is on them by reading the pixels and paths back.
 */
#include <cairo.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check_main.h"
#include "picture/panel_picture.h"
#include "picture/panel_picture_private.h"
#include "picture/scope_picture.h"

static char directory[] = "/tmp/test_picture.XXXXXX";
static char path[128];

static const char *in_directory(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static char *read_file(const char *file, size_t *size)
{
	FILE *in = fopen(file, "rb");
	char *bytes = calloc(1, 1 << 20);

	ck_assert(in && bytes);
	*size = fread(bytes, 1, (1 << 20) - 1, in);
	fclose(in);
	return bytes;
}

static unsigned count_files(void)
{
	DIR *files = opendir(directory);
	unsigned count = 0;

	ck_assert_ptr_nonnull(files);
	for (struct dirent *entry; (entry = readdir(files)); )
		count += entry->d_name[0] != '.';
	closedir(files);
	return count;
}

static uint32_t pixel(cairo_surface_t *surface, double x, double y)
{
	const unsigned char *row = cairo_image_surface_get_data(surface) + (int)y * cairo_image_surface_get_stride(surface);

	return ((const uint32_t *)(const void *)row)[(int)x] & 0xffffff;
}

/* Known waves: a hundred samples a cycle, two cycles of 50 Hz. */
static double sample[ADC_CHANNELS][201];

static void make_view(struct scope_view *view)
{
	const struct scope_options options = { .cycles = 2 };

	scope_view_clear(view, &options);
	snprintf(view->title, sizeof(view->title), "Scope of <this & that>");
	snprintf(view->time, sizeof(view->time), "2026-11-27T08:30:00Z");
	view->state = SCOPE_LIVE;
	view->rate_hz = 5000;
	view->hz = 50;
	view->span_s = 0.04;
	view->reference = 0;
	view->highest = HARMONICS_MAX;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct scope_channel *channel = &view->channel[c];
		double rms = c < 3 ? 230 : 7, deg = -120 * (c % 3);

		for (int k = 0; k <= 200; k++)
			sample[c][k] = rms * sqrt(2) * sin(2 * M_PI * k / 100 + deg * M_PI / 180);
		channel->sample = sample[c];
		channel->samples = 201;
		channel->start_s = 0;
		channel->full_scale = c < 3 ? 500 : 10;
		channel->rms = channel->phasor_rms = rms;
		channel->phasor_deg = deg;
		channel->crest = sqrt(2);
		channel->thd = 0.0302;
		for (int h = 1; h <= HARMONICS_MAX; h++)
			channel->harmonic[h] = h == 1 ? 1 : h == 5 ? 0.03 : 0;
	}
}

START_TEST(each_format_has_its_signature_and_the_size_asked_for)
{
	struct scope_view view;
	char *bytes;
	size_t size;

	make_view(&view);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("a.png"), PICTURE_LIGHT), 0);
	bytes = read_file(path, &size);
	ck_assert_mem_eq(bytes, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x05\xa0\0\0\x03\x84", 24);	/* 1440 x 900 */
	free(bytes);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("a.PDF"), PICTURE_LIGHT), 0);
	bytes = read_file(path, &size);
	ck_assert_mem_eq(bytes, "%PDF-1.", 7);
	ck_assert_ptr_nonnull(memmem(bytes, size, "/MediaBox [ 0 0 960 600 ]", 25));
	ck_assert_ptr_null(memmem(bytes, size, "CreationDate", 12));
	free(bytes);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("a.svg"), PICTURE_LIGHT), 0);
	bytes = read_file(path, &size);
	ck_assert_ptr_nonnull(strstr(bytes, "<svg xmlns=\"http://www.w3.org/2000/svg\""));
	ck_assert_ptr_nonnull(strstr(bytes, "viewBox=\"0 0 960 600\""));
	free(bytes);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("a.gif"), PICTURE_LIGHT), -EINVAL);
	ck_assert_int_eq(scope_picture_write(&view, in_directory(".png"), PICTURE_LIGHT), -EINVAL);
	ck_assert_uint_eq(count_files(), 3);
}
END_TEST

START_TEST(the_svg_says_its_title_units_and_legends_in_words)
{
	static const char *const words[] = {
		"<title>Scope of &lt;this &amp; that&gt;</title>", "2026-11-27 08:30:00 UTC", "\nms\n", "\nV\n", "\nA\n", "\n%\n", "VA  230.0 V",
		"IC  7.000 A", "VB  3.02 %", "50.000 Hz", "−120.0°", "Phasors",
	};
	struct scope_view view;
	char *bytes;
	size_t size;

	make_view(&view);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("words.svg"), PICTURE_DARK), 0);
	bytes = read_file(path, &size);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		ck_assert_msg(strstr(bytes, words[i]) != NULL, "no '%s'", words[i]);
	free(bytes);
}
END_TEST

START_TEST(a_harmonic_that_is_not_known_is_told_from_one_that_is_not_there)
{
	for (int unknown = 0; unknown <= 2; unknown++) {
		struct scope_view view;
		int marks = 0;
		size_t size;
		char *bytes;

		make_view(&view);
		for (int c = 0; c < ADC_CHANNELS; c++)
			for (int h = HARMONICS_MAX; h > HARMONICS_MAX - unknown; h--)
				view.channel[c].harmonic[h] = NAN;
		ck_assert_int_eq(scope_picture_write(&view, in_directory("unknown.svg"), PICTURE_LIGHT), 0);
		bytes = read_file(path, &size);
		for (const char *at = bytes; (at = strstr(at, "\n?\n")); at++)
			marks++;
		ck_assert_int_eq(marks, 2 * unknown);
		free(bytes);
	}
}
END_TEST

/* Every element is closed, in its order, quotes end and no loose < or & stands anywhere: what a parser of XML would refuse. */
static bool is_well_formed(const char *xml)
{
	char open[16][32];
	unsigned depth = 0;

	for (; *xml; xml++) {
		size_t length;

		if (*xml == '&' && strncmp(xml, "&amp;", 5) && strncmp(xml, "&lt;", 4) && strncmp(xml, "&gt;", 4) && strncmp(xml, "&quot;", 6))
			return false;
		if (*xml != '<')
			continue;
		length = strcspn(++xml, " />\n?");
		if (*xml == '/') {
			length = strcspn(++xml, ">");
			if (!depth || strlen(open[depth - 1]) != length || strncmp(open[--depth], xml, length))
				return false;
		} else if (*xml != '?') {
			if (depth == 16 || !length || length >= sizeof(open[0]))
				return false;
			snprintf(open[depth++], sizeof(open[0]), "%.*s", (int)length, xml);
		}
		for (; *xml != '>'; xml++) {
			if (*xml == '"')
				xml += 1 + strcspn(xml + 1, "\"<");
			if (!*xml || *xml == '<')
				return false;
			if (*xml == '/' && xml[1] == '>')
				depth--;
		}
	}
	return depth == 0;
}

START_TEST(an_svg_is_well_formed)
{
	static const char *const bad[] = { "<a>", "<a></b>", "<a b=\"<\"/>", "<a>&x</a>", "<a><b></a></b>", "</a>", "<a b=\"c/>" };
	struct panel_screen screen;
	struct scope_view view;
	char *bytes;
	size_t size;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!is_well_formed(bad[i]), "%s passes", bad[i]);
	make_view(&view);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("form.svg"), PICTURE_LIGHT), 0);
	bytes = read_file(path, &size);
	ck_assert(is_well_formed(bytes));
	free(bytes);
	memset(&screen, 0, sizeof(screen));
	ck_assert_int_eq(panel_picture_write(&screen, in_directory("panel.svg"), PICTURE_DARK), 0);
	bytes = read_file(path, &size);
	ck_assert(is_well_formed(bytes));
	free(bytes);
}
END_TEST

/* The path data of wave `number`, in the order of drawing: nothing else has more than 100 lines. */
static const char *find_wave(const char *svg, int number)
{
	for (const char *at = strstr(svg, "</defs>"); at && (at = strstr(at, " d=\"")); at++) {
		unsigned lines = 0;

		for (const char *c = at + 4; *c != '"'; c++)
			lines += *c == 'L';
		if (lines > 100 && number-- == 0)
			return at + 4;
	}
	ck_abort_msg("no such wave");
	return NULL;
}

static double distance_to_line(double x, double y, double x0, double y0, double x1, double y1)
{
	double dx = x1 - x0, dy = y1 - y0, along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);

	along = fmin(fmax(along, 0), 1);
	return hypot(x0 + along * dx - x, y0 + along * dy - y);
}

/* cairo leaves corners out that lie on a straight line, so it is the lines that must be near. */
static double distance_to_wave(const char *data, double x, double y)
{
	double best = INFINITY, x0 = NAN, y0 = NAN, x1, y1;

	for (; *data != '"'; data++)
		if ((*data == 'M' || *data == 'L') && sscanf(data + 1, " %lf %lf", &x1, &y1) == 2) {
			if (*data == 'L')
				best = fmin(best, distance_to_line(x, y, x0, y0, x1, y1));
			x0 = x1;
			y0 = y1;
		}
	return best;
}

START_TEST(a_wave_passes_through_the_points_computed_for_it)
{
	struct scope_view view;
	char *bytes;
	size_t size;

	make_view(&view);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("wave.svg"), PICTURE_LIGHT), 0);
	bytes = read_file(path, &size);
	for (int c = 0; c < ADC_CHANNELS; c++)
		for (int k = 0; k <= 200; k += 10) {
			const struct scope_frame *frame = &scope_picture_waves[c / 3];
			double peak = (c < 3 ? 230 : 7) * sqrt(2), scale = c < 3 ? 500 : 10;
			double x = frame->x + frame->width * k / 200;
			double y = frame->y + frame->height / 2 * (1 - peak * sin(2 * M_PI * k / 100 - c % 3 * 2 * M_PI / 3) / scale);

			ck_assert_msg(distance_to_wave(find_wave(bytes, c), x, y) < 0.02, "channel %d, sample %d", c, k);
			ck_assert(distance_to_wave(find_wave(bytes, (c + 1) % 3 + c / 3 * 3), x, y) > 0.02 || k % 50);
		}
	free(bytes);
}
END_TEST

/* By the colour of its phase: 0, 1, 2, or -1. */
static int phase_at(cairo_surface_t *surface, double x, double y)
{
	uint32_t colour = pixel(surface, 1.5 * x, 1.5 * y);
	int red = (int)(colour >> 16), green = (int)(colour >> 8 & 0xff), blue = (int)(colour & 0xff);

	if (abs(red - green) < 60 && abs(green - blue) < 60)
		return -1;
	return blue > green && blue > red ? 0 : red > green ? 1 : 2;
}

START_TEST(arrows_point_where_the_phasors_do_and_bars_are_as_high_as_their_harmonics)
{
	cairo_surface_t *surface;
	struct scope_view view;

	make_view(&view);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		view.channel[c].harmonic[7] = 0.015;
		view.channel[c].shown = c < 3;
	}
	ck_assert_int_eq(scope_picture_write(&view, in_directory("arrows.png"), PICTURE_LIGHT), 0);
	surface = cairo_image_surface_create_from_png(path);
	for (int phase = 0; phase < 3; phase++) {
		double angle = -phase * 2 * M_PI / 3;

		ck_assert_int_eq(phase_at(surface, 792 + 50 * cos(angle), 200 - 50 * sin(angle)), phase);
		for (int h = 5; h <= 7; h += 2) {
			double x = 72 + 396 * (h + (phase - 1) * 0.26 - 1.4) / 20.2, part = h == 5 ? 1 : 0.5;

			ck_assert_int_eq(phase_at(surface, x, 562 - 92 * (part - 0.04)), phase);
			ck_assert_int_eq(phase_at(surface, x, 562 - 92 * (part + 0.04)), -1);
		}
	}
	cairo_surface_destroy(surface);
}
END_TEST

START_TEST(light_and_dark_differ_in_paper)
{
	static const uint32_t paper[] = { [PICTURE_LIGHT] = 0xffffff, [PICTURE_DARK] = 0x10151b };
	struct scope_view view;

	make_view(&view);
	for (int theme = PICTURE_LIGHT; theme <= PICTURE_DARK; theme++) {
		cairo_surface_t *surface;

		ck_assert_int_eq(scope_picture_write(&view, in_directory("paper.png"), (enum picture_theme)theme), 0);
		surface = cairo_image_surface_create_from_png(path);
		ck_assert_uint_eq(pixel(surface, 2, 2), paper[theme]);
		cairo_surface_destroy(surface);
	}
}
END_TEST

START_TEST(the_same_page_gives_the_same_bytes)
{
	static const char *const names[][2] = { { "1.png", "2.png" }, { "1.pdf", "2.pdf" } };
	struct scope_view view;

	make_view(&view);
	for (size_t i = 0; i < 2; i++) {
		char *first, *second;
		size_t first_size, second_size;

		ck_assert_int_eq(scope_picture_write(&view, in_directory(names[i][0]), PICTURE_LIGHT), 0);
		first = read_file(path, &first_size);
		ck_assert_int_eq(scope_picture_write(&view, in_directory(names[i][1]), PICTURE_LIGHT), 0);
		second = read_file(path, &second_size);
		ck_assert_uint_eq(first_size, second_size);
		ck_assert_mem_eq(first, second, first_size);
		free(first);
		free(second);
	}
}
END_TEST

START_TEST(a_view_without_samples_and_names_that_are_no_text_are_drawn_all_the_same)
{
	const struct scope_options options = { .cycles = 2, .hidden = { true, true, true, true, true, true } };
	struct scope_view view;

	scope_view_clear(&view, &options);
	snprintf(view.title, sizeof(view.title), "caf\xe9 \xff\xc0\x80 \xed\xa0\x80 \x01");
	ck_assert_int_eq(scope_picture_write(&view, in_directory("none.png"), PICTURE_LIGHT), 0);
	ck_assert_int_eq(scope_picture_write(&view, in_directory("none.svg"), PICTURE_LIGHT), 0);
}
END_TEST

static int write_small(const char *file)
{
	struct picture page;

	ck_assert_int_eq(picture_begin(&page, PICTURE_PNG, PICTURE_LIGHT, 100, 100, 1), 0);
	return picture_end(&page, file);
}

START_TEST(what_cannot_be_written_is_told_and_leaves_no_file)
{
	const struct rlimit small = { 16, RLIM_INFINITY };
	struct rlimit before;
	struct stat status;

	ck_assert_int_eq(write_small(in_directory("missing/a.png")), -ENOENT);
	ck_assert_int_eq(write_small("/dev/full"), -ENOSPC);
	ck_assert(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
	ck_assert_int_eq(write_small(directory), -EISDIR);
	ck_assert_int_lt(write_small("/proc/self/a.png"), 0);

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(write_small(in_directory("large.png")), -EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(a_failure_leaves_the_old_picture_and_a_link_stays_a_link)
{
	const struct rlimit small = { 16, RLIM_INFINITY };
	struct rlimit before;
	char *old, *now, link[160];
	size_t old_size, now_size;
	struct stat status;

	ck_assert_int_eq(write_small(in_directory("old.png")), 0);
	old = read_file(path, &old_size);
	snprintf(link, sizeof(link), "%s/link.png", directory);
	ck_assert_int_eq(symlink("old.png", link), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(write_small(link), -EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	now = read_file(link, &now_size);
	ck_assert_uint_eq(now_size, old_size);
	ck_assert_mem_eq(now, old, old_size);
	ck_assert_int_eq(write_small(link), 0);
	ck_assert(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
	ck_assert_uint_eq(count_files(), 2);
	free(old);
	free(now);
}
END_TEST

START_TEST(a_page_too_large_for_a_png_is_refused)
{
	struct picture page;

	ck_assert_int_eq(picture_begin(&page, PICTURE_PNG, PICTURE_LIGHT, 20000, 10, 2), -EINVAL);
	ck_assert_int_eq(picture_begin(&page, PICTURE_PNG, PICTURE_LIGHT, NAN, 10, 2), -EINVAL);
}
END_TEST

/* The digits on seven segments as every datasheet has them: bits g f e d c b a. */
static const unsigned digits[10] = { 0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f };

static bool is_lit(cairo_surface_t *surface, bool top, unsigned cell, uint32_t segment)
{
	struct segment_cell place;
	double x, y;

	panel_picture_cell(top, cell, &place);
	segment_shapes_middle(&place, segment, &x, &y);
	/* white, against the display's blue */
	return (pixel(surface, x * PANEL_PICTURE_SCALE, y * PANEL_PICTURE_SCALE) >> 16) > 0xc0;
}

START_TEST(the_digits_light_the_segments_of_the_datasheet)
{
	static const uint32_t order[7] = {
		SEGMENT_A1, SEGMENT_B, SEGMENT_C, SEGMENT_D2, SEGMENT_E, SEGMENT_F, SEGMENT_G1
	};
	struct panel_screen screen;

	for (unsigned half = 0; half < 2; half++) {
		cairo_surface_t *surface;

		memset(&screen, 0, sizeof(screen));
		memset(screen.top.cell, ' ', sizeof(screen.top.cell));
		memcpy(screen.bottom.cell, half ? "56789" : "01234", PANEL_CELLS);
		ck_assert_int_eq(panel_picture_write(&screen, in_directory("panel.png"), PICTURE_LIGHT), 0);
		surface = cairo_image_surface_create_from_png(path);
		for (unsigned cell = 0; cell < PANEL_CELLS; cell++)
			for (unsigned s = 0; s < 7; s++) {
				ck_assert_msg(is_lit(surface, false, cell, order[s]) == (digits[5 * half + cell] >> s & 1), "%u: %c",
					      5 * half + cell, 'a' + (char)s);
				ck_assert(!is_lit(surface, true, cell, order[s]));
			}
		cairo_surface_destroy(surface);
	}
}
END_TEST

/* The middle of an LED, where it is bright or grey. */
START_TEST(leds_shine_in_their_colours)
{
	static const struct { bool red, green; } colours[PANEL_LEDS] = {
		[PANEL_LED_ALARM] = { true, false }, [PANEL_LED_ENERGY] = { false, true }, [PANEL_LED_TX] = { true, true },
		[PANEL_LED_RX] = { true, true }, [PANEL_LED_ERROR] = { true, false },
	};

	for (int led = 0; led < PANEL_LEDS; led++) {
		struct panel_screen screen;
		cairo_surface_t *surface;
		double red, green;

		memset(&screen, 0, sizeof(screen));
		screen.led[led] = true;
		ck_assert_int_eq(panel_picture_write(&screen, in_directory("led.png"), PICTURE_DARK), 0);
		surface = cairo_image_surface_create_from_png(path);
		for (int other = 0; other < PANEL_LEDS; other++) {
			uint32_t rgb = pixel(surface, 440 * PANEL_PICTURE_SCALE, (130 + 30.5 * other) * PANEL_PICTURE_SCALE);

			red = rgb >> 16;
			green = rgb >> 8 & 255;
			if (other == led) {
				ck_assert((red > 200) == colours[led].red);
				ck_assert((green > 150) == colours[led].green);
			} else {
				ck_assert(fabs(red - green) < 20 && red < 150);
			}
		}
		cairo_surface_destroy(surface);
	}
}
END_TEST

static void make_directory(void)
{
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
	DIR *files = opendir(directory);

	for (struct dirent *entry; files && (entry = readdir(files)); )
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(files), entry->d_name, 0);
	if (files)
		closedir(files);
	rmdir(directory);
	cairo_debug_reset_static_data();	/* or its fonts look like leaks; see tests/leaks.supp */
}

int main(void)
{
	Suite *suite = suite_create("picture");
	TCase *tcase = tcase_create("picture");

	tcase_add_checked_fixture(tcase, make_directory, remove_directory);
	tcase_add_test(tcase, each_format_has_its_signature_and_the_size_asked_for);
	tcase_add_test(tcase, the_svg_says_its_title_units_and_legends_in_words);
	tcase_add_test(tcase, a_harmonic_that_is_not_known_is_told_from_one_that_is_not_there);
	tcase_add_test(tcase, arrows_point_where_the_phasors_do_and_bars_are_as_high_as_their_harmonics);
	tcase_add_test(tcase, an_svg_is_well_formed);
	tcase_add_test(tcase, a_wave_passes_through_the_points_computed_for_it);
	tcase_add_test(tcase, light_and_dark_differ_in_paper);
	tcase_add_test(tcase, the_same_page_gives_the_same_bytes);
	tcase_add_test(tcase, a_view_without_samples_and_names_that_are_no_text_are_drawn_all_the_same);
	tcase_add_test(tcase, what_cannot_be_written_is_told_and_leaves_no_file);
	tcase_add_test(tcase, a_failure_leaves_the_old_picture_and_a_link_stays_a_link);
	tcase_add_test(tcase, a_page_too_large_for_a_png_is_refused);
	tcase_add_test(tcase, the_digits_light_the_segments_of_the_datasheet);
	tcase_add_test(tcase, leds_shine_in_their_colours);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
