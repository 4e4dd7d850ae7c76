#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "daemon/monotonic.h"
#include "metering/quantities.h"

#define CONFIG_MAX 4096
#define SAMPLE_BYTES 8

static const char *const channel_names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

/* All digits: what is read back is the same number. */
static void add_exact(struct json_object *object, const char *key, double value)
{
	json_add(object, key, isfinite(value) ? json_object_new_double(value) : NULL);
}

static void add_exact_six(struct json_object *object, const char *key, const double value[ADC_CHANNELS])
{
	struct json_object *list = json_object_new_array();

	for (int c = 0; c < ADC_CHANNELS; c++)
		json_object_array_add(list, isfinite(value[c]) ? json_object_new_double(value[c]) : NULL);
	json_add(object, key, list);
}

/* Factors that make primary V and A of the samples, at the settings in force. */
static void add_scale(struct request *request, struct json_object *object, bool primary)
{
	struct snapshot *snapshot = malloc(sizeof(*snapshot));
	double scale[ADC_CHANNELS];

	if (!snapshot)
		return;
	request->protocol->ops->snapshot(request->protocol->context, snapshot);
	for (int c = 0; c < ADC_CHANNELS; c++)
		scale[c] = c < ADC_IA ? quantities_voltage_scale(&snapshot->settings, primary)
				      : quantities_current_scale(&snapshot->settings, primary);
	add_exact_six(object, "scale", scale);
	free(snapshot);
}

static void add_source(struct request *request, const struct tap_source *source)
{
	struct json_object *object = json_object_new_object(), *names = json_object_new_array();

	for (int c = 0; c < ADC_CHANNELS; c++)
		json_object_array_add(names, json_text(channel_names[c]));
	json_add(object, "channels", names);
	add_exact(object, "nominal_hz", source->nominal_hz);
	json_add_bool(object, "primary", source->primary);
	add_scale(request, object, source->primary);
	add_exact_six(object, "delay_us", source->delay_us);
	add_exact_six(object, "step", source->step);
	add_exact_six(object, "zero", source->zero);
	json_add(request->reply, "source", object);
}

static struct json_object *block_object(const struct tap_block *block)
{
	struct json_object *object = json_object_new_object();

	json_add_count(object, "first", block->first);
	json_add_integer(object, "n", block->n);
	json_add_integer(object, "t_ns", block->t_ns);
	add_exact(object, "rate_hz", block->rate_hz);
	json_add_count(object, "lost", block->lost);
	json_add_bool(object, "restarted", block->restarted);
	json_add_integer(object, "clipped", block->clipped);
	json_add_count(object, "lost_total", block->lost_total);
	json_add_count(object, "restarts", block->restarts);
	return object;
}

static struct json_object *window_object(const struct tap_window *window)
{
	struct json_object *object = json_object_new_object();

	json_add_count(object, "cycle", window->cycle);
	json_add_count(object, "first", window->first);
	json_add_integer(object, "n", window->n);
	add_exact(object, "rate_hz", window->rate_hz);
	return object;
}

static void add_accounts(struct request *request, const struct tap_reading *reading)
{
	struct json_object *blocks = json_object_new_array(), *windows = json_object_new_array();

	for (unsigned i = 0; i < reading->blocks; i++)
		json_object_array_add(blocks, block_object(&reading->block[i]));
	for (unsigned i = 0; i < reading->windows; i++)
		json_object_array_add(windows, window_object(&reading->window[i]));
	json_add(request->reply, "blocks", blocks);
	json_add(request->reply, "windows", windows);
}

/* Eight bytes of IEEE 754, the least significant first, on any machine. */
static void put_double(uint8_t *bytes, double value)
{
	uint64_t word;

	memcpy(&word, &value, sizeof(word));
	for (int i = 0; i < SAMPLE_BYTES; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
}

/* RFC 4648 base64 of `size` bytes, a multiple of 3 (a scan has 48). */
static void encode(const uint8_t *bytes, size_t size, char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t word = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		for (int k = 0; k < 4; k++)
			*text++ = digits[word >> (18 - 6 * k) & 63];
	}
	*text = '\0';
}

