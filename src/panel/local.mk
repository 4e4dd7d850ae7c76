# What the panel shows and does: pure.
libpure_a_SOURCES += \
	%D%/panel.c %D%/panel.h %D%/panel_private.h \
	%D%/panel_draw.c \
	%D%/panel_entry.c \
	%D%/panel_menu.c %D%/panel_menu.h \
	%D%/panel_row.c \
	%D%/panel_value.c %D%/panel_value.h
