libshell_a_SOURCES += \
	%D%/adc.c %D%/adc.h \
	%D%/adc_sim.c \
	%D%/acquire.c %D%/acquire.h \
	%D%/queue.c %D%/queue.h
