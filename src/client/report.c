/* dinmeter report: a period of the data log as one page of pictures and a table. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/log_read.h"
#include "client/report.h"
#include "client/since.h"

#define DEFAULT_DAYS 7
/* A period that ends now ends with the newest entry, when that is no older. */
#define NEWEST_MAX_S 3600

static const char usage[] = "usage: dinmeter report [--from T] [--to T] [--local] -o FILE.pdf|FILE.html " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nLoad profile, demand, energy by day and alerts of a period of the data log, on one page.\n\n"
	"  -o, --output FILE  the page: FILE.pdf or FILE.html\n"
	"  --from T       since T: " SINCE_ALLOWED "\n"
	"                 (default: the local day six days ago)\n"
	"  --to T         until T (default: now)\n"
	"  --local        dates and times of --from and --to are local ones\n"
	CONTROL_CLIENT_HELP;

struct request {
	const char *file, *from, *to, *socket, *config;
	bool html, local;
	int64_t from_s, to_s, now_s;
};

static int usage_error(void)
{
	fputs(usage, stderr);
	return CLIENT_USAGE;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length > n && !strcasecmp(text + length - n, end);
}

/* -1 to go on, or the exit status. */
static int read_time(const struct request *request, const char *name, const char *text, int64_t *seconds)
{
	if (since_parse(text, request->now_s, seconds)) {
		fprintf(stderr, "dinmeter report: %s: got '%s', must be %s\n", name, text, SINCE_ALLOWED);
		return CLIENT_USAGE;
	}
	if (request->local && *text != '-')
		*seconds = report_days_from_local(*seconds);
	return -1;
}

static int check(struct request *request)
{
	int status = -1;

	if (!request->file) {
		fputs("dinmeter report: -o is missing\n", stderr);
		return usage_error();
	}
	request->html = ends_in(request->file, ".html");
	if (!request->html && !ends_in(request->file, ".pdf")) {
		fprintf(stderr, "dinmeter report: -o: got '%s', must end in .pdf or .html\n", request->file);
		return CLIENT_USAGE;
	}
	request->to_s = request->now_s;
	if (request->to)
		status = read_time(request, "--to", request->to, &request->to_s);
	request->from_s = report_days_begin(request->to_s, REPORT_DAY, 1 - DEFAULT_DAYS);
	if (status < 0 && request->from)
		status = read_time(request, "--from", request->from, &request->from_s);
	if (status >= 0)
		return status;
	if (request->from_s >= 0 && request->from_s < request->to_s)
		return -1;
	fprintf(stderr, "dinmeter report: --from: got '%s', must be ahead of --to (%s), and not ahead of 1970\n", request->from ? request->from : "",
		request->to ? request->to : "now");
	return CLIENT_USAGE;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && value ? json_object_get_string(value) : "";
}

static int read_meter(struct report *report, struct control_client *client)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array(), *response, *meter = NULL;

	json_object_array_add(parts, json_object_new_string("meter"));
	json_object_object_add(members, "parts", parts);
	response = control_client_ask(client, "status", members);
	if (!response)
		return CLIENT_FAILED;
	json_object_object_get_ex(response, "meter", &meter);
	snprintf(report->meter, sizeof(report->meter), "%.60s %.60s, serial number %.40s, firmware %.20s", text_of(meter, "vendor"),
		 text_of(meter, "product"), text_of(meter, "serial"), text_of(meter, "firmware"));
	json_object_put(response);
	return CLIENT_DONE;
}

static int explain(const struct request *request, const struct log_entries *entries, int error)
{
	char from[REPORT_TIME_MAX], to[REPORT_TIME_MAX], first[REPORT_TIME_MAX], last[REPORT_TIME_MAX];

	report_days_time(request->from_s, from);
	report_days_time(request->to_s, to);
	if (error == -ERANGE) {
		fprintf(stderr, "dinmeter report: %s to %s is too long, must be at most %d years\n", from, to, REPORT_SPANS_MAX);
		return CLIENT_USAGE;
	}
	if (error != -ENOENT) {
		fprintf(stderr, "dinmeter report: %s\n", strerror(-error));
		return CLIENT_FAILED;
	}
	fprintf(stderr, "dinmeter report: the log has no entry from %s to %s", from, to);
	if (entries->n) {
		report_days_time(entries->entry[0].utc_s, first);
		report_days_time(entries->entry[entries->n - 1].utc_s, last);
		fprintf(stderr, ", it has those from %s to %s\n", first, last);
	} else {
		fputs(": it is empty\n", stderr);
	}
	return CLIENT_FAILED;
}

static int write_report(const struct request *request, const struct report *report)
{
	int error = request->html ? report_write_html(report, request->file) : report_write_pdf(report, request->file);

	if (!error)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter report: %s: cannot be written: %s\n", request->file, strerror(-error));
	return CLIENT_FAILED;
}

static int run(struct request *request, struct report *report, struct log_entries *entries)
{
	struct control_client client;
	int status = control_client_open(&client, request->socket, request->config), error;
	int64_t newest_s;

	if (status)
		return status;
	status = read_meter(report, &client);
	if (!status)
		status = log_read(entries, &client, "report");
	control_client_close(&client);
	if (status)
		return status;
	newest_s = entries->n ? entries->entry[entries->n - 1].utc_s : 0;
	if (!request->to && newest_s > request->from_s && newest_s <= request->to_s && request->to_s - newest_s <= NEWEST_MAX_S)
		request->to_s = newest_s;
	error = report_fill(report, entries->entry, entries->n, request->from_s, request->to_s);
	return error ? explain(request, entries, error) : write_report(request, report);
}

/* -1 to go on, or the exit status. */
static int read_options(struct request *request, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' }, { "local", no_argument, NULL, 'l' },
		{ "output", required_argument, NULL, 'o' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "o:c:h", options, NULL)) != -1) {
		switch (option) {
		case 'f': request->from = optarg; break;
		case 't': request->to = optarg; break;
		case 'l': request->local = true; break;
		case 'o': request->file = optarg; break;
		default: status = control_client_take_option(&request->socket, &request->config, option, usage, help); break;
		}
	}
	if (status >= 0)
		return status;
	if (optind == argc)
		return check(request);
	fprintf(stderr, "dinmeter report: unexpected '%s'\n", argv[optind]);
	return usage_error();
}

int client_report(int argc, char **argv)
{
	struct report *report = calloc(1, sizeof(*report));
	struct request request = { .now_s = time(NULL) };
	struct log_entries entries = { NULL, 0, 0 };
	int status;

	if (!report)
		return CLIENT_FAILED;
	tzset();
	report->made_s = request.now_s;
	status = read_options(&request, argc, argv);
	if (status < 0)
		status = run(&request, report, &entries);
	free(entries.entry);
	free(report->interval);
	free(report);
	return status;
}
