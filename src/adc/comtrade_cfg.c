#include "adc/comtrade_cfg.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Rates that differ by no more are one. */
#define SAME_RATE 0.005
/* Shorter pieces of nearly equal rates are averaged. */
#define PIECE_S 0.25

enum state {
	STATE_STATION, STATE_COUNTS, STATE_ANALOG, STATE_STATUS, STATE_FREQUENCY, STATE_RATES, STATE_RATE, STATE_START, STATE_TRIGGER,
	STATE_FORMAT, STATE_TIMEMULT, STATE_REST
};

static const char *const expected[] = {
	[STATE_STATION] = "the station line 'station,device,year'",
	[STATE_COUNTS] = "the channel counts 'total,NA,ND'",
	[STATE_ANALOG] = "an analog channel 'n,name,phase,component,unit,a,b,...'",
	[STATE_STATUS] = "a status channel 'n,name,...'",
	[STATE_FREQUENCY] = "the line frequency",
	[STATE_RATES] = "the number of sample rates",
	[STATE_RATE] = "a sample rate 'hz,last_sample'",
	[STATE_START] = "the time of the first sample",
	[STATE_TRIGGER] = "the time of the trigger",
	[STATE_FORMAT] = "the data format: ASCII, BINARY, BINARY32 or FLOAT32",
};

static const char *const format_names[] = {
	[COMTRADE_ASCII] = "ASCII", [COMTRADE_BINARY] = "BINARY", [COMTRADE_BINARY32] = "BINARY32", [COMTRADE_FLOAT32] = "FLOAT32",
};

const char *comtrade_format_name(enum comtrade_format format)
{
	return format_names[format];
}

