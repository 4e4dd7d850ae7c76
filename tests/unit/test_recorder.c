/* Captures that alerts begin: a ring that is filled in time, alerts by script, files that are looked at afterwards. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capture/recorder.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "metering/alerts.h"

#define SCANS_MOST 1000
#define HANG_NS INT64_C(60000000000)

static char directory[] = "/tmp/recorder-XXXXXX";
static struct capture_config config;
static struct recorder *recorder;
static struct tap *tap;
static double memory[ADC_CHANNELS][SCANS_MOST];
static double *mine[ADC_CHANNELS];
static bool restless;		/* the alert comes and goes with every look */
static unsigned alerts, looks, dead_looks;	/* at the first ones nothing is measured yet */
static unsigned asked;		/* for the measurement */
static enum { ANSWERS, MKDIR_HANGS, FSYNC_HANGS } disk;
static bool hung;

/* In the place of the library's: a disk that does not answer until it does. */
static void wait_for_disk(int hangs)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while ((int)__atomic_load_n(&disk, __ATOMIC_SEQ_CST) == hangs) {
		__atomic_store_n(&hung, true, __ATOMIC_SEQ_CST);
		nanosleep(&pause, NULL);
	}
}

int mkdir(const char *path, mode_t mode)
{
	wait_for_disk(MKDIR_HANGS);
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int fsync(int fd)
{
	wait_for_disk(FSYNC_HANGS);
	return (int)syscall(SYS_fsync, fd);
}

static void copy_snapshot(void *context, struct snapshot *snapshot)
{
	(void)context;
	memset(snapshot, 0, sizeof(*snapshot));
	settings_defaults(&snapshot->settings);
	__atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
	snapshot->readings.hz = 50.02;
	snapshot->live = __atomic_load_n(&looks, __ATOMIC_RELAXED) > dead_looks;
	snapshot->alerts = restless ? __atomic_load_n(&looks, __ATOMIC_RELAXED) % 2 * ALERT_LOW_PF(1) : __atomic_load_n(&alerts, __ATOMIC_RELAXED);
}

static void show_measurement(void *context, char *text, size_t size)
{
	(void)context;
	__atomic_fetch_add(&asked, 1, __ATOMIC_SEQ_CST);
	snprintf(text, size, "meter: { };\n");
}

static const struct recorder_ops ops = { copy_snapshot, show_measurement };

static void setup(void)
{
	static const double no_delay[ADC_CHANNELS];

	log_set_level(LOG_CRIT);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	config = (struct capture_config){ .ring_s = 2, .on_alerts = "low_pf_b", .keep = 100, .max_mb = 100 };
	snprintf(config.path, sizeof(config.path), "%s", directory);
	for (int c = 0; c < ADC_CHANNELS; c++)
		mine[c] = memory[c];
	tap = tap_new(2, 100000, SCANS_MOST, no_delay);
	ck_assert_ptr_nonnull(tap);
}

static void teardown(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[400];

	recorder_stop(recorder, monotonic_ns() + HANG_NS);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(directory);
	tap_free(tap);
}

static void put(unsigned n, double rate_hz, int64_t t_ns)
{
	struct adc_block block = { .n = n, .nominal_hz = rate_hz, .rate_hz = rate_hz, .primary = true, .t_ns = t_ns };

	for (int c = 0; c < ADC_CHANNELS; c++) {
		block.scans[c] = mine[c];
		for (unsigned k = 0; k < n; k++)
			mine[c][k] = (double)(c + 1);
	}
	tap_put(tap, &block, NULL);
	memcpy(mine, block.scans, sizeof(mine));
}

static struct recorder_status status(void)
{
	struct recorder_status now;

	recorder_get_status(recorder, &now);
	return now;
}

/* Fills the ring as a converter would, until so many captures are written. */
static void fill_until(uint64_t count, unsigned n, double rate_hz)
{
	const struct timespec pause = { .tv_nsec = lround(n / rate_hz * 1e9) };
	int64_t limit_ns = monotonic_ns() + HANG_NS;

	while (status().count < count) {
		ck_assert_msg(monotonic_ns() < limit_ns, "capture %d was never written: %s", (int)count, strerror(-status().last_error));
		put(n, rate_hz, monotonic_ns());
		nanosleep(&pause, NULL);
	}
}

static void begin(void)
{
	ck_assert_int_eq(recorder_start(&recorder, &config, tap, "station", "device", &ops, NULL), 0);
}

/* From the alert until it has been seen that it is not there. */
static void wait_for_looks(unsigned n)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (__atomic_load_n(&looks, __ATOMIC_RELAXED) < n)
		nanosleep(&pause, NULL);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_cfg(const struct dirent *entry)
{
	return strstr(entry->d_name, ".cfg") != NULL;
}

/* Seconds of the oldest capture, before and behind its alert. */
static void read_oldest(double rate_hz, double *before_s, double *after_s)
{
	struct dirent **list;
	char path[400], line[200];
	double at[2] = { 0, 0 };
	unsigned times = 0, last = 0;
	int n = scandir(directory, &list, is_cfg, by_name);
	FILE *in;

	ck_assert_int_ge(n, 1);
	snprintf(path, sizeof(path), "%s/%s", directory, list[0]->d_name);
	in = fopen(path, "r");
	for (unsigned l = 0; fgets(line, sizeof(line), in); l++) {
		char *colon = strrchr(line, ':');

		if (l == 10)
			last = (unsigned)strtoul(strchr(line, ',') + 1, NULL, 10);
		if (colon && times < 2)
			at[times++] = strtod(colon + 1, NULL);
	}
	fclose(in);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	*before_s = at[1] - at[0] + (at[1] < at[0] ? 60 : 0);
	*after_s = last / rate_hz - *before_s;
}

START_TEST(alerts_again_and_again_make_it_longer_within_bounds_and_then_begin_another)
{
	double before_s, after_s;

	config.after_s = 0.25;
	restless = true;
	begin();
	fill_until(2, 10, 2000);
	read_oldest(2000, &before_s, &after_s);
	ck_assert_double_ge(after_s, 0.3);
	/* what a busy machine makes of the times of the blocks aside */
	ck_assert_double_le(after_s, RECORDER_LONGEST * config.after_s + 0.5);
}
END_TEST

START_TEST(a_capture_ends_when_it_alone_is_all_that_may_be_kept)
{
	char path[400];
	struct stat file;

	config.after_s = 600;
	config.max_mb = 1;
	begin();
	wait_for_looks(1);
	__atomic_store_n(&alerts, ALERT_LOW_PF(1), __ATOMIC_RELAXED);
	fill_until(1, SCANS_MOST, 100000);
	snprintf(path, sizeof(path), "%s/%s.dat", directory, status().last);
	ck_assert_int_eq(stat(path, &file), 0);
	ck_assert_int_ge(file.st_size, 900000);
	ck_assert_int_le(file.st_size, 1100000);
}
END_TEST

START_TEST(the_seconds_before_a_source_falls_silent_are_written_all_the_same)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	double before_s, after_s;
	int64_t now_ns = monotonic_ns();

	config.after_s = 0.05;
	for (int b = 100; b > 0; b--)
		put(20, 2000, now_ns - b * INT64_C(10000000));
	begin();
	wait_for_looks(1);
	__atomic_store_n(&alerts, ALERT_LOW_PF(1), __ATOMIC_RELAXED);
	while (!status().count)
		nanosleep(&pause, NULL);
	read_oldest(2000, &before_s, &after_s);
	ck_assert_double_eq_tol(before_s + after_s, 1, 1e-3);
}
END_TEST

