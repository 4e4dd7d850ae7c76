/* sampling_frequency: of the device, of the channels or of the trigger, whichever has it. */
#include <errno.h>
#include <iio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc_iio_capture.h"
#include "adc/adc_iio_probe.h"
#include "adc/rate_list.h"

static const char frequency[] = "sampling_frequency", available[] = "sampling_frequency_available";

struct rate_owner {
	const struct iio_device *device;	/* the device or its trigger, or */
	const struct capture *channels;		/* those of the six channels that have one */
	const struct iio_channel *first;	/* of them */
	const struct iio_device *trigger;	/* NULL: none */
	double unit_hz;				/* of the attribute: 1, or 1000 where nothing else makes sense */
};

static bool find_owner(const struct capture *capture, struct rate_owner *owner)
{
	const struct iio_device *trigger = capture->trigger;

	memset(owner, 0, sizeof(*owner));
	owner->trigger = trigger;
	owner->unit_hz = 1;
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
	owner->device = owner->trigger = trigger;
	return trigger && iio_device_find_attr(trigger, frequency);
}

static ssize_t device_read(const struct iio_device *device, const char *attribute, char *value, size_t size)
{
	return device && iio_device_find_attr(device, attribute) ? iio_device_attr_read(device, attribute, value, size) : -ENOENT;
}

static ssize_t channel_read(const struct iio_channel *channel, const char *attribute, char *value, size_t size)
{
	return channel && iio_channel_find_attr(channel, attribute) ? iio_channel_attr_read(channel, attribute, value, size) : -ENOENT;
}

static ssize_t owner_read(const struct rate_owner *owner, const char *attribute, char *value, size_t size)
{
	memset(value, 0, size);
	return owner->device ? device_read(owner->device, attribute, value, size - 1)
			: channel_read(owner->first, attribute, value, size - 1);
}

/* A driver may have the rate on the channels and the list on the device, or the other way round. */
static ssize_t read_list(const struct capture *capture, const struct rate_owner *owner, char *list, size_t size)
{
	ssize_t n = owner_read(owner, available, list, size);

	if (n == -ENOENT)
		n = device_read(capture->device, available, list, size - 1);
	for (unsigned c = 0; c < ADC_CHANNELS && n == -ENOENT; c++)
		n = channel_read(capture->channel[c].handle, available, list, size - 1);
	return n == -ENOENT ? device_read(owner->trigger, available, list, size - 1) : n;
}

