/*
 * The ordinary life of a store: commits, generations, handover, log, lock.  One file, long: all claims share one directory and
 * one scripted meter.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "script.h"
#include "store/store_private.h"
#include "store/transfer.h"

#define PATIENCE_NS INT64_C(60000000000)

static char directory[64], runtime[64];
static struct script script;
static struct datalog_entry entries[DATALOG_ENTRIES];

static void setup(void)
{
	script_make_directory(directory);
	script_make_directory(runtime);
	handover_set_place(runtime);
	script_init(&script, 1);
}

static void teardown(void)
{
	script_remove_directory(directory);
	script_remove_directory(runtime);
}

static off_t size_of(const char *name)
{
	char path[FILES_PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return stat(path, &status) < 0 ? -1 : status.st_size;
}

static void forget_handover(void)
{
	script_forget_handover(runtime);
}

static void delete_databases(void)
{
	static const char *const names[] = { "state.0.db", "state.1.db", "state.0.db-wal", "state.1.db-wal" };
	char path[FILES_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
}

/* What each generation holds by itself. */
static uint64_t sequence_of(unsigned generation, struct nv *nv)
{
	static struct recorded recorded;
	char path[FILES_PATH_MAX], reason[GENERATION_REASON_MAX];

	files_get_path(directory, generation, path);
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

	snprintf(deep, sizeof(deep), "%s/a/b", directory);
	store = script_open(&script, deep);
	ck_assert(!store_get_nv(store, &nv));
	ck_assert_uint_eq(store_get_entries(store, entries), 0);
	ck_assert_int_eq(stat(deep, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0750);
	script_kill(store);
}
END_TEST

START_TEST(every_field_comes_back)
{
	uint64_t seed = script_seed();
	struct store *store;
	struct nv nv;

	for (int round = 0; round < 20; round++) {
		script_fill(&script.nv, &seed);
		store = script_open(&script, directory);
		ck_assert_int_eq(script_write(store, round & 1), 0);
		script_kill(store);
		forget_handover();
		ck_assert(script_find(directory, &nv, NULL, NULL));
		ck_assert(script_same_meter(&nv, &script.nv));
		ck_assert(!nv.stopped);
	}
}
END_TEST

START_TEST(interval_commits_go_to_the_generations_in_turn)
{
	struct store *store = script_open(&script, directory);
	uint64_t before[2], behind[2];

	script_write(store, true);
	for (int i = 0; i < 6; i++) {
		unsigned changed;

		before[0] = store->generation[0].committed.sequence;
		before[1] = store->generation[1].committed.sequence;
		script_advance(&script);
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
	struct store *store = script_open(&script, directory);
	struct nv nv[2];

	script_write(store, true);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	ck_assert_uint_ne(sequence_of(0, &nv[0]), sequence_of(1, &nv[1]));
	ck_assert(script_same_meter(&nv[0], &script.nv));
	ck_assert(script_same_meter(&nv[1], &script.nv));
	script_kill(store);
}
END_TEST

START_TEST(new_log_entry_stands_in_both_generations)
{
	struct store *store = script_open(&script, directory);
	struct nv nv[2];

	script_write(store, true);
	script_log(&script);
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
	struct store *store = script_open(&script, directory);
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
	struct store *store = script_open(&script, directory);
	double before = script.nv.meter.max_demand[DEMAND_Q];
	struct nv nv;

	script.nv.meter.log.config = 99;
	ck_assert_int_eq(script_write(store, true), -EINVAL);
	script.nv.meter.log.config = 1;
	ck_assert_int_eq(script_write(store, true), 0);
	script_advance(&script);
	script.nv.meter.max_demand[DEMAND_Q] = NAN;
	script.nv.meter.settings.system_type = 77;
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	forget_handover();
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(nv.meter.max_demand[DEMAND_Q] == before);
	ck_assert_int_ne(nv.meter.settings.system_type, 77);
	ck_assert_uint_eq(nv.meter.energies.kwh.wh, script.nv.meter.energies.kwh.wh);
}
END_TEST

START_TEST(files_are_for_their_owner_alone)
{
	struct store *store = script_open(&script, directory);
	static const char *const names[] = { "state.0.db", "state.1.db", "state.0.db-wal" };
	struct handover_name name;
	char path[FILES_PATH_MAX];
	struct stat status;

	umask(0);
	script_write(store, true);
	script_advance(&script);
	script_write(store, true);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		ck_assert_int_eq(stat(path, &status), 0);
		ck_assert_uint_eq(status.st_mode & 07777, 0600);
	}
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(stat(name.path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(size_of("state.0.db-shm"), -1);
	script_kill(store);
}
END_TEST

/* -- the handover -- */

START_TEST(killed_process_leaves_its_last_second_to_the_next)
{
	struct store *store = script_open(&script, directory);
	struct datalog_entry newest[3];
	unsigned n;
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 3; i++) {
		script_advance(&script);
		script_log(&script);
		newest[i] = script.entry[script.nv.meter.log.serial % DATALOG_ENTRIES];
	}
	store_handover(store, &script.nv, newest, 3);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert(!nv.stopped);
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(!memcmp(&entries[i], &newest[i], sizeof(newest[i])));
}
END_TEST

/* The entry is in the database already, and in the handover once more. */
START_TEST(entries_that_both_have_come_once)
{
	struct store *store = script_open(&script, directory);
	struct datalog_entry newest[HANDOVER_ENTRIES + 4];
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < HANDOVER_ENTRIES + 4; i++) {
		script_log(&script);
		newest[i] = script.entry[script.nv.meter.log.serial % DATALOG_ENTRIES];
		if (i == HANDOVER_ENTRIES)
			script_write(store, true);
	}
	/* more than a slot holds: the newest count */
	store_handover(store, &script.nv, newest, HANDOVER_ENTRIES + 4);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert_uint_eq(n, HANDOVER_ENTRIES + 4);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&entries[i], &newest[i], sizeof(newest[i])));
}
END_TEST

