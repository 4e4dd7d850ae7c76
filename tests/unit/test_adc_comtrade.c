/* The COMTRADE source: recordings of known waves, written by a writer that shares nothing with the reader.
 * One file, long: every claim is a few lines on the same recording. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adc/adc_comtrade.h"
#include "daemon/log.h"
#include "lib/check_main.h"
#include "lib/recording.h"

#define BLOCK_SCANS 100
#define SCANS_MAX 300000

static char directory[] = "/tmp/comtrade-XXXXXX";
static char path[4096];
static struct adc_config config;
static struct recording recording;
static double rate_tolerance;		/* of a block's true rate to its nominal one */

/* All that a recording gave. */
static struct {
	unsigned n, blocks, restarts, clipped;
	uint64_t lost, max_lost;
	double rate_hz[16];		/* nominal, of each stretch behind a restart */
	double last_hz;			/* of the newest block */
	int64_t t_ns[SCANS_MAX];
	double value[ADC_CHANNELS][SCANS_MAX];
	double delay_us[ADC_CHANNELS];
	int ret;
} got;

static void setup(void)
{
	recording_defaults(&recording);
	memset(&config, 0, sizeof(config));
	config.block_scans = BLOCK_SCANS;
	rate_tolerance = 0;
	for (int c = 0; c < ADC_CHANNELS; c++)
		config.channel[c].gain = 1;
	log_set_level(LOG_CRIT);
}

static void take_block(const struct adc_block *block)
{
	if (block->restarted) {
		ck_assert_uint_lt(got.restarts, 16);
		got.rate_hz[got.restarts++] = block->nominal_hz;
	}
	got.lost += block->lost;
	got.max_lost = block->lost > got.max_lost ? block->lost : got.max_lost;
	got.clipped |= block->clipped;
	memcpy(got.delay_us, block->delay_us, sizeof(got.delay_us));
	got.blocks++;
	ck_assert(block->primary);
	ck_assert_double_le(fabs(block->rate_hz / block->nominal_hz - 1), rate_tolerance);
	got.last_hz = block->rate_hz;
	for (unsigned i = 0; i < block->n; i++, got.n++) {
		ck_assert_uint_lt(got.n, SCANS_MAX);
		got.t_ns[got.n] = block->t_ns - llround((block->n - 1 - i) * 1e9 / block->rate_hz);
		for (int c = 0; c < ADC_CHANNELS; c++)
			got.value[c][got.n] = block->scans[c][i];
	}
}

