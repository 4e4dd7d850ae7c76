/*
 * flash - an indicator that is lit for a moment for each event, and dark for as long between: a busy bus blinks.
 * Pure; time is an argument.
 */
#ifndef OUTPUTS_FLASH_H
#define OUTPUTS_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#define FLASH_MS 50
#define FLASH_NEVER INT64_MAX

/* {0} is dark. */
struct flash {
	bool lit, asked;
	int64_t until_ns;	/* stands as it is until then */
};

/*
 * One look at now_ns; `asked`: something happened since the last one.  What happens while it is lit or has to be dark is one more
 * flash.  Returns whether it is to be lit.
 */
bool flash_step(struct flash *flash, bool asked, int64_t now_ns);

/* When to look again, FLASH_NEVER when only an event changes something. */
int64_t flash_due_ns(const struct flash *flash);

#endif
