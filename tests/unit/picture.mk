# Programs over picture/.
PICTURE_TESTS = \
	tests/unit/picture/test_axis \
	tests/unit/picture/test_picture

tests_unit_picture_test_axis_SOURCES = tests/unit/picture/test_axis.c
tests_unit_picture_test_axis_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_picture_test_picture_SOURCES = tests/unit/picture/test_picture.c
tests_unit_picture_test_picture_CFLAGS = $(AM_CFLAGS) $(CAIRO_CFLAGS)
tests_unit_picture_test_picture_LDADD = $(PICTURE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(PICTURE_TESTS)
TESTS += $(PICTURE_TESTS)