/* Scan by scan, in the order of the channels.  0 or -1. */
static int add_data(struct request *request, const struct tap_reading *reading)
{
	size_t size = (size_t)reading->n * ADC_CHANNELS * SAMPLE_BYTES;
	uint8_t *bytes = malloc(size ? size : 1);
	char *text = malloc(size / 3 * 4 + 1);

	if (bytes && text) {
		for (unsigned i = 0; i < reading->n; i++)
			for (unsigned c = 0; c < ADC_CHANNELS; c++)
				put_double(bytes + ((size_t)i * ADC_CHANNELS + c) * SAMPLE_BYTES, reading->scans[c][i]);
		encode(bytes, size, text);
		json_add_text(request->reply, "data", text);
	}
	free(text);
	free(bytes);
	return bytes && text ? 0 : request_fail(request, "failed", "memory is short");
}

static void add_positions(struct request *request, const struct tap_reading *reading)
{
	json_add_count(request->reply, "oldest", reading->oldest);
	json_add_count(request->reply, "next", reading->next);
	json_add_integer(request->reply, "oldest_ns", reading->oldest_ns);
	json_add_integer(request->reply, "newest_ns", reading->newest_ns);
	json_add_integer(request->reply, "now_ns", monotonic_ns());
	json_add_integer(request->reply, "utc_less_ns", monotonic_to_utc_ns());
}

/* Where the ring stands, and what else a capture has to know. */
static int reply_positions(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	struct tap_reading *reading = calloc(1, sizeof(*reading));
	char config[CONFIG_MAX] = "";

	if (!reading)
		return request_fail(request, "failed", "memory is short");
	protocol->ops->positions(protocol->context, reading);
	add_positions(request, reading);
	protocol->ops->measurement(protocol->context, config, sizeof(config));
	json_add_text(request->reply, "config", config);
	free(reading);
	return 0;
}

static int read_samples(struct request *request, struct tap_reading *reading, uint64_t from)
{
	const struct protocol *protocol = request->protocol;
	int error = protocol->ops->samples(protocol->context, from, reading);

	if (error)
		return request_fail(request, error == -EAGAIN ? "busy" : "failed",
				    error == -EAGAIN ? "too many are reading samples at this moment" : "the samples cannot be had");
	add_positions(request, reading);
	json_add_count(request->reply, "from", reading->from);
	json_add_integer(request->reply, "n", reading->n);
	if (!reading->n)
		return 0;
	add_source(request, &reading->source);
	add_accounts(request, reading);
	return add_data(request, reading);
}

int reply_samples(struct request *request)
{
	struct tap_reading *reading;
	struct json_object *asked;
	double *scans;
	uint64_t from, max;
	int ret;

	if (request_get_number(request, "from", 0, INT64_MAX, 0, &from) ||
	    request_get_number(request, "max", 1, PROTOCOL_SAMPLES_MAX, PROTOCOL_SAMPLES_MAX, &max))
		return -1;
	if (!json_object_object_get_ex(request->object, "from", &asked)) {
		if (json_object_object_get_ex(request->object, "max", &asked))
			return request_fail(request, "bad_request", "max: goes with from, which is missing");
		return reply_positions(request);
	}
	reading = calloc(1, sizeof(*reading));
	scans = malloc(max * ADC_CHANNELS * sizeof(*scans));
	if (!reading || !scans) {
		free(scans);
		free(reading);
		return request_fail(request, "failed", "memory is short");
	}
	reading->room = (unsigned)max;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		reading->scans[c] = scans + c * max;
	ret = read_samples(request, reading, from);
	free(scans);
	free(reading);
	return ret;
}
