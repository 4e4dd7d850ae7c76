/* Which device, which channels, which trigger, and what their codes mean. */
#include <errno.h>
#include <iio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc_iio_capture.h"

static const char *const channel_keys[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

static bool equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static const char *text_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* Reads an attribute as one line; at least one byte of room is kept for the NUL that a server may leave out. */
static ssize_t read_channel(const struct iio_channel *channel, const char *attribute, char *value, size_t size)
{
	ssize_t n;

	memset(value, 0, size);
	n = iio_channel_attr_read(channel, attribute, value, size - 1);
	value[strcspn(value, "\r\n")] = '\0';
	return n;
}

static bool channel_is(struct capture *capture, const struct iio_channel *channel, const char *name)
{
	char label[256];
	ssize_t n;

	if (equal(iio_channel_get_id(channel), name) || equal(iio_channel_get_name(channel), name))
		return true;
	if (capture->broken || !iio_channel_find_attr(channel, "label"))
		return false;
	n = read_channel(channel, "label", label, sizeof(label));
	if (capture_link_is_lost(n))
		capture->broken = (int)n;
	return n > 0 && !strcmp(label, name);
}

static struct iio_channel *find_channel(struct capture *capture, const struct iio_device *device, const char *name)
{
	unsigned n = iio_device_get_channels_count(device);

	for (unsigned i = 0; i < n; i++) {
		struct iio_channel *channel = iio_device_get_channel(device, i);

		if (!iio_channel_is_output(channel) && iio_channel_is_scan_element(channel)
				&& channel_is(capture, channel, name))
			return channel;
	}
	return NULL;
}

/* NULL when the device has all six, else the key of the first that it lacks. */
static const char *find_channels(struct capture *capture, const struct iio_device *device)
{
	unsigned n = iio_device_get_channels_count(device);

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		capture->channel[c].handle = find_channel(capture, device, capture->config->channel[c].channel);
		if (!capture->channel[c].handle)
			return channel_keys[c];
	}
	capture->timestamp = NULL;
	for (unsigned i = 0; i < n && !capture->timestamp; i++) {
		struct iio_channel *channel = iio_device_get_channel(device, i);

		if (iio_channel_get_type(channel) == IIO_TIMESTAMP && iio_channel_is_scan_element(channel))
			capture->timestamp = channel;
	}
	return NULL;
}

/* Every device but the triggers, for the message; or every trigger. */
static void list_devices(const struct iio_context *context, bool triggers, char *list, size_t size)
{
	unsigned n = iio_context_get_devices_count(context);
	size_t used = 0;

	snprintf(list, size, "none");
	for (unsigned i = 0; i < n && used < size; i++) {
		const struct iio_device *device = iio_context_get_device(context, i);
		int more;

		if (iio_device_is_trigger(device) != triggers)
			continue;
		more = snprintf(list + used, size - used, "%s%s (%s)", used ? ", " : "",
				text_or(iio_device_get_name(device), "unnamed"), iio_device_get_id(device));
		used += more > 0 ? (size_t)more : 0;
	}
}

/* An id is unique, a label is given by the integrator, a name by the driver's author: in that order. */
static struct iio_device *find_by_name(const struct iio_context *context, const char *name, bool trigger)
{
	const char *(*const names[])(const struct iio_device *) = {
		iio_device_get_id, iio_device_get_label, iio_device_get_name,
	};
	unsigned n = iio_context_get_devices_count(context);

	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
		for (unsigned i = 0; i < n; i++) {
			struct iio_device *device = iio_context_get_device(context, i);

			if (iio_device_is_trigger(device) == trigger && equal(names[k](device), name))
				return device;
		}
	return NULL;
}

static int link_lost(struct capture *capture)
{
	return capture_fail(capture, capture->broken, "a channel's label was asked for and not answered: %s",
			strerror(-capture->broken));
}

