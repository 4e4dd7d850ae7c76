#include "daemon/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void streams_reserve(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* open() takes the lowest number that is free: this one, as those below are in use */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int streams_finish(const char *program, int status)
{
	if (status || (!fflush(stdout) && !ferror(stdout)))
		return status;
	fprintf(stderr, "%s: standard output: %s\n", program, strerror(errno));
	return 1;
}
