/*
 * snapshot - one second of the whole meter: all that registers, status and outputs show.
 * Plain data, copied whole; a reader never sees two seconds in one.
 */
#ifndef METERING_SNAPSHOT_H
#define METERING_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/datalog.h"
#include "metering/demand.h"
#include "metering/energy.h"
#include "metering/readings.h"
#include "metering/settings.h"

struct snapshot {
	uint64_t cycle;			/* 1 s cycles since start */
	int64_t t_ns;			/* when it was made, on the clock of the blocks */
	bool live;			/* false: readings are all NAN, nothing is fresh */
	struct readings readings;
	struct energies energies;
	struct demand demand;
	struct settings settings;
	struct derived derived;
	unsigned alerts;		/* 146 */
	unsigned energy_resets;		/* 147 */
	unsigned power_ups;		/* 152 */
	unsigned output_config;		/* 153 */
	uint32_t pulses[2];		/* 43, 45: closures, modulo 2^32 */
	uint64_t pulses_owed[2];	/* closures due that are not made yet */
	unsigned firmware_version;	/* 7001 */
	struct datalog_state log;	/* 158-161, 163-178 */
	int64_t log_clock_s;		/* 155-157 */
	unsigned log_max_days;		/* 162 */
	uint16_t log_page[DATALOG_ENTRIES];	/* 8000.. */
	/* Account of the samples, for the status. */
	uint64_t lost_samples;		/* since start */
	uint64_t void_windows;		/* windows thrown away because samples were missing */
	double bridged_s;		/* energy time filled in with the last good power */
	double rate_hz;			/* true rate in use */
};

#endif
