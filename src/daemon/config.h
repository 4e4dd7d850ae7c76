/*
 * config - the configuration file, checked whole.  libconfig's only owner.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "adc/adc.h"
#include "capture/capture_config.h"
#include "metering/settings.h"
#include "modbus/pdu.h"
#include "modbus/slave.h"
#include "outputs/outputs.h"
#include "panel/buttons.h"
#include "panel/display.h"

#define CONFIG_CAPTURE_PATH "/var/lib/dinmeterd/captures"

struct config {
	struct adc_config adc;
	struct settings settings;
	struct rules rules;
	char setup_password[6], reset_password[6];	/* five digits */
	struct modbus_config modbus;	/* but for address, baud and parity, which are settings */
	struct outputs_config outputs;
	char store_path[256];
	int store_interval_s;
	char control_socket[108];
	char control_group[64];
	struct display_config display;
	struct buttons_config buttons;
	struct capture_config capture;
	bool sandbox;
	struct identity identity;
	char source_at[280];		/* "FILE:LINE" of adc.recording, or else of adc.source; "" when no file has them */
};

void config_defaults(struct config *config);

/*
 * Reads FILE over the values in *config (start from config_defaults).  Every error
 * goes to `errors` on a line of its own, `FILE:LINE: key: got X, must be ...`;
 * unknown keys with the nearest known one.  Returns 0, or -EINVAL (errors were
 * written), or -errno when the file cannot be read (said too).
 */
int config_load(struct config *config, const char *file, FILE *errors);

/*
 * What a daemon needs beyond that: a recording when the source is "comtrade" (`dinmeter analyze` gets
 * its own).  Returns 0, or -EINVAL after a line on `errors`.
 */
int config_check_source(const struct config *config, FILE *errors);

/* A setting's value as the file writes it: 31, 1.00, "even". */
void config_setting_text(enum setting which, int value, char *text, size_t size);

/* Writes the whole configuration in force in the file's own syntax; reading it back gives the same. */
void config_print(const struct config *config, FILE *out);

/* Writes the part of it that makes registers of samples: the group meter without its passwords, adc.rate and sinc_order. */
void config_print_measurement(const struct config *config, FILE *out);

#endif
