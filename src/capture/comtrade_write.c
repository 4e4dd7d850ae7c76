#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/comtrade_write_private.h"
#include "metering/quantities.h"

#define NS_PER_S 1e9
#define SCANS 1024		/* written or read in one go */
#define COUNT_MOST 2147483647.0	/* -2147483648 means "missing" */
/* Of what no converter has counted: one less, so that nobody takes the peak for the end of a converter's range. */
#define PEAK 2147483646.0
#define STAMP_MOST 4294967294.0
#define NUMBER_MOST UINT64_C(4294967295)
#define GAP_MOST_S 86400.0

/* What is not there in front of a record. */
struct gap {
	uint64_t record, lost;
};

/* Records up to `end` belong to a window measured at this rate. */
struct mark {
	uint64_t end;
	double hz;
};

struct comtrade_write {
	struct comtrade_files files;
	char error[sizeof(((struct comtrade_files *)0)->base) + 200];
	struct adc_block newest;	/* what the source said with it */
	uint64_t records;		/* scans in the spool, with those that `scans` holds */
	bool begun;			/* `begin` is the first scan of a window */
	uint64_t begin;
	int64_t begin_ns;
	double least[ADC_CHANNELS], most[ADC_CHANNELS];
	struct gap *gap;
	struct mark *mark;
	size_t gaps, gaps_room, marks, marks_room;
	size_t first_mark;		/* of the first window; those before reach into it by a crossfade */
	unsigned held;			/* scans that are not in the spool yet */
	double scans[SCANS][ADC_CHANNELS];
	struct layout layout;
	struct comtrade_write_account account;
};

__attribute__((format(printf, 3, 4)))
static int fail(struct comtrade_write *writer, int ret, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(writer->error, sizeof(writer->error), format, arguments);
	va_end(arguments);
	return ret;
}

static int fail_file(struct comtrade_write *writer, int ret)
{
	if (ret == -EEXIST)
		return fail(writer, ret, "%s: is there already", writer->files.at);
	return fail(writer, ret, "%s: cannot be written: %s", writer->files.at, strerror(-ret));
}

int comtrade_write_open(struct comtrade_write **out, const char *name, bool force)
{
	struct comtrade_write *writer = calloc(1, sizeof(*writer));
	int ret;

	*out = writer;
	if (!writer)
		return -ENOMEM;
	ret = comtrade_files_open(&writer->files, name, force);
	return ret ? fail_file(writer, ret) : 0;
}

const char *comtrade_write_error(const struct comtrade_write *writer)
{
	return writer->error;
}

uint64_t comtrade_write_taken(const struct comtrade_write *writer)
{
	return writer->records;
}

/* Room for one more of `size` bytes in a list.  NULL: memory is short. */
static void *grow(void *list, size_t used, size_t *room, size_t size)
{
	void *more;

	if (used < *room)
		return list;
	more = realloc(list, (*room * 2 + 64) * size);
	if (more)
		*room = *room * 2 + 64;
	return more;
}

static bool same_source(const struct adc_block *a, const struct adc_block *b)
{
	return a->nominal_hz == b->nominal_hz && a->primary == b->primary && !memcmp(a->delay_us, b->delay_us, sizeof(a->delay_us)) &&
	       !memcmp(a->step, b->step, sizeof(a->step)) && !memcmp(a->zero, b->zero, sizeof(a->zero));
}

static int64_t first_ns(const struct adc_block *block)
{
	return block->t_ns - llround((block->n - 1) / block->rate_hz * NS_PER_S);
}

/* Scans missing in front of the block; where their number is not known, as many as there is time for, and one at least. */
static double missing(const struct comtrade_write *writer, const struct adc_block *block)
{
	double between_s = (double)(first_ns(block) - writer->newest.t_ns) / NS_PER_S;

	if (!writer->records)
		return 0;
	return block->restarted ? fmax(round(between_s * block->rate_hz) - 1, 1) : (double)block->lost;
}

static int add_gap(struct comtrade_write *writer, uint64_t lost)
{
	struct gap *list = grow(writer->gap, writer->gaps, &writer->gaps_room, sizeof(*list));

	if (!list)
		return fail(writer, -ENOMEM, "memory is short");
	writer->gap = list;
	writer->gap[writer->gaps++] = (struct gap){ writer->records, lost };
	writer->account.lost += lost;
	return 0;
}

