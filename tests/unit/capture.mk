# The tap, and recordings.
CAPTURE_TESTS = tests/unit/capture/test_tap tests/unit/capture/test_comtrade_write

tests_unit_capture_test_tap_SOURCES = tests/unit/capture/test_tap.c
tests_unit_capture_test_tap_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_capture_test_tap_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_capture_test_comtrade_write_SOURCES = tests/unit/capture/test_comtrade_write.c
tests_unit_capture_test_comtrade_write_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_capture_test_comtrade_write_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(CAPTURE_TESTS)
TESTS += $(CAPTURE_TESTS)
