libshell_a_SOURCES += %D%/nv.h %D%/store.h
