#include "client/said.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	int kept, read;		/* stderr as it was; where the caught comes out */
	char line[256];
} said = { .kept = -1, .read = -1 };

int said_begin(void)
{
	int ends[2], error;

	if (said.kept >= 0)
		return -EBUSY;
	/* who writes more than the pipe holds between two looks loses the rest, and does not wait */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	fflush(stderr);
	said.kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (said.kept < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
		error = -errno;
		if (said.kept >= 0)
			close(said.kept);
		said.kept = -1;
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	close(ends[1]);
	said.read = ends[0];
	said.line[0] = '\0';
	return 0;
}

/* Keeps the last whole line of what has come. */
static void keep_last(char *text)
{
	char *end = text + strlen(text), *begin;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	begin = strrchr(text, '\n');
	begin = begin ? begin + 1 : text;
	if (!*begin)
		return;
	/* what is too long for a line of the screen is cut */
	begin[strnlen(begin, sizeof(said.line) - 1)] = '\0';
	memcpy(said.line, begin, strlen(begin) + 1);
}

void said_last(char *text, size_t size)
{
	char caught[4096];
	ssize_t n;

	fflush(stderr);
	while (said.read >= 0 && (n = read(said.read, caught, sizeof(caught) - 1)) > 0) {
		caught[n] = '\0';
		keep_last(caught);
	}
	snprintf(text, size, "%s", said.line);
}

void said_end(void)
{
	if (said.kept < 0)
		return;
	fflush(stderr);
	dup2(said.kept, STDERR_FILENO);
	close(said.kept);
	close(said.read);
	said.kept = said.read = -1;
}