static int flush(struct comtrade_write *writer)
{
	int ret = comtrade_files_write(writer->files.spool, writer->scans, writer->held * sizeof(writer->scans[0]));

	writer->held = 0;
	return ret ? fail_file(writer, ret) : 0;
}

static int take_scans(struct comtrade_write *writer, const struct adc_block *block)
{
	for (unsigned k = 0; k < block->n; k++) {
		for (int c = 0; c < ADC_CHANNELS; c++) {
			double value = block->scans[c][k];

			writer->scans[writer->held][c] = value;
			writer->least[c] = fmin(writer->least[c], value);
			writer->most[c] = fmax(writer->most[c], value);
		}
		writer->records++;
		if (++writer->held == SCANS) {
			int ret = flush(writer);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* `end`: the record behind the window's last. */
static int take_window(struct comtrade_write *writer, const struct adc_block *block, uint64_t end, const struct tap_window *window)
{
	struct mark *list = grow(writer->mark, writer->marks, &writer->marks_room, sizeof(*list));
	uint64_t newest_gap = writer->gaps ? writer->gap[writer->gaps - 1].record : 0;

	if (!list)
		return fail(writer, -ENOMEM, "memory is short");
	writer->mark = list;
	writer->mark[writer->marks++] = (struct mark){ end, window->rate_hz };
	if (writer->begun || end < newest_gap + window->n)
		return 0;
	writer->begun = true;
	writer->first_mark = writer->marks - 1;
	writer->begin = end - window->n;
	writer->begin_ns = block->t_ns - llround((double)(writer->records - 1 - writer->begin) / block->rate_hz * NS_PER_S);
	return 0;
}

static void begin_with(struct comtrade_write *writer, const struct adc_block *block)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		writer->least[c] = INFINITY;
		writer->most[c] = -INFINITY;
	}
	writer->begin_ns = first_ns(block);
}

int comtrade_write_add(struct comtrade_write *writer, const struct adc_block *block, uint64_t first, const struct tap_window *windows,
		       unsigned n)
{
	double lost = missing(writer, block);
	uint64_t before = writer->records;
	int ret = 0;

	if (!block->n)
		return 0;
	if (!before)
		begin_with(writer, block);
	else if (!same_source(&writer->newest, block) || lost / block->rate_hz > GAP_MOST_S ||
		 before + writer->account.lost + (uint64_t)lost + block->n > NUMBER_MOST)
		return -ESTALE;
	if (lost > 0)
		ret = add_gap(writer, (uint64_t)lost);
	if (!ret)
		ret = take_scans(writer, block);
	writer->newest = *block;
	for (unsigned i = 0; i < n && !ret; i++)
		ret = take_window(writer, block, before + (windows[i].first + windows[i].n - first), &windows[i]);
	return ret;
}

/* The number of a record: the first has 1, and what is lost counts. */
static uint64_t number_of(const struct comtrade_write *writer, uint64_t record)
{
	uint64_t number = 1 + record - writer->begin;

	for (size_t i = 0; i < writer->gaps && writer->gap[i].record <= record; i++)
		if (writer->gap[i].record > writer->begin)
			number += writer->gap[i].lost;
	return number;
}

static uint64_t section_start(const struct layout *layout, unsigned s)
{
	return s ? layout->section[s - 1].end : 0;
}

/* One more stretch; when there are too many, the last one goes on at the mean. */
static void add_section(struct layout *layout, uint64_t end, double hz)
{
	struct section *last = layout->sections ? &layout->section[layout->sections - 1] : NULL;
	uint64_t start = last ? section_start(layout, layout->sections - 1) : 0;

	if (last && last->hz == hz) {
		last->end = end;
	} else if (layout->sections < SECTIONS_MAX) {
		layout->section[layout->sections++] = (struct section){ end, hz };
	} else if (last && end > last->end) {
		double seconds = (double)(last->end - start) / last->hz + (double)(end - last->end) / hz;

		last->hz = (double)(end - start) / seconds;
		last->end = end;
	}
}

static void lay_out_rates(struct comtrade_write *writer)
{
	struct layout *layout = &writer->layout;

	layout->last = number_of(writer, writer->records - 1);
	for (size_t i = writer->first_mark; i < writer->marks; i++)
		add_section(layout, number_of(writer, writer->mark[i].end - 1), writer->mark[i].hz);
	if (!layout->sections)
		add_section(layout, layout->last, writer->newest.rate_hz);
	layout->section[layout->sections - 1].end = layout->last;
}

/* A scan's time after the first, in us: `s` is the section of the scan before, or 0. */
static double time_us(const struct layout *layout, uint64_t number, unsigned *s, double *start_us)
{
	while (*s + 1 < layout->sections && number > layout->section[*s].end) {
		*start_us += (double)(layout->section[*s].end - section_start(layout, *s)) / layout->section[*s].hz * 1e6;
		++*s;
	}
	return *start_us + (double)(number - 1 - section_start(layout, *s)) / layout->section[*s].hz * 1e6;
}

static int32_t count_of(const struct scaling *scaling, double value)
{
	double count = round((value - scaling->zero) / scaling->step);

	return (int32_t)fmax(fmin(count, COUNT_MOST), -COUNT_MOST);
}

static void lay_out_channel(struct comtrade_write *writer, int c)
{
	struct scaling *scaling = &writer->layout.scaling[c];
	double step = writer->newest.step[c], zero = writer->newest.zero[c], peak = fmax(fabs(writer->least[c]), fabs(writer->most[c]));

	/* a count further out than one beyond the most is no count of this converter */
	if (step > 0 && fmax(fabs(writer->least[c] - zero), fabs(writer->most[c] - zero)) / step < COUNT_MOST + 1.5)
		*scaling = (struct scaling){ .step = step, .zero = zero };
	else
		*scaling = (struct scaling){ .step = peak > 0 ? peak / PEAK : 1, .zero = 0 };
	scaling->least = count_of(scaling, writer->least[c]);
	scaling->most = count_of(scaling, writer->most[c]);
}

/* The channel that lags most is the one whose time the scans have; the others come later in the scan. */
static void lay_out(struct comtrade_write *writer, const struct comtrade_write_info *info)
{
	const struct adc_block *source = &writer->newest;
	struct layout *layout = &writer->layout;
	double most_us = -INFINITY, start_us = 0;
	unsigned s = 0;

	memset(layout, 0, sizeof(*layout));
	lay_out_rates(writer);
	for (int c = 0; c < ADC_CHANNELS; c++)
		most_us = fmax(most_us, source->delay_us[c]);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		lay_out_channel(writer, c);
		layout->skew_us[c] = most_us - source->delay_us[c];
		layout->scale[c] = c < ADC_IA ? quantities_voltage_scale(info->settings, source->primary)
					      : quantities_current_scale(info->settings, source->primary);
	}
	writer->account.seconds = time_us(layout, layout->last, &s, &start_us) * 1e-6 + 1 / layout->section[s].hz;
	layout->timemult = fmax(ceil(writer->account.seconds * 1e6 / STAMP_MOST), 1);
	layout->start_ns = writer->begin_ns + info->utc_less_clock_ns - llround(most_us * 1e3);
	writer->account.before_s = fmax(0, fmin((double)(info->trigger_ns - writer->begin_ns) / NS_PER_S, writer->account.seconds));
	layout->trigger_ns = layout->start_ns + llround(writer->account.before_s * NS_PER_S);
}

