/* dinmeter capture: the newest and the coming seconds of samples as a COMTRADE recording. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/comtrade_write.h"
#include "client/client.h"
#include "client/control_client.h"
#include "client/samples.h"
#include "daemon/monotonic.h"

#define SECONDS_DEFAULT 10.0
#define SECONDS_MOST 86400.0
#define READ_SCANS 4096u
#define READ_MS 200		/* so soon is Ctrl-C heard */
#define PATIENCE_NS INT64_C(5000000000)	/* without a sample */
#define ALL_S 1e6		/* more than any ring holds */
#define NS_PER_S 1e9

static const char usage[] = "usage: dinmeter capture -o NAME [--seconds N] [--pretrigger N] [--force] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nWrites the samples of a running daemon as a COMTRADE recording (IEEE C37.111-2013): NAME.cfg and NAME.dat, or\n"
	"one file when NAME ends in .cff; and NAME.conf, with which `dinmeter analyze -c NAME.conf NAME.cfg` measures as\n"
	"the meter did.  Ctrl-C ends it early, with a whole recording.\n\n"
	"  -o NAME        the recording\n"
	"  --seconds N    for so many seconds from now on, 0-86400 (default 10)\n"
	"  --pretrigger N and so many before now, 0-60, as far as the daemon holds them (default: all)\n"
	"  --force        replace a recording that is there\n"
	CONTROL_CLIENT_HELP;

struct capture {
	const char *name, *socket, *config;
	double seconds, pretrigger_s;
	bool force;
	struct control_client client;
	struct samples *samples;
	struct comtrade_write *writer;
	struct adc_block block;
	double *memory;
	bool broken;			/* the disk failed: nothing is kept */
	int64_t trigger_ns, end_ns;	/* by the samples' clock; 0: no sample yet */
	int64_t stop_ns;		/* when it was interrupted; 0: it was not */
	/* for the recording's texts */
	char station[140], device[48];
	struct settings settings;
	double line_hz;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	if (interrupted < 2)
		interrupted++;
}

static void catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static struct json_object *member(struct json_object *object, const char *part, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, part, &value) || !json_object_object_get_ex(value, key, &value))
		return NULL;
	return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, "meter", key);

	return value ? json_object_get_string(value) : "";
}

/* Who measures, and with what transformers. */
static int read_meter(struct capture *capture)
{
	static const char *const parts[] = { "meter", "readings", "settings" };
	struct json_object *members = json_object_new_object(), *list = json_object_new_array(), *status, *hz;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_object_array_add(list, json_object_new_string(parts[i]));
	json_object_object_add(members, "parts", list);
	status = control_client_ask(&capture->client, "status", members);
	if (!status)
		return CLIENT_FAILED;
	snprintf(capture->station, sizeof(capture->station), "%.60s %.60s", text_of(status, "vendor"), text_of(status, "product"));
	snprintf(capture->device, sizeof(capture->device), "%.40s", text_of(status, "serial"));
	capture->settings.pt_ratio = (int)llround(100 * json_object_get_double(member(status, "settings", "pt_ratio")));
	capture->settings.ct_primary = json_object_get_int(member(status, "settings", "ct_primary"));
	capture->settings.ct_secondary = json_object_get_int(member(status, "settings", "ct_secondary"));
	hz = member(status, "readings", "hz");
	if (hz)
		capture->line_hz = fabs(json_object_get_double(hz) - 50) < fabs(json_object_get_double(hz) - 60) ? 50 : 60;
	json_object_put(status);
	if (capture->settings.pt_ratio > 0 && capture->settings.ct_primary > 0 && capture->settings.ct_secondary > 0)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter capture: %s: the daemon's answer to 'status' is not as expected\n", capture->client.path);
	return CLIENT_FAILED;
}

static int fail(const struct capture *capture)
{
	fprintf(stderr, "dinmeter capture: %s\n", comtrade_write_error(capture->writer));
	return CLIENT_FAILED;
}

