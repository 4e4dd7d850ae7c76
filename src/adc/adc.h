/*
 * adc - where samples come from.
 *
 * A source is a table of four functions (struct adc_ops) over an opaque
 * instance.  Three exist: a Linux IIO device, a built-in three-phase
 * generator, a COMTRADE recording.  All deliver the same thing: blocks of
 * simultaneous scans of six channels, converted to volts and amperes, and a
 * true account of what was lost between them.
 *
 * Sources on the secondary side (IIO) deliver the volts at the meter's voltage
 * inputs and the volts of the CT secondaries; the CT and PT ratios of the
 * settings are applied later, by metering.  Sources on the primary side (sim,
 * comtrade) deliver primary volts and amperes (block.primary is true).
 *
 * Threads: open, read and close belong to one thread (acquire, or whoever reads
 * a recording); cancel may be called from any thread while that one lives.
 */
#ifndef ADC_ADC_H
#define ADC_ADC_H

#include <stdbool.h>
#include <stdint.h>

#include "metering/block.h"

enum { ADC_RATE_MIN_HZ = 600, ADC_RATE_MAX_HZ = 100000 };

struct adc;

/* What an open source turned out to be. */
struct adc_info {
	double rate_hz;		/* nominal scans per second in force, read back from the source (a recording: of its start) */
	unsigned block_scans;	/* most scans one read delivers */
	bool paced;		/* read() takes as long as the samples do; false: acquire paces by the clock */
};

struct adc_ops {
	/* Opens the source.  Returns 0, or -errno after one log line that names what is missing and why. */
	int (*open)(struct adc *adc, struct adc_info *info);
	/*
	 * Reads the next block into *block, whose scans pointers the caller has set
	 * for at least info.block_scans scans.  Returns the number of scans (> 0),
	 * 0 when nothing came but the source lives, -ENODATA at the end of a
	 * recording, -ECANCELED after cancel, or -errno: then only close may follow.
	 */
	int (*read)(struct adc *adc, struct adc_block *block);
	/* Wakes a blocked read, now and from then on.  Async-thread-safe, idempotent. */
	void (*cancel)(struct adc *adc);
	/* Frees what open took; open may follow (a reopen).  A cancelled source stays cancelled. */
	void (*close)(struct adc *adc);
	/* Frees the instance. */
	void (*free)(struct adc *adc);
};

/* Every source's instance begins with this. */
struct adc {
	const struct adc_ops *ops;
	const char *name;	/* "iio", "sim", "comtrade": for log lines */
};

/* Calibration and wiring of one channel, from the configuration. */
struct adc_channel_config {
	char channel[64];	/* IIO channel id or label; COMTRADE channel name (raw bytes) or number from 1 */
	double gain;		/* factor on the converted value, 0.5..2 */
	double delay_us;	/* what this channel lags, -500..500; corrected by metering */
};

#define SIM_HARMONICS_MAX 24

/* A harmonic of every phase, relative to the phase's own fundamental. */
struct adc_sim_harmonic {
	int order;		/* 2..50 */
	double voltage_percent;	/* of the fundamental, 0..100 */
	double current_percent;
	double phase_deg;	/* at the zero crossing of the fundamental, -360..360 */
};

enum adc_sim_profile {
	SIM_STEADY,		/* what is configured, for ever */
	SIM_VARYING		/* load, power factor and frequency move slowly about it, deterministically */
};

/* The built-in source: what its three phases carry. */
struct adc_sim_config {
	double voltage_v[3];	/* line to neutral, rms of the fundamental */
	double current_a[3];	/* rms of the fundamental; negative: the CT is turned around */
	double frequency_hz;
	double power_factor[3];	/* displacement factor: 0..1 lagging, negative: that much leading */
	bool acb;		/* rotation A-C-B instead of A-B-C */
	int profile;		/* enum adc_sim_profile */
	int harmonics;		/* used entries of harmonic[] */
	struct adc_sim_harmonic harmonic[SIM_HARMONICS_MAX];
	double dc_percent;	/* constant offset on every channel, % of full scale */
	double noise_percent;	/* rms of the noise on every channel, % of full scale */
	int bits;		/* of the converter, 8..32; 0: not quantised, never clips */
	int seed;		/* of the noise */
};

/* The adc group and the sim group of the configuration. */
struct adc_config {
	char source[16];	/* "iio", "sim", "comtrade" */
	char uri[256];
	char device[128];	/* name, label or id; "" = the only one that has the six channels */
	char trigger[128];	/* "" = leave as it is */
	double rate_hz;		/* 600..100000 */
	unsigned block_scans;	/* scans per block */
	struct adc_channel_config channel[ADC_CHANNELS];
	double voltage_ratio;	/* line volts per volt at the ADC pin */
	double current_ratio;	/* CT secondary volts per volt at the ADC pin */
	double scale_mv;	/* millivolts at the pin per code, 0 = as the driver says; IIO only */
	unsigned sinc_order;	/* order of the ADC's sinc decimation filter whose droop is corrected, 0 = none .. 5 */
	char recording[4096];	/* path of a .cfg or .cff */
	bool loop;		/* start the recording anew at its end */
	double nominal_hz;	/* of a recording: what its converter was set to, when its true rate is nearly that; 0 = not known */
	struct adc_sim_config sim;
};

/*
 * Creates the source that config->source names; nothing is opened yet.  The
 * configuration is copied.  Returns NULL when memory is short.
 */
struct adc *adc_new(const struct adc_config *config);

struct adc *adc_iio_new(const struct adc_config *config);
struct adc *adc_sim_new(const struct adc_config *config);
struct adc *adc_comtrade_new(const struct adc_config *config);

#endif
