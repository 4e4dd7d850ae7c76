/*
 * rig - a panel with a meter behind it that exists in this struct alone: it carries out requests as a meter does, or refuses them,
 * fails, or lets them wait.
 */
#ifndef TESTS_UNIT_PANEL_RIG_H
#define TESTS_UNIT_PANEL_RIG_H

#include <check.h>
#include <stddef.h>

#include "lib/require.h"
#include "panel/panel.h"

#define RIG_SECOND INT64_C(1000000000)

/* As ck_assert_msg, which tells the runner of each check that holds: too slow for millions. */

enum rig_answer { RIG_HONEST, RIG_REFUSE, RIG_FAIL, RIG_WAIT };

struct rig {
	_Alignas(max_align_t) unsigned char memory[1024];
	struct panel *panel;
	struct snapshot snapshot;
	struct panel_view view;
	char password[2][PANEL_CELLS + 1];	/* of reset, of setup */
	enum rig_answer answer;
	struct panel_request request;		/* the last that was made .. */
	unsigned requests;			/* .. of so many */
	enum panel_outcome outcome;		/* what became of it */
};

/* The default meter under a load whose every reading differs from the others; passwords 00000. */
void rig_init(struct rig *rig);

/* After a change of settings: derived values; readings of the load, NAN where the type has none or nothing is live. */
void rig_update(struct rig *rig);

/* Presses, and answers what is asked (RIG_WAIT: not). */
void rig_press(struct rig *rig, enum panel_button button);

/* Answers the request that waits. */
void rig_settle(struct rig *rig, enum panel_outcome outcome);

/* Names of buttons, separated by blanks; "3x-" is - three times. */
void rig_keys(struct rig *rig, const char *keys);

void rig_pass(struct rig *rig, int64_t ns);
void rig_draw(const struct rig *rig, struct panel_screen *screen);

/* What is shown now. */
const char *rig_place(const struct rig *rig, char place[24]);
const char *rig_bottom(const struct rig *rig, char text[2 * PANEL_CELLS + 1]);

#endif
