# Programs over control/.
CONTROL_TESTS = \
	tests/unit/test_control_protocol \
	tests/unit/test_decode

check_LIBRARIES += tests/lib/libscripted.a
tests_lib_libscripted_a_SOURCES = tests/lib/scripted_meter.c tests/lib/scripted_meter.h
tests_lib_libscripted_a_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS)

tests_unit_test_decode_SOURCES = tests/unit/test_decode.c
tests_unit_test_decode_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_control_protocol_SOURCES = tests/unit/test_control_protocol.c
tests_unit_test_control_protocol_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS) $(JSON_C_CFLAGS)
tests_unit_test_control_protocol_LDADD = tests/lib/libscripted.a $(SHELL_LIBS) $(CHECK_LIBS)

# A server for the tests in Python.
check_PROGRAMS += tests/unit/control_server
tests_unit_control_server_SOURCES = tests/unit/control_server.c
tests_unit_control_server_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_control_server_LDADD = tests/lib/libscripted.a $(SHELL_LIBS)

check_PROGRAMS += $(CONTROL_TESTS)
TESTS += $(CONTROL_TESTS)
