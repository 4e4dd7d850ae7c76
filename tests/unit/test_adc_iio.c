/* The IIO source over a libiio made of one table. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc.h"
#include "daemon/log.h"
#include "fakes/fake_iio.h"
#include "lib/check_main.h"

enum { SCANS = 16 };

static struct adc_config config;
static struct adc *adc;
static double values[ADC_CHANNELS][SCANS];
static struct adc_block block;
static uint8_t bytes[64 * SCANS];

static void setup(void)
{
	log_set_level(LOG_EMERG);
	fake_iio_reset();
	memset(&config, 0, sizeof(config));
	snprintf(config.source, sizeof(config.source), "iio");
	snprintf(config.uri, sizeof(config.uri), "ip:192.0.2.1:4711");
	config.rate_hz = 1000;
	config.block_scans = SCANS;
	config.voltage_ratio = 1000;
	config.current_ratio = 2;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), "voltage%d", c);
		config.channel[c].gain = 1;
		block.scans[c] = values[c];
	}
	fake_iio.data = bytes;
	memset(bytes, 0, sizeof(bytes));
	adc = NULL;
}

static void teardown(void)
{
	if (adc)
		adc->ops->free(adc);
	ck_assert_uint_eq(fake_iio.contexts, 0);
	ck_assert_uint_eq(fake_iio.buffers, 0);
}

static int open_adc(struct adc_info *info)
{
	if (!adc)
		adc = adc_iio_new(&config);
	ck_assert_ptr_nonnull(adc);
	return adc->ops->open(adc, info);
}

static void put(size_t at, uint64_t word, unsigned size, bool big)
{
	for (unsigned i = 0; i < size; i++)
		bytes[at + (big ? size - 1 - i : i)] = (uint8_t)(word >> 8 * i);
}

/* Scans of six elements of `size` bytes, word for all, and a stamp each millisecond. */
static void fill(uint64_t word, unsigned size, bool big)
{
	size_t stamp = (6 * size + 7) / 8 * 8, step = stamp + 8;

	for (size_t i = 0; i < SCANS; i++) {
		for (size_t c = 0; c < 6; c++)
			put(i * step + c * size, word, size, big);
		put(i * step + stamp, 1000000 * (i + 1), 8, false);
	}
	fake_iio.data_bytes = SCANS * step;
}

static void use_format(const char *format)
{
	for (int c = 0; c < 6; c++)
		fake_iio_adc()->channel[c].format = format;
}

START_TEST(opening_asks_for_all_that_a_capture_needs)
{
	struct adc_info info;

	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_str_eq(fake_iio.uri, "ip:192.0.2.1:4711");
	ck_assert_double_eq(info.rate_hz, 1000);
	ck_assert_uint_eq(info.block_scans, SCANS);
	ck_assert(info.paced);
	ck_assert_uint_eq(fake_iio.scans, SCANS);
	ck_assert_uint_eq(fake_iio.kernel_buffers, 16);
	ck_assert_uint_ge(fake_iio.timeout_ms, 1000);
	ck_assert_uint_le(fake_iio.timeout_ms, 2000);
	ck_assert_str_eq(fake_iio_attribute(fake_iio_adc(), -1, "current_timestamp_clock")->value, "monotonic");
	for (int c = 0; c < 7; c++)
		ck_assert(fake_iio.enabled[c]);
	ck_assert(!fake_iio.enabled_late);
}
END_TEST

START_TEST(every_reopening_gets_the_whole_address)
{
	struct adc_info info;

	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(open_adc(&info), 0);
		ck_assert_str_eq(fake_iio.uri, "ip:192.0.2.1:4711");
		adc->ops->close(adc);
		ck_assert_uint_eq(fake_iio.contexts + fake_iio.buffers, 0);
	}
	ck_assert_uint_eq(fake_iio.created, 30);
}
END_TEST

