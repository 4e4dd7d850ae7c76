/*
 * fake_iio - a libiio made of one table, linked in place of the real one.
 *
 * Tests describe a device, let the n-th call fail, and count what was created and destroyed.  One thread calls it at a time.
 */
#ifndef TESTS_FAKE_IIO_H
#define TESTS_FAKE_IIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_CHANNELS = 8, FAKE_ATTRIBUTES = 6, FAKE_CALLS = 4096 };

struct fake_attribute {
	const char *name;
	char value[256];	/* what a write leaves here is read back */
	bool fixed;		/* a write gives EINVAL */
	double grid;		/* > 0: a number written is rounded down to a multiple */
	const char *choices;	/* not NULL: a number not among these gives EINVAL */
	bool listed;		/* a number not in the "..._available" beside it gives EINVAL */
};

struct fake_channel {
	const char *id, *name;
	const char *format;	/* "le:s16/16>>0"; NULL: not a scan element */
	long index;
	bool output;
	struct fake_attribute attribute[FAKE_ATTRIBUTES];
};

struct fake_device {
	const char *id, *name, *label;
	struct fake_channel channel[FAKE_CHANNELS];
	struct fake_attribute attribute[FAKE_ATTRIBUTES];
};

/* What exists, and what happened.  fake_iio_reset() describes the usual device: six s16, timestamp, rate on the device. */
struct fake_iio {
	struct fake_device device[3];		/* decoy, converter, trigger */
	const uint8_t *data;			/* what a refill delivers, of data_bytes */
	size_t data_bytes;
	long step;				/* != 0: what iio_buffer_step says */
	long refill_step;			/* != 0: ... after a refill */
	long refill_result;			/* != 0: what a refill returns */
	unsigned fail_at;			/* the n-th call that can fail fails; 0 = none */
	int fail_errno;
	unsigned calls;				/* that can fail, so far */
	const char *last_call;			/* that failed */
	unsigned contexts, buffers;		/* alive */
	unsigned created, cancels, kernel_buffers, timeout_ms;
	const char *trigger_set;
	bool left_on;				/* the buffer, by somebody who is dead: neither trigger nor rate can be set */
	size_t scans;				/* asked for in create_buffer */
	bool enabled[FAKE_CHANNELS];
	bool enabled_late;			/* a channel was switched while a buffer existed */
	char uri[256];
};

extern struct fake_iio fake_iio;

void fake_iio_reset(void);

/* The converter. */
struct fake_device *fake_iio_adc(void);

/* An attribute of a device (channel < 0) or of its channel, made when it is not there. */
struct fake_attribute *fake_iio_attribute(struct fake_device *device, int channel, const char *name);

/* Takes it away. */
void fake_iio_without(struct fake_device *device, int channel, const char *name);

#endif
