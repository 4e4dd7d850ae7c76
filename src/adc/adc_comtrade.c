#include "adc/adc_comtrade.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/comtrade_open.h"
#include "daemon/log.h"

/* No recording lasts longer: its rates or numbers are nonsense, and would be followed row by row. */
#define SPAN_MAX_S (366 * 86400.0)
/* A read that finds nothing but lost scans returns after so many records. */
#define RECORDS_PER_READ 65536
/* Most of a second that one block may hold. */
#define BLOCK_MAX_S 0.5
/* A true rate is no further from what the converter was set to. */
#define SAME_RATE 0.005
/*
 * Clipping: so many scans in a row, and so long, at an end of the type.  A wave that its writer has scaled to the full
 * range touches the end for a scan at its peak (within 30 us of it, the cosine is nearer to 1 than 16 bits tell).
 */
#define CLIPPED_SCANS 3
#define CLIPPED_S 50e-6

struct adc_comtrade {
	struct adc adc;
	struct adc_config config;
	struct comtrade_recording recording;
	struct comtrade_clock clock;
	double origin_ns;		/* when this round of the recording began */
	double newest_ns;		/* of the newest record */
	double delay_us[ADC_CHANNELS];	/* what the skews amount to */
	bool said;			/* the channels were */
	bool open, held, restarted;	/* held: `record` and `step` wait for the next block */
	uint64_t lost;			/* to be told with the next block */
	struct comtrade_record record;
	struct comtrade_step step;
	unsigned at_end[ADC_CHANNELS];	/* scans in a row at an end of the range */
	int failed;			/* -errno of a read, for good */
	atomic_bool cancelled;
};

static struct adc_comtrade *of(struct adc *adc)
{
	return (struct adc_comtrade *)(void *)adc;
}

static void begin_round(struct adc_comtrade *self)
{
	comtrade_recording_rewind(&self->recording);
	comtrade_clock_start(&self->clock, &self->recording.timeline);
	memset(self->at_end, 0, sizeof(self->at_end));
}

/*
 * A channel that was taken later in the scan (positive skew) leads.  The middle
 * of the earliest and the latest is 0, which moves the time of all alike.
 */
static void delays_of_skews(const struct comtrade_map *map, double delay_us[ADC_CHANNELS])
{
	double least = INFINITY, most = -INFINITY;

	for (int c = 0; c < ADC_CHANNELS; c++)
		if (map->pick[c].number) {
			least = fmin(least, map->pick[c].skew_us);
			most = fmax(most, map->pick[c].skew_us);
		}
	for (int c = 0; c < ADC_CHANNELS; c++)
		delay_us[c] = map->pick[c].number ? (least + most) / 2 - map->pick[c].skew_us : 0;
}

static void say_channels(struct adc_comtrade *self)
{
	char text[ADC_CHANNELS * 100] = "";
	size_t used = 0;

	for (int c = 0; c < ADC_CHANNELS && used < sizeof(text); c++) {
		const struct comtrade_pick *pick = &self->recording.map.pick[c];
		const char *comma = c ? "," : "", *key = comtrade_channel_key(c);
		int n;

		if (pick->number)
			n = snprintf(text + used, sizeof(text) - used, "%s %s = %u '%s'", comma, key, pick->number, pick->name);
		else
			n = snprintf(text + used, sizeof(text) - used, "%s %s = none (reads 0)", comma, key);
		used += n > 0 ? (size_t)n : 0;
	}
	log_notice("channels:%s", text);
	self->said = true;
}

static int comtrade_open(struct adc *adc, struct adc_info *info)
{
	struct adc_comtrade *self = of(adc);
	double *delay_us = self->delay_us;
	int ret = comtrade_recording_open(&self->recording, self->config.recording, self->config.channel, &self->cancelled);

	self->open = true;
	if (!ret) {
		delays_of_skews(&self->recording.map, delay_us);
		for (int c = 0; c < ADC_CHANNELS && !ret; c++)
			if (!(fabs(delay_us[c]) <= 500)) {
				log_error("%s:%u: channel '%s': its skew is %.6g us from the middle of the others, must be at most 500",
					  self->config.recording, self->recording.map.pick[c].line, self->recording.map.pick[c].name,
					  fabs(delay_us[c]));
				ret = -ERANGE;
			}
	} else if (ret != -ECANCELED) {
		log_error("%s", self->recording.message);
	}
	if (ret) {
		adc->ops->close(adc);
		return ret;
	}
	if (!self->said)
		say_channels(self);
	begin_round(self);
	self->origin_ns = self->newest_ns = 0;
	self->held = false;
	self->lost = 0;
	self->failed = 0;
	self->restarted = true;
	info->rate_hz = self->recording.timeline.segment[0].nominal_hz;
	for (unsigned i = self->recording.timeline.segments; i-- > 0;)
		if (comtrade_rate_serves(self->recording.timeline.segment[i].nominal_hz))
			info->rate_hz = self->recording.timeline.segment[i].nominal_hz;
	info->block_scans = self->config.block_scans;
	info->paced = false;
	return 0;
}

/* The recording starts anew, one step behind its end. */
static void loop_round(struct adc_comtrade *self)
{
	self->origin_ns = self->newest_ns + 1e9 / self->step.hz;
	begin_round(self);
	self->restarted = true;
}

