# The writer of recordings, read back by the source that reads them.
CAPTURE_TESTS = \
	tests/unit/test_comtrade_write

tests_unit_test_comtrade_write_SOURCES = tests/unit/test_comtrade_write.c
tests_unit_test_comtrade_write_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_comtrade_write_LDADD = libshell.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(CAPTURE_TESTS)
TESTS += $(CAPTURE_TESTS)
