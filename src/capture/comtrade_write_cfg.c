#include <math.h>
#include <sys/timex.h>

#include "capture/comtrade_write_private.h"
#include "metering/calendar.h"

#define NS_PER_S INT64_C(1000000000)
#define EOL "\r\n"

static void put_time(FILE *out, int64_t utc_ns)
{
	int64_t us = utc_ns / 1000;
	struct calendar calendar;

	calendar_from_seconds(us > 0 ? us / 1000000 : 0, &calendar);
	fprintf(out, "%02d/%02d/%04d,%02d:%02d:%02d.%06d" EOL, calendar.day, calendar.month, calendar.year, calendar.hour, calendar.minute,
		calendar.second, us > 0 ? (int)(us % 1000000) : 0);
}

/*
 * Time quality: the decade that the clock is within, or F.  The kernel's account of its clock; never better than a
 * millisecond, which is what is known of when a sample was taken.
 */
static char time_quality(void)
{
	struct timex clock = { .modes = 0 };
	double error_s;

	if (adjtimex(&clock) == TIME_ERROR || (clock.status & STA_UNSYNC))
		return 'F';
	error_s = fmax((double)clock.maxerror * 1e-6, 1e-3);
	if (error_s > 10)
		return 'F';
	/* 7: 1 ms, 8: 10 ms, 9: 0.1 s, A: 1 s, B: 10 s */
	return "789AB"[(int)ceil(log10(error_s) + 3 - 1e-9)];
}

/* A name that cannot be taken for two fields. */
static void put_name(FILE *out, const char *name)
{
	for (unsigned n = 0; *name && n < 64; name++, n++)
		fputc(*name == ',' || (unsigned char)*name < ' ' ? ' ' : *name, out);
}

static void put_channel(FILE *out, int c, const struct layout *layout, const struct settings *settings)
{
	const struct scaling *scaling = &layout->scaling[c];
	bool voltage = c < ADC_IA;
	/* the secondary side of a current is the CT's burden voltage: 1 V or 1/3 V at the rated current */
	double primary = voltage ? settings->pt_ratio / 100.0 : settings->ct_primary;
	double secondary = voltage ? 1 : 1.0 / settings->ct_secondary;

	fprintf(out, "%d,%c%c,%c,,%c,%.17g,%.17g,%.17g,%d,%d,%.9g,%.9g,P" EOL, c + 1, voltage ? 'V' : 'I', 'A' + c % 3, 'A' + c % 3,
		voltage ? 'V' : 'A', scaling->step * layout->scale[c], scaling->zero * layout->scale[c], layout->skew_us[c], scaling->least,
		scaling->most, primary, secondary);
}

void comtrade_write_cfg(FILE *out, const struct layout *layout, const struct comtrade_write_info *info)
{
	put_name(out, info->station);
	fputc(',', out);
	put_name(out, info->device);
	fputs(",2013" EOL "6,6A,0D" EOL, out);
	for (int c = 0; c < ADC_CHANNELS; c++)
		put_channel(out, c, layout, info->settings);
	if (info->line_hz > 0)
		fprintf(out, "%.9g", info->line_hz);
	fprintf(out, EOL "%u" EOL, layout->sections);
	for (unsigned s = 0; s < layout->sections; s++)
		fprintf(out, "%.17g,%llu" EOL, layout->section[s].hz, (unsigned long long)layout->section[s].end);
	put_time(out, layout->start_ns);
	put_time(out, layout->trigger_ns);
	/* all times are UTC, and that is this place's time as well as any; a clock set by a network tells nothing of leap seconds */
	fprintf(out, "BINARY32" EOL "%.17g" EOL "0,0" EOL "%c,3" EOL, layout->timemult, time_quality());
}
