#include "capture/comtrade_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "capture/comtrade_files.h"
#include "metering/calendar.h"

#define NS_PER_S 1e9
#define COUNTS_MAX 2147483646.0		/* the last but one: the end of the range would mean that the converter clips */
#define RATES_MAX 900u			/* sections of one rate: readers have room for so many */
#define STAMP_MAX 4294967294.0		/* 2^32 - 1 means that there is none */

/* Scans that follow each other, `lost` behind what was before. */
struct stretch {
	uint64_t scans, lost;
};

/* Up to scan number `end`, lost ones counted. */
struct section {
	uint64_t end;
	double rate_hz;
};

struct comtrade_writer {
	struct comtrade_files *files;
	FILE *spool;			/* of doubles, scan by scan */
	uint64_t scans, lost, skip;
	struct stretch *stretch;
	size_t stretches, stretches_room;
	struct section *section;
	size_t sections, sections_room;
	double nominal_hz, rate_hz;
	bool primary;
	double step[ADC_CHANNELS], zero[ADC_CHANNELS], peak[ADC_CHANNELS];
	int64_t first_ns, last_ns;	/* of the first and the newest scan */
};

int comtrade_write_begin(struct comtrade_writer **out, const char *name, bool replace)
{
	struct comtrade_writer *writer = calloc(1, sizeof(*writer));
	int error = -ENOMEM;

	if (!writer)
		return error;
	error = comtrade_files_open(&writer->files, name, replace);
	if (!error)
		error = comtrade_files_spool(writer->files, &writer->spool);
	if (error) {
		comtrade_write_abandon(writer);
		return error;
	}
	*out = writer;
	return 0;
}

const char *comtrade_write_path(const struct comtrade_writer *writer)
{
	return comtrade_files_path(writer->files);
}

/* Room for one more of `size` bytes.  0 or -ENOMEM. */
static int grow(void **items, size_t used, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : 64;
	void *more;

	if (used < *room)
		return 0;
	more = realloc(*items, wanted * size);
	if (!more)
		return -ENOMEM;
	*items = more;
	*room = wanted;
	return 0;
}

static int add_stretch(struct comtrade_writer *writer, uint64_t lost)
{
	int error = grow((void **)&writer->stretch, writer->stretches, &writer->stretches_room, sizeof(*writer->stretch));

	if (!error)
		writer->stretch[writer->stretches++] = (struct stretch){ .lost = lost };
	return error;
}

static void adopt(struct comtrade_writer *writer, const struct adc_block *block)
{
	writer->nominal_hz = block->nominal_hz;
	writer->primary = block->primary;
	memcpy(writer->step, block->step, sizeof(writer->step));
	memcpy(writer->zero, block->zero, sizeof(writer->zero));
	writer->first_ns = block->t_ns - llround((block->n - 1) / block->rate_hz * NS_PER_S);
}

static bool is_same_source(const struct comtrade_writer *writer, const struct adc_block *block)
{
	return writer->nominal_hz == block->nominal_hz && writer->primary == block->primary &&
	       !memcmp(writer->step, block->step, sizeof(writer->step)) && !memcmp(writer->zero, block->zero, sizeof(writer->zero));
}

/* Scans missing before the block: said, or by the time that passed. */
static uint64_t missing_before(const struct comtrade_writer *writer, const struct adc_block *block)
{
	double gap_s = (double)(block->t_ns - writer->last_ns) / NS_PER_S - block->n / block->rate_hz;

	if (!block->restarted)
		return block->lost;
	/* also when the time says that nothing is missing, what is not connected is told from what is */
	return (uint64_t)fmax(1, round(gap_s * block->rate_hz));
}

static int put_scans(struct comtrade_writer *writer, const struct adc_block *block)
{
	for (unsigned i = 0; i < block->n; i++) {
		double scan[ADC_CHANNELS];

		for (unsigned c = 0; c < ADC_CHANNELS; c++) {
			scan[c] = block->scans[c][i];
			if (!isfinite(scan[c]))
				scan[c] = 0;
			writer->peak[c] = fmax(writer->peak[c], fabs(scan[c]));
		}
		if (fwrite(scan, sizeof(scan), 1, writer->spool) != 1)
			return errno ? -errno : -EIO;
	}
	return 0;
}

int comtrade_write_block(struct comtrade_writer *writer, const struct adc_block *block)
{
	uint64_t missing = 0;
	int error;

	if (!writer->scans)
		adopt(writer, block);
	else if (!is_same_source(writer, block))
		return -EXDEV;
	else
		missing = missing_before(writer, block);
	if (writer->scans + writer->lost + missing + block->n > COMTRADE_WRITE_MAX)
		return -ERANGE;
	if (!writer->stretches || missing) {
		error = add_stretch(writer, missing);
		if (error)
			return error;
	}
	error = put_scans(writer, block);
	if (error)
		return error;
	writer->stretch[writer->stretches - 1].scans += block->n;
	writer->scans += block->n;
	writer->lost += missing;
	writer->rate_hz = block->rate_hz;
	writer->last_ns = block->t_ns;
	return 0;
}

