#include "scene.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "store/store_private.h"

struct scene scene;

static Suite *suite;
static char caught[65536];
static int log_file, log_saved;

static void catch_log(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/log", scene.runtime);
	log_file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	log_saved = dup(STDERR_FILENO);
	dup2(log_file, STDERR_FILENO);
}

const char *scene_log_so_far(void)
{
	ssize_t n = pread(log_file, caught, sizeof(caught) - 1, 0);

	caught[n > 0 ? n : 0] = '\0';
	return caught;
}

unsigned scene_times_said(const char *part)
{
	unsigned n = 0;

	for (const char *at = strstr(scene_log_so_far(), part); at; at = strstr(at + 1, part))
		n++;
	return n;
}

static void set_up(void)
{
	script_make_directory(scene.directory);
	script_make_directory(scene.runtime);
	handover_set_place(scene.runtime);
	unsetenv("JOURNAL_STREAM");
	script_init(&scene.script, 1);
	scene.seed = script_seed();
	catch_log();
}

static void tear_down(void)
{
	dup2(log_saved, STDERR_FILENO);
	fputs(scene_log_so_far(), stderr);
	script_remove_directory(scene.directory);
	script_remove_directory(scene.runtime);
}

void scene_path_of(char path[FILES_PATH_MAX], const char *name)
{
	snprintf(path, FILES_PATH_MAX, "%s/%s", scene.directory, name);
}

void scene_forget_handover(void)
{
	script_forget_handover(scene.runtime);
}

void scene_make_two(unsigned newest, struct nv state[2])
{
	struct store *store = script_open(&scene.script, scene.directory);

	for (int i = 0; i < 40; i++)
		script_log(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	/* the older generation is written next */
	for (int i = 0; i < 3 || store->generation[newest].committed.sequence < store->generation[1 - newest].committed.sequence;
	     i++) {
		script_advance(&scene.script);
		ck_assert_int_eq(script_write(store, false), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		state[i] = store->generation[i].committed.nv;
	script_kill(store);
	scene_forget_handover();
}

size_t scene_size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? 0 : (size_t)status.st_size;
}

uint64_t scene_sum_of(const char *path)
{
	uint64_t sum = 1469598103934665603u;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), n;
	unsigned char bytes[4096];

	while (fd >= 0 && (n = (int)read(fd, bytes, sizeof(bytes))) > 0)
		for (int i = 0; i < n; i++)
			sum = (sum ^ bytes[i]) * 1099511628211u;
	if (fd >= 0)
		close(fd);
	return sum;
}

void scene_execute(const char *path, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message ? message : "");
	sqlite3_close(db);
}

void scene_write_at(const char *path, size_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(pwrite(fd, bytes, n, (off_t)at), (ssize_t)n);
	close(fd);
}

void scene_wait_for_state(struct store *store, enum store_state state, uint64_t commits)
{
	int64_t deadline_ns = monotonic_ns() + SCENE_PATIENCE_NS;
	struct store_status status;

	for (;;) {
		store_get_status(store, &status);
		if (status.state == state && status.commits >= commits)
			return;
		ck_assert_msg(monotonic_ns() < deadline_ns, "state %d, %s", status.state, status.message);
		usleep(1000);
	}
}

TCase *scene_tests(const char *name)
{
	TCase *tests = tcase_create(name);

	suite = suite_create(name);
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	return tests;
}

int scene_run(void)
{
	return check_main_run(suite);
}
