/* The writer of recordings, through the source that reads them: what was put in comes out, and is measured the same. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adc/adc_comtrade.h"
#include "capture/comtrade_write.h"
#include "daemon/log.h"
#include "lib/check_main.h"
#include "metering/meter.h"

#define SCANS 250
#define SECONDS_MOST 20

static char directory[] = "/tmp/comtrade-write-XXXXXX", name[64], file[80];
static struct settings settings;
static struct comtrade_write *writer;
static struct comtrade_write_info info;
static double scans[ADC_CHANNELS][SCANS];
static struct adc_block block;
static uint64_t next;			/* number of the next scan */
static int64_t now_ns;

static void clear_directory(bool must_be_empty)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[400];

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			ck_assert_msg(!must_be_empty, "%s was left", entry->d_name);
			snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
			unlink(path);
		}
	closedir(dir);
}

static void setup(void)
{
	log_set_level(LOG_CRIT);
	clear_directory(false);
	settings_defaults(&settings);
	snprintf(name, sizeof(name), "%s/rec", directory);
	snprintf(file, sizeof(file), "%s.cfg", name);
	memset(&block, 0, sizeof(block));
	for (int c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = scans[c];
	block.n = SCANS;
	block.nominal_hz = block.rate_hz = 2000;
	block.primary = true;
	next = 0;
	now_ns = INT64_C(1000000000);
	info = (struct comtrade_write_info){ .station = "station, of a kind", .device = "device", .config = "", .settings = &settings,
					     .line_hz = 60, .utc_less_clock_ns = INT64_C(1700000000000000000) };
	ck_assert_int_eq(comtrade_write_open(&writer, name, false), 0);
}

static void teardown(void)
{
	comtrade_write_close(writer);
	clear_directory(false);
}

/* Fills the block with counts of a converter of 24 bits: 60 Hz, other phases and sizes for each channel. */
static void fill(double step, double zero)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		block.step[c] = step;
		block.zero[c] = zero;
		for (unsigned k = 0; k < SCANS; k++) {
			double turn = 60.0 * (double)(next + k) / 2000 - c / 3.0 - (c > 2 ? 0.07 : 0);

			scans[c][k] = step * round(4e6 / (c + 1) * cos(2 * M_PI * turn) + 1000 * sin(0.37 * (double)(next + k))) + zero;
		}
	}
}

/* Gives the block its time, `gap_s` behind the one before beyond what is lost. */
static void pass_time(double gap_s)
{
	now_ns += llround(((double)(block.n + block.lost) / block.rate_hz + gap_s) * 1e9);
	block.t_ns = now_ns;
}

static int add(const struct tap_window *windows, unsigned n)
{
	int ret = comtrade_write_add(writer, &block, next, windows, n);

	next += block.n;
	return ret;
}

static struct adc *open_file(double nominal_hz)
{
	static struct adc_config config;
	struct adc_info opened;
	struct adc *adc;

	memset(&config, 0, sizeof(config));
	config.block_scans = 100;
	config.nominal_hz = nominal_hz;
	for (int c = 0; c < ADC_CHANNELS; c++)
		config.channel[c].gain = 1;
	snprintf(config.recording, sizeof(config.recording), "%s", file);
	adc = adc_comtrade_new(&config);
	ck_assert_int_eq(adc->ops->open(adc, &opened), 0);
	return adc;
}

static void close_file(struct adc *adc)
{
	adc->ops->close(adc);
	adc->ops->free(adc);
}

/* One second after the other, as a meter tells of them. */
struct seconds {
	unsigned n;
	float value[SECONDS_MOST][64];
	unsigned values;
	double kwh[SECONDS_MOST];
};

static void note(struct seconds *seconds, const struct meter *meter)
{
	const struct snapshot *snapshot = meter_snapshot(meter);
	const double *values = &snapshot->readings.p_w;

	ck_assert_uint_lt(seconds->n, SECONDS_MOST);
	seconds->values = offsetof(struct readings, phasor) / sizeof(double);
	for (unsigned i = 0; i < seconds->values; i++)
		seconds->value[seconds->n][i] = (float)values[i];
	seconds->kwh[seconds->n++] = (double)snapshot->energies.kwh.wh / 1e3 + (double)snapshot->energies.kwh.nwh * 1e-12;
}

static struct meter *new_meter(double max_rate_hz, const double delay_us[ADC_CHANNELS])
{
	struct meter_config config = { .max_rate_hz = max_rate_hz, .settings = settings, .sinc_order = 3 };

	rules_defaults(&config.rules);
	if (delay_us)
		memcpy(config.delay_us, delay_us, sizeof(config.delay_us));
	return meter_init(malloc(meter_bytes(&config)), &config);
}

