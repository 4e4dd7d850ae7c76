#include "picture/axis.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metering/calendar.h"

#define DAY_S 86400
#define SLACK 1e-9	/* of a step: what rounding may do to an end that is a tick */

struct step {
	int digit, exponent;	/* digit 1, 2, 5; times ten to the exponent */
};

static double power_of_ten(int exponent)
{
	return pow(10, exponent);
}

static double value_of(const struct step *step, double count)
{
	/* A division by a whole power of ten is exact to the last digit, a product with 0.1 is not. */
	return step->exponent < 0 ? count * step->digit / power_of_ten(-step->exponent) :
				    count * step->digit * power_of_ten(step->exponent);
}

static void enlarge(struct step *step)
{
	if (step->digit == 5) {
		step->digit = 1;
		step->exponent++;
	} else {
		step->digit = step->digit == 1 ? 2 : 5;
	}
}

static void fill(struct axis *axis, const struct step *step, double first, double last)
{
	axis->step = value_of(step, 1);
	axis->decimals = step->exponent < 0 ? -step->exponent : 0;
	axis->ticks = 0;
	for (double count = first; count <= last && axis->ticks < AXIS_TICKS_MAX; count++)
		axis->tick[axis->ticks++] = count == 0 ? 0 : value_of(step, count);
}

static unsigned clamp_wanted(unsigned wanted)
{
	return wanted < 2 ? 2 : wanted > AXIS_TICKS_MAX - 1 ? AXIS_TICKS_MAX - 1 : wanted;
}

/* Checks the ends, moves equal ones apart. */
static int set_ends(struct axis *axis, double low, double high)
{
	memset(axis, 0, sizeof(*axis));
	axis->high = 1;
	if (!(fabs(low) <= 1e300 && fabs(high) <= 1e300 && low <= high))
		return -EINVAL;
	if (high - low <= 1e-9 * fmax(fabs(low), fabs(high)) || high - low < 1e-300) {
		low = fmin(low, 0);
		high = fmax(high, 0);
		if (high - low < 1e-300)
			high = 1;
	}
	axis->low = low;
	axis->high = high;
	return 0;
}

/* The smallest step with at most `wanted` of them from end to end; the ends in steps. */
static void choose_step(const struct axis *axis, bool outward, unsigned wanted, struct step *step, double *first, double *last)
{
	double least = (axis->high - axis->low) / wanted;

	for (*step = (struct step){ 1, (int)floor(log10(least)) }; ; enlarge(step)) {
		double unit = value_of(step, 1), low = axis->low / unit, high = axis->high / unit;

		*first = outward ? floor(low + SLACK) : ceil(low - SLACK);
		*last = outward ? ceil(high - SLACK) : floor(high + SLACK);
		if (*last - *first <= wanted)
			return;
	}
}

int axis_round(struct axis *axis, double low, double high, unsigned wanted)
{
	int err = set_ends(axis, low, high);
	double first, last;
	struct step step;

	choose_step(axis, true, clamp_wanted(wanted), &step, &first, &last);
	fill(axis, &step, first, last);
	axis->low = axis->tick[0];
	axis->high = axis->tick[axis->ticks - 1];
	return err;
}

int axis_exact(struct axis *axis, double low, double high, unsigned wanted)
{
	int err = set_ends(axis, low, high);
	double first, last;
	struct step step;

	choose_step(axis, false, clamp_wanted(wanted), &step, &first, &last);
	fill(axis, &step, first, last);
	return err;
}

int axis_time(struct axis *axis, int64_t from_s, int64_t to_s, int64_t offset_s, unsigned wanted)
{
	static const int64_t steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600,
					 DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 28 * DAY_S, 91 * DAY_S, 364 * DAY_S };
	const size_t count = sizeof(steps) / sizeof(*steps);
	int64_t year_9999 = INT64_C(253402300799), step;
	size_t i = 0;
	int err = 0;

	if (from_s < 0 || to_s <= from_s || to_s > year_9999 || offset_s < -DAY_S || offset_s > DAY_S || from_s + offset_s < 0) {
		err = -EINVAL;
		from_s = offset_s = 0;
		to_s = 3600;
	}
	wanted = clamp_wanted(wanted);
	while (i < count - 1 && (to_s - from_s) / steps[i] > wanted)
		i++;
	for (step = steps[i]; (to_s - from_s) / step > wanted; step *= 2)
		;
	memset(axis, 0, sizeof(*axis));
	axis->time = true;
	axis->offset_s = offset_s;
	axis->low = (double)from_s;
	axis->high = (double)to_s;
	axis->step = (double)step;
	for (int64_t t = (from_s + offset_s + step - 1) / step * step; t <= to_s + offset_s && axis->ticks < AXIS_TICKS_MAX; t += step)
		axis->tick[axis->ticks++] = (double)(t - offset_s);
	return err;
}

static const char *const prefixes[] = { "p", "n", "µ", "m", "", "k", "M", "G", "T" };

void axis_use_prefix(struct axis *axis)
{
	double largest = fmax(fabs(axis->low), fabs(axis->high));
	int group, own;

	if (axis->time)
		return;
	group = (int)floor(log10(largest) / 3 + SLACK);
	group = group < -4 ? -4 : group > 4 ? 4 : group;
	axis->exponent = 3 * group;
	own = (int)floor(log10(axis->step) + SLACK);
	axis->decimals = own < axis->exponent ? axis->exponent - own : 0;
}

static void label_time(const struct axis *axis, int64_t seconds, char label[AXIS_LABEL_MAX])
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct calendar at;

	calendar_from_seconds(seconds, &at);
	if (seconds % DAY_S == 0)
		snprintf(label, AXIS_LABEL_MAX, "%d %s", at.day, months[at.month - 1]);
	else if (axis->step < 60)
		snprintf(label, AXIS_LABEL_MAX, "%02d:%02d:%02d", at.hour, at.minute, at.second);
	else
		snprintf(label, AXIS_LABEL_MAX, "%02d:%02d", at.hour, at.minute);
}

void axis_label(const struct axis *axis, unsigned tick, char label[AXIS_LABEL_MAX])
{
	double value;

	label[0] = '\0';
	if (tick >= axis->ticks)
		return;
	value = axis->tick[tick];
	if (axis->time) {
		label_time(axis, (int64_t)value + axis->offset_s, label);
		return;
	}
	value /= power_of_ten(axis->exponent);
	/* Beyond the prefixes the digits would not fit. */
	if (fabs(value) >= 1e9 || axis->decimals > 9)
		snprintf(label, AXIS_LABEL_MAX, "%s%.3g", value < 0 ? "−" : "", fabs(value));
	else
		snprintf(label, AXIS_LABEL_MAX, "%s%.*f", value < 0 ? "−" : "", axis->decimals, fabs(value));
}

void axis_unit(const struct axis *axis, const char *unit, char *text, size_t size)
{
	snprintf(text, size, "%s%s", prefixes[axis->exponent / 3 + 4], unit);
}

double axis_part(const struct axis *axis, double value)
{
	return (value - axis->low) / (axis->high - axis->low);
}
