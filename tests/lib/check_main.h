/*
 * check_main - how the main() of every libcheck program ends: its suite is run and freed, and this is the exit status;
 * a suite of which nothing ran has failed.
 *
 * CK_VERBOSITY in the environment rules how much is told.
 */
#ifndef TESTS_LIB_CHECK_MAIN_H
#define TESTS_LIB_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

static inline int check_main_run_as(Suite *suite, enum fork_status fork_status)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_fork_status(runner, fork_status);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner) || srunner_ntests_run(runner) == 0;
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Each test in a process of its own, unless CK_FORK in the environment is "no". */
static inline int check_main_run(Suite *suite)
{
	return check_main_run_as(suite, CK_FORK_GETENV);
}

/* All tests in this one process. */
static inline int check_main_run_unforked(Suite *suite)
{
	return check_main_run_as(suite, CK_NOFORK);
}

#endif