int comtrade_write_window(struct comtrade_writer *writer, double rate_hz, unsigned behind)
{
	int error = grow((void **)&writer->section, writer->sections, &writer->sections_room, sizeof(*writer->section));

	if (!error)
		writer->section[writer->sections++] = (struct section){ writer->scans + writer->lost - behind, rate_hz };
	return error;
}

void comtrade_write_skip(struct comtrade_writer *writer, uint64_t scans)
{
	writer->skip = scans;
}

uint64_t comtrade_write_scans(const struct comtrade_writer *writer)
{
	return writer->scans;
}

uint64_t comtrade_write_lost(const struct comtrade_writer *writer)
{
	return writer->lost;
}

/* Leaves out the first scans that were not wanted, and the gaps among them. */
static int skip(struct comtrade_writer *writer)
{
	uint64_t left = writer->skip, numbers = 0;
	size_t s = 0, kept = 0;

	if (!left)
		return 0;
	if (left >= writer->scans)
		return -ENODATA;
	for (; writer->stretch[s].scans <= left; s++) {
		left -= writer->stretch[s].scans;
		numbers += writer->stretch[s].scans + writer->stretch[s].lost;
		writer->lost -= writer->stretch[s].lost;
	}
	numbers += left + writer->stretch[s].lost;
	writer->lost -= writer->stretch[s].lost;
	writer->stretch[s].scans -= left;
	writer->stretch[s].lost = 0;
	writer->stretches -= s;
	memmove(writer->stretch, writer->stretch + s, writer->stretches * sizeof(*writer->stretch));
	writer->scans -= writer->skip;
	writer->first_ns += llround((double)numbers / writer->rate_hz * NS_PER_S);
	for (size_t i = 0; i < writer->sections; i++)
		if (writer->section[i].end > numbers)
			writer->section[kept++] = (struct section){ writer->section[i].end - numbers, writer->section[i].rate_hz };
	writer->sections = kept;
	return 0;
}

/* Joins neighbours whose rates differ by less than a part, which is doubled until there are few enough. */
static void join_sections(struct comtrade_writer *writer)
{
	uint64_t end = writer->scans + writer->lost;

	if (!writer->sections)
		writer->section[writer->sections++] = (struct section){ end, writer->rate_hz };
	/* what comes behind the last measured second goes with it */
	writer->section[writer->sections - 1].end = end;
	for (double part = 0; ; part = part > 0 ? 2 * part : 1e-12) {
		size_t n = 0;

		for (size_t i = 0; i < writer->sections; i++) {
			double hz = writer->section[i].rate_hz;

			if (n && fabs(hz - writer->section[n - 1].rate_hz) <= part * hz)
				writer->section[n - 1].end = writer->section[i].end;
			else
				writer->section[n++] = writer->section[i];
		}
		writer->sections = n;
		if (n <= RATES_MAX)
			return;
	}
}

/* Where the source does not know its step. */
static void choose_steps(struct comtrade_writer *writer)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (writer->step[c] > 0)
			continue;
		writer->step[c] = writer->peak[c] > 0 ? writer->peak[c] / COUNTS_MAX : 1;
		writer->zero[c] = 0;
	}
}

/* Text as a field of the configuration. */
static void put_field(FILE *out, const char *text)
{
	for (int n = 0; *text && n < 64; text++, n++)
		fputc(*text == ',' || (unsigned char)*text < ' ' ? ' ' : *text, out);
}

static void put_time(FILE *out, int64_t utc_ns)
{
	int64_t seconds = utc_ns / 1000000000 - (utc_ns % 1000000000 < 0), ns = utc_ns - seconds * 1000000000;
	struct calendar calendar;

	calendar_from_seconds(seconds, &calendar);
	fprintf(out, "%02d/%02d/%04d,%02d:%02d:%02d.%09lld\r\n", calendar.day, calendar.month, calendar.year, calendar.hour,
		calendar.minute, calendar.second, (long long)ns);
}

static void put_channel(const struct comtrade_writer *writer, const struct comtrade_about *about, int c, FILE *out)
{
	static const char *const names[ADC_CHANNELS] = { "VA", "VB", "VC", "IA", "IB", "IC" };

	/* taken late is positive skew, shown late (a delay) is the opposite */
	fprintf(out, "%d,%s,%c,,%s,%.17g,%.17g,%.17g,-2147483647,2147483647,%.9g,%.9g,P\r\n", c + 1, names[c], 'A' + c % 3,
		c < ADC_IA ? "V" : "A", writer->step[c] * about->scale[c], writer->zero[c] * about->scale[c], 0 - about->delay_us[c],
		about->primary[c], about->secondary[c]);
}

