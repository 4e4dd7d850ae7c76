#include "adc/adc_iio_capture.h"

#include <errno.h>
#include <iio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/monotonic.h"

/* Depth of the kernel's queue in blocks: 4 lost 762 scans of 2520/s in a pause of 0.5 s, 16 lost none. */
enum { KERNEL_BLOCKS = 16 };

int capture_fail(struct capture *capture, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(capture->error, sizeof(capture->error), format, arguments);
	va_end(arguments);
	return error < 0 ? error : -EIO;
}

void capture_note(struct capture *capture, const char *format, ...)
{
	size_t used = strlen(capture->notice);
	va_list arguments;

	if (used && used + 3 < sizeof(capture->notice)) {
		memcpy(capture->notice + used, "; ", 3);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(capture->notice + used, sizeof(capture->notice) - used, format, arguments);
	va_end(arguments);
}

bool capture_link_is_lost(ssize_t error)
{
	return error == -EPIPE || error == -ECONNRESET || error == -ETIMEDOUT || error == -EBADF || error == -EAGAIN
			|| error == -ENOTCONN || error == -EPROTO;
}

static bool is_local(const struct adc_config *config)
{
	return !config->uri[0] || !strncmp(config->uri, "local:", 6);
}

int capture_create_context(struct capture *capture)
{
	const struct adc_config *config = capture->config;
	char uri[sizeof(config->uri)];
	double block_ms = config->block_scans / config->rate_hz * 1e3;
	int error;

	/* A fresh copy each time: libiio 0.24 cuts the port off the string that it is given. */
	snprintf(uri, sizeof(uri), "%s", config->uri[0] ? config->uri : "local:");
	errno = 0;
	capture->context = iio_create_context_from_uri(uri);
	if (!capture->context) {
		error = errno ? -errno : -EIO;
		return capture_fail(capture, error, "no IIO context at adc.uri \"%s\": %s",
				config->uri[0] ? config->uri : "local:", strerror(-error));
	}
	/* The local timeout is for a whole block, and a network server is told half of it; 0 would mean for ever. */
	capture->timeout_ms = 1000 + (unsigned)(4 * block_ms);
	error = iio_context_set_timeout(capture->context, capture->timeout_ms);
	if (error < 0)
		return capture_fail(capture, error, "%s: timeout refused: %s", config->uri, strerror(-error));
	return 0;
}

static void enable_channels(struct capture *capture)
{
	unsigned n = iio_device_get_channels_count(capture->device);

	for (unsigned i = 0; i < n; i++)
		iio_channel_disable(iio_device_get_channel(capture->device, i));
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		iio_channel_enable(capture->channel[c].handle);
	if (capture->timestamp)
		iio_channel_enable(capture->timestamp);
}

/* Stamps on another clock still tell what was lost, as long as nobody sets that clock. */
static int choose_clock(struct capture *capture)
{
	static const char attribute[] = "current_timestamp_clock";
	char value[64] = "";
	ssize_t n;

	capture->monotonic = false;
	if (!capture->timestamp || !iio_device_find_attr(capture->device, attribute))
		return 0;
	n = iio_device_attr_write(capture->device, attribute, "monotonic");
	if (capture_link_is_lost(n))
		return capture_fail(capture, (int)n, "%s: %s", attribute, strerror((int)-n));
	if (n < 0)
		capture_note(capture, "timestamps are not on the monotonic clock: %s", strerror((int)-n));
	n = iio_device_attr_read(capture->device, attribute, value, sizeof(value) - 1);
	capture->monotonic = n > 0 && is_local(capture->config) && !strncmp(value, "monotonic", 9)
			&& (value[9] == '\0' || value[9] == '\n');
	return 0;
}

static int create_buffer(struct capture *capture)
{
	const char *hint = "";
	int error;

	/* Backends without a queue of their own say ENOSYS; then theirs is deep enough. */
	error = iio_device_set_kernel_buffers_count(capture->device, KERNEL_BLOCKS);
	if (error < 0 && error != -ENOSYS)
		return capture_fail(capture, error, "%d kernel buffers refused: %s", KERNEL_BLOCKS, strerror(-error));
	errno = 0;
	capture->buffer = iio_device_create_buffer(capture->device, capture->config->block_scans, false);
	if (capture->buffer)
		return 0;
	error = errno ? -errno : -EIO;
	if (error == -EINVAL)
		hint = " (does the device need adc.trigger?)";
	if (error == -EACCES)
		hint = " (no right to /dev or to the buffer files in sysfs)";
	if (error == -EBUSY)
		hint = " (another program holds it)";
	return capture_fail(capture, error, "no buffer on device \"%s\": %s%s", iio_device_get_id(capture->device),
			strerror(-error), hint);
}

static int prepare(struct capture *capture)
{
	static int (*const steps[])(struct capture *) = {
		capture_create_context, capture_find_device, capture_check_formats, capture_set_trigger, capture_set_rate,
		capture_read_calibration,
	};
	int error;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		error = steps[i](capture);
		if (error < 0)
			return error;
		if (*capture->given_up)
			return capture_fail(capture, -ECANCELED, "given up");
	}
	/* Before the buffer: libiio takes the mask when it is created. */
	enable_channels(capture);
	return choose_clock(capture);
}

int capture_open(struct capture *capture, const struct adc_config *config, const atomic_bool *given_up)
{
	int error;

	memset(capture, 0, sizeof(*capture));
	capture->config = config;
	capture->given_up = given_up;
	error = prepare(capture);
	if (error == 0)
		error = create_buffer(capture);
	if (error == 0) {
		capture->step = iio_buffer_step(capture->buffer);
		capture->length = (size_t)capture->step * config->block_scans;
		error = capture_locate(capture);
	}
	if (error < 0)
		capture_close(capture);
	return error;
}

int capture_refill(struct capture *capture, struct capture_scans *scans)
{
	ssize_t n = iio_buffer_refill(capture->buffer);
	ptrdiff_t step;

	scans->arrival_ns = monotonic_ns();
	scans->n = 0;
	if (n < 0)
		return capture_fail(capture, (int)n, "read of device \"%s\": %s", iio_device_get_id(capture->device),
				strerror((int)-n));
	if ((size_t)n > capture->length)
		return capture_fail(capture, -EPROTO, "%zd bytes came where %zu were asked for", n, capture->length);
	/* A second client of the same server may have widened the scan: fewer and longer ones in as many bytes. */
	step = iio_buffer_step(capture->buffer);
	if (n > 0 && step != capture->step) {
		int error;

		if (step < capture->step)
			return capture_fail(capture, -EPROTO, "scans of %td bytes came where %td were agreed", step,
					capture->step);
		capture->step = step;
		error = capture_locate(capture);
		if (error < 0)
			return error;
	}
	scans->n = (unsigned)((size_t)n / (size_t)capture->step);
	capture_convert(capture, scans);
	return 0;
}

void capture_cancel(struct capture *capture)
{
	iio_buffer_cancel(capture->buffer);
}

void capture_close(struct capture *capture)
{
	if (capture->buffer) {
		/* Cancelled first, the end does not wait for a peer that no longer answers. */
		iio_buffer_cancel(capture->buffer);
		iio_buffer_destroy(capture->buffer);
	}
	if (capture->context)
		iio_context_destroy(capture->context);
	capture->buffer = NULL;
	capture->context = NULL;
	capture->device = NULL;
}