/* Reads to the end, or until so many scans are there.  Returns what open returned. */
static int read_scans(unsigned n)
{
	static double scans[ADC_CHANNELS][BLOCK_SCANS];
	struct adc_block block = { .n = 0 };
	struct adc *adc = adc_comtrade_new(&config);
	struct adc_info info;
	int ret;

	memset(&got, 0, sizeof(got));
	for (int c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = scans[c];
	ret = adc->ops->open(adc, &info);
	while (!ret && got.n < n) {
		got.ret = adc->ops->read(adc, &block);
		if (got.ret < 0)
			break;
		ck_assert_int_eq(got.ret, (int)block.n);
		ck_assert_int_le(got.ret, (int)info.block_scans);
		if (got.ret)
			take_block(&block);
	}
	adc->ops->free(adc);
	return ret;
}

static int read_all(void)
{
	recording_write(&recording, directory, "test", path, sizeof(path));
	snprintf(config.recording, sizeof(config.recording), "%s", path);
	return read_scans(SCANS_MAX);
}

/* Every scan is the wave at its own time, within the rounding of a sample. */
static void check_values(double v_tolerance, double a_tolerance)
{
	for (unsigned k = 0; k < got.n; k++)
		for (int c = 0; c < ADC_CHANNELS; c++) {
			double t_s = got.t_ns[k] * 1e-9 + recording.skew_us[c] * 1e-6;

			ck_assert_double_eq_tol(got.value[c][k], recording_truth(c, t_s), c < 3 ? v_tolerance : a_tolerance);
		}
}

/* Rounding of the samples, and of a time by a nanosecond. */
#define V_TOLERANCE (0.0125 / 2 + 0.0003)
#define A_TOLERANCE (0.0025 / 2 + 0.0001)

static const char *const formats[] = { "ASCII", "BINARY", "BINARY32", "FLOAT32" };
static const int revisions[] = { 1991, 1999, 2013 };

START_TEST(every_revision_and_format_gives_the_wave_that_was_recorded)
{
	recording.revision = revisions[_i / 4 % 3];
	recording.format = formats[_i % 4];
	recording.eol = _i / 12 % 2 ? "\n" : "\r\n";
	recording.combined = _i / 24;
	recording.extra_analogs = 3;
	recording.statuses = 17;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_int_eq(got.ret, -ENODATA);
	ck_assert_uint_eq(got.n, 2520);
	ck_assert_uint_eq(got.restarts, 1);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_uint_eq(got.clipped, 0);
	ck_assert_double_eq(got.rate_hz[0], 2520);
	ck_assert_int_eq(got.t_ns[0], 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(scale_offset_and_unit_prefix_lead_to_volts_and_amperes)
{
	static const struct { const char *v, *a; double v_factor, a_factor; } units[] = {
		{ "kV", "mA", 1e3, 1e-3 }, { "MV", "kA", 1e6, 1e3 }, { "mV", "uA", 1e-3, 1e-6 }, { "Volts", "Amps", 1, 1 },
		{ "KV", "\xb5" "A", 1e3, 1e-6 }, { "kV rms", "a", 1e3, 1 },
		{ "[kV]", "(mA)", 1e3, 1e-3 }, { "Vrms", "kArms", 1, 1e3 },
	};

	for (int c = 0; c < ADC_CHANNELS; c++) {
		recording.unit[c] = c < 3 ? units[_i].v : units[_i].a;
		recording.factor[c] = c < 3 ? units[_i].v_factor : units[_i].a_factor;
		recording.a[c] /= recording.factor[c];
		recording.b[c] = 3 * recording.a[c];
	}
	ck_assert_int_eq(read_all(), 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(secondary_values_become_primary_by_the_ratio)
{
	recording.side = 'S';
	for (int c = 0; c < ADC_CHANNELS; c++) {
		recording.primary[c] = c < 3 ? 13800 : 500;
		recording.secondary[c] = c < 3 ? 120 : 5;
		recording.a[c] *= recording.secondary[c] / recording.primary[c];
	}
	ck_assert_int_eq(read_all(), 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(blanks_upper_case_names_and_a_trailing_ctrl_z_do_no_harm)
{
	recording.blank = _i % 2 ? "  " : " \t";
	recording.upper_case = _i / 2 % 2;
	recording.tail = _i / 4 ? "\r\n\r\n" : "\x1a\x1a\x1a";
	recording.format = "ASCII";
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_change_of_rate_starts_anew_in_the_right_place)
{
	recording.format = formats[_i];
	recording.hz[1] = 10000;
	recording.n[1] = 5000;
	recording.hz[2] = 960;
	recording.n[2] = 333;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520 + 5000 + 333);
	ck_assert_uint_eq(got.restarts, 3);
	ck_assert_double_eq(got.rate_hz[1], 10000);
	ck_assert_double_eq(got.rate_hz[2], 960);
	ck_assert_int_eq(got.t_ns[2520] - got.t_ns[2519], 100000);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

/* A recorder that follows the frequency, as some write it; empty stretches at the end, as others do. */
START_TEST(rates_that_are_nearly_equal_are_one_stretch_at_their_mean)
{
	recording.hz[1] = 2518;
	recording.n[1] = 2518;
	recording.hz[2] = 2524;
	recording.n[2] = 5048;
	rate_tolerance = 0.002;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_double_eq_tol(got.last_hz, 2524, 1e-6);
	ck_assert_uint_eq(got.n, 2520 + 2518 + 5048);
	ck_assert_uint_eq(got.restarts, 1);
	ck_assert_double_eq_tol(got.rate_hz[0], (2520 + 2518 + 5048) / 4.0, 1e-9);
}
END_TEST

START_TEST(a_time_beyond_a_year_is_refused)
{
	recording.hz[1] = 1e-6;
	recording.n[1] = 100;
	recording.hz[2] = 2520;
	recording.n[2] = 500;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_int_eq(got.ret, -ERANGE);
	ck_assert_uint_eq(got.n, 2520);
}
END_TEST

START_TEST(stretches_too_slow_to_measure_are_passed_over)
{
	recording.hz[1] = 50;
	recording.n[1] = 100;
	recording.hz[2] = 2520;
	recording.n[2] = 500;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520 + 500);
	ck_assert_uint_eq(got.restarts, 2);
	ck_assert_int_ge(got.t_ns[2520] - got.t_ns[2519], 2000000000);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(without_a_rate_the_time_stamps_tell_it_to_a_part_in_a_million)
{
	static const double rates[] = { 600, 2520, 9600, 2441.40625, 100000 };

	recording.revision = revisions[_i / 5];
	recording.by_stamps = true;
	recording.hz[0] = rates[_i % 5];
	recording.n[0] = (unsigned)(2 * recording.hz[0]);
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, recording.n[0]);
	ck_assert_uint_eq(got.restarts, 1);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_double_eq_tol(got.rate_hz[0] / recording.hz[0], 1, 1e-6);
}
END_TEST

START_TEST(the_factor_of_the_time_stamps_counts)
{
	recording.format = formats[_i];
	recording.by_stamps = true;
	recording.timemult = 0.05;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_double_eq_tol(got.rate_hz[0], 2520, 1e-4);
	check_values(V_TOLERANCE + 0.01, A_TOLERANCE + 0.002);
}
END_TEST

START_TEST(time_stamps_of_32_bits_may_wrap)
{
	recording.revision = 2013;	/* nanoseconds: every 4.3 s */
	recording.by_stamps = true;
	recording.n[0] = 25200;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 25200);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_double_eq_tol(got.rate_hz[0], 2520, 1e-4);
	ck_assert_double_eq_tol(got.t_ns[25199] * 1e-9, 25199 / 2520.0, 1e-6);
}
END_TEST

START_TEST(records_that_are_not_there_are_counted_to_the_scan)
{
	recording.format = formats[_i % 4];
	recording.by_stamps = _i / 4;
	recording.absent_from = 1234;
	recording.absent_n = 57;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520 - 57);
	ck_assert_uint_eq(got.lost, 57);
	ck_assert_uint_eq(got.max_lost, 57);
	ck_assert_uint_eq(got.restarts, 1);
	ck_assert_double_eq_tol((got.t_ns[1234] - got.t_ns[1233]) * 1e-9, 58 / 2520.0, 2e-6);
	if (!recording.by_stamps)
		check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_jump_of_the_numbers_alone_loses_nothing)
{
	recording.format = formats[_i];
	recording.absent_from = 1234;
	recording.absent_n = 57;
	recording.stamps_hide_absent = true;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520 - 57);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_uint_eq(got.restarts, 1);
}
END_TEST

START_TEST(what_stands_behind_the_data_of_a_combined_file_is_not_data)
{
	recording.combined = true;
	recording.format = formats[_i];
	recording.tail = _i ? "................................................................" : "--- file type: HDR ---\r\nfree text\r\n";
	ck_assert_int_eq(read_all(), 0);
	ck_assert_int_eq(got.ret, -ENODATA);
	ck_assert_uint_eq(got.n, 2520);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_byte_order_mark_or_blank_lines_before_the_first_do_no_harm)
{
	static const char *const leads[] = { "\xef\xbb\xbf", "\r\n", "\n \t\n\n", "\xef\xbb\xbf\r\n" };

	recording.lead = leads[_i % 4];
	recording.combined = _i / 4;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(numbers_that_do_not_count_records_tell_of_no_loss)
{
	recording.number_step = 10;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	ck_assert_uint_eq(got.lost, 0);
}
END_TEST

START_TEST(between_two_rates_the_stamps_may_make_any_pause)
{
	recording.by_stamps = true;
	recording.hz[1] = 10000;
	recording.n[1] = 5000;
	recording.pause_s = 0.00123;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_int_eq(got.ret, -ENODATA);
	ck_assert_uint_eq(got.n, 7520);
	ck_assert_uint_eq(got.restarts, 2);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_double_eq_tol(got.t_ns[2520] - got.t_ns[2519], 1330000, 1500);
}
END_TEST

START_TEST(data_in_the_same_letter_case_go_before_others)
{
	char other[128];

	snprintf(other, sizeof(other), "%s/test.%s", directory, _i ? "dat" : "DAT");
	recording_write_file(other, "nonsense", 8);
	recording.upper_case = _i;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	unlink(other);
}
END_TEST

START_TEST(without_a_rate_a_new_step_of_the_stamps_is_a_new_rate)
{
	recording.by_stamps = true;
	recording.hz[1] = 10000;
	recording.n[1] = 5000;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 7520);
	ck_assert_uint_eq(got.restarts, 2);
	ck_assert_double_eq_tol(got.rate_hz[0], 2520, 0.01);
	ck_assert_double_eq_tol(got.rate_hz[1], 10000, 0.05);
}
END_TEST

/* Less than single steps of the stamps tell apart from their jitter. */
START_TEST(without_a_rate_a_change_by_a_hundredth_is_a_new_rate)
{
	static const double second[] = { 5000, 4848, 4752, 5200 };

	recording.by_stamps = true;
	recording.format = formats[_i % 2];
	recording.hz[0] = 4800;
	recording.n[0] = 4800;
	recording.hz[1] = second[_i / 2];
	recording.n[1] = (unsigned)second[_i / 2];
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, recording.n[0] + recording.n[1]);
	ck_assert_uint_eq(got.lost, 0);
	ck_assert_uint_eq(got.restarts, 2);
	ck_assert_double_eq_tol(got.rate_hz[0], 4800, 0.5);
	ck_assert_double_eq_tol(got.rate_hz[1], second[_i / 2], 0.5);
}
END_TEST

START_TEST(without_a_rate_a_slight_change_moves_the_rate_of_the_last_second)
{
	recording.by_stamps = true;
	recording.hz[0] = 4800;
	recording.n[0] = 9600;
	recording.hz[1] = 4810;
	recording.n[1] = 9620;
	rate_tolerance = 0.002;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 9600 + 9620);
	ck_assert_uint_eq(got.restarts, 1);
	ck_assert_double_eq_tol(got.last_hz, 4810, 0.03);
}
END_TEST

START_TEST(a_scan_with_a_missing_sample_is_lost_and_nothing_else)
{
	recording.revision = revisions[_i / 4];
	recording.format = formats[_i % 4];
	recording.missing_from = 1000;
	recording.missing_n = 3;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2517);
	ck_assert_uint_eq(got.lost, 3);
	ck_assert_uint_eq(got.max_lost, 3);
	ck_assert_uint_eq(got.restarts, 1);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_missing_sample_of_an_unused_channel_does_no_harm)
{
	static const char *const numbers[] = { "1", "1", "3", "4", "5", "6" };

	for (int c = 0; c < ADC_CHANNELS; c++)
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), "%s", numbers[c]);
	recording.missing_from = 1000;
	recording.missing_n = 3;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	ck_assert_uint_eq(got.lost, 0);
	for (unsigned k = 0; k < got.n; k++)
		ck_assert_double_eq(got.value[ADC_VA][k], got.value[ADC_VB][k]);
}
END_TEST

