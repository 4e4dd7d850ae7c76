libpure_a_SOURCES += \
	%D%/encode.c \
	%D%/points.c \
	%D%/registers.h \
	%D%/write.c
