/* The files of `dinmeter calibrate`: readings, and the part of a configuration that comes out. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/calibrate.h"
#include "client/client.h"
#include "daemon/config_table.h"

#define HEADER "# dinmeter calibrate: readings, version 3"
#define LINE_MOST 1024

static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

/* One number up to `end` ('\0': the text's).  NULL when there is none. */
static const char *take_number(const char *text, char end, double *value)
{
	char *rest;

	errno = 0;
	*value = strtod(text, &rest);
	if (rest == text || errno == ERANGE || !isfinite(*value) || *rest != end)
		return NULL;
	return end ? rest + 1 : rest;
}

int calibrate_parse(const char *where, const char *text, int phase, struct calibrate_reference *reference)
{
	double v, a, w;
	const char *at = take_number(text, ',', &v);

	if (at)
		at = take_number(at, ',', &a);
	if (at)
		at = take_number(at, '\0', &w);
	if (!at || !(v > 0) || !(a > 0) || fabs(w) > 1.01 * v * a) {
		fprintf(stderr, "%s: phase %c: got \"%.60s\", must be VOLTS,AMPERES,WATTS of the reference: two numbers above 0, and a power of at "
			"most their product\n", where, 'a' + phase, text);
		return CLIENT_USAGE;
	}
	if (reference->told[phase]) {
		fprintf(stderr, "%s: phase %c: is given twice\n", where, 'a' + phase);
		return CLIENT_USAGE;
	}
	reference->told[phase] = true;
	reference->v[phase] = v;
	reference->a[phase] = a;
	reference->w[phase] = w;
	return CLIENT_DONE;
}

/* A line of the file, as far as it is read. */
struct reader {
	const char *path;
	unsigned line;
	char *rest;
};

static int refuse(const struct reader *reader, const char *what, const char *got, const char *must)
{
	fprintf(stderr, "dinmeter calibrate: %s:%u: %s%sgot \"%.60s\", must be %s\n", reader->path, reader->line, what, *what ? ": " : "", got,
		must);
	return CLIENT_FAILED;
}

/* Up to the next blank; "" at the end. */
static char *take_word(struct reader *reader)
{
	static char none[] = "";
	char *word;

	if (!reader->rest)
		return none;
	reader->rest += strspn(reader->rest, " ");
	word = strsep(&reader->rest, " ");
	return word;
}

/* low <= value <= high, or with low 0 above it. */
static int take_value(struct reader *reader, const char *of, const char *key, double low, double high, double *value)
{
	char what[80], must[80];
	const char *word = take_word(reader);

	if (take_number(word, '\0', value) && *value >= low && *value <= high && (low != 0 || *value > 0))
		return CLIENT_DONE;
	snprintf(what, sizeof(what), "%s: %s", of, key);
	if (low == 0)
		snprintf(must, sizeof(must), "a number above 0");
	else if (low == -INFINITY)
		snprintf(must, sizeof(must), "a number");
	else
		snprintf(must, sizeof(must), "%g..%g", low, high);
	return refuse(reader, what, word, must);
}

static int take_order(struct reader *reader, const char *of, int *order)
{
	const struct config_key *key = config_key_find("adc.sinc_order");
	const char *word = take_word(reader);
	char what[80], must[80];
	double value;

	if (take_number(word, '\0', &value) && value == floor(value) && config_key_allows(key, value)) {
		*order = (int)value;
		return CLIENT_DONE;
	}
	snprintf(what, sizeof(what), "%s: sinc_order", of);
	snprintf(must, sizeof(must), "a whole number, %g..%g", key->low, key->high);
	return refuse(reader, what, word, must);
}

static int take_channel(struct reader *reader, struct calibrate_readings *readings)
{
	const struct config_key *gain = config_key_find(CALIBRATE_GAIN_KEY), *delay = config_key_find(CALIBRATE_DELAY_KEY);
	const char *name = take_word(reader);
	struct calibrate_channel channel;
	char what[32];
	int c = 0;

	while (c < ADC_CHANNELS && strcmp(name, names[c]) != 0)
		c++;
	if (c == ADC_CHANNELS)
		return refuse(reader, "channel", name, "va, vb, vc, ia, ib or ic");
	snprintf(what, sizeof(what), "channel %s", name);
	if (readings->channel[c].gain > 0)
		return refuse(reader, "channel", name, "one that stands once");
	if (take_value(reader, what, "gain", gain->low, gain->high, &channel.gain) ||
	    take_value(reader, what, "delay_us", delay->low, delay->high, &channel.delay_us) ||
	    take_value(reader, what, "factor", 0, INFINITY, &channel.factor) || take_order(reader, what, &channel.sinc_order))
		return CLIENT_FAILED;
	/* the channel's name is the rest, blanks and all */
	if (!reader->rest || (size_t)snprintf(channel.name, sizeof(channel.name), "%s", reader->rest) >= sizeof(channel.name)) {
		snprintf(what, sizeof(what), "channel %s: channel", name);
		return refuse(reader, what, reader->rest ? reader->rest : "", "a blank and a name of at most 63 bytes");
	}
	readings->channel[c] = channel;
	return CLIENT_DONE;
}