static int begin(struct capture *capture)
{
	int ret = comtrade_write_open(&capture->writer, capture->name, capture->force);

	capture->memory = malloc((size_t)READ_SCANS * ADC_CHANNELS * sizeof(double));
	if (ret == -ENOMEM || !capture->memory) {
		fputs("dinmeter capture: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	if (ret == -EEXIST) {
		fprintf(stderr, "dinmeter capture: %s; --force replaces it\n", comtrade_write_error(capture->writer));
		return CLIENT_FAILED;
	}
	if (ret)
		return fail(capture);
	for (int c = 0; c < ADC_CHANNELS; c++)
		capture->block.scans[c] = capture->memory + (size_t)c * READ_SCANS;
	ret = control_client_open(&capture->client, capture->socket, capture->config);
	if (!ret)
		ret = read_meter(capture);
	if (ret)
		return ret;
	if (samples_open(&capture->samples, &capture->client, capture->pretrigger_s)) {
		capture->samples = NULL;
		return CLIENT_FAILED;
	}
	return CLIENT_DONE;
}

/* Only what was taken by the end.  False: that was all. */
static bool cut(struct capture *capture, struct adc_block *block)
{
	double surplus;

	if (!capture->trigger_ns)
		capture->trigger_ns = samples_opened_ns(capture->samples);
	/* the daemon had none yet: it begins with the first */
	if (!capture->trigger_ns)
		capture->trigger_ns = block->t_ns - llround((block->n - 1) / block->rate_hz * NS_PER_S);
	capture->end_ns = capture->trigger_ns + llround(capture->seconds * NS_PER_S);
	if (capture->stop_ns && capture->stop_ns < capture->end_ns)
		capture->end_ns = capture->stop_ns;
	surplus = ceil((double)(block->t_ns - capture->end_ns) / NS_PER_S * block->rate_hz);
	if (surplus <= 0)
		return true;
	surplus = fmin(surplus, block->n);
	block->n -= (unsigned)surplus;
	block->t_ns -= llround(surplus / block->rate_hz * NS_PER_S);
	return false;
}

/* 1 to go on, 0 when it is over, -1 when it fails (said). */
static int take(struct capture *capture, uint64_t first)
{
	struct adc_block *block = &capture->block;
	unsigned n, whole = 0;
	const struct tap_window *windows = samples_windows(capture->samples, &n);
	bool more = cut(capture, block);
	int ret;

	while (whole < n && windows[whole].first + windows[whole].n <= first + block->n)
		whole++;
	ret = comtrade_write_add(capture->writer, block, first, windows, whole);
	if (ret == -ESTALE) {
		fputs("dinmeter capture: the source of the samples has changed: the recording ends there\n", stderr);
		return -1;
	}
	if (ret) {
		fail(capture);
		capture->broken = true;
		return -1;
	}
	return more;
}

/* The exit status.  An interrupt ends it with what has been taken by then, a second one at once. */
static int record(struct capture *capture)
{
	int64_t newest_ns = monotonic_ns();

	while (interrupted < 2) {
		uint64_t first;
		int n;

		if (interrupted && !capture->stop_ns)
			capture->stop_ns = monotonic_ns();
		n = samples_read(capture->samples, &capture->block, READ_SCANS, capture->stop_ns ? 0 : READ_MS, &first);
		if (n < 0)
			return CLIENT_FAILED;
		if (n > 0) {
			newest_ns = monotonic_ns();
			n = take(capture, first);
			if (n <= 0)
				return n ? CLIENT_FAILED : CLIENT_DONE;
		} else if (capture->stop_ns) {
			break;
		} else if (monotonic_ns() - newest_ns > PATIENCE_NS) {
			fprintf(stderr, "dinmeter capture: no samples came for %.0f s\n", (double)PATIENCE_NS / NS_PER_S);
			return CLIENT_FAILED;
		}
	}
	return CLIENT_DONE;
}

static char *config_text(const struct capture *capture)
{
	const char *settings = samples_config(capture->samples);
	size_t size = strlen(settings) + 200;
	char *text = malloc(size);

	if (text)
		snprintf(text, size, "# Settings with which the meter measured these samples: dinmeter analyze -c .conf .cfg\n"
			 "# Gains and delays of the channels are in the recording.\n%s", settings);
	return text;
}

static int finish(struct capture *capture, int status)
{
	char *config = config_text(capture);
	struct comtrade_write_info info = {
		.station = capture->station, .device = capture->device, .config = config, .settings = &capture->settings,
		.line_hz = capture->line_hz, .utc_less_clock_ns = samples_utc_less_clock_ns(capture->samples),
		.trigger_ns = capture->trigger_ns,
	};
	struct comtrade_write_account account;

	if (!config) {
		fputs("dinmeter capture: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	if (comtrade_write_finish(capture->writer, &info)) {
		free(config);
		return fail(capture);
	}
	free(config);
	comtrade_write_get_account(capture->writer, &account);
	printf("%s: %.3f s, %.3f s of them before the start, %llu scans\n", account.file, account.seconds, account.before_s,
	       (unsigned long long)account.scans);
	if (account.gaps)
		fprintf(stderr, "dinmeter capture: %s: samples are missing: %llu in %llu gaps\n", account.file, (unsigned long long)account.lost,
			(unsigned long long)account.gaps);
	return status;
}

static int run(struct capture *capture)
{
	int status;

	capture->client.fd = -1;
	catch_interrupt();
	status = begin(capture);
	if (!status) {
		status = record(capture);
		if (!capture->broken)
			status = finish(capture, status);
	}
	if (capture->samples)
		samples_close(capture->samples);
	control_client_close(&capture->client);
	comtrade_write_close(capture->writer);
	free(capture->memory);
	return status;
}

/* -1 to go on, or the exit status. */
static int read_seconds(const char *option, const char *text, double most, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && !*end && *seconds >= 0 && *seconds <= most)
		return -1;
	fprintf(stderr, "dinmeter capture: %s: got '%s', must be 0-%g\n", option, text, most);
	return CLIENT_USAGE;
}

/* -1 to go on, or the exit status. */
static int read_options(struct capture *capture, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "seconds", required_argument, NULL, 's' },
		{ "pretrigger", required_argument, NULL, 'p' }, { "force", no_argument, NULL, 'f' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "o:c:h", options, NULL)) != -1) {
		switch (option) {
		case 'o': capture->name = optarg; break;
		case 's': status = read_seconds("--seconds", optarg, SECONDS_MOST, &capture->seconds); break;
		case 'p': status = read_seconds("--pretrigger", optarg, 60, &capture->pretrigger_s); break;
		case 'f': capture->force = true; break;
		default: status = control_client_take_option(&capture->socket, &capture->config, option, usage, help); break;
		}
	}
	if (status >= 0)
		return status;
	if (optind < argc)
		fprintf(stderr, "dinmeter capture: got '%s', expected options only\n", argv[optind]);
	else if (!capture->name || !*capture->name)
		fputs("dinmeter capture: -o is missing\n", stderr);
	else
		return -1;
	fputs(usage, stderr);
	return CLIENT_USAGE;
}

int client_capture(int argc, char **argv)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int status;

	if (!capture) {
		fputs("dinmeter capture: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	capture->seconds = SECONDS_DEFAULT;
	capture->pretrigger_s = ALL_S;
	status = read_options(capture, argc, argv);
	if (status < 0)
		status = run(capture);
	free(capture);
	return status;
}
