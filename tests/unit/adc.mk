
# The queue, the acquire thread and the simulated source.
ACQUIRE_TESTS = \
	tests/unit/test_queue \
	tests/unit/test_acquire \
	tests/unit/test_sim

tests_unit_test_queue_SOURCES = tests/unit/test_queue.c
tests_unit_test_queue_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_acquire_SOURCES = tests/unit/test_acquire.c
tests_unit_test_acquire_LDADD = libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_sim_SOURCES = tests/unit/test_sim.c
tests_unit_test_sim_LDADD = $(SHELL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(ACQUIRE_TESTS)
TESTS += $(ACQUIRE_TESTS)

# The COMTRADE source.
COMTRADE_TESTS = \
	tests/unit/test_adc_comtrade \
	tests/unit/test_comtrade_malformed \
	tests/unit/test_comtrade_text

check_LIBRARIES += tests/lib/librecording.a
tests_lib_librecording_a_SOURCES = tests/lib/recording.c tests/lib/recording.h

tests_unit_test_adc_comtrade_SOURCES = tests/unit/test_adc_comtrade.c
tests_unit_test_adc_comtrade_LDADD = tests/lib/librecording.a libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_comtrade_malformed_SOURCES = tests/unit/test_comtrade_malformed.c
tests_unit_test_comtrade_malformed_LDADD = tests/lib/librecording.a libshell.a libpure.a $(CHECK_LIBS)

tests_unit_test_comtrade_text_SOURCES = tests/unit/test_comtrade_text.c
tests_unit_test_comtrade_text_LDADD = libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(COMTRADE_TESTS)
TESTS += $(COMTRADE_TESTS)

# The IIO source: losses, the true rate.
IIO_TESTS = \
	tests/unit/test_gaps \
	tests/unit/test_rate_clock \
	tests/unit/test_adc_iio

tests_unit_test_gaps_SOURCES = tests/unit/test_gaps.c
tests_unit_test_gaps_LDADD = libpure.a $(CHECK_LIBS)

tests_unit_test_rate_clock_SOURCES = tests/unit/test_rate_clock.c
tests_unit_test_rate_clock_LDADD = libpure.a $(CHECK_LIBS)

# The fake stands in for libiio, which is not linked: what it lacks does not link.
tests_unit_test_adc_iio_SOURCES = tests/unit/test_adc_iio.c tests/fakes/fake_iio.c tests/fakes/fake_iio.h
tests_unit_test_adc_iio_CFLAGS = $(AM_CFLAGS) $(LIBIIO_CFLAGS)
tests_unit_test_adc_iio_LDADD = libshell.a libpure.a $(CHECK_LIBS)

check_PROGRAMS += $(IIO_TESTS)
TESTS += $(IIO_TESTS)
