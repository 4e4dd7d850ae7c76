#include "daemon/memory_lock.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "daemon/log.h"

void memory_lock(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY }, now;

	if ((getrlimit(RLIMIT_MEMLOCK, &now) || now.rlim_cur != RLIM_INFINITY) && setrlimit(RLIMIT_MEMLOCK, &limit))
		log_warning("memory is not locked: %s: when memory is short, samples may come late", strerror(errno));
	else if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		log_warning("memory is not locked: %s", strerror(errno));
}
