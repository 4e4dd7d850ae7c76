# Programs over outputs/.
OUTPUTS_TESTS = \
	tests/unit/outputs/test_contact \
	tests/unit/outputs/test_contacts \
	tests/unit/outputs/test_hang_v2 \
	tests/unit/outputs/test_led \
	tests/unit/outputs/test_lines_v2 \
	tests/unit/outputs/test_sysfs

tests_unit_outputs_test_contact_SOURCES = tests/unit/outputs/test_contact.c
tests_unit_outputs_test_contact_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_outputs_test_contacts_SOURCES = tests/unit/outputs/test_contacts.c
tests_unit_outputs_test_contacts_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_outputs_test_led_SOURCES = tests/unit/outputs/test_led.c tests/unit/outputs/tree.c tests/unit/outputs/tree.h
tests_unit_outputs_test_led_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_outputs_test_sysfs_SOURCES = tests/unit/outputs/test_sysfs.c tests/unit/outputs/tree.c tests/unit/outputs/tree.h
tests_unit_outputs_test_sysfs_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

# Fakes stand in for libgpiod, which is not linked.  Its second generation is tested everywhere: where it is not installed, with the
# fake's own header; the first one only where it is.
LINES_RIG = tests/unit/outputs/lines_rig.c tests/unit/outputs/lines_rig.h tests/fakes/fake_gpio.c tests/fakes/fake_gpio.h

tests_unit_outputs_test_lines_v2_SOURCES = tests/unit/outputs/test_lines.c $(LINES_RIG) tests/fakes/fake_gpiod_v2.c
tests_unit_outputs_test_lines_v2_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_outputs_test_lines_v2_CFLAGS = $(AM_CFLAGS)
tests_unit_outputs_test_lines_v2_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_outputs_test_hang_v2_SOURCES = tests/unit/outputs/test_hang.c $(LINES_RIG) tests/fakes/fake_gpiod_v2.c
tests_unit_outputs_test_hang_v2_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_outputs_test_hang_v2_CFLAGS = $(AM_CFLAGS)
tests_unit_outputs_test_hang_v2_LDADD = libshell.a libpure.a $(CHECK_LIBS)

if GPIOD_2
tests_unit_outputs_test_hang_v2_CFLAGS += $(LIBGPIOD_CFLAGS)
tests_unit_outputs_test_lines_v2_CFLAGS += $(LIBGPIOD_CFLAGS)
else
OUTPUTS_TESTS += tests/unit/outputs/test_hang_v1 tests/unit/outputs/test_lines_v1
tests_unit_outputs_test_hang_v2_SOURCES += src/outputs/gpio_v2.c
tests_unit_outputs_test_lines_v2_SOURCES += src/outputs/gpio_v2.c
tests_unit_outputs_test_hang_v2_CPPFLAGS += -I$(top_srcdir)/tests/fakes/gpiod_v2
tests_unit_outputs_test_lines_v2_CPPFLAGS += -I$(top_srcdir)/tests/fakes/gpiod_v2
endif

tests_unit_outputs_test_lines_v1_SOURCES = tests/unit/outputs/test_lines.c $(LINES_RIG) tests/fakes/fake_gpiod_v1.c
tests_unit_outputs_test_lines_v1_CFLAGS = $(AM_CFLAGS) $(LIBGPIOD_CFLAGS)
tests_unit_outputs_test_lines_v1_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_outputs_test_hang_v1_SOURCES = tests/unit/outputs/test_hang.c $(LINES_RIG) tests/fakes/fake_gpiod_v1.c
tests_unit_outputs_test_hang_v1_CFLAGS = $(AM_CFLAGS) $(LIBGPIOD_CFLAGS)
tests_unit_outputs_test_hang_v1_LDADD = libshell.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(OUTPUTS_TESTS)
TESTS += $(OUTPUTS_TESTS)
EXTRA_DIST += tests/fakes/gpiod_v2/gpiod.h