START_TEST(the_value_99999_is_a_sample_where_the_range_holds_it)
{
	recording.format = "ASCII";
	recording.min = -1000000;
	recording.max = 1000000;
	recording.missing_from = 1000;
	recording.missing_n = 1;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.n, 2520);
	ck_assert_double_eq_tol(got.value[ADC_VB][1000], 99999 * 0.0125, 1e-9);
}
END_TEST

START_TEST(fewer_or_more_records_than_promised_are_read_all_the_same)
{
	recording.format = formats[_i % 4];
	recording.promised = _i / 4 ? 2000 : 3000;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_int_eq(got.ret, -ENODATA);
	ck_assert_uint_eq(got.n, 2520);
	ck_assert_uint_eq(got.restarts, 1);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(names_of_any_encoding_and_numbers_choose_channels)
{
	static const char *const names[] = { "Sp\xe4nnung \xd8", "2", " VC", "IA ", "\xe7\x94\xb5\xe6\xb5\x81", "6" };

	recording.name[0] = names[0];
	recording.name[4] = names[4];
	for (int c = 0; c < ADC_CHANNELS; c++)
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), "%s", names[c]);
	ck_assert_int_eq(read_all(), 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_name_goes_before_a_number)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), "%d", c + 1);
	recording.name[1] = "1";
	recording.name[0] = "2";
	ck_assert_int_eq(read_all(), 0);
	for (unsigned k = 0; k < got.n; k++) {
		double t_s = got.t_ns[k] * 1e-9;

		ck_assert_double_eq_tol(got.value[ADC_VA][k], recording_truth(1, t_s), V_TOLERANCE);
		ck_assert_double_eq_tol(got.value[ADC_VB][k], recording_truth(0, t_s), V_TOLERANCE);
	}
}
END_TEST