/* Makes `record` and `step` the next that is to be handled.  1, 0 when the recording began anew, or -errno. */
static int take_record(struct adc_comtrade *self)
{
	int ret;

	if (self->held || self->failed)
		return self->held ? 1 : self->failed;
	ret = comtrade_recording_next(&self->recording, &self->record);
	if (ret < 0) {
		log_error("%s", self->recording.message);
		self->failed = ret;
		return ret;
	}
	if (!ret) {
		if (!self->config.loop || !self->clock.records)
			return -ENODATA;
		loop_round(self);
		return 0;
	}
	comtrade_clock_next(&self->clock, &self->record, &self->step);
	if (self->step.t_ns > SPAN_MAX_S * 1e9) {
		log_error("%s: record %" PRIu64 ": its time is %.6g s after the first, expected a year at most", self->config.recording,
			  self->recording.records, self->step.t_ns * 1e-9);
		self->failed = -ERANGE;
		return -ERANGE;
	}
	self->newest_ns = self->origin_ns + self->step.t_ns;
	self->held = true;
	return 1;
}

/* Channels that have been at an end long enough. */
static unsigned clipped_channels(struct adc_comtrade *self)
{
	unsigned clipped = 0;

	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		if (!(self->record.at_end & 1u << c))
			self->at_end[c] = 0;
		else if (++self->at_end[c] >= CLIPPED_SCANS && (self->at_end[c] - 1) / self->step.hz >= CLIPPED_S)
			clipped |= 1u << c;
	}
	return clipped;
}

/* What the converter was set to, where that is known and the recording's rate is nearly it. */
static double nominal_of(const struct adc_comtrade *self, double recorded_hz)
{
	double set_hz = self->config.nominal_hz;

	return set_hz > 0 && fabs(recorded_hz / set_hz - 1) <= SAME_RATE ? set_hz : recorded_hz;
}

/* Counts of a converter, or what amounts to them. */
static void put_steps(const struct adc_comtrade *self, struct adc_block *block)
{
	bool counts = self->recording.cfg.format == COMTRADE_BINARY || self->recording.cfg.format == COMTRADE_BINARY32;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct comtrade_pick *pick = &self->recording.map.pick[c];

		block->step[c] = counts && pick->number ? fabs(pick->scale) : 0;
		block->zero[c] = counts && pick->number ? pick->offset : 0;
	}
}

static void put_scan(struct adc_comtrade *self, struct adc_block *block)
{
	if (!block->n) {
		block->nominal_hz = nominal_of(self, self->step.nominal_hz);
		put_steps(self, block);
		memcpy(block->delay_us, self->delay_us, sizeof(block->delay_us));
		block->lost = self->lost + self->step.lost;
		block->restarted = self->restarted || self->step.restarted;
		self->lost = 0;
		self->restarted = false;
	}
	for (int c = 0; c < ADC_CHANNELS; c++)
		block->scans[c][block->n] = self->record.value[c];
	block->n++;
	block->rate_hz = self->step.hz;
	block->clipped |= clipped_channels(self);
	block->t_ns = llround(self->newest_ns);
}

/* This record has no scan to give: what it stands for is told with the next block. */
static void skip_record(struct adc_comtrade *self)
{
	self->lost += self->step.lost;
	if (comtrade_rate_serves(self->step.nominal_hz))
		self->lost++;
	self->restarted = self->restarted || self->step.restarted || !comtrade_rate_serves(self->step.nominal_hz);
	self->held = false;
	memset(self->at_end, 0, sizeof(self->at_end));
}

static unsigned scans_at_most(const struct adc_comtrade *self)
{
	unsigned half_second = (unsigned)(BLOCK_MAX_S * self->step.hz);

	return self->config.block_scans < half_second ? self->config.block_scans : half_second;
}

static int comtrade_read(struct adc *adc, struct adc_block *block)
{
	struct adc_comtrade *self = of(adc);

	if (atomic_load(&self->cancelled))
		return -ECANCELED;
	block->n = 0;
	block->clipped = 0;
	block->primary = true;
	for (unsigned taken = 0; taken < RECORDS_PER_READ; taken++) {
		int ret = take_record(self);

		if (ret <= 0)
			return block->n ? (int)block->n : ret;
		if (block->n && (self->step.lost || self->step.restarted || self->step.joined))
			break;
		if (self->record.missing || !comtrade_rate_serves(self->step.nominal_hz)) {
			if (block->n)
				break;
			skip_record(self);
			continue;
		}
		put_scan(self, block);
		self->held = false;
		if (block->n >= scans_at_most(self))
			break;
	}
	return (int)block->n;
}

static void comtrade_cancel(struct adc *adc)
{
	atomic_store(&of(adc)->cancelled, true);
}

static void comtrade_close(struct adc *adc)
{
	struct adc_comtrade *self = of(adc);

	if (self->open)
		comtrade_recording_close(&self->recording);
	self->open = false;
}

static void comtrade_free(struct adc *adc)
{
	comtrade_close(adc);
	free(adc);
}

static const struct adc_ops comtrade_ops = {
	.open = comtrade_open, .read = comtrade_read, .cancel = comtrade_cancel, .close = comtrade_close, .free = comtrade_free,
};

struct adc *adc_comtrade_new(const struct adc_config *config)
{
	struct adc_comtrade *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->adc.ops = &comtrade_ops;
	self->adc.name = "comtrade";
	self->config = *config;
	self->recording.file = (struct comtrade_file)COMTRADE_FILE_CLOSED;
	return &self->adc;
}

double adc_comtrade_max_rate_hz(const struct adc *adc)
{
	const struct adc_comtrade *self = (const struct adc_comtrade *)(const void *)adc;
	double most = 0;

	if (adc->ops != &comtrade_ops)
		return 0;
	for (unsigned i = 0; i < self->recording.timeline.segments; i++)
		if (comtrade_rate_serves(self->recording.timeline.segment[i].nominal_hz))
			most = fmax(most, nominal_of(self, self->recording.timeline.segment[i].nominal_hz));
	return most;
}