static int find_only_device(struct capture *capture)
{
	unsigned n = iio_context_get_devices_count(capture->context), fitting = 0;
	char list[256];

	for (unsigned i = 0; i < n; i++) {
		struct iio_device *device = iio_context_get_device(capture->context, i);

		if (iio_device_is_trigger(device) || find_channels(capture, device))
			continue;
		fitting++;
		capture->device = device;
	}
	if (capture->broken)
		return link_lost(capture);
	if (fitting == 1) {
		find_channels(capture, capture->device);
		return 0;
	}
	list_devices(capture->context, false, list, sizeof(list));
	if (fitting)
		return capture_fail(capture, -EINVAL, "%u devices have the six channels; adc.device must name one: %s", fitting, list);
	return capture_fail(capture, -ENODEV, "no device has the channels %s, %s, %s, %s, %s, %s; devices: %s",
			capture->config->channel[0].channel, capture->config->channel[1].channel,
			capture->config->channel[2].channel, capture->config->channel[3].channel,
			capture->config->channel[4].channel, capture->config->channel[5].channel, list);
}

int capture_find_device(struct capture *capture)
{
	const char *name = capture->config->device, *missing;
	char list[256];

	if (!name[0])
		return find_only_device(capture);
	capture->device = find_by_name(capture->context, name, false);
	if (!capture->device) {
		list_devices(capture->context, false, list, sizeof(list));
		return capture_fail(capture, -ENODEV, "adc.device \"%s\" is not among the devices: %s", name, list);
	}
	missing = find_channels(capture, capture->device);
	if (capture->broken)
		return link_lost(capture);
	if (missing) {
		unsigned c = 0;

		while (c < ADC_CHANNELS - 1 && channel_keys[c] != missing)
			c++;
		return capture_fail(capture, -ENODEV, "device \"%s\" has no input channel \"%s\" (adc.channels.%s) that can be buffered",
				name, capture->config->channel[c].channel, missing);
	}
	return 0;
}

/*
 * Who was killed leaves the buffer switched on, and then the kernel refuses trigger and rate.  libiio switches it off too, but only after
 * these.  What cannot be switched off shows in what follows.
 */
static void free_buffer(struct capture *capture)
{
	const char *uri = capture->config->uri;
	ssize_t n = -ENOENT;

	if (!uri[0] || !strncmp(uri, "local:", 6))
		n = iio_device_buffer_attr_write(capture->device, "enable", "0");
	if (n < 0 && n != -ENOENT)
		capture_note(capture, "the buffer cannot be switched off: %s", strerror((int)-n));
}

int capture_set_trigger(struct capture *capture)
{
	const char *name = capture->config->trigger;
	const struct iio_device *trigger;
	char list[256];
	int error;

	free_buffer(capture);
	if (!name[0])
		return 0;
	trigger = find_by_name(capture->context, name, true);
	if (!trigger) {
		list_devices(capture->context, true, list, sizeof(list));
		return capture_fail(capture, -ENODEV, "adc.trigger \"%s\" is not among the triggers: %s", name, list);
	}
	error = iio_device_set_trigger(capture->device, trigger);
	if (error < 0)
		return capture_fail(capture, error, "adc.trigger \"%s\" refused: %s", name, strerror(-error));
	capture->trigger = trigger;
	return 0;
}

static int read_number(struct capture *capture, const struct iio_channel *channel, const char *attribute, double *value)
{
	char text[256], *end;
	ssize_t n;

	if (!iio_channel_find_attr(channel, attribute))
		return -ENOENT;
	n = read_channel(channel, attribute, text, sizeof(text));
	if (n < 0)
		return capture_fail(capture, (int)n, "channel \"%s\": %s cannot be read: %s", iio_channel_get_id(channel),
				attribute, strerror((int)-n));
	*value = strtod(text, &end);
	if (end == text || !isfinite(*value))
		return capture_fail(capture, -EINVAL, "channel \"%s\": %s is \"%s\", must be a number",
				iio_channel_get_id(channel), attribute, text);
	return 0;
}

int capture_read_calibration(struct capture *capture)
{
	const struct adc_config *config = capture->config;

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		struct capture_channel *channel = &capture->channel[c];
		double scale_mv = 1;
		int error = read_number(capture, channel->handle, "scale", &scale_mv);

		if (error == -ENOENT)
			capture_note(capture, "channel \"%s\" has no scale, 1 mV is taken", iio_channel_get_id(channel->handle));
		else if (error < 0)
			return error;
		channel->offset = 0;
		error = read_number(capture, channel->handle, "offset", &channel->offset);
		if (error < 0 && error != -ENOENT)
			return error;
		/* The IIO ABI counts voltages in millivolts. */
		channel->factor = scale_mv / 1e3 * (c < ADC_IA ? config->voltage_ratio : config->current_ratio)
				* config->channel[c].gain;
	}
	return 0;
}
