libshell_a_SOURCES += %D%/outputs.h
