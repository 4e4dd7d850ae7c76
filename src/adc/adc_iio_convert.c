#include <errno.h>
#include <iio.h>
#include <math.h>
#include <string.h>

#include "adc/adc_iio_capture.h"

static int check_format(struct capture *capture, struct capture_channel *channel)
{
	const struct iio_data_format *format = iio_channel_get_data_format(channel->handle);
	unsigned bits = format->bits, length = format->length;

	if ((length != 8 && length != 16 && length != 24 && length != 32 && length != 64) || format->repeat != 1
			|| bits < 1 || bits > 32 || format->shift > length || bits > length - format->shift)
		return capture_fail(capture, -EINVAL, "channel \"%s\": format %ce:%c%u/%uX%u>>%u is not one of 1 to 32 bits"
				" in 8, 16, 24, 32 or 64", iio_channel_get_id(channel->handle), format->is_be ? 'b' : 'l',
				format->is_signed ? 's' : 'u', bits, length, format->repeat, format->shift);
	channel->bits = bits;
	channel->bytes = length / 8;
	channel->is_signed = format->is_signed;
	channel->low = format->is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
	channel->high = (INT64_C(1) << (format->is_signed ? bits - 1 : bits)) - 1;
	return 0;
}

int capture_check_formats(struct capture *capture)
{
	const struct iio_data_format *format;

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		int error = check_format(capture, &capture->channel[c]);

		if (error < 0)
			return error;
	}
	if (!capture->timestamp)
		return 0;
	format = iio_channel_get_data_format(capture->timestamp);
	if (format->length != 64 || format->bits != 64 || format->shift != 0 || format->repeat != 1)
		return capture_fail(capture, -EINVAL, "timestamp of %u bits in %u, must be 64 in 64", format->bits, format->length);
	return 0;
}

static ptrdiff_t align(ptrdiff_t size, ptrdiff_t to)
{
	return (size + to - 1) / to * to;
}

/*
 * Bytes from scan to scan as the kernel lays them out: each element aligned to its size, the whole to the largest.
 * libiio leaves out the last step and would read mixed widths without a timestamp askew.
 */
static bool step_is_sound(const struct capture *capture)
{
	ptrdiff_t largest = capture->timestamp ? 8 : 1;

	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		if ((ptrdiff_t)capture->channel[c].bytes > largest)
			largest = capture->channel[c].bytes;
	return align(capture->step, largest) == capture->step;
}

static ptrdiff_t position_of(const struct capture *capture, const struct iio_channel *channel)
{
	return (const char *)iio_buffer_first(capture->buffer, channel) - (const char *)iio_buffer_start(capture->buffer);
}

int capture_locate(struct capture *capture)
{
	bool sound = capture->step > 0 && step_is_sound(capture);

	for (unsigned c = 0; c < ADC_CHANNELS && sound; c++) {
		struct capture_channel *channel = &capture->channel[c];

		channel->position = position_of(capture, channel->handle);
		sound = channel->position >= 0 && channel->position + (ptrdiff_t)channel->bytes <= capture->step;
	}
	if (capture->timestamp && sound) {
		capture->stamp_position = position_of(capture, capture->timestamp);
		sound = capture->stamp_position >= 0 && capture->stamp_position + 8 <= capture->step;
	}
	if (!sound)
		return capture_fail(capture, -EPROTO, "scans of %td bytes cannot hold the channels asked for", capture->step);
	return 0;
}

/* iio_channel_convert leaves the host's byte order in the storage's width; the sign is ours to extend. */
static int64_t code_of(const struct capture_channel *channel, const char *scan)
{
	union { uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64; uint8_t bytes[8]; } raw = { .u64 = 0 };
	uint64_t code, sign;

	iio_channel_convert(channel->handle, &raw, scan + channel->position);
	switch (channel->bytes) {
	case 1: code = raw.u8; break;
	case 2: code = raw.u16; break;
	case 3:
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		code = raw.u32;
#else
		code = raw.u32 >> 8;
#endif
		break;
	case 4: code = raw.u32; break;
	default: code = raw.u64; break;
	}
	code &= (UINT64_C(1) << channel->bits) - 1;
	if (!channel->is_signed)
		return (int64_t)code;
	sign = UINT64_C(1) << (channel->bits - 1);
	return (int64_t)(code ^ sign) - (int64_t)sign;
}

static void convert_channel(const struct capture *capture, unsigned c, const char *start, struct capture_scans *scans)
{
	const struct capture_channel *channel = &capture->channel[c];
	uint8_t bit = (uint8_t)(1u << c);

	for (unsigned i = 0; i < scans->n; i++) {
		int64_t code = code_of(channel, start + (ptrdiff_t)i * capture->step);

		if (code <= channel->low || code >= channel->high)
			scans->clipped[i] |= bit;
		scans->value[c][i] = ((double)code + channel->offset) * channel->factor;
	}
}

/* A whole offset is part of the count, so that the product is the value to the last bit. */
void capture_steps(const struct capture *capture, double step[ADC_CHANNELS], double zero[ADC_CHANNELS])
{
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		const struct capture_channel *channel = &capture->channel[c];
		bool whole = channel->offset == floor(channel->offset) && fabs(channel->offset) < INT32_MAX / 2;

		step[c] = fabs(channel->factor);
		zero[c] = whole ? 0 : channel->offset * channel->factor;
	}
}

void capture_convert(struct capture *capture, struct capture_scans *scans)
{
	const char *start = iio_buffer_start(capture->buffer);

	memset(scans->clipped, 0, scans->n);
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		convert_channel(capture, c, start, scans);
	scans->stamped = capture->timestamp != NULL;
	for (unsigned i = 0; i < scans->n && scans->stamped; i++)
		iio_channel_convert(capture->timestamp, &scans->stamp_ns[i],
				start + (ptrdiff_t)i * capture->step + capture->stamp_position);
}
