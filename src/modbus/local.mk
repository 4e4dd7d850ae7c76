# pdu and rtu are pure; slave is the timing, port the tty.
libpure_a_SOURCES += \
	%D%/pdu.c %D%/pdu.h \
	%D%/rtu.c %D%/rtu.h \
	%D%/rtu_length.c %D%/rtu_length.h
libshell_a_SOURCES += \
	%D%/lock.c %D%/lock.h \
	%D%/port.c %D%/port.h \
	%D%/pty.c %D%/pty.h \
	%D%/slave.c %D%/slave.h \
	%D%/urgent.c %D%/urgent.h
