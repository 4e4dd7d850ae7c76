/*
 * Which meter a configuration is of: the commands that take one reach the instance's socket and state, however the path is typed.
 * SYSCONFDIR is a link that each test makes, to a directory of its own.
 */
#include <check.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/instance.h"
#include "lib/check_main.h"
#include "unit/outputs/tree.h"

#define NAME "no-such-roof"
#define OTHERS "store: { path = \"/nonexistent/state\"; };\ncontrol: { socket = \"/nonexistent/control\"; };\n"

static struct tree tree;
static char before[4096];

static void make(void)
{
	ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
	unsetenv("DINMETER_SOCKET");
	tree_make(&tree);
	tree_write(&tree, "dinmeterd/dinmeterd.conf", OTHERS);
	tree_write(&tree, "dinmeterd/" NAME ".conf", OTHERS);
	tree_write(&tree, "dinmeterd/" NAME ".conf.old", OTHERS);
	tree_write(&tree, "dinmeterd/.conf", OTHERS);
	tree_write(&tree, "dinmeterd/parts/" NAME ".conf", OTHERS);
	tree_write(&tree, "home/" NAME ".conf", OTHERS);
	ck_assert_int_eq(chdir(tree.root), 0);
	ck_assert_int_eq(symlink("../home/" NAME ".conf", "dinmeterd/linked.conf"), 0);
	ck_assert_int_eq(symlink("../dinmeterd/" NAME ".conf", "home/mine"), 0);
	ck_assert_int_eq(symlink("../dinmeterd/dinmeterd.conf", "home/main.conf"), 0);
	unlink(SYSCONFDIR);
	ck_assert_int_eq(symlink(tree.root, SYSCONFDIR), 0);
}

static void clean(void)
{
	ck_assert_int_eq(chdir(before), 0);
	unlink(SYSCONFDIR);
	tree_remove(&tree);
}

static const struct {
	const char *in, *file, *name;
	bool has_unit;
} typed[] = {
	{ ".", SYSCONFDIR "/dinmeterd/" NAME ".conf", NAME, true },
	{ ".", SYSCONFDIR "//dinmeterd/./" NAME ".conf", NAME, true },
	{ ".", SYSCONFDIR "/dinmeterd/parts/../" NAME ".conf", NAME, true },
	{ ".", "dinmeterd/" NAME ".conf", NAME, true },
	{ "dinmeterd", NAME ".conf", NAME, true },
	{ "dinmeterd", "./" NAME ".conf", NAME, true },
	{ "home", "../dinmeterd/" NAME ".conf", NAME, true },
	{ "home", "mine", NAME, true },
	{ "dinmeterd", "linked.conf", "linked", true },
	{ ".", SYSCONFDIR "/dinmeterd/dinmeterd.conf", "", true },
	{ "dinmeterd", "dinmeterd.conf", "", true },
	{ "home", "main.conf", "", true },
	{ "home", NAME ".conf", "", false },
	{ "dinmeterd", NAME ".conf.old", "", false },
	{ "dinmeterd", ".conf", "", false },
	{ "dinmeterd", "parts/" NAME ".conf", "", false },
	{ "dinmeterd", "none", "", false },
	{ ".", "", "", false },
};

START_TEST(a_configuration_is_known_by_its_real_path)
{
	struct instance instance;

	ck_assert_int_eq(chdir(typed[_i].in), 0);
	instance_find(&instance, typed[_i].file);
	ck_assert_msg(!strcmp(instance.name, typed[_i].name) && instance.has_unit == typed[_i].has_unit, "%s in %s: %d, \"%s\"", typed[_i].file,
		      typed[_i].in, instance.has_unit, instance.name);
}
END_TEST

/* Nobody listens at any of them. */
static const char *socket_of(const char *socket, const char *config)
{
	static char path[108];
	struct control_client client;

	ck_assert_int_eq(control_client_open(&client, socket, config), CLIENT_FAILED);
	snprintf(path, sizeof(path), "%s", client.path);
	return path;
}

