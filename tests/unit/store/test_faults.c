/*
 * Files that are damaged, foreign or in the way, and disks that fail.  One file, long: all claims start from the same two
 * generations and read the same log.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "faulty_vfs.h"
#include "lib/check_main.h"
#include "script.h"
#include "store/store_private.h"
#include "store/transfer.h"

#define PATIENCE_NS INT64_C(60000000000)
#define NOBODY 65534

static char directory[64], runtime[64], caught[65536];
static struct script script;
static struct datalog_entry entries[DATALOG_ENTRIES];
static uint64_t seed;
static int log_file, log_saved;

/* Standard error goes to a file from now on. */
static void catch_log(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/log", runtime);
	log_file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	log_saved = dup(STDERR_FILENO);
	dup2(log_file, STDERR_FILENO);
}

static const char *log_so_far(void)
{
	ssize_t n = pread(log_file, caught, sizeof(caught) - 1, 0);

	caught[n > 0 ? n : 0] = '\0';
	return caught;
}

static unsigned times_said(const char *part)
{
	unsigned n = 0;

	for (const char *at = strstr(log_so_far(), part); at; at = strstr(at + 1, part))
		n++;
	return n;
}

static void setup(void)
{
	script_make_directory(directory);
	script_make_directory(runtime);
	handover_set_place(runtime);
	unsetenv("JOURNAL_STREAM");
	script_init(&script, 1);
	seed = script_seed();
	catch_log();
}

static void teardown(void)
{
	dup2(log_saved, STDERR_FILENO);
	fputs(log_so_far(), stderr);
	script_remove_directory(directory);
	script_remove_directory(runtime);
}

static void path_of(char path[FILES_PATH_MAX], const char *name)
{
	snprintf(path, FILES_PATH_MAX, "%s/%s", directory, name);
}

static void forget_handover(void)
{
	script_forget_handover(runtime);
}

/*
 * Two generations with different states and the same log, as a killed process leaves them; the state of each.  `newest`: which
 * one has the newer state.
 */
static void make_two(unsigned newest, struct nv state[2])
{
	struct store *store = script_open(&script, directory);

	for (int i = 0; i < 40; i++)
		script_log(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	/* the older generation is written next */
	for (int i = 0; i < 3 || store->generation[newest].committed.sequence < store->generation[1 - newest].committed.sequence;
	     i++) {
		script_advance(&script);
		ck_assert_int_eq(script_write(store, false), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		state[i] = store->generation[i].committed.nv;
	script_kill(store);
	forget_handover();
}

static size_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? 0 : (size_t)status.st_size;
}

static void execute(const char *path, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message ? message : "");
	sqlite3_close(db);
}

/* -- kinds of damage; each leaves something at `path` that is no good generation -- */

static void truncate_somewhere(const char *path)
{
	/* at most to all but the last page: that one may be free */
	ck_assert_int_eq(truncate(path, (off_t)(1 + script_random(&seed) % (size_of(path) - 2048))), 0);
}

static void write_at(const char *path, size_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(pwrite(fd, bytes, n, (off_t)at), (ssize_t)n);
	close(fd);
}

static void spoil_header(const char *path)
{
	write_at(path, 0, "SQLite farmat 3", 16);
}

static void spoil_root_page(const char *path)
{
	unsigned char noise[900];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)script_random(&seed);
	write_at(path, 512, noise, sizeof(noise));
}

static void zero(const char *path)
{
	static const unsigned char zeros[65536];
	size_t size = size_of(path);

	for (size_t at = 0; at < size; at += sizeof(zeros))
		write_at(path, at, zeros, size - at < sizeof(zeros) ? size - at : sizeof(zeros));
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
	execute(path, "PRAGMA user_version = 4");
}

static void make_foreign(const char *path)
{
	execute(path, "PRAGMA application_id = 252006673");
}

static void make_version_zero(const char *path)
{
	execute(path, "PRAGMA user_version = 0");
}

static void delete_row(const char *path)
{
	execute(path, "DELETE FROM state WHERE name = 'kwh'");
}

