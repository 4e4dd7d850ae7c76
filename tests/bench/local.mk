# What the program is measured against.  accuracy is a test too: it fails when a worst case leaves its limit.
check_LIBRARIES += tests/lib/libwave.a
tests_lib_libwave_a_SOURCES = tests/lib/wave.c tests/lib/wave.h

check_PROGRAMS += %D%/accuracy
SLOW_TESTS += %D%/accuracy
tests_bench_accuracy_SOURCES = %D%/accuracy.c
tests_bench_accuracy_LDADD = tests/lib/libwave.a libpure.a

check_PROGRAMS += %D%/speed
tests_bench_speed_SOURCES = %D%/speed.c
tests_bench_speed_LDADD = tests/lib/libwave.a libpure.a

# Run by hand: its result is a time.
EXTRA_DIST += %D%/comtrade_speed.py

check_PROGRAMS += %D%/bus
tests_bench_bus_SOURCES = %D%/bus.c
tests_bench_bus_CFLAGS = $(AM_CFLAGS) $(LIBMODBUS_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_bench_bus_LDADD = $(SHELL_LIBS)

check_PROGRAMS += %D%/contacts
tests_bench_contacts_SOURCES = %D%/contacts.c
tests_bench_contacts_LDADD = $(SHELL_LIBS)
dist_check_SCRIPTS += %D%/contacts_runs.sh
SLOW_TESTS += %D%/contacts_runs.sh
# What the store writes in a day; fails above 100 MB.
check_PROGRAMS += %D%/store_wear
SLOW_TESTS += %D%/store_wear
tests_bench_store_wear_SOURCES = %D%/store_wear.c
tests_bench_store_wear_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_bench_store_wear_LDADD = tests/unit/store/libscript.a libshell.a libpure.a $(SQLITE_LIBS)

check_PROGRAMS += %D%/page
tests_bench_page_SOURCES = %D%/page.c
tests_bench_page_LDADD = libpure.a

# What the ring of samples costs the meter thread; fails above 3 % of the measurement.
check_PROGRAMS += %D%/tap
SLOW_TESTS += %D%/tap
tests_bench_tap_SOURCES = %D%/tap.c
tests_bench_tap_LDADD = tests/lib/libwave.a libshell.a libpure.a
