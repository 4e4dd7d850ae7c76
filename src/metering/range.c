#include "metering/range.h"

#include <stdlib.h>

bool range_holds(const char *range, long value)
{
	while (*range != '\0' && *range != ' ') {
		char *end;
		long low = strtol(range, &end, 10), high = low;

		if (end == range)
			return false;
		if (*end == '-')
			high = strtol(end + 1, &end, 10);
		if (value >= low && value <= high)
			return true;
		range = *end == ',' ? end + 1 : end;
	}
	return false;
}