static void spoil_value(const char *path)
{
	execute(path, "UPDATE state SET value = 13 WHERE name = 'system_type'");
}

static void spoil_type(const char *path)
{
	execute(path, "UPDATE state SET value = 12.5 WHERE name = 'kwh'");
}

static void spoil_energy_quietly(const char *path)
{
	execute(path, "UPDATE state SET value = '999999.000000000' WHERE name = 'kwh'");
}

static void spoil_log(const char *path)
{
	execute(path, "UPDATE log SET words = x'0001' WHERE slot = 7");
}

static void spoil_log_quietly(const char *path)
{
	execute(path, "UPDATE log SET clock_s = clock_s + 1 WHERE slot = 7");
}

static void drop_log(const char *path)
{
	execute(path, "DROP TABLE log");
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

	files_get_path(directory, generation, path);
	if (!damage->wal_stays)
		execute(path, "PRAGMA journal_mode = DELETE");
	damage->spoil(path);
}

static uint64_t content_sum(const char *path)
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

	make_two(newest, state);
	spoil(damage, hurt);
	files_get_path(directory, hurt, path);
	sum = content_sum(path);
	store = script_open(&script, directory);
	/* Found: exactly what the good one says. */
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same(&nv, &state[1 - hurt]));
	n = store_get_entries(store, entries);
	ck_assert_uint_eq(n, 40);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&entries[i], &script.entry[i + 1], sizeof(entries[i])));
	/* Kept as it was, under a name that says why. */
	snprintf(why, sizeof(why), "state.%u.db.%s-", hurt, damage->why);
	ck_assert_uint_ge(script_count_files(directory, why, NULL), 1);
	script_count_files(directory, why, name);
	if (strstr(name, "-wal"))
		name[strlen(name) - 4] = '\0';
	path_of(path, name);
	ck_assert_uint_eq(content_sum(path), sum);
	/* Told once, with the file, the reason and what is used. */
	snprintf(line, sizeof(line), "state.%u.db is used", 1 - hurt);
	ck_assert_uint_eq(times_said(line), 1);
	if (*damage->said)
		ck_assert_uint_eq(times_said(damage->said), 1);
	ck_assert_uint_eq(times_said("renamed to"), 1);
	/* A fresh one takes its place, whole. */
	ck_assert_int_eq(script_write(store, true), 0);
	store_get_status(store, &status);
	ck_assert_uint_eq(status.set_aside, 1);
	script_kill(store);
	forget_handover();
	files_get_path(directory, 1 - hurt, path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(n, 40);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&entries[i], &script.entry[i + 1], sizeof(entries[i])));
}
END_TEST

/* Loop: killed with commits in the WAL; just made anew; ended in good order. */
START_TEST(wal_that_was_not_copied_is_told)
{
	struct store *store;
	char path[FILES_PATH_MAX];

	if (_i == 2) {
		ck_assert_int_eq(store_open(&store, directory, 1), 0);
		ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
		store_stop(store, 60);
	} else {
		store = script_open(&script, directory);
		ck_assert_int_eq(script_write(store, true), 0);
		script_advance(&script);
		if (_i == 0)
			ck_assert_int_eq(script_write(store, true), 0);
		script_kill(store);
	}
	forget_handover();
	store = script_open(&script, directory);
	script_kill(store);
	ck_assert_uint_eq(times_said("-wal is missing"), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(directory, i, path);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "-wal");
		ck_assert(unlink(path) == 0 || _i == 2);
	}
	store = script_open(&script, directory);
	ck_assert_uint_eq(times_said("-wal is missing"), _i < 2 ? 2 : 0);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	store = script_open(&script, directory);
	script_kill(store);
	ck_assert_uint_eq(times_said("-wal is missing"), _i < 2 ? 2 : 0);
}
END_TEST