static void put_u32(uint8_t *bytes, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
}

/* Where the walk along the records stands. */
struct walk {
	uint64_t record, number;
	size_t gap;
	unsigned section;
	double section_us;
};

static void put_record(const struct comtrade_write *writer, struct walk *walk, const double scan[ADC_CHANNELS],
		       uint8_t bytes[COMTRADE_WRITE_RECORD_BYTES])
{
	const struct layout *layout = &writer->layout;
	double us;

	walk->number++;
	for (; walk->gap < writer->gaps && writer->gap[walk->gap].record <= walk->record; walk->gap++)
		if (writer->gap[walk->gap].record > writer->begin)
			walk->number += writer->gap[walk->gap].lost;
	us = time_us(layout, walk->number, &walk->section, &walk->section_us);
	put_u32(bytes, (uint32_t)walk->number);
	put_u32(bytes + 4, (uint32_t)llround(us / layout->timemult));
	for (int c = 0; c < ADC_CHANNELS; c++)
		put_u32(bytes + 8 + 4 * c, (uint32_t)count_of(&layout->scaling[c], scan[c]));
	walk->record++;
}

static int read_spool(struct comtrade_write *writer, uint64_t record, unsigned n)
{
	uint8_t *to = (uint8_t *)writer->scans;
	size_t left = n * sizeof(writer->scans[0]);
	off_t offset = (off_t)(record * sizeof(writer->scans[0]));

	while (left) {
		ssize_t got = pread(writer->files.spool, to, left, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		to += got;
		offset += got;
		left -= (size_t)got;
	}
	return 0;
}

static int write_records(struct comtrade_write *writer, int fd)
{
	static const unsigned size = COMTRADE_WRITE_RECORD_BYTES;
	struct walk walk = { .record = writer->begin };
	uint8_t *bytes = malloc((size_t)SCANS * size);
	int ret = bytes ? 0 : -ENOMEM;

	while (!ret && walk.record < writer->records) {
		uint64_t left = writer->records - walk.record;
		unsigned n = left < SCANS ? (unsigned)left : SCANS;

		ret = read_spool(writer, walk.record, n);
		for (unsigned k = 0; k < n && !ret; k++)
			put_record(writer, &walk, writer->scans[k], bytes + (size_t)k * size);
		if (!ret)
			ret = comtrade_files_write(fd, bytes, (size_t)n * size);
	}
	free(bytes);
	return ret;
}

/* The configuration, in a combined file with the headings of its sections. */
static int write_head(struct comtrade_write *writer, const struct comtrade_write_info *info)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int ret = -ENOMEM;

	if (!out)
		return ret;
	if (writer->files.combined)
		fputs("--- file type: CFG ---\r\n", out);
	comtrade_write_cfg(out, &writer->layout, info);
	if (writer->files.combined)
		fprintf(out, "--- file type: INF ---\r\n--- file type: HDR ---\r\n--- file type: DAT BINARY32: %llu ---\r\n",
			(unsigned long long)(writer->records - writer->begin) * COMTRADE_WRITE_RECORD_BYTES);
	if (!fclose(out))
		ret = comtrade_files_write(writer->files.fd[COMTRADE_PART_CFG], text, size);
	free(text);
	return ret;
}

