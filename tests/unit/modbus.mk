# Programs over modbus/.
MODBUS_TESTS = \
	tests/unit/modbus/test_bus \
	tests/unit/modbus/test_line \
	tests/unit/modbus/test_pdu \
	tests/unit/modbus/test_rtu \
	tests/unit/modbus/test_slave

tests_unit_modbus_test_bus_SOURCES = tests/unit/modbus/test_bus.c \
	tests/unit/modbus/traffic.c tests/unit/modbus/traffic.h tests/unit/modbus/traffic_doubt.c
tests_unit_modbus_test_bus_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_modbus_test_line_SOURCES = tests/unit/modbus/test_line.c
tests_unit_modbus_test_line_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_modbus_test_line_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_modbus_test_pdu_SOURCES = tests/unit/modbus/test_pdu.c
tests_unit_modbus_test_pdu_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_modbus_test_rtu_SOURCES = tests/unit/modbus/test_rtu.c
tests_unit_modbus_test_rtu_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_modbus_test_slave_SOURCES = tests/unit/modbus/test_slave.c
tests_unit_modbus_test_slave_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_modbus_test_slave_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(MODBUS_TESTS)
TESTS += $(MODBUS_TESTS)
