/*
 * alerts - the diagnostic alert bitmap of register 146.
 */
#ifndef METERING_ALERTS_H
#define METERING_ALERTS_H

#include <stdbool.h>
#include <stddef.h>

#include "metering/readings.h"
#include "metering/settings.h"

#define ALERT_VOLTAGE(phase)	(1u << (0 + (phase)))
#define ALERT_CURRENT(phase)	(1u << (3 + (phase)))
#define ALERT_FREQUENCY		(1u << 6)
#define ALERT_PHASE_LOSS(phase)	(1u << (8 + (phase)))
#define ALERT_LOW_PF(phase)	(1u << (11 + (phase)))
#define ALERT_PULSE_OVERRUN	(1u << 14)
#define ALERT_PULSE_CONFIG	(1u << 15)
#define ALERTS_PHASE_LOSS	(7u << 8)

/* What a bit means: a name for programs (a-z, _), and words for people. */
struct alert_word {
	unsigned bit;		/* one of the above */
	const char *code, *text;
};

/* A row for each bit that has a meaning, ascending. */
const struct alert_word *alerts_words(size_t *n);

/* The bits of a list of codes with commas between and blanks at will, "all", or "" for none.  0, or -EINVAL: no such code. */
int alerts_parse(const char *text, unsigned *bits);

/*
 * Bits 0-6, 8-13 of fresh readings; bit 15 from the settings.  `clipped`: bit c = enum adc_channel c
 * touched an end of its range during the second.  The latched bit 14 belongs to pulse.
 */
unsigned alerts_evaluate(const struct readings *readings, const struct settings *settings, const struct derived *derived,
			 const struct rules *rules, unsigned clipped);

/* When nothing is live: bit 6, and of `before` bits 14 and 15. */
unsigned alerts_stale(unsigned before, const struct derived *derived);

#endif
