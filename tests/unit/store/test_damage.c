/*
 * Files that are damaged, foreign, or in the way when the store is opened.
 */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"
#include "store/store_private.h"

static void truncate_somewhere(const char *path)
{
	/* at most to all but the last page: that one may be free */
	ck_assert_int_eq(truncate(path, (off_t)(1 + script_random(&scene.seed) % (scene_size_of(path) - 2048))), 0);
}

static void spoil_header(const char *path)
{
	scene_write_at(path, 0, "SQLite farmat 3", 16);
}

static void spoil_root_page(const char *path)
{
	unsigned char noise[900];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)script_random(&scene.seed);
	scene_write_at(path, 512, noise, sizeof(noise));
}

static void zero(const char *path)
{
	static const unsigned char zeros[65536];
	size_t size = scene_size_of(path);

	for (size_t at = 0; at < size; at += sizeof(zeros))
		scene_write_at(path, at, zeros, size - at < sizeof(zeros) ? size - at : sizeof(zeros));
}

static void empty(const char *path)
{
	ck_assert_int_eq(truncate(path, 0), 0);
}

static void write_text(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fd, "kwh = 5\n", 8), 8);
	close(fd);
}

static void make_newer(const char *path)
{
	scene_execute(path, "PRAGMA user_version = 4");
}

static void make_foreign(const char *path)
{
	scene_execute(path, "PRAGMA application_id = 252006673");
}

static void make_version_zero(const char *path)
{
	scene_execute(path, "PRAGMA user_version = 0");
}

static void delete_row(const char *path)
{
	scene_execute(path, "DELETE FROM state WHERE name = 'kwh'");
}

static void spoil_value(const char *path)
{
	scene_execute(path, "UPDATE state SET value = 13 WHERE name = 'system_type'");
}

static void spoil_type(const char *path)
{
	scene_execute(path, "UPDATE state SET value = 12.5 WHERE name = 'kwh'");
}

static void spoil_energy_quietly(const char *path)
{
	scene_execute(path, "UPDATE state SET value = '999999.000000000' WHERE name = 'kwh'");
}

static void spoil_log(const char *path)
{
	scene_execute(path, "UPDATE log SET words = x'0001' WHERE slot = 7");
}

static void spoil_log_quietly(const char *path)
{
	scene_execute(path, "UPDATE log SET clock_s = clock_s + 1 WHERE slot = 7");
}

static void drop_log(const char *path)
{
	scene_execute(path, "DROP TABLE log");
}

