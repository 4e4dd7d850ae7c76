/*
 * comtrade_files - the files of one recording: written beside their places under other names, and put there whole, all or none.
 *
 * Any thread; a set belongs to one at a time.
 */
#ifndef CAPTURE_COMTRADE_FILES_H
#define CAPTURE_COMTRADE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum comtrade_part {
	COMTRADE_PART_CONFIG,	/* NAME.conf */
	COMTRADE_PART_DATA,	/* NAME.dat; not of a combined file */
	COMTRADE_PART_CFG,	/* NAME.cfg, or all in NAME.cff: the last to appear */
	COMTRADE_PARTS
};

struct comtrade_files {
	bool combined, force;		/* NAME.cff; others may be there already and are replaced */
	char base[PATH_MAX];		/* NAME */
	char file[COMTRADE_PARTS][PATH_MAX], fresh[COMTRADE_PARTS][PATH_MAX];
	int fd[COMTRADE_PARTS];		/* of the fresh ones; -1 */
	bool placed[COMTRADE_PARTS];
	int spool;			/* a file without a name in the same directory; -1 */
	const char *at;			/* the file that the last error is about */
};

/*
 * `name`: NAME, NAME.cfg or NAME.cff.  Opens the spool: so that it is known at once that the directory can be written.
 * 0 or -errno; -EEXIST: one of the files is there and `force` is not set.  To be closed in any case.
 */
int comtrade_files_open(struct comtrade_files *files, const char *name, bool force);

/* Makes the fresh files; their descriptors may then be written.  0 or -errno. */
int comtrade_files_create(struct comtrade_files *files);

/* All was written: to the disk with it and to its places.  0, or -errno and none of them is there. */
int comtrade_files_place(struct comtrade_files *files);

/* Removes what was not placed. */
void comtrade_files_close(struct comtrade_files *files);

/* All of it, or -errno. */
int comtrade_files_write(int fd, const void *bytes, size_t size);

#endif
