/*
 * The ordinary life of a store: commits, generations, thread, log, lock.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "scene.h"
#include "store/store_private.h"

static off_t size_of(const char *name)
{
	char path[FILES_PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", scene.directory, name);
	return stat(path, &status) < 0 ? -1 : status.st_size;
}

/* What each generation holds by itself. */
static uint64_t sequence_of(unsigned generation, struct nv *nv)
{
	static struct recorded recorded;
	char path[FILES_PATH_MAX], reason[GENERATION_REASON_MAX];

	files_get_path(scene.directory, generation, path);
	if (generation_load(path, &recorded, reason) != GENERATION_GOOD)
		return 0;
	if (nv)
		*nv = recorded.record.nv;
	return recorded.record.sequence;
}

START_TEST(first_start_finds_nothing_and_makes_the_directory)
{
	char deep[128];
	struct stat status;
	struct store *store;
	struct nv nv;

	snprintf(deep, sizeof(deep), "%s/a/b", scene.directory);
	store = script_open(&scene.script, deep);
	ck_assert(!store_get_nv(store, &nv));
	ck_assert_uint_eq(store_get_entries(store, scene.entries), 0);
	ck_assert_int_eq(stat(deep, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0750);
	script_kill(store);
}
END_TEST

START_TEST(every_field_comes_back)
{
	struct store *store;
	struct nv nv;

	for (int round = 0; round < 20; round++) {
		script_fill(&scene.script.nv, &scene.seed);
		store = script_open(&scene.script, scene.directory);
		ck_assert_int_eq(script_write(store, round & 1), 0);
		script_kill(store);
		scene_forget_handover();
		ck_assert(script_find(scene.directory, &nv, NULL, NULL));
		ck_assert(script_same_meter(&nv, &scene.script.nv));
		ck_assert(!nv.stopped);
	}
}
END_TEST

START_TEST(interval_commits_go_to_the_generations_in_turn)
{
	struct store *store = script_open(&scene.script, scene.directory);
	uint64_t before[2], behind[2];

	script_write(store, true);
	for (int i = 0; i < 6; i++) {
		unsigned changed;

		before[0] = store->generation[0].committed.sequence;
		before[1] = store->generation[1].committed.sequence;
		script_advance(&scene.script);
		ck_assert_int_eq(script_write(store, false), 0);
		behind[0] = store->generation[0].committed.sequence;
		behind[1] = store->generation[1].committed.sequence;
		changed = behind[0] != before[0] ? 0 : 1;
		ck_assert_uint_eq(behind[1 - changed], before[1 - changed]);
		ck_assert_uint_lt(before[changed], before[1 - changed]);
		ck_assert_uint_gt(behind[changed], behind[1 - changed]);
		ck_assert_uint_eq(sequence_of(changed, NULL), behind[changed]);
	}
	script_kill(store);
}
END_TEST

START_TEST(important_commit_stands_in_both_generations)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv[2];

	script_write(store, true);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_ne(sequence_of(0, &nv[0]), sequence_of(1, &nv[1]));
	ck_assert(script_same_meter(&nv[0], &scene.script.nv));
	ck_assert(script_same_meter(&nv[1], &scene.script.nv));
	script_kill(store);
}
END_TEST

START_TEST(new_log_entry_stands_in_both_generations)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv[2];

	script_write(store, true);
	script_log(&scene.script);
	ck_assert_int_eq(script_write(store, false), 0);
	sequence_of(0, &nv[0]);
	sequence_of(1, &nv[1]);
	ck_assert_uint_eq(nv[0].meter.log.serial, 1);
	ck_assert_uint_eq(nv[1].meter.log.serial, 1);
	script_kill(store);
}
END_TEST

START_TEST(meter_that_stands_still_writes_nothing)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct store_status before, behind;

	script_write(store, true);
	store_get_status(store, &before);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(script_write(store, i & 1), 0);
	store_get_status(store, &behind);
	ck_assert_uint_gt(before.bytes_written, 0);
	ck_assert_uint_eq(before.bytes_written, behind.bytes_written);
	ck_assert_uint_eq(before.commits, behind.commits);
	script_kill(store);
}
END_TEST

