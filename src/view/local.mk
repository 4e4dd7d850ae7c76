libpure_a_SOURCES += \
	%D%/grid.c %D%/grid.h \
	%D%/phasors.c %D%/phasors.h \
	%D%/scope.c %D%/scope.h %D%/scope_parts.h \
	%D%/scope_bars.c \
	%D%/scope_view.c %D%/scope_view.h \
	%D%/scope_waves.c \
	%D%/segments.c %D%/segments.h
