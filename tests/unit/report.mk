# Programs over report/.
check_PROGRAMS += tests/unit/test_profile
TESTS += tests/unit/test_profile
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c
tests_unit_test_profile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_profile_LDADD = libpure.a $(CHECK_LIBS)
