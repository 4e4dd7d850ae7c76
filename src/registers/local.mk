libpure_a_SOURCES += \
	%D%/decode.c %D%/decode.h \
	%D%/encode.c \
	%D%/points.c \
	%D%/registers.h \
	%D%/write.c
