libshell_a_SOURCES += \
	%D%/adc.h \
	%D%/acquire.h \
	%D%/queue.h
