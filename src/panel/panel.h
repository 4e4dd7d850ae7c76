/*
 * panel - the meter's front panel as a value: buttons, time and a second of the meter in, a screen and requests out.
 *
 * Two rows of five characters, a wrench and a heart, five LEDs, four buttons.  One panel belongs to a meter; whoever shows it shows
 * the same.  Source: guide, product diagram, user interface and setup pages.
 *
 * Pure: time is an argument (CLOCK_MONOTONIC), memory the caller's.  Belongs to one thread.
 */
#ifndef PANEL_PANEL_H
#define PANEL_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/snapshot.h"

/* As the guide marks them: + (up), - (down), right (next), left (back). */
enum panel_button { PANEL_PLUS, PANEL_MINUS, PANEL_NEXT, PANEL_BACK, PANEL_BUTTONS };

enum panel_led { PANEL_LED_ALARM, PANEL_LED_ENERGY, PANEL_LED_TX, PANEL_LED_RX, PANEL_LED_ERROR, PANEL_LEDS };

#define PANEL_CELLS 5
#define PANEL_TIMEOUT_NS INT64_C(300000000000)	/* nobody has pressed a button for so long: the first screen, what was open is dropped */
#define PANEL_NOTICE_NS INT64_C(1500000000)	/* how long "SAvEd" and its like stand */
#define PANEL_PASSWORD_TRIES 5			/* so many wrong ones in a row .. */
#define PANEL_LOCK_NS INT64_C(60000000000)	/* .. lock the entry for so long */

struct panel_row {
	char cell[PANEL_CELLS];		/* printable ASCII, ' ' is dark */
	bool point[PANEL_CELLS];	/* the decimal point behind the cell is lit */
	bool blink[PANEL_CELLS];
};

struct panel_screen {
	struct panel_row top, bottom;
	bool wrench;			/* an alert is active */
	bool heart;			/* alive: on and off with the seconds measured */
	bool led[PANEL_LEDS];
	char place[24];			/* where in the menus, "SETUP/S COM/ADDR": for programs, no display shows it */
};

/* What the panel shows beside the snapshot. */
struct panel_identity {
	const char *model, *serial, *rs_version;
	unsigned os_version;		/* 12345 is shown as 12.345 */
};

struct panel_view {
	const struct snapshot *snapshot;
	struct panel_identity identity;
	bool led[PANEL_LEDS];
	int64_t now_ns;
};

/* What the panel wants done; nothing else may be pressed before panel_answer() has told what became of it. */
enum panel_request_kind {
	PANEL_NOTHING,
	PANEL_SET,			/* setting to value */
	PANEL_COMMAND,			/* code into register 129 */
	PANEL_CHECK_PASSWORD,		/* is `password` the setup (or reset) password? */
	PANEL_SET_PASSWORD		/* make `password` the setup (or reset) password */
};

struct panel_request {
	enum panel_request_kind kind;
	enum setting setting;
	int value;
	unsigned code;
	bool setup;			/* false: the reset password */
	char password[PANEL_CELLS + 1];	/* five digits; whoever carries it out wipes it */
};

struct panel;

/* Bytes of a panel, aligned as malloc does. */
unsigned panel_bytes(void);
struct panel *panel_init(void *memory, int64_t now_ns);

/*
 * A button.  The request is PANEL_NOTHING when nothing is to be done beyond the panel.  While a request is unanswered buttons do nothing.
 */
void panel_press(struct panel *panel, enum panel_button button, const struct snapshot *snapshot, int64_t now_ns,
		 struct panel_request *request);

/*
 * What became of the request.  Refused: by the meter's check, or it is not the password.  Failed: nobody could carry it out or tell
 * in time; shown as refused, but no wrong password.
 */
enum panel_outcome { PANEL_REFUSED, PANEL_ACCEPTED, PANEL_FAILED };

void panel_answer(struct panel *panel, enum panel_outcome outcome, const struct snapshot *snapshot, int64_t now_ns);

/* Lets time pass: notices end, the panel goes back to its first screen. */
void panel_tick(struct panel *panel, const struct snapshot *snapshot, int64_t now_ns);

void panel_draw(const struct panel *panel, const struct panel_view *view, struct panel_screen *screen);

/*
 * A row as text: each cell, a '.' behind those whose point is lit; "103.92", "SAvEd", "   .33".  Trailing blanks stay.
 * `text` takes 2 x PANEL_CELLS + 1 bytes.
 */
void panel_row_text(const struct panel_row *row, char text[2 * PANEL_CELLS + 1]);

/* And back.  0, or -EINVAL when it is none. */
int panel_row_parse(const char *text, struct panel_row *row);

/* "+", "-", "right", "left" (also "up", "down", "next", "back"); -1 when it is none. */
int panel_button_parse(const char *name);
const char *panel_button_name(enum panel_button button);

#endif
