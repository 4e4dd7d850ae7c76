/* The log's lines, caught from standard error. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/check_main.h"

static char caught[8192];

/* What `speak` writes to standard error. */
static const char *catch(void (*speak)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t length;

	ck_assert_ptr_nonnull(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	speak();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	length = fread(caught, 1, sizeof(caught) - 1, file);
	caught[length] = '\0';
	fclose(file);
	return caught;
}

static void speak_of_levels(void)
{
	log_debug("quiet");
	log_info("info %d", 1);
	log_set_level(LOG_WARNING);
	log_notice("not now");
	log_error("error");
	log_set_level(LOG_INFO);
}

START_TEST(lines_below_the_level_are_dropped)
{
	unsetenv("JOURNAL_STREAM");
	ck_assert_str_eq(catch(speak_of_levels), "dinmeterd: info 1\ndinmeterd: error\n");
}
END_TEST

START_TEST(under_systemd_lines_carry_their_priority)
{
	setenv("JOURNAL_STREAM", "8:1234", 1);
	ck_assert_str_eq(catch(speak_of_levels), "<6>info 1\n<3>error\n");
	unsetenv("JOURNAL_STREAM");
}
END_TEST

static void speak_of_names(void)
{
	log_error("no channel \"%s\"", "U\n<0>x\x1b[2J\xDF");
}

START_TEST(message_with_control_characters_stays_one_line)
{
	ck_assert_str_eq(catch(speak_of_names), "dinmeterd: no channel \"U?<0>x?[2J\xDF\"\n");
}
END_TEST

static void speak_at_length(void)
{
	static char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	errno = ENODEV;
	log_error("%s", text);
	ck_assert_int_eq(errno, ENODEV);
}

START_TEST(long_message_is_cut_and_errno_is_left_alone)
{
	const char *line = catch(speak_at_length);

	ck_assert_uint_eq(strlen(line), strlen("dinmeterd: ") + 2047 + 1);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}
END_TEST

static void *retry(void *unused)
{
	log_fold_repeats();
	for (int k = 0; k < 100; k++)
		log_error("no device");
	log_error("no channel");
	log_error("no device");
	return unused;
}

static void speak_in_a_retrying_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, retry, NULL);
	pthread_join(thread, NULL);
	log_error("main");
	log_error("main");
}

START_TEST(retrying_thread_does_not_repeat_itself_others_may)
{
	ck_assert_str_eq(catch(speak_in_a_retrying_thread), "dinmeterd: no device\ndinmeterd: no channel\ndinmeterd: no device\n"
							    "dinmeterd: main\ndinmeterd: main\n");
}
END_TEST

static void speak_too_often(void)
{
	struct log_limit limit = { .burst = 3, .interval_s = 3600 };

	for (int k = 0; k < 10; k++)
		log_limited(&limit, LOG_WARNING, "again %d", k);
	/* As if the interval had passed. */
	limit.window_start_ns -= INT64_C(3601) * 1000000000;
	log_limited(&limit, LOG_WARNING, "later");
}

START_TEST(limited_lines_stop_after_the_burst_and_say_how_many_were_held_back)
{
	ck_assert_str_eq(catch(speak_too_often), "dinmeterd: again 0\ndinmeterd: again 1\ndinmeterd: again 2\n"
						 "dinmeterd: (7 more messages of this kind were held back)\ndinmeterd: later\n");
}
END_TEST

/* Its far end takes what standard error gives until it is full, and then nothing.  Gives back the error stream that was. */
static int give_standard_error(int fd)
{
	int saved = dup(STDERR_FILENO);

	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return saved;
}

/* What has come at `far` so far, behind what came before; until `end` has, if it is not NULL. */
static void hear(int far, const char *end, char *all, size_t size)
{
	size_t n = strlen(all);
	ssize_t got;

	ck_assert_int_eq(fcntl(far, F_SETFL, end ? 0 : O_NONBLOCK), 0);
	while (!(end && strstr(all, end)) && (got = read(far, all + n, size - 1 - n)) > 0) {
		n += (size_t)got;
		all[n] = '\0';
	}
}

/* 1000 lines to `fd`, of which `far` is the other end; then it is read: are all whole that came, the others told as lost, and nobody waited for? */
static void check_that_nobody_is_waited_for(int fd, int far)
{
	static char all[1 << 18];
	int saved = give_standard_error(fd), flags = fcntl(STDERR_FILENO, F_GETFL);
	unsigned came = 0, lost = 0, next = 0, number;

	for (unsigned k = 0; k < 1000; k++)
		log_error("%04u %0100u", k, k);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL), flags);
	ck_assert_int_eq(flags & O_NONBLOCK, 0);
	all[0] = '\0';
	hear(far, NULL, all, sizeof(all));
	log_error("again");
	hear(far, "dinmeterd: again\n", all, sizeof(all));
	dup2(saved, STDERR_FILENO);
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) == strlen("dinmeterd: 0000 ") + 100 && sscanf(line, "dinmeterd: %u ", &number) == 1 && number >= next) {
			next = number + 1;
			came++;
		} else if (sscanf(line, "dinmeterd: (%u messages are lost", &number) == 1) {
			lost += number;
		}
	ck_assert_uint_gt(came, 5);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(came + lost, 1000);
}

START_TEST(full_pipe_is_not_waited_for_and_the_loss_is_told)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_gt(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
	check_that_nobody_is_waited_for(ends[1], ends[0]);
}
END_TEST

START_TEST(terminal_that_nobody_reads_is_not_waited_for_and_the_loss_is_told)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct termios tios;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	tcgetattr(slave, &tios);
	cfmakeraw(&tios);
	tcsetattr(slave, TCSANOW, &tios);
	check_that_nobody_is_waited_for(slave, master);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	static char name[] = "dinmeterd";

	program_invocation_short_name = name;
	unsetenv("JOURNAL_STREAM");
	tcase_add_test(tests, lines_below_the_level_are_dropped);
	tcase_add_test(tests, under_systemd_lines_carry_their_priority);
	tcase_add_test(tests, message_with_control_characters_stays_one_line);
	tcase_add_test(tests, long_message_is_cut_and_errno_is_left_alone);
	tcase_add_test(tests, retrying_thread_does_not_repeat_itself_others_may);
	tcase_add_test(tests, limited_lines_stop_after_the_burst_and_say_how_many_were_held_back);
	tcase_add_test(tests, full_pipe_is_not_waited_for_and_the_loss_is_told);
	tcase_add_test(tests, terminal_that_nobody_reads_is_not_waited_for_and_the_loss_is_told);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
