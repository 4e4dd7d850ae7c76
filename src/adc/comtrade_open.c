#include "adc/comtrade_open.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"

#define CANCEL_CHECK_RECORDS 4096
#define END_OF_TEXT 0x1a

__attribute__((format(printf, 3, 4)))
static int fail(struct comtrade_recording *recording, int ret, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(recording->message, sizeof(recording->message), format, arguments);
	va_end(arguments);
	return ret;
}

static int fail_at(struct comtrade_recording *recording, const char *path, const struct comtrade_error *error)
{
	if (error->line)
		return fail(recording, -EINVAL, "%s:%u: %s", path, error->line, error->text);
	return fail(recording, -EINVAL, "%s: %s", path, error->text);
}

static int fail_read(struct comtrade_recording *recording, const char *path, unsigned line, int ret)
{
	if (ret == -EMSGSIZE)
		return fail(recording, -EINVAL, "%s:%u: got a line of more than %zu bytes, expected a shorter one", path, line,
			    recording->file.size);
	return fail(recording, ret, "%s: cannot be read: %s", path, strerror(-ret));
}

static int open_file(struct comtrade_recording *recording, const char *path)
{
	int ret = comtrade_file_open(&recording->file, path);

	if (ret == -ENOTSUP || ret == -EISDIR)
		return fail(recording, ret, "%s: not a regular file, expected a COMTRADE recording", path);
	if (ret)
		return fail(recording, ret, "%s: cannot be opened: %s", path, strerror(-ret));
	return 0;
}

/* Reads on to the DAT heading of a combined file. */
static int find_data_section(struct comtrade_recording *recording, unsigned line, struct comtrade_heading *heading)
{
	struct comtrade_span text;
	int ret;

	while ((ret = comtrade_file_line(&recording->file, &text)) > 0) {
		line++;
		if (!comtrade_heading_parse(text, heading) || heading->section != COMTRADE_SECTION_DAT)
			continue;
		recording->data_start = comtrade_file_position(&recording->file);
		recording->data_line = line + 1;
		return 0;
	}
	if (ret < 0)
		return fail_read(recording, recording->path, line + 1, ret);
	return fail(recording, -EINVAL, "%s:%u: the file ends, expected a section '--- file type: DAT ... ---'", recording->path, line + 1);
}

/* Takes the configuration's lines up to the end, or to the next section.  *line counts them. */
static int read_configuration(struct comtrade_recording *recording, unsigned *line, struct comtrade_heading *heading)
{
	struct comtrade_error error = { 0, "" };
	struct comtrade_analog analog;
	struct comtrade_span text;
	bool blank = true;	/* nothing but blank lines so far */
	int ret;

	heading->section = COMTRADE_SECTION_CFG;
	while ((ret = comtrade_file_line(&recording->file, &text)) > 0) {
		if (!(*line)++)
			text = comtrade_skip_byte_order_mark(text);
		if (blank && comtrade_heading_parse(text, heading)) {
			recording->combined = true;
			if (heading->section != COMTRADE_SECTION_CFG)
				return fail(recording, -EINVAL, "%s:%u: got another section, expected '--- file type: CFG ---'",
					    recording->path, *line);
			recording->cfg.line = *line;
			blank = false;
			continue;
		}
		blank = blank && !comtrade_trim(text).length;
		if (recording->combined && comtrade_heading_parse(text, heading))
			break;
		ret = comtrade_cfg_line(&recording->cfg, text, &analog, &error);
		if (ret > 0)
			ret = comtrade_map_add(&recording->map, &analog, &error);
		if (ret < 0)
			return fail_at(recording, recording->path, &error);
	}
	if (ret < 0)
		return fail_read(recording, recording->path, *line + 1, ret);
	if (comtrade_cfg_end(&recording->cfg, &error) || comtrade_map_finish(&recording->map, &error))
		return fail_at(recording, recording->path, &error);
	return 0;
}

/* The data of a combined file: to its end, or as long as the heading says; some writers say 0. */
static int enter_section(struct comtrade_recording *recording, unsigned line, struct comtrade_heading *heading)
{
	int ret = 0;

	if (heading->section == COMTRADE_SECTION_DAT) {
		recording->data_start = comtrade_file_position(&recording->file);
		recording->data_line = line + 1;
	} else {
		ret = find_data_section(recording, line, heading);
	}
	if (ret)
		return ret;
	heading->has_bytes = heading->has_bytes && heading->bytes;
	if (heading->has_format && heading->format != recording->cfg.format)
		return fail(recording, -EINVAL, "%s:%u: got a section of %s data, expected %s as the configuration says", recording->path,
			    recording->data_line - 1, comtrade_format_name(heading->format), comtrade_format_name(recording->cfg.format));
	snprintf(recording->data_path, sizeof(recording->data_path), "%s", recording->path);
	recording->data_end = recording->file.bytes;
	if (heading->has_bytes && heading->bytes <= recording->file.bytes - recording->data_start)
		recording->data_end = recording->data_start + heading->bytes;
	else if (heading->has_bytes)
		log_warning("%s:%u: the section holds %" PRIu64 " bytes, not %" PRIu64 " as it says: what is there is read", recording->path,
			    recording->data_line - 1, recording->file.bytes - recording->data_start, heading->bytes);
	return 0;
}

