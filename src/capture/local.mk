libshell_a_SOURCES += \
	%D%/capture_config.h \
	%D%/comtrade_files.c %D%/comtrade_files.h \
	%D%/comtrade_write.c %D%/comtrade_write.h %D%/comtrade_write_private.h \
	%D%/comtrade_write_cfg.c \
	%D%/recorder.c %D%/recorder.h \
	%D%/shelf.c %D%/shelf.h \
	%D%/tap.c %D%/tap.h