static void make_directory(const char *path)
{
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_link(const char *path)
{
	unlink(path);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
}

static void make_fifo(const char *path)
{
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static const struct damage {
	void (*spoil)(const char *path);
	const char *why, *said;
	bool wal_stays;
} damages[] = {
	{ truncate_somewhere, "damaged", "", false },
	{ truncate_somewhere, "damaged", "", false },
	{ truncate_somewhere, "damaged", "", false },
	{ spoil_header, "damaged", "not a database", false },
	{ spoil_root_page, "damaged", "", false },
	{ zero, "damaged", "not a database", false },
	{ empty, "damaged", "the file is empty", false },
	{ write_text, "damaged", "not a database", false },
	{ write_text, "damaged", "not a database", true },
	{ make_newer, "newer", "made by a later version (schema 4, this one knows 1 to 3)", false },
	{ make_foreign, "foreign", "another program's database (application_id 252006673, must be 1145654861)", false },
	{ make_version_zero, "damaged", "schema 0 is none", false },
	{ delete_row, "damaged", "row kwh is missing", false },
	{ spoil_value, "damaged", "row system_type: got 13, must be 10,11,12,31,40", false },
	{ spoil_type, "damaged", "row kwh: got 12.5, must be a text of digits", false },
	{ spoil_energy_quietly, "damaged", "the checksum of its rows does not hold", false },
	{ spoil_log, "damaged", "the log's row in slot 7 is not whole", false },
	{ spoil_log_quietly, "damaged", "the log's row in slot 7 is not whole", false },
	{ drop_log, "damaged", "no such table: log", false },
	{ make_directory, "foreign", "not a plain file", false },
	{ make_link, "foreign", "not a plain file", false },
	{ make_fifo, "foreign", "not a plain file", false },
};

#define DAMAGES ((int)(sizeof(damages) / sizeof(damages[0])))

/* The WAL is folded in first where what is spoiled is the database alone. */
static void spoil(const struct damage *damage, unsigned generation)
{
	char path[FILES_PATH_MAX];

	files_get_path(scene.directory, generation, path);
	if (!damage->wal_stays)
		scene_execute(path, "PRAGMA journal_mode = DELETE");
	damage->spoil(path);
}

/* Loop: each kind in each generation, older and newer. */
START_TEST(damaged_generation_is_set_aside_and_the_other_one_used)
{
	const struct damage *damage = &damages[_i / 4];
	unsigned hurt = _i & 1, newest = _i >> 1 & 1, n;
	char path[FILES_PATH_MAX], name[256], why[32], line[128];
	struct nv state[2], nv;
	struct store *store;
	struct store_status status;
	uint64_t sum;

	scene_make_two(newest, state);
	spoil(damage, hurt);
	files_get_path(scene.directory, hurt, path);
	sum = scene_sum_of(path);
	store = script_open(&scene.script, scene.directory);
	/* Found: exactly what the good one says. */
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same(&nv, &state[1 - hurt]));
	n = store_get_entries(store, scene.entries);
	ck_assert_uint_eq(n, 40);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&scene.entries[i], &scene.script.entry[i + 1], sizeof(scene.entries[i])));
	/* Kept as it was, under a name that says why. */
	snprintf(why, sizeof(why), "state.%u.db.%s-", hurt, damage->why);
	ck_assert_uint_ge(script_count_files(scene.directory, why, NULL), 1);
	script_count_files(scene.directory, why, name);
	if (strstr(name, "-wal"))
		name[strlen(name) - 4] = '\0';
	scene_path_of(path, name);
	ck_assert_uint_eq(scene_sum_of(path), sum);
	/* Told once, with the file, the reason and what is used. */
	snprintf(line, sizeof(line), "state.%u.db is used", 1 - hurt);
	ck_assert_uint_eq(scene_times_said(line), 1);
	if (*damage->said)
		ck_assert_uint_eq(scene_times_said(damage->said), 1);
	ck_assert_uint_eq(scene_times_said("renamed to"), 1);
	/* A fresh one takes its place, whole. */
	ck_assert_int_eq(script_write(store, true), 0);
	store_get_status(store, &status);
	ck_assert_uint_eq(status.set_aside, 1);
	script_kill(store);
	scene_forget_handover();
	files_get_path(scene.directory, 1 - hurt, path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(n, 40);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&scene.entries[i], &scene.script.entry[i + 1], sizeof(scene.entries[i])));
}
END_TEST

/* Loop: killed with commits in the WAL; just made anew; ended in good order. */
START_TEST(wal_that_was_not_copied_is_told)
{
	struct store *store;
	char path[FILES_PATH_MAX];

	if (_i == 2) {
		ck_assert_int_eq(store_open(&store, scene.directory, 1), 0);
		ck_assert_int_eq(store_start(store, &script_ops, &scene.script), 0);
		store_stop(store, 60);
	} else {
		store = script_open(&scene.script, scene.directory);
		ck_assert_int_eq(script_write(store, true), 0);
		script_advance(&scene.script);
		if (_i == 0)
			ck_assert_int_eq(script_write(store, true), 0);
		script_kill(store);
	}
	scene_forget_handover();
	store = script_open(&scene.script, scene.directory);
	script_kill(store);
	ck_assert_uint_eq(scene_times_said("-wal is missing"), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(scene.directory, i, path);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "-wal");
		ck_assert(unlink(path) == 0 || _i == 2);
	}
	store = script_open(&scene.script, scene.directory);
	ck_assert_uint_eq(scene_times_said("-wal is missing"), _i < 2 ? 2 : 0);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	store = script_open(&scene.script, scene.directory);
	script_kill(store);
	ck_assert_uint_eq(scene_times_said("-wal is missing"), _i < 2 ? 2 : 0);
}
END_TEST

START_TEST(when_both_are_damaged_the_meter_starts_anew_and_both_are_kept)
{
	struct nv state[2], nv;
	struct store *store;
	struct store_status status;

	scene_make_two(0, state);
	spoil(&damages[3], 0);
	spoil(&damages[9], 1);
	store = script_open(&scene.script, scene.directory);
	ck_assert(!store_get_nv(store, &nv));
	ck_assert_uint_eq(store_get_entries(store, scene.entries), 0);
	ck_assert_uint_eq(script_count_files(scene.directory, ".damaged-", NULL), 1);
	ck_assert_uint_eq(script_count_files(scene.directory, ".newer-", NULL), 1);
	ck_assert_uint_eq(scene_times_said("nothing else is left: the meter starts anew"), 2);
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_REPAIRED);
	ck_assert_uint_eq(status.set_aside, 2);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	scene_forget_handover();
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
}
END_TEST

