# Programs over outputs/.
OUTPUTS_TESTS = \
	tests/unit/outputs/test_contact

tests_unit_outputs_test_contact_SOURCES = tests/unit/outputs/test_contact.c
tests_unit_outputs_test_contact_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_outputs_test_contact_LDADD = libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(OUTPUTS_TESTS)
TESTS += $(OUTPUTS_TESTS)