/* As the meter thread and the tap do. */
static void measure(struct meter *meter, struct seconds *seconds, const double delay_us[ADC_CHANNELS], bool keep)
{
	struct tap_window window = { .rate_hz = block.rate_hz };
	bool ended = meter_feed(meter, &block);
	struct adc_block taken = block;
	unsigned since = 0;

	if (ended)
		note(seconds, meter);
	ended = ended && meter_window(meter, &window.n, &since);
	window.first = next + block.n - since - window.n;
	memcpy(taken.delay_us, delay_us, sizeof(taken.delay_us));
	if (keep)
		ck_assert_int_eq(comtrade_write_add(writer, &taken, next, &window, ended), 0);
	next += block.n;
}

static void replay(struct seconds *seconds)
{
	struct adc *adc = open_file(2000);
	struct meter *meter = new_meter(adc_comtrade_max_rate_hz(adc), NULL);
	static double read[ADC_CHANNELS][100];
	struct adc_block got = { .n = 0 };

	for (int c = 0; c < ADC_CHANNELS; c++)
		got.scans[c] = read[c];
	while (adc->ops->read(adc, &got) > 0)
		if (meter_feed(meter, &got))
			note(seconds, meter);
	close_file(adc);
	free(meter);
}

/* The clock drifts, 53 scans are lost, 0.7 s are missing: from the first whole window on each second is measured the same. */
START_TEST(each_second_is_measured_anew_to_the_last_digit_of_a_single)
{
	static const double delay_us[ADC_CHANNELS] = { 0, 40, -15, 3.3, 0, 70 };
	static struct seconds live, again;
	struct meter *meter;

	settings.ct_primary = 400;
	settings.ct_secondary = 3;
	settings.pt_ratio = 250;
	block.primary = false;
	memset(&live, 0, sizeof(live));
	memset(&again, 0, sizeof(again));
	meter = new_meter(2000, delay_us);
	for (unsigned b = 0; b < 14 * 2000 / SCANS; b++) {
		/* 300 ppm beyond the nominal rate, and not even: windows of 2000 scans all the same */
		block.rate_hz = 2000 * (1 + 300e-6 + 50e-6 * sin(0.3 * b));
		block.lost = b == 41 ? 53 : 0;
		block.restarted = b == 77;
		fill(1.0 / 3e4, _i ? 0.25 : 0);
		pass_time(b == 77 ? 0.7 : 0);
		measure(meter, &live, delay_us, b >= 5);
	}
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	replay(&again);
	free(meter);
	/* the first window began before the writer did */
	ck_assert_uint_eq(again.n, live.n - 1);
	for (unsigned i = 0; i < again.n; i++)
		for (unsigned v = 0; v < again.values; v++)
			ck_assert_msg(memcmp(&again.value[i][v], &live.value[i + 1][v], sizeof(float)) == 0, "second %u, value %u: %.9g is not %.9g",
				      i, v, (double)again.value[i][v], (double)live.value[i + 1][v]);
	/* what is bridged over the pause of unknown length goes by time: to a scan */
	ck_assert_double_eq_tol(again.kwh[again.n - 1] - again.kwh[0], live.kwh[live.n - 1] - live.kwh[1],
				live.kwh[live.n - 1] * 1e-4);
}
END_TEST

static void check_values_read_back(double tolerance, double step, double zero, unsigned blocks)
{
	struct adc *adc = open_file(0);
	static double read[ADC_CHANNELS][100];
	struct adc_block got = { .n = 0 };
	uint64_t n = 0;

	for (int c = 0; c < ADC_CHANNELS; c++)
		got.scans[c] = read[c];
	for (next = 0; adc->ops->read(adc, &got) > 0; n += got.n) {
		ck_assert_uint_eq(got.lost, 0);
		for (unsigned k = 0; k < got.n; k++) {
			if ((n + k) % SCANS == 0) {
				next = n + k;
				fill(step, zero);
			}
			for (int c = 0; c < ADC_CHANNELS; c++)
				ck_assert_double_le(fabs(got.scans[c][k] - scans[c][(n + k) % SCANS]), tolerance);
		}
	}
	ck_assert_uint_eq(n, blocks * SCANS);
	close_file(adc);
}

START_TEST(counts_of_a_converter_come_back_to_the_last_bit)
{
	static const double steps[] = { 0.1, 1.0 / 3, 1.2345678901234567e-4, 7e-12 };
	double step = steps[_i / 2], zero = _i % 2 ? 1.1 * step : 0;

	for (unsigned b = 0; b < 8; b++) {
		fill(step, zero);
		pass_time(0);
		ck_assert_int_eq(add(NULL, 0), 0);
	}
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	check_values_read_back(0, step, zero, 8);
}
END_TEST

START_TEST(what_no_converter_has_counted_comes_back_to_a_part_of_4e9_of_its_range)
{
	for (unsigned b = 0; b < 8; b++) {
		fill(1.0 / 3, 0);
		memset(block.step, 0, sizeof(block.step));
		pass_time(0);
		ck_assert_int_eq(add(NULL, 0), 0);
	}
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	check_values_read_back(4.001e6 / 3 / 4294967290.0, 1.0 / 3, 0, 8);
}
END_TEST

