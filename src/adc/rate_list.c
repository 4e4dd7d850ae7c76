#include "adc/rate_list.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static bool reaches(double rate_hz, double wanted_hz)
{
	return rate_hz >= wanted_hz * (1 - 1e-6);
}

static int parse_number(const char **text, double *value)
{
	char *end;

	*value = strtod(*text, &end);
	if (end == *text || !isfinite(*value))
		return -EINVAL;
	*text = end;
	return 0;
}

static int choose_in_range(const char *text, double wanted_hz, double *rate_hz)
{
	double low, step, high;

	if (parse_number(&text, &low) < 0 || parse_number(&text, &step) < 0 || parse_number(&text, &high) < 0)
		return -EINVAL;
	text += strspn(text, blanks);
	if (*text != ']' || step < 0 || high < low || !(high > 0))
		return -EINVAL;
	if (low <= 0)
		low = step > 0 ? step : high;
	if (wanted_hz <= low)
		*rate_hz = low;
	else if (wanted_hz >= high || !(step > 0))
		*rate_hz = reaches(low, wanted_hz) ? low : high;
	else	/* the millionth keeps a rate on the grid from rounding up to the next one */
		*rate_hz = fmin(high, low + ceil((wanted_hz * (1 - 1e-6) - low) / step) * step);
	return 0;
}

static int choose_in_list(const char *text, double wanted_hz, double *rate_hz)
{
	double best = 0;

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		double rate;

		if (parse_number(&text, &rate) < 0)
			return -EINVAL;
		if (!(rate > 0))
			continue;
		if (reaches(rate, wanted_hz) ? !reaches(best, wanted_hz) || rate < best : rate > best)
			best = rate;
	}
	*rate_hz = best;
	return best > 0 ? 0 : -EINVAL;
}

int rate_list_choose(const char *text, double wanted_hz, double *rate_hz)
{
	text += strspn(text, blanks);
	return *text == '[' ? choose_in_range(text + 1, wanted_hz, rate_hz) : choose_in_list(text, wanted_hz, rate_hz);
}