START_TEST(any_call_that_fails_leaves_nothing_behind)
{
	struct adc_info info;
	unsigned calls, failed = 0;

	snprintf(config.trigger, sizeof(config.trigger), "tick");
	ck_assert_int_eq(open_adc(&info), 0);
	adc->ops->close(adc);
	calls = fake_iio.calls;
	ck_assert_uint_ge(calls, 12);
	for (unsigned i = 1; i <= calls; i++) {
		int error;

		fake_iio.calls = 0;
		fake_iio.fail_at = i;
		fake_iio.fail_errno = EPIPE;
		error = open_adc(&info);
		if (error) {
			failed++;
			ck_assert_msg(error == -EPIPE, "%s: %d", fake_iio.last_call, error);
			ck_assert_msg(fake_iio.contexts + fake_iio.buffers == 0, "%s leaks", fake_iio.last_call);
		} else {
			/* the clock read back: the stamps are then taken for another clock's */
			ck_assert_str_eq(fake_iio.last_call, "attr_read");
			adc->ops->close(adc);
		}
	}
	ck_assert_uint_ge(failed, calls - 1);
}
END_TEST

START_TEST(codes_become_volts_by_offset_scale_ratio_and_gain)
{
	struct adc_info info;

	fill(100, 2, false);
	for (int c = 0; c < 6; c++)
		snprintf(fake_iio_attribute(fake_iio_adc(), c, "offset")->value, 8, "-20");
	config.channel[ADC_VB].gain = 1.25;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
	/* (100 - 20) * 0.5 mV = 40 mV at the pin */
	ck_assert_double_eq_tol(values[ADC_VA][3], 0.040 * 1000, 1e-12);
	ck_assert_double_eq_tol(values[ADC_VB][3], 0.040 * 1000 * 1.25, 1e-12);
	ck_assert_double_eq_tol(values[ADC_IC][15], 0.040 * 2, 1e-15);
	ck_assert(!block.primary);
	ck_assert(block.restarted);
	ck_assert_uint_eq(block.clipped, 0);
	ck_assert_uint_eq(block.n, SCANS);
	ck_assert_double_eq(block.nominal_hz, 1000);
}
END_TEST

START_TEST(a_configured_scale_rules_over_the_drivers)
{
	struct adc_info info;

	fill(100, 2, false);
	config.scale_mv = 0.25;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
	/* 100 x 0.25 mV at the pin; the fake's own scale is 0.5 */
	ck_assert_double_eq_tol(values[ADC_VA][3], 0.025 * 1000, 1e-12);
	ck_assert_double_eq_tol(values[ADC_IC][15], 0.025 * 2, 1e-15);
	adc->ops->close(adc);
	for (int c = 0; c < 6; c++)
		fake_iio_without(fake_iio_adc(), c, "scale");
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
	ck_assert_double_eq_tol(values[ADC_VA][3], 0.025 * 1000, 1e-12);
}
END_TEST