/* The .dat beside the .cfg, in the same case first. */
static int open_data_file(struct comtrade_recording *recording)
{
	static const char *const suffixes[] = { "dat", "DAT", "Dat" };
	const char *path = recording->path, *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
	int base, upper, ret = -ENOENT;

	if (!dot || (slash && dot < slash))
		dot = path + strlen(path);
	base = (int)(dot - path);
	upper = dot[0] && dot[1] >= 'A' && dot[1] <= 'Z';
	comtrade_file_close(&recording->file);
	for (unsigned i = 0; i < 3 && ret == -ENOENT; i++) {
		/* same case first: the two of one letter case change places */
		const char *suffix = suffixes[i < 2 ? i ^ (unsigned)upper : i];

		snprintf(recording->data_path, sizeof(recording->data_path), "%.*s.%s", base, path, suffix);
		ret = comtrade_file_open(&recording->file, recording->data_path);
	}
	if (ret == -ENOENT)
		return fail(recording, ret, "%.*s.%s: no such file, expected the samples of %s (.dat or .DAT beside it)", base, path,
			    suffixes[upper], path);
	if (ret)
		return fail(recording, ret, "%s: cannot be opened: %s", recording->data_path,
			    ret == -ENOTSUP || ret == -EISDIR ? "not a regular file" : strerror(-ret));
	recording->data_start = 0;
	recording->data_line = 1;
	recording->data_end = recording->file.bytes;
	return 0;
}

/* Does the number of records agree with the configuration?  Once, as a warning: what is there is used. */
static void check_count(struct comtrade_recording *recording, uint64_t records)
{
	if (!recording->counted && recording->cfg.scans && records != recording->cfg.scans)
		log_warning("%s: it holds %" PRIu64 " records, not %" PRIu64 " as the configuration says: what is there is read",
			    recording->data_path, records, recording->cfg.scans);
	recording->counted = true;
}

static int check_binary_size(struct comtrade_recording *recording)
{
	uint64_t bytes = recording->data_end - recording->data_start, rest;

	if (recording->cfg.format == COMTRADE_ASCII)
		return 0;
	if (bytes < recording->layout.bytes)
		return fail(recording, -EINVAL, "%s: got %" PRIu64 " bytes of %s data, expected records of %zu bytes (%u analog and %u status channels)",
			    recording->data_path, bytes, comtrade_format_name(recording->cfg.format), recording->layout.bytes,
			    recording->cfg.analogs, recording->cfg.statuses);
	rest = bytes % recording->layout.bytes;
	if (rest > 2)	/* less is a ^Z or a line's end behind the data */
		log_warning("%s: its last %" PRIu64 " bytes are no whole record of %zu bytes: left out", recording->data_path, rest,
			    recording->layout.bytes);
	check_count(recording, bytes / recording->layout.bytes);
	return 0;
}

void comtrade_recording_rewind(struct comtrade_recording *recording)
{
	comtrade_file_seek(&recording->file, recording->data_start, recording->data_end);
	recording->records = 0;
	recording->line = recording->data_line - 1;
}

/* The next line that holds a record.  Blank ones are skipped; ^Z and the next section are the end. */
static int next_text(struct comtrade_recording *recording, struct comtrade_span *text)
{
	struct comtrade_heading heading;
	int ret;

	while ((ret = comtrade_file_line(&recording->file, text)) > 0) {
		bool ctrl_z = text->length && memchr(text->at, END_OF_TEXT, text->length);
		bool heads = recording->combined && comtrade_heading_parse(*text, &heading);

		recording->line++;
		*text = comtrade_trim(*text);
		if (ctrl_z || heads)	/* nothing behind it counts, what stands before ^Z does */
			comtrade_file_seek(&recording->file, recording->data_end, recording->data_end);
		if (heads)
			return 0;
		if (text->length)
			return 1;
	}
	return ret;
}

