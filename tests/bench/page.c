/*
 * page - what reading the data log's page costs beside reading any other registers, in the same run: the answer of a
 * request with all that the slave does for it, the copy of the image included.  Asserts nothing.
 *
 * usage: page [TURNS]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "modbus/pdu.h"

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

int main(int argc, char **argv)
{
	static const struct {
		unsigned first, count;
	} reads[] = { { 1, 52 }, { 257, 90 }, { 8000, 52 }, { 8000, 90 }, { 13670, 90 }, { 8000, 125 } };
	enum { READS = sizeof(reads) / sizeof(reads[0]), BATCH = 100 };
	static struct snapshot snapshot;
	static struct register_image published, image;
	long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
	struct identity identity;
	double best[READS];
	unsigned sink = 0;

	settings_defaults(&snapshot.settings);
	settings_derive(&snapshot.settings, &snapshot.derived);
	registers_encode(&snapshot, &published);
	identity_defaults(&identity);
	for (size_t r = 0; r < READS; r++)
		best[r] = INFINITY;
	for (long turn = 0; turn < turns; turn++)
		for (size_t r = 0; r < READS; r++) {
			unsigned address = reads[r].first - 1;
			uint8_t request[5] = { 3, (uint8_t)(address >> 8), (uint8_t)address, 0, (uint8_t)reads[r].count };
			uint8_t response[PDU_MAX];
			double start = now_us();

			for (int k = 0; k < BATCH; k++) {
				struct pdu_write write;
				size_t length = 0;

				memcpy(&image, &published, sizeof(image));
				pdu_handle(request, sizeof(request), false, &image, &identity, response, &length, &write);
				sink += response[length - 1];
			}
			best[r] = fmin(best[r], (now_us() - start) / BATCH);
		}
	printf("us of one core per request, smallest of %ld:\n", turns);
	for (size_t r = 0; r < READS; r++)
		printf("%4u registers from %5u  %6.2f   %.2f x those from 257\n", reads[r].count, reads[r].first, best[r], best[r] / best[1]);
	return sink == 1;
}
