#include "daemon/backoff.h"

#define FIRST_NS INT64_C(250000000)
#define MOST_NS INT64_C(5000000000)

int64_t backoff_next_ns(int64_t before_ns)
{
	if (before_ns <= 0)
		return FIRST_NS;
	return before_ns < MOST_NS / 2 ? 2 * before_ns : MOST_NS;
}
