libshell_a_SOURCES += \
	%D%/capture_config.h \
	%D%/tap.c %D%/tap.h
