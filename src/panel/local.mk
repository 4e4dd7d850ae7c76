# What the panel shows and does, and how a character display is told: pure.
libpure_a_SOURCES += \
	%D%/display_text.c %D%/display_text.h \
	%D%/panel.c %D%/panel.h %D%/panel_private.h \
	%D%/panel_draw.c \
	%D%/panel_entry.c \
	%D%/panel_menu.c %D%/panel_menu.h \
	%D%/panel_row.c \
	%D%/panel_value.c %D%/panel_value.h

libshell_a_SOURCES += \
	%D%/buttons.c %D%/buttons.h \
	%D%/buttons_find.c %D%/buttons_find.h \
	%D%/buttons_key.c \
	%D%/device.c %D%/device.h \
	%D%/display.c %D%/display.h \
	%D%/host.c %D%/host.h \
	%D%/host_queue.c %D%/host_queue.h
