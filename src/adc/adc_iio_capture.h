/*
 * adc_iio_capture - a libiio device set up for continuous reading: the six channels and the timestamp, converted.
 *
 * All of libiio (0.24) is called from here.  Every call but capture_cancel may stall for as long as the other
 * side pleases (a server that trickles its answer has no limit in libiio), so all of them belong to one thread of
 * their own: see adc_iio_thread.h.
 *
 * Only trusted servers: libiio stores what a server sends, and one that sends more than was asked for overruns its heap.
 */
#ifndef ADC_ADC_IIO_CAPTURE_H
#define ADC_ADC_IIO_CAPTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "adc/adc.h"

struct iio_buffer;
struct iio_channel;
struct iio_context;
struct iio_device;

/* One channel: what the converter's codes mean. */
struct capture_channel {
	struct iio_channel *handle;
	unsigned bits, bytes;		/* real bits; bytes of storage */
	bool is_signed;
	int64_t low, high;		/* codes at the ends of the range */
	double offset;			/* volts = (code + offset) * factor */
	double factor;
	ptrdiff_t position;		/* in the scan; renewed at each refill */
};

/* Converted scans of one refill. */
struct capture_scans {
	unsigned n;
	bool stamped;			/* stamp_ns is valid */
	int64_t arrival_ns;		/* CLOCK_MONOTONIC after the refill */
	double *value[ADC_CHANNELS];	/* volts at the meter's inputs, volts of the CT secondaries */
	int64_t *stamp_ns;
	uint8_t *clipped;		/* bit c: channel c at an end of its range in this scan */
};

struct capture {
	const struct adc_config *config;
	const atomic_bool *given_up;	/* nobody waits any more: stop at the next step */
	struct iio_context *context;
	struct iio_device *device;
	const struct iio_device *trigger;	/* that was set, or NULL */
	struct iio_buffer *buffer;
	struct capture_channel channel[ADC_CHANNELS];
	struct iio_channel *timestamp;	/* NULL: the device has none */
	ptrdiff_t stamp_position;
	ptrdiff_t step;			/* bytes from scan to scan */
	size_t length;			/* bytes of a full refill */
	double rate_hz;			/* read back, or as configured where the device does not say */
	bool monotonic;			/* stamps are this machine's CLOCK_MONOTONIC */
	bool scale_told;		/* that the configured scale is not the driver's */
	int broken;			/* -errno of an attribute that was never answered, or 0 */
	unsigned timeout_ms;		/* of libiio's reads and writes */
	char error[512];		/* what failed in the last call, one line */
	char notice[512];		/* what the log should say of a successful open, or "" */
};

/*
 * Opens everything; 0, or -errno with capture->error set and nothing left open.  `config` and `given_up` are borrowed
 * until capture_close.  The structure needs no initialisation.
 */
int capture_open(struct capture *capture, const struct adc_config *config, const atomic_bool *given_up);

/*
 * Reads up to config->block_scans scans.  0 with scans->n >= 0, or -errno with capture->error set: then only
 * capture_close may follow.
 */
int capture_refill(struct capture *capture, struct capture_scans *scans);

/* Of an open capture: each channel's value is step x count + zero, of whole counts. */
void capture_steps(const struct capture *capture, double step[ADC_CHANNELS], double zero[ADC_CHANNELS]);

/* Any thread, between a successful open and close: wakes a blocked refill, now and from then on.  Never blocks. */
void capture_cancel(struct capture *capture);

void capture_close(struct capture *capture);

/* Internal to adc_iio_*.c. */
bool capture_link_is_lost(ssize_t error);	/* no answer, not a refusal: later answers would be taken for earlier ones */
int capture_fail(struct capture *capture, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void capture_note(struct capture *capture, const char *format, ...) __attribute__((format(printf, 2, 3)));
int capture_find_device(struct capture *capture);
int capture_set_trigger(struct capture *capture);
int capture_set_rate(struct capture *capture);
int capture_read_calibration(struct capture *capture);
struct adc_iio_probe;
int capture_create_context(struct capture *capture);
void capture_look_at_trigger(struct capture *capture, struct adc_iio_probe *probe);
void capture_look_at_rate(struct capture *capture, struct adc_iio_probe *probe);
int capture_check_formats(struct capture *capture);
int capture_locate(struct capture *capture);
void capture_convert(struct capture *capture, struct capture_scans *scans);

#endif
