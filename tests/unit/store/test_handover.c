/*
 * What a process leaves in memory to the next one: when it counts, and when the databases alone do.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "scene.h"
#include "store/store_private.h"
#include "store/transfer.h"

static void delete_databases(void)
{
	static const char *const names[] = { "state.0.db", "state.1.db", "state.0.db-wal", "state.1.db-wal" };
	char path[FILES_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", scene.directory, names[i]);
		unlink(path);
	}
}

START_TEST(killed_process_leaves_its_last_second_to_the_next)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct datalog_entry newest[3];
	unsigned n;
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 3; i++) {
		script_advance(&scene.script);
		script_log(&scene.script);
		newest[i] = scene.script.entry[scene.script.nv.meter.log.serial % DATALOG_ENTRIES];
	}
	store_handover(store, &scene.script.nv, newest, 3);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert(!nv.stopped);
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(!memcmp(&scene.entries[i], &newest[i], sizeof(newest[i])));
}
END_TEST

/* The entry is in the database already, and in the handover once more. */
START_TEST(entries_that_both_have_come_once)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct datalog_entry newest[HANDOVER_ENTRIES + 4];
	unsigned n;
	struct nv nv;

	for (unsigned i = 0; i < HANDOVER_ENTRIES + 4; i++) {
		script_log(&scene.script);
		newest[i] = scene.script.entry[scene.script.nv.meter.log.serial % DATALOG_ENTRIES];
		if (i == HANDOVER_ENTRIES)
			script_write(store, true);
	}
	/* more than a slot holds: the newest count */
	store_handover(store, &scene.script.nv, newest, HANDOVER_ENTRIES + 4);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, scene.entries, &n));
	ck_assert_uint_eq(n, HANDOVER_ENTRIES + 4);
	for (unsigned i = 0; i < n; i++)
		ck_assert(!memcmp(&scene.entries[i], &newest[i], sizeof(newest[i])));
}
END_TEST

START_TEST(database_that_includes_the_handover_wins)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv, handed = scene.script.nv;

	handed.meter.energies.kwh.wh = 5;
	store_handover(store, &handed, NULL, 0);
	script_write(store, true);	/* of a state newer than the handover's */
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

START_TEST(handover_after_a_commit_wins_again)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv;

	for (int i = 0; i < 5; i++) {
		script_advance(&scene.script);
		store_handover(store, &scene.script.nv, NULL, 0);
		script_write(store, false);
		script_advance(&scene.script);
		store_handover(store, &scene.script.nv, NULL, 0);
		script_kill(store);
		ck_assert(script_find(scene.directory, &nv, NULL, NULL));
		ck_assert(script_same_meter(&nv, &scene.script.nv));
		store = script_open(&scene.script, scene.directory);
	}
	script_kill(store);
}
END_TEST

/* Writes a handover of our own making beside a database whose energy is 1000 Wh. */
static bool is_taken(void (*spoil)(struct handover_state *state))
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct handover handover;
	struct handover_state state;
	struct handover_name name;
	struct nv nv;

	scene.script.nv.meter.energies.kwh.wh = 1000;
	store_handover(store, &scene.script.nv, NULL, 0);
	script_write(store, true);
	script_kill(store);
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	ck_assert_int_eq(handover_read(&name, &state), 0);
	state.sequence++;
	state.nv.meter.energies.kwh.wh = 1001;
	spoil(&state);
	ck_assert_int_eq(handover_open(&handover, &name), 0);
	ck_assert_int_eq(handover_write(&handover, &state), 0);
	handover_close(&handover);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
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
	state.nv = scene.script.nv;
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
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
	struct store *store = script_open(&scene.script, scene.directory);
	struct handover_name name;
	struct nv nv;

	script_write(store, true);
	store_handover(store, &scene.script.nv, NULL, 0);
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	ck_assert_int_eq(truncate(name.path, 100), 0);
	store_handover(store, &scene.script.nv, NULL, 0);
	ck_assert_int_eq(truncate(name.path, 0), 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	/* deleted under a running store: made anew with the next commit */
	store = script_open(&scene.script, scene.directory);
	unlink(name.path);
	script_advance(&scene.script);
	script_write(store, false);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, NULL, 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

START_TEST(handover_is_found_whatever_the_environment_and_the_path)
{
	struct store *store;
	char link[128];
	struct nv nv;

	snprintf(link, sizeof(link), "%s/link", scene.runtime);
	ck_assert_int_eq(symlink(scene.directory, link), 0);
	store = script_open(&scene.script, link);
	script_write(store, true);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, NULL, 0);
	ck_assert_uint_eq(script_count_files(scene.directory, "handover", NULL), 0);
	script_kill(store);
	setenv("RUNTIME_DIRECTORY", scene.directory, 1);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
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
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
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
	struct store *store = script_open(&scene.script, scene.directory);
	char other[HANDOVER_PATH_MAX + 8];
	struct handover_name name;
	struct handover handover;
	struct handover_state state;

	script_write(store, true);
	store_handover(store, &scene.script.nv, NULL, 0);
	script_kill(store);
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
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
	struct store *store = script_open(&scene.script, scene.directory);
	char away[HANDOVER_PATH_MAX + 8];
	struct handover_name name;
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 50; i++)
		store_handover(store, &scene.script.nv, NULL, 0);
	script_kill(store);
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	snprintf(away, sizeof(away), "%s-away", name.path);
	ck_assert_int_eq(rename(name.path, away), 0);
	if (_i) {	/* it cannot even be removed */
		ck_assert_int_eq(mkdir(name.path, 0700), 0);
	} else {
		int fd = open(name.path, O_WRONLY | O_CREAT, 0600);

		ck_assert_int_eq(write(fd, "of another build", 16), 16);
		close(fd);
	}
	store = script_open(&scene.script, scene.directory);
	script_advance(&scene.script);
	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	if (_i) {
		ck_assert_int_eq(rmdir(name.path), 0);
		ck_assert_int_eq(rename(away, name.path), 0);
	}
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