int comtrade_recording_next(struct comtrade_recording *recording, struct comtrade_record *record)
{
	struct comtrade_error error = { 0, "" };
	struct comtrade_span text;
	const uint8_t *bytes;
	int ret;

	if (recording->cfg.format == COMTRADE_ASCII)
		ret = next_text(recording, &text);
	else
		ret = comtrade_file_bytes(&recording->file, recording->layout.bytes, &bytes);
	if (ret < 0)
		return fail_read(recording, recording->data_path, recording->line + 1, ret);
	if (!ret && !recording->records)
		return fail(recording, -EINVAL, "%s: got no records, expected samples", recording->data_path);
	if (!ret) {
		check_count(recording, recording->records);
		return 0;
	}
	recording->records++;
	if (recording->cfg.format != COMTRADE_ASCII) {
		comtrade_record_binary(&recording->layout, bytes, record);
		return 1;
	}
	if (comtrade_record_text(&recording->layout, text, record, &error)) {
		error.line = recording->line;
		return fail_at(recording, recording->data_path, &error);
	}
	return 1;
}

/* Without a sample rate: looks at the time stamps of all records. */
static int survey_stamps(struct comtrade_recording *recording, const atomic_bool *cancelled)
{
	struct comtrade_error error = { 0, "" };
	struct comtrade_record record;
	struct comtrade_survey survey;
	int ret;

	comtrade_survey_init(&survey, &recording->timeline);
	comtrade_recording_rewind(recording);
	while ((ret = comtrade_recording_next(recording, &record)) > 0) {
		if (recording->records % CANCEL_CHECK_RECORDS == 0 && atomic_load(cancelled))
			return fail(recording, -ECANCELED, "%s: cancelled", recording->path);
		if (comtrade_survey_add(&survey, &record, &error)) {
			error.line = recording->cfg.format == COMTRADE_ASCII ? recording->line : 0;
			return fail_at(recording, recording->data_path, &error);
		}
	}
	if (ret < 0)
		return ret;
	return comtrade_survey_end(&survey, &error) ? fail_at(recording, recording->data_path, &error) : 0;
}

/* A stretch that is too slow or too fast is passed over; one at least has to serve. */
static int check_rates(struct comtrade_recording *recording)
{
	const struct comtrade_timeline *timeline = &recording->timeline;
	struct comtrade_error error;
	unsigned served = 0;

	for (unsigned i = 0; i < timeline->segments; i++)
		served += comtrade_rate_serves(timeline->segment[i].nominal_hz);
	if (!served) {
		comtrade_error_set(&error, timeline->segment[0].line, "sample rate: got %.10g Hz, must be %g to %g",
				   timeline->segment[0].nominal_hz, COMTRADE_RATE_MIN_HZ, COMTRADE_RATE_MAX_HZ);
		return fail_at(recording, recording->path, &error);
	}
	if (served < timeline->segments)
		log_warning("%s: %u of %u stretches have sample rates outside %g to %g Hz: left out", recording->path,
			    timeline->segments - served, timeline->segments, COMTRADE_RATE_MIN_HZ, COMTRADE_RATE_MAX_HZ);
	return 0;
}

static void warn_of_units(const struct comtrade_recording *recording)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		const struct comtrade_pick *pick = &recording->map.pick[c];

		if (pick->number && !pick->unit_known)
			log_warning("%s: channel '%s' has the unit '%s': taken as %s", recording->path, pick->name, pick->unit,
				    c < ADC_IA ? "V" : "A");
	}
}

static int lay_out(struct comtrade_recording *recording, const atomic_bool *cancelled)
{
	int ret;

	comtrade_layout_init(&recording->layout, &recording->cfg, &recording->map);
	comtrade_timeline_init(&recording->timeline, &recording->cfg);
	if (comtrade_file_reserve(&recording->file, recording->layout.bytes))
		return fail(recording, -ENOMEM, "%s: no memory for records of %zu bytes", recording->path, recording->layout.bytes);
	ret = check_binary_size(recording);
	if (!ret && recording->timeline.by_stamps)
		ret = survey_stamps(recording, cancelled);
	if (!ret)
		ret = check_rates(recording);
	if (!ret)
		comtrade_recording_rewind(recording);
	return ret;
}

int comtrade_recording_open(struct comtrade_recording *recording, const char *path, const struct adc_channel_config *want,
			    const atomic_bool *cancelled)
{
	struct comtrade_heading heading;
	unsigned line = 0;
	int ret;

	memset(recording, 0, sizeof(*recording));
	recording->file = (struct comtrade_file)COMTRADE_FILE_CLOSED;
	recording->path = path;
	comtrade_cfg_init(&recording->cfg);
	comtrade_map_init(&recording->map, want);
	ret = open_file(recording, path);
	if (!ret)
		ret = read_configuration(recording, &line, &heading);
	if (!ret)
		ret = recording->combined ? enter_section(recording, line, &heading) : open_data_file(recording);
	if (!ret)
		ret = lay_out(recording, cancelled);
	if (!ret)
		warn_of_units(recording);
	return ret;
}

void comtrade_recording_close(struct comtrade_recording *recording)
{
	comtrade_file_close(&recording->file);
}
