/*
 * The display on a pseudo-terminal, read by a terminal of a few lines.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "panel/display.h"
#include "panel/display_text.h"

#define COLUMNS 16

#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL)

/* What a VT100 makes of the bytes, as far as two rows go. */
static struct terminal {
	int master, slave;
	char row[2][81];
	int x, y, escape;	/* escape: bytes of a sequence so far */
	char sequence[32];
	bool cursor_hidden;
	unsigned bytes, clears;
} terminal;

static struct display *display;
static char directory[] = "/tmp/dinmeter-test.XXXXXX", link_path[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct panel_screen shown;
static atomic_uint asked;

static void set_screen(const char *top, const char *bottom, bool heart, bool wrench)
{
	pthread_mutex_lock(&lock);
	shown = (struct panel_screen){ .heart = heart, .wrench = wrench };
	ck_assert_int_eq(panel_row_parse(top, &shown.top), 0);
	ck_assert_int_eq(panel_row_parse(bottom, &shown.bottom), 0);
	pthread_mutex_unlock(&lock);
}

static void get_screen(void *context, struct panel_screen *screen)
{
	(void)context;
	pthread_mutex_lock(&lock);
	*screen = shown;
	pthread_mutex_unlock(&lock);
	asked++;
}

static void clear_terminal(void)
{
	memset(terminal.row, ' ', sizeof(terminal.row));
	terminal.row[0][80] = terminal.row[1][80] = '\0';
	terminal.clears++;
}

static void end_sequence(void)
{
	if (!strcmp(terminal.sequence, "[H"))
		terminal.x = terminal.y = 0;
	else if (!strcmp(terminal.sequence, "[2J"))
		clear_terminal();
	else if (!strcmp(terminal.sequence, "[?25l"))
		terminal.cursor_hidden = true;
	else
		ck_abort_msg("a VT100 knows no ESC %s", terminal.sequence);
}

static void take_byte(char byte)
{
	if (terminal.escape) {
		terminal.sequence[terminal.escape++ - 1] = byte;
		terminal.sequence[terminal.escape - 1] = '\0';
		if (byte >= '@' && byte <= '~' && byte != '[') {
			end_sequence();
			terminal.escape = 0;
		}
	} else if (byte == '\033') {
		terminal.escape = 1;
	} else if (byte == '\r') {
		terminal.x = 0;
	} else if (byte == '\n') {
		terminal.y++;
	} else {
		ck_assert(byte >= ' ' && byte <= '~' && terminal.y < 2 && terminal.x < 80);
		terminal.row[terminal.y][terminal.x++] = byte;
	}
}

static void read_terminal(void)
{
	char bytes[512];
	ssize_t n = read(terminal.master, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++)
		take_byte(bytes[i]);
	terminal.bytes += n > 0 ? (unsigned)n : 0;
}

static bool rows_are(const char *top, const char *bottom)
{
	read_terminal();
	return !strncmp(terminal.row[0], top, COLUMNS) && !strncmp(terminal.row[1], bottom, COLUMNS);
}

static void plug(void)
{
	terminal = (struct terminal){ 0 };
	clear_terminal();
	terminal.clears = 0;
	ck_assert_int_eq(openpty(&terminal.master, &terminal.slave, NULL, NULL, NULL), 0);
	fcntl(terminal.master, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(symlink(ttyname(terminal.slave), link_path), 0);
}

static void unplug(void)
{
	unlink(link_path);
	close(terminal.slave);
	close(terminal.master);
}

static struct panel_device_status status(void)
{
	struct panel_device_status now;

	display_get_status(display, &now);
	return now;
}

static void start(const char *path)
{
	struct display_config config = { .columns = COLUMNS, .baud = 9600 };

	snprintf(config.device, sizeof(config.device), "%s", path);
	ck_assert_int_eq(display_start(&display, &config, get_screen, NULL), 0);
}

static void stop(void)
{
	display_ask_stop(display);
	ck_assert_int_eq(display_stop(display, INT64_MAX), 0);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(link_path, sizeof(link_path), "%s/tty", directory);
	set_screen("KWh  ", "103.92", true, false);
}

static void teardown(void)
{
	unlink(link_path);
	rmdir(directory);
}

START_TEST(both_rows_and_the_icons_are_shown_and_the_end_is)
{
	plug();
	start(link_path);
	WAIT_FOR(rows_are("KWh            *", "103.92          "));
	ck_assert(terminal.cursor_hidden && terminal.clears == 1);
	set_screen("VLN A", " 277.1", false, true);
	WAIT_FOR(rows_are("VLN A           ", " 277.1         !"));
	ck_assert(status().working && status().configured);
	stop();
	WAIT_FOR(rows_are("METER           ", "STOPPED         "));
	unplug();
}
END_TEST

START_TEST(a_tty_has_its_speed_and_is_raw_while_it_is_used_and_is_given_back_as_it_was)
{
	struct termios before, used, after;

	plug();
	ck_assert_int_eq(tcgetattr(terminal.slave, &before), 0);
	ck_assert(before.c_oflag & OPOST && cfgetospeed(&before) != B9600);
	start(link_path);
	WAIT_FOR(rows_are("KWh            *", "103.92          "));
	ck_assert_int_eq(tcgetattr(terminal.slave, &used), 0);
	ck_assert(!(used.c_oflag & OPOST) && cfgetospeed(&used) == B9600);
	stop();
	ck_assert_int_eq(tcgetattr(terminal.slave, &after), 0);
	ck_assert_uint_eq(after.c_iflag, before.c_iflag);
	ck_assert_uint_eq(after.c_oflag, before.c_oflag);
	ck_assert_uint_eq(after.c_cflag, before.c_cflag);
	ck_assert_uint_eq(after.c_lflag, before.c_lflag);
	ck_assert_uint_eq(cfgetospeed(&after), cfgetospeed(&before));
	unplug();
}
END_TEST

START_TEST(nothing_is_written_while_nothing_changes)
{
	unsigned before, looks;

	plug();
	start(link_path);
	WAIT_FOR(rows_are("KWh            *", "103.92          "));
	before = terminal.bytes;
	looks = asked;
	WAIT_FOR(asked > looks + 6);
	read_terminal();
	ck_assert_uint_eq(terminal.bytes, before);
	stop();
	unplug();
}
END_TEST

START_TEST(a_blinking_cell_goes_out_with_its_point_and_comes_back)
{
	plug();
	pthread_mutex_lock(&lock);
	ck_assert_int_eq(panel_row_parse("001.00", &shown.bottom), 0);
	shown.bottom.blink[2] = true;
	pthread_mutex_unlock(&lock);
	start(link_path);
	for (int i = 0; i < 2; i++) {
		WAIT_FOR(rows_are("KWh            *", "00  00          "));
		WAIT_FOR(rows_are("KWh            *", "001.00          "));
	}
	stop();
	unplug();
}
END_TEST

START_TEST(a_display_that_comes_later_or_was_unplugged_is_found_again)
{
	start(link_path);
	WAIT_FOR(status().errors);
	ck_assert(!status().working && status().last_error == -ENOENT);
	for (int i = 0; i < 2; i++) {
		plug();
		WAIT_FOR(rows_are("KWh            *", "103.92          "));
		ck_assert_int_eq(terminal.clears, 1);
		WAIT_FOR(status().working);
		unplug();
		/* Also when there is nothing to write. */
		WAIT_FOR(!status().working);
	}
	stop();
}
END_TEST

START_TEST(a_file_is_no_display)
{
	struct stat file;

	close(open(link_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	start(link_path);
	WAIT_FOR(status().last_error == -ENOTTY);
	stop();
	ck_assert_int_eq(stat(link_path, &file), 0);
	ck_assert_int_eq((int)file.st_size, 0);
}
END_TEST

/* As one with a hand-shake line that is off. */
START_TEST(a_display_that_takes_nothing_is_given_up_and_taken_again)
{
	plug();
	start(link_path);
	WAIT_FOR(rows_are("KWh            *", "103.92          "));
	ck_assert_int_eq(tcflow(terminal.slave, TCOOFF), 0);
	set_screen("KVAh ", "1.0000", false, false);
	WAIT_FOR(status().last_error == -ETIMEDOUT);
	ck_assert_int_eq(tcflow(terminal.slave, TCOON), 0);
	WAIT_FOR(rows_are("KVAh            ", "1.0000          "));
	WAIT_FOR(status().working);
	stop();
	unplug();
}
END_TEST

START_TEST(a_display_of_eight_columns_shows_six_characters_and_the_icons)
{
	struct panel_screen screen = { .heart = true, .wrench = true };
	struct display_text text;
	char frame[DISPLAY_FRAME_MAX];

	ck_assert_int_eq(panel_row_parse("VLN A", &screen.top), 0);
	ck_assert_int_eq(panel_row_parse("12.3.45", &screen.bottom), 0);
	display_text_draw(&screen, 8, false, &text);
	ck_assert_uint_eq(display_text_frame(&text, frame), 21);
	ck_assert_str_eq(frame, "\033[HVLN A  *\n\r12.3.4 !");
	display_text_stopped(8, &text);
	display_text_frame(&text, frame);
	ck_assert_str_eq(frame, "\033[HMETER   \n\rSTOPPED ");
}
END_TEST

/* What the kernel's charlcd makes of bytes: \n blanks the rest of the row and begins the next, \r begins the row anew. */
static void show_on_charlcd(const char *bytes, int columns, char row[2][DISPLAY_COLUMNS_MOST + 1])
{
	int x = 0, y = 0;

	ck_assert_int_eq(strncmp(bytes, "\033[H", 3), 0);
	for (bytes += 3; *bytes; bytes++) {
		if (*bytes == '\n') {
			for (; x < columns; x++)
				row[y][x] = ' ';
			x = 0;
			y = (y + 1) % 2;
		} else if (*bytes == '\r') {
			x = 0;
		} else if (x < columns) {
			row[y][x++] = *bytes;
		}
	}
}

START_TEST(both_rows_stand_on_the_kernels_character_display)
{
	struct panel_screen screen = { .heart = true };
	struct display_text text;
	char frame[DISPLAY_FRAME_MAX];

	ck_assert_int_eq(panel_row_parse("VLN A", &screen.top), 0);
	ck_assert_int_eq(panel_row_parse(" 277.1", &screen.bottom), 0);
	/* A display as wide as the rows, and wider ones. */
	for (int columns = COLUMNS; columns <= 40; columns += 4) {
		char row[2][DISPLAY_COLUMNS_MOST + 1] = { "", "" };

		display_text_draw(&screen, COLUMNS, false, &text);
		display_text_frame(&text, frame);
		show_on_charlcd(frame, columns, row);
		ck_assert_int_eq(strncmp(row[0], "VLN A          *", COLUMNS), 0);
		ck_assert_int_eq(strncmp(row[1], " 277.1          ", COLUMNS), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("display");
	TCase *tcase = tcase_create("display");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, both_rows_and_the_icons_are_shown_and_the_end_is);
	tcase_add_test(tcase, a_tty_has_its_speed_and_is_raw_while_it_is_used_and_is_given_back_as_it_was);
	tcase_add_test(tcase, nothing_is_written_while_nothing_changes);
	tcase_add_test(tcase, a_blinking_cell_goes_out_with_its_point_and_comes_back);
	tcase_add_test(tcase, a_display_that_comes_later_or_was_unplugged_is_found_again);
	tcase_add_test(tcase, a_file_is_no_display);
	tcase_add_test(tcase, a_display_that_takes_nothing_is_given_up_and_taken_again);
	tcase_add_test(tcase, a_display_of_eight_columns_shows_six_characters_and_the_icons);
	tcase_add_test(tcase, both_rows_stand_on_the_kernels_character_display);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
