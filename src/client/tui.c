#include "client/tui.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "daemon/monotonic.h"

#define ESCAPE_MS 100		/* a lone Escape is told from the begin of a key's sequence, over a slow line too */
#define PATIENCE 3		/* so many signals to end, and a terminal that takes no output is no longer waited for */

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define ENDING (sizeof(ending) / sizeof(ending[0]))

static struct {
	bool open, ascii, colour;
	SCREEN *screen;
	struct termios before;
	int wake[2];		/* signals write, tui_key() polls */
	struct sigaction old[ENDING], old_resize;
} tui = { .wake = { -1, -1 } };

static volatile sig_atomic_t ended, resized;

static void wake_up(void)
{
	int saved = errno;

	/* a full pipe wakes as well */
	if (write(tui.wake[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

static void on_end(int number)
{
	ended = ended + 1;
	if (ended >= PATIENCE) {
		tcsetattr(STDIN_FILENO, TCSANOW, &tui.before);
		signal(number, SIG_DFL);
		raise(number);
	}
	wake_up();
}

static void on_resize(int number)
{
	(void)number;
	resized = 1;
	wake_up();
}

/* What was ignored (by nohup, say) stays ignored. */
static int catch_signals(void)
{
	struct sigaction end = { .sa_handler = on_end, .sa_flags = SA_RESTART };
	struct sigaction resize = { .sa_handler = on_resize, .sa_flags = SA_RESTART };

	ended = resized = 0;
	if (pipe2(tui.wake, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	for (size_t i = 0; i < ENDING; i++) {
		sigaction(ending[i], NULL, &tui.old[i]);
		if (tui.old[i].sa_handler != SIG_IGN)
			sigaction(ending[i], &end, NULL);
	}
	/* before curses starts: it leaves alone what has a handler */
	sigaction(SIGWINCH, &resize, &tui.old_resize);
	return 0;
}

static void release_signals(void)
{
	for (size_t i = 0; i < ENDING; i++)
		sigaction(ending[i], &tui.old[i], NULL);
	sigaction(SIGWINCH, &tui.old_resize, NULL);
	close(tui.wake[0]);
	close(tui.wake[1]);
	tui.wake[0] = tui.wake[1] = -1;
}

/* Terminals whose characters are few, whatever the locale says. */
static bool is_limited(const char *term)
{
	static const char *const prefix[] = { "linux", "vt1", "vt2", "vt3", "vt4", "vt5", "ansi", "cons", "dumb", "sun" };

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		if (!strncmp(term, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

static void begin_colours(bool wanted)
{
	static const short colours[GRID_COLOURS] = {
		[GRID_RED] = COLOR_RED, [GRID_GREEN] = COLOR_GREEN, [GRID_YELLOW] = COLOR_YELLOW, [GRID_BLUE] = COLOR_BLUE,
		[GRID_MAGENTA] = COLOR_MAGENTA, [GRID_CYAN] = COLOR_CYAN,
	};
	const char *no_colour = getenv("NO_COLOR");
	short paper = -1;

	tui.colour = wanted && !(no_colour && *no_colour) && has_colors() && start_color() == OK;
	if (!tui.colour)
		return;
	if (use_default_colors() == ERR)
		paper = COLOR_BLACK;
	for (short i = GRID_RED; i < GRID_COLOURS; i++)
		init_pair(i, colours[i], paper);
}

/* As large as the terminal says it is; one that does not say (0 x 0) is as its type. */
static void adopt_size(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 0 && size.ws_col > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
}

static int refuse(int error, const char *what)
{
	const char *term = getenv("TERM");

	fprintf(stderr, "dinmeter: %s (TERM is %s%s%s)\n", what, term ? "'" : "", term ? term : "not set", term ? "'" : "");
	return error;
}

static void give_back(void)
{
	endwin();
	tcsetattr(STDIN_FILENO, TCSADRAIN, &tui.before);
	if (tui.screen)
		delscreen(tui.screen);
	tui.screen = NULL;
	release_signals();
}

int tui_open(bool ascii, bool colour)
{
	static bool at_exit;
	const char *term = getenv("TERM");
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &tui.before))
		return refuse(-ENOTTY, "standard input and output must be a terminal");
	if (!term || !*term)
		return refuse(-ENODEV, "the type of the terminal is not known");
	if (!at_exit && atexit(tui_close))
		return -ENOMEM;
	at_exit = true;
	/* characters alone: numbers keep their point */
	setlocale(LC_CTYPE, "");
	tui.ascii = ascii || is_limited(term) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	error = catch_signals();
	if (error)
		return error;
	tui.screen = newterm(NULL, stdout, stdin);
	if (!tui.screen) {
		release_signals();
		return refuse(-ENODEV, "there is no terminal of this type");
	}
	if (!tigetstr("cup")) {
		give_back();
		return refuse(-ENODEV, "the terminal cannot place its cursor");
	}
	tui.open = true;
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	begin_colours(colour);
	adopt_size();
	return 0;
}

bool tui_is_ascii(void)
{
	return tui.ascii;
}

void tui_size(unsigned *rows, unsigned *columns)
{
	*rows = LINES > 0 ? (unsigned)LINES : 0;
	*columns = COLS > 0 ? (unsigned)COLS : 0;
}

static attr_t attributes_of(const struct grid_cell *cell)
{
	attr_t attributes = A_NORMAL;

	if (cell->bold)
		attributes |= A_BOLD;
	if (cell->reverse)
		attributes |= A_REVERSE;
	if (cell->colour == GRID_DIM)
		attributes |= A_DIM;
	return attributes;
}

static void paint_cell(int row, int column, const struct grid_cell *cell)
{
	short pair = tui.colour && cell->colour > GRID_DIM && cell->colour < GRID_COLOURS ? cell->colour : 0;
	wchar_t text[2] = { (wchar_t)cell->code };
	cchar_t shown;

	/* a character of another width would shift all behind it */
	if (cell->code > 0x7e && (tui.ascii || wcwidth(text[0]) != 1))
		text[0] = L'?';
	if (setcchar(&shown, text, attributes_of(cell), pair, NULL) == OK)
		mvadd_wch(row, column, &shown);
}

void tui_paint(const struct grid *grid)
{
	/* of what is drawn anew curses sends what differs */
	erase();
	for (unsigned row = 0; row < grid->rows && (int)row < LINES; row++)
		for (unsigned column = 0; column < grid->columns && (int)column < COLS; column++)
			paint_cell((int)row, (int)column, &grid->cell[(size_t)row * grid->columns + column]);
	refresh();
}

static int translate(int code)
{
	switch (code) {
	case KEY_UP:
		return TUI_UP;
	case KEY_DOWN:
		return TUI_DOWN;
	case KEY_LEFT:
		return TUI_LEFT;
	case KEY_RIGHT:
		return TUI_RIGHT;
	case KEY_ENTER:
		return TUI_ENTER;
	case KEY_BACKSPACE:
		return TUI_BACKSPACE;
	case KEY_PPAGE:
		return TUI_PAGE_UP;
	case KEY_NPAGE:
		return TUI_PAGE_DOWN;
	case KEY_HOME:
		return TUI_HOME;
	case KEY_END:
		return TUI_END;
	default:
		return TUI_NONE;
	}
}

/* A key that has come; false when there is none.  *key is TUI_NONE for one that means nothing. */
static bool take_key(int *key)
{
	wint_t code;
	int kind = get_wch(&code);

	if (kind == ERR)
		return false;
	if (kind == KEY_CODE_YES)
		*key = translate((int)code);
	else if (code == '\r' || code == '\n')
		*key = TUI_ENTER;
	else if (code == 0x1b)
		*key = TUI_ESCAPE;
	else if (code == 0x7f || code == '\b')
		*key = TUI_BACKSPACE;
	else
		*key = code >= ' ' && code < 0x7f ? (int)code : TUI_NONE;
	return true;
}

static bool take_resize(void)
{
	if (!resized)
		return false;
	resized = 0;
	adopt_size();
	return true;
}

static void drain_wake(void)
{
	char bytes[64];

	while (read(tui.wake[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
}

/* Has the terminal gone?  A hang-up may be seen as an end of file: readable, with nothing to read. */
static bool is_gone(short events)
{
	int waiting = 0;

	if (events & (POLLERR | POLLHUP | POLLNVAL))
		return true;
	return (events & POLLIN) && !ioctl(STDIN_FILENO, FIONREAD, &waiting) && waiting == 0;
}

/* Waits once.  TUI_NONE, TUI_END_OF_INPUT, or -1 to look again. */
static int await(int left_ms, int fd)
{
	struct pollfd slot[3] = {
		{ .fd = STDIN_FILENO, .events = POLLIN }, { .fd = tui.wake[0], .events = POLLIN }, { .fd = fd, .events = POLLIN },
	};
	int ready = poll(slot, 3, left_ms);

	if (ready < 0)
		return errno == EINTR ? -1 : TUI_END_OF_INPUT;
	if (slot[1].revents)
		drain_wake();
	if (is_gone(slot[0].revents))
		return TUI_END_OF_INPUT;
	if (slot[0].revents || slot[1].revents)
		return -1;
	return TUI_NONE;
}

int tui_key(int timeout_ms, int fd)
{
	int64_t deadline_ns = monotonic_ns() + timeout_ms * INT64_C(1000000);
	int key;

	for (;;) {
		int64_t left_ns = deadline_ns - monotonic_ns();
		int result;

		if (ended)
			return TUI_END_OF_INPUT;
		if (take_resize())
			return TUI_RESIZE;
		if (take_key(&key)) {
			if (key != TUI_NONE)
				return key;
			continue;
		}
		result = await(left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0, fd);
		if (result >= 0)
			return result;
	}
}

void tui_close(void)
{
	if (!tui.open)
		return;
	tui.open = false;
	give_back();
}
