/*
 * dinmeter analyze - the meter's measurement over a recording, a row a second, as fast as the file can be read.
 */
#include "client/client.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adc/adc.h"
#include "adc/adc_comtrade.h"
#include "daemon/config.h"
#include "metering/meter.h"
#include "registers/registers.h"

#define FIRST_FLOAT	257
#define LAST_FLOAT	345
#define COLUMNS_MAX	64
#define BLOCK_SCANS	256
#define NS_PER_S	INT64_C(1000000000)
/* No second ended for so long: the row repeats what the meter shows.  A cycle is found out of a block's length late. */
#define OVERDUE_NS	(NS_PER_S * 5 / 4)
/* A window: one second and two halves of a crossfade. */
#define WINDOW_S	1.2

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct analysis {
	bool json;
	struct config config;
	struct adc *adc;
	struct adc_block block;
	struct meter *meter;
	const struct point *columns[COLUMNS_MAX];
	size_t n_columns;
	int64_t row_ns;			/* time of the newest row */
	uint64_t rows, cycles;
	int64_t stretch_ns;		/* when the present stretch without a loss began */
	double longest_s;		/* of all such stretches */
};

static const char usage[] = "usage: dinmeter analyze [-c FILE] [--csv|--json] RECORDING.cfg|RECORDING.cff\n";

static const char help[] =
	"\nMeasures a COMTRADE recording (IEEE C37.111-1991, -1999, -2013) as the meter would and prints a row a second.\n"
	"\n"
	"  -c FILE   configuration: system type and settings, and adc.channels, which name the recording's channels\n"
	"            (those that are not set, or all without it: by unit and phase)\n"
	"  --csv     comma-separated values with a header line (the default)\n"
	"  --json    one JSON object a line\n"
	"\n"
	"Exit status: 0 done, 1 the recording cannot be measured, 2 bad usage or configuration.\n";

/* Which points are printed: the floats, without what the map lists twice or keeps in reserve. */
static void choose_columns(struct analysis *analysis)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n && analysis->n_columns < COLUMNS_MAX; i++) {
		if (points[i].format != REGISTER_FLOAT || points[i].number < FIRST_FLOAT || points[i].number > LAST_FLOAT)
			continue;
		if (!strcmp(points[i].name, "kwh_2") || !strcmp(points[i].name, "reserved_305"))
			continue;
		analysis->columns[analysis->n_columns++] = &points[i];
	}
}

static void print_header(const struct analysis *analysis)
{
	if (analysis->json)
		return;
	fputs("time_s", stdout);
	for (size_t i = 0; i < analysis->n_columns; i++)
		printf(",%s", analysis->columns[i]->name);
	puts(",alerts");
}

/* Nine digits that, read as a single, are the register. */
static void number_text(double value, char text[32])
{
	snprintf(text, 32, "%.9g", value);
	if ((float)strtod(text, NULL) != (float)value)
		snprintf(text, 32, "%.9g", (double)(float)value);
}

static void print_csv(const struct analysis *analysis, const struct snapshot *snapshot, double time_s)
{
	printf("%.9g", time_s);
	for (size_t i = 0; i < analysis->n_columns; i++) {
		double value = registers_value(analysis->columns[i], snapshot);
		char text[32];

		number_text(value, text);
		printf(",%s", isnan(value) ? "nan" : text);
	}
	printf(",%u\n", snapshot->alerts);
}

static void print_json(const struct analysis *analysis, const struct snapshot *snapshot, double time_s)
{
	printf("{\"time_s\":%.9g", time_s);
	for (size_t i = 0; i < analysis->n_columns; i++) {
		double value = registers_value(analysis->columns[i], snapshot);
		char text[32];

		number_text(value, text);
		printf(",\"%s\":%s", analysis->columns[i]->name, isnan(value) ? "null" : text);
	}
	printf(",\"alerts\":%u}\n", snapshot->alerts);
}

static void print_row(struct analysis *analysis, int64_t t_ns)
{
	const struct snapshot *snapshot = meter_snapshot(analysis->meter);
	double time_s = (double)t_ns / NS_PER_S;

	if (!analysis->rows++)
		print_header(analysis);
	if (analysis->json)
		print_json(analysis, snapshot, time_s);
	else
		print_csv(analysis, snapshot, time_s);
	analysis->row_ns = t_ns;
}

/* Rows of the seconds that ended without a measurement, up to the time `now_ns`. */
static void print_overdue(struct analysis *analysis, int64_t now_ns)
{
	while (now_ns - analysis->row_ns > OVERDUE_NS) {
		int64_t t_ns = analysis->row_ns + NS_PER_S;

		meter_tick(analysis->meter, t_ns);
		/* before the first measurement a recording may yet turn out to be too short for one */
		if (analysis->cycles)
			print_row(analysis, t_ns);
		else
			analysis->row_ns = t_ns;
	}
}

