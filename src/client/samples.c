#include "client/samples.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/samples_json.h"
#include "control/protocol.h"
#include "daemon/monotonic.h"

#define PAUSE_NS 20000000	/* between two questions that were too early */
#define NS_PER_S 1e9

struct samples {
	struct control_client *client;
	double scale[ADC_CHANNELS];
	char *config;
	int64_t opened_ns, utc_less_clock_ns;
	uint64_t next;			/* scan to be asked for */
	uint64_t given;			/* scan behind those that were given out */
	bool begun;			/* something was read */
	uint64_t lost_total, restarts;	/* at the newest block read */
	struct tap_reading reading;	/* the newest response */
	unsigned block;			/* of it, the first not given out .. */
	unsigned taken;			/* .. and scans of it that were */
	unsigned at;			/* index in the arrays of what comes next */
	unsigned windows, window_from;	/* of the reading: given with the last block */
	double scans[ADC_CHANNELS][PROTOCOL_SAMPLES_MAX];
};

static int foreign(const struct samples *samples)
{
	fprintf(stderr, "dinmeter: %s: the daemon's answer to 'samples' is not as expected\n", samples->client->path);
	return -EPROTO;
}

/* The positions alone. */
static int look(struct samples *samples)
{
	struct json_object *response = control_client_ask(samples->client, "samples", NULL), *config;
	int ret;

	if (!response)
		return -EIO;
	ret = samples_json_positions(response, &samples->reading, &samples->utc_less_clock_ns);
	if (!ret && !samples->config && json_object_object_get_ex(response, "config", &config))
		samples->config = strdup(json_object_get_string(config));
	json_object_put(response);
	return ret ? foreign(samples) : samples->config ? 0 : -ENOMEM;
}

/* Asks for scans from samples->next on. */
static int ask(struct samples *samples, unsigned max)
{
	struct json_object *members = json_object_new_object(), *response;
	double scale[ADC_CHANNELS];
	int ret;

	json_object_object_add(members, "from", json_object_new_int64((int64_t)samples->next));
	json_object_object_add(members, "max", json_object_new_int64(max));
	response = control_client_ask(samples->client, "samples", members);
	if (!response)
		return -EIO;
	samples->reading.room = PROTOCOL_SAMPLES_MAX;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		samples->reading.scans[c] = samples->scans[c];
	ret = samples_json_positions(response, &samples->reading, &samples->utc_less_clock_ns);
	if (!ret)
		ret = samples_json_reading(response, &samples->reading, scale);
	json_object_put(response);
	if (ret)
		return foreign(samples);
	samples->block = samples->taken = samples->at = samples->window_from = samples->windows = 0;
	if (samples->reading.n)
		memcpy(samples->scale, scale, sizeof(scale));
	/* a daemon that was started anew counts from 0 */
	if (samples->reading.next < samples->next) {
		samples->next = samples->reading.oldest;
		samples->reading.n = samples->reading.blocks = 0;
		samples->restarts = UINT64_MAX;
	}
	return 0;
}

/* The number of the oldest scan not older than t_ns: by halves, each asked for one scan. */
static int find(struct samples *samples, int64_t t_ns)
{
	uint64_t low = samples->reading.oldest, high = samples->reading.next;

	while (low < high) {
		const struct tap_reading *reading = &samples->reading;
		int ret;

		samples->next = low + (high - low) / 2;
		ret = ask(samples, 1);
		if (ret)
			return ret;
		if (!reading->n)
			break;
		if (reading->from > samples->next)	/* gone meanwhile */
			low = reading->from;
		else if (reading->block[0].t_ns < t_ns)
			low = samples->next + 1;
		else
			high = samples->next;
	}
	samples->next = low;
	return 0;
}

int samples_open(struct samples **out, struct control_client *client, double history_s)
{
	struct samples *samples = calloc(1, sizeof(*samples));
	int ret = -ENOMEM;

	if (!samples)
		goto fail;
	samples->client = client;
	ret = look(samples);
	if (ret)
		goto fail;
	samples->opened_ns = samples->reading.newest_ns;
	samples->next = samples->reading.next;
	if (history_s > 0 && samples->reading.oldest < samples->reading.next)
		ret = find(samples, samples->reading.newest_ns - llround(history_s * NS_PER_S));
	if (ret)
		goto fail;
	samples->reading.n = samples->reading.blocks = samples->reading.windows = 0;
	samples->given = samples->next;
	*out = samples;
	return 0;
fail:
	if (ret == -ENOMEM)
		fputs("dinmeter: memory is short\n", stderr);
	samples_close(samples);
	return ret;
}

const double *samples_primary_scale(const struct samples *samples)
{
	return samples->scale;
}

