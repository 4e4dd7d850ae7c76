libpure_a_SOURCES += \
	%D%/grid.c %D%/grid.h
