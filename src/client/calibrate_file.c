/* The files of `dinmeter calibrate`: readings, and the part of a configuration that comes out. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/calibrate.h"
#include "client/client.h"

#define HEADER "# dinmeter calibrate: readings, version 1"
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

static bool take_channel(struct calibrate_readings *readings, const char *line)
{
	struct calibrate_channel channel;
	char name[8];
	int used = 0;

	/* the channel's name is the rest, blanks and all */
	if (sscanf(line, "channel %7s %lf %lf%n", name, &channel.gain, &channel.delay_us, &used) != 3 || line[used] != ' ' ||
	    !(channel.gain > 0) || !isfinite(channel.gain + channel.delay_us) ||
	    (size_t)snprintf(channel.name, sizeof(channel.name), "%s", line + used + 1) >= sizeof(channel.name))
		return false;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (strcmp(name, names[c]))
			continue;
		readings->channel[c] = channel;
		return true;
	}
	return false;
}

static bool take_point(struct calibrate_readings *readings, const char *line)
{
	struct calibration_point p;
	int used = 0;
	char phase;

	if (sscanf(line, "point %c %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf%n", &phase, &p.reference_v, &p.reference_a, &p.reference_w, &p.v,
		   &p.a, &p.w, &p.hz, &p.p1, &p.q1, &p.slope, &p.bend, &used) != 12 || line[used] || phase < 'a' || phase > 'c')
		return false;
	if (readings->n[phase - 'a'] == CALIBRATION_POINTS_MAX || !(p.reference_v > 0 && p.reference_a > 0 && p.v > 0 && p.a > 0 && p.hz > 0) ||
	    !isfinite(p.reference_w + p.w + p.p1 + p.q1 + p.slope + p.bend))
		return false;
	readings->point[phase - 'a'][readings->n[phase - 'a']++] = p;
	return true;
}

static bool is_whole(const struct calibrate_readings *readings)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (!(readings->channel[c].gain > 0))
			return false;
	return true;
}

int calibrate_load(struct calibrate_readings *readings, const char *path)
{
	char line[LINE_MOST];
	FILE *file = fopen(path, "r");
	unsigned number = 0;
	bool good = true;

	if (!file && errno == ENOENT)
		return CLIENT_DONE;
	if (!file) {
		fprintf(stderr, "dinmeter calibrate: %s: %s\n", path, strerror(errno));
		return CLIENT_FAILED;
	}
	while (good && fgets(line, sizeof(line), file)) {
		/* the digits of a number that is cut short are another number */
		good = strchr(line, '\n') != NULL;
		line[strcspn(line, "\n")] = '\0';
		number++;
		if (number == 1)
			good = good && !strcmp(line, HEADER);
		else if (*line && *line != '#')
			good = good && (*line == 'c' ? take_channel(readings, line) : take_point(readings, line));
	}
	good = good && !ferror(file) && number > 0 && is_whole(readings);
	fclose(file);
	if (good)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter calibrate: %s:%u: is not a file of readings that this command wrote, or of too many\n", path, number);
	return CLIENT_FAILED;
}

static void print_readings(FILE *file, const void *context)
{
	const struct calibrate_readings *readings = context;

	fputs(HEADER "\n# channel, gain, delay in us and name as configured meanwhile\n", file);
	for (int c = 0; c < ADC_CHANNELS; c++)
		fprintf(file, "channel %s %.17g %.17g %s\n", names[c], readings->channel[c].gain, readings->channel[c].delay_us,
			readings->channel[c].name);
	fputs("# phase; V, A, W of the reference; V, A, W of the meter; Hz; W and var of the fundamental, W/us and W/us^2 of the harmonics\n", file);
	for (int p = 0; p < PHASES; p++) {
		for (int n = 0; n < readings->n[p]; n++) {
			const struct calibration_point *q = &readings->point[p][n];

			fprintf(file, "point %c %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", 'a' + p, q->reference_v,
				q->reference_a, q->reference_w, q->v, q->a, q->w, q->hz, q->p1, q->q1, q->slope, q->bend);
		}
	}
}

static int complain(const char *path, const char *what)
{
	fprintf(stderr, "dinmeter calibrate: %s: %s\n", path, what);
	return CLIENT_FAILED;
}

/* Through a new file that takes its place; where a symbolic link leads to it, there. */
int calibrate_replace(const char *path, void (*print)(FILE *file, const void *context), const void *context)
{
	char real[PATH_MAX], temporary[PATH_MAX + 4];
	struct stat status;
	FILE *file;
	bool good;

	if (!realpath(path, real) && (size_t)snprintf(real, sizeof(real), "%s", path) >= sizeof(real))
		return complain(path, strerror(ENAMETOOLONG));
	if (!stat(real, &status) && !S_ISREG(status.st_mode))
		return complain(path, "is there, and no regular file");
	snprintf(temporary, sizeof(temporary), "%s.new", real);
	file = fopen(temporary, "w");
	if (!file)
		return complain(temporary, strerror(errno));
	print(file, context);
	good = !fflush(file) && !fsync(fileno(file));
	good = !fclose(file) && good && !rename(temporary, real);
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
