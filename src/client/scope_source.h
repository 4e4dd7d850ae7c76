/*
 * scope_source - the newest second of samples from a daemon, as the scope looks at it.
 *
 * What goes wrong is said on stderr.
 */
#ifndef CLIENT_SCOPE_SOURCE_H
#define CLIENT_SCOPE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/control_client.h"
#include "client/samples.h"
#include "metering/window.h"
#include "view/scope_view.h"

/* The newest sample is older than this: nothing is live.  Blocks come every half second at the longest. */
#define SCOPE_SOURCE_STALE_NS INT64_C(1500000000)

struct scope_source {
	struct control_client client;
	bool connected;
	struct samples *samples;
	const double *scale;		/* to primary units, one a channel */

	double nominal_hz, rate_hz;	/* 0: no sample has come yet */
	int64_t newest_ns;		/* CLOCK_MONOTONIC of the newest sample; 0: none */
	unsigned held, capacity;	/* consecutive scans */
	double *history[ADC_CHANNELS];	/* as they came: a ratio that is set holds for all of them */
	struct adc_block in;
	double *in_memory;
	uint64_t lost;			/* scans, since the connection was made */
	int64_t lost_ns;		/* when the last were; 0: never */
	unsigned clipped;		/* bit c: channel c was, within the scans held */

	struct window window;		/* what the last picture was built from */
	void *window_memory;
	struct channel_errors errors;
};

/* CLIENT_DONE, or the exit status. */
int scope_source_open(struct scope_source *source, const char *socket, const char *config);

/* Another try to reach the daemon that was lost.  0, or -errno. */
int scope_source_reopen(struct scope_source *source);

/* Takes what has come, waits for timeout_ms at most.  The number of scans, 0, or -errno: then it is not connected any more. */
int scope_source_read(struct scope_source *source, int timeout_ms);

/* The part of a window that is there, 0..1. */
double scope_source_filled(const struct scope_source *source);
bool scope_source_stale(const struct scope_source *source, int64_t now_ns);

/* Takes the newest window and builds the picture of it, which points into it until the next call.  Filled to 1. */
void scope_source_build(struct scope_source *source, const struct scope_options *options, struct scope_view *view);
/* The same samples again, to other options. */
void scope_source_rebuild(const struct scope_source *source, const struct scope_options *options, struct scope_view *view);

/* Takes the newest window alone: it is in source->window, and the next one has none of its samples.  Filled to 1. */
void scope_source_take(struct scope_source *source);

/* Why no samples come, in a few words, as the daemon sees it. */
void scope_source_explain(struct scope_source *source, char *text, size_t size);

void scope_source_close(struct scope_source *source);

#endif
