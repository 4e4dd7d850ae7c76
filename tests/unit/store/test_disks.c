/*
 * Disks that fail, are slow or hang, and files that another program holds.
 */
#include <check.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "faulty_vfs.h"
#include "scene.h"
#include "store/store_private.h"

static const struct {
	int rc, error;
	const char *said;
} disks[] = {
	{ SQLITE_FULL, ENOSPC, "No space left on device" }, { SQLITE_IOERR_WRITE, EIO, "Input/output error" },
	{ SQLITE_IOERR_WRITE, EDQUOT, "Disk quota exceeded" }, { SQLITE_READONLY, EROFS, "Read-only file system" },
};

START_TEST(disk_that_fails_is_told_once_and_tried_until_it_works)
{
	struct store *store;
	struct store_status status;
	char line[256];
	struct nv nv;
	int64_t deadline_ns;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	scene_wait_for_state(store, STORE_GOOD, 2);
	faults.write_errno = disks[_i].error;
	faults.write_error = disks[_i].rc;
	script_advance(&scene.script);
	store_commit(store);
	scene_wait_for_state(store, STORE_FAILING, 0);
	store_get_status(store, &status);
	ck_assert_int_eq(status.last_error, -disks[_i].error);
	ck_assert_msg(strstr(status.message, disks[_i].said), "%s", status.message);
	/* several tries more, and not a word more */
	deadline_ns = monotonic_ns() + SCENE_PATIENCE_NS;
	for (uint64_t failures = status.failures; status.failures < failures + 4; store_get_status(store, &status)) {
		ck_assert_int_lt(monotonic_ns(), deadline_ns);
		store_commit(store);
		usleep(1000);
	}
	snprintf(line, sizeof(line), "cannot write: %s; the meter goes on, state is kept in memory", disks[_i].said);
	ck_assert_uint_eq(scene_times_said(line), 1);
	ck_assert_uint_eq(scene_times_said("cannot write"), 1);
	script_advance(&scene.script);
	script_log(&scene.script);
	store_handover(store, &scene.script.nv, &scene.script.entry[1], 1);
	faults.write_error = 0;
	scene_wait_for_state(store, STORE_GOOD, 4);
	ck_assert_uint_eq(scene_times_said("written again"), 1);
	store_stop(store, 60);
	ck_assert(script_find(scene.directory, &nv, scene.entries, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(script_count_files(scene.directory, ".damaged", NULL) + script_count_files(scene.directory, ".foreign", NULL), 0);
}
END_TEST

START_TEST(failed_sync_is_no_commit)
{
	struct store *store;
	struct nv nv;

	faulty_vfs_install();
	store = script_open(&scene.script, scene.directory);
	ck_assert_int_eq(script_write(store, true), 0);
	faults.sync_error = SQLITE_IOERR_FSYNC;
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), -EIO);
	faults.sync_error = 0;
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

START_TEST(slow_disk_delays_nobody_but_its_thread)
{
	struct store *store;
	struct store_status status;
	int64_t begin_ns, longest_ns = 0, heartbeat_ns;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	scene_wait_for_state(store, STORE_GOOD, 2);
	faults.hang = true;
	script_advance(&scene.script);
	store_commit(store);
	/* until the thread hangs in a write: it shows no life */
	do {
		store_get_status(store, &status);
		heartbeat_ns = status.heartbeat_ns;
		usleep(1500000);
		store_get_status(store, &status);
	} while (status.heartbeat_ns != heartbeat_ns);
	for (int i = 0; i < 1000; i++) {
		begin_ns = monotonic_ns();
		script_advance(&scene.script);
		store_handover(store, &scene.script.nv, NULL, 0);
		store_commit(store);
		store_get_status(store, &status);
		if (monotonic_ns() - begin_ns > longest_ns)
			longest_ns = monotonic_ns() - begin_ns;
	}
	printf("longest call %.3f ms\n", (double)longest_ns / 1e6);
	ck_assert_int_eq(status.heartbeat_ns, heartbeat_ns);
	faults.hang = false;
	scene_wait_for_state(store, STORE_GOOD, 3);
	store_stop(store, 60);
}
END_TEST

/* The thread hangs; all is seen by others, from a clock that runs ahead. */
START_TEST(commit_that_does_not_end_is_shown_and_told_once)
{
	struct store_status status;
	struct store *store;
	unsigned told, gone_on;
	int64_t now_ns;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, scene.directory, 3600), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	scene_wait_for_state(store, STORE_GOOD, 2);
	/* the last of them may still be at its end */
	now_ns = monotonic_ns();
	do
		store_watch(store, monotonic_ns() + 3600 * 3 * INT64_C(1000000000), &status);
	while (status.state != STORE_GOOD && monotonic_ns() - now_ns < SCENE_PATIENCE_NS);
	ck_assert_int_eq(status.state, STORE_GOOD);
	told = scene_times_said("the meter goes on");
	store_watch(store, monotonic_ns() + (3600 * 3 + 65) * INT64_C(1000000000), &status);
	ck_assert_int_eq(status.state, STORE_FAILING);
	ck_assert_msg(strstr(status.message, "no commit for"), "%s", status.message);
	store_watch(store, monotonic_ns(), &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	ck_assert_uint_eq(scene_times_said("the meter goes on"), told + 1);

	told = scene_times_said("a commit has been under way for");
	gone_on = scene_times_said("its thread goes on");
	faults.hang = true;
	faults.writes = 0;
	script_advance(&scene.script);
	store_commit(store);
	for (int64_t deadline_ns = monotonic_ns() + SCENE_PATIENCE_NS; !faults.writes; usleep(1000))
		ck_assert_int_lt(monotonic_ns(), deadline_ns);
	now_ns = monotonic_ns();
	store_watch(store, now_ns, &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	for (int i = 0; i < 3; i++) {
		store_watch(store, now_ns + (SCENE_PATIENCE_NS + INT64_C(12000000000)) + i, &status);
		ck_assert_int_eq(status.state, STORE_FAILING);
		ck_assert_int_eq(status.last_error, -ETIMEDOUT);
		ck_assert_msg(strstr(status.message, "a commit has been under way for 7") && strstr(status.message, "state."), "%s",
			      status.message);
	}
	ck_assert_uint_eq(scene_times_said("a commit has been under way for"), told + 1);
	ck_assert_uint_eq(scene_times_said("its thread goes on"), gone_on);
	faults.hang = false;
	scene_wait_for_state(store, STORE_GOOD, 4);
	for (int i = 0; i < 3; i++)
		store_handover(store, &scene.script.nv, NULL, 0);
	ck_assert_uint_eq(scene_times_said("its thread goes on"), gone_on + 1);
	store_stop(store, 60);
}
END_TEST

START_TEST(stop_does_not_wait_for_a_disk_that_hangs_and_leaves_the_state)
{
	struct store *store;
	struct nv nv;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	scene_wait_for_state(store, STORE_GOOD, 2);
	faults.hang = true;
	script_advance(&scene.script);
	store_commit(store);
	while (!store->status.commits)
		usleep(1000);
	script_advance(&scene.script);
	store_stop(store, 0.05);
	ck_assert_uint_eq(scene_times_said("the disk does not answer"), 1);
	{
		struct recovery recovery = { .best = -1 };
		struct handover_name name;

		ck_assert_int_eq(handover_find(scene.directory, &name), 0);
		recovery_read_handover(&recovery, &name);
		ck_assert(recovery.handed);
		nv = recovery.handover.nv;
	}
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert(nv.stopped);
	/* the thread that was left behind ends when the disk comes back, and asks nobody any more */
	memset(&scene.script, 0x55, sizeof(scene.script));
	faults.hang = false;
	usleep(200000);
}
END_TEST

/* Somebody looks at a file with the sqlite3 command. */
START_TEST(file_that_another_program_holds_is_read_and_written_later)
{
	char path[FILES_PATH_MAX], go;
	struct nv state[2], nv;
	int ready[2], done[2];
	struct store *store;
	pid_t child;

	scene_make_two(1, state);
	files_get_path(scene.directory, 1, path);
	ck_assert(!pipe(ready) && !pipe(done));
	child = fork();
	if (child == 0) {
		sqlite3 *db;

		if (sqlite3_open(path, &db) ||
		    sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT * FROM state", NULL, NULL, NULL))
			_exit(1);
		if (write(ready[1], "r", 1) != 1 || read(done[0], &go, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &go, 1), 1);
	store = script_open(&scene.script, scene.directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same(&nv, &state[1]));
	for (int i = 0; i < 3; i++) {
		script_advance(&scene.script);
		ck_assert_int_eq(script_write(store, true), 0);
	}
	ck_assert_uint_eq(scene_times_said("another program has it open; the other generation is used"), 1);
	ck_assert_uint_eq(store->generation[0].set_aside + store->generation[1].set_aside, 0);
	ck_assert_int_eq(write(done[1], "d", 1), 1);
	waitpid(child, NULL, 0);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(generation_is_current(&store->generation[1], &store->generation[1].committed));
	ck_assert_uint_eq(scene_times_said("state.1.db: written again"), 1);
	script_kill(store);
}
END_TEST

int main(void)
{
	TCase *tcase = scene_tests("disks");

	tcase_add_loop_test(tcase, disk_that_fails_is_told_once_and_tried_until_it_works, 0, sizeof(disks) / sizeof(disks[0]));
	tcase_add_test(tcase, failed_sync_is_no_commit);
	tcase_add_test(tcase, slow_disk_delays_nobody_but_its_thread);
	tcase_add_test(tcase, commit_that_does_not_end_is_shown_and_told_once);
	tcase_add_test(tcase, stop_does_not_wait_for_a_disk_that_hangs_and_leaves_the_state);
	tcase_add_test(tcase, file_that_another_program_holds_is_read_and_written_later);
	return scene_run();
}
