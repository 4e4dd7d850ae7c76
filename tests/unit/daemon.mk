
# The configuration and the log.
DAEMON_TESTS = \
	tests/unit/test_access \
	tests/unit/test_backoff \
	tests/unit/test_config \
	tests/unit/test_meter_thread \
	tests/unit/test_log \
	tests/unit/test_password \
	tests/unit/test_sandbox \
	tests/unit/test_sandbox_calls

tests_unit_test_password_SOURCES = tests/unit/test_password.c
tests_unit_test_password_CFLAGS = $(AM_CFLAGS) $(LIBCRYPT_CFLAGS)
tests_unit_test_password_LDADD = libshell.a $(LIBCRYPT_LIBS) $(CHECK_LIBS)

tests_unit_test_backoff_SOURCES = tests/unit/test_backoff.c
tests_unit_test_backoff_LDADD = libshell.a $(CHECK_LIBS)

tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_LDADD = libshell.a libpure.a $(LIBCONFIG_LIBS) $(LIBEVDEV_LIBS) $(CHECK_LIBS)

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_meter_thread_SOURCES = tests/unit/test_meter_thread.c
tests_unit_test_meter_thread_LDADD = tests/lib/libwave.a $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_test_access_SOURCES = tests/unit/test_access.c
tests_unit_test_access_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_test_sandbox_calls_SOURCES = tests/unit/test_sandbox_calls.c
tests_unit_test_sandbox_calls_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c
tests_unit_test_sandbox_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
EXTRA_DIST += tests/data/config

# The units and what belongs to them.
dist_check_SCRIPTS += tests/unit/service.sh
TESTS += tests/unit/service.sh