START_TEST(only_a_named_alert_that_rises_begins_one)
{
	config.after_s = 0.05;
	snprintf(config.on_alerts, sizeof(config.on_alerts), "low_pf_b, phase_loss_c");
	dead_looks = 2;
	begin();
	wait_for_looks(1);
	__atomic_store_n(&alerts, ALERT_LOW_PF(1), __ATOMIC_RELAXED);
	wait_for_looks(4);
	__atomic_store_n(&alerts, ALERT_FREQUENCY | ALERT_LOW_PF(0) | ALERT_LOW_PF(1), __ATOMIC_RELAXED);
	wait_for_looks(6);
	ck_assert_int_eq(status().state, RECORDER_WAITING);
	ck_assert_uint_eq(status().count + status().failures, 0);
}
END_TEST

/* The thread that was left alone, which nobody can join. */
static bool runs(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	bool found = false;
	char path[300], name[20] = "";

	while (!found && (task = readdir(tasks))) {
		FILE *in;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		in = fopen(path, "r");
		found = in && fgets(name, sizeof(name), in) && !strcmp(name, "recorder\n");
		if (in)
			fclose(in);
	}
	closedir(tasks);
	return found;
}

/* Hangs in the middle of a capture; the end leaves the recorder alone with it, and it then does no more than forget. */
static void end_while_disk_hangs(int hangs)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t limit_ns = monotonic_ns() + HANG_NS, begin_ns;
	unsigned before;

	config.after_s = 0.05;
	begin();
	wait_for_looks(1);
	__atomic_store_n(&disk, hangs, __ATOMIC_SEQ_CST);
	__atomic_store_n(&alerts, ALERT_LOW_PF(1), __ATOMIC_RELAXED);
	while (!__atomic_load_n(&hung, __ATOMIC_SEQ_CST)) {
		ck_assert_msg(monotonic_ns() < limit_ns, "the disk was never asked");
		put(20, 2000, monotonic_ns());
		nanosleep(&pause, NULL);
	}
	begin_ns = monotonic_ns();
	recorder_stop(recorder, begin_ns + 100000000);
	recorder = NULL;
	ck_assert_double_le((double)(monotonic_ns() - begin_ns), 5e9);
	/* what it was lent is gone now */
	tap_free(tap);
	tap = NULL;
	before = __atomic_load_n(&asked, __ATOMIC_SEQ_CST);
	__atomic_store_n(&disk, ANSWERS, __ATOMIC_SEQ_CST);
	while (runs()) {
		ck_assert_msg(monotonic_ns() < limit_ns, "it never ends");
		nanosleep(&pause, NULL);
	}
	ck_assert_uint_eq(__atomic_load_n(&asked, __ATOMIC_SEQ_CST), before);
}

