libpure_a_SOURCES += \
	%D%/grid.c %D%/grid.h \
	%D%/phasors.c %D%/phasors.h \
	%D%/segments.c %D%/segments.h