START_TEST(value_that_is_not_legal_never_reaches_the_files)
{
	struct store *store = script_open(&scene.script, scene.directory);
	double before = scene.script.nv.meter.max_demand[DEMAND_Q];
	struct nv nv;

	scene.script.nv.meter.log.config = 99;
	ck_assert_int_eq(script_write(store, true), -EINVAL);
	scene.script.nv.meter.log.config = 1;
	ck_assert_int_eq(script_write(store, true), 0);
	script_advance(&scene.script);
	scene.script.nv.meter.max_demand[DEMAND_Q] = NAN;
	scene.script.nv.meter.settings.system_type = 77;
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(nv.meter.max_demand[DEMAND_Q] == before);
	ck_assert_int_ne(nv.meter.settings.system_type, 77);
	ck_assert_uint_eq(nv.meter.energies.kwh.wh, scene.script.nv.meter.energies.kwh.wh);
}
END_TEST

START_TEST(files_are_for_their_owner_alone)
{
	struct store *store = script_open(&scene.script, scene.directory);
	static const char *const names[] = { "state.0.db", "state.1.db", "state.0.db-wal" };
	struct handover_name name;
	char path[FILES_PATH_MAX];
	struct stat status;

	umask(0);
	script_write(store, true);
	script_advance(&scene.script);
	script_write(store, true);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", scene.directory, names[i]);
		ck_assert_int_eq(stat(path, &status), 0);
		ck_assert_uint_eq(status.st_mode & 07777, 0600);
	}
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	ck_assert_int_eq(stat(name.path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(size_of("state.0.db-shm"), -1);
	script_kill(store);
}
END_TEST

/* -- the thread -- */

static void wait_for_commits(struct store *store, uint64_t commits)
{
	int64_t deadline_ns = monotonic_ns() + SCENE_PATIENCE_NS;
	struct store_status status;

	for (;;) {
		store_get_status(store, &status);
		if (status.commits >= commits)
			return;
		ck_assert_msg(monotonic_ns() < deadline_ns, "no commit: %s", status.message);
		usleep(1000);
	}
}

START_TEST(thread_commits_at_its_start_and_when_asked_and_at_the_end)
{
	struct store *store;
	struct store_status status;
	struct nv nv;

	ck_assert_int_eq(store_open(&store, scene.directory, 3600), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	wait_for_commits(store, 2);
	script_advance(&scene.script);
	store_commit(store);
	wait_for_commits(store, 4);
	ck_assert(sequence_of(0, &nv) && script_same_meter(&nv, &scene.script.nv));
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	ck_assert_int_eq(status.last_error, 0);
	ck_assert_str_eq(status.message, "");
	ck_assert(status.last_commit_ns > 0 && status.worst_commit_s >= status.last_commit_s && status.heartbeat_ns > 0);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, NULL, 0);
	store_stop(store, 60);
	ck_assert(sequence_of(0, &nv) && script_same_meter(&nv, &scene.script.nv) && nv.stopped);
	ck_assert(sequence_of(1, &nv) && script_same_meter(&nv, &scene.script.nv) && nv.stopped);
	/* folded into one file each, and nothing left to hand over */
	ck_assert_int_eq(size_of("state.0.db-wal"), -1);
	ck_assert_int_eq(size_of("state.1.db-wal"), -1);
	ck_assert_uint_eq(script_count_files(scene.runtime, "dinmeterd-", NULL), 0);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(nv.stopped);
	ck_assert_uint_eq(strlen(nv.boot_id), 36);
}
END_TEST

START_TEST(thread_commits_by_itself_each_interval)
{
	struct store *store;
	struct nv nv;

	ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	wait_for_commits(store, 2);
	script_advance(&scene.script);
	wait_for_commits(store, 3);
	script_advance(&scene.script);
	wait_for_commits(store, 4);
	store_stop(store, 60);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

START_TEST(store_that_was_never_started_stops_without_a_word)
{
	struct store *store;

	ck_assert_int_eq(store_open(&store, scene.directory, 10), 0);
	store_stop(store, 1);
	store_stop(NULL, 1);
	ck_assert_int_eq(size_of("state.0.db"), -1);
}
END_TEST

/* -- the log -- */

START_TEST(full_log_survives_a_kill_and_a_wrap)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct datalog_entry expected;
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < DATALOG_ENTRIES; i++) {
		script_log(&scene.script);
		if (i % 500 == 0)
			script_write(store, false);
	}
	script_write(store, false);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert_uint_eq(n, DATALOG_ENTRIES);
	for (unsigned i = 0; i < n; i++) {
		script_entry(&expected, i + 1, 0);
		ck_assert(!memcmp(&scene.entries[i], &expected, sizeof(expected)));
	}
	store = script_open(&scene.script, scene.directory);
	for (unsigned i = 0; i < 1000; i++)
		script_log(&scene.script);
	script_write(store, false);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert_uint_eq(n, DATALOG_ENTRIES);
	ck_assert_uint_eq(scene.entries[0].serial, 1001);
	ck_assert_uint_eq(scene.entries[n - 1].serial, 6760);
	/* a row is less than 90 bytes, and each slot has one */
	ck_assert_int_lt(size_of("state.0.db"), DATALOG_ENTRIES * 100);
}
END_TEST

