/*
 * legal - the places that a panel has and what may stand there, written down from the guide apart from the program's own table.
 */
#ifndef TESTS_UNIT_PANEL_LEGAL_H
#define TESTS_UNIT_PANEL_LEGAL_H

#include <stdbool.h>
#include <stddef.h>

#include "panel/panel.h"

/* Number of a place, -1 when there is none such; their number. */
int legal_find(const char *place);
size_t legal_places(void);

/* NULL, or what is wrong with the screen. */
const char *legal_fault(const struct panel_screen *screen);

#endif
