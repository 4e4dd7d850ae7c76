#include "outputs/flash.h"

#define FLASH_NS (FLASH_MS * INT64_C(1000000))

bool flash_step(struct flash *flash, bool asked, int64_t now_ns)
{
	flash->asked |= asked;
	if (now_ns < flash->until_ns)
		return flash->lit;
	if (flash->lit) {
		flash->lit = false;
		flash->until_ns = now_ns + FLASH_NS;
	} else if (flash->asked) {
		flash->lit = true;
		flash->asked = false;
		flash->until_ns = now_ns + FLASH_NS;
	}
	return flash->lit;
}

int64_t flash_due_ns(const struct flash *flash)
{
	return flash->lit || flash->asked ? flash->until_ns : FLASH_NEVER;
}