static ssize_t owner_write(const struct rate_owner *owner, double rate_hz)
{
	char text[64];
	ssize_t n = 0;

	rate_hz /= owner->unit_hz;
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
	capture->rate_hz = rate_hz * owner->unit_hz;
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

/*
 * Writes the rate; a driver that has no list and refuses what it cannot make is offered what converters usually make, from the
 * wanted rate upward.  Bytes written, or the -errno of the last write.
 */
static ssize_t write_rate(const struct capture *capture, const struct rate_owner *owner, double rate_hz, bool listed)
{
	static const double usual_hz[] = {
		600, 800, 1000, 1024, 1200, 1280, 1600, 1920, 2000, 2048, 2400, 2500, 2560, 3000, 3125, 3200, 3840, 3906.25, 4000,
		4096, 4800, 5000, 5120, 6000, 6250, 6400, 7680, 7812.5, 8000, 8192, 9600, 10000, 10240, 12000, 12500, 12800, 15360,
		15625, 16000, 16384, 19200, 20000, 20480, 24000, 25000, 25600, 31250, 32000, 32768, 40000, 48000, 50000, 51200,
		62500, 64000, 80000, 96000, 100000,
	};
	ssize_t n = owner_write(owner, rate_hz);

	for (size_t i = 0; !listed && n == -EINVAL && i < sizeof(usual_hz) / sizeof(*usual_hz) && !*capture->given_up; i++)
		if (usual_hz[i] > rate_hz)
			n = owner_write(owner, usual_hz[i]);
	return n;
}

/* The rate to ask for by the list; false where there is none. */
static bool choose_rate(struct rate_owner *owner, const char *list, double wanted_hz, double *rate_hz)
{
	double highest;

	if (rate_list_choose(list, INFINITY, &highest) < 0)
		return false;
	/* Some drivers count in kHz, against the ABI; a rate that cannot be measured with is no loss. */
	if (highest < ADC_RATE_MIN_HZ && highest * 1000 <= ADC_RATE_MAX_HZ)
		owner->unit_hz = 1000;
	if (rate_list_choose(list, wanted_hz / owner->unit_hz, rate_hz) < 0)
		return false;
	*rate_hz *= owner->unit_hz;
	return true;
}

/* What is stated need not be true, but it must be possible.  The first scans tell the true rate, and so whether kHz were meant. */
static int check_rate(struct capture *capture, const struct rate_owner *owner)
{
	double stated = capture->rate_hz / owner->unit_hz;

	if (capture->rate_hz < ADC_RATE_MIN_HZ && stated * 1000 >= ADC_RATE_MIN_HZ && stated * 1000 <= ADC_RATE_MAX_HZ)
		capture->rate_hz = stated * 1000;
	if (capture->rate_hz < ADC_RATE_MIN_HZ || capture->rate_hz > ADC_RATE_MAX_HZ)
		return capture_fail(capture, -ERANGE, "device \"%s\": sampling_frequency is %g Hz, must be %d to %d",
				iio_device_get_id(capture->device), stated, ADC_RATE_MIN_HZ, ADC_RATE_MAX_HZ);
	if (capture->rate_hz != stated)
		capture_note(capture, "device \"%s\": sampling_frequency %g is taken for kHz", iio_device_get_id(capture->device),
				stated);
	return 0;
}

int capture_set_rate(struct capture *capture)
{
	double wanted_hz = capture->config->rate_hz, rate_hz = wanted_hz;
	struct rate_owner owner;
	char list[4096];
	bool listed;
	ssize_t n;
	int error;

	capture->rate_hz = wanted_hz;
	if (!find_owner(capture, &owner)) {
		capture_note(capture, "neither device, channels nor trigger have a sampling_frequency: %g Hz until the scans tell", wanted_hz);
		return 0;
	}
	n = read_list(capture, &owner, list, sizeof(list));
	listed = n > 0 && choose_rate(&owner, list, wanted_hz, &rate_hz);
	if (!listed)
		rate_hz = wanted_hz;
	if (!capture_link_is_lost(n))
		n = write_rate(capture, &owner, rate_hz, listed);
	if (capture_link_is_lost(n))
		return capture_fail(capture, (int)n, "sampling_frequency was not answered: %s", strerror((int)-n));
	error = n < 0 ? read_rate(capture, &owner) : search_rate(capture, &owner, fmin(rate_hz, wanted_hz));
	if (error == 0)
		error = check_rate(capture, &owner);
	if (error < 0)
		return error;
	if (n < 0 && fabs(capture->rate_hz - wanted_hz) > wanted_hz * 1e-6)
		capture_note(capture, "sampling_frequency cannot be set (%s)", strerror((int)-n));
	if (fabs(capture->rate_hz - wanted_hz) > wanted_hz * 1e-6)
		capture_note(capture, "adc.rate %g Hz is not to be had, %g Hz is taken", wanted_hz, capture->rate_hz);
	return 0;
}

void capture_look_at_rate(struct capture *capture, struct adc_iio_probe *probe)
{
	struct rate_owner owner;
	char list[4096];

	probe->has_rate = find_owner(capture, &owner);
	if (!probe->has_rate)
		return;
	probe->listed = read_list(capture, &owner, list, sizeof(list)) > 0 &&
			choose_rate(&owner, list, capture->config->rate_hz, &probe->chosen_hz);
	if (read_rate(capture, &owner) == 0)
		probe->rate_hz = capture->rate_hz;
}