/* Factor of the time stamps, microseconds. */
static double stamp_factor(const struct comtrade_writer *writer)
{
	double most_us = (double)(writer->scans + writer->lost) / writer->section[0].rate_hz * 1e6;

	return fmax(1, ceil(most_us / STAMP_MAX));
}

static void put_configuration(const struct comtrade_writer *writer, const struct comtrade_about *about, FILE *out)
{
	put_field(out, about->station);
	fputc(',', out);
	put_field(out, about->device);
	fputs(",2013\r\n6,6A,0D\r\n", out);
	for (int c = 0; c < ADC_CHANNELS; c++)
		put_channel(writer, about, c, out);
	fprintf(out, "%.9g\r\n%zu\r\n", about->line_hz, writer->sections);
	for (size_t i = 0; i < writer->sections; i++)
		fprintf(out, "%.17g,%llu\r\n", writer->section[i].rate_hz, (unsigned long long)writer->section[i].end);
	put_time(out, writer->first_ns + about->utc_less_clock_ns);
	put_time(out, about->trigger_ns + about->utc_less_clock_ns);
	/* times are UTC; how good the clock is nobody asked: within 10 s; leap seconds are not told */
	fprintf(out, "BINARY32\r\n%.9g\r\n0,0\r\nB,3\r\n", stamp_factor(writer));
}

static void put_u32(unsigned char *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
}

static int put_record(const struct comtrade_writer *writer, uint64_t number, double stamp, FILE *out)
{
	unsigned char record[8 + 4 * ADC_CHANNELS];
	double scan[ADC_CHANNELS];

	if (fread(scan, sizeof(scan), 1, writer->spool) != 1)
		return -EIO;
	put_u32(record, (uint32_t)number);
	put_u32(record + 4, (uint32_t)llround(stamp));
	for (int c = 0; c < ADC_CHANNELS; c++) {
		double count = round((scan[c] - writer->zero[c]) / writer->step[c]);

		put_u32(record + 8 + 4 * c, (uint32_t)(int32_t)fmin(fmax(count, -COUNTS_MAX), COUNTS_MAX));
	}
	return fwrite(record, sizeof(record), 1, out) == 1 ? 0 : errno ? -errno : -EIO;
}

static int put_data(const struct comtrade_writer *writer, FILE *out)
{
	double stamp_us = stamp_factor(writer), us = 0;
	uint64_t number = 0;
	size_t section = 0;

	if (fflush(writer->spool) || fseeko(writer->spool, (off_t)(writer->skip * ADC_CHANNELS * sizeof(double)), SEEK_SET))
		return -errno;
	for (size_t s = 0; s < writer->stretches; s++) {
		for (uint64_t i = 0; i < writer->stretch[s].lost + writer->stretch[s].scans; i++) {
			int error = 0;

			number++;
			while (section + 1 < writer->sections && number > writer->section[section].end)
				section++;
			if (number > 1)
				us += 1e6 / writer->section[section].rate_hz;
			if (i >= writer->stretch[s].lost)
				error = put_record(writer, number, us / stamp_us, out);
			if (error)
				return error;
		}
	}
	return 0;
}

static int write_all(struct comtrade_writer *writer, const struct comtrade_about *about)
{
	FILE *configuration, *data, *settings;
	int error = writer->scans ? grow((void **)&writer->section, writer->sections, &writer->sections_room, sizeof(*writer->section))
				  : -ENODATA;

	if (!error)
		error = skip(writer);
	if (error)
		return error;
	join_sections(writer);
	choose_steps(writer);
	error = comtrade_files_begin(writer->files, writer->scans * (8 + 4 * ADC_CHANNELS), &configuration, &data, &settings);
	if (error)
		return error;
	comtrade_files_head(writer->files, COMTRADE_HEAD_CFG);
	put_configuration(writer, about, configuration);
	comtrade_files_head(writer->files, COMTRADE_HEAD_DAT);
	error = put_data(writer, data);
	if (!error && fputs(about->config, settings) < 0)
		error = -EIO;
	return error ? error : comtrade_files_commit(writer->files);
}

int comtrade_write_end(struct comtrade_writer *writer, const struct comtrade_about *about)
{
	int error = write_all(writer, about);

	comtrade_write_abandon(writer);
	return error;
}

void comtrade_write_abandon(struct comtrade_writer *writer)
{
	if (!writer)
		return;
	if (writer->spool)
		fclose(writer->spool);
	comtrade_files_close(writer->files);
	free(writer->stretch);
	free(writer->section);
	free(writer);
}
