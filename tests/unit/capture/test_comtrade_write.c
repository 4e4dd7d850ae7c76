/* Recordings as they are written, read back by the reader, whose own tests know the standard; names and failures. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adc/adc.h"
#include "capture/comtrade_write.h"
#include "capture/recorder_files.h"

#define RATE_HZ 2520.0
#define BLOCK 126u
#define STEP 0.0123456789
#define ZERO (-0.5)

static char directory[] = "/tmp/dinmeterd-write.XXXXXX";
static double samples[ADC_CHANNELS][BLOCK];

static void setup(void)
{
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int entries(void)
{
	DIR *stream = opendir(directory);
	int n = 0;

	while (readdir(stream))
		n++;
	closedir(stream);
	return n - 2;
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int32_t count_of(uint64_t scan, unsigned c)
{
	return (int32_t)((scan * 7919 + c * 104729) % 16777216) - 8388608;
}

/* Whole counts, which the samples stand for. */
static struct adc_block *fill(struct adc_block *block, uint64_t first, unsigned n, uint64_t lost, double rate_hz)
{
	memset(block, 0, sizeof(*block));
	block->n = n;
	block->lost = lost;
	block->nominal_hz = RATE_HZ;
	block->rate_hz = rate_hz;
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		block->scans[c] = samples[c];
		block->step[c] = STEP;
		block->zero[c] = ZERO;
		for (unsigned i = 0; i < n; i++)
			samples[c][i] = STEP * count_of(first + i, c) + ZERO;
	}
	return block;
}

static struct comtrade_about about(void)
{
	struct comtrade_about about = { .station = "a, station", .device = "7", .config = "# nothing\n", .line_hz = 60 };

	for (int c = 0; c < ADC_CHANNELS; c++) {
		about.scale[c] = c < ADC_IA ? 2 : 50;
		about.primary[c] = about.scale[c];
		about.secondary[c] = 1;
		about.delay_us[c] = c == ADC_IB ? 25 : 0;
	}
	about.utc_less_clock_ns = INT64_C(1772409600000000000);
	return about;
}

static struct adc *open_recording(const char *path, struct adc_info *info)
{
	static struct adc_config config;
	struct adc *adc;

	memset(&config, 0, sizeof(config));
	snprintf(config.source, sizeof(config.source), "comtrade");
	snprintf(config.recording, sizeof(config.recording), "%s", path);
	config.block_scans = BLOCK;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		snprintf(config.channel[c].channel, sizeof(config.channel[c].channel), "voltage%d", c);
		config.channel[c].gain = 1;
	}
	config.voltage_ratio = config.current_ratio = 1;
	adc = adc_new(&config);
	ck_assert_int_eq(adc->ops->open(adc, info), 0);
	return adc;
}

/* The next scans of a recording: as they were counted, on the primary side; scan numbers without the lost ones. */
static int read_back(struct adc *adc, uint64_t *scan, struct adc_block *block)
{
	struct comtrade_about truth = about();
	int n;

	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		block->scans[c] = samples[c];
	n = adc->ops->read(adc, block);
	for (int i = 0; i < n; i++, ++*scan)
		for (unsigned c = 0; c < ADC_CHANNELS; c++) {
			double true_value = truth.scale[c] * (STEP * count_of(*scan, c) + ZERO);

			ck_assert_double_eq_tol(block->scans[c][i], true_value, 1e-14 * (fabs(true_value) + truth.scale[c]));
		}
	return n;
}

static void check_delays(const struct adc_block *block)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		ck_assert_double_eq_tol(block->delay_us[c] - block->delay_us[ADC_VA], c == ADC_IB ? 25 : 0, 1e-9);
}