START_TEST(when_both_are_damaged_the_meter_starts_anew_and_both_are_kept)
{
	struct nv state[2], nv;
	struct store *store;
	struct store_status status;

	make_two(0, state);
	spoil(&damages[3], 0);
	spoil(&damages[9], 1);
	store = script_open(&script, directory);
	ck_assert(!store_get_nv(store, &nv));
	ck_assert_uint_eq(store_get_entries(store, entries), 0);
	ck_assert_uint_eq(script_count_files(directory, ".damaged-", NULL), 1);
	ck_assert_uint_eq(script_count_files(directory, ".newer-", NULL), 1);
	ck_assert_uint_eq(times_said("nothing else is left: the meter starts anew"), 2);
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_REPAIRED);
	ck_assert_uint_eq(status.set_aside, 2);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
}
END_TEST

START_TEST(when_both_are_damaged_the_handover_of_this_boot_is_left)
{
	struct nv state[2], nv;
	struct store *store;

	make_two(0, state);
	store = script_open(&script, directory);
	script_advance(&script);
	store_handover(store, &script.nv, &script.entry[38], 3);
	script_kill(store);
	spoil(&damages[3], 0);
	spoil(&damages[6], 1);
	store = script_open(&script, directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(store_get_entries(store, entries), 3);
	ck_assert_uint_eq(times_said("what the last process left in memory is used"), 2);
	script_kill(store);
}
END_TEST

/* A name that exists is never taken: not even when a thousand files are set aside within a second. */
START_TEST(file_set_aside_never_overwrites_another)
{
	char path[FILES_PATH_MAX], name[256];

	path_of(path, "state.0.db");
	for (int i = 0; i < 300; i++) {
		int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);

		ck_assert_int_eq(write(fd, &i, sizeof(i)), sizeof(i));
		close(fd);
		ck_assert_int_eq(files_set_aside(directory, path, "damaged", name, sizeof(name)), 0);
	}
	ck_assert_uint_eq(script_count_files(directory, ".damaged-", NULL), 300);
}
END_TEST

/*
 * Any bytes of the file changed: what is found is the state of one of the two generations with the log that belongs to it, to the last digit.
 */
START_TEST(changed_bytes_are_never_taken_for_a_state)
{
	unsigned set_aside = 0;

	for (int round = 0; round < 120; round++) {
		unsigned hurt = (unsigned)script_random(&seed) & 1, n;
		struct nv state[2], nv;
		char path[FILES_PATH_MAX];
		bool wal = script_random(&seed) & 1;
		int flips = 1 + (int)(script_random(&seed) % 40);
		struct store *store;

		make_two((unsigned)script_random(&seed) & 1, state);
		files_get_path(directory, hurt, path);
		if (wal && round & 2)
			snprintf(path + strlen(path), 5, "-wal");
		else
			execute(path, "PRAGMA journal_mode = DELETE");
		for (int i = 0; i < flips && size_of(path); i++) {
			unsigned char noise = (unsigned char)script_random(&seed);

			write_at(path, script_random(&seed) % (round & 4 ? size_of(path) : size_of(path) < 4096 ? size_of(path) : 4096),
				 &noise, 1);
		}
		store = script_open(&script, directory);
		ck_assert(store_get_nv(store, &nv));
		/* a WAL cut off by the damage leaves an earlier commit of that file, which the other one beats */
		ck_assert(script_same(&nv, &state[0]) || script_same(&nv, &state[1]));
		n = store_get_entries(store, entries);
		for (unsigned i = 0; i < n; i++)
			ck_assert(!memcmp(&entries[i], &script.entry[entries[i].serial % DATALOG_ENTRIES], sizeof(entries[i])));
		ck_assert_uint_eq(n, nv.meter.log.serial);
		set_aside += store->generation[0].set_aside + store->generation[1].set_aside;
		script_kill(store);
		script_remove_directory(directory);
		mkdir(directory, 0700);
		script_init(&script, (uint64_t)round);
	}
	ck_assert_uint_gt(set_aside, 20);
}
END_TEST