int comtrade_format_parse(struct comtrade_span word, enum comtrade_format *format)
{
	for (unsigned i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (comtrade_equal(word, format_names[i])) {
			*format = (enum comtrade_format)i;
			return 0;
		}
	return -EINVAL;
}

void comtrade_cfg_init(struct comtrade_cfg *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->state = STATE_STATION;
	cfg->revision = 1991;
	cfg->timemult = 1;
}

/* The line is not what its place asks for. */
static int refuse(const struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	char shown[80];

	return comtrade_error_set(error, cfg->line, "got '%s', expected %s", comtrade_show(line, shown, sizeof(shown)),
				  expected[cfg->state]);
}

/* "station,device,year": the year is the last field, for a station's name may hold a comma; none means 1991.  The device may be absent. */
static int take_station(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field, last = { NULL, 0 };
	unsigned fields = 0;
	uint64_t year;
	char shown[40];

	while (comtrade_next_field(&rest, &field)) {
		fields++;
		if (fields >= 3 && field.length)
			last = field;
	}
	cfg->state = STATE_COUNTS;
	if (comtrade_parse_count(last, &year))
		year = 0;
	if (year >= 1991 && year <= 2100)
		cfg->revision = (unsigned)year;
	else if (fields == 3 && field.length)
		return comtrade_error_set(error, cfg->line, "revision year: got '%s', must be 1991, 1999 or 2013",
					  comtrade_show(field, shown, sizeof(shown)));
	return 0;
}

/* A count with its letter, which may stand in either order and case, or be missing (`letter` then is 0). */
static int take_count(struct comtrade_span field, unsigned *count, char *letter)
{
	uint64_t value;

	*letter = 0;
	if (field.length && field.at[field.length - 1] > '9') {
		*letter = field.at[field.length - 1] & ~0x20;
		field.length--;
		field = comtrade_trim(field);
	}
	if (comtrade_parse_count(field, &value) || value > COMTRADE_CHANNELS_MAX)
		return -EINVAL;
	*count = (unsigned)value;
	return 0;
}

static int take_counts(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field;
	unsigned total, count;
	char letter;

	if (!comtrade_next_field(&rest, &field) || take_count(field, &total, &letter) || letter)
		return refuse(cfg, line, error);
	for (int i = 0; i < 2 && comtrade_next_field(&rest, &field); i++) {
		if (i && !field.length)
			break;
		if (take_count(field, &count, &letter) || (letter && letter != 'A' && letter != 'D'))
			return refuse(cfg, line, error);
		if (letter == 'D' || (!letter && i == 1))
			cfg->statuses = count;
		else
			cfg->analogs = count;
	}
	if (total != cfg->analogs + cfg->statuses)
		return comtrade_error_set(error, cfg->line, "got %u channels in all, expected %u, the sum of %u analog and %u status",
					  total, cfg->analogs + cfg->statuses, cfg->analogs, cfg->statuses);
	if (!cfg->analogs)
		return comtrade_error_set(error, cfg->line, "no analog channels, expected voltages and currents");
	cfg->state = STATE_ANALOG;
	cfg->left = cfg->analogs;
	return 0;
}

/* An optional number; blank or absent leaves *value. */
static int take_number(struct comtrade_span *rest, double *value, struct comtrade_span *field)
{
	if (!comtrade_next_field(rest, field) || !field->length)
		return 0;
	return comtrade_parse_double(*field, value);
}

/* The fields from a on. */
static int take_scaling(const struct comtrade_cfg *cfg, struct comtrade_span rest, struct comtrade_analog *analog,
			struct comtrade_error *error)
{
	static const char *const names[] = { "multiplier a", "offset b", "skew", "minimum", "maximum", "primary factor",
					     "secondary factor" };
	double *const values[] = { &analog->a, &analog->b, &analog->skew_us, &analog->min, &analog->max, &analog->primary,
				   &analog->secondary };
	struct comtrade_span field;
	char shown[40], name[40];

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (take_number(&rest, values[i], &field))
			return comtrade_error_set(error, cfg->line, "channel '%s': %s: got '%s', expected a number",
						  comtrade_show(analog->name, name, sizeof(name)), names[i],
						  comtrade_show(field, shown, sizeof(shown)));
	if (comtrade_next_field(&rest, &field))
		analog->is_secondary = comtrade_equal(field, "S");
	return 0;
}

static int take_analog(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_analog *analog,
		       struct comtrade_error *error)
{
	struct comtrade_span rest = line, field, component;
	int ret;

	*analog = (struct comtrade_analog){ .number = cfg->analogs - cfg->left + 1, .line = cfg->line, .a = 1, .min = 1, .max = -1,
					    .primary = 1, .secondary = 1 };
	if (!comtrade_next_field(&rest, &field) || !comtrade_next_field(&rest, &analog->name) ||
	    !comtrade_next_field(&rest, &analog->phase) || !comtrade_next_field(&rest, &component) ||
	    !comtrade_next_field(&rest, &analog->unit) || !rest.at)
		return refuse(cfg, line, error);
	ret = take_scaling(cfg, rest, analog, error);
	if (ret)
		return ret;
	if (!--cfg->left) {
		cfg->state = cfg->statuses ? STATE_STATUS : STATE_FREQUENCY;
		cfg->left = cfg->statuses;
	}
	return 1;
}

/* Status channels only count: nothing here reads them.  The comma tells them from the line frequency. */
static int take_status(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	if (!line.length || !memchr(line.at, ',', line.length))
		return refuse(cfg, line, error);
	if (!--cfg->left)
		cfg->state = STATE_FREQUENCY;
	return 0;
}

static int take_frequency(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field = line;
	double hz = 0;

	if (line.length > 2 && comtrade_equal((struct comtrade_span){ line.at + line.length - 2, 2 }, "Hz"))
		rest.length -= 2;
	if (line.length && take_number(&rest, &hz, &field))
		return refuse(cfg, line, error);
	if (line.length && comtrade_next_field(&rest, &field) && field.length)
		return refuse(cfg, line, error);
	cfg->state = STATE_RATES;
	return 0;
}

static int take_rates(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field;
	uint64_t n;

	if (!comtrade_next_field(&rest, &field) || comtrade_parse_count(field, &n) || n > COMTRADE_CHANNELS_MAX)
		return refuse(cfg, line, error);
	/* none: a line "0,last_sample" follows all the same, which some recorders leave out */
	cfg->promised_rates = (unsigned)n;
	cfg->left = n ? (unsigned)n : 1;
	cfg->state = STATE_RATE;
	return 0;
}

static bool is_date(struct comtrade_span line)
{
	struct comtrade_span rest = line, field;
	unsigned dots = 0;

	if (!comtrade_next_field(&rest, &field) || !field.length)
		return false;
	for (size_t i = 0; i < field.length; i++)
		dots += field.at[i] == '.';
	return dots == 2 || memchr(field.at, '/', field.length) || memchr(field.at + 1, '-', field.length - 1);
}

/*
 * Recorders that follow the line's frequency write a rate for every few scans, each a little different.  They are
 * one stretch of the mean as nominal rate; a measurement that began anew at each would never end.
 */
static bool join_rate(struct comtrade_cfg *cfg, double hz, uint64_t from, uint64_t end)
{
	struct comtrade_rate *last = cfg->rates ? &cfg->rate[cfg->rates - 1] : NULL;

	if (!last || fabs(hz / last->nominal_hz - 1) > SAME_RATE)
		return false;
	if (hz == last->hz || !end || cfg->piece_s < PIECE_S || cfg->rates == COMTRADE_RATES_MAX) {
		cfg->piece_s += (double)(end - from) / hz;
		if (hz != last->hz && end)
			last->hz = (double)(end - cfg->piece_from) / cfg->piece_s;
		last->end = end;
	} else {
		cfg->rate[cfg->rates++] = (struct comtrade_rate){ .hz = hz, .end = end, .line = cfg->line, .joined = true };
		cfg->piece_from = from;
		cfg->piece_s = (double)(end - from) / hz;
	}
	cfg->joined_s += (double)(end - from) / hz;
	cfg->rate[cfg->rates - 1].nominal_hz = end && hz != last->nominal_hz ? (double)(end - cfg->joined_from) / cfg->joined_s : hz;
	return true;
}

static int add_rate(struct comtrade_cfg *cfg, double hz, uint64_t end, struct comtrade_error *error)
{
	uint64_t from = cfg->scans;

	if (end && end < from)
		return comtrade_error_set(error, cfg->line, "last sample: got %llu, expected at least %llu, that of the rate before",
					  (unsigned long long)end, (unsigned long long)from);
	if (!(hz > 0) && cfg->promised_rates > 1)
		return comtrade_error_set(error, cfg->line, "sample rate: got 0, expected more, for there are %u", cfg->promised_rates);
	cfg->scans = end;
	if (!(hz > 0) || (end && end == from) || join_rate(cfg, hz, from, end))
		return 0;
	if (cfg->rates == COMTRADE_RATES_MAX)
		return comtrade_error_set(error, cfg->line, "more than %d different sample rates, expected at most that many",
					  COMTRADE_RATES_MAX);
	cfg->rate[cfg->rates++] = (struct comtrade_rate){ .hz = hz, .nominal_hz = hz, .end = end, .line = cfg->line };
	cfg->joined_from = cfg->piece_from = from;
	cfg->joined_s = cfg->piece_s = (double)(end - from) / hz;
	return 0;
}

static int take_start(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error);

static int take_rate(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field, last = { "", 0 };
	uint64_t end = 0;
	double hz;
	char shown[40];

	if (!cfg->promised_rates && (is_date(line) || !line.length)) {
		cfg->state = STATE_START;
		return take_start(cfg, line, error);
	}
	if (!comtrade_next_field(&rest, &field) || comtrade_parse_double(field, &hz) || hz < 0)
		return refuse(cfg, line, error);
	if (comtrade_next_field(&rest, &last) && last.length && comtrade_parse_count(last, &end))
		return refuse(cfg, line, error);
	if (!end && cfg->left > 1)
		return comtrade_error_set(error, cfg->line, "last sample: got '%s', expected the number of the last sample at this rate",
					  comtrade_show(last, shown, sizeof(shown)));
	if (!--cfg->left)
		cfg->state = STATE_START;
	return add_rate(cfg, hz, end, error);
}

/* Seconds with more than six decimals: time stamps count nanoseconds (2013, time stamp of the data file). */
static bool has_nanoseconds(struct comtrade_span line)
{
	const char *colon = line.length ? memchr(line.at, ':', line.length) : NULL;
	const char *dot = colon ? memchr(colon, '.', (size_t)(line.at + line.length - colon)) : NULL;
	size_t digits = 0;

	if (!dot)
		return false;
	for (const char *at = dot + 1; at < line.at + line.length && *at >= '0' && *at <= '9'; at++)
		digits++;
	return digits > 6;
}

static int take_format(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field;

	if (!comtrade_next_field(&rest, &field) || comtrade_format_parse(field, &cfg->format))
		return refuse(cfg, line, error);
	cfg->state = STATE_TIMEMULT;
	return 0;
}

/* The times themselves are of no use here and often wrong or blank in real files: only their place is checked. */
static int take_start(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field;
	bool blank = !comtrade_next_field(&rest, &field) || !field.length;
	enum comtrade_format format;

	if (!blank && !comtrade_format_parse(field, &format)) {
		cfg->state = STATE_FORMAT;
		return take_format(cfg, line, error);
	}
	if (!blank && !is_date(line))
		return refuse(cfg, line, error);
	cfg->nanoseconds = cfg->nanoseconds || has_nanoseconds(line);
	cfg->state++;
	return 0;
}

/* Absent in 1991. */
static int take_timemult(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_error *error)
{
	struct comtrade_span rest = line, field;
	char shown[40];

	cfg->state = STATE_REST;
	if (cfg->revision == 1991 || !comtrade_next_field(&rest, &field) || !field.length)
		return 0;
	if (comtrade_parse_double(field, &cfg->timemult) || !(cfg->timemult > 0))
		return comtrade_error_set(error, cfg->line, "time stamp factor: got '%s', expected a number above 0",
					  comtrade_show(field, shown, sizeof(shown)));
	return 0;
}

int comtrade_cfg_line(struct comtrade_cfg *cfg, struct comtrade_span line, struct comtrade_analog *analog,
		      struct comtrade_error *error)
{
	if (!cfg->line++)
		line = comtrade_skip_byte_order_mark(line);
	line = comtrade_trim(line);
	/* a blank line may stand for a blank frequency or time, nothing else */
	if (!line.length && (cfg->state < STATE_FREQUENCY || cfg->state == STATE_RATES || cfg->state == STATE_FORMAT))
		return 0;
	switch ((enum state)cfg->state) {
	case STATE_STATION:
		return take_station(cfg, line, error);
	case STATE_COUNTS:
		return take_counts(cfg, line, error);
	case STATE_ANALOG:
		return take_analog(cfg, line, analog, error);
	case STATE_STATUS:
		return take_status(cfg, line, error);
	case STATE_FREQUENCY:
		return take_frequency(cfg, line, error);
	case STATE_RATES:
		return take_rates(cfg, line, error);
	case STATE_RATE:
		return take_rate(cfg, line, error);
	case STATE_START:
	case STATE_TRIGGER:
		return take_start(cfg, line, error);
	case STATE_FORMAT:
		return take_format(cfg, line, error);
	case STATE_TIMEMULT:
		return take_timemult(cfg, line, error);
	case STATE_REST:
		break;
	}
	return 0;
}

int comtrade_cfg_end(struct comtrade_cfg *cfg, struct comtrade_error *error)
{
	if (cfg->state < STATE_TIMEMULT)
		return comtrade_error_set(error, cfg->line + 1, "the file ends, expected %s", expected[cfg->state]);
	for (unsigned i = cfg->rates; i-- > 1;)
		if (cfg->rate[i].joined)
			cfg->rate[i - 1].nominal_hz = cfg->rate[i].nominal_hz;
	cfg->stamp_ns = cfg->timemult * (cfg->nanoseconds ? 1 : 1000);
	return 0;
}
