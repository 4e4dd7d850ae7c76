# What a character display shows: pure.
libpure_a_SOURCES += %D%/panel.h \
	%D%/display_text.c %D%/display_text.h

libshell_a_SOURCES += \
	%D%/buttons.c %D%/buttons.h \
	%D%/buttons_find.c %D%/buttons_find.h \
	%D%/buttons_key.c \
	%D%/device.c %D%/device.h \
	%D%/display.c %D%/display.h \
	%D%/host.c %D%/host.h \
	%D%/host_queue.c %D%/host_queue.h
