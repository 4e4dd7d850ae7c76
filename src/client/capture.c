/* `dinmeter capture`: the samples that the daemon measures, as a recording. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/comtrade_write.h"
#include "client/client.h"
#include "client/samples.h"

#define READ_SCANS 4096u
#define TIMEOUT_MS 200
#define SILENCE_NS INT64_C(10000000000)	/* no sample for so long: the recording ends */
#define SECONDS_MAX 86400.0
#define PRETRIGGER_MAX 60.0
#define NS_PER_S 1e9

static const char usage[] = "usage: dinmeter capture -o NAME [--seconds N] [--pretrigger N] [--force] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nThe raw samples of the six inputs as a COMTRADE recording (2013): NAME.cfg and NAME.dat, or one file when NAME ends in .cff.\n"
	"Beside it NAME.conf: dinmeter analyze -c NAME.conf NAME.cfg shows what the meter showed.\n\n"
	"  -o NAME         the recording\n"
	"  --seconds N     record so long from now on, 0..86400 (default 10); Ctrl-C ends it earlier\n"
	"  --pretrigger N  and so many seconds before, 0..60 (default: all that the daemon holds)\n"
	"  --force         replace files that are there\n"
	CONTROL_CLIENT_HELP;

static volatile sig_atomic_t interrupted;

struct capture_command {
	const char *name, *socket, *config;
	double seconds, pretrigger;
	bool force;
};

struct capture_run {
	struct control_client client;
	struct samples *samples;
	struct comtrade_writer *writer;
	struct comtrade_about about;
	char station[64], device[64];
	double *memory;
	struct adc_block block;
	uint64_t first, end;	/* numbers of the first scan of all, and behind the newest */
	bool begun, aligned;
};

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	interrupted = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static struct json_object *member(struct json_object *object, const char *part, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(object, part, &value))
		json_object_object_get_ex(value, name, &value);
	return value;
}

/* Who recorded, and at which mains. */
static int identify(struct capture_run *run)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array(), *status, *hz;

	json_object_array_add(parts, json_object_new_string("meter"));
	json_object_array_add(parts, json_object_new_string("readings"));
	json_object_object_add(members, "parts", parts);
	status = control_client_ask(&run->client, "status", members);
	if (!status)
		return CLIENT_FAILED;
	snprintf(run->station, sizeof(run->station), "%s", json_object_get_string(member(status, "meter", "product")));
	snprintf(run->device, sizeof(run->device), "%s", json_object_get_string(member(status, "meter", "serial")));
	hz = member(status, "readings", "hz");
	run->about.line_hz = hz && fabs(json_object_get_double(hz) - 50) < 5 ? 50 : 60;
	json_object_put(status);
	return CLIENT_DONE;
}

static int say(const struct capture_run *run, const char *name, int error)
{
	const char *path = run->writer ? comtrade_write_path(run->writer) : name;

	if (error == -EEXIST)
		fprintf(stderr, "dinmeter capture: %s: a file of that recording is there already; --force replaces it\n", path);
	else if (error == -EINVAL)
		fprintf(stderr, "dinmeter capture: -o: got \"%s\", must be the name of a file\n", name);
	else
		fprintf(stderr, "dinmeter capture: %s: %s\n", path, strerror(-error));
	return error == -EINVAL ? CLIENT_USAGE : CLIENT_FAILED;
}

/* The seconds that were measured and ended in the newest block; the recording begins where the first of them does. */
static int note_windows(struct capture_run *run)
{
	unsigned n;
	const struct tap_window *window = samples_windows(run->samples, &n);
	int error = 0;

	for (unsigned i = 0; i < n && !error; i++) {
		if (window[i].first < run->first)
			continue;
		if (!run->aligned)
			comtrade_write_skip(run->writer, window[i].first - run->first);
		run->aligned = true;
		error = comtrade_write_window(run->writer, window[i].rate_hz, (unsigned)(run->end - window[i].first - window[i].n));
	}
	return error;
}

/* Reads once.  1 when there is more to come, 0 at the end, or -errno. */
static int record(struct capture_run *run, int64_t until_ns, int64_t *newest_ns)
{
	uint64_t first;
	int n = samples_read(run->samples, &run->block, READ_SCANS, TIMEOUT_MS, &first), error;

	if (n <= 0)
		return n < 0 ? n : 1;
	if (!run->begun)
		run->first = first;
	run->begun = true;
	run->end = first + (unsigned)n;
	*newest_ns = run->block.t_ns;
	error = comtrade_write_block(run->writer, &run->block);
	if (!error)
		error = note_windows(run);
	return error ? error : run->block.t_ns < until_ns;
}

/* Until the time is over, a signal comes, or nothing does.  0, or what ended it early. */
static int record_all(struct capture_run *run, const struct capture_command *command)
{
	int64_t begin_ns = samples_opened_ns(run->samples), until_ns = begin_ns + llround(command->seconds * NS_PER_S);
	int64_t newest_ns = begin_ns;
	int silent = 0, ret = 1;

	while (ret > 0 && !interrupted) {
		int64_t before_ns = newest_ns;

		ret = record(run, until_ns, &newest_ns);
		silent = newest_ns == before_ns ? silent + 1 : 0;
		if ((int64_t)silent * TIMEOUT_MS * 1000000 > SILENCE_NS)
			return -ETIMEDOUT;
	}
	return ret < 0 ? ret : 0;
}

