/* sampling_frequency: of the device, of the channels or of the trigger, whichever has it. */
#include <errno.h>
#include <iio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc_iio_capture.h"
#include "adc/rate_list.h"

static const char frequency[] = "sampling_frequency", available[] = "sampling_frequency_available";

struct rate_owner {
	const struct iio_device *device;	/* the device or its trigger, or */
	const struct capture *channels;		/* those of the six channels that have one */
	const struct iio_channel *first;	/* of them */
};

static bool find_owner(const struct capture *capture, struct rate_owner *owner)
{
	const struct iio_device *trigger = capture->trigger;

	memset(owner, 0, sizeof(*owner));
	if (iio_device_find_attr(capture->device, frequency)) {
		owner->device = capture->device;
		return true;
	}
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		if (iio_channel_find_attr(capture->channel[c].handle, frequency)) {
			owner->channels = capture;
			owner->first = capture->channel[c].handle;
			return true;
		}
	/* one that stays as it is set */
	if (!trigger && iio_device_get_trigger(capture->device, &trigger) < 0)
		trigger = NULL;
	owner->device = trigger;
	return trigger && iio_device_find_attr(trigger, frequency);
}

static ssize_t owner_read(const struct rate_owner *owner, const char *attribute, char *value, size_t size)
{
	memset(value, 0, size);
	if (owner->device)
		return iio_device_find_attr(owner->device, attribute)
			? iio_device_attr_read(owner->device, attribute, value, size - 1) : -ENOENT;
	return iio_channel_find_attr(owner->first, attribute)
		? iio_channel_attr_read(owner->first, attribute, value, size - 1) : -ENOENT;
}

static ssize_t owner_write(const struct rate_owner *owner, double rate_hz)
{
	char text[64];
	ssize_t n = 0;

	/* Some drivers take whole numbers only. */
	snprintf(text, sizeof(text), rate_hz == floor(rate_hz) ? "%.0f" : "%.6f", rate_hz);
	if (owner->device)
		return iio_device_attr_write(owner->device, frequency, text);
	for (unsigned c = 0; c < ADC_CHANNELS && n >= 0; c++)
		if (iio_channel_find_attr(owner->channels->channel[c].handle, frequency))
			n = iio_channel_attr_write(owner->channels->channel[c].handle, frequency, text);
	return n;
}

static int read_rate(struct capture *capture, const struct rate_owner *owner)
{
	char text[64], *end;
	ssize_t n = owner_read(owner, frequency, text, sizeof(text));
	double rate_hz;

	if (n < 0)
		return capture_fail(capture, (int)n, "sampling_frequency cannot be read: %s", strerror((int)-n));
	rate_hz = strtod(text, &end);
	if (end == text || !isfinite(rate_hz) || rate_hz <= 0)
		return capture_fail(capture, -EINVAL, "sampling_frequency is \"%.20s\", must be a number above 0", text);
	capture->rate_hz = rate_hz;
	return 0;
}

/*
 * A driver without a list takes what is near, perhaps below: ask for a little more until what it takes is enough.
 * 128 steps of 1 % reach 3.5 times the rate; where nothing does, the device keeps what it is able to.
 */
static int search_rate(struct capture *capture, const struct rate_owner *owner, double wanted_hz)
{
	double ask_hz = wanted_hz;
	int error = read_rate(capture, owner);

	for (unsigned i = 0; i < 128 && error == 0 && capture->rate_hz < wanted_hz * (1 - 1e-6); i++) {
		ask_hz *= 1.01;
		if (owner_write(owner, ask_hz < 1000 ? ask_hz : ceil(ask_hz)) < 0 || *capture->given_up)
			break;
		error = read_rate(capture, owner);
	}
	return error;
}

int capture_set_rate(struct capture *capture)
{
	double wanted_hz = capture->config->rate_hz, rate_hz = wanted_hz;
	struct rate_owner owner;
	char list[4096];
	ssize_t n;
	int error;

	capture->rate_hz = wanted_hz;
	if (!find_owner(capture, &owner)) {
		capture_note(capture, "neither device, channels nor trigger have a sampling_frequency, %g Hz is taken as given", wanted_hz);
		return 0;
	}
	n = owner_read(&owner, available, list, sizeof(list));
	if (n > 0 && rate_list_choose(list, wanted_hz, &rate_hz) < 0)
		rate_hz = wanted_hz;
	if (!capture_link_is_lost(n))
		n = owner_write(&owner, rate_hz);
	if (capture_link_is_lost(n))
		return capture_fail(capture, (int)n, "sampling_frequency was not answered: %s", strerror((int)-n));
	error = n < 0 ? read_rate(capture, &owner) : search_rate(capture, &owner, fmin(rate_hz, wanted_hz));
	if (error < 0)
		return error;
	if (n < 0 && fabs(capture->rate_hz - wanted_hz) > wanted_hz * 1e-6)
		capture_note(capture, "sampling_frequency cannot be set (%s)", strerror((int)-n));
	if (fabs(capture->rate_hz - wanted_hz) > wanted_hz * 1e-6)
		capture_note(capture, "adc.rate %g Hz is not to be had, %g Hz is taken", wanted_hz, capture->rate_hz);
	return 0;
}