/* -- another owner -- */

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
	struct store *store = script_open(&script, directory);

	if (!store_get_nv(store, &nv) || !script_same(&nv, &found_state[1]))
		return 1;
	if (script_count_files(directory, "state.0.db.foreign-", NULL) == 0)
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

	make_two(0, found_state);
	files_get_path(directory, 0, path);
	execute(path, "PRAGMA journal_mode = DELETE");
	ck_assert(!chmod(path, modes[_i]));
	ck_assert(!chown(directory, NOBODY, NOBODY) && !chown(runtime, NOBODY, NOBODY));
	files_get_path(directory, 1, path);
	execute(path, "PRAGMA journal_mode = DELETE");
	ck_assert(!chown(path, NOBODY, NOBODY));
	path_of(path, "lock");
	ck_assert(!chown(path, NOBODY, NOBODY));
	forget_handover();
	ck_assert_int_eq(as_nobody(find_the_second), 0);
	ck_assert_uint_eq(times_said("state.0.db: foreign: owned by another user; renamed to"), 1);
}
END_TEST

static int find_nothing(void)
{
	struct nv nv;
	struct store *store = script_open(&script, directory);

	if (store_get_nv(store, &nv) || store->status.state != STORE_UNUSABLE)
		return 1;
	return script_write(store, true) == -EACCES ? 0 : 2;
}

START_TEST(directory_without_permission_is_told_and_nothing_in_it_touched)
{
	struct nv nv;

	make_two(0, found_state);
	ck_assert(!chmod(directory, _i ? 0711 : 0700));
	ck_assert_int_eq(as_nobody(find_nothing), 0);
	ck_assert_uint_eq(times_said(_i ? "owned by another user; the meter goes on, state is kept in memory"
					: "Permission denied; the meter goes on, state is kept in memory"), 1);
	ck_assert_uint_eq(script_count_files(directory, "foreign", NULL), 0);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same(&nv, &found_state[0]));
}
END_TEST

/* root makes a state (an import) in the directory of the daemon's user, who goes on with it. */
static int find_the_newest(void)
{
	struct nv nv;
	struct store *store = script_open(&script, directory);

	if (!store_get_nv(store, &nv) || !script_same(&nv, &found_state[0]))
		return 1;
	return script_write(store, true) ? 2 : 0;
}

START_TEST(what_root_writes_belongs_to_the_owner_of_the_directory)
{
	struct handover_name name;
	struct stat status;

	ck_assert(!chown(directory, NOBODY, NOBODY) && !chown(runtime, NOBODY, NOBODY));
	script_kill(script_open(&script, directory));
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(stat(name.path, &status), 0);
	ck_assert_uint_eq(status.st_uid, NOBODY);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	make_two(0, found_state);
	ck_assert_int_eq(as_nobody(find_the_newest), 0);
	ck_assert_uint_eq(script_count_files(directory, "foreign", NULL), 0);
}
END_TEST

/* -- at run time -- */

/* More than one page: those that stand in the WAL too are not missed. */
/* A file's time is as coarse as the kernel's tick: what comes later than that has another time. */
static void wait_a_tick(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &begin);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

static void hurt_open_file(const char *path)
{
	unsigned char noise[4 * 512];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)script_random(&seed);
	write_at(path, 512, noise, sizeof(noise));
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
	struct store *store = script_open(&script, directory);
	char path[FILES_PATH_MAX];
	struct nv nv;

	for (int i = 0; i < 50; i++)
		script_log(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	for (int i = 0; i < 4; i++) {
		script_advance(&script);
		ck_assert_int_eq(script_write(store, false), 0);
	}
	files_get_path(directory, hurt, path);
	wait_a_tick();
	at_run_time[_i / 2].hurt(path);
	script_advance(&script);
	script_log(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_eq(store->generation[hurt].set_aside, at_run_time[_i / 2].set_aside);
	ck_assert_uint_eq(store->generation[1 - hurt].set_aside, 0);
	if (*at_run_time[_i / 2].said)
		ck_assert_uint_eq(times_said(at_run_time[_i / 2].said), 1);
	script_kill(store);
	forget_handover();
	/* that file alone has everything */
	files_get_path(directory, 1 - hurt, path);
	delete_all(path);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(n, 51);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&entries[i], &script.entry[i + 1], sizeof(entries[i])));
}
END_TEST

