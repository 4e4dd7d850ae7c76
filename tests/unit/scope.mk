# The scope's screens.
check_PROGRAMS += tests/unit/test_scope
TESTS += tests/unit/test_scope
tests_unit_test_scope_SOURCES = tests/unit/test_scope.c
tests_unit_test_scope_LDADD = tests/lib/libwave.a libpure.a $(CHECK_LIBS)
EXTRA_DIST += tests/data/scope