#define FIELD(key, member, least) { key, offsetof(struct calibration_point, member), least }
static const struct {
	const char *name;
	size_t offset;
	double least;		/* 0: above it */
} fields[] = {
	FIELD("V of the reference", reference_v, 0), FIELD("A of the reference", reference_a, 0), FIELD("W of the reference", reference_w, -INFINITY),
	FIELD("V", v, 0), FIELD("A", a, 0), FIELD("W", w, -INFINITY), FIELD("Hz", hz, 0), FIELD("W of the fundamental", p1, -INFINITY),
	FIELD("var of the fundamental", q1, -INFINITY), FIELD("W/us", slope, -INFINITY), FIELD("W/us^2", bend, -INFINITY),
};

static int take_point(struct reader *reader, struct calibrate_readings *readings)
{
	const char *name = take_word(reader);
	struct calibration_point point;
	char what[32], many[40];
	int p = *name - 'a', *n;

	if (p < 0 || p >= PHASES || name[1])
		return refuse(reader, "point", name, "a, b or c");
	snprintf(what, sizeof(what), "point %s", name);
	n = &readings->n[p];
	if (*n == CALIBRATION_POINTS_MAX) {
		snprintf(many, sizeof(many), "one of at most %d", CALIBRATION_POINTS_MAX);
		return refuse(reader, "point", name, many);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (take_value(reader, what, fields[i].name, fields[i].least, INFINITY, (double *)((char *)&point + fields[i].offset)))
			return CLIENT_FAILED;
	if (reader->rest)
		return refuse(reader, what, reader->rest, "the end of the line");
	readings->point[p][(*n)++] = point;
	return CLIENT_DONE;
}

static int take_line(struct reader *reader, char *line, struct calibrate_readings *readings)
{
	const char *word;

	/* the digits of a number that is cut short are another number */
	if (!strchr(line, '\n'))
		return refuse(reader, "", line, strlen(line) == LINE_MOST - 1 ? "a line of at most 1022 bytes" : "a line with its end: the file is cut short");
	line[strcspn(line, "\n")] = '\0';
	if (reader->line == 1)
		return strcmp(line, HEADER) ? refuse(reader, "", line, "\"" HEADER "\" in a file of readings") : CLIENT_DONE;
	if (!*line || *line == '#')
		return CLIENT_DONE;
	reader->rest = line;
	word = take_word(reader);
	if (!strcmp(word, "channel"))
		return take_channel(reader, readings);
	if (!strcmp(word, "point"))
		return take_point(reader, readings);
	return refuse(reader, "", word, "channel or point");
}

static int complain(const char *path, const char *what)
{
	fprintf(stderr, "dinmeter calibrate: %s: %s\n", path, what);
	return CLIENT_FAILED;
}

/* Of a file of which each line is good. */
static int check_whole(const struct reader *reader, const struct calibrate_readings *readings)
{
	char what[80];

	if (!reader->line)
		return complain(reader->path, "is empty, must begin with \"" HEADER "\"");
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (readings->channel[c].gain > 0)
			continue;
		snprintf(what, sizeof(what), "has no line \"channel %s\", must have one for each of the six", names[c]);
		return complain(reader->path, what);
	}
	return CLIENT_DONE;
}

int calibrate_load(struct calibrate_readings *readings, const char *path)
{
	char line[LINE_MOST];
	FILE *file = fopen(path, "r");
	struct reader reader = { .path = path };
	int status = CLIENT_DONE;

	if (!file && errno == ENOENT)
		return CLIENT_DONE;
	if (!file)
		return complain(path, strerror(errno));
	while (!status && fgets(line, sizeof(line), file)) {
		reader.line++;
		status = take_line(&reader, line, readings);
	}
	if (!status)
		status = ferror(file) ? complain(path, strerror(errno)) : check_whole(&reader, readings);
	fclose(file);
	return status;
}