/* A file from another past (put back by hand): the older one's entries of the same numbers are not the meter's. */
START_TEST(entries_of_another_past_are_written_over)
{
	char other[128], command[512];
	struct datalog_entry expected;
	struct store *store;
	unsigned n;
	struct nv nv;

	snprintf(other, sizeof(other), "%s/other", scene.directory);
	store = script_open(&scene.script, other);
	for (unsigned i = 0; i < 30; i++) {
		script_log(&scene.script);
		script_entry(&scene.script.entry[i + 1], i + 1, i < 10 ? 0 : 1);
	}
	script_write(store, true);
	script_kill(store);
	scene_forget_handover();
	store = script_open(&scene.script, scene.directory);
	for (unsigned i = 10; i < 30; i++)
		script_entry(&scene.script.entry[i + 1], i + 1, 0);
	for (int i = 0; i < 4; i++) {
		script_advance(&scene.script);
		script_write(store, true);
	}
	script_kill(store);
	scene_forget_handover();
	snprintf(command, sizeof(command), "cd %s && rm state.0.db* && mv other/state.0.db .", scene.directory);
	ck_assert_int_eq(system(command), 0);
	store = script_open(&scene.script, scene.directory);
	ck_assert(store_get_nv(store, &nv) && script_same_meter(&nv, &scene.script.nv));
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	scene_forget_handover();
	snprintf(command, sizeof(command), "rm %s/state.1.db*", scene.directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(n, 30);
	for (unsigned i = 0; i < n; i++) {
		script_entry(&expected, i + 1, 0);
		ck_assert(!memcmp(&scene.entries[i], &expected, sizeof(expected)));
	}
}
END_TEST

START_TEST(log_that_was_reset_stays_reset)
{
	struct store *store = script_open(&scene.script, scene.directory);
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < 100; i++)
		script_log(&scene.script);
	script_write(store, true);
	scene.script.nv.meter.log.first_serial = 101;
	script_write(store, true);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert_uint_eq(n, 0);
	store = script_open(&scene.script, scene.directory);
	script_log(&scene.script);
	script_write(store, true);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(scene.entries[0].serial, 101);
}
END_TEST

/* Interval commits and a log entry each quarter of an hour, with a wrap of the log: a year's worth of the rows' changes. */
START_TEST(year_of_commits_does_not_grow_the_files)
{
	struct store *store = script_open(&scene.script, scene.directory);
	off_t database = 0, wal = 0;

	/* serials as wide as at the end: SQLite stores small numbers shorter */
	scene.script.nv.meter.log.serial = 1000000;
	scene.script.nv.meter.log.first_serial = 1000001;
	for (unsigned i = 0; i < DATALOG_ENTRIES; i++)
		script_log(&scene.script);
	for (unsigned hour = 0; hour < 365 * 24; hour++) {
		script_advance(&scene.script);
		for (int quarter = 0; hour % 4 == 0 && quarter < 4; quarter++)
			script_log(&scene.script);
		ck_assert_int_eq(script_write(store, false), 0);
		if (hour == 24 * 30) {
			database = size_of("state.0.db") + size_of("state.1.db");
			wal = size_of("state.0.db-wal") + size_of("state.1.db-wal");
		}
	}
	ck_assert_int_gt(database, 100000);
	ck_assert_int_lt(database, 3000000);
	ck_assert_int_le(size_of("state.0.db") + size_of("state.1.db"), database + 16384);
	ck_assert_int_le(size_of("state.0.db-wal") + size_of("state.1.db-wal"), wal + 65536);
	script_kill(store);
}
END_TEST

