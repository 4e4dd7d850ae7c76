/*
 * calibrate - what the parts of `dinmeter calibrate` share: readings of meter and reference side by side, at several loads.
 *
 * All say on stderr what goes wrong and return an exit status, CLIENT_DONE when nothing did.
 */
#ifndef CLIENT_CALIBRATE_H
#define CLIENT_CALIBRATE_H

#include <stdbool.h>
#include <stdio.h>

#include "client/control_client.h"
#include "metering/calibration.h"
#include "metering/readings.h"

#define CALIBRATE_SECONDS_MOST 60

/* The keys of a channel's gain and delay, for what they allow. */
#define CALIBRATE_GAIN_KEY "adc.channels.va.gain"
#define CALIBRATE_DELAY_KEY "adc.channels.va.delay_us"

/* The channels as they were configured while the readings were taken. */
struct calibrate_channel {
	char name[64];
	double gain, delay_us;
	double factor;		/* what makes primary V or A of the converter's counts, or of samples that are these already */
	int sinc_order;		/* of the converter, the same for all */
};

struct calibrate_readings {
	struct calibrate_channel channel[ADC_CHANNELS];	/* gain 0: no reading yet */
	int n[PHASES];
	struct calibration_point point[PHASES][CALIBRATION_POINTS_MAX];
};

/* What the reference read of one load; a phase that it did not read is not told. */
struct calibrate_reference {
	bool told[PHASES];
	double v[PHASES], a[PHASES], w[PHASES];
};

/*
 * Measures for so many seconds, 1..CALIBRATE_SECONDS_MOST: one point for each phase of the reference.  Refused when the load
 * moves by more than `steady` (a part).
 */
int calibrate_measure(struct calibrate_readings *one, const struct calibrate_reference *reference, const char *socket,
		      const char *config, int seconds, double steady);

/* Adds what was measured.  Refused when the channels are configured otherwise than for the points before, or a phase is full. */
int calibrate_add(struct calibrate_readings *readings, const struct calibrate_readings *one);

/* The file of readings: text, a line a point.  A file that is not there has none. */
int calibrate_load(struct calibrate_readings *readings, const char *path);
int calibrate_save(const struct calibrate_readings *readings, const char *path);

/* A file that is whole at any time: as it was, or as `print` writes it, with its owner, group and mode.  CLIENT_DONE, or CLIENT_FAILED after a message. */
int calibrate_replace(const char *path, void (*print)(FILE *file, const void *context), const void *context);

/* A phase's reference, "V,A,W" with a number above 0, one above 0, and any.  `where` begins the message. */
int calibrate_parse(const char *where, const char *text, int phase, struct calibrate_reference *reference);

/* The group `channels` with the results, as a part of a configuration file.  A phase without points stays as it is. */
void calibrate_write(FILE *out, const struct calibrate_readings *readings, const struct calibration result[PHASES]);

#endif