static void print_readings(FILE *file, const void *context)
{
	const struct calibrate_readings *readings = context;

	fputs(HEADER "\n# channel, gain, delay in us, V or A of a count, order of the sinc filter, and name as configured meanwhile\n", file);
	for (int c = 0; c < ADC_CHANNELS; c++)
		fprintf(file, "channel %s %.17g %.17g %.17g %d %s\n", names[c], readings->channel[c].gain, readings->channel[c].delay_us,
			readings->channel[c].factor, readings->channel[c].sinc_order, readings->channel[c].name);
	fputs("# phase; V, A, W of the reference; V, A, W of the meter; Hz; W and var of the fundamental, W/us and W/us^2 of the harmonics\n", file);
	for (int p = 0; p < PHASES; p++) {
		for (int n = 0; n < readings->n[p]; n++) {
			const struct calibration_point *q = &readings->point[p][n];

			fprintf(file, "point %c %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", 'a' + p, q->reference_v,
				q->reference_a, q->reference_w, q->v, q->a, q->w, q->hz, q->p1, q->q1, q->slope, q->bend);
		}
	}
}

/* Owner, group and mode of the file that is replaced.  0 or -1 with errno. */
static int dress(int fd, const struct stat *like)
{
	struct stat now;

	if (fstat(fd, &now) < 0)
		return -1;
	if ((now.st_uid != like->st_uid || now.st_gid != like->st_gid) && fchown(fd, like->st_uid, like->st_gid) < 0)
		return -1;
	return fchmod(fd, like->st_mode & 07777);
}

/* Through a new file that takes its place; where a symbolic link leads to it, there. */
int calibrate_replace(const char *path, void (*print)(FILE *file, const void *context), const void *context)
{
	char real[PATH_MAX], temporary[PATH_MAX + 4];
	struct stat status;
	FILE *file;
	bool good, is_there;
	int fd;

	if (!realpath(path, real) && (size_t)snprintf(real, sizeof(real), "%s", path) >= sizeof(real))
		return complain(path, strerror(ENAMETOOLONG));
	is_there = !stat(real, &status);
	if (is_there && !S_ISREG(status.st_mode))
		return complain(path, "is there, and no regular file");
	snprintf(temporary, sizeof(temporary), "%s.new", real);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_there ? 0600 : 0666);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		complain(temporary, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CLIENT_FAILED;
	}
	good = !is_there || !dress(fd, &status);
	if (good)
		print(file, context);
	good = good && !fflush(file) && !fsync(fd);
	if (fclose(file))
		good = false;
	good = good && !rename(temporary, real);
	if (good)
		return CLIENT_DONE;
	complain(path, strerror(errno));
	unlink(temporary);
	return CLIENT_FAILED;
}

int calibrate_save(const struct calibrate_readings *readings, const char *path)
{
	return calibrate_replace(path, print_readings, readings);
}

static void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* A number that the configuration takes for one with a fraction. */
static void print_number(FILE *out, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9g", value);
	fputs(text, out);
	if (!strpbrk(text, ".e"))
		fputs(".0", out);
}

static void print_errors(FILE *out, int phase, const struct calibration *result)
{
	fprintf(out, "# phase %c: V %+.4f %%, I %+.4f %%, P %+.4f %% of S before; left %+.4f %%, %+.4f %%, %+.4f %%\n", 'a' + phase,
		100 * result->found[0], 100 * result->found[1], 100 * result->found[2], 100 * result->left[0], 100 * result->left[1],
		100 * result->left[2]);
}

void calibrate_write(FILE *out, const struct calibrate_readings *readings, const struct calibration result[PHASES])
{
	fputs("# Gains and delays from readings of a reference, for the group adc of dinmeterd.conf:\n"
	      "#     @include \"THIS FILE\"\n# on a line of its own there, in the place of its group channels.\n", out);
	for (int p = 0; p < PHASES; p++)
		if (readings->n[p])
			print_errors(out, p, &result[p]);
	fputs("channels: {\n", out);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		int p = c % PHASES;
		bool current = c >= ADC_IA, told = readings->n[p] > 0;

		fprintf(out, "  %s: { channel = ", names[c]);
		print_quoted(out, readings->channel[c].name);
		fputs("; gain = ", out);
		print_number(out, readings->channel[c].gain * (!told ? 1 : current ? result[p].current_gain : result[p].voltage_gain));
		fputs("; delay_us = ", out);
		print_number(out, readings->channel[c].delay_us + (told && current ? result[p].delay_us : 0));
		fputs("; };\n", out);
	}
	fputs("};\n", out);
}