/* -2147483648 would mean that the sample is missing. */
START_TEST(the_lowest_count_of_32_bits_is_a_sample)
{
	struct adc *adc;

	fill(0.5, 0);
	scans[1][7] = -2147483648.0 * 0.5;
	pass_time(0);
	ck_assert_int_eq(add(NULL, 0), 0);
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	adc = open_file(0);
	block.n = 0;
	ck_assert_int_eq(adc->ops->read(adc, &block), 100);
	ck_assert_double_eq(block.scans[1][7], -2147483647.0 * 0.5);
	close_file(adc);
}
END_TEST

/* A window of one second ends in each block of this many scans. */
static void add_windows(unsigned windows)
{
	block.nominal_hz = block.rate_hz = SCANS * 4;
	for (unsigned w = 0; w < windows; w++)
		for (unsigned b = 0; b < 4; b++) {
			struct tap_window window = { .first = w * 4 * SCANS, .n = 4 * SCANS, .rate_hz = 1000 + 0.001 * (w % 100) };

			fill(1, 0);
			block.rate_hz = window.rate_hz;
			pass_time(0);
			ck_assert_int_eq(add(&window, b == 3), 0);
		}
}

START_TEST(more_rates_than_the_standard_has_room_for_end_in_their_mean)
{
	struct comtrade_write_account account;
	struct adc *adc;
	int64_t end_ns = 0;

	add_windows(1300);
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	comtrade_write_get_account(writer, &account);
	ck_assert_uint_eq(account.scans, 1300 * 4 * SCANS);
	adc = open_file(0);
	while (adc->ops->read(adc, &block) > 0)
		end_ns = block.t_ns;
	close_file(adc);
	ck_assert_double_eq_tol(account.seconds, (double)(now_ns - INT64_C(1000000000)) * 1e-9, 1e-5);
	ck_assert_double_eq_tol((double)end_ns * 1e-9, account.seconds, 0.0011);
}
END_TEST

START_TEST(another_source_ends_the_recording_and_what_there_is_is_whole)
{
	fill(1, 0);
	pass_time(0);
	ck_assert_int_eq(add(NULL, 0), 0);
	pass_time(0);
	switch (_i) {
	case 0: block.step[3] = 2; break;
	case 1: block.nominal_hz = 4000; break;
	case 2: block.primary = false; break;
	case 3: block.delay_us[5] = 1; break;
	default: block.restarted = true; block.t_ns += INT64_C(86500000000000); break;
	}
	ck_assert_int_eq(add(NULL, 0), -ESTALE);
	ck_assert_int_eq(comtrade_write_finish(writer, &info), 0);
	check_values_read_back(0, 1, 0, 1);
}
END_TEST

START_TEST(nothing_is_seen_of_a_recording_that_was_not_finished)
{
	fill(1, 0);
	pass_time(0);
	ck_assert_int_eq(add(NULL, 0), 0);
	clear_directory(true);
	comtrade_write_close(writer);
	writer = NULL;
	clear_directory(true);
	ck_assert_int_eq(comtrade_write_open(&writer, name, false), 0);
	ck_assert_int_eq(comtrade_write_finish(writer, &info), -ENODATA);
	clear_directory(true);
}
END_TEST

/* It may come to be there while samples are taken. */
START_TEST(nothing_that_is_there_is_replaced)
{
	FILE *other;
	char text[8] = "";

	fill(1, 0);
	pass_time(0);
	ck_assert_int_eq(add(NULL, 0), 0);
	other = fopen(file, "w");
	fputs("other", other);
	fclose(other);
	ck_assert_int_eq(comtrade_write_finish(writer, &info), -EEXIST);
	ck_assert_ptr_nonnull(strstr(comtrade_write_error(writer), "rec.cfg: is there already"));
	other = fopen(file, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), other));
	fclose(other);
	ck_assert_str_eq(text, "other");
	unlink(file);
	comtrade_write_close(writer);
	writer = NULL;
	clear_directory(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comtrade_write");
	TCase *cases = tcase_create("comtrade_write");
	int status;

	if (!mkdtemp(directory))
		return 99;
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 120);
	tcase_add_loop_test(cases, each_second_is_measured_anew_to_the_last_digit_of_a_single, 0, 2);
	tcase_add_loop_test(cases, counts_of_a_converter_come_back_to_the_last_bit, 0, 8);
	tcase_add_test(cases, what_no_converter_has_counted_comes_back_to_a_part_of_4e9_of_its_range);
	tcase_add_test(cases, the_lowest_count_of_32_bits_is_a_sample);
	tcase_add_test(cases, more_rates_than_the_standard_has_room_for_end_in_their_mean);
	tcase_add_loop_test(cases, another_source_ends_the_recording_and_what_there_is_is_whole, 0, 5);
	tcase_add_test(cases, nothing_is_seen_of_a_recording_that_was_not_finished);
	tcase_add_test(cases, nothing_that_is_there_is_replaced);
	suite_add_tcase(suite, cases);
	status = check_main_run(suite);
	rmdir(directory);
	return status;
}
