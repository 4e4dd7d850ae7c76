# Pictures, for the command alone: the daemon needs no cairo.
noinst_LIBRARIES += libpicture.a
libpicture_a_SOURCES = \
	%D%/picture.c %D%/picture.h \
	%D%/picture_file.c %D%/picture_file.h \
	%D%/plot.c %D%/plot.h \
	%D%/svg_words.c %D%/svg_words.h
libpicture_a_CFLAGS = $(AM_CFLAGS) $(CAIRO_CFLAGS)
PICTURE_LIBS = libpicture.a libpure.a $(CAIRO_LIBS)

libpure_a_SOURCES += \
	%D%/axis.c %D%/axis.h
