# Programs over metering/settings and registers/; the printed forms of the map.
REGISTERS_TESTS = \
	tests/unit/test_settings \
	tests/unit/test_registers_map \
	tests/unit/test_registers_encode \
	tests/unit/test_registers_write

tests_unit_test_settings_SOURCES = tests/unit/test_settings.c
tests_unit_test_settings_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_registers_map_SOURCES = tests/unit/test_registers_map.c
tests_unit_test_registers_map_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_registers_encode_SOURCES = tests/unit/test_registers_encode.c
tests_unit_test_registers_encode_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_registers_write_SOURCES = tests/unit/test_registers_write.c
tests_unit_test_registers_write_LDADD = libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(REGISTERS_TESTS)
dist_check_SCRIPTS += tests/unit/registers_printed.py
TESTS += $(REGISTERS_TESTS) tests/unit/registers_printed.py
EXTRA_DIST += tests/data/point-map.tsv
