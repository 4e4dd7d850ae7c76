# Programs over panel/: the meter that they need is in the rig.
PANEL_TESTS = \
	tests/unit/panel/test_screens \
	tests/unit/panel/test_setup \
	tests/unit/panel/test_values \
	tests/unit/panel/test_walk

PANEL_RIG = tests/unit/panel/rig.c tests/unit/panel/rig.h

tests_unit_panel_test_screens_SOURCES = tests/unit/panel/test_screens.c $(PANEL_RIG)
tests_unit_panel_test_screens_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_panel_test_setup_SOURCES = tests/unit/panel/test_setup.c $(PANEL_RIG)
tests_unit_panel_test_setup_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_panel_test_values_SOURCES = tests/unit/panel/test_values.c $(PANEL_RIG)
tests_unit_panel_test_values_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_panel_test_walk_SOURCES = tests/unit/panel/test_walk.c tests/unit/panel/legal.c tests/unit/panel/legal.h $(PANEL_RIG)
tests_unit_panel_test_walk_LDADD = libpure.a $(CHECK_LIBS)

# The panel's thread and its hardware.
PANEL_TESTS += \
	tests/unit/panel/test_buttons \
	tests/unit/panel/test_display \
	tests/unit/panel/test_host

tests_unit_panel_test_host_SOURCES = tests/unit/panel/test_host.c
tests_unit_panel_test_host_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_panel_test_display_SOURCES = tests/unit/panel/test_display.c
tests_unit_panel_test_display_LDADD = libshell.a libpure.a $(CHECK_LIBS) -lutil

# A fake stands in for libevdev, which is not linked.
tests_unit_panel_test_buttons_SOURCES = tests/unit/panel/test_buttons.c tests/fakes/fake_evdev.c \
	tests/unit/outputs/tree.c tests/unit/outputs/tree.h
tests_unit_panel_test_buttons_CFLAGS = $(AM_CFLAGS) $(LIBEVDEV_CFLAGS)
tests_unit_panel_test_buttons_LDADD = libshell.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(PANEL_TESTS)
TESTS += $(PANEL_TESTS)
EXTRA_DIST += tests/unit/panel/screens
