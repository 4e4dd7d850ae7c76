/*
 * tap - what it costs the meter thread that others may look at the samples, beside the measurement of the same blocks in the same run.
 *
 *   meter:  meter_feed() of a second of blocks
 *   tap:    tap_put() of the same blocks, into a ring that is full, with a reader that takes every block out of it
 *
 * The smallest of many turns is shown: the machine's other work only adds.  Fails when the tap takes more than 3 % of the meter's time.
 *
 * usage: tap [TURNS]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/tap.h"
#include "lib/wave.h"
#include "metering/meter.h"

#define RATE 2520
#define BLOCK 126
#define BLOCKS (RATE / BLOCK)
#define RING_S 2.0
#define LIMIT 0.03

static double wave[ADC_CHANNELS][RATE], read_scans[ADC_CHANNELS][BLOCK], memory[BLOCKS][ADC_CHANNELS][BLOCK];
static struct adc_block block[BLOCKS];
static int64_t now_ns;
static struct tap_reading reading = { .room = BLOCK };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static struct meter *new_meter(void)
{
	struct meter_config config = { .max_rate_hz = RATE };

	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	return meter_init(malloc(meter_bytes(&config)), &config);
}

/* All blocks of the second are measured, then all put: so few looks at the clock that they do not count. */
static void one_second(struct meter *meter, struct tap *tap, double *meter_us, double *tap_us)
{
	struct tap_window window = { .rate_hz = RATE };
	double start_us, fed_us;
	unsigned ended = 0, since;

	for (unsigned b = 0; b < BLOCKS; b++) {
		for (int c = 0; c < ADC_CHANNELS; c++)
			memcpy(block[b].scans[c], wave[c] + b * BLOCK, BLOCK * sizeof(double));
		block[b].restarted = now_ns == 0;
		block[b].t_ns = now_ns += INT64_C(50000000);
	}
	start_us = now_us();
	for (unsigned b = 0; b < BLOCKS; b++)
		if (meter_feed(meter, &block[b]))
			ended = b;
	fed_us = now_us();
	if (meter_window(meter, &window.n, &since))
		window.first = window.n + since;
	for (unsigned b = 0; b < BLOCKS; b++)
		tap_put(tap, &block[b], b == ended ? &window : NULL);
	*tap_us = now_us() - fed_us;
	*meter_us = fed_us - start_us;
	for (unsigned b = 0; b < BLOCKS; b++)
		tap_read(tap, reading.from + reading.n, &reading);
}

int main(int argc, char **argv)
{
	static const double no_delay[ADC_CHANNELS];
	struct tap *tap = tap_new(RING_S, RATE, BLOCK, no_delay);
	struct meter *meter = new_meter();
	long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 200;
	double meter_us = INFINITY, tap_us = INFINITY;
	double *wave_scans[ADC_CHANNELS];
	struct wave shape;

	if (!tap || !meter || turns < 1)
		return 99;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		wave_scans[c] = wave[c];
		reading.scans[c] = read_scans[c];
	}
	wave_three_phase(&shape, RATE, 60, 277, 50, 0.45, 0.1);
	wave_fill(&shape, 0, RATE, wave_scans);
	for (unsigned b = 0; b < BLOCKS; b++) {
		block[b] = (struct adc_block){ .n = BLOCK, .nominal_hz = RATE, .rate_hz = RATE, .primary = true };
		for (int c = 0; c < ADC_CHANNELS; c++)
			block[b].scans[c] = memory[b][c];
	}
	for (long turn = -3; turn < turns; turn++) {
		double fed_us, put_us;

		one_second(meter, tap, &fed_us, &put_us);
		if (turn >= 0) {	/* the ring is full */
			meter_us = fmin(meter_us, fed_us);
			tap_us = fmin(tap_us, put_us);
		}
	}
	printf("a second of %d scans: meter %.1f us, tap %.2f us: %.2f %% of it, at most %.0f\n", RATE, meter_us, tap_us, 100 * tap_us / meter_us,
	       100 * LIMIT);
	tap_free(tap);
	free(meter);
	return tap_us <= LIMIT * meter_us ? 0 : 1;
}