START_TEST(counts_come_back_as_they_were_with_gaps_and_delays)
{
	static const char *const names[] = { "one", "two.CFG", "three.cff" }, *const files[] = { "one.cfg", "two.CFG", "three.cff" };
	struct comtrade_about truth = about();
	struct comtrade_writer *writer;
	struct adc_block block;
	struct adc_info info;
	struct adc *adc;
	uint64_t scan = 1000, lost = 0;

	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory(names[_i]), false), 0);
	for (unsigned b = 0; b < 60; b++) {
		fill(&block, 1000 + b * BLOCK, BLOCK, b == 20 ? 37 : 0, RATE_HZ);
		block.t_ns = llround((b * BLOCK + BLOCK - 1 + (b >= 20 ? 37 : 0)) / RATE_HZ * 1e9);
		ck_assert_int_eq(comtrade_write_block(writer, &block), 0);
	}
	ck_assert_uint_eq(comtrade_write_scans(writer), 60 * BLOCK);
	ck_assert_uint_eq(comtrade_write_lost(writer), 37);
	ck_assert_int_eq(comtrade_write_end(writer, &truth), 0);
	ck_assert_int_eq(entries(), _i == 2 ? 2 : 3);
	adc = open_recording(in_directory(files[_i]), &info);
	ck_assert_double_eq(info.rate_hz, RATE_HZ);
	while (read_back(adc, &scan, &block) > 0) {
		lost += block.lost;
		check_delays(&block);
	}
	ck_assert_uint_eq(scan, 1000 + 60 * BLOCK);
	ck_assert_uint_eq(lost, 37);
	adc->ops->close(adc);
	adc->ops->free(adc);
}
END_TEST

START_TEST(first_scans_that_are_not_wanted_are_left_out)
{
	struct comtrade_about truth = about();
	struct comtrade_writer *writer;
	struct adc_block block;
	struct adc_info info;
	struct adc *adc;
	uint64_t scan = 300, lost = 0;

	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("late"), false), 0);
	for (unsigned b = 0; b < 20; b++)
		ck_assert_int_eq(comtrade_write_block(writer, fill(&block, b * BLOCK, BLOCK, b == 1 ? 5 : b == 12 ? 9 : 0, RATE_HZ)), 0);
	comtrade_write_skip(writer, 300);
	ck_assert_int_eq(comtrade_write_end(writer, &truth), 0);
	adc = open_recording(in_directory("late.cfg"), &info);
	while (read_back(adc, &scan, &block) > 0)
		lost += block.lost;
	ck_assert_uint_eq(scan, 20 * BLOCK);
	ck_assert_uint_eq(lost, 9);
	adc->ops->close(adc);
	adc->ops->free(adc);
}
END_TEST

/* An hour and more of seconds, each at a rate of its own: the reader has room for 999. */
START_TEST(true_rates_are_kept_however_many_seconds_there_are)
{
	struct comtrade_about truth = about();
	struct comtrade_writer *writer;
	struct adc_block block;
	struct adc_info info;
	struct adc *adc;
	double span_s = 0, t_ns = 0, near = 0;
	uint64_t scan = 0;

	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("long"), false), 0);
	for (unsigned s = 0; s < 1100; s++) {
		double rate_hz = 2520 * (1 + 20e-6 * sin(s * 0.01));

		span_s += BLOCK / rate_hz;
		ck_assert_int_eq(comtrade_write_block(writer, fill(&block, s * BLOCK, BLOCK, 0, rate_hz)), 0);
		ck_assert_int_eq(comtrade_write_window(writer, rate_hz, 0), 0);
	}
	ck_assert_int_eq(comtrade_write_end(writer, &truth), 0);
	adc = open_recording(in_directory("long.cfg"), &info);
	while (read_back(adc, &scan, &block) > 0) {
		near = fmax(near, fabs(block.rate_hz / (2520 * (1 + 20e-6 * sin((scan / BLOCK - 1) * 0.01))) - 1));
		t_ns = (double)block.t_ns;
	}
	ck_assert_uint_eq(scan, 1100 * BLOCK);
	ck_assert_double_lt(near, 5e-6);
	ck_assert_double_lt(fabs(t_ns / 1e9 + 1 / RATE_HZ - span_s), 1e-6);
	adc->ops->close(adc);
	adc->ops->free(adc);
}
END_TEST

START_TEST(another_source_ends_a_recording)
{
	struct comtrade_writer *writer;
	struct adc_block block;

	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("changed"), false), 0);
	ck_assert_int_eq(comtrade_write_block(writer, fill(&block, 0, BLOCK, 0, RATE_HZ)), 0);
	fill(&block, BLOCK, BLOCK, 0, RATE_HZ);
	block.step[ADC_IC] *= 2;
	ck_assert_int_eq(comtrade_write_block(writer, &block), -EXDEV);
	comtrade_write_abandon(writer);
	/* what is abandoned leaves nothing */
	ck_assert_int_eq(entries(), 0);
}
END_TEST