static void take_block(struct analysis *analysis)
{
	struct adc_block *block = &analysis->block;
	int64_t first_ns = block->t_ns - llround((block->n - 1) / block->rate_hz * NS_PER_S);

	if (block->lost || block->restarted)
		analysis->stretch_ns = first_ns;
	analysis->longest_s = fmax(analysis->longest_s, (double)(block->t_ns - analysis->stretch_ns) / NS_PER_S + 1 / block->rate_hz);
	print_overdue(analysis, first_ns);
	if (meter_feed(analysis->meter, block)) {
		analysis->cycles++;
		print_row(analysis, meter_snapshot(analysis->meter)->t_ns);
	}
	print_overdue(analysis, block->t_ns);
}

/* 0 at the end of the recording, or -errno (said already by the source). */
static int run(struct analysis *analysis)
{
	for (;;) {
		int n = analysis->adc->ops->read(analysis->adc, &analysis->block);

		if (n < 0)
			return n == -ENODATA ? 0 : n;
		if (n > 0)
			take_block(analysis);
	}
}

static int create_meter(struct analysis *analysis)
{
	struct meter_config config = { .settings = analysis->config.settings, .rules = analysis->config.rules,
				       .max_rate_hz = adc_comtrade_max_rate_hz(analysis->adc),
				       .sinc_order = analysis->config.adc.sinc_order };
	void *memory;

	for (int c = 0; c < ADC_CHANNELS; c++)
		config.delay_us[c] = analysis->config.adc.channel[c].delay_us;
	memory = malloc(meter_bytes(&config));
	if (!memory)
		return -ENOMEM;
	analysis->meter = meter_init(memory, &config);
	return 0;
}

/* Opens, measures, closes.  The exit status. */
static int analyze(struct analysis *analysis)
{
	double *scans = malloc(sizeof(double) * ADC_CHANNELS * BLOCK_SCANS);
	struct adc_info info;
	int status = EXIT_FAILED;

	analysis->adc = adc_comtrade_new(&analysis->config.adc);
	if (!analysis->adc || !scans) {
		fputs("dinmeter: memory is short\n", stderr);
		goto out;
	}
	for (int c = 0; c < ADC_CHANNELS; c++)
		analysis->block.scans[c] = scans + c * BLOCK_SCANS;
	if (analysis->adc->ops->open(analysis->adc, &info))
		goto out;
	if (create_meter(analysis)) {
		fputs("dinmeter: memory is short\n", stderr);
		goto close;
	}
	if (run(analysis))
		goto close;
	if (!analysis->cycles)
		fprintf(stderr, "dinmeter: %s: too short: needs at least %g s of continuous samples, has %.6g s\n",
			analysis->config.adc.recording, WINDOW_S, analysis->longest_s);
	else if (fflush(stdout) || ferror(stdout))
		fprintf(stderr, "dinmeter: the result cannot be written: %s\n", strerror(errno));
	else
		status = EXIT_DONE;
	if (meter_snapshot(analysis->meter)->lost_samples)
		fprintf(stderr, "dinmeter: %s: samples are missing: %" PRIu64 " in all\n", analysis->config.adc.recording,
			meter_snapshot(analysis->meter)->lost_samples);
close:
	analysis->adc->ops->close(analysis->adc);
out:
	free(analysis->meter);
	if (analysis->adc)
		analysis->adc->ops->free(analysis->adc);
	free(scans);
	return status;
}

static int prepare(struct analysis *analysis, const char *config_file, const char *recording)
{
	struct adc_config *adc = &analysis->config.adc;

	config_defaults(&analysis->config);
	if (config_file && config_load(&analysis->config, config_file, stderr))
		return -EINVAL;
	if (strlen(recording) >= sizeof(adc->recording)) {
		fputs("dinmeter: the path of the recording is too long\n", stderr);
		return -EINVAL;
	}
	snprintf(adc->recording, sizeof(adc->recording), "%s", recording);
	adc->loop = false;
	adc->nominal_hz = config_file ? adc->rate_hz : 0;
	adc->block_scans = BLOCK_SCANS;
	choose_columns(analysis);
	return 0;
}

int client_analyze(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "csv", no_argument, NULL, 'v' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_file = NULL;
	struct analysis *analysis;
	int option, status = EXIT_USAGE;
	bool json = false;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h') {
			printf("%s%s", usage, help);
			return EXIT_DONE;
		}
		if (option == 'c')
			config_file = optarg;
		else if (option == 'v' || option == 'j')
			json = option == 'j';
		else
			return fputs(usage, stderr), EXIT_USAGE;
	}
	if (optind != argc - 1) {
		fprintf(stderr, "dinmeter analyze: got %d recordings, expected one\n%s", argc - optind, usage);
		return EXIT_USAGE;
	}
	analysis = calloc(1, sizeof(*analysis));
	if (!analysis)
		return EXIT_FAILED;
	analysis->json = json;
	if (!prepare(analysis, config_file, argv[optind]))
		status = analyze(analysis);
	free(analysis);
	return status;
}
