#include "panel/buttons.h"

#include <libevdev/libevdev.h>
#include <linux/input.h>

/* KEY_RESERVED and KEY_MAX have names, but no key. */
int buttons_key_code(const char *name)
{
	int code = libevdev_event_code_from_name(EV_KEY, name);

	return code > KEY_RESERVED && code < KEY_MAX ? code : -1;
}
