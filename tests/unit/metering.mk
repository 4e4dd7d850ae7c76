# Programs over metering/.
METERING_TESTS = \
	tests/unit/test_meter \
	tests/unit/test_meter_kept \
	tests/unit/test_quantities \
	tests/unit/test_alerts \
	tests/unit/test_calendar \
	tests/unit/test_datalog \
	tests/unit/test_demand \
	tests/unit/test_calibration \
	tests/unit/test_harmonics \
	tests/unit/test_pulse \
	tests/unit/test_energy \
	tests/unit/test_wiring

tests_unit_test_alerts_SOURCES = tests/unit/test_alerts.c
tests_unit_test_alerts_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_calendar_SOURCES = tests/unit/test_calendar.c
tests_unit_test_calendar_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_datalog_SOURCES = tests/unit/test_datalog.c
tests_unit_test_datalog_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_pulse_SOURCES = tests/unit/test_pulse.c
tests_unit_test_pulse_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_demand_SOURCES = tests/unit/test_demand.c
tests_unit_test_demand_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_energy_SOURCES = tests/unit/test_energy.c
tests_unit_test_energy_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_wiring_SOURCES = tests/unit/test_wiring.c
tests_unit_test_wiring_LDADD = libpure.a $(CHECK_LIBS)
tests_unit_test_calibration_SOURCES = tests/unit/test_calibration.c
tests_unit_test_calibration_LDADD = tests/lib/libwave.a libpure.a $(CHECK_LIBS)
tests_unit_test_harmonics_SOURCES = tests/unit/test_harmonics.c
tests_unit_test_harmonics_LDADD = tests/lib/libwave.a libpure.a $(CHECK_LIBS)

tests_unit_test_meter_SOURCES = tests/unit/test_meter.c
tests_unit_test_meter_LDADD = tests/lib/libwave.a libpure.a $(CHECK_LIBS)

check_LIBRARIES += tests/lib/libsecond.a
tests_lib_libsecond_a_SOURCES = tests/lib/second.c tests/lib/second.h

tests_unit_test_meter_kept_SOURCES = tests/unit/test_meter_kept.c
tests_unit_test_meter_kept_LDADD = tests/lib/libsecond.a libpure.a $(CHECK_LIBS)

tests_unit_test_quantities_SOURCES = tests/unit/test_quantities.c
tests_unit_test_quantities_LDADD = tests/lib/libwave.a libpure.a $(CHECK_LIBS)

# A year takes its time.
check_PROGRAMS += tests/unit/test_meter_year
SLOW_TESTS += tests/unit/test_meter_year
tests_unit_test_meter_year_SOURCES = tests/unit/test_meter_year.c
tests_unit_test_meter_year_LDADD = tests/lib/libsecond.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(METERING_TESTS)
TESTS += $(METERING_TESTS)
