# What is kept and its names, whose settings win: pure, for the command and the tests too.
libpure_a_SOURCES += \
	%D%/crc32.c %D%/crc32.h \
	%D%/nv.c %D%/nv.h \
	%D%/precedence.c %D%/precedence.h

libshell_a_SOURCES += \
	%D%/closures.c %D%/closures.h \
	%D%/files.c %D%/files.h \
	%D%/generation.c %D%/generation.h \
	%D%/generation_load.c \
	%D%/handover.c %D%/handover.h \
	%D%/image.c %D%/image.h \
	%D%/recovery.c %D%/recovery.h \
	%D%/rows.c %D%/rows.h \
	%D%/schema.c %D%/schema.h \
	%D%/store.c %D%/store.h \
	%D%/store_commit.c %D%/store_private.h \
	%D%/store_open.c \
	%D%/store_watch.c \
	%D%/transfer.c %D%/transfer.h \
	%D%/vfs_count.c %D%/vfs_count.h