START_TEST(phase_letters_order_the_channels_that_are_chosen_by_unit)
{
	static const char *const phases[][6] = {
		{ "C", "A", "B", "B", "C", "A" }, { "3", "1", "2", "2", "3", "1" }, { "L3", "L1", "L2", "L2", "L3", "L1" },
	};
	static const int order[] = { 1, 2, 0, 5, 3, 4 };

	for (int c = 0; c < ADC_CHANNELS; c++)
		recording.phase[c] = phases[_i][c];
	ck_assert_int_eq(read_all(), 0);
	for (unsigned k = 0; k < got.n; k++)
		for (int c = 0; c < ADC_CHANNELS; c++)
			ck_assert_double_eq_tol(got.value[c][k], recording_truth(order[c], got.t_ns[k] * 1e-9), V_TOLERANCE);
}
END_TEST

/* As the configuration's defaults are. */
START_TEST(channels_that_are_not_set_are_chosen_by_unit_and_phase)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), c == _i ? "%d" : "voltage%d", c == _i ? c + 1 : c);
	ck_assert_int_eq(read_all(), 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
}
END_TEST

START_TEST(a_gain_multiplies_the_channel)
{
	config.channel[ADC_VB].gain = 1.25;
	config.channel[ADC_IC].gain = 0.5;
	ck_assert_int_eq(read_all(), 0);
	for (unsigned k = 0; k < got.n; k++) {
		ck_assert_double_eq_tol(got.value[ADC_VB][k], 1.25 * recording_truth(1, got.t_ns[k] * 1e-9), 2 * V_TOLERANCE);
		ck_assert_double_eq_tol(got.value[ADC_IC][k], 0.5 * recording_truth(5, got.t_ns[k] * 1e-9), A_TOLERANCE);
	}
}
END_TEST

