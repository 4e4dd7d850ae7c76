/*
 * What needs root: files and directories of another user, a file system that is full or read-only.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"
#include "store/store_private.h"
#include "store/transfer.h"

#define NOBODY 65534

/* Runs `act` as another user in a child; its exit status. */
static int as_nobody(int (*act)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(99);
		_exit(act());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static struct nv found_state[2];

static int find_the_second(void)
{
	struct nv nv;
	struct store *store = script_open(&scene.script, scene.directory);

	if (!store_get_nv(store, &nv) || !script_same(&nv, &found_state[1]))
		return 1;
	if (script_count_files(scene.directory, "state.0.db.foreign-", NULL) == 0)
		return 2;
	if (script_write(store, true))
		return 3;
	script_kill(store);
	return 0;
}

START_TEST(file_of_another_user_is_set_aside)
{
	static const mode_t modes[] = { 0600, 0000, 0666 };
	char path[FILES_PATH_MAX];

	scene_make_two(0, found_state);
	files_get_path(scene.directory, 0, path);
	scene_execute(path, "PRAGMA journal_mode = DELETE");
	ck_assert(!chmod(path, modes[_i]));
	ck_assert(!chown(scene.directory, NOBODY, NOBODY) && !chown(scene.runtime, NOBODY, NOBODY));
	files_get_path(scene.directory, 1, path);
	scene_execute(path, "PRAGMA journal_mode = DELETE");
	ck_assert(!chown(path, NOBODY, NOBODY));
	scene_path_of(path, "lock");
	ck_assert(!chown(path, NOBODY, NOBODY));
	scene_forget_handover();
	ck_assert_int_eq(as_nobody(find_the_second), 0);
	ck_assert_uint_eq(scene_times_said("state.0.db: foreign: owned by another user; renamed to"), 1);
}
END_TEST

static int find_nothing(void)
{
	struct nv nv;
	struct store *store = script_open(&scene.script, scene.directory);

	if (store_get_nv(store, &nv) || store->status.state != STORE_UNUSABLE)
		return 1;
	return script_write(store, true) == -EACCES ? 0 : 2;
}

START_TEST(directory_without_permission_is_told_and_nothing_in_it_touched)
{
	struct nv nv;

	scene_make_two(0, found_state);
	ck_assert(!chmod(scene.directory, _i ? 0711 : 0700));
	ck_assert_int_eq(as_nobody(find_nothing), 0);
	ck_assert_uint_eq(scene_times_said(_i ? "owned by another user; the meter goes on, state is kept in memory"
					: "Permission denied; the meter goes on, state is kept in memory"), 1);
	ck_assert_uint_eq(script_count_files(scene.directory, "foreign", NULL), 0);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same(&nv, &found_state[0]));
}
END_TEST

/* root makes a state (an import) in the directory of the daemon's user, who goes on with it. */
static int find_the_newest(void)
{
	struct nv nv;
	struct store *store = script_open(&scene.script, scene.directory);

	if (!store_get_nv(store, &nv) || !script_same(&nv, &found_state[0]))
		return 1;
	return script_write(store, true) ? 2 : 0;
}

START_TEST(what_root_writes_belongs_to_the_owner_of_the_directory)
{
	struct handover_name name;
	struct stat status;

	ck_assert(!chown(scene.directory, NOBODY, NOBODY) && !chown(scene.runtime, NOBODY, NOBODY));
	script_kill(script_open(&scene.script, scene.directory));
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	ck_assert_int_eq(stat(name.path, &status), 0);
	ck_assert_uint_eq(status.st_uid, NOBODY);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	scene_make_two(0, found_state);
	ck_assert_int_eq(as_nobody(find_the_newest), 0);
	ck_assert_uint_eq(script_count_files(scene.directory, "foreign", NULL), 0);
}
END_TEST
/* In a name space of its own, so that it goes with the process.  0 or -errno. */
static int mount_small(const char *path)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("none", path, "tmpfs", 0, "size=2m"))
		return -errno;
	return 0;
}

/* Are the tests that need two users and a file system of their own possible here? */
static bool may_run_as_root(void)
{
	char path[64];
	int status = 1;
	pid_t child;

	if (geteuid() != 0)
		return false;
	script_make_directory(path);
	child = fork();
	if (child == 0)
		_exit(mount_small(path) || setgid(NOBODY) || setuid(NOBODY));
	waitpid(child, &status, 0);
	script_remove_directory(path);
	return status == 0;
}