START_TEST(directory_deleted_at_run_time_is_told_and_made_anew)
{
	struct store *store = script_open(&script, directory);
	struct nv nv;

	ck_assert_int_eq(script_write(store, true), 0);
	script_remove_directory(directory);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_eq(times_said("its lock is not there any more"), 1);
	/* the lock is held again too */
	{
		struct store *second = script_open(&script, directory);

		ck_assert_int_eq(second->status.state, STORE_UNUSABLE);
		script_kill(second);
	}
	script_kill(store);
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
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

	snprintf(disk, sizeof(disk), "%s-disk", directory);
	snprintf(below, sizeof(below), "%s-below", directory);
	ck_assert_int_eq(mkdir(disk, 0750), 0);
	store = script_open(&script, directory);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	forget_handover();
	snprintf(command, sizeof(command), "cp -a %s/. %s && %s %s/*", directory, disk, _i ? ": keep" : "rm -r", directory);
	ck_assert_int_eq(system(command), 0);
	rename_directory(directory, below);
	rename_directory(disk, directory);
	store = script_open(&script, directory);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_advance(&script);
	store_handover(store, &script.nv, NULL, 0);
	on_disk = script.nv;
	script_kill(store);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(directory, i, path);
		sum[i] = content_sum(path);
	}
	rename_directory(directory, disk);
	rename_directory(below, directory);

	store = script_open(&script, directory);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, false), 0);
	rename_directory(directory, below);
	rename_directory(disk, directory);
	for (int i = 0; i < 3; i++) {
		script_advance(&script);
		store_handover(store, &script.nv, NULL, 0);
		ck_assert_int_eq(store_write(store, true, false, message, sizeof(message)), -EEXIST);
		ck_assert_ptr_nonnull(strstr(message, "left as it is"));
		ck_assert(!store->adopted);
	}
	ck_assert_uint_eq(times_said("its lock is not there any more"), 1);
	ck_assert_uint_eq(script_count_files(directory, "foreign", NULL) + script_count_files(directory, "damaged", NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(directory, i, path);
		ck_assert_uint_eq(content_sum(path), sum[i]);
	}
	rename_directory(directory, disk);
	rename_directory(below, directory);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(store->adopted);
	script_kill(store);
	/* each has its own, the disk also what its killed process had left in memory */
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
	rename_directory(directory, below);
	rename_directory(disk, directory);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &on_disk));
	script_remove_directory(below);
}
END_TEST

