libpure_a_SOURCES += \
	%D%/faceplate.c %D%/faceplate.h \
	%D%/grid.c %D%/grid.h \
	%D%/live.c %D%/live.h \
	%D%/panel_page.c %D%/panel_page.h \
	%D%/phasors.c %D%/phasors.h \
	%D%/segments.c %D%/segments.h
