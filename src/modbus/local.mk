# pdu and rtu are pure; slave.c is the port.
libpure_a_SOURCES += \
	%D%/pdu.h
libshell_a_SOURCES += \
	%D%/slave.h
