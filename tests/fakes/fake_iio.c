/* Only what the daemon calls.  iio_channel_convert is written from its documentation: storage order to host order, shifted, extended. */
#include "fake_iio.h"

#include <errno.h>
#include <iio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_iio fake_iio;

/* The opaque types of libiio are these. */
struct iio_context {
	int unused;
};
struct iio_buffer {
	uint8_t *bytes;
	size_t length;
	size_t filled;
	bool refilled;
};

static const struct fake_device *device_of(const struct iio_device *device)
{
	return (const struct fake_device *)device;
}

static const struct fake_channel *channel_of(const struct iio_channel *channel)
{
	return (const struct fake_channel *)channel;
}

static bool fails(const char *call)
{
	if (++fake_iio.calls != fake_iio.fail_at)
		return false;
	fake_iio.last_call = call;
	errno = fake_iio.fail_errno;
	return true;
}

/* ---- description ---- */

static unsigned count_devices(void)
{
	unsigned n = 0;

	while (n < 3 && fake_iio.device[n].id)
		n++;
	return n;
}

static unsigned count_channels(const struct fake_device *device)
{
	unsigned n = 0;

	while (n < FAKE_CHANNELS && device->channel[n].id)
		n++;
	return n;
}

struct fake_device *fake_iio_adc(void)
{
	return &fake_iio.device[1];
}

static struct fake_attribute *attributes_of(struct fake_device *device, int channel)
{
	return channel < 0 ? device->attribute : device->channel[channel].attribute;
}

struct fake_attribute *fake_iio_attribute(struct fake_device *device, int channel, const char *name)
{
	struct fake_attribute *list = attributes_of(device, channel);

	for (int i = 0; i < FAKE_ATTRIBUTES; i++) {
		if (!list[i].name)
			list[i].name = name;
		if (!strcmp(list[i].name, name))
			return &list[i];
	}
	abort();
}

void fake_iio_without(struct fake_device *device, int channel, const char *name)
{
	fake_iio_attribute(device, channel, name)->name = "gone";
}

static void set(struct fake_device *device, int channel, const char *name, const char *value)
{
	struct fake_attribute *attribute = fake_iio_attribute(device, channel, name);

	snprintf(attribute->value, sizeof(attribute->value), "%s", value);
}

void fake_iio_reset(void)
{
	static const char *const ids[] = { "voltage0", "voltage1", "voltage2", "voltage3", "voltage4", "voltage5", "timestamp" };
	struct fake_device *adc = &fake_iio.device[1];

	memset(&fake_iio, 0, sizeof(fake_iio));
	fake_iio.fail_errno = EIO;
	fake_iio.device[0] = (struct fake_device){ .id = "iio:device0", .name = "decoy", .channel = { { .id = "temp" } } };
	*adc = (struct fake_device){ .id = "iio:device1", .name = "simadc", .label = "grid" };
	for (int c = 0; c < 7; c++) {
		adc->channel[c] = (struct fake_channel){ .id = ids[c], .index = c, .format = c < 6 ? "le:s16/16>>0" : "le:S64/64>>0" };
		if (c < 6)
			set(adc, c, "scale", "0.5");
	}
	set(adc, -1, "sampling_frequency", "1000");
	set(adc, -1, "current_timestamp_clock", "realtime");
	fake_iio.device[2] = (struct fake_device){ .id = "trigger0", .name = "tick" };
}

/* ---- context and devices ---- */

struct iio_context *iio_create_context_from_uri(const char *uri)
{
	struct iio_context *context;

	snprintf(fake_iio.uri, sizeof(fake_iio.uri), "%s", uri);
	if (fails("create_context"))
		return NULL;
	/* as libiio 0.24 does with a port */
	if (strrchr(uri, ':'))
		*strrchr((char *)(uintptr_t)uri, ':') = '\0';
	context = calloc(1, sizeof(*context));
	fake_iio.contexts += context != NULL;
	return context;
}

void iio_context_destroy(struct iio_context *context)
{
	fake_iio.contexts--;
	free(context);
}

int iio_context_set_timeout(struct iio_context *context, unsigned timeout_ms)
{
	(void)context;
	fake_iio.timeout_ms = timeout_ms;
	return fails("set_timeout") ? -fake_iio.fail_errno : 0;
}

unsigned iio_context_get_devices_count(const struct iio_context *context)
{
	(void)context;
	return count_devices();
}

struct iio_device *iio_context_get_device(const struct iio_context *context, unsigned i)
{
	(void)context;
	return (struct iio_device *)&fake_iio.device[i];
}

const char *iio_device_get_id(const struct iio_device *device)
{
	return device_of(device)->id;
}

const char *iio_device_get_name(const struct iio_device *device)
{
	return device_of(device)->name;
}

const char *iio_device_get_label(const struct iio_device *device)
{
	return device_of(device)->label;
}

bool iio_device_is_trigger(const struct iio_device *device)
{
	return !strncmp(device_of(device)->id, "trigger", 7);
}