/* Sampled later in the scan: shows a wave that is ahead, and so lags by less than nothing. */
START_TEST(a_channel_that_is_sampled_later_gets_a_negative_delay)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		recording.skew_us[c] = 10.0 * c;
	ck_assert_int_eq(read_all(), 0);
	check_values(V_TOLERANCE, A_TOLERANCE);
	for (int c = 0; c < ADC_CHANNELS; c++)
		ck_assert_double_eq_tol(got.delay_us[c], 25 - 10.0 * c, 1e-9);
}
END_TEST

START_TEST(a_skew_that_cannot_be_corrected_is_refused)
{
	recording.skew_us[2] = 1100;
	ck_assert_int_eq(read_all(), -ERANGE);
}
END_TEST

START_TEST(a_loop_starts_anew_and_time_goes_on)
{
	config.loop = true;
	recording.n[0] = 1000;
	recording_write(&recording, directory, "test", path, sizeof(path));
	snprintf(config.recording, sizeof(config.recording), "%s", path);
	ck_assert_int_eq(read_scans(3000), 0);
	ck_assert_uint_eq(got.n, 3000);
	ck_assert_uint_eq(got.restarts, 3);
	for (unsigned k = 1; k < got.n; k++)
		ck_assert_double_eq_tol(got.t_ns[k] - got.t_ns[k - 1], 1e9 / 2520, 1.1);
	for (unsigned k = 0; k < 1000; k++)
		ck_assert_double_eq(got.value[ADC_VA][k], got.value[ADC_VA][k + 2000]);
}
END_TEST

