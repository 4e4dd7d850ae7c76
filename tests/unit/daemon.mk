
DAEMON_TESTS = tests/unit/test_config

tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_LDADD = libshell.a libpure.a $(LIBCONFIG_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
EXTRA_DIST += tests/data/config
