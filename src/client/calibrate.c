/* dinmeter calibrate: gains and delays of the channels from a reference meter's readings. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/calibrate.h"
#include "client/client.h"
#include "daemon/config_table.h"

#define SECONDS_DEFAULT 10
#define STEADY_DEFAULT 0.001
#define LEFT_MOST 0.002		/* residuals beyond it mean that readings contradict each other */

static const char usage[] =
	"usage: dinmeter calibrate READINGS a=V,A,W [b=V,A,W] [c=V,A,W] [--seconds N] [--steady PERCENT] " CONTROL_CLIENT_USAGE "\n"
	"       dinmeter calibrate READINGS -o FILE [--force]\n"
	"       dinmeter calibrate READINGS [-o FILE]                  at a terminal: asks for each load\n";
static const char help[] =
	"\nComputes gain and delay of each channel from what a reference meter reads beside a running daemon.\n"
	"First, at a steady load: measures, and adds the reference's volts, amperes and watts of each phase to the file\n"
	"READINGS.  Do so at two loads at least, of PF 1 and 0.5.  Then -o writes the group adc.channels of the\n"
	"configuration, and a table tells the errors before and after.\n\n"
	"  -o FILE          the part of the configuration\n"
	"  --force          replace FILE, and write it although readings contradict each other\n"
	"  --seconds N      measure for so many seconds, 1-60 (default 10)\n"
	"  --steady PERCENT what the load may move meanwhile, 0.001-10 (default 0.1)\n"
	CONTROL_CLIENT_HELP;

struct calibrate {
	const char *readings_path, *output, *socket, *config;
	bool force, has_reference;
	int seconds;
	double steady;
	struct calibrate_reference reference;
	struct calibrate_readings readings;
};

static int complain_of_value(const char *option, const char *value, const char *must)
{
	fprintf(stderr, "dinmeter calibrate: %s must be %s, got %s\n", option, must, value);
	return CLIENT_USAGE;
}

static int read_value(struct calibrate *calibrate, int option, const char *text)
{
	char *end;
	double value = strtod(text, &end);
	bool number = *text && !*end && isfinite(value);

	if (option == 'n') {
		if (!number || value < 1 || value > CALIBRATE_SECONDS_MOST || value != floor(value))
			return complain_of_value("--seconds", text, "a whole number, 1-60");
		calibrate->seconds = (int)value;
		return -1;
	}
	if (!number || value < 0.001 || value > 10)
		return complain_of_value("--steady", text, "percent, 0.001-10");
	calibrate->steady = value / 100;
	return -1;
}

static int read_arguments(struct calibrate *calibrate, int argc, char **argv)
{
	int status = -1;

	if (optind == argc) {
		fputs(usage, stderr);
		return CLIENT_USAGE;
	}
	calibrate->readings_path = argv[optind++];
	for (; optind < argc && status < 0; optind++) {
		const char *argument = argv[optind];

		if (*argument < 'a' || *argument > 'c' || argument[1] != '=') {
			fprintf(stderr, "dinmeter calibrate: got '%s', must be a=, b= or c= with the reference's V,A,W\n%s", argument, usage);
			return CLIENT_USAGE;
		}
		calibrate->has_reference = true;
		if (calibrate_parse("dinmeter calibrate", argument + 2, *argument - 'a', &calibrate->reference))
			status = CLIENT_USAGE;
	}
	if (status < 0 && calibrate->has_reference && calibrate->output) {
		fputs("dinmeter calibrate: -o and a reading do not go together: first all readings, then -o\n", stderr);
		return CLIENT_USAGE;
	}
	return status;
}

static int read_options(struct calibrate *calibrate, int argc, char **argv)
{
	static const struct option known[] = {
		{ "output", required_argument, NULL, 'o' }, { "force", no_argument, NULL, 'f' }, { "seconds", required_argument, NULL, 'n' },
		{ "steady", required_argument, NULL, 's' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "o:c:h", known, NULL)) != -1) {
		switch (option) {
		case 'o':
			calibrate->output = optarg;
			break;
		case 'f':
			calibrate->force = true;
			break;
		case 'n':
		case 's':
			status = read_value(calibrate, option, optarg);
			break;
		default:
			status = control_client_take_option(&calibrate->socket, &calibrate->config, option, usage, help);
		}
	}
	return status >= 0 ? status : read_arguments(calibrate, argc, argv);
}

