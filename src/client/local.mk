bin_PROGRAMS += dinmeter
dinmeter_SOURCES = \
	%D%/main.c %D%/client.h \
	%D%/analyze.c \
	%D%/registers.c
dinmeter_LDADD = $(SHELL_LIBS)
