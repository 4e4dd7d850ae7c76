bin_PROGRAMS += dinmeter
dinmeter_SOURCES = \
	%D%/main.c %D%/client.h \
	%D%/analyze.c \
	%D%/registers.c \
	%D%/state.c \
	%D%/state_json.c %D%/state_json.h
dinmeter_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS)
dinmeter_LDADD = $(SHELL_LIBS)
