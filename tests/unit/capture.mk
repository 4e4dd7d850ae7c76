# The ring of samples; the writer of recordings, read back by the source that reads them; captures that alerts begin.
CAPTURE_TESTS = \
	tests/unit/test_comtrade_write \
	tests/unit/test_recorder \
	tests/unit/test_tap

tests_unit_test_comtrade_write_SOURCES = tests/unit/test_comtrade_write.c
tests_unit_test_comtrade_write_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_recorder_SOURCES = tests/unit/test_recorder.c
tests_unit_test_recorder_LDADD = libshell.a libpure.a $(LIBSYSTEMD_LIBS) $(CHECK_LIBS)

tests_unit_test_tap_SOURCES = tests/unit/test_tap.c
tests_unit_test_tap_LDADD = libshell.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(CAPTURE_TESTS)
TESTS += $(CAPTURE_TESTS)
