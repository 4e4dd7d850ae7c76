# Pictures, for the command alone: the daemon needs no cairo.
noinst_LIBRARIES += libpicture.a
libpicture_a_SOURCES = \
	%D%/panel_picture.c %D%/panel_picture.h %D%/panel_picture_private.h \
	%D%/phasor_plot.c %D%/phasor_plot.h \
	%D%/picture.c %D%/picture.h \
	%D%/picture_file.c %D%/picture_file.h \
	%D%/plot.c %D%/plot.h \
	%D%/scope_picture.c %D%/scope_picture.h \
	%D%/segment_shapes.c %D%/segment_shapes.h \
	%D%/svg.c %D%/svg.h
libpicture_a_CFLAGS = $(AM_CFLAGS) $(CAIRO_CFLAGS)
PICTURE_LIBS = libpicture.a libpure.a $(CAIRO_LIBS)

libpure_a_SOURCES += \
	%D%/axis.c %D%/axis.h