START_TEST(every_format_is_read)
{
	static const struct {
		const char *format;
		uint64_t word;
		unsigned size;
		bool big;
		double code;
		bool clipped;
	} cases[] = {
		{ "le:s16/16>>0", 0x1234, 2, false, 4660, false }, { "be:s16/16>>0", 0xFFFE, 2, true, -2, false },
		{ "le:s16/16>>0", 0x8000, 2, false, -32768, true }, { "le:s16/16>>0", 0x7FFF, 2, false, 32767, true },
		{ "le:s12/16>>0", 0xF801, 2, false, -2047, false }, { "le:s12/16>>0", 0x5800, 2, false, -2048, true },
		{ "le:s12/16>>4", 0x7FEF, 2, false, 2046, false }, { "le:s12/16>>4", 0x800A, 2, false, -2048, true },
		{ "be:u12/16>>4", 0xABCF, 2, true, 2748, false }, { "le:u12/16>>0", 0xF000, 2, false, 0, true },
		{ "le:u16/16>>0", 0xFFFE, 2, false, 65534, false }, { "le:u16/16>>0", 0xFFFF, 2, false, 65535, true },
		{ "le:S12/16>>4", 0x8010, 2, false, -2047, false },
		{ "be:s24/32>>8", 0x80000155, 4, true, -8388607, false }, { "be:s24/32>>0", 0x55800001, 4, true, -8388607, false },
		{ "be:u24/32>>8", 0xFFFFFF00, 4, true, 16777215, true }, { "le:s24/24>>0", 0xFFFFFD, 3, false, -3, false },
		{ "be:s24/24>>0", 0x7FFFFF, 3, true, 8388607, true }, { "be:s24/24>>0", 0x800001, 3, true, -8388607, false },
		{ "le:s32/32>>0", 0x80000001, 4, false, -2147483647, false }, { "le:s32/32>>0", 0x80000000, 4, false, -2147483648.0, true },
		{ "be:u32/32>>0", 0xFFFFFFFE, 4, true, 4294967294.0, false }, { "le:s18/32>>14", 0x80003FFF, 4, false, -131072, true },
		{ "le:s8/8>>0", 0xFF, 1, false, -1, false }, { "le:u8/8>>0", 0xFE, 1, false, 254, false },
		{ "le:s32/64>>16", 0x5A5AFFFFFFFF5A5A, 8, false, -1, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct adc_info info;

		use_format(cases[i].format);
		fill(cases[i].word, cases[i].size, cases[i].big);
		ck_assert_int_eq(open_adc(&info), 0);
		ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
		for (int c = 0; c < ADC_CHANNELS; c++)
			ck_assert_msg(fabs(values[c][SCANS - 1] / (0.5e-3 * (c < 3 ? 1000 : 2)) - cases[i].code) < 1e-6,
					"%s %#llx: %.9g", cases[i].format, (unsigned long long)cases[i].word, values[c][SCANS - 1]);
		ck_assert_msg(block.clipped == (cases[i].clipped ? 0x3Fu : 0), "%s %#llx: clipped %#x", cases[i].format,
				(unsigned long long)cases[i].word, block.clipped);
		adc->ops->close(adc);
	}
}
END_TEST

START_TEST(impossible_formats_are_refused)
{
	static const char *const formats[] = { "le:s0/16>>0", "le:s17/16>>0", "le:s12/16>>5", "le:s40/64>>0", "le:s12/12>>0",
		"le:s16/0>>0", "le:s16/128>>0" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct adc_info info;

		fake_iio_adc()->channel[4].format = formats[i];
		ck_assert_int_eq(open_adc(&info), -EINVAL);
	}
	ck_assert_uint_eq(fake_iio.created, 0);
}
END_TEST

START_TEST(a_scan_that_cannot_hold_the_channels_is_refused)
{
	static const long steps[] = { 8, 12, 20, 25, -24 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct adc_info info;

		fake_iio.step = steps[i];
		ck_assert_int_eq(open_adc(&info), -EPROTO);
	}
}
END_TEST

/* The kernel pads a scan to its largest element; libiio does not. */
START_TEST(mixed_widths_without_a_stamp_are_refused_where_libiio_counts_wrongly)
{
	struct adc_info info;

	fake_iio_adc()->channel[0].format = "le:s32/32>>0";
	fake_iio_adc()->channel[6] = (struct fake_channel){ 0 };
	ck_assert_int_eq(open_adc(&info), -EPROTO);
}
END_TEST

START_TEST(a_scan_that_changes_its_length_is_noticed)
{
	struct adc_info info;

	fill(1, 2, false);
	fake_iio.refill_step = 16;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), -EPROTO);
	adc->ops->close(adc);
	fake_iio.refill_step = 32;
	for (size_t i = 0; i < SCANS * 24 / 32; i++)
		put(i * 32 + 16, 1000000 * (i + 1), 8, false);
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS * 24 / 32);
}
END_TEST

START_TEST(more_bytes_than_asked_for_are_not_believed)
{
	struct adc_info info;

	fake_iio.refill_result = SCANS * 24 + 1;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), -EPROTO);
}
END_TEST

START_TEST(a_device_is_found_by_id_label_and_name)
{
	static const char *const names[] = { "iio:device1", "grid", "simadc", "" };
	struct adc_info info;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(config.device, sizeof(config.device), "%s", names[i]);
		ck_assert_int_eq(open_adc(&info), 0);
		adc->ops->free(adc);
		adc = NULL;
	}
	snprintf(config.device, sizeof(config.device), "tick");
	ck_assert_int_eq(open_adc(&info), -ENODEV);
}
END_TEST

