/*
 * fuzz_comtrade - a combined COMTRADE file (.cff) of any bytes: the pure decoders in memory, then the whole source.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adc/adc_comtrade.h"
#include "adc/comtrade_cff.h"
#include "adc/comtrade_time.h"
#include "daemon/log.h"

#define BLOCK_SCANS 64
#define READS_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct comtrade_span take_line(struct comtrade_span *rest)
{
	const char *feed = rest->length ? memchr(rest->at, '\n', rest->length) : NULL;
	struct comtrade_span line = { rest->at, feed ? (size_t)(feed - rest->at) : rest->length };
	size_t taken = line.length + (feed != NULL);

	rest->at += taken;
	rest->length -= taken;
	return line;
}

/* Any bytes at all as text records, surveyed and laid in time. */
static void decode_records(const struct comtrade_layout *layout, struct comtrade_timeline *timeline, struct comtrade_span rest)
{
	struct comtrade_error error;
	struct comtrade_record record;
	struct comtrade_survey survey;
	struct comtrade_clock clock;
	struct comtrade_step step;
	double newest_ns = 0;
	struct comtrade_span from = rest;

	if (timeline->by_stamps) {
		comtrade_survey_init(&survey, timeline);
		while (rest.length) {
			struct comtrade_span line = comtrade_trim(take_line(&rest));

			if (line.length && (comtrade_record_text(layout, line, &record, &error) ||
					    comtrade_survey_add(&survey, &record, &error)))
				return;
		}
		if (comtrade_survey_end(&survey, &error))
			return;
	}
	comtrade_clock_start(&clock, timeline);
	while (from.length) {
		struct comtrade_span line = comtrade_trim(take_line(&from));

		if (!line.length || comtrade_record_text(layout, line, &record, &error))
			continue;
		comtrade_clock_next(&clock, &record, &step);
		assert(step.t_ns >= newest_ns && isfinite(step.t_ns));
		newest_ns = step.t_ns;
	}
}

static void decode_in_memory(const uint8_t *data, size_t size)
{
	static const struct adc_channel_config want[ADC_CHANNELS];
	struct comtrade_span rest = { (const char *)data, size };
	struct comtrade_timeline timeline;
	struct comtrade_layout layout;
	struct comtrade_heading heading;
	struct comtrade_analog analog;
	struct comtrade_error error;
	struct comtrade_cfg cfg;
	struct comtrade_map map;

	comtrade_cfg_init(&cfg);
	comtrade_map_init(&map, want);
	while (rest.length) {
		struct comtrade_span line = take_line(&rest);
		int ret = 0;

		if (comtrade_heading_parse(line, &heading)) {
			if (heading.section != COMTRADE_SECTION_CFG)
				break;
			continue;
		}
		ret = comtrade_cfg_line(&cfg, line, &analog, &error);
		if (ret < 0 || (ret > 0 && comtrade_map_add(&map, &analog, &error)))
			return;
	}
	if (comtrade_cfg_end(&cfg, &error) || comtrade_map_finish(&map, &error))
		return;
	comtrade_layout_init(&layout, &cfg, &map);
	comtrade_timeline_init(&timeline, &cfg);
	decode_records(&layout, &timeline, rest);
}

static void read_source(const uint8_t *data, size_t size)
{
	static double scans[ADC_CHANNELS][BLOCK_SCANS];
	struct adc_config config = { .block_scans = BLOCK_SCANS };
	struct adc_block block = { .n = 0 };
	struct adc_info info;
	int64_t newest_ns = -1;
	struct adc *adc;
	int fd = memfd_create("recording", 0), ret = 1;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	snprintf(config.recording, sizeof(config.recording), "/proc/self/fd/%d", fd);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		config.channel[c].gain = 1;
		block.scans[c] = scans[c];
	}
	adc = adc_comtrade_new(&config);
	if (!adc->ops->open(adc, &info)) {
		for (int i = 0; i < READS_MAX && ret >= 0; i++) {
			ret = adc->ops->read(adc, &block);
			assert(ret <= BLOCK_SCANS);
			assert(ret <= 0 || (block.t_ns > newest_ns && block.rate_hz >= 600 && block.rate_hz <= 100000));
			newest_ns = ret > 0 ? block.t_ns : newest_ns;
		}
		adc->ops->close(adc);
	}
	adc->ops->free(adc);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_set_level(-1);
	decode_in_memory(data, size);
	read_source(data, size);
	return 0;
}
