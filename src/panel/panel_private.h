/*
 * panel_private - the panel's state, and what its files have in common.
 */
#ifndef PANEL_PANEL_PRIVATE_H
#define PANEL_PANEL_PRIVATE_H

#include "panel/panel.h"
#include "panel/panel_menu.h"

/* What is being entered; all zero when a screen is entered. */
struct panel_entry {
	bool touched;				/* false: the value in force stands */
	unsigned cursor;			/* the selected digit, 0 is the rightmost */
	int option;				/* value of the option */
	unsigned char digit[PANEL_CELLS];	/* 0..9, the rightmost first */
};

struct panel {
	unsigned at;			/* row of the menu */
	int64_t pressed_ns;		/* the last button */
	int64_t entered_ns;		/* since when `at` is shown */
	struct panel_entry entry;
	struct {
		enum panel_request_kind kind;	/* PANEL_NOTHING: none */
		unsigned at;			/* where it was made */
	} pending;
	struct {
		const char *text;		/* NULL: none; stands in the bottom row of the screen `at` */
		unsigned at;
		int64_t until_ns;
	} notice;
	struct {
		unsigned wrong;			/* in a row */
		bool locked;
		int64_t until_ns;
	} lock[2];				/* of the reset, the setup password */
};

bool panel_is_locked(const struct panel *panel, const struct panel_node *node, int64_t now_ns);

/* The value in force of a parameter. */
int panel_entry_value(const struct panel_node *node, const struct snapshot *snapshot);

/* A digit of the number to be shown, 0 the rightmost; of passwords only what is being entered. */
unsigned panel_entry_digit(const struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot, unsigned i);

/* Value of the option that is shown. */
int panel_entry_option(const struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot);

/* + and - of an entry.  False: refused, nothing changed. */
bool panel_entry_press(struct panel *panel, const struct panel_node *node, enum panel_button button,
		       const struct snapshot *snapshot);

/* What leaving the entry asks for; PANEL_NOTHING when nothing was changed.  A password leaves the panel with it. */
void panel_entry_request(struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot,
			 struct panel_request *request);

/* A blank row; a text from a cell on, what does not fit is left out; the number of cells of a text. */
void panel_row_clear(struct panel_row *row);
void panel_row_put(struct panel_row *row, unsigned cell, const char *text);
unsigned panel_row_cells(const char *text);

/* A text at the right end; one that is longer: from its cell `first` on. */
void panel_row_put_right(struct panel_row *row, const char *text);
void panel_row_put_part(struct panel_row *row, const char *text, unsigned first);

#endif
