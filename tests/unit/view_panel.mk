# What `dinmeter panel` draws.
VIEW_PANEL_TESTS = \
	tests/unit/test_faceplate \
	tests/unit/test_phasors \
	tests/unit/test_segments

tests_unit_test_faceplate_SOURCES = tests/unit/test_faceplate.c
tests_unit_test_faceplate_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_phasors_SOURCES = tests/unit/test_phasors.c
tests_unit_test_phasors_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_segments_SOURCES = tests/unit/test_segments.c
tests_unit_test_segments_LDADD = libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(VIEW_PANEL_TESTS)
TESTS += $(VIEW_PANEL_TESTS)
EXTRA_DIST += tests/data/faceplate
