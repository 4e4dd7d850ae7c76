/*
 * comtrade_file - a file read through one buffer of bounded size, by lines or by records.
 */
#ifndef ADC_COMTRADE_FILE_H
#define ADC_COMTRADE_FILE_H

#include "adc/comtrade_text.h"

struct comtrade_file {
	int fd;			/* -1 = not open */
	uint8_t *buffer;
	size_t size, start, end;
	uint64_t offset;	/* in the file, of the byte behind the buffer's end */
	uint64_t bytes, limit;	/* size of the file; nothing is read beyond the limit */
};

#define COMTRADE_FILE_CLOSED { .fd = -1 }

/* Opens a regular file.  0 or -errno (-ENOTSUP: something else than a regular file). */
int comtrade_file_open(struct comtrade_file *file, const char *path);
void comtrade_file_close(struct comtrade_file *file);

/* Makes room for lines and records of up to `bytes`.  0 or -ENOMEM. */
int comtrade_file_reserve(struct comtrade_file *file, size_t bytes);

/* Goes on at `offset`, up to `limit` (cut to the file's size). */
void comtrade_file_seek(struct comtrade_file *file, uint64_t offset, uint64_t limit);
uint64_t comtrade_file_position(const struct comtrade_file *file);

/*
 * The next line without its line feed, or the next n bytes; valid until the next call.  1, 0 at the end (what is
 * left is less than n bytes), -EMSGSIZE for a line longer than the buffer, or -errno.
 */
int comtrade_file_line(struct comtrade_file *file, struct comtrade_span *line);
int comtrade_file_bytes(struct comtrade_file *file, size_t n, const uint8_t **bytes);

#endif
