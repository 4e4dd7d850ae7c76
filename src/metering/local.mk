libpure_a_SOURCES += \
	%D%/alerts.c %D%/alerts.h \
	%D%/block.h \
	%D%/demand.c %D%/demand.h \
	%D%/energy.c %D%/energy.h \
	%D%/meter.h \
	%D%/readings.c %D%/readings.h \
	%D%/settings.c %D%/settings.h \
	%D%/snapshot.h \
	%D%/system_type.c %D%/system_type.h