START_TEST(flat_tops_at_the_end_of_the_range_are_clipping)
{
	recording.format = _i % 2 ? "BINARY32" : "BINARY";
	recording.max = _i % 2 ? 2147483647 : 32767;
	recording.min = -recording.max;
	recording.clip = 380;	/* volts are cut, amperes are not */
	for (int c = 0; c < 3; c++)
		recording.a[c] = 380.0 / recording.max;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.clipped, 7);
}
END_TEST

START_TEST(a_peak_that_just_touches_the_end_of_the_range_is_not)
{
	static const double rates[] = { 2520, 10000, 100000 };

	recording.hz[0] = rates[_i];
	recording.n[0] = (unsigned)rates[_i];
	for (int c = 0; c < ADC_CHANNELS; c++)
		recording.a[c] = (c < 3 ? RECORDING_VOLTS_PEAK : RECORDING_AMPS_PEAK) / 32767;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.clipped, 0);
}
END_TEST

START_TEST(flat_tops_within_a_wider_range_are_not)
{
	recording.min = -2048;
	recording.max = 2047;
	recording.clip = 380;
	for (int c = 0; c < 3; c++)
		recording.a[c] = 380.0 / 32767;
	ck_assert_int_eq(read_all(), 0);
	ck_assert_uint_eq(got.clipped, 0);
}
END_TEST

