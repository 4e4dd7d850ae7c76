libpure_a_SOURCES += \
	%D%/registers.h
