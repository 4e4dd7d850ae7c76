libshell_a_SOURCES += %D%/control.h
