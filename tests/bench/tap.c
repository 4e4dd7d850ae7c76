/*
 * tap - what keeping the newest samples costs the meter thread, beside the measurement of the same blocks in the same run.
 * Fails above LIMIT: then it would be more than nothing.
 *
 * usage: tap [TURNS]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "capture/tap.h"
#include "lib/wave.h"
#include "metering/meter.h"

#define RATE 2520
#define BLOCK 126
#define LIMIT 0.03

static double *arrays[ADC_CHANNELS], *scans[ADC_CHANNELS];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

/* Times of a second of blocks in the meter, in the tap, and of the looks at the clock alone. */
static void turn(struct meter *meter, struct tap *tap, int64_t *t_ns, double spent_us[3])
{
	spent_us[0] = spent_us[1] = spent_us[2] = 0;
	for (int b = 0; b < RATE / BLOCK; b++) {
		struct adc_block block = { .n = BLOCK, .nominal_hz = RATE, .rate_hz = RATE, .primary = true };
		double start;

		*t_ns += INT64_C(1000000000) * BLOCK / RATE;
		block.t_ns = *t_ns;
		for (int c = 0; c < ADC_CHANNELS; c++)
			block.scans[c] = scans[c] + b * BLOCK;
		start = now_us();
		meter_feed(meter, &block);
		spent_us[0] += now_us() - start;
		/* the arrays are those that came back from the last block, as in the queue */
		for (int c = 0; c < ADC_CHANNELS; c++)
			block.scans[c] = arrays[c];
		start = now_us();
		tap_put(tap, &block, NULL);
		spent_us[1] += now_us() - start;
		for (int c = 0; c < ADC_CHANNELS; c++)
			arrays[c] = block.scans[c];
		start = now_us();
		spent_us[2] += now_us() - start;
	}
}

int main(int argc, char **argv)
{
	static const double no_delay[ADC_CHANNELS];
	long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 200;
	struct meter_config config = { .max_rate_hz = RATE };
	double best[3] = { INFINITY, INFINITY, INFINITY };
	struct tap *tap = tap_new(10, RATE, BLOCK, no_delay);
	struct meter *meter;
	struct wave wave;
	void *memory;
	int64_t t_ns = 0;

	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	memory = malloc(meter_bytes(&config));
	for (int c = 0; c < ADC_CHANNELS; c++) {
		arrays[c] = calloc(BLOCK, sizeof(double));
		scans[c] = calloc(RATE, sizeof(double));
		if (!arrays[c] || !scans[c])
			return EXIT_FAILURE;
	}
	if (!tap || !memory)
		return EXIT_FAILURE;
	meter = meter_init(memory, &config);
	wave_three_phase(&wave, RATE, 60, 277, 50, 0.5, 0);
	wave_fill(&wave, 0, RATE, scans);
	for (long i = 0; i < turns; i++) {
		double spent_us[3];

		turn(meter, tap, &t_ns, spent_us);
		for (int k = 0; k < 3; k++)
			best[k] = fmin(best[k], spent_us[k]);
	}
	for (int k = 0; k < 2; k++)
		best[k] -= best[2];
	printf("us of one core per second of data, smallest of %ld: measurement %.2f, tap %.2f: %.2f %%, %.0f %% are allowed\n", turns,
	       best[0], best[1], 100 * best[1] / best[0], 100 * LIMIT);
	return best[1] <= LIMIT * best[0] ? EXIT_SUCCESS : EXIT_FAILURE;
}
