#include "daemon/kick.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

void kick_give(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void kick_take(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
