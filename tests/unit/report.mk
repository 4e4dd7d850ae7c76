# Programs over report/, and the client's days.
check_PROGRAMS += tests/unit/test_profile tests/unit/test_report_days
TESTS += tests/unit/test_profile tests/unit/test_report_days
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c
tests_unit_test_profile_LDADD = libpure.a $(CHECK_LIBS)
tests_unit_test_report_days_SOURCES = tests/unit/test_report_days.c src/client/report_days.c src/client/report_days.h
tests_unit_test_report_days_LDADD = libpure.a $(CHECK_LIBS)
