/*
 * A process killed at every single write: what the next one finds is what was committed last, or the commit under way, to
 * the last digit and with the log that belongs to it; never anything else.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "faulty_vfs.h"
#include "lib/check_main.h"
#include "script.h"
#include "store/store_private.h"

#define STEPS 24
#define WRITES_MOST 2000

static char directory[64], runtime[64];
static struct script script;
static struct datalog_entry entries[DATALOG_ENTRIES];

/* What the child has done, seen by the parent after its death. */
static struct progress {
	int begun, done;		/* steps: commits begun and ended */
	struct nv nv[STEPS + 1];	/* what each has committed; [0]: the state before the child */
} *progress;

static void setup(void)
{
	script_make_directory(directory);
	script_make_directory(runtime);
	handover_set_place(runtime);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(progress, MAP_FAILED);
}

static void teardown(void)
{
	script_remove_directory(directory);
	script_remove_directory(runtime);
	munmap(progress, sizeof(*progress));
}

/* A past, so that the files exist and have a WAL. */
static void prepare(void)
{
	struct store *store;

	script_init(&script, 3);
	store = script_open(&script, directory);
	for (int i = 0; i < 20; i++)
		script_log(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	progress->nv[0] = script.nv;
	script_kill(store);
}

/* Commits of all kinds, checkpoints between them, a generation that is made anew, and the end in good order. */
static void live(void)
{
	struct store *store = script_open(&script, directory);
	char path[FILES_PATH_MAX];

	for (int step = 1; step <= STEPS; step++) {
		script_advance(&script);
		if (step % 5 == 0)
			script_log(&script);
		if (step == 9) {
			files_get_path(directory, 0, path);
			unlink(path);
		}
		progress->nv[step] = script.nv;
		progress->begun = step;
		if (script_write(store, step % 4 == 0))
			_exit(1);
		progress->done = step;
		if (step % 6 == 0 && store->generation[step / 6 & 1].db)
			sqlite3_wal_checkpoint_v2(store->generation[step / 6 & 1].db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
	generation_close(&store->generation[0], true);
	generation_close(&store->generation[1], true);
	_exit(0);
}

/* The exit status of a child that is killed at its n-th write. */
static int run_child(int n, bool torn)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		faulty_vfs_install();
		faults.kill_torn = torn;
		faults.kill_at = n;
		live();
	}
	waitpid(child, &status, 0);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_found(int n)
{
	struct nv nv;
	unsigned n_entries;
	int which = -1;

	ck_assert_msg(script_find(directory, &nv, entries, &n_entries), "write %d: nothing is found", n);
	for (int step = progress->done; step <= progress->begun; step++)
		if (nv.meter.energies.kwh.wh == progress->nv[step].meter.energies.kwh.wh &&
		    nv.meter.energies.kwh.nwh == progress->nv[step].meter.energies.kwh.nwh)
			which = step;
	ck_assert_msg(which >= 0, "write %d: commits %d to %d, found neither", n, progress->done, progress->begun);
	ck_assert(script_same_meter(&nv, &progress->nv[which]));
	ck_assert_uint_eq(n_entries, nv.meter.log.serial);
	for (unsigned i = 0; i < n_entries; i++) {
		struct datalog_entry expected;

		script_entry(&expected, i + 1, 0);
		ck_assert(!memcmp(&entries[i], &expected, sizeof(expected)));
	}
	ck_assert_uint_eq(script_count_files(directory, ".foreign", NULL) + script_count_files(directory, ".newer", NULL), 0);
}

/* Loop: writes whole, or torn in the middle. */
START_TEST(process_killed_at_any_write_leaves_the_last_commit_or_the_one_under_way)
{
	int n = 1, status = FAULTY_KILLED;

	for (; status == FAULTY_KILLED && n < WRITES_MOST; n++) {
		script_remove_directory(directory);
		prepare();
		progress->begun = progress->done = 0;
		status = run_child(n, _i);
		ck_assert(status == FAULTY_KILLED || status == 0);
		check_found(n);
	}
	printf("killed at each of %d writes\n", n - 2);
	ck_assert_int_eq(status, 0);
	ck_assert_int_gt(n, 100);
}
END_TEST

/* The first start: nothing, or the first commit. */
START_TEST(process_killed_while_it_makes_the_files_leaves_nothing_or_its_first_commit)
{
	int n = 1, status = FAULTY_KILLED;
	struct nv nv;

	for (; status == FAULTY_KILLED && n < WRITES_MOST; n++) {
		script_remove_directory(directory);
		script_init(&script, 3);
		progress->begun = progress->done = 0;
		status = run_child(n, _i);
		if (script_find(directory, &nv, NULL, NULL))
			check_found(n);
		else
			ck_assert_int_eq(progress->done, 0);
		/* a file that was not finished is no damage */
		if (progress->begun < 9)
			ck_assert_uint_eq(script_count_files(directory, ".damaged", NULL), 0);
	}
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Killed from outside at random moments, the handover written each step: no step that was handed over is lost. */
START_TEST(process_killed_at_random_moments_loses_nothing_that_was_handed_over)
{
	uint64_t seed = script_seed();

	script_init(&script, 3);
	for (int round = 0; round < 60; round++) {
		unsigned n_entries;
		struct nv nv;
		pid_t child;

		progress->done = progress->begun = 0;
		child = fork();
		if (child == 0) {
			struct store *store;

			if (store_open(&store, directory, 1) || store_start(store, &script_ops, &script))
				_exit(1);
			for (;;) {
				script_advance(&script);
				if (script_random(&seed) % 50 == 0)
					script_log(&script);
				/* two slots of our own: the parent reads the one that is not being written */
				progress->nv[(progress->begun + 1) % 2] = script.nv;
				progress->begun++;
				store_handover(store, &script.nv, &script.entry[script.nv.meter.log.serial % DATALOG_ENTRIES],
					       script.nv.meter.log.serial ? 1 : 0);
				progress->done = progress->begun;
				if (script_random(&seed) % 20 == 0)
					store_commit(store);
				usleep(50);
			}
		}
		while (*(volatile int *)&progress->done < 20)
			usleep(100);
		usleep((useconds_t)(script_random(&seed) % 30000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		ck_assert(script_find(directory, &nv, entries, &n_entries));
		if (progress->done == progress->begun || script_same_meter(&nv, &progress->nv[progress->begun % 2]))
			ck_assert(script_same_meter(&nv, &progress->nv[progress->begun % 2]));
		else	/* killed between noting the step and handing it over */
			ck_assert(script_same_meter(&nv, &progress->nv[progress->done % 2]));
		/* the next one goes on from there */
		script.nv = nv;
		memset(script.entry, 0, sizeof(script.entry));
		for (unsigned i = 0; i < n_entries; i++)
			script.entry[entries[i].serial % DATALOG_ENTRIES] = entries[i];
		seed += (uint64_t)round;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store kill");
	TCase *tcase = tcase_create("kill");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 600);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, process_killed_at_any_write_leaves_the_last_commit_or_the_one_under_way, 0, 2);
	tcase_add_loop_test(tcase, process_killed_while_it_makes_the_files_leaves_nothing_or_its_first_commit, 0, 2);
	tcase_add_test(tcase, process_killed_at_random_moments_loses_nothing_that_was_handed_over);
	return check_main_run(suite);
}