START_TEST(database_that_includes_the_handover_wins)
{
	struct store *store = script_open(&script, directory);
	struct nv nv, handed = script.nv;

	handed.meter.energies.kwh.wh = 5;
	store_handover(store, &handed, NULL, 0);
	script_write(store, true);	/* of a state newer than the handover's */
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

START_TEST(handover_after_a_commit_wins_again)
{
	struct store *store = script_open(&script, directory);
	struct nv nv;

	for (int i = 0; i < 5; i++) {
		script_advance(&script);
		store_handover(store, &script.nv, NULL, 0);
		script_write(store, false);
		script_advance(&script);
		store_handover(store, &script.nv, NULL, 0);
		script_kill(store);
		ck_assert(script_find(directory, &nv, NULL, NULL));
		ck_assert(script_same_meter(&nv, &script.nv));
		store = script_open(&script, directory);
	}
	script_kill(store);
}
END_TEST

/* Writes a handover of our own making beside a database whose energy is 1000 Wh. */
static bool is_taken(void (*spoil)(struct handover_state *state))
{
	struct store *store = script_open(&script, directory);
	struct handover handover;
	struct handover_state state;
	struct handover_name name;
	struct nv nv;

	script.nv.meter.energies.kwh.wh = 1000;
	store_handover(store, &script.nv, NULL, 0);
	script_write(store, true);
	script_kill(store);
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(handover_read(&name, &state), 0);
	state.sequence++;
	state.nv.meter.energies.kwh.wh = 1001;
	spoil(&state);
	ck_assert_int_eq(handover_open(&handover, &name), 0);
	ck_assert_int_eq(handover_write(&handover, &state), 0);
	handover_close(&handover);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	return nv.meter.energies.kwh.wh == 1001;
}

static void spoil_nothing(struct handover_state *state)
{
	(void)state;
}

static void spoil_boot(struct handover_state *state)
{
	state->boot_id[0] = state->boot_id[0] == '0' ? '1' : '0';
}

static void spoil_boot_empty(struct handover_state *state)
{
	state->boot_id[0] = '\0';
}

static void spoil_directory(struct handover_state *state)
{
	memcpy(state->directory, "/elsewhere", 11);
}

static void spoil_epoch(struct handover_state *state)
{
	state->epoch++;
}

static void spoil_value(struct handover_state *state)
{
	state->nv.meter.log.config = 77;
}

START_TEST(handover_counts_for_its_boot_directory_and_epoch_alone)
{
	ck_assert(is_taken(spoil_nothing));
	ck_assert(!is_taken(spoil_boot));
	ck_assert(!is_taken(spoil_boot_empty));
	ck_assert(!is_taken(spoil_directory));
	ck_assert(!is_taken(spoil_epoch));
	ck_assert(!is_taken(spoil_value));
}
END_TEST

/* The new slot is there up to each byte in turn: what is found is the new state when it is whole, else the one before. */
START_TEST(handover_torn_at_any_byte_leaves_the_one_before)
{
	struct handover handover;
	struct handover_state state, found;
	static unsigned char old_bytes[16384], new_bytes[16384], torn[16384];
	struct handover_name name;
	unsigned news = 0;
	size_t last = 0;
	int fd;

	memset(&state, 0, sizeof(state));
	state.nv = script.nv;
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(handover_open(&handover, &name), 0);
	for (uint64_t sequence = 4; sequence <= 7; sequence++) {
		state.sequence = sequence;
		state.nv.meter.energies.kwh.wh = 100 + sequence;
		ck_assert_int_eq(handover_write(&handover, &state), 0);
		ck_assert_int_eq(pread(handover.fd, sequence == 6 ? old_bytes : new_bytes, sizeof(new_bytes), 0), sizeof(new_bytes));
	}
	handover_close(&handover);
	fd = open(name.path, O_RDWR);
	for (size_t i = 0; i < sizeof(torn); i++)
		if (old_bytes[i] != new_bytes[i])
			last = i;
	ck_assert_uint_gt(last, 8192);
	for (size_t cut = 8192; cut <= last + 1; cut++) {
		memcpy(torn, new_bytes, cut);
		memcpy(torn + cut, old_bytes + cut, sizeof(torn) - cut);
		ck_assert_int_eq(pwrite(fd, torn, sizeof(torn), 0), sizeof(torn));
		ck_assert_int_eq(handover_read(&name, &found), 0);
		if (found.sequence == 7)
			news++;
		else
			ck_assert_uint_eq(found.sequence, 6);
		ck_assert_uint_eq(found.nv.meter.energies.kwh.wh, 100 + found.sequence);
	}
	ck_assert_uint_eq(news, 1);
	close(fd);
}
END_TEST

START_TEST(handover_cut_short_is_none_and_harms_nobody)
{
	struct store *store = script_open(&script, directory);
	struct handover_name name;
	struct nv nv;

	script_write(store, true);
	store_handover(store, &script.nv, NULL, 0);
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(truncate(name.path, 100), 0);
	store_handover(store, &script.nv, NULL, 0);
	ck_assert_int_eq(truncate(name.path, 0), 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	/* deleted under a running store: made anew with the next commit */
	store = script_open(&script, directory);
	unlink(name.path);
	script_advance(&script);
	script_write(store, false);
	script_advance(&script);
	store_handover(store, &script.nv, NULL, 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

START_TEST(handover_is_found_whatever_the_environment_and_the_path)
{
	struct store *store;
	char link[128];
	struct nv nv;

	snprintf(link, sizeof(link), "%s/link", runtime);
	ck_assert_int_eq(symlink(directory, link), 0);
	store = script_open(&script, link);
	script_write(store, true);
	script_advance(&script);
	store_handover(store, &script.nv, NULL, 0);
	ck_assert_int_eq(size_of("handover"), -1);
	script_kill(store);
	setenv("RUNTIME_DIRECTORY", directory, 1);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
	unlink(link);
}
END_TEST

/* A file on a disk would make the meter wait for it. */
START_TEST(handover_never_lies_on_a_disk)
{
	char disk[] = "./handover-XXXXXX";
	struct handover_name name;
	struct handover handover;
	struct statfs status;
	int error;

	ck_assert_ptr_nonnull(mkdtemp(disk));
	ck_assert_int_eq(statfs(disk, &status), 0);
	handover_set_place(disk);
	ck_assert_int_eq(handover_find(directory, &name), 0);
	error = handover_open(&handover, &name);
	script_remove_directory(disk);
	if ((uint32_t)status.f_type == TMPFS_MAGIC || (uint32_t)status.f_type == RAMFS_MAGIC)
		printf("builds in memory: not shown\n");
	else
		ck_assert_int_eq(error, -ENODEV);
}
END_TEST

START_TEST(file_that_is_not_the_owners_is_no_handover)
{
	struct store *store = script_open(&script, directory);
	char other[HANDOVER_PATH_MAX + 8];
	struct handover_name name;
	struct handover handover;
	struct handover_state state;

	script_write(store, true);
	store_handover(store, &script.nv, NULL, 0);
	script_kill(store);
	ck_assert_int_eq(handover_find(directory, &name), 0);
	ck_assert_int_eq(handover_read(&name, &state), 0);
	snprintf(other, sizeof(other), "%s-other", name.path);
	ck_assert_int_eq(link(name.path, other), 0);
	ck_assert_int_eq(handover_read(&name, &state), -EPERM);
	ck_assert_int_eq(handover_open(&handover, &name), -EPERM);
	unlink(name.path);
	ck_assert_int_eq(symlink(other, name.path), 0);
	ck_assert_int_eq(handover_read(&name, &state), -ELOOP);
	ck_assert_int_eq(handover_open(&handover, &name), -ELOOP);
	unlink(name.path);
	ck_assert_int_eq(mkfifo(name.path, 0600), 0);
	ck_assert_int_eq(handover_open(&handover, &name), -EPERM);
}
END_TEST

/* The run between could not read what the first one left; what it has committed is the newest. */
START_TEST(handover_that_could_not_be_read_never_beats_a_later_state)
{
	struct store *store = script_open(&script, directory);
	char away[HANDOVER_PATH_MAX + 8];
	struct handover_name name;
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 50; i++)
		store_handover(store, &script.nv, NULL, 0);
	script_kill(store);
	ck_assert_int_eq(handover_find(directory, &name), 0);
	snprintf(away, sizeof(away), "%s-away", name.path);
	ck_assert_int_eq(rename(name.path, away), 0);
	if (_i) {	/* it cannot even be removed */
		ck_assert_int_eq(mkdir(name.path, 0700), 0);
	} else {
		int fd = open(name.path, O_WRONLY | O_CREAT, 0600);

		ck_assert_int_eq(write(fd, "of another build", 16), 16);
		close(fd);
	}
	store = script_open(&script, directory);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	if (_i) {
		ck_assert_int_eq(rmdir(name.path), 0);
		ck_assert_int_eq(rename(away, name.path), 0);
	}
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

/* Its other slot would be the newer one by its number. */
START_TEST(handover_of_another_state_does_not_hide_ours)
{
	struct store *store = script_open(&script, directory);
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 50; i++)
		store_handover(store, &script.nv, NULL, 0);
	script_kill(store);
	delete_databases();
	{
		char message[TRANSFER_MESSAGE_MAX], away[HANDOVER_PATH_MAX + 8];
		struct handover_name name;

		ck_assert_int_eq(handover_find(directory, &name), 0);
		snprintf(away, sizeof(away), "%s-away", name.path);
		ck_assert_int_eq(rename(name.path, away), 0);
		ck_assert_int_eq(transfer_write(directory, &script.nv, NULL, 0, message), 0);
		ck_assert_int_eq(rename(away, name.path), 0);
	}
	store = script_open(&script, directory);
	script_write(store, true);
	script_advance(&script);
	store_handover(store, &script.nv, NULL, 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

/* -- the thread -- */

static void wait_for_commits(struct store *store, uint64_t commits)
{
	int64_t deadline_ns = monotonic_ns() + PATIENCE_NS;
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

	ck_assert_int_eq(store_open(&store, directory, 3600), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_commits(store, 2);
	script_advance(&script);
	store_commit(store);
	wait_for_commits(store, 4);
	ck_assert(sequence_of(0, &nv) && script_same_meter(&nv, &script.nv));
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_GOOD);
	ck_assert_int_eq(status.last_error, 0);
	ck_assert_str_eq(status.message, "");
	ck_assert(status.last_commit_ns > 0 && status.worst_commit_s >= status.last_commit_s && status.heartbeat_ns > 0);
	script_advance(&script);
	store_handover(store, &script.nv, NULL, 0);
	store_stop(store, 60);
	ck_assert(sequence_of(0, &nv) && script_same_meter(&nv, &script.nv) && nv.stopped);
	ck_assert(sequence_of(1, &nv) && script_same_meter(&nv, &script.nv) && nv.stopped);
	/* folded into one file each, and nothing left to hand over */
	ck_assert_int_eq(size_of("state.0.db-wal"), -1);
	ck_assert_int_eq(size_of("state.1.db-wal"), -1);
	ck_assert_uint_eq(script_count_files(runtime, "dinmeterd-", NULL), 0);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(nv.stopped);
	ck_assert_uint_eq(strlen(nv.boot_id), 36);
}
END_TEST

START_TEST(thread_commits_by_itself_each_interval)
{
	struct store *store;
	struct nv nv;

	ck_assert_int_eq(store_open(&store, directory, 1), 0);
	ck_assert_int_eq(store_start(store, &script_ops, &script), 0);
	wait_for_commits(store, 2);
	script_advance(&script);
	wait_for_commits(store, 3);
	script_advance(&script);
	wait_for_commits(store, 4);
	store_stop(store, 60);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

START_TEST(store_that_was_never_started_stops_without_a_word)
{
	struct store *store;

	ck_assert_int_eq(store_open(&store, directory, 10), 0);
	store_stop(store, 1);
	store_stop(NULL, 1);
	ck_assert_int_eq(size_of("state.0.db"), -1);
}
END_TEST

/* -- the log -- */

START_TEST(full_log_survives_a_kill_and_a_wrap)
{
	struct store *store = script_open(&script, directory);
	struct datalog_entry expected;
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < DATALOG_ENTRIES; i++) {
		script_log(&script);
		if (i % 500 == 0)
			script_write(store, false);
	}
	script_write(store, false);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert_uint_eq(n, DATALOG_ENTRIES);
	for (unsigned i = 0; i < n; i++) {
		script_entry(&expected, i + 1, 0);
		ck_assert(!memcmp(&entries[i], &expected, sizeof(expected)));
	}
	store = script_open(&script, directory);
	for (unsigned i = 0; i < 1000; i++)
		script_log(&script);
	script_write(store, false);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert_uint_eq(n, DATALOG_ENTRIES);
	ck_assert_uint_eq(entries[0].serial, 1001);
	ck_assert_uint_eq(entries[n - 1].serial, 6760);
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

	snprintf(other, sizeof(other), "%s/other", directory);
	store = script_open(&script, other);
	for (unsigned i = 0; i < 30; i++) {
		script_log(&script);
		script_entry(&script.entry[i + 1], i + 1, i < 10 ? 0 : 1);
	}
	script_write(store, true);
	script_kill(store);
	forget_handover();
	store = script_open(&script, directory);
	for (unsigned i = 10; i < 30; i++)
		script_entry(&script.entry[i + 1], i + 1, 0);
	for (int i = 0; i < 4; i++) {
		script_advance(&script);
		script_write(store, true);
	}
	script_kill(store);
	forget_handover();
	snprintf(command, sizeof(command), "cd %s && rm state.0.db* && mv other/state.0.db .", directory);
	ck_assert_int_eq(system(command), 0);
	store = script_open(&script, directory);
	ck_assert(store_get_nv(store, &nv) && script_same_meter(&nv, &script.nv));
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	forget_handover();
	snprintf(command, sizeof(command), "rm %s/state.1.db*", directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(n, 30);
	for (unsigned i = 0; i < n; i++) {
		script_entry(&expected, i + 1, 0);
		ck_assert(!memcmp(&entries[i], &expected, sizeof(expected)));
	}
}
END_TEST

START_TEST(log_that_was_reset_stays_reset)
{
	struct store *store = script_open(&script, directory);
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < 100; i++)
		script_log(&script);
	script_write(store, true);
	script.nv.meter.log.first_serial = 101;
	script_write(store, true);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert_uint_eq(n, 0);
	store = script_open(&script, directory);
	script_log(&script);
	script_write(store, true);
	script_kill(store);
	ck_assert(script_find(directory, &nv, entries, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(entries[0].serial, 101);
}
END_TEST

/* Interval commits and a log entry each quarter of an hour, with a wrap of the log: a year's worth of the rows' changes. */
START_TEST(year_of_commits_does_not_grow_the_files)
{
	struct store *store = script_open(&script, directory);
	off_t database = 0, wal = 0;

	/* serials as wide as at the end: SQLite stores small numbers shorter */
	script.nv.meter.log.serial = 1000000;
	script.nv.meter.log.first_serial = 1000001;
	for (unsigned i = 0; i < DATALOG_ENTRIES; i++)
		script_log(&script);
	for (unsigned hour = 0; hour < 365 * 24; hour++) {
		script_advance(&script);
		for (int quarter = 0; hour % 4 == 0 && quarter < 4; quarter++)
			script_log(&script);
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
		store = script_open(&script, directory);
		script_write(store, true);
		if (write(ready[1], "r", 1) != 1 || read(done[0], go, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], go, 1), 1);
	store = script_open(&script, directory);
	ck_assert(!store_get_nv(store, &nv));
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_UNUSABLE);
	ck_assert_int_eq(status.last_error, -EBUSY);
	snprintf(expected, sizeof(expected), "in use by process %ld", (long)child);
	ck_assert_msg(strstr(status.message, expected), "%s", status.message);
	script_advance(&script);
	ck_assert_int_eq(script_write(store, true), -EBUSY);
	store_handover(store, &script.nv, NULL, 0);
	ck_assert_uint_eq(sequence_of(0, NULL) + sequence_of(1, NULL), 3);
	ck_assert_int_eq(write(done[1], "d", 1), 1);
	waitpid(child, NULL, 0);
	/* The first one is gone; what it left is not this one's to overwrite. */
	ck_assert_int_eq(script_write(store, true), -EEXIST);
	ck_assert_uint_eq(sequence_of(0, NULL) + sequence_of(1, NULL), 3);
	ck_assert_uint_eq(script_count_files(directory, "foreign", NULL) + script_count_files(directory, "damaged", NULL), 0);
	script_kill(store);
	ck_assert(script_find(directory, &nv, NULL, NULL));
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
	snprintf(blocked, sizeof(blocked), "%s/p", directory);
	snprintf(path, sizeof(path), "%s/state", blocked);
	fd = open(blocked, O_CREAT | O_WRONLY, 0600);
	close(fd);
	store = script_open(&script, path);
	store_get_status(store, &status);
	ck_assert_int_eq(status.state, STORE_UNUSABLE);
	ck_assert_int_eq(script_write(store, true), -ENOTDIR);
	unlink(blocked);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	ck_assert(script_find(path, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &script.nv));
}
END_TEST

/* -- export and import beside a handover -- */

START_TEST(export_includes_what_a_running_daemon_has_not_committed)
{
	struct store *store = script_open(&script, directory);
	char message[TRANSFER_MESSAGE_MAX];
	struct nv nv;
	unsigned n;

	script_write(store, true);
	script_advance(&script);
	script_log(&script);
	store_handover(store, &script.nv, &script.entry[1], 1);
	ck_assert_int_eq(transfer_read(directory, &nv, entries, &n, message), 0);
	ck_assert(script_same_meter(&nv, &script.nv));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(transfer_write(directory, &nv, entries, n, message), -EBUSY);
	script_kill(store);
}
END_TEST

START_TEST(import_wins_over_the_handover_of_a_killed_process)
{
	struct store *store = script_open(&script, directory);
	char message[TRANSFER_MESSAGE_MAX], away[128];
	struct handover_name name;
	struct nv nv, imported;
	uint64_t seed = 77;

	script_write(store, true);
	for (int i = 0; i < 10; i++) {
		script_advance(&script);
		store_handover(store, &script.nv, NULL, 0);
	}
	script_kill(store);
	script_fill(&imported, &seed);
	/* also where the import cannot find the handover to remove it */
	ck_assert_int_eq(handover_find(directory, &name), 0);
	snprintf(away, sizeof(away), "%s/away", runtime);
	if (_i)
		ck_assert(!rename(name.path, away));
	ck_assert_int_eq(transfer_write(directory, &imported, NULL, 0, message), 0);
	if (_i)
		ck_assert(!rename(away, name.path));
	else
		ck_assert_uint_eq(script_count_files(runtime, "dinmeterd-", NULL), 0);
	ck_assert(script_find(directory, &nv, NULL, NULL));
	ck_assert(script_same(&nv, &imported));
}
END_TEST

static void add_handover_tests(Suite *suite)
{
	TCase *tcase = tcase_create("handover");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, killed_process_leaves_its_last_second_to_the_next);
	tcase_add_test(tcase, entries_that_both_have_come_once);
	tcase_add_test(tcase, database_that_includes_the_handover_wins);
	tcase_add_test(tcase, handover_after_a_commit_wins_again);
	tcase_add_test(tcase, handover_counts_for_its_boot_directory_and_epoch_alone);
	tcase_add_test(tcase, handover_torn_at_any_byte_leaves_the_one_before);
	tcase_add_test(tcase, handover_cut_short_is_none_and_harms_nobody);
	tcase_add_test(tcase, export_includes_what_a_running_daemon_has_not_committed);
	tcase_add_loop_test(tcase, import_wins_over_the_handover_of_a_killed_process, 0, 2);
	tcase_add_test(tcase, handover_is_found_whatever_the_environment_and_the_path);
	tcase_add_test(tcase, handover_never_lies_on_a_disk);
	tcase_add_test(tcase, file_that_is_not_the_owners_is_no_handover);
	tcase_add_loop_test(tcase, handover_that_could_not_be_read_never_beats_a_later_state, 0, 2);
	tcase_add_test(tcase, handover_of_another_state_does_not_hide_ours);
}

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("commits");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, setup, teardown);
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
	add_handover_tests(suite);
	return check_main_run(suite);
}
