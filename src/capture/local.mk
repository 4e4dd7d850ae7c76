libshell_a_SOURCES += \
	%D%/capture_config.h \
	%D%/comtrade_files.c %D%/comtrade_files.h \
	%D%/comtrade_write.c %D%/comtrade_write.h \
	%D%/recorder.c %D%/recorder.h \
	%D%/recorder_files.c %D%/recorder_files.h \
	%D%/tap.c %D%/tap.h
