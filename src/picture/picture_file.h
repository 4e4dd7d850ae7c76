/*
 * picture_file - a picture's bytes into a file: whole or not at all.
 */
#ifndef PICTURE_PICTURE_FILE_H
#define PICTURE_PICTURE_FILE_H

#include <stddef.h>

/*
 * A new file beside `file` that takes its name when it is complete and on the disk; what is no plain file (a pipe, a terminal) is
 * written to itself.  A symbolic link stays one.  0 or -errno; then what had the name before is untouched.
 */
int picture_file_write(const char *file, const char *bytes, size_t size);

#endif
