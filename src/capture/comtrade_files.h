/*
 * comtrade_files - the files of a recording that is being written: new names beside the final ones, which they get when all of them
 * are complete and on the disk.
 */
#ifndef CAPTURE_COMTRADE_FILES_H
#define CAPTURE_COMTRADE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct comtrade_files;

/* Names from `name`, see comtrade_write_begin().  0, -EEXIST, -ENAMETOOLONG, -ENOMEM, or why the directory cannot be had. */
int comtrade_files_open(struct comtrade_files **files, const char *name, bool replace);

/* Of the configuration, or of the one file. */
const char *comtrade_files_path(const struct comtrade_files *files);

/* A file without a name in the directory of the others, to be closed by the caller.  0 or -errno. */
int comtrade_files_spool(struct comtrade_files *files, FILE **spool);

/* Opens the new files; `data_bytes` is what the data will have.  In one file configuration and data are the same.  0 or -errno. */
int comtrade_files_begin(struct comtrade_files *files, uint64_t data_bytes, FILE **configuration, FILE **data, FILE **settings);

/* What goes before a part in one file; nothing otherwise. */
enum comtrade_head { COMTRADE_HEAD_CFG, COMTRADE_HEAD_DAT };
void comtrade_files_head(struct comtrade_files *files, enum comtrade_head head);

/* All is written: gives them their names, the configuration last.  0 or -errno; then none is left that was not there before. */
int comtrade_files_commit(struct comtrade_files *files);

/* Frees; what was not committed is removed.  NULL is nothing. */
void comtrade_files_close(struct comtrade_files *files);

#endif