/* -- the lock -- */

START_TEST(second_store_is_told_who_has_the_directory_and_touches_nothing)
{
	char go[2], expected[32];
	struct store *store;
	struct store_status status;
	int ready[2], done[2];
	struct nv nv;
	pid_t child;

	ck_assert(!pipe(ready) && !pipe(done));
	child = fork();
	if (child == 0) {
		store = script_open(&scene.script, scene.directory);
		script_write(store, true);
		if (write(ready[1], "r", 1) != 1 || read(done[0], go, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], go, 1), 1);
	store = script_open(&scene.script, scene.directory);
	ck_assert(!store_get_nv(store, &nv));
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_UNUSABLE);
	ck_assert_int_eq(status.last_error, -EBUSY);
	snprintf(expected, sizeof(expected), "in use by process %ld", (long)child);
	ck_assert_msg(strstr(status.message, expected), "%s", status.message);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), -EBUSY);
	store_handover(store, &scene.script.nv, NULL, 0);
	ck_assert_uint_eq(sequence_of(0, NULL) + sequence_of(1, NULL), 3);
	ck_assert_int_eq(write(done[1], "d", 1), 1);
	waitpid(child, NULL, 0);
	/* The first one is gone; what it left is not this one's to overwrite. */
	ck_assert_int_eq(script_write(store, true), -EEXIST);
	ck_assert_uint_eq(sequence_of(0, NULL) + sequence_of(1, NULL), 3);
	ck_assert_uint_eq(script_count_files(scene.directory, "foreign", NULL) + script_count_files(scene.directory, "damaged", NULL), 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
}
END_TEST

START_TEST(directory_that_comes_later_is_used_when_it_is_empty)
{
	char path[128], blocked[96];
	struct store_status status;
	struct store *store;
	struct nv nv;
	int fd;

	/* a file stands where the directory's parent should be */
	snprintf(blocked, sizeof(blocked), "%s/p", scene.directory);
	snprintf(path, sizeof(path), "%s/state", blocked);
	fd = open(blocked, O_CREAT | O_WRONLY, 0600);
	close(fd);
	store = script_open(&scene.script, path);
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_UNUSABLE);
	ck_assert_int_eq(script_write(store, true), -ENOTDIR);
	unlink(blocked);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(path, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

int main(void)
{
	TCase *tcase = scene_tests("store");

	tcase_add_test(tcase, first_start_finds_nothing_and_makes_the_directory);
	tcase_add_test(tcase, every_field_comes_back);
	tcase_add_test(tcase, interval_commits_go_to_the_generations_in_turn);
	tcase_add_test(tcase, important_commit_stands_in_both_generations);
	tcase_add_test(tcase, new_log_entry_stands_in_both_generations);
	tcase_add_test(tcase, meter_that_stands_still_writes_nothing);
	tcase_add_test(tcase, value_that_is_not_legal_never_reaches_the_files);
	tcase_add_test(tcase, files_are_for_their_owner_alone);
	tcase_add_test(tcase, thread_commits_at_its_start_and_when_asked_and_at_the_end);
	tcase_add_test(tcase, thread_commits_by_itself_each_interval);
	tcase_add_test(tcase, store_that_was_never_started_stops_without_a_word);
	tcase_add_test(tcase, full_log_survives_a_kill_and_a_wrap);
	tcase_add_test(tcase, entries_of_another_past_are_written_over);
	tcase_add_test(tcase, log_that_was_reset_stays_reset);
	tcase_add_test(tcase, year_of_commits_does_not_grow_the_files);
	tcase_add_test(tcase, second_store_is_told_who_has_the_directory_and_touches_nothing);
	tcase_add_test(tcase, directory_that_comes_later_is_used_when_it_is_empty);
	return scene_run();
}
