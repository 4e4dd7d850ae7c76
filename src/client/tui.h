/*
 * tui - a full screen on the terminal: the only owner of ncurses.
 *
 * One at a time.  Whatever ends the program (a signal too), the terminal is as it was before.
 */
#ifndef CLIENT_TUI_H
#define CLIENT_TUI_H

#include "view/grid.h"

enum tui_key {
	TUI_NONE = 0,		/* the time is over, or fd became readable */
	/* printable ASCII stands for itself */
	TUI_UP = 0x100, TUI_DOWN, TUI_LEFT, TUI_RIGHT, TUI_ENTER, TUI_ESCAPE, TUI_BACKSPACE,
	TUI_PAGE_UP, TUI_PAGE_DOWN, TUI_HOME, TUI_END,
	TUI_RESIZE,		/* tui_size() has changed */
	TUI_END_OF_INPUT	/* the terminal has gone, or a signal wants the program to end */
};

/*
 * Takes the terminal.  `ascii`: draw nothing but ASCII even where the locale has UTF-8; `colour` false: none (as when NO_COLOR is
 * set).  0, or -errno after a line on stderr (no terminal, TERM unknown).
 */
int tui_open(bool ascii, bool colour);

/* Does the terminal take more than ASCII? */
bool tui_is_ascii(void);

void tui_size(unsigned *rows, unsigned *columns);

/* Shows the grid (of any size; what does not fit is cut). */
void tui_paint(const struct grid *grid);

/* Waits for a key, for timeout_ms at most (0: not at all), and for `fd` (-1: none) to become readable. */
int tui_key(int timeout_ms, int fd);

void tui_close(void);

#endif
