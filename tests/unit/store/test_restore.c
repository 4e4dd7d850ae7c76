/*
 * What a daemon starts from, and what its log says of it: a configuration and a store that say different things.
 */
#include <check.h>
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/restore.h"
#include "lib/check_main.h"
#include "script.h"
#include "store/store_private.h"

static char directory[64], runtime[64], log_text[65536];
static struct script script;
static struct config config;
static struct restored restored;

static void hash_of(const char *word, const char *salt, char hash[NV_HASH_MAX])
{
	static struct crypt_data data;

	snprintf(hash, NV_HASH_MAX, "%s", crypt_rn(word, salt, &data, sizeof(data)));
}

static bool fits(const char *word, const char *hash)
{
	char again[NV_HASH_MAX];

	hash_of(word, hash, again);
	return *hash && !strcmp(again, hash);
}

/* Store and file agree in everything but what a test changes. */
static void setup(void)
{
	script_make_directory(directory);
	script_make_directory(runtime);
	handover_set_place(runtime);
	config_defaults(&config);
	script_init(&script, 1);
	script.nv.meter.settings = script.nv.file_settings = config.settings;
	hash_of(config.setup_password, "$6$saltofsetup", script.nv.setup_password);
	hash_of(config.reset_password, "$6$saltofreset", script.nv.reset_password);
	memcpy(script.nv.file_setup_password, script.nv.setup_password, NV_HASH_MAX);
	memcpy(script.nv.file_reset_password, script.nv.reset_password, NV_HASH_MAX);
}

static void teardown(void)
{
	free(restored.entries);
	script_remove_directory(directory);
	script_remove_directory(runtime);
}

static struct closures_left left;

static void start(void)
{
	struct store *store = script_open(&script, directory);
	char path[128];
	ssize_t n;
	int fd, saved = dup(STDERR_FILENO);

	ck_assert_int_eq(script_write(store, true), 0);
	script_kill(store);
	store = script_open(&script, directory);
	snprintf(path, sizeof(path), "%s/log", runtime);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	ck_assert_int_eq(restore_state(&restored, &config, store, &left), 0);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fd, log_text, sizeof(log_text) - 1, 0);
	log_text[n > 0 ? n : 0] = '\0';
	close(fd);
	script_kill(store);
}

static void check_said(const char *line)
{
	ck_assert_msg(strstr(log_text, line), "not \"%s\" but:\n%s", line, log_text);
}

START_TEST(without_a_difference_nothing_is_said)
{
	start();
	ck_assert_str_eq(log_text, "");
	ck_assert(fits(config.setup_password, restored.nv.setup_password));
}
END_TEST

START_TEST(closures_after_the_last_word_of_a_killed_run_are_paid_for)
{
	struct energy owed = { 7000, 5 };

	script.nv.meter.settings.pulse_energy = config.settings.pulse_energy = script.nv.file_settings.pulse_energy = 1000;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		script.nv.meter.pulse[i] = (struct pulse){ .owed = owed, .closures = 100 };
	script.nv.run = 12345;
	script.nv.run_made[PULSE_REAL] = 40;
	script.nv.run_made[PULSE_REACTIVE] = 9;
	left = (struct closures_left){ .run = 12345, .made = { 43, 9 } };
	start();
	ck_assert_uint_eq(restored.nv.meter.pulse[PULSE_REAL].closures, 103);
	ck_assert_uint_eq(restored.nv.meter.pulse[PULSE_REAL].owed.wh, 4000);
	ck_assert_uint_eq(restored.nv.meter.pulse[PULSE_REACTIVE].closures, 100);
	ck_assert_uint_eq(restored.nv.run, 0);
	ck_assert_uint_eq(restored.nv.run_made[PULSE_REAL], 0);
	free(restored.entries);
	/* those of another run are none of ours */
	left.run = 12346;
	start();
	ck_assert_uint_eq(restored.nv.meter.pulse[PULSE_REAL].closures, 100);
}
END_TEST