static void describe(struct capture_run *run)
{
	const struct tap_source *source = samples_source(run->samples);
	const double *scale = samples_primary_scale(run->samples);

	for (int c = 0; c < ADC_CHANNELS; c++) {
		run->about.scale[c] = scale[c];
		run->about.primary[c] = source->primary ? 1 : scale[c];
		run->about.secondary[c] = 1;
		run->about.delay_us[c] = source->delay_us[c];
	}
	run->about.station = run->station;
	run->about.device = run->device;
	run->about.config = samples_config(run->samples);
	run->about.utc_less_clock_ns = samples_utc_less_clock_ns(run->samples);
	run->about.trigger_ns = samples_opened_ns(run->samples);
}

/* Writes what was recorded; `why` ended it early, 0 = nothing did. */
static int finish(struct capture_run *run, const struct capture_command *command, int why)
{
	char path[4200];
	uint64_t scans = comtrade_write_scans(run->writer), lost = comtrade_write_lost(run->writer);
	int error;

	snprintf(path, sizeof(path), "%s", comtrade_write_path(run->writer));
	if (!scans) {
		fprintf(stderr, "dinmeter capture: no samples came: %s\n", why ? strerror(-why) : "nothing was recorded");
		return CLIENT_FAILED;
	}
	describe(run);
	error = comtrade_write_end(run->writer, &run->about);
	run->writer = NULL;
	if (error) {
		fprintf(stderr, "dinmeter capture: %s: %s: nothing was written\n", path, strerror(-error));
		return CLIENT_FAILED;
	}
	fprintf(stderr, "%s: %.3f s of samples%s\n", path, (double)(scans + lost) / run->block.rate_hz,
		run->aligned ? "" : "; no second among them was measured");
	if (lost)
		fprintf(stderr, "dinmeter capture: %" PRIu64 " samples among them are missing\n", lost);
	if (!why)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter capture: it ends before %.9g s: %s\n", command->seconds,
		why == -EXDEV ? "the source of the samples has changed" : why == -ETIMEDOUT ? "no more samples came" : strerror(-why));
	return CLIENT_FAILED;
}

static int capture(struct capture_run *run, const struct capture_command *command)
{
	int status = control_client_open(&run->client, command->socket, command->config), error;

	if (!status)
		status = identify(run);
	if (status)
		return status;
	error = comtrade_write_begin(&run->writer, command->name, command->force);
	if (error)
		return say(run, command->name, error);
	if (samples_open(&run->samples, &run->client, command->pretrigger))
		return CLIENT_FAILED;
	run->memory = malloc((size_t)READ_SCANS * ADC_CHANNELS * sizeof(double));
	if (!run->memory)
		return say(run, command->name, -ENOMEM);
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		run->block.scans[c] = run->memory + (size_t)c * READ_SCANS;
	catch_signals();
	return finish(run, command, record_all(run, command));
}

static int read_seconds(const char *option, const char *text, double most, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (!errno && end != text && !*end && *seconds >= 0 && *seconds <= most)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter capture: %s: got \"%s\", must be 0..%.9g seconds\n", option, text, most);
	return CLIENT_USAGE;
}

static int read_options(struct capture_command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "seconds", required_argument, NULL, 's' },
		{ "pretrigger", required_argument, NULL, 'p' }, { "force", no_argument, NULL, 'f' },
		CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while ((option = getopt_long(argc, argv, "o:c:h", options, NULL)) != -1) {
		switch (option) {
		case 'o': command->name = optarg; break;
		case 's': status = read_seconds("--seconds", optarg, SECONDS_MAX, &command->seconds); break;
		case 'p': status = read_seconds("--pretrigger", optarg, PRETRIGGER_MAX, &command->pretrigger); break;
		case 'f': command->force = true; break;
		case 'S': command->socket = optarg; break;
		case 'c': command->config = optarg; break;
		case 'h': printf("%s%s", usage, help); return CLIENT_DONE;
		default: fputs(usage, stderr); return CLIENT_USAGE;
		}
		if (status > 0)
			return status;
	}
	if (command->name && *command->name && optind == argc)
		return -1;
	if (optind < argc)
		fprintf(stderr, "dinmeter capture: unexpected \"%s\"\n%s", argv[optind], usage);
	else
		fprintf(stderr, "dinmeter capture: -o NAME is missing\n%s", usage);
	return CLIENT_USAGE;
}

int client_capture(int argc, char **argv)
{
	struct capture_command command = { .seconds = 10, .pretrigger = PRETRIGGER_MAX };
	struct capture_run run = { .client = { .fd = -1 } };
	int status = read_options(&command, argc, argv);

	if (status >= 0)
		return status;
	status = capture(&run, &command);
	comtrade_write_abandon(run.writer);
	samples_close(run.samples);
	control_client_close(&run.client);
	free(run.memory);
	return status;
}
