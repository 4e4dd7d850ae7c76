libpure_a_SOURCES += \
	%D%/grid.c %D%/grid.h \
	%D%/scope_view.c %D%/scope_view.h