static void print_point(int p, const struct calibration_point *point)
{
	printf("%c     %15.4f%15.4f%15.5f%15.5f%15.3f%15.3f  %5.3f\n", 'a' + p, point->reference_v, point->v, point->reference_a, point->a,
	       point->reference_w, point->w, point->w / (point->v * point->a));
}

/* The file's directory, locked until it is closed: one at a time reads and replaces.  -1 after a message. */
static int lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";
	int fd;

	if (slash)
		snprintf(directory, sizeof(directory), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	fprintf(stderr, "dinmeter calibrate: %s: %s\n", directory, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Another reading may have come into the file meanwhile. */
static int join_file(struct calibrate *calibrate, const struct calibrate_readings *one)
{
	int lock = lock_directory(calibrate->readings_path), status;

	if (lock < 0)
		return CLIENT_FAILED;
	memset(&calibrate->readings, 0, sizeof(calibrate->readings));
	status = calibrate_load(&calibrate->readings, calibrate->readings_path);
	if (!status)
		status = calibrate_add(&calibrate->readings, one);
	if (!status)
		status = calibrate_save(&calibrate->readings, calibrate->readings_path);
	close(lock);
	return status;
}

/* A reading at the load that is there, and at once into the file. */
static int take(struct calibrate *calibrate)
{
	struct calibrate_readings *readings = &calibrate->readings, one = { .n = { 0 } };
	int status = calibrate_measure(&one, &calibrate->reference, calibrate->socket, calibrate->config, calibrate->seconds, calibrate->steady);

	if (!status)
		status = join_file(calibrate, &one);
	if (status)
		return status;
	puts("phase     reference V        meter V    reference A        meter A    reference W        meter W     PF");
	for (int p = 0; p < PHASES; p++)
		if (calibrate->reference.told[p])
			print_point(p, &readings->point[p][readings->n[p] - 1]);
	return CLIENT_DONE;
}

static bool prompt(char *line, size_t size, int phase)
{
	printf("phase %c of the reference, V,A,W (empty: none): ", 'a' + phase);
	fflush(stdout);
	if (!fgets(line, (int)size, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* One load: what the reference reads, then what the meter does.  *more: whether it was not the end. */
static int ask_for_load(struct calibrate *calibrate, bool *more)
{
	char line[200];
	int status = CLIENT_DONE;

	calibrate->reference = (struct calibrate_reference){ .told = { false } };
	*more = false;
	for (int p = 0; p < PHASES; p++) {
		do {
			if (!prompt(line, sizeof(line), p))
				return CLIENT_DONE;
			status = *line ? calibrate_parse("dinmeter calibrate", line, p, &calibrate->reference) : CLIENT_DONE;
		} while (status && isatty(STDIN_FILENO));
		*more |= calibrate->reference.told[p];
		if (status)
			return status;
	}
	if (!*more)
		return CLIENT_DONE;
	status = take(calibrate);
	/* a load that moved can be read again */
	return isatty(STDIN_FILENO) ? CLIENT_DONE : status;
}

static int ask(struct calibrate *calibrate)
{
	bool more = true;
	int status = CLIENT_DONE;

	puts("Set a load and wait until it is steady: first PF 1, then PF 0.5.  Nothing for all phases ends the readings.");
	while (more && !status)
		status = ask_for_load(calibrate, &more);
	return status;
}

static const char *explain(enum calibration_verdict verdict)
{
	switch (verdict) {
	case CALIBRATION_NO_REACTIVE:
		return "no reading tells the delay: add one at PF 0.5";
	case CALIBRATION_NO_REAL:
		return "no reading tells that voltage and current are of one phase: add one at PF 1";
	case CALIBRATION_REVERSED:
		return "the power has the other sign than the reference's: the current transformer is turned around, or the reference's, or voltage "
			"and current are of different phases; `dinmeter wiring` tells which";
	case CALIBRATION_RATIO:
		return "a gain is more than 20 % from 1: a ratio in the configuration is wrong, or the range of the reference";
	case CALIBRATION_DELAY:
		return "the delay is too long for one: voltage and current are of different phases";
	case CALIBRATION_GOOD:
		break;
	}
	return NULL;
}

static bool fits(const struct calibrate_readings *readings, int p, const struct calibration *result)
{
	double v = readings->channel[ADC_VA + p].gain * result->voltage_gain, i = readings->channel[ADC_IA + p].gain * result->current_gain;
	double delay_us = readings->channel[ADC_IA + p].delay_us + result->delay_us;
	const struct config_key *gain = config_key_find(CALIBRATE_GAIN_KEY);

	return config_key_allows(gain, v) && config_key_allows(gain, i) && config_key_allows(config_key_find(CALIBRATE_DELAY_KEY), delay_us);
}

/* What is wrong with the result of a phase, or nothing. */
static int judge(const struct calibrate *calibrate, int p, const struct calibration *result)
{
	const char *why = explain(result->verdict);
	double left = fmax(fabs(result->left[0]), fmax(fabs(result->left[1]), fabs(result->left[2])));

	if (!why && !fits(&calibrate->readings, p, result))
		why = "gain or delay are beyond what the configuration takes (0.5-2, -500..500 us)";
	if (why) {
		fprintf(stderr, "dinmeter calibrate: phase %c: %s\n", 'a' + p, why);
		return CLIENT_FAILED;
	}
	if (left <= LEFT_MOST || calibrate->force)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter calibrate: phase %c: the readings contradict each other: %.3g %% are left; look for a wrong one, or use --force\n",
		'a' + p, 100 * left);
	return CLIENT_FAILED;
}

static void print_result(int p, const struct calibration *result)
{
	printf("%c      %12.6f%13.6f%13.3f  %+9.4f%+9.4f%+9.4f  %+9.4f%+9.4f%+9.4f\n", 'a' + p, result->voltage_gain, result->current_gain,
	       result->delay_us, 100 * result->found[0], 100 * result->found[1], 100 * result->found[2], 100 * result->left[0],
	       100 * result->left[1], 100 * result->left[2]);
}

struct output {
	const struct calibrate_readings *readings;
	const struct calibration *result;
};

static void print_output(FILE *file, const void *context)
{
	const struct output *output = context;

	calibrate_write(file, output->readings, output->result);
}

static int write_output(const struct calibrate *calibrate, const struct calibration result[PHASES])
{
	struct output output = { &calibrate->readings, result };

	if (!calibrate->output)
		return CLIENT_DONE;
	if (!calibrate->force && !access(calibrate->output, F_OK)) {
		fprintf(stderr, "dinmeter calibrate: %s: is there already; --force replaces it\n", calibrate->output);
		return CLIENT_FAILED;
	}
	return calibrate_replace(calibrate->output, print_output, &output);
}

static int solve(const struct calibrate *calibrate)
{
	struct calibration result[PHASES];
	int status = CLIENT_DONE, phases = 0;

	for (int p = 0; p < PHASES; p++)
		phases += calibrate->readings.n[p] > 0;
	if (!phases) {
		fprintf(stderr, "dinmeter calibrate: %s: %s\n", calibrate->readings_path,
			access(calibrate->readings_path, F_OK) ? strerror(errno) : "has no readings");
		return CLIENT_FAILED;
	}
	puts("                                              errors before, %             errors after, %\n"
	     "phase   gain of V    gain of I     delay us         V        I        P          V        I        P");
	for (int p = 0; p < PHASES; p++) {
		if (!calibrate->readings.n[p])
			continue;
		calibration_solve(calibrate->readings.point[p], calibrate->readings.n[p], &result[p]);
		print_result(p, &result[p]);
	}
	fflush(stdout);
	for (int p = 0; p < PHASES; p++)
		if (calibrate->readings.n[p] && judge(calibrate, p, &result[p]))
			status = CLIENT_FAILED;
	return status ? status : write_output(calibrate, result);
}

int client_calibrate(int argc, char **argv)
{
	struct calibrate *calibrate = calloc(1, sizeof(*calibrate));
	int status;

	if (!calibrate) {
		fputs("dinmeter calibrate: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	calibrate->seconds = SECONDS_DEFAULT;
	calibrate->steady = STEADY_DEFAULT;
	status = read_options(calibrate, argc, argv);
	if (status < 0) {
		status = calibrate_load(&calibrate->readings, calibrate->readings_path);
		if (!status && calibrate->has_reference)
			status = take(calibrate);
		else if (!status && (!calibrate->output || isatty(STDIN_FILENO)))
			status = ask(calibrate);
		if (!status && !calibrate->has_reference)
			status = solve(calibrate);
	}
	free(calibrate);
	return status;
}