START_TEST(a_channel_is_found_by_id_name_and_label)
{
	struct adc_info info;

	snprintf(config.channel[ADC_VA].channel, sizeof(config.channel[0].channel), "mains a");
	fake_iio_adc()->channel[0].name = "mains a";
	snprintf(config.channel[ADC_IC].channel, sizeof(config.channel[0].channel), "ct c");
	snprintf(fake_iio_attribute(fake_iio_adc(), 5, "label")->value, 8, "ct c\n");
	ck_assert_int_eq(open_adc(&info), 0);
	adc->ops->close(adc);
	fake_iio_without(fake_iio_adc(), 5, "label");
	ck_assert_int_eq(open_adc(&info), -ENODEV);
	fake_iio_adc()->channel[5].name = "ct c";
	ck_assert_int_eq(open_adc(&info), 0);
	adc->ops->close(adc);
	fake_iio_adc()->channel[5].output = true;
	ck_assert_int_eq(open_adc(&info), -ENODEV);
}
END_TEST

START_TEST(two_devices_that_fit_must_be_told_apart)
{
	struct adc_info info;

	fake_iio.device[0] = fake_iio.device[1];
	fake_iio.device[0].id = "iio:device0";
	ck_assert_int_eq(open_adc(&info), -EINVAL);
}
END_TEST

START_TEST(the_trigger_is_set_by_name)
{
	struct adc_info info;

	snprintf(config.trigger, sizeof(config.trigger), "tick");
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_str_eq(fake_iio.trigger_set, "trigger0");
	adc->ops->free(adc);
	snprintf(config.trigger, sizeof(config.trigger), "tock");
	adc = NULL;
	ck_assert_int_eq(open_adc(&info), -ENODEV);
}
END_TEST

START_TEST(a_buffer_that_a_killed_process_left_on_does_not_keep_trigger_and_rate_from_being_set)
{
	struct adc_info info;

	snprintf(config.trigger, sizeof(config.trigger), "tick");
	snprintf(config.uri, sizeof(config.uri), "local:");
	fake_iio.left_on = true;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_str_eq(fake_iio.trigger_set, "trigger0");
	adc->ops->free(adc);
	adc = NULL;
	config.trigger[0] = '\0';
	config.rate_hz = 2520;
	fake_iio.left_on = true;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_double_eq(info.rate_hz, 2520);
	adc->ops->free(adc);
	adc = NULL;
	snprintf(config.trigger, sizeof(config.trigger), "tick");
	/* another machine's server has clients of its own */
	snprintf(config.uri, sizeof(config.uri), "ip:127.0.0.1");
	fake_iio.left_on = true;
	ck_assert_int_eq(open_adc(&info), -EBUSY);
}
END_TEST

/* Opens with a wanted rate; the one in force, or -errno. */
static double rate_for(double wanted_hz)
{
	struct adc_info info;
	int error;

	config.rate_hz = wanted_hz;
	error = open_adc(&info);
	adc->ops->free(adc);
	adc = NULL;
	return error ? error : info.rate_hz;
}

