# Fuzz targets.  With --enable-fuzzing (clang) they are libFuzzer programs:
#     ../configure CC=clang --enable-fuzzing CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined'
#     make tests/fuzz/fuzz_comtrade && ./tests/fuzz/fuzz_comtrade ../tests/fuzz/corpus/comtrade
# Without it each replays its corpus, tests/fuzz/corpus/NAME, in `make check`.
#
# A new target NAME:
#     FUZZ_TARGETS += %D%/fuzz_NAME
#     %C%_fuzz_NAME_SOURCES = %D%/fuzz_NAME.c $(FUZZ_MAIN)
#     %C%_fuzz_NAME_LDFLAGS = $(FUZZ_LINK)
#     %C%_fuzz_NAME_LDADD = libpure.a
#     EXTRA_DIST += %D%/corpus/NAME
FUZZ_TARGETS =
FUZZ_TESTS =
if FUZZING
FUZZ_MAIN =
FUZZ_LINK = -fsanitize=fuzzer
noinst_PROGRAMS += $(FUZZ_TARGETS)
else
FUZZ_MAIN = %D%/replay_main.c
FUZZ_LINK =
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TESTS)
endif
dist_check_SCRIPTS += %D%/replay.sh
EXTRA_DIST += %D%/replay_main.c

AM_TESTS_ENVIRONMENT += FUZZ_TARGETS='$(FUZZ_TARGETS)'; export FUZZ_TARGETS;

FUZZ_TESTS += %D%/replay.sh
FUZZ_TARGETS += %D%/fuzz_comtrade
%C%_fuzz_comtrade_SOURCES = %D%/fuzz_comtrade.c $(FUZZ_MAIN)
%C%_fuzz_comtrade_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_comtrade_LDADD = libshell.a libpure.a
EXTRA_DIST += %D%/corpus/comtrade

FUZZ_TARGETS += %D%/fuzz_config
%C%_fuzz_config_SOURCES = %D%/fuzz_config.c $(FUZZ_MAIN)
%C%_fuzz_config_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_config_LDADD = libshell.a libpure.a $(LIBCONFIG_LIBS) $(LIBEVDEV_LIBS)
EXTRA_DIST += %D%/corpus/config

FUZZ_TARGETS += %D%/fuzz_rtu
%C%_fuzz_rtu_SOURCES = %D%/fuzz_rtu.c $(FUZZ_MAIN)
%C%_fuzz_rtu_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_rtu_LDADD = libpure.a
EXTRA_DIST += %D%/corpus/rtu

FUZZ_TARGETS += %D%/fuzz_pdu
%C%_fuzz_pdu_SOURCES = %D%/fuzz_pdu.c $(FUZZ_MAIN)
%C%_fuzz_pdu_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_pdu_LDADD = libpure.a
EXTRA_DIST += %D%/corpus/pdu

FUZZ_TARGETS += %D%/fuzz_control
%C%_fuzz_control_SOURCES = %D%/fuzz_control.c $(FUZZ_MAIN)
%C%_fuzz_control_CFLAGS = $(AM_CFLAGS) $(LIBSYSTEMD_CFLAGS) $(JSON_C_CFLAGS)
%C%_fuzz_control_LDFLAGS = $(FUZZ_LINK)
%C%_fuzz_control_LDADD = tests/lib/libscripted.a $(SHELL_LIBS)
EXTRA_DIST += %D%/corpus/control
