/*
 * buttons_find - the input device of a name.
 */
#ifndef PANEL_BUTTONS_FIND_H
#define PANEL_BUTTONS_FIND_H

#include "panel/buttons.h"

#define BUTTONS_PATH_MAX 320

/*
 * The paths of the devices called `name`, in the order of their numbers, at most `most`; a keyboard is mostly several devices of one name.
 * Read from sysfs, which disturbs no device.  How many; 0 when there is none, or -errno when nothing can be looked through.
 */
int buttons_find(const struct buttons_paths *paths, const char *name, char path[][BUTTONS_PATH_MAX], int most);

#endif
