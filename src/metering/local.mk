libpure_a_SOURCES += \
	%D%/alerts.c %D%/alerts.h \
	%D%/block.h \
	%D%/calendar.c %D%/calendar.h \
	%D%/calibration.c %D%/calibration.h \
	%D%/datalog.c %D%/datalog.h \
	%D%/demand.c %D%/demand.h \
	%D%/energy.c %D%/energy.h \
	%D%/frequency.c %D%/frequency.h \
	%D%/harmonics.c %D%/harmonics.h \
	%D%/meter.c %D%/meter.h %D%/meter_private.h \
	%D%/meter_change.c \
	%D%/moments.c %D%/moments.h \
	%D%/pulse.c %D%/pulse.h \
	%D%/quantities.c %D%/quantities.h \
	%D%/readings.c %D%/readings.h \
	%D%/range.c %D%/range.h \
	%D%/settings.c %D%/settings.h \
	%D%/snapshot.h \
	%D%/spectrum.c %D%/spectrum.h \
	%D%/system_type.c %D%/system_type.h \
	%D%/window.c %D%/window.h \
	%D%/wiring.c %D%/wiring.h %D%/wiring_private.h \
	%D%/wiring_current.c \
	%D%/wiring_explain.c \
	%D%/wiring_voltage.c
