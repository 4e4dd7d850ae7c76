libpure_a_SOURCES += \
	%D%/profile.c %D%/profile.h
