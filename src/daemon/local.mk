libshell_a_SOURCES += \
	%D%/config.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/log.c %D%/log.h \
	%D%/meter_thread.c %D%/meter_thread.h \
	%D%/monotonic.h \
	%D%/options.c %D%/options.h

sbin_PROGRAMS += dinmeterd
dinmeterd_SOURCES = src/main.c
dinmeterd_LDADD = $(SHELL_LIBS)
