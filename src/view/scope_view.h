/*
 * scope_view - what one picture of the scope shows: waves of the six inputs, their phasors and harmonics, in primary units.
 *
 * The terminal (view/scope.h) and the drawn picture (picture/scope_picture.h) show the same struct.
 * Pure; the samples stay the caller's.
 */
#ifndef VIEW_SCOPE_VIEW_H
#define VIEW_SCOPE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "metering/block.h"
#include "metering/harmonics.h"

#define SCOPE_CYCLES_MIN 1
#define SCOPE_CYCLES_MAX 10

/* What the picture is to show. */
struct scope_options {
	unsigned cycles;		/* of the fundamental, SCOPE_CYCLES_MIN..MAX */
	double volts, amperes;		/* full scale of the waves, from the middle to the edge; 0: as large as they are */
	bool hidden[ADC_CHANNELS];
};

/* Why there is no live picture; the text is in scope_view.note. */
enum scope_state {
	SCOPE_LIVE,
	SCOPE_PAUSED,		/* it was live */
	SCOPE_NO_SAMPLES	/* nothing live: only title, time and note are to be shown, all values are NAN */
};

struct scope_channel {
	const char *name;		/* "VA" .. "IC" */
	const char *unit;		/* "V", "A" */
	bool shown;
	bool clipped;			/* it touched the end of its converter's range */

	/* The shown stretch: sample k was taken at start_s + k / rate_hz after the trigger, its channel's delay taken out. */
	const double *sample;
	unsigned samples;		/* 0: nothing to draw */
	double start_s;

	double full_scale;		/* of the frame that the wave stands in, > 0: it reaches from -full_scale to full_scale */
	double rms, dc, peak, crest;	/* see metering/harmonics.h; NAN = not known, here and below */
	double phasor_rms, phasor_deg;	/* fundamental; the angle is that to the reference, -180..180, ahead is positive; NAN: it has none */
	double harmonic[HARMONICS_MAX + 1];	/* 1..HARMONICS_MAX, in parts of the fundamental; [0] is not used */
	double thd;			/* in parts of the fundamental, to the harmonic scope_view.highest */
};

struct scope_view {
	char title[64];			/* "dinmeter scope" and which meter */
	char time[32];			/* of the newest sample, "2026-11-27T08:30:00Z"; "" = not known */
	char note[96];			/* what a viewer must know: lost samples, no connection, ..; "" = nothing */
	enum scope_state state;
	double rate_hz;			/* true scans a second */
	double hz;			/* NAN: no fundamental was found */
	double span_s;			/* the waves reach from 0 (the trigger) to here */
	unsigned cycles;
	int reference;			/* the channel whose rising zero crossing is at 0 and whose phasor at 0 degrees; -1: none, untriggered */
	unsigned highest;		/* the highest harmonic that this rate can tell, <= HARMONICS_MAX; 0: none */
	struct scope_channel channel[ADC_CHANNELS];
};

/* An empty picture: SCOPE_NO_SAMPLES, every value NAN. */
void scope_view_clear(struct scope_view *view, const struct scope_options *options);

/*
 * From the samples in `window` (full, primary units) and what harmonics_compute() made of them with `errors`.  The shown stretch is
 * the newest that begins at a rising zero crossing of the reference's fundamental.  The reference is the first voltage with a tenth
 * of the greatest at least, else such a current; without any, the newest stretch is shown and a cycle is 20 ms.
 * The view points into the window.  title, time and note are left empty.
 */
void scope_view_build(struct scope_view *view, const struct scope_options *options, const struct window *window,
		      const struct channel_errors *errors, const struct harmonics *harmonics);

/* The next larger of 1, 2, 5, 10, 20 ..: a full scale for waves that reach to `peak`; 1 for 0 and NAN. */
double scope_view_scale(double peak);

/* "277.1 V", "1.234 kA", "12.00 mA", "---- V": four digits. */
void scope_view_value(char *text, size_t size, double value, const char *unit);
/* "3.02 %" of a part, "---- %". */
void scope_view_percent(char *text, size_t size, double part);

#endif
