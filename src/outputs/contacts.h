/*
 * contacts - outputs_start with places other than the system's, for tests.
 */
#ifndef OUTPUTS_CONTACTS_H
#define OUTPUTS_CONTACTS_H

#include "outputs/gpio.h"
#include "outputs/outputs.h"

int outputs_start_at(struct outputs **outputs, const struct outputs_config *config, const struct gpio_paths *paths,
		     const char *led_root, _Atomic uint64_t *made);

#endif