START_TEST(what_is_there_is_never_overwritten_unless_it_is_to_be)
{
	struct comtrade_about truth = about();
	struct comtrade_writer *writer, *other;
	struct adc_block block;

	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("same"), false), 0);
	ck_assert_int_eq(comtrade_write_begin(&other, in_directory("same"), false), 0);
	ck_assert_int_eq(comtrade_write_block(writer, fill(&block, 0, BLOCK, 0, RATE_HZ)), 0);
	ck_assert_int_eq(comtrade_write_block(other, &block), 0);
	ck_assert_int_eq(comtrade_write_end(writer, &truth), 0);
	/* it was not there at its beginning */
	ck_assert_int_eq(comtrade_write_end(other, &truth), -EEXIST);
	ck_assert_int_eq(entries(), 3);
	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("same.cfg"), false), -EEXIST);
	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("same.cff"), false), -EEXIST);	/* its settings are there */
	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("same"), true), 0);
	ck_assert_int_eq(comtrade_write_block(writer, &block), 0);
	ck_assert_int_eq(comtrade_write_end(writer, &truth), 0);
	ck_assert_int_eq(entries(), 3);
}
END_TEST

START_TEST(file_that_cannot_be_written_whole_is_not_there)
{
	struct comtrade_about truth = about();
	struct rlimit limit = { 20000, RLIM_INFINITY };
	struct comtrade_writer *writer;
	struct adc_block block;
	int error = 0;

	ck_assert_int_eq(comtrade_write_begin(&writer, "/proc/none/x", false), -ENOENT);
	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory(""), false), -EINVAL);
	ck_assert_int_eq(comtrade_write_begin(&writer, in_directory("big"), false), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned b = 0; b < 100 && !error; b++)
		error = comtrade_write_block(writer, fill(&block, b * BLOCK, BLOCK, 0, RATE_HZ));
	if (!error)
		error = comtrade_write_end(writer, &truth);
	else
		comtrade_write_abandon(writer);
	ck_assert_int_eq(error, -EFBIG);
	ck_assert_int_eq(entries(), 0);
}
END_TEST

static void make_capture(const char *name, unsigned bytes)
{
	static const char *const endings[] = { ".cfg", ".dat", ".conf" };

	for (int i = 0; i < 3; i++) {
		char path[160];
		int fd;

		snprintf(path, sizeof(path), "%s/%s%s", directory, name, endings[i]);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		ck_assert_int_eq(ftruncate(fd, i == 1 ? bytes : 10), 0);
		close(fd);
	}
}

START_TEST(oldest_captures_go_and_only_captures)
{
	char path[256];

	make_capture("20260101T000000Z-phase_loss_a", 1000);
	make_capture("20260101T000001Z-phase_loss_a-2", 1000);
	make_capture("20260102T000000Z-frequency", 1000);
	make_capture("20250101T000000Z", 1000);
	make_capture("my-20250101T000000Z-frequency", 1000);
	make_capture("20250101T000000Z-Mine", 1000);
	ck_assert_int_eq(recorder_files_limit(directory, 2, 1000000), 0);
	ck_assert_int_eq(entries(), 5 * 3);
	ck_assert(access(in_directory("20260101T000000Z-phase_loss_a.cfg"), F_OK));
	ck_assert_int_eq(recorder_files_limit(directory, 2, 1500), 0);
	ck_assert_int_eq(entries(), 4 * 3);
	/* the newest stays, whatever its size */
	ck_assert_int_eq(recorder_files_limit(directory, 1, 1), 0);
	ck_assert(!access(in_directory("20260102T000000Z-frequency.dat"), F_OK));
	/* 2026-01-02 00:00:00 UTC */
	ck_assert_int_eq(recorder_files_name(directory, 1767312000, "frequency", path, sizeof(path)), 0);
	ck_assert_str_eq(strrchr(path, '/'), "/20260102T000000Z-frequency-2");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comtrade_write");
	TCase *tcase = tcase_create("comtrade_write");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, counts_come_back_as_they_were_with_gaps_and_delays, 0, 3);
	tcase_add_test(tcase, first_scans_that_are_not_wanted_are_left_out);
	tcase_add_test(tcase, true_rates_are_kept_however_many_seconds_there_are);
	tcase_add_test(tcase, another_source_ends_a_recording);
	tcase_add_test(tcase, what_is_there_is_never_overwritten_unless_it_is_to_be);
	tcase_add_test(tcase, file_that_cannot_be_written_whole_is_not_there);
	tcase_add_test(tcase, oldest_captures_go_and_only_captures);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
