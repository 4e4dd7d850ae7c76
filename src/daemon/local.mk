libshell_a_SOURCES += \
	%D%/access.c %D%/access.h \
	%D%/backoff.c %D%/backoff.h \
	%D%/claims.c %D%/claims.h \
	%D%/config.c %D%/config.h \
	%D%/config_check.c \
	%D%/config_print.c \
	%D%/config_reader.h \
	%D%/config_recover.c %D%/config_recover.h \
	%D%/config_source.c %D%/config_source.h \
	%D%/config_table.c %D%/config_table.h \
	%D%/config_value.c \
	%D%/daemon.c %D%/daemon.h %D%/daemon_private.h \
	%D%/daemon_capture.c \
	%D%/daemon_control.c \
	%D%/daemon_panel.c \
	%D%/kick.c %D%/kick.h \
	%D%/log.c %D%/log.h \
	%D%/meter_thread.c %D%/meter_thread.h \
	%D%/monotonic.c %D%/monotonic.h \
	%D%/options.c %D%/options.h \
	%D%/password.c %D%/password.h \
	%D%/restore.c %D%/restore.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/sandbox_landlock.c %D%/sandbox_landlock.h \
	%D%/sandbox_seccomp.c %D%/sandbox_seccomp.h \
	%D%/streams.c %D%/streams.h

sbin_PROGRAMS += dinmeterd
dinmeterd_SOURCES = src/main.c
dinmeterd_LDADD = $(SHELL_LIBS)
