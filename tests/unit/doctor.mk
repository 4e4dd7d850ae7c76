# dinmeter doctor, on trees of files and a kernel that stand for machines.
DOCTOR_UNDER_TEST = tests/unit/outputs/tree.c tests/unit/outputs/tree.h \
	src/client/doctor.h src/client/control_client.c src/client/control_client.h src/client/instance.c src/client/instance.h \
	src/client/doctor_contacts.c src/client/doctor_control.c src/client/doctor_converter.c src/client/doctor_disk.c src/client/doctor_findings.c \
	src/client/doctor_holders.c src/client/doctor_machine.c src/client/doctor_panel.c src/client/doctor_place.c src/client/doctor_port.c \
	src/client/doctor_service.c src/client/doctor_unit.c src/client/doctor_unit.h src/client/doctor_user.c

check_PROGRAMS += tests/unit/doctor/test_doctor
TESTS += tests/unit/doctor/test_doctor
tests_unit_doctor_test_doctor_SOURCES = tests/unit/doctor/test_doctor.c tests/unit/doctor/kernel.c tests/unit/doctor/kernel.h \
	$(DOCTOR_UNDER_TEST)
tests_unit_doctor_test_doctor_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_doctor_test_doctor_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

# Whose state and socket a configuration means: a directory of configurations of its own.
check_PROGRAMS += tests/unit/test_instance
TESTS += tests/unit/test_instance
tests_unit_test_instance_SOURCES = tests/unit/test_instance.c $(DOCTOR_UNDER_TEST) \
	src/client/doctor.c src/client/state.c src/client/state_json.c src/client/state_json.h
tests_unit_test_instance_CPPFLAGS = $(AM_CPPFLAGS) -USYSCONFDIR -DSYSCONFDIR='"$(abs_top_builddir)/tests/unit/site"'
tests_unit_test_instance_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_test_instance_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)