START_TEST(lock_that_somebody_removed_is_taken_again_and_the_state_goes_on)
{
	struct store *store = script_open(&script, directory);
	char path[FILES_PATH_MAX];
	struct nv nv;

	ck_assert_int_eq(script_write(store, true), 0);
	path_of(path, "lock");
	ck_assert_int_eq(unlink(path), 0);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(files_lock_stands(directory, store->lock_fd));
	ck_assert_uint_eq(store->generation[0].set_aside + store->generation[1].set_aside, 0);
	script_kill(store);
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

/* -- disks -- */

static void wait_for_state(struct store *store, enum store_state state, uint64_t commits)
{
	int64_t deadline_ns = monotonic_ns() + PATIENCE_NS;
	struct store_status status;

	for (;;) {
		store_get_status(store, &status);
		if (status.state == state && status.commits >= commits)
			return;
		ck_assert_msg(monotonic_ns() < deadline_ns, "state %d, %s", status.state, status.message);
		usleep(1000);
	}
}

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
	ck_assert_int_eq(store_open(&store, directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_state(store, STORE_GOOD, 2);
	faults.write_errno = disks[_i].error;
	faults.write_error = disks[_i].rc;
	script_advance(&script);
	store_commit(store);
	wait_for_state(store, STORE_FAILING, 0);
	store_get_status(store, &status);
	ck_assert_int_eq(status.last_error, -disks[_i].error);
	ck_assert_msg(strstr(status.message, disks[_i].said), "%s", status.message);
	/* several tries more, and not a word more */
	deadline_ns = monotonic_ns() + PATIENCE_NS;
	for (uint64_t failures = status.failures; status.failures < failures + 4; store_get_status(store, &status)) {
		ck_assert_int_lt(monotonic_ns(), deadline_ns);
		store_commit(store);
		usleep(1000);
	}
	snprintf(line, sizeof(line), "cannot write: %s; the meter goes on, state is kept in memory", disks[_i].said);
	ck_assert_uint_eq(times_said(line), 1);
	ck_assert_uint_eq(times_said("cannot write"), 1);
	script_advance(&script);
	script_log(&script);
	store_handover(store, &script.nv, &script.entry[1], 1);
	faults.write_error = 0;
	wait_for_state(store, STORE_GOOD, 4);
	ck_assert_uint_eq(times_said("written again"), 1);
	store_stop(store, 60);
	ck_assert(script_find(directory, &nv, entries, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(script_count_files(directory, ".damaged", NULL) + script_count_files(directory, ".foreign", NULL), 0);
}
END_TEST

START_TEST(failed_sync_is_no_commit)
{
	struct store *store;
	struct nv nv;

	faulty_vfs_install();
	store = script_open(&script, directory);
	ck_assert_int_eq(script_write(store, true), 0);
	faults.sync_error = SQLITE_IOERR_FSYNC;
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), -EIO);
	faults.sync_error = 0;
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

START_TEST(slow_disk_delays_nobody_but_its_thread)
{
	struct store *store;
	struct store_status status;
	int64_t begin_ns, longest_ns = 0, heartbeat_ns;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_state(store, STORE_GOOD, 2);
	faults.hang = true;
	script_advance(&script);
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
		script_advance(&script);
		store_handover(store, &script.nv, NULL, 0);
		store_commit(store);
		store_get_status(store, &status);
		if (monotonic_ns() - begin_ns > longest_ns)
			longest_ns = monotonic_ns() - begin_ns;
	}
	printf("longest call %.3f ms\n", (double)longest_ns / 1e6);
	ck_assert_int_eq(status.heartbeat_ns, heartbeat_ns);
	faults.hang = false;
	wait_for_state(store, STORE_GOOD, 3);
	store_stop(store, 60);
}
END_TEST

/* The thread hangs; all is seen by others, from a clock that runs ahead. */
START_TEST(commit_that_does_not_end_is_shown_and_told_once)
{
	struct store_status status;
	struct store *store;
	int64_t now_ns;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, directory, 3600), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_state(store, STORE_GOOD, 2);
	store_watch(store, monotonic_ns() + 3600 * 3 * INT64_C(1000000000), &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	store_watch(store, monotonic_ns() + (3600 * 3 + 65) * INT64_C(1000000000), &status);
	ck_assert_int_eq(status.state, STORE_FAILING);
	ck_assert_msg(strstr(status.message, "no commit for"), "%s", status.message);
	store_watch(store, monotonic_ns(), &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	ck_assert_uint_eq(times_said("the meter goes on"), 1);

	faults.hang = true;
	faults.writes = 0;
	script_advance(&script);
	store_commit(store);
	for (int64_t deadline_ns = monotonic_ns() + PATIENCE_NS; !faults.writes; usleep(1000))
		ck_assert_int_lt(monotonic_ns(), deadline_ns);
	now_ns = monotonic_ns();
	store_watch(store, now_ns, &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	for (int i = 0; i < 3; i++) {
		store_watch(store, now_ns + (PATIENCE_NS + INT64_C(12000000000)) + i, &status);
		ck_assert_int_eq(status.state, STORE_FAILING);
		ck_assert_int_eq(status.last_error, -ETIMEDOUT);
		ck_assert_msg(strstr(status.message, "a commit has been under way for 7") && strstr(status.message, "state."), "%s",
			      status.message);
	}
	ck_assert_uint_eq(times_said("a commit has been under way for"), 1);
	ck_assert_uint_eq(times_said("its thread goes on"), 1);
	faults.hang = false;
	wait_for_state(store, STORE_GOOD, 4);
	for (int i = 0; i < 3; i++)
		store_handover(store, &script.nv, NULL, 0);
	ck_assert_uint_eq(times_said("its thread goes on"), 2);
	store_stop(store, 60);
}
END_TEST

START_TEST(stop_does_not_wait_for_a_disk_that_hangs_and_leaves_the_state)
{
	struct store *store;
	struct nv nv;

	faulty_vfs_install();
	ck_assert_int_eq(store_open(&store, directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_state(store, STORE_GOOD, 2);
	faults.hang = true;
	script_advance(&script);
	store_commit(store);
	while (!store->status.commits)
		usleep(1000);
	script_advance(&script);
	store_stop(store, 0.05);
	ck_assert_uint_eq(times_said("the disk does not answer"), 1);
	{
		struct recovery recovery = { .best = -1 };
		struct handover_name name;

		ck_assert_int_eq(handover_find(directory, &name), 0);
		recovery_read_handover(&recovery, &name);
		ck_assert(recovery.handed);
		nv = recovery.handover.nv;
	}
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert(nv.stopped);
	/* the thread that was left behind ends when the disk comes back, and asks nobody any more */
	memset(&script, 0x55, sizeof(script));
	faults.hang = false;
	usleep(200000);
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

	ck_assert_int_eq(mount_small(directory), 0);
	store = script_open(&script, directory);
	ck_assert_int_eq(script_write(store, true), 0);
	snprintf(filler, sizeof(filler), "%s/filler", directory);
	fd = open(filler, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block))
		;
	while (write(fd, block, 512) == 512)
		;
	close(fd);
	for (int i = 0; i < 300; i++)
		script_log(&script);
	ck_assert_int_eq(script_write(store, true), -ENOSPC);
	script_kill(store);
	/* the daemon restarts on the full disk: it still finds the last commit */
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert_uint_eq(nv.meter.log.serial, 0);
	store = script_open(&script, directory);
	ck_assert_int_eq(script_write(store, true), -ENOSPC);
	unlink(filler);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	forget_handover();
	ck_assert_int_eq(mount("none", directory, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=2m"), 0);
	store = script_open(&script, directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(store_get_entries(store, entries), 300);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), -EROFS);
	ck_assert_int_eq(mount("none", directory, "tmpfs", MS_REMOUNT, "size=2m"), 0);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_int_eq(umount2(directory, MNT_DETACH), 0);
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

	make_two(1, state);
	files_get_path(directory, 1, path);
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
	store = script_open(&script, directory);
	ck_assert(store_get_nv(store, &nv));
	ck_assert(script_same(&nv, &state[1]));
	for (int i = 0; i < 3; i++) {
		script_advance(&script);
		ck_assert_int_eq(script_write(store, true), 0);
	}
	ck_assert_uint_eq(times_said("another program has it open; the other generation is used"), 1);
	ck_assert_uint_eq(store->generation[0].set_aside + store->generation[1].set_aside, 0);
	ck_assert_int_eq(write(done[1], "d", 1), 1);
	waitpid(child, NULL, 0);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert(generation_is_current(&store->generation[1], &store->generation[1].committed));
	ck_assert_uint_eq(times_said("state.1.db: written again"), 1);
	script_kill(store);
}
END_TEST

START_TEST(import_that_fails_half_way_is_undone)
{
	char message[TRANSFER_MESSAGE_MAX], path[FILES_PATH_MAX], other[FILES_PATH_MAX];
	struct nv state[2], nv;
	uint64_t sum[2], some = 5;

	make_two(1, state);
	path_of(other, "mount");
	ck_assert_int_eq(mkdir(other, 0700), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(directory, i, path);
		sum[i] = content_sum(path);
	}
	ck_assert_int_eq(mount_small(other), 0);
	/* A file that is a mount point cannot be renamed. */
	ck_assert_int_eq(mount(path, path, NULL, MS_BIND, NULL), 0);
	script_fill(&nv, &some);
	ck_assert_int_eq(transfer_write(directory, &nv, NULL, 0, message), -EBUSY);
	ck_assert_msg(strstr(message, "state.1.db: Device or resource busy"), "%s", message);
	ck_assert_int_eq(umount(path), 0);
	for (unsigned i = 0; i < 2; i++) {
		files_get_path(directory, i, path);
		ck_assert_uint_eq(content_sum(path), sum[i]);
	}
	ck_assert_uint_eq(script_count_files(directory, "import", NULL), 0);
	ck_assert(script_find(directory, &nv, NULL, NULL));
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

	make_two(1, state);
	files_get_path(directory, 1, path);
	ck_assert(!unlink(path) && !mkdir(path, 0700));
	ck_assert_int_eq(mount_small(path), 0);
	ck_assert_int_eq(store_open(&store, directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	for (uint64_t commits = 1; commits < 4; commits++) {
		wait_for_state(store, STORE_FAILING, commits);
		store_get_status(store, &status);
		ck_assert_int_eq(status.last_error, -EBUSY);
		ck_assert_msg(strstr(status.message, "state.1.db: foreign; it cannot be renamed: Device or resource busy"), "%s",
			      status.message);
		script_advance(&script);
		store_commit(store);
	}
	ck_assert_uint_eq(times_said("it cannot be renamed"), 1);
	store_stop(store, 60);
	ck_assert_int_eq(umount(path), 0);
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

static void add_disk_tests(Suite *suite)
{
	TCase *tcase = tcase_create("disks");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, disk_that_fails_is_told_once_and_tried_until_it_works, 0, sizeof(disks) / sizeof(disks[0]));
	tcase_add_test(tcase, failed_sync_is_no_commit);
	tcase_add_test(tcase, slow_disk_delays_nobody_but_its_thread);
	tcase_add_test(tcase, commit_that_does_not_end_is_shown_and_told_once);
	tcase_add_test(tcase, stop_does_not_wait_for_a_disk_that_hangs_and_leaves_the_state);
	tcase_add_test(tcase, file_that_another_program_holds_is_read_and_written_later);
}

static void add_root_tests(Suite *suite)
{
	TCase *tcase = tcase_create("root");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, file_of_another_user_is_set_aside, 0, 3);
	tcase_add_loop_test(tcase, directory_without_permission_is_told_and_nothing_in_it_touched, 0, 2);
	tcase_add_test(tcase, what_root_writes_belongs_to_the_owner_of_the_directory);
	tcase_add_test(tcase, import_that_fails_half_way_is_undone);
	tcase_add_test(tcase, generation_that_cannot_be_written_is_never_called_good);
	tcase_add_test(tcase, small_disk_that_is_full_or_read_only_loses_nothing);
}

static void add_damage_tests(Suite *suite)
{
	TCase *tcase = tcase_create("damage");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, damaged_generation_is_set_aside_and_the_other_one_used, 0, 4 * DAMAGES);
	tcase_add_test(tcase, when_both_are_damaged_the_meter_starts_anew_and_both_are_kept);
	tcase_add_loop_test(tcase, wal_that_was_not_copied_is_told, 0, 3);
	tcase_add_test(tcase, when_both_are_damaged_the_handover_of_this_boot_is_left);
	tcase_add_test(tcase, file_set_aside_never_overwrites_another);
	tcase_add_test(tcase, changed_bytes_are_never_taken_for_a_state);
	tcase_add_loop_test(tcase, damage_at_run_time_is_repaired_from_memory, 0,
			    2 * (int)(sizeof(at_run_time) / sizeof(at_run_time[0])));
	tcase_add_loop_test(tcase, state_on_a_disk_that_is_mounted_late_is_never_touched, 0, 2);
	tcase_add_test(tcase, lock_that_somebody_removed_is_taken_again_and_the_state_goes_on);
	tcase_add_test(tcase, directory_deleted_at_run_time_is_told_and_made_anew);
}

/* With the argument `root`: the tests that need root, status 77 where they cannot run. */
int main(int argc, char **argv)
{
	bool root = argc > 1 && !strcmp(argv[1], "root");
	Suite *suite;

	if (root && !may_run_as_root()) {
		puts("needs root: files of two users, a file system mounted");
		return 77;
	}
	suite = suite_create("store faults");
	if (root) {
		add_root_tests(suite);
	} else {
		add_damage_tests(suite);
		add_disk_tests(suite);
	}
	return check_main_run(suite);
}