START_TEST(when_both_are_damaged_the_handover_of_this_boot_is_left)
{
	struct nv state[2], nv;
	struct store *store;

	scene_make_two(0, state);
	store = script_open(&scene.script, scene.directory);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, &scene.script.entry[38], 3);
	script_kill(store);
	spoil(&damages[3], 0);
	spoil(&damages[6], 1);
	store = script_open(&scene.script, scene.directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(store_get_entries(store, scene.entries), 3);
	ck_assert_uint_eq(scene_times_said("what the last process left in memory is used"), 2);
	script_kill(store);
}
END_TEST

/* A name that exists is never taken: not even when a thousand files are set aside within a second. */
START_TEST(file_set_aside_never_overwrites_another)
{
	char path[FILES_PATH_MAX], name[256];

	scene_path_of(path, "state.0.db");
	for (int i = 0; i < 300; i++) {
		int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);

		ck_assert_int_eq(write(fd, &i, sizeof(i)), sizeof(i));
		close(fd);
		ck_assert_int_eq(files_set_aside(scene.directory, path, "damaged", name, sizeof(name)), 0);
	}
	ck_assert_uint_eq(script_count_files(scene.directory, ".damaged-", NULL), 300);
}
END_TEST

/*
 * Any bytes of the file changed: what is found is the state of one of the two generations with the log that belongs to it, to the last digit.
 */
START_TEST(changed_bytes_are_never_taken_for_a_state)
{
	unsigned set_aside = 0;

	for (int round = 0; round < 120; round++) {
		unsigned hurt = (unsigned)script_random(&scene.seed) & 1, n;
		struct nv state[2], nv;
		char path[FILES_PATH_MAX];
		bool wal = script_random(&scene.seed) & 1;
		int flips = 1 + (int)(script_random(&scene.seed) % 40);
		struct store *store;

		scene_make_two((unsigned)script_random(&scene.seed) & 1, state);
		files_get_path(scene.directory, hurt, path);
		if (wal && round & 2)
			snprintf(path + strlen(path), 5, "-wal");
		else
			scene_execute(path, "PRAGMA journal_mode = DELETE");
		for (int i = 0; i < flips && scene_size_of(path); i++) {
			unsigned char noise = (unsigned char)script_random(&scene.seed);

			scene_write_at(path, script_random(&scene.seed) % (round & 4 ? scene_size_of(path) : scene_size_of(path) < 4096 ? scene_size_of(path) : 4096),
				 &noise, 1);
		}
		store = script_open(&scene.script, scene.directory);
		ck_assert(store_get_nv(store, &nv));
		/* a WAL cut off by the damage leaves an earlier commit of that file, which the other one beats */
		ck_assert(script_same(&nv, &state[0]) || script_same(&nv, &state[1]));
		n = store_get_entries(store, scene.entries);
		for (unsigned i = 0; i < n; i++)
			ck_assert(!memcmp(&scene.entries[i], &scene.script.entry[scene.entries[i].serial % DATALOG_ENTRIES], sizeof(scene.entries[i])));
		ck_assert_uint_eq(n, nv.meter.log.serial);
		set_aside += store->generation[0].set_aside + store->generation[1].set_aside;
		script_kill(store);
		script_remove_directory(scene.directory);
		mkdir(scene.directory, 0700);
		script_init(&scene.script, (uint64_t)round);
	}
	ck_assert_uint_gt(set_aside, 20);
}
END_TEST

int main(void)
{
	TCase *tcase = scene_tests("damage");

	tcase_add_loop_test(tcase, damaged_generation_is_set_aside_and_the_other_one_used, 0, 4 * DAMAGES);
	tcase_add_test(tcase, when_both_are_damaged_the_meter_starts_anew_and_both_are_kept);
	tcase_add_loop_test(tcase, wal_that_was_not_copied_is_told, 0, 3);
	tcase_add_test(tcase, when_both_are_damaged_the_handover_of_this_boot_is_left);
	tcase_add_test(tcase, file_set_aside_never_overwrites_another);
	tcase_add_test(tcase, changed_bytes_are_never_taken_for_a_state);
	return scene_run();
}
