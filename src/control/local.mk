libshell_a_SOURCES += \
	%D%/connection.c %D%/connection.h \
	%D%/control.h \
	%D%/json.c %D%/json.h \
	%D%/listen.c %D%/listen.h \
	%D%/peer.c %D%/peer.h \
	%D%/protocol.c %D%/protocol.h \
	%D%/reply_log.c \
	%D%/reply_panel.c \
	%D%/reply_registers.c \
	%D%/reply_status.c \
	%D%/reply_write.c \
	%D%/request.c %D%/request.h \
	%D%/server.c \
	%D%/status.h \
	%D%/status_health.c \
	%D%/status_meter.c \
	%D%/value.c %D%/value.h
