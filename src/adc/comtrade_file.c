#include "adc/comtrade_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)256 << 10)

int comtrade_file_reserve(struct comtrade_file *file, size_t bytes)
{
	size_t size = bytes > BUFFER_BYTES / 2 ? 2 * bytes : BUFFER_BYTES;
	uint8_t *buffer;

	if (size <= file->size)
		return 0;
	buffer = realloc(file->buffer, size);
	if (!buffer)
		return -ENOMEM;
	file->buffer = buffer;
	file->size = size;
	return 0;
}

int comtrade_file_open(struct comtrade_file *file, const char *path)
{
	struct stat st;
	int ret = 0;

	*file = (struct comtrade_file)COMTRADE_FILE_CLOSED;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st) < 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	else
		ret = comtrade_file_reserve(file, BUFFER_BYTES / 2);
	if (ret) {
		comtrade_file_close(file);
		return ret;
	}
	file->bytes = (uint64_t)st.st_size;
	comtrade_file_seek(file, 0, file->bytes);
	return 0;
}

void comtrade_file_close(struct comtrade_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->buffer);
	*file = (struct comtrade_file)COMTRADE_FILE_CLOSED;
}

void comtrade_file_seek(struct comtrade_file *file, uint64_t offset, uint64_t limit)
{
	file->limit = limit < file->bytes ? limit : file->bytes;
	file->offset = offset;
	file->start = file->end = 0;
}

uint64_t comtrade_file_position(const struct comtrade_file *file)
{
	return file->offset - (file->end - file->start);
}

/* Reads more behind what is left.  1, 0 at the end, or -errno. */
static int fill(struct comtrade_file *file)
{
	uint64_t left = file->offset < file->limit ? file->limit - file->offset : 0;
	size_t room;
	ssize_t n;

	memmove(file->buffer, file->buffer + file->start, file->end - file->start);
	file->end -= file->start;
	file->start = 0;
	room = file->size - file->end;
	if (room > left)
		room = (size_t)left;
	if (!room)
		return 0;
	do
		n = pread(file->fd, file->buffer + file->end, room, (off_t)file->offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	file->end += (size_t)n;
	file->offset += (uint64_t)n;
	return 1;
}

int comtrade_file_line(struct comtrade_file *file, struct comtrade_span *line)
{
	size_t searched = 0;

	for (;;) {
		size_t held = file->end - file->start;
		const uint8_t *from = file->buffer + file->start;
		const uint8_t *feed = held > searched ? memchr(from + searched, '\n', held - searched) : NULL;
		int ret;

		if (feed) {
			*line = (struct comtrade_span){ (const char *)from, (size_t)(feed - from) };
			file->start += line->length + 1;
			return 1;
		}
		searched = held;
		if (held == file->size)
			return -EMSGSIZE;
		ret = fill(file);
		if (ret < 0)
			return ret;
		if (!ret && !held)
			return 0;
		if (!ret) {	/* the last line has no line feed */
			*line = (struct comtrade_span){ (const char *)file->buffer + file->start, held };
			file->start = file->end;
			return 1;
		}
	}
}

int comtrade_file_bytes(struct comtrade_file *file, size_t n, const uint8_t **bytes)
{
	while (file->end - file->start < n) {
		int ret = fill(file);

		if (ret <= 0)
			return ret;
	}
	*bytes = file->buffer + file->start;
	file->start += n;
	return 1;
}