unsigned iio_device_get_channels_count(const struct iio_device *device)
{
	return count_channels(device_of(device));
}

struct iio_channel *iio_device_get_channel(const struct iio_device *device, unsigned i)
{
	return (struct iio_channel *)(uintptr_t)&device_of(device)->channel[i];
}

ssize_t iio_device_buffer_attr_write(const struct iio_device *device, const char *attribute, const char *value)
{
	(void)device;
	if (strcmp(attribute, "enable") || strcmp(value, "0"))
		return -EINVAL;
	fake_iio.left_on = false;
	return (ssize_t)strlen(value) + 1;
}

int iio_device_set_trigger(const struct iio_device *device, const struct iio_device *trigger)
{
	(void)device;
	if (fails("set_trigger"))
		return -fake_iio.fail_errno;
	if (fake_iio.left_on)
		return -EBUSY;
	fake_iio.trigger_set = device_of(trigger)->id;
	return 0;
}

int iio_device_get_trigger(const struct iio_device *device, const struct iio_device **trigger)
{
	(void)device;
	if (fails("get_trigger"))
		return -fake_iio.fail_errno;
	*trigger = (const struct iio_device *)&fake_iio.device[2];
	return 0;
}

int iio_device_set_kernel_buffers_count(const struct iio_device *device, unsigned n)
{
	(void)device;
	fake_iio.kernel_buffers = n;
	return fails("set_kernel_buffers_count") ? -fake_iio.fail_errno : 0;
}

/* ---- attributes ---- */

static struct fake_attribute *find_attribute(const struct fake_attribute *list, const char *name)
{
	for (int i = 0; i < FAKE_ATTRIBUTES && list[i].name; i++)
		if (!strcmp(list[i].name, name))
			return (struct fake_attribute *)(uintptr_t)&list[i];
	return NULL;
}

static ssize_t read_attribute(const struct fake_attribute *list, const char *name, char *value, size_t size)
{
	const struct fake_attribute *attribute = find_attribute(list, name);
	size_t n;

	if (!attribute)
		return -ENOENT;
	if (fails("attr_read"))
		return -fake_iio.fail_errno;
	n = strlen(attribute->value) + 1;
	if (n > size)
		return -EIO;
	memcpy(value, attribute->value, n);
	return (ssize_t)n;
}

static bool is_among(const char *text, double number)
{
	char *end;

	for (double one = strtod(text, &end); end != text; one = strtod(text, &end)) {
		if (one == number)
			return true;
		text = end;
	}
	return false;
}

static bool is_refused(const struct fake_attribute *list, const struct fake_attribute *attribute, double number)
{
	const struct fake_attribute *available = find_attribute(list, "sampling_frequency_available");

	if (attribute->fixed || (attribute->choices && !is_among(attribute->choices, number)))
		return true;
	return attribute->listed && !is_among(available ? available->value : "", number);
}

static ssize_t write_attribute(const struct fake_attribute *list, const char *name, const char *value)
{
	struct fake_attribute *attribute = find_attribute(list, name);

	if (!attribute)
		return -ENOENT;
	if (fails("attr_write"))
		return -fake_iio.fail_errno;
	if (fake_iio.left_on && strstr(name, "sampling_frequency"))
		return -EBUSY;
	if (is_refused(list, attribute, strtod(value, NULL)))
		return -EINVAL;
	if (attribute->grid > 0)
		snprintf(attribute->value, sizeof(attribute->value), "%.10g",
				floor(strtod(value, NULL) / attribute->grid) * attribute->grid);
	else
		snprintf(attribute->value, sizeof(attribute->value), "%s", value);
	return (ssize_t)strlen(value) + 1;
}

const char *iio_device_find_attr(const struct iio_device *device, const char *name)
{
	return find_attribute(device_of(device)->attribute, name) ? name : NULL;
}

ssize_t iio_device_attr_read(const struct iio_device *device, const char *name, char *value, size_t size)
{
	return read_attribute(device_of(device)->attribute, name, value, size);
}

ssize_t iio_device_attr_write(const struct iio_device *device, const char *name, const char *value)
{
	return write_attribute(device_of(device)->attribute, name, value);
}

const char *iio_channel_find_attr(const struct iio_channel *channel, const char *name)
{
	return find_attribute(channel_of(channel)->attribute, name) ? name : NULL;
}

ssize_t iio_channel_attr_read(const struct iio_channel *channel, const char *name, char *value, size_t size)
{
	return read_attribute(channel_of(channel)->attribute, name, value, size);
}

ssize_t iio_channel_attr_write(const struct iio_channel *channel, const char *name, const char *value)
{
	return write_attribute(channel_of(channel)->attribute, name, value);
}

/* ---- channels ---- */

const char *iio_channel_get_id(const struct iio_channel *channel)
{
	return channel_of(channel)->id;
}

const char *iio_channel_get_name(const struct iio_channel *channel)
{
	return channel_of(channel)->name;
}

bool iio_channel_is_output(const struct iio_channel *channel)
{
	return channel_of(channel)->output;
}