/* Runs one after the other in one place, the contact counting; each sees what the one before has left. */
START_TEST(counts_of_closures_outlive_their_process)
{
	struct closures *first = closures_new(), *second = closures_new();
	struct closures_left found;
	_Atomic uint64_t *made = closures_made(first);

	ck_assert_int_eq(closures_share(first, directory, 1, 0, &found), 0);
	ck_assert_uint_eq(found.run, 0);
	made[PULSE_REAL] = 17;
	made[PULSE_REACTIVE] = 4;
	ck_assert_int_eq(closures_share(second, directory, 2, 1, &found), 0);
	ck_assert_uint_eq(found.run, 1);
	ck_assert_uint_eq(found.made[PULSE_REAL], 17);
	ck_assert_uint_eq(found.made[PULSE_REACTIVE], 4);
	ck_assert_uint_eq(closures_made(second)[PULSE_REAL], 0);
	/* Runs 2 and 3 are killed before their first word: the state knows of run 1 alone. */
	ck_assert_int_eq(closures_share(first, directory, 3, 1, &found), 0);
	ck_assert_uint_eq(found.run, 1);
	ck_assert_uint_eq(found.made[PULSE_REAL], 17);
	made[PULSE_REAL] = 5;
	/* run 3 has been known since */
	ck_assert_int_eq(closures_share(second, directory, 4, 3, &found), 0);
	ck_assert_uint_eq(found.run, 3);
	ck_assert_uint_eq(found.made[PULSE_REAL], 5);
	ck_assert_uint_eq(found.made[PULSE_REACTIVE], 0);
	ck_assert_int_eq(closures_share(first, directory, 5, 1, &found), 0);
	ck_assert_uint_eq(found.run, 0);
	closures_free(second);
	ck_assert_int_eq(closures_share(first, directory, 6, 3, &found), 0);
	ck_assert_uint_eq(found.run, 0);
	/* no such directory: counts of its own */
	closures_free(first);
	second = closures_new();
	ck_assert_int_eq(closures_share(second, "/nowhere/at/all", 3, 2, &found), -ENOENT);
	closures_free(second);
}
END_TEST

START_TEST(values_are_said_as_the_configuration_file_writes_them)
{
	script.nv.meter.settings.pt_ratio = 12345;
	script.nv.meter.settings.display_units = 0;
	script.nv.meter.settings.parity = PARITY_ODD;
	script.nv.file_settings.parity = PARITY_EVEN;
	script.nv.meter.settings.ct_primary = 250;
	start();
	check_said("settings: pt_ratio: the stored 123.45 is taken, changed since the last change of the configuration file, which says 1.00\n");
	check_said("settings: display_units: the stored \"IEC\" is taken, changed since the last change of the configuration file, "
		   "which says \"IEEE\"\n");
	check_said("settings: parity: \"none\" is taken from the configuration file, which said \"even\" at the last start; \"odd\" was stored\n");
	check_said("settings: ct_primary: the stored 250 is taken, changed");
	ck_assert_int_eq(restored.nv.meter.settings.pt_ratio, 12345);
	ck_assert_int_eq(restored.nv.meter.settings.parity, PARITY_NONE);
	ck_assert_ptr_null(strstr(log_text, "setting "));
}
END_TEST

START_TEST(stored_password_that_is_kept_is_said_without_itself)
{
	hash_of("73519", "$6$another", script.nv.setup_password);
	start();
	check_said("settings: setup_password: the stored one is taken, changed since the last change of the configuration file, which says "
		   "another\n");
	ck_assert(fits("73519", restored.nv.setup_password));
	ck_assert(fits(config.setup_password, restored.nv.file_setup_password));
	ck_assert_ptr_null(strstr(log_text, "73519"));
	ck_assert_ptr_null(strstr(log_text, "$6$"));
	ck_assert_ptr_null(strstr(log_text, "reset_password"));
}
END_TEST

START_TEST(password_that_changed_in_the_file_is_taken_and_said)
{
	hash_of("73519", "$6$another", script.nv.reset_password);
	hash_of("11111", "$6$another", script.nv.file_reset_password);
	start();
	check_said("settings: reset_password: changed in the file since the last start: the file's is taken\n");
	ck_assert(fits(config.reset_password, restored.nv.reset_password));
}
END_TEST

/* Loop: the hash in force, the one of the file at the last start. */
START_TEST(hash_that_crypt_refuses_stops_nobody)
{
	char *hash = _i ? script.nv.file_setup_password : script.nv.setup_password;

	memset(hash, 0, NV_HASH_MAX);
	memcpy(hash, "$zz$nobodyknows", 15);
	start();
	check_said("settings: setup_password: a hash that is stored cannot be used");
	ck_assert(fits(config.setup_password, restored.nv.setup_password));
	ck_assert(fits(config.setup_password, restored.nv.file_setup_password));
	ck_assert(fits(config.reset_password, restored.nv.reset_password));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restore");
	TCase *tcase = tcase_create("restore");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_a_difference_nothing_is_said);
	tcase_add_test(tcase, closures_after_the_last_word_of_a_killed_run_are_paid_for);
	tcase_add_test(tcase, counts_of_closures_outlive_their_process);
	tcase_add_test(tcase, values_are_said_as_the_configuration_file_writes_them);
	tcase_add_test(tcase, stored_password_that_is_kept_is_said_without_itself);
	tcase_add_test(tcase, password_that_changed_in_the_file_is_taken_and_said);
	tcase_add_loop_test(tcase, hash_that_crypt_refuses_stops_nobody, 0, 2);
	return check_main_run(suite);
}