START_TEST(the_lowest_rate_on_offer_at_or_above_the_wanted_one_is_taken)
{
	struct fake_attribute *rate = fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency");

	snprintf(fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency_available")->value, 64, "8000 1000 2000 4000\n");
	rate->listed = true;
	ck_assert_double_eq(rate_for(2520), 4000);
	ck_assert_double_eq(rate_for(1000), 1000);
	ck_assert_double_eq(rate_for(9000), 8000);
	rate->listed = false;
	snprintf(fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency_available")->value, 64, "[100 50 10000]");
	ck_assert_double_eq(rate_for(2520), 2550);
}
END_TEST

START_TEST(a_driver_that_rounds_down_is_asked_for_more)
{
	fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency")->grid = 500;
	ck_assert_double_eq(rate_for(2520), 3000);
	ck_assert_double_eq(rate_for(2500), 2500);
	ck_assert_double_eq(rate_for(700), 1000);
}
END_TEST

START_TEST(a_rate_that_cannot_be_set_is_measured_at)
{
	struct fake_attribute *rate = fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency");

	rate->fixed = true;
	snprintf(rate->value, sizeof(rate->value), "3906.25");
	ck_assert_double_eq(rate_for(2520), 3906.25);
	snprintf(rate->value, sizeof(rate->value), "fast");
	ck_assert_double_eq(rate_for(2520), -EINVAL);
	snprintf(rate->value, sizeof(rate->value), "0");
	ck_assert_double_eq(rate_for(2520), -EINVAL);
}
END_TEST

START_TEST(the_rate_is_set_on_whichever_has_it)
{
	fake_iio_without(fake_iio_adc(), -1, "sampling_frequency");
	ck_assert_double_eq(rate_for(2520), 2520);

	snprintf(fake_iio_attribute(&fake_iio.device[2], -1, "sampling_frequency")->value, 8, "100");
	ck_assert_double_eq(rate_for(2520), 2520);
	ck_assert_str_eq(fake_iio.device[2].attribute[0].value, "2520");

	for (int c = 0; c < 6; c++)
		snprintf(fake_iio_attribute(fake_iio_adc(), c, "sampling_frequency")->value, 8, "100");
	ck_assert_double_eq(rate_for(3000.5), 3000.5);
	for (int c = 0; c < 6; c++)
		ck_assert_double_eq(strtod(fake_iio_attribute(fake_iio_adc(), c, "sampling_frequency")->value, NULL), 3000.5);
	ck_assert_str_eq(fake_iio.device[2].attribute[0].value, "2520");
}
END_TEST

START_TEST(a_list_on_the_device_serves_a_rate_on_the_channels_and_the_other_way_round)
{
	static const char list[] = "sampling_frequency_available";

	fake_iio_without(fake_iio_adc(), -1, "sampling_frequency");
	snprintf(fake_iio_attribute(fake_iio_adc(), -1, list)->value, 64, "1000 2000 4000 8000");
	for (int c = 0; c < 6; c++)
		snprintf(fake_iio_attribute(fake_iio_adc(), c, "sampling_frequency")->value, 8, "1000");
	ck_assert_double_eq(rate_for(2520), 4000);

	fake_iio_reset();
	for (int c = 0; c < 6; c++)
		snprintf(fake_iio_attribute(fake_iio_adc(), c, list)->value, 64, "1000 2000 4000 8000");
	ck_assert_double_eq(rate_for(2520), 4000);
}
END_TEST

/* Accepts what is listed, and does not show the list. */
START_TEST(a_driver_that_refuses_what_it_cannot_make_is_offered_the_usual_rates)
{
	struct fake_attribute *rate = fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency");

	rate->choices = "1000 2000 4000 8000 16000";
	ck_assert_double_eq(rate_for(2520), 4000);
	ck_assert_double_eq(rate_for(8000), 8000);
	rate->choices = "1000 25600";
	ck_assert_double_eq(rate_for(2520), 25600);
	/* nothing at or above it: as it was */
	ck_assert_double_eq(rate_for(30000), 25600);
}
END_TEST

START_TEST(a_rate_in_khz_is_chosen_in_khz)
{
	struct fake_attribute *rate = fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency");

	snprintf(fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency_available")->value, 64, "1 2 4 8 16 32 64");
	rate->listed = true;
	ck_assert_double_eq(rate_for(2520), 4000);
	ck_assert_str_eq(rate->value, "4");
	ck_assert_double_eq(rate_for(8000), 8000);
}
END_TEST

START_TEST(a_rate_that_cannot_be_measured_with_is_refused)
{
	static const char *const values_hz[] = { "250", "599", "200000", "0.5" };
	struct fake_attribute *rate = fake_iio_attribute(fake_iio_adc(), -1, "sampling_frequency");

	rate->fixed = true;
	for (size_t i = 0; i < sizeof(values_hz) / sizeof(*values_hz); i++) {
		snprintf(rate->value, sizeof(rate->value), "%s", values_hz[i]);
		ck_assert_double_eq(rate_for(2520), -ERANGE);
	}
}
END_TEST

START_TEST(a_rate_that_the_stamps_disprove_is_not_believed)
{
	struct adc_info info;

	fill(1, 2, false);
	config.rate_hz = 2520;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_double_eq(info.rate_hz, 2520);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
	ck_assert(block.restarted);
	ck_assert_double_eq(block.nominal_hz, 1000);
	ck_assert_double_eq(block.rate_hz, 1000);
}
END_TEST

START_TEST(a_loss_inside_a_refill_stands_in_front_of_the_scan_after_it)
{
	struct adc_info info;

	fill(7, 2, false);
	for (size_t i = 10; i < SCANS; i++)
		put(i * 24 + 16, 1000000 * (i + 1 + 5), 8, false);
	/* nine scans, a period apart each, decide */
	config.block_scans = SCANS;
	ck_assert_int_eq(open_adc(&info), 0);
	ck_assert_int_eq(adc->ops->read(adc, &block), 10);
	ck_assert(block.restarted);
	/* the next refill goes on where this one ended */
	for (size_t i = 0; i < SCANS; i++)
		put(i * 24 + 16, 1000000 * (i + 1 + 5 + SCANS), 8, false);
	ck_assert_int_eq(adc->ops->read(adc, &block), SCANS);
	ck_assert_uint_eq(block.lost, 5);
	ck_assert(!block.restarted);
	ck_assert_int_eq(adc->ops->read(adc, &block), 6);
	ck_assert_uint_eq(block.lost, 0);
}
END_TEST

START_TEST(a_cancelled_source_stays_so)
{
	struct adc_info info;

	fill(1, 2, false);
	ck_assert_int_eq(open_adc(&info), 0);
	adc->ops->cancel(adc);
	adc->ops->cancel(adc);
	ck_assert_int_eq(adc->ops->read(adc, &block), -ECANCELED);
	ck_assert_int_eq(adc->ops->read(adc, &block), -ECANCELED);
	adc->ops->close(adc);
	ck_assert_int_eq(open_adc(&info), -ECANCELED);
	ck_assert_uint_ge(fake_iio.cancels, 1);
}
END_TEST

START_TEST(empty_refills_are_borne_a_few_times)
{
	struct adc_info info;
	int n, empty = 0;

	fake_iio.data_bytes = 0;
	ck_assert_int_eq(open_adc(&info), 0);
	while ((n = adc->ops->read(adc, &block)) == 0)
		empty++;
	ck_assert_int_eq(n, -EIO);
	ck_assert_int_eq(empty, 2);
}
END_TEST

START_TEST(a_failed_refill_ends_the_reading)
{
	struct adc_info info;

	ck_assert_int_eq(open_adc(&info), 0);
	fake_iio.fail_at = fake_iio.calls + 1;
	fake_iio.fail_errno = ETIMEDOUT;
	ck_assert_int_eq(adc->ops->read(adc, &block), -ETIMEDOUT);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		opening_asks_for_all_that_a_capture_needs,
		every_reopening_gets_the_whole_address,
		any_call_that_fails_leaves_nothing_behind,
		codes_become_volts_by_offset_scale_ratio_and_gain,
		a_configured_scale_rules_over_the_drivers,
		every_format_is_read,
		impossible_formats_are_refused,
		a_scan_that_cannot_hold_the_channels_is_refused,
		mixed_widths_without_a_stamp_are_refused_where_libiio_counts_wrongly,
		a_scan_that_changes_its_length_is_noticed,
		more_bytes_than_asked_for_are_not_believed,
		a_device_is_found_by_id_label_and_name,
		a_channel_is_found_by_id_name_and_label,
		two_devices_that_fit_must_be_told_apart,
		the_trigger_is_set_by_name, a_buffer_that_a_killed_process_left_on_does_not_keep_trigger_and_rate_from_being_set,
		the_lowest_rate_on_offer_at_or_above_the_wanted_one_is_taken,
		a_driver_that_rounds_down_is_asked_for_more,
		a_rate_that_cannot_be_set_is_measured_at,
		the_rate_is_set_on_whichever_has_it,
		a_list_on_the_device_serves_a_rate_on_the_channels_and_the_other_way_round,
		a_driver_that_refuses_what_it_cannot_make_is_offered_the_usual_rates,
		a_rate_in_khz_is_chosen_in_khz,
		a_rate_that_cannot_be_measured_with_is_refused,
		a_rate_that_the_stamps_disprove_is_not_believed,
		a_loss_inside_a_refill_stands_in_front_of_the_scan_after_it,
		a_cancelled_source_stays_so,
		empty_refills_are_borne_a_few_times,
		a_failed_refill_ends_the_reading,
	};
	Suite *suite = suite_create("adc_iio");
	TCase *tcase = tcase_create("adc_iio");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