START_TEST(a_cancelled_source_reads_no_more)
{
	static double scans[ADC_CHANNELS][BLOCK_SCANS];
	struct adc_block block = { .n = 0 };
	struct adc_info info;
	struct adc *adc;

	ck_assert_int_eq(read_all(), 0);
	for (int c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = scans[c];
	adc = adc_comtrade_new(&config);
	ck_assert_int_eq(adc->ops->open(adc, &info), 0);
	ck_assert(!info.paced);
	ck_assert_int_gt(adc->ops->read(adc, &block), 0);
	adc->ops->cancel(adc);
	ck_assert_int_eq(adc->ops->read(adc, &block), -ECANCELED);
	adc->ops->free(adc);
}
END_TEST

START_TEST(a_recording_that_is_not_there_is_an_error_each_time)
{
	snprintf(config.recording, sizeof(config.recording), "%s/none.cfg", directory);
	ck_assert_int_eq(read_scans(1), -ENOENT);
	snprintf(config.recording, sizeof(config.recording), "%s", directory);
	ck_assert_int_eq(read_scans(1), -EISDIR);
}
END_TEST

static void add_cases(TCase *cases)
{
	tcase_add_loop_test(cases, every_revision_and_format_gives_the_wave_that_was_recorded, 0, 48);
	tcase_add_loop_test(cases, scale_offset_and_unit_prefix_lead_to_volts_and_amperes, 0, 8);
	tcase_add_test(cases, secondary_values_become_primary_by_the_ratio);
	tcase_add_loop_test(cases, blanks_upper_case_names_and_a_trailing_ctrl_z_do_no_harm, 0, 8);
	tcase_add_loop_test(cases, a_change_of_rate_starts_anew_in_the_right_place, 0, 4);
	tcase_add_test(cases, rates_that_are_nearly_equal_are_one_stretch_at_their_mean);
	tcase_add_test(cases, a_time_beyond_a_year_is_refused);
	tcase_add_test(cases, stretches_too_slow_to_measure_are_passed_over);
	tcase_add_loop_test(cases, without_a_rate_the_time_stamps_tell_it_to_a_part_in_a_million, 0, 15);
	tcase_add_loop_test(cases, the_factor_of_the_time_stamps_counts, 0, 4);
	tcase_add_test(cases, time_stamps_of_32_bits_may_wrap);
	tcase_add_loop_test(cases, records_that_are_not_there_are_counted_to_the_scan, 0, 8);
	tcase_add_loop_test(cases, a_jump_of_the_numbers_alone_loses_nothing, 0, 4);
	tcase_add_loop_test(cases, what_stands_behind_the_data_of_a_combined_file_is_not_data, 0, 4);
	tcase_add_loop_test(cases, a_byte_order_mark_or_blank_lines_before_the_first_do_no_harm, 0, 8);
	tcase_add_test(cases, numbers_that_do_not_count_records_tell_of_no_loss);
	tcase_add_test(cases, between_two_rates_the_stamps_may_make_any_pause);
	tcase_add_loop_test(cases, data_in_the_same_letter_case_go_before_others, 0, 2);
	tcase_add_test(cases, without_a_rate_a_new_step_of_the_stamps_is_a_new_rate);
	tcase_add_loop_test(cases, without_a_rate_a_change_by_a_hundredth_is_a_new_rate, 0, 8);
	tcase_add_test(cases, without_a_rate_a_slight_change_moves_the_rate_of_the_last_second);
	tcase_add_loop_test(cases, a_scan_with_a_missing_sample_is_lost_and_nothing_else, 0, 12);
	tcase_add_test(cases, a_missing_sample_of_an_unused_channel_does_no_harm);
	tcase_add_test(cases, the_value_99999_is_a_sample_where_the_range_holds_it);
	tcase_add_loop_test(cases, fewer_or_more_records_than_promised_are_read_all_the_same, 0, 8);
	tcase_add_test(cases, names_of_any_encoding_and_numbers_choose_channels);
	tcase_add_test(cases, a_name_goes_before_a_number);
	tcase_add_loop_test(cases, phase_letters_order_the_channels_that_are_chosen_by_unit, 0, 3);
	tcase_add_loop_test(cases, channels_that_are_not_set_are_chosen_by_unit_and_phase, 0, 7);
	tcase_add_test(cases, a_gain_multiplies_the_channel);
	tcase_add_test(cases, a_channel_that_is_sampled_later_gets_a_negative_delay);
	tcase_add_test(cases, a_skew_that_cannot_be_corrected_is_refused);
	tcase_add_test(cases, a_loop_starts_anew_and_time_goes_on);
	tcase_add_loop_test(cases, flat_tops_at_the_end_of_the_range_are_clipping, 0, 2);
	tcase_add_loop_test(cases, a_peak_that_just_touches_the_end_of_the_range_is_not, 0, 3);
	tcase_add_test(cases, flat_tops_within_a_wider_range_are_not);
	tcase_add_test(cases, a_cancelled_source_reads_no_more);
	tcase_add_test(cases, a_recording_that_is_not_there_is_an_error_each_time);
}

static void remove_files(void)
{
	static const char *const names[] = { "test.cfg", "test.dat", "test.CFG", "test.DAT", "test.cff" };
	char name[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
		unlink(name);
	}
	rmdir(directory);
}

int main(void)
{
	Suite *suite = suite_create("adc_comtrade");
	TCase *cases = tcase_create("recordings");
	int status;

	if (!mkdtemp(directory)) {
		perror(directory);
		return 99;
	}
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, NULL);
	add_cases(cases);
	/* a sanitizer looks for leaks at the end of each process */
	status = check_main_run_unforked(suite);
	remove_files();
	return status;
}