START_TEST(an_end_while_the_place_cannot_be_made_waits_for_no_disk_and_is_asked_nothing)
{
	end_while_disk_hangs(MKDIR_HANGS);
}
END_TEST

START_TEST(an_end_while_the_files_cannot_be_written_waits_for_no_disk)
{
	end_while_disk_hangs(FSYNC_HANGS);
}
END_TEST

START_TEST(names_sort_by_time_and_only_they_are_own)
{
	static const struct { const char *file; bool own, unfinished; } rows[] = {
		{ "20260228T235959Z-phase_loss_a.cfg", true, false }, { "20260228T235959Z-phase_loss_a-2.dat", true, false },
		{ "20260228T235959Z-frequency.conf", true, false }, { "20260228T235959Z-frequency.conf.123.new", true, true },
		{ "20260228T235959Z-frequency.cff", false, false }, { "20260228T235959Z-.cfg", false, false },
		{ "20260228T23595Z-frequency.cfg", false, false }, { "20260228T235959Z-frequency.cfg.bak", false, false },
		{ "20260228T235959Z-frequency.cfg.new", false, false }, { "x20260228T235959Z-frequency.cfg", false, false },
		{ "20260228T235959Z-Frequency.cfg", false, false }, { "20260228", false, false }, { "", false, false },
	};
	char name[SHELF_NAME_MAX], later[SHELF_NAME_MAX];
	bool unfinished;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(shelf_is_own(rows[i].file, name, &unfinished) == rows[i].own, "%s", rows[i].file);
		if (rows[i].own)
			ck_assert_int_eq(unfinished, rows[i].unfinished);
	}
	/* date -u -d @1772323199 */
	shelf_name(1772323199, "phase_loss_a", name);
	ck_assert_str_eq(name, "20260228T235959Z-phase_loss_a");
	shelf_name(1772323200, "frequency", later);
	ck_assert_int_lt(strcmp(name, later), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recorder");
	TCase *cases = tcase_create("recorder");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 120);
	tcase_add_test(cases, alerts_again_and_again_make_it_longer_within_bounds_and_then_begin_another);
	tcase_add_test(cases, a_capture_ends_when_it_alone_is_all_that_may_be_kept);
	tcase_add_test(cases, the_seconds_before_a_source_falls_silent_are_written_all_the_same);
	tcase_add_test(cases, only_a_named_alert_that_rises_begins_one);
	tcase_add_test(cases, an_end_while_the_place_cannot_be_made_waits_for_no_disk_and_is_asked_nothing);
	tcase_add_test(cases, an_end_while_the_files_cannot_be_written_waits_for_no_disk);
	tcase_add_test(cases, names_sort_by_time_and_only_they_are_own);
	suite_add_tcase(suite, cases);
	return check_main_run(suite);
}