START_TEST(an_instance_has_its_own_socket_whatever_its_file_says)
{
	ck_assert_int_eq(chdir("dinmeterd"), 0);
	ck_assert_str_eq(socket_of(NULL, NAME ".conf"), "/run/dinmeterd-" NAME "/control");
	ck_assert_str_eq(socket_of("/nonexistent/given", NAME ".conf"), "/nonexistent/given");
	ck_assert_str_eq(socket_of(NULL, "dinmeterd.conf"), "/nonexistent/control");
	ck_assert_str_eq(socket_of(NULL, NULL), "/nonexistent/control");
	ck_assert_str_eq(socket_of(NULL, "../home/" NAME ".conf"), "/nonexistent/control");
}
END_TEST

/* What a command, whose arguments have no blanks, says: its output and errors in one. */
static const char *said_by(int (*command)(int argc, char **argv), const char *line, int *status)
{
	static char text[65536], words[512];
	char *argv[10] = { NULL }, *rest = words;
	int argc = 0, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), file = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	snprintf(words, sizeof(words), "%s", line);
	while (argc < 9 && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	optind = 0;
	ck_assert(out >= 0 && err >= 0 && file >= 0);
	fflush(NULL);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	*status = command(argc, argv);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	n = pread(file, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(file);
	return text;
}

static void assert_says(const char *text, const char *wanted)
{
	ck_assert_msg(strstr(text, wanted) != NULL, "no %s in: %s", wanted, text);
}

START_TEST(an_instance_has_its_own_state_whatever_its_file_says)
{
	int status;

	ck_assert_int_eq(chdir("dinmeterd"), 0);
	assert_says(said_by(client_export_state, "export-state -c " NAME ".conf", &status), "/var/lib/dinmeterd-" NAME);
	ck_assert_int_eq(status, 1);
	assert_says(said_by(client_export_state, "export-state -c dinmeterd.conf", &status), "/nonexistent/state");
	assert_says(said_by(client_export_state, "export-state", &status), "/nonexistent/state");
	assert_says(said_by(client_export_state, "export-state --state /nonexistent/given", &status), "/nonexistent/given");
}
END_TEST

START_TEST(doctor_judges_the_instance_of_its_file)
{
	const char *text;
	int status;

	ck_assert_int_eq(chdir("dinmeterd"), 0);
	text = said_by(client_doctor, "doctor -c " NAME ".conf --user root --json", &status);
	assert_says(text, "/var/lib/dinmeterd-" NAME);
	assert_says(text, "dinmeterd@" NAME);
	ck_assert_ptr_null(strstr(text, "/nonexistent"));
	text = said_by(client_doctor, "doctor -c dinmeterd.conf --user root --json", &status);
	assert_says(text, "/nonexistent/state");
	ck_assert_ptr_null(strstr(text, "dinmeterd@" NAME));
}
END_TEST

/* It must not end as the main meter's. */
START_TEST(a_name_too_long_for_a_socket_is_refused)
{
	char name[160], file[200], line[256];
	struct control_client client;
	int status;

	for (int length = 84; length <= 85; length++) {
		memset(name, 'x', sizeof(name));
		name[length] = '\0';
		snprintf(file, sizeof(file), "dinmeterd/%s.conf", name);
		tree_write(&tree, file, OTHERS);
		ck_assert_int_eq(control_client_open(&client, NULL, file), length == 84 ? CLIENT_FAILED : CLIENT_USAGE);
	}
	snprintf(line, sizeof(line), "export-state -c %s", file);
	assert_says(said_by(client_export_state, line, &status), "has 85 bytes, must have at most 84");
	ck_assert_int_eq(status, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("instance");
	TCase *tcase = tcase_create("instance");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, make, clean);
	tcase_add_loop_test(tcase, a_configuration_is_known_by_its_real_path, 0, (int)(sizeof(typed) / sizeof(typed[0])));
	tcase_add_test(tcase, an_instance_has_its_own_socket_whatever_its_file_says);
	tcase_add_test(tcase, an_instance_has_its_own_state_whatever_its_file_says);
	tcase_add_test(tcase, doctor_judges_the_instance_of_its_file);
	tcase_add_test(tcase, a_name_too_long_for_a_socket_is_refused);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