bool iio_channel_is_scan_element(const struct iio_channel *channel)
{
	return channel_of(channel)->format != NULL;
}

enum iio_chan_type iio_channel_get_type(const struct iio_channel *channel)
{
	return strcmp(channel_of(channel)->id, "timestamp") ? IIO_VOLTAGE : IIO_TIMESTAMP;
}

/* The header promises the compiler that nothing changes between two calls: so each channel has a place of its own. */
const struct iio_data_format *iio_channel_get_data_format(const struct iio_channel *channel)
{
	static struct iio_data_format formats[FAKE_CHANNELS];
	struct iio_data_format *format = &formats[channel_of(channel) - fake_iio_adc()->channel], parsed = { .repeat = 1 };
	char order, sign;

	if (sscanf(channel_of(channel)->format, "%ce:%c%u/%u>>%u", &order, &sign, &parsed.bits, &parsed.length, &parsed.shift) != 5)
		abort();
	parsed.is_be = order == 'b';
	parsed.is_signed = sign == 's' || sign == 'S';
	parsed.is_fully_defined = sign == 'S' || sign == 'U' || parsed.bits == parsed.length;
	*format = parsed;
	return format;
}

static size_t place(const struct iio_channel *channel)
{
	size_t i = (size_t)(channel_of(channel) - fake_iio_adc()->channel);

	if (fake_iio.buffers)
		fake_iio.enabled_late = true;
	return i;
}

void iio_channel_enable(struct iio_channel *channel)
{
	fake_iio.enabled[place(channel)] = true;
}

void iio_channel_disable(struct iio_channel *channel)
{
	fake_iio.enabled[place(channel)] = false;
}

void iio_channel_convert(const struct iio_channel *channel, void *to, const void *from)
{
	const struct iio_data_format *format = iio_channel_get_data_format(channel);
	unsigned bytes = format->length / 8;
	const uint8_t *source = from;
	uint64_t word = 0;
	uint8_t *target = to;

	for (unsigned i = 0; i < bytes; i++)
		word = word << 8 | source[format->is_be ? i : bytes - 1 - i];
	word >>= format->shift;
	if (!format->is_fully_defined) {
		word &= (UINT64_C(1) << format->bits) - 1;
		if (format->is_signed && word >> (format->bits - 1))
			word |= ~((UINT64_C(1) << format->bits) - 1);
	}
	/* the storage's width in the host's order, no more */
	for (unsigned i = 0; i < bytes; i++)
		target[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : bytes - 1 - i] = (uint8_t)(word >> 8 * i);
}

/* ---- buffers ---- */

/* Where the channel stands in a scan; for none, the length of a scan. */
static size_t lay_out(const struct fake_channel *wanted)
{
	const struct fake_device *adc = fake_iio_adc();
	size_t size = 0;

	for (unsigned i = 0; i < count_channels(adc); i++) {
		size_t bytes;

		if (!fake_iio.enabled[i] || !adc->channel[i].format)
			continue;
		bytes = iio_channel_get_data_format((const struct iio_channel *)&adc->channel[i])->length / 8;
		size = (size + bytes - 1) / bytes * bytes;
		if (wanted == &adc->channel[i])
			return size;
		size += bytes;
	}
	return size;
}

struct iio_buffer *iio_device_create_buffer(const struct iio_device *device, size_t scans, bool cyclic)
{
	struct iio_buffer *buffer;

	(void)device;
	(void)cyclic;
	if (fails("create_buffer"))
		return NULL;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		abort();
	buffer->length = scans * lay_out(NULL);
	buffer->bytes = calloc(1, buffer->length + 4096);
	fake_iio.scans = scans;
	fake_iio.created++;
	fake_iio.buffers++;
	return buffer;
}

void iio_buffer_destroy(struct iio_buffer *buffer)
{
	fake_iio.buffers--;
	free(buffer->bytes);
	free(buffer);
}

void iio_buffer_cancel(struct iio_buffer *buffer)
{
	(void)buffer;
	fake_iio.cancels++;
}

ssize_t iio_buffer_refill(struct iio_buffer *buffer)
{
	if (fails("refill"))
		return -fake_iio.fail_errno;
	buffer->refilled = true;
	buffer->filled = fake_iio.data_bytes < buffer->length ? fake_iio.data_bytes : buffer->length;
	if (fake_iio.data)
		memcpy(buffer->bytes, fake_iio.data, buffer->filled);
	return fake_iio.refill_result ? fake_iio.refill_result : (ssize_t)buffer->filled;
}

ptrdiff_t iio_buffer_step(const struct iio_buffer *buffer)
{
	if (buffer->refilled && fake_iio.refill_step)
		return fake_iio.refill_step;
	return fake_iio.step ? fake_iio.step : (ptrdiff_t)lay_out(NULL);
}

void *iio_buffer_start(const struct iio_buffer *buffer)
{
	return buffer->bytes;
}

void *iio_buffer_first(const struct iio_buffer *buffer, const struct iio_channel *channel)
{
	return buffer->bytes + lay_out(channel_of(channel));
}