/* What stands between the last block and this one: said by its source, or gone before it could be read. */
static void join(struct samples *samples, const struct tap_block *part, uint64_t first, struct adc_block *block)
{
	uint64_t missed = first > samples->given ? first - samples->given : 0;

	if (!samples->begun) {
		block->restarted = true;
		return;
	}
	if (part->restarts != samples->restarts) {
		block->restarted = part->restarted || missed || part->restarts < samples->restarts;
		block->lost = part->lost;
	}
	if (part->lost_total >= samples->lost_total && part->restarts >= samples->restarts)
		block->lost = part->lost_total - samples->lost_total;
	block->lost += part->restarts >= samples->restarts ? missed : 0;
}

/* Can the part go on in the block? */
static bool continues(const struct adc_block *block, const struct tap_block *part)
{
	return !block->n || (!part->lost && !part->restarted && part->rate_hz == block->rate_hz);
}

/* Takes of the next part what there is room for. */
static void take(struct samples *samples, const struct tap_block *part, struct adc_block *block, unsigned room)
{
	unsigned n = part->n - samples->taken, left = room - block->n;

	if (n > left)
		n = left;
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		memcpy(block->scans[c] + block->n, samples->scans[c] + samples->at, n * sizeof(double));
	block->n += n;
	samples->at += n;
	samples->taken += n;
	block->rate_hz = part->rate_hz;
	block->clipped |= part->clipped;
	block->t_ns = part->t_ns - llround((part->n - samples->taken) / part->rate_hz * NS_PER_S);
	if (samples->taken == part->n) {
		samples->block++;
		samples->taken = 0;
	}
}

/* The windows that end up to the scan `end`. */
static void take_windows(struct samples *samples, uint64_t end)
{
	const struct tap_reading *reading = &samples->reading;

	samples->window_from += samples->windows;
	samples->windows = 0;
	while (samples->window_from + samples->windows < reading->windows &&
	       reading->window[samples->window_from + samples->windows].first + reading->window[samples->window_from + samples->windows].n <= end)
		samples->windows++;
}

static int give(struct samples *samples, struct adc_block *block, unsigned room, uint64_t *first)
{
	const struct tap_reading *reading = &samples->reading;

	*first = reading->block[samples->block].first + samples->taken;
	if (!samples->taken)
		join(samples, &reading->block[samples->block], *first, block);
	while (samples->block < reading->blocks && block->n < room && continues(block, &reading->block[samples->block])) {
		const struct tap_block *part = &reading->block[samples->block];

		samples->lost_total = part->lost_total;
		samples->restarts = part->restarts;
		take(samples, part, block, room);
	}
	block->nominal_hz = reading->source.nominal_hz;
	block->primary = reading->source.primary;
	memcpy(block->delay_us, reading->source.delay_us, sizeof(block->delay_us));
	memcpy(block->step, reading->source.step, sizeof(block->step));
	memcpy(block->zero, reading->source.zero, sizeof(block->zero));
	samples->begun = true;
	samples->given = *first + block->n;
	take_windows(samples, samples->given);
	return (int)block->n;
}

int samples_read(struct samples *samples, struct adc_block *block, unsigned room, int timeout_ms, uint64_t *first)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t deadline_ns = monotonic_ns() + timeout_ms * INT64_C(1000000);
	double *scans[ADC_CHANNELS];

	memcpy(scans, block->scans, sizeof(scans));
	memset(block, 0, sizeof(*block));
	memcpy(block->scans, scans, sizeof(scans));
	while (samples->block >= samples->reading.blocks) {
		int ret = ask(samples, PROTOCOL_SAMPLES_MAX);

		if (ret)
			return ret;
		samples->next = samples->reading.n ? samples->reading.from + samples->reading.n : samples->next;
		if (samples->reading.n)
			break;
		if (monotonic_ns() >= deadline_ns)
			return 0;
		nanosleep(&pause, NULL);
	}
	return give(samples, block, room, first);
}

const struct tap_source *samples_source(const struct samples *samples)
{
	return &samples->reading.source;
}

const struct tap_window *samples_windows(const struct samples *samples, unsigned *n)
{
	*n = samples->windows;
	return &samples->reading.window[samples->window_from];
}

int64_t samples_utc_less_clock_ns(const struct samples *samples)
{
	return samples->utc_less_clock_ns;
}

const char *samples_config(const struct samples *samples)
{
	return samples->config;
}

int64_t samples_opened_ns(const struct samples *samples)
{
	return samples->opened_ns;
}

void samples_close(struct samples *samples)
{
	if (!samples)
		return;
	free(samples->config);
	free(samples);
}