static int write_all(struct comtrade_write *writer, const struct comtrade_write_info *info)
{
	struct comtrade_files *files = &writer->files;
	int ret = comtrade_files_create(files);

	if (ret)
		return ret;
	files->at = files->file[COMTRADE_PART_CONFIG];
	ret = comtrade_files_write(files->fd[COMTRADE_PART_CONFIG], info->config, strlen(info->config));
	if (ret)
		return ret;
	files->at = files->file[COMTRADE_PART_CFG];
	ret = write_head(writer, info);
	if (ret)
		return ret;
	files->at = files->file[files->combined ? COMTRADE_PART_CFG : COMTRADE_PART_DATA];
	ret = write_records(writer, files->fd[files->combined ? COMTRADE_PART_CFG : COMTRADE_PART_DATA]);
	return ret ? ret : comtrade_files_place(files);
}

static void account_for(struct comtrade_write *writer)
{
	struct comtrade_write_account *account = &writer->account;

	account->scans = writer->records - writer->begin;
	account->lost = account->gaps = 0;
	for (size_t i = 0; i < writer->gaps; i++)
		if (writer->gap[i].record > writer->begin) {
			account->lost += writer->gap[i].lost;
			account->gaps++;
		}
	snprintf(account->file, sizeof(account->file), "%s", writer->files.file[COMTRADE_PART_CFG]);
}

int comtrade_write_finish(struct comtrade_write *writer, const struct comtrade_write_info *info)
{
	int ret;

	if (!writer->records)
		return fail(writer, -ENODATA, "%s: no samples came", writer->files.base);
	ret = flush(writer);
	if (ret)
		return ret;
	lay_out(writer, info);
	account_for(writer);
	ret = write_all(writer, info);
	return ret ? fail_file(writer, ret) : 0;
}

void comtrade_write_get_account(const struct comtrade_write *writer, struct comtrade_write_account *account)
{
	*account = writer->account;
}

void comtrade_write_close(struct comtrade_write *writer)
{
	if (!writer)
		return;
	comtrade_files_close(&writer->files);
	free(writer->gap);
	free(writer->mark);
	free(writer);
}
