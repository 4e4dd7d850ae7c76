/*
 * Files and directories that are damaged, replaced, removed or mounted over while the store runs.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scene.h"
#include "store/store_private.h"

/* A file's time is as coarse as the kernel's tick: what comes later than that has another time. */
static void wait_a_tick(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &begin);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

/* More than one page: those that stand in the WAL too are not missed. */
static void hurt_open_file(const char *path)
{
	unsigned char noise[4 * 512];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)script_random(&scene.seed);
	scene_write_at(path, 512, noise, sizeof(noise));
}

static void cut_open_file(const char *path)
{
	ck_assert_int_eq(truncate(path, 1000), 0);
}

static void delete_open_file(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

static void delete_all(const char *path)
{
	char wal[FILES_PATH_MAX + 8];

	unlink(path);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
}

/* An older state of the same meter is put back under the running store. */
static void replace_open_file(const char *path)
{
	char command[2 * FILES_PATH_MAX + 64];

	snprintf(command, sizeof(command), "cp %s %s.copy && rm %s-wal && mv %s.copy %s", path, path, path, path, path);
	ck_assert_int_eq(system(command), 0);
}

static void write_over(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

/* As when it happens while a commit is under way, which is then what changed the file last. */
static void write_over_unseen(const char *path)
{
	struct stat before;
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(fstat(fd, &before), 0);
	ck_assert_int_eq(write(fd, "this is no database", 19), 19);
	ck_assert_int_eq(futimens(fd, (struct timespec[]){ before.st_atim, before.st_mtim }), 0);
	close(fd);
}

static void delete_wal(const char *path)
{
	char wal[FILES_PATH_MAX + 8];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	ck_assert_int_eq(unlink(wal), 0);
}

static const struct {
	void (*hurt)(const char *path);
	unsigned set_aside;
	const char *said;
} at_run_time[] = {
	{ hurt_open_file, 1, "written anew from memory" }, { cut_open_file, 1, "written anew from memory" },
	{ write_over, 1, "written anew from memory" }, { write_over_unseen, 1, "written anew from memory" }, { replace_open_file, 1, "not the file that was written last" },
	{ delete_open_file, 0, "is gone; written anew from memory" }, { delete_all, 0, "is gone; written anew from memory" },
	{ delete_wal, 0, "" },
};

START_TEST(damage_at_run_time_is_repaired_from_memory)
{
	unsigned hurt = _i & 1, n;
	struct store *store = script_open(&scene.script, scene.directory);
	char path[FILES_PATH_MAX];
	struct nv nv;

	for (int i = 0; i < 50; i++)
		script_log(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	for (int i = 0; i < 4; i++) {
		script_advance(&scene.script);
		ck_assert_int_eq(script_write(store, false), 0);
	}
	files_get_path(scene.directory, hurt, path);
	wait_a_tick();
	at_run_time[_i / 2].hurt(path);
	script_advance(&scene.script);
	script_log(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_eq(store->generation[hurt].set_aside, at_run_time[_i / 2].set_aside);
	ck_assert_uint_eq(store->generation[1 - hurt].set_aside, 0);
	if (*at_run_time[_i / 2].said)
		ck_assert_uint_eq(scene_times_said(at_run_time[_i / 2].said), 1);
	script_kill(store);
	scene_forget_handover();
	/* that file alone has everything */
	files_get_path(scene.directory, 1 - hurt, path);
	delete_all(path);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(n, 51);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&scene.entries[i], &scene.script.entry[i + 1], sizeof(scene.entries[i])));
}
END_TEST

START_TEST(directory_deleted_at_run_time_is_told_and_made_anew)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv;

	ck_assert_int_eq(script_write(store, true), 0);
	script_remove_directory(scene.directory);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_eq(scene_times_said("its lock is not there any more"), 1);
	/* the lock is held again too */
	{
		struct store *second = script_open(&scene.script, scene.directory);

		ck_assert_int_eq(second->status.state, STORE_UNUSABLE);
		script_kill(second);
	}
	script_kill(store);
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

static void rename_directory(const char *from, const char *to)
{
	ck_assert_msg(!rename(from, to), "%s to %s: %s", from, to, strerror(errno));
}

/*
 * The disk's state is of another epoch, or (1) what lies below is an old copy of it, which the run has begun from: the run does
 * not come from the disk's newest state.  When the disk goes again, the run goes on below.
 */
START_TEST(state_on_a_disk_that_is_mounted_late_is_never_touched)
{
	char disk[96], below[96], command[256], path[FILES_PATH_MAX], message[256] = "";
	struct nv on_disk, nv;
	struct store *store;
	uint64_t sum[2];

	snprintf(disk, sizeof(disk), "%s-disk", scene.directory);
	snprintf(below, sizeof(below), "%s-below", scene.directory);
	ck_assert_int_eq(mkdir(disk, 0750), 0);
	store = script_open(&scene.script, scene.directory);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	scene_forget_handover();
	snprintf(command, sizeof(command), "cp -a %s/. %s && %s %s/*", scene.directory, disk, _i ? ": keep" : "rm -r", scene.directory);
	ck_assert_int_eq(system(command), 0);
	rename_directory(scene.directory, below);
	rename_directory(disk, scene.directory);
	store = script_open(&scene.script, scene.directory);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, NULL, 0);
	on_disk = scene.script.nv;
	script_kill(store);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(scene.directory, i, path);
		sum[i] = scene_sum_of(path);
	}
	rename_directory(scene.directory, disk);
	rename_directory(below, scene.directory);

	store = script_open(&scene.script, scene.directory);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, false), 0);
	rename_directory(scene.directory, below);
	rename_directory(disk, scene.directory);
	for (int i = 0; i < 3; i++) {
		script_advance(&scene.script);
		store_handover(store, &scene.script.nv, NULL, 0);
		ck_assert_int_eq(store_write(store, true, false, message, sizeof(message)), -EEXIST);
		ck_assert_ptr_nonnull(strstr(message, "left as it is"));
		ck_assert(!store->adopted);
	}
	ck_assert_uint_eq(scene_times_said("its lock is not there any more"), 1);
	ck_assert_uint_eq(script_count_files(scene.directory, "foreign", NULL) + script_count_files(scene.directory, "damaged", NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(scene.directory, i, path);
		ck_assert_uint_eq(scene_sum_of(path), sum[i]);
	}
	rename_directory(scene.directory, disk);
	rename_directory(below, scene.directory);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(store->adopted);
	script_kill(store);
	/* each has its own, the disk also what its killed process had left in memory */
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	rename_directory(scene.directory, below);
	rename_directory(disk, scene.directory);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &on_disk));
	script_remove_directory(below);
}
END_TEST

START_TEST(lock_that_somebody_removed_is_taken_again_and_the_state_goes_on)
{
	struct store *store = script_open(&scene.script, scene.directory);
	char path[FILES_PATH_MAX];
	struct nv nv;

	ck_assert_int_eq(script_write(store, true), 0);
	scene_path_of(path, "lock");
	ck_assert_int_eq(unlink(path), 0);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(files_lock_stands(scene.directory, store->lock_fd));
	ck_assert_uint_eq(store->generation[0].set_aside + store->generation[1].set_aside, 0);
	script_kill(store);
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

int main(void)
{
	TCase *tcase = scene_tests("damage at run time");

	tcase_add_loop_test(tcase, damage_at_run_time_is_repaired_from_memory, 0,
			    2 * (int)(sizeof(at_run_time) / sizeof(at_run_time[0])));
	tcase_add_loop_test(tcase, state_on_a_disk_that_is_mounted_late_is_never_touched, 0, 2);
	tcase_add_test(tcase, lock_that_somebody_removed_is_taken_again_and_the_state_goes_on);
	tcase_add_test(tcase, directory_deleted_at_run_time_is_told_and_made_anew);
	return scene_run();
}