/* A real file system that is full, then read-only, then well. */
START_TEST(small_disk_that_is_full_or_read_only_loses_nothing)
{
	char filler[128];
	static char block[65536];
	struct store *store;
	struct nv nv;
	int fd;

	ck_assert_int_eq(mount_small(scene.directory), 0);
	store = script_open(&scene.script, scene.directory);
	ck_assert_int_eq(script_write(store, true), 0);
	snprintf(filler, sizeof(filler), "%s/filler", scene.directory);
	fd = open(filler, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block))
		;
	while (write(fd, block, 512) == 512)
		;
	close(fd);
	for (int i = 0; i < 300; i++)
		script_log(&scene.script);
	ck_assert_int_eq(script_write(store, true), -ENOSPC);
	script_kill(store);
	/* the daemon restarts on the full disk: it still finds the last commit */
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert_uint_eq(nv.meter.log.serial, 0);
	store = script_open(&scene.script, scene.directory);
	ck_assert_int_eq(script_write(store, true), -ENOSPC);
	unlink(filler);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	scene_forget_handover();
	ck_assert_int_eq(mount("none", scene.directory, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=2m"), 0);
	store = script_open(&scene.script, scene.directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(store_get_entries(store, scene.entries), 300);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), -EROFS);
	ck_assert_int_eq(mount("none", scene.directory, "tmpfs", MS_REMOUNT, "size=2m"), 0);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_int_eq(umount2(scene.directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(import_that_fails_half_way_is_undone)
{
	char message[TRANSFER_MESSAGE_MAX], path[FILES_PATH_MAX], other[FILES_PATH_MAX];
	struct nv state[2], nv;
	uint64_t sum[2], some = 5;

	scene_make_two(1, state);
	scene_path_of(other, "mount");
	ck_assert_int_eq(mkdir(other, 0700), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(scene.directory, i, path);
		sum[i] = scene_sum_of(path);
	}
	ck_assert_int_eq(mount_small(other), 0);
	/* A file that is a mount point cannot be renamed. */
	ck_assert_int_eq(mount(path, path, NULL, MS_BIND, NULL), 0);
	script_fill(&nv, &some);
	ck_assert_int_eq(transfer_write(scene.directory, &nv, NULL, 0, message), -EBUSY);
	ck_assert_msg(strstr(message, "state.1.db: Device or resource busy"), "%s", message);
	ck_assert_int_eq(umount(path), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(scene.directory, i, path);
		ck_assert_uint_eq(scene_sum_of(path), sum[i]);
	}
	ck_assert_uint_eq(script_count_files(scene.directory, "import", NULL), 0);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same(&nv, &state[1]));
	umount(other);
}
END_TEST

/* A file system's mount point is neither a database nor to be renamed. */
START_TEST(generation_that_cannot_be_written_is_never_called_good)
{
	struct store_status status;
	char path[FILES_PATH_MAX];
	struct nv state[2], nv;
	struct store *store;

	scene_make_two(1, state);
	files_get_path(scene.directory, 1, path);
	ck_assert(!unlink(path) && !mkdir(path, 0700));
	ck_assert_int_eq(mount_small(path), 0);
	ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
	for (uint64_t commits = 1; commits < 4; commits++) {
		scene_wait_for_state(store, STORE_FAILING, commits);
		store_get_status(store, &status);
		ck_assert_int_eq(status.last_error, -EBUSY);
		ck_assert_msg(strstr(status.message, "state.1.db: foreign; it cannot be renamed: Device or resource busy"), "%s",
			      status.message);
		script_advance(&scene.script);
		store_commit(store);
	}
	ck_assert_uint_eq(scene_times_said("it cannot be renamed"), 1);
	store_stop(store, 60);
	ck_assert_int_eq(umount(path), 0);
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

int main(void)
{
	TCase *tcase;

	if (!may_run_as_root()) {
		puts("needs root: files of two users, a file system mounted");
		return 77;
	}
	tcase = scene_tests("owners");
	tcase_add_loop_test(tcase, file_of_another_user_is_set_aside, 0, 3);
	tcase_add_loop_test(tcase, directory_without_permission_is_told_and_nothing_in_it_touched, 0, 2);
	tcase_add_test(tcase, what_root_writes_belongs_to_the_owner_of_the_directory);
	tcase_add_test(tcase, import_that_fails_half_way_is_undone);
	tcase_add_test(tcase, generation_that_cannot_be_written_is_never_called_good);
	tcase_add_test(tcase, small_disk_that_is_full_or_read_only_loses_nothing);
	return scene_run();
}
