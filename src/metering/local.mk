libpure_a_SOURCES += \
	%D%/alerts.h \
	%D%/block.h \
	%D%/demand.h \
	%D%/energy.h \
	%D%/meter.h \
	%D%/readings.h \
	%D%/settings.c %D%/settings.h \
	%D%/snapshot.h \
	%D%/system_type.c %D%/system_type.h
