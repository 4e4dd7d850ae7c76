/*
 * gaps - how many scans are missing, told from their timestamps.  Pure.
 *
 * A full kernel queue drops scans in silence; only the stamps show it.  Stamps come in two kinds.  Regular ones are a period
 * apart, and a loss is a hole of whole periods.  Cheap drivers stamp when the interrupt is served: several scans share a
 * stamp, then comes a hole although nothing was lost.  Such stamps are late, hardly ever early.  So a scan counts as late against a
 * line that follows the earliest stamps (the running lag (stamp - first) * rate - number, and its slow lower edge):
 *
 *   - a scan that is on the line proves that nothing before it was lost;
 *   - when all scans from some point on stay late by k periods, k were lost before the first of them: decided after
 *     8 scans where these are regular, else after 0.1 s (up to 1 s while they are still catching up).
 *
 * A driver that empties a FIFO some time after the interrupt gives scans the stamp of an interrupt that came before them.  Such an
 * early stamp pulls the line down, and all that follow seem lost until it is back where it was: a rise by no more than the line
 * has fallen is taken for that, not for a loss.
 *
 * Until then the scans wait (gaps_next returns 0), so that a loss stands exactly in front of the scan that follows it.
 * The period is learnt from the stamps themselves, so it holds for whatever clock they are on.
 */
#ifndef ADC_GAPS_H
#define ADC_GAPS_H

#include <stdbool.h>
#include <stdint.h>

enum { GAPS_ANCHORS = 32 };

struct gaps_line {
	int64_t ns;		/* where the line put the newest decided scan, */
	double fraction;	/* and its fraction of a nanosecond */
};

struct gaps {
	double nominal_ns, period_ns;
	unsigned horizon, horizon_max;	/* scans */
	bool started;
	bool even;			/* the first stamps were evenly spaced */
	struct gaps_line line;
	double fallen;			/* periods by which early stamps pulled the line down of late, */
	uint64_t forget_at;		/* ... until this n */
	double risen;			/* periods by which the line rose since it last fell to the edge, until the period is known */
	double early;			/* periods by which such falls were taken back, fading */
	uint64_t n;			/* scans since the start, lost ones included */
	struct {
		int64_t ns;
		uint64_t n;
	} anchor[GAPS_ANCHORS];		/* of the line, four a second, oldest overwritten */
	unsigned anchors;
};

/* What stands in front of a run of scans. */
struct gap {
	uint64_t lost;
	bool restarted;			/* nothing before is connected to it: the first run, or the clock was set */
};

void gaps_init(struct gaps *gaps, double rate_hz);

/* The most scans that may have to wait together. */
unsigned gaps_most_waiting(const struct gaps *gaps);

/*
 * stamp_ns[0..n) are the scans not decided yet.  Returns how many of them, from the front, are a run without a loss inside,
 * and what stands in front of it; 0: not to be told before more scans came.  `most_lost` is what can have been lost at most,
 * by the time that has passed: stamps that claim more, or run back by more than 0.1 s, mean that their clock was set.
 */
unsigned gaps_next(struct gaps *gaps, const int64_t *stamp_ns, unsigned n, uint64_t most_lost, struct gap *gap);

/*
 * Where there are no stamps: losses from the count of scans against the arrival of blocks.  A loss shows when the earliest
 * arrival of a whole second has become late for good, so up to two seconds after it; below 20 ms (5 ms after the first minute)
 * it is not told from the error of the rate.
 */
struct arrivals {
	bool started;
	unsigned windows;
	int64_t last_ns, window_end_ns;
	double lag, least, base;	/* scans */
};

void arrivals_init(struct arrivals *arrivals);

/* A block of n scans arrived.  Returns the number found lost, 0 mostly. */
uint64_t arrivals_add(struct arrivals *arrivals, unsigned n, int64_t now_ns, double rate_hz);

#endif
