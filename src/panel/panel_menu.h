/*
 * panel_menu - the panel's menus as one table: an outline, each row a screen.
 *
 * A row is a child of the nearest row before it that has a smaller level.  Drawing, keys and places derive from the table.
 *
 * Pure; any thread.  Source: guide, main menu and setup pages.
 */
#ifndef PANEL_PANEL_MENU_H
#define PANEL_PANEL_MENU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/settings.h"
#include "panel/panel_value.h"

enum panel_kind {
	/* Titles of menus: right enters. */
	PANEL_TITLE,
	PANEL_PHASES_TITLE,	/* with the number of phases in front */
	PANEL_ALERT_TITLE,	/* says whether there is any */
	/* What is shown. */
	PANEL_READING,		/* the double at `offset` of the snapshot */
	PANEL_ENERGY,		/* the struct energy there */
	PANEL_PHASES_ALERT,	/* the phases that have an alert: `bits`, lowest is A */
	PANEL_PULSE_ALERT,
	PANEL_TEXT,		/* of the meter's identity: `text` */
	PANEL_PASSWORD,		/* asks for it before what follows */
	PANEL_ACTION,		/* + or - writes `code` into register 129 */
	/* Parameters: right leaves to the next one, and sends what was changed. */
	PANEL_DIGITS,		/* a setting by its digits */
	PANEL_CHOICE,		/* one of `options` */
	PANEL_SERVED_CHOICE,	/* one of those that the other settings allow, told at once */
	PANEL_NEW_PASSWORD,
	PANEL_MAX_POWER,	/* read only */
	PANEL_PULSE_DURATION	/* read only */
};

enum panel_text { PANEL_TEXT_MODEL, PANEL_TEXT_OS, PANEL_TEXT_RS, PANEL_TEXT_SERIAL };

struct panel_option {
	int value;
	const char *text;	/* NULL: the value in digits */
};

struct panel_node {
	uint8_t level;
	uint8_t ring;			/* + and - step through the siblings of the same ring */
	enum panel_kind kind;
	const char *place;		/* its part of the place; units and prefixes do not change it */
	const char *name, *iec;		/* top row, from the left, IEEE and IEC */
	const char *suffix, *iec_suffix;	/* .. and at its right end */
	enum panel_quantity quantity;
	size_t offset;
	bool kept;			/* stands when nothing is live */
	unsigned bits;
	enum panel_text text;
	unsigned code;
	bool setup;			/* which password: setup's, else reset's */
	enum setting setting;
	unsigned digits, decimals;	/* the point stands before the last `decimals` */
	const struct panel_option *options;	/* as + goes up and - down */
	size_t options_n;
};

const struct panel_node *panel_menu_node(unsigned at);
unsigned panel_menu_nodes(void);

bool panel_menu_is_title(const struct panel_node *node);
bool panel_menu_is_parameter(const struct panel_node *node);

/* Rows around a row; the row itself where there is none such. */
unsigned panel_menu_parent(unsigned at);
unsigned panel_menu_child(unsigned at);
unsigned panel_menu_next(unsigned at);
unsigned panel_menu_previous(unsigned at);

/* The next of its ring behind it (or before it), round. */
unsigned panel_menu_step(unsigned at, bool forward);

/* "SETUP/S COM/ADDR", cut to `size`. */
void panel_menu_place(unsigned at, char *place, size_t size);

#endif
