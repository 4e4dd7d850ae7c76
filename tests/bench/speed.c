/*
 * speed - what a second of data costs, beside the plainest meter on the same samples in the same run.
 *
 *   plain:   sums of v, i, v^2, i^2 and v i of three phases over a fixed second, and their square roots
 *   meter:   the whole meter: window, all quantities, energy, demand, alerts
 *   + delay: the same with a delay and a droop to correct at every harmonic of every channel
 *
 * The smallest of many turns is shown: the machine's other work only adds.  Asserts nothing.
 *
 * usage: speed [TURNS]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/wave.h"
#include "metering/meter.h"
#include "registers/registers.h"

#define RATE 2520
#define BLOCK 126

static double *scans[ADC_CHANNELS];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static double plain_second(void)
{
	double power = 0;

	for (int p = 0; p < 3; p++) {
		const double *v = scans[ADC_VA + p], *i = scans[ADC_IA + p];
		double sv = 0, si = 0, svv = 0, sii = 0, svi = 0;

		for (unsigned k = 0; k < RATE; k++) {
			sv += v[k];
			si += i[k];
			svv += v[k] * v[k];
			sii += i[k] * i[k];
			svi += v[k] * i[k];
		}
		power += svi / RATE - sv / RATE * si / RATE + sqrt(svv / RATE - sv * sv / RATE / RATE) +
			 sqrt(sii / RATE - si * si / RATE / RATE);
	}
	return power;
}

static double meter_second(struct meter *meter, int64_t *t_ns)
{
	struct register_image image;
	bool ended = false;

	for (unsigned from = 0; from < RATE; from += BLOCK) {
		struct adc_block block = { .n = BLOCK, .nominal_hz = RATE, .rate_hz = RATE, .primary = true, .restarted = *t_ns == 0 };

		*t_ns += 50000000;
		block.t_ns = *t_ns;
		for (int c = 0; c < ADC_CHANNELS; c++)
			block.scans[c] = scans[c] + from;
		ended |= meter_feed(meter, &block);
	}
	if (ended)
		registers_encode(meter_snapshot(meter), &image);
	return meter_snapshot(meter)->readings.p_w;
}

static struct meter *new_meter(bool with_errors)
{
	struct meter_config config = { .max_rate_hz = RATE };
	void *memory;

	settings_defaults(&config.settings);
	rules_defaults(&config.rules);
	for (int c = 0; with_errors && c < ADC_CHANNELS; c++)
		config.delay_us[c] = 20 * c;
	config.sinc_order = with_errors ? 3 : 0;
	memory = malloc(meter_bytes(&config));
	if (!memory)
		exit(2);
	return meter_init(memory, &config);
}

int main(int argc, char **argv)
{
	long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
	struct meter *meter = new_meter(false), *corrected = new_meter(true);
	double best[3] = { INFINITY, INFINITY, INFINITY }, sink = 0;
	int64_t t_ns = 0, corrected_ns = 0;
	struct wave wave;

	wave_three_phase(&wave, RATE, 60, 277, 50, 0.5, 0.2);
	wave_add_harmonic(&wave, 5, 0.02, 0.1, 0.3, 0.8);
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (!(scans[c] = malloc(RATE * sizeof(double))))
			return 2;
	wave_fill(&wave, 0, RATE, scans);
	for (long k = 0; k < turns; k++) {
		double t[4] = { now_us() };

		sink += plain_second();
		t[1] = now_us();
		sink += meter_second(meter, &t_ns);
		t[2] = now_us();
		sink += meter_second(corrected, &corrected_ns);
		t[3] = now_us();
		for (int m = 0; m < 3; m++)
			best[m] = fmin(best[m], t[m + 1] - t[m]);
	}
	printf("us of one core per second of data (six channels, %d samples a second), smallest of %ld:\n", RATE, turns);
	printf("%-22s %8.1f\n", "plain sums", best[0]);
	printf("%-22s %8.1f   %.1f x plain\n", "meter", best[1], best[1] / best[0]);
	printf("%-22s %8.1f   %.1f x plain\n", "meter + delay, droop", best[2], best[2] / best[0]);
	for (int c = 0; c < ADC_CHANNELS; c++)
		free(scans[c]);
	free(meter);
	free(corrected);
	return isnan(sink) ? 1 : 0;
}