/* Its other slot would be the newer one by its number. */
START_TEST(handover_of_another_state_does_not_hide_ours)
{
	struct store *store = script_open(&scene.script, scene.directory);
	struct nv nv;

	script_write(store, true);
	for (int i = 0; i < 50; i++)
		store_handover(store, &scene.script.nv, NULL, 0);
	script_kill(store);
	delete_databases();
	{
		char message[TRANSFER_MESSAGE_MAX], away[HANDOVER_PATH_MAX + 8];
		struct handover_name name;

		ck_assert_int_eq(handover_find(scene.directory, &name), 0);
		snprintf(away, sizeof(away), "%s-away", name.path);
		ck_assert_int_eq(rename(name.path, away), 0);
		ck_assert_int_eq(transfer_write(scene.directory, &scene.script.nv, NULL, 0, message), 0);
		ck_assert_int_eq(rename(away, name.path), 0);
	}
	store = script_open(&scene.script, scene.directory);
	script_write(store, true);
	script_advance(&scene.script);
	store_handover(store, &scene.script.nv, NULL, 0);
	script_kill(store);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same_meter(&nv, &scene.script.nv));
}
END_TEST

START_TEST(export_includes_what_a_running_daemon_has_not_committed)
{
	struct store *store = script_open(&scene.script, scene.directory);
	char message[TRANSFER_MESSAGE_MAX];
	struct nv nv;
	unsigned n;

	script_write(store, true);
	script_advance(&scene.script);
	script_log(&scene.script);
	store_handover(store, &scene.script.nv, &scene.script.entry[1], 1);
	ck_assert_int_eq(transfer_read(scene.directory, &nv, scene.entries, &n, message), 0);
	ck_assert(script_same_meter(&nv, &scene.script.nv));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(transfer_write(scene.directory, &nv, scene.entries, n, message), -EBUSY);
	script_kill(store);
}
END_TEST

START_TEST(import_wins_over_the_handover_of_a_killed_process)
{
	struct store *store = script_open(&scene.script, scene.directory);
	char message[TRANSFER_MESSAGE_MAX], away[128];
	struct handover_name name;
	struct nv nv, imported;

	script_write(store, true);
	for (int i = 0; i < 10; i++) {
		script_advance(&scene.script);
		store_handover(store, &scene.script.nv, NULL, 0);
	}
	script_kill(store);
	script_fill(&imported, &scene.seed);
	/* also where the import cannot find the handover to remove it */
	ck_assert_int_eq(handover_find(scene.directory, &name), 0);
	snprintf(away, sizeof(away), "%s/away", scene.runtime);
	if (_i)
		ck_assert(!rename(name.path, away));
	ck_assert_int_eq(transfer_write(scene.directory, &imported, NULL, 0, message), 0);
	if (_i)
		ck_assert(!rename(away, name.path));
	else
		ck_assert_uint_eq(script_count_files(scene.runtime, "dinmeterd-", NULL), 0);
	ck_assert(script_find(scene.directory, &nv, NULL, NULL));
	ck_assert(script_same(&nv, &imported));
}
END_TEST

int main(void)
{
	TCase *tcase = scene_tests("handover");

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
	return scene_run();
}
