# Programs over store/.
STORE_TESTS = \
	tests/unit/store/test_handover \
	tests/unit/store/test_nv \
	tests/unit/store/test_owners \
	tests/unit/store/test_precedence \
	tests/unit/store/test_restore \
	tests/unit/store/test_store

check_LIBRARIES += tests/unit/store/libscript.a
tests_unit_store_libscript_a_SOURCES = tests/unit/store/script.c tests/unit/store/script.h \
	tests/unit/store/scene.c tests/unit/store/scene.h tests/unit/store/faulty_vfs.c tests/unit/store/faulty_vfs.h
tests_unit_store_libscript_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)

STORE_TEST_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
STORE_TEST_LIBS = tests/unit/store/libscript.a libshell.a libpure.a $(SQLITE_LIBS) $(CHECK_LIBS)

tests_unit_store_test_nv_SOURCES = tests/unit/store/test_nv.c
tests_unit_store_test_nv_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_nv_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_precedence_SOURCES = tests/unit/store/test_precedence.c
tests_unit_store_test_precedence_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_precedence_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_restore_SOURCES = tests/unit/store/test_restore.c
tests_unit_store_test_restore_CFLAGS = $(STORE_TEST_CFLAGS) $(LIBCRYPT_CFLAGS)
tests_unit_store_test_restore_LDADD = tests/unit/store/libscript.a $(SHELL_LIBS) $(CHECK_LIBS)

tests_unit_store_test_store_SOURCES = tests/unit/store/test_store.c
tests_unit_store_test_store_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_store_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_handover_SOURCES = tests/unit/store/test_handover.c
tests_unit_store_test_handover_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_handover_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_owners_SOURCES = tests/unit/store/test_owners.c
tests_unit_store_test_owners_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_owners_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_damage_SOURCES = tests/unit/store/test_damage.c
tests_unit_store_test_damage_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_damage_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_damage_running_SOURCES = tests/unit/store/test_damage_running.c
tests_unit_store_test_damage_running_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_damage_running_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_disks_SOURCES = tests/unit/store/test_disks.c
tests_unit_store_test_disks_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_disks_LDADD = $(STORE_TEST_LIBS)

tests_unit_store_test_kill_SOURCES = tests/unit/store/test_kill.c
tests_unit_store_test_kill_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_store_test_kill_LDADD = $(STORE_TEST_LIBS)

# They start many processes, and wait for the thread's next try.
SLOW_STORE_TESTS = \
	tests/unit/store/test_damage \
	tests/unit/store/test_damage_running \
	tests/unit/store/test_disks \
	tests/unit/store/test_kill
check_PROGRAMS += $(STORE_TESTS) $(SLOW_STORE_TESTS)
SLOW_TESTS += $(SLOW_STORE_TESTS)
TESTS += $(STORE_TESTS)

dist_check_SCRIPTS += tests/unit/store/test_state.py
SLOW_TESTS += tests/unit/store/test_state.py
