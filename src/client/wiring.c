/* dinmeter wiring: which input is swapped, reversed or dead, told from the phasors of some seconds. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/client.h"
#include "client/control_client.h"
#include "client/wiring_text.h"
#include "control/json.h"

#define POLL_NS 100000000
#define CYCLE_LIMIT_S 10	/* a live meter has a new one each second */
#define UNSTEADY 0.1
#define VOLTAGE_TOLERANCE 0.2

enum { SECONDS_DEFAULT = 3, SECONDS_MAX = 60 };

static const char usage[] = "usage: dinmeter wiring [--json] [--seconds N] " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nTells from the phasors of a running daemon which input is swapped, reversed or dead.\n"
	"Status 0 when nothing is wrong, 1 when something is, may be, or cannot be told.\n\n"
	"  --json         one JSON object on a line\n"
	"  --seconds N    look for so many seconds, 1-60 (default 3)\n"
	CONTROL_CLIENT_HELP;

static const char *const input_names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

struct wiring_look {
	const char *socket, *config;
	bool json;
	int seconds;
	struct phasor looks[SECONDS_MAX][ADC_CHANNELS];
	struct wiring_input input;
	struct wiring_report report;
	double astray;
};

static struct json_object *member(struct json_object *object, const char *part, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, part, &value) || !json_object_object_get_ex(value, key, &value))
		return NULL;
	return value;
}

static double number(struct json_object *object, const char *part, const char *key)
{
	struct json_object *value = member(object, part, key);

	return value ? json_object_get_double(value) : (double)NAN;
}

/* False when the meter has no phasors. */
static bool read_phasors(struct json_object *status, struct phasor phasors[ADC_CHANNELS])
{
	struct json_object *part;

	if (!json_object_object_get_ex(status, "phasors", &part))
		return false;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		double rms = number(part, input_names[c], "rms"), rad = number(part, input_names[c], "deg") * (M_PI / 180);

		/* an input with nothing at all on it has no angle */
		if (isnan(rms))
			return false;
		phasors[c] = rms > 0 && !isnan(rad) ? (struct phasor){ rms * cos(rad), rms * sin(rad) } : (struct phasor){ 0, 0 };
	}
	return true;
}

static struct json_object *ask(struct control_client *client)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array();

	json_object_array_add(parts, json_object_new_string("meter"));
	json_object_array_add(parts, json_object_new_string("phasors"));
	json_object_array_add(parts, json_object_new_string("settings"));
	json_object_object_add(members, "parts", parts);
	return control_client_ask(client, "status", members);
}

static int take(struct wiring_look *look, struct json_object *status, int n)
{
	if (!json_object_get_boolean(member(status, "meter", "live")) || !read_phasors(status, look->looks[n])) {
		fputs("dinmeter: the meter has no valid samples: nothing can be told of the wiring (`dinmeter status` says more)\n", stderr);
		return CLIENT_FAILED;
	}
	look->input.system_type = json_object_get_int(member(status, "settings", "system_type"));
	look->input.system_voltage_v = number(status, "settings", "system_voltage");
	look->input.ct_primary_a = number(status, "settings", "ct_primary");
	return CLIENT_DONE;
}

/* One look at each new second. */
static int collect(struct wiring_look *look, struct control_client *client)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	uint64_t last = 0;
	int n = 0, waited = 0;

	while (n < look->seconds) {
		struct json_object *status = ask(client);
		uint64_t cycle = json_object_get_uint64(member(status, "meter", "cycle"));
		int error = CLIENT_DONE;

		if (!status)
			return CLIENT_FAILED;
		waited = n && cycle == last ? waited + 1 : 0;
		if (!n || cycle != last)
			error = take(look, status, n++);
		last = cycle;
		json_object_put(status);
		if (error)
			return error;
		if (waited > CYCLE_LIMIT_S * 10) {
			fprintf(stderr, "dinmeter: no new second of measurement within %d s\n", CYCLE_LIMIT_S);
			return CLIENT_FAILED;
		}
		if (n < look->seconds)
			nanosleep(&pause, NULL);
	}
	return CLIENT_DONE;
}

static struct json_object *finding_json(const struct wiring_finding *finding)
{
	struct json_object *object = json_object_new_object(), *inputs = json_object_new_array();
	char text[WIRING_SENTENCE];

	for (int c = 0; c < ADC_CHANNELS; c++)
		if (finding->inputs >> c & 1)
			json_object_array_add(inputs, json_object_new_string(input_names[c]));
	json_add_text(object, "code", wiring_kind_code(finding->kind));
	json_add(object, "inputs", inputs);
	json_add_bool(object, "fault", wiring_kind_is_fault(finding->kind));
	wiring_text_finding(finding, text);
	json_add_text(object, "text", text);
	wiring_text_remedy(finding, text);
	if (*text)
		json_add_text(object, "remedy", text);
	return object;
}

static struct json_object *explanation_json(const struct wiring_explanation *explanation)
{
	struct json_object *object = json_object_new_object(), *findings = json_object_new_array();

	for (int n = 0; n < explanation->findings; n++)
		json_object_array_add(findings, finding_json(&explanation->finding[n]));
	json_add_number(object, "share", explanation->share);
	json_add_bool(object, "same_phasors", explanation->same);
	json_add_bool(object, "fault", explanation->fault);
	json_add(object, "supply_rotation", explanation->rotation ? json_text(wiring_text_rotation(explanation->rotation)) : NULL);
	json_add(object, "findings", findings);
	return object;
}

static void print_json(const struct wiring_look *look)
{
	const struct wiring_report *report = &look->report;
	struct json_object *object = json_object_new_object(), *list = json_object_new_array(), *small = json_object_new_array();

	for (int n = 0; n < report->explanations; n++)
		json_object_array_add(list, explanation_json(&report->explanation[n]));
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (report->small >> c & 1)
			json_object_array_add(small, json_object_new_string(input_names[c]));
	json_add_text(object, "verdict", wiring_verdict_code(report->verdict));
	json_add_number(object, "confidence", report->confidence);
	json_add(object, "rotation", report->rotation ? json_text(wiring_text_rotation(report->rotation)) : NULL);
	json_add_number(object, "voltage_ratio", report->voltage_ratio);
	json_add_number(object, "astray", look->astray);
	json_add_integer(object, "seconds", look->seconds);
	json_add(object, "too_small", small);
	json_add(object, "explanations", list);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void print_phasors(const struct wiring_look *look)
{
	struct phasor zero = { 1, 0 };

	printf("        %12s %10s\n", "rms", "angle");
	for (int c = ADC_CHANNELS - 1; c >= 0; c--)
		if (look->report.used >> c & 1 && hypot(look->input.phasor[c].re, look->input.phasor[c].im) > 0)
			zero = look->input.phasor[c];
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct phasor p = look->input.phasor[c], turned = phasor_multiply(p, (struct phasor){ zero.re, -zero.im });

		if (look->report.used >> c & 1)
			printf("  %c%c    %12.3f %s %7.1f deg\n", c < ADC_IA ? 'V' : 'I', 'A' + c % PHASES, hypot(p.re, p.im),
			       c < ADC_IA ? "V" : "A", atan2(turned.im, turned.re) * (180 / M_PI));
	}
}

static void print_remedies(const struct wiring_explanation *explanation)
{
	char remedy[WIRING_SENTENCE];

	for (int n = 0; n < explanation->findings; n++) {
		wiring_text_remedy(&explanation->finding[n], remedy);
		if (*remedy)
			printf("  %s\n", remedy);
	}
}

static void print_explanations(const struct wiring_report *report)
{
	char text[WIRING_FINDINGS * WIRING_SENTENCE];
	bool others = false;

	for (int n = 0; n < report->explanations; n++) {
		const struct wiring_explanation *explanation = &report->explanation[n];

		wiring_text_explanation(explanation, text, sizeof(text));
		if (n == 1 && explanation->same)
			puts("\nThe same phasors come from:");
		if (!explanation->same && !others)
			puts("\nLess likely, but possible:");
		others = others || !explanation->same;
		if (n > 0)
			printf("- %3.0f %%: ", 100 * explanation->share);
		printf("%s\n", text);
		print_remedies(explanation);
	}
}

static void print_notes(const struct wiring_look *look)
{
	const struct wiring_report *report = &look->report;

	putchar('\n');
	if (report->rotation)
		printf("The voltages rotate %s%s\n", wiring_text_rotation(report->rotation), report->rotation > 0 ? "." :
		       ": as the supply does, or two phases are exchanged, voltage and CT together. It does not change what is metered.");
	for (int c = ADC_IA; c <= ADC_IC; c++)
		if (report->small >> c & 1)
			printf("Current %c is too small to tell its place: at least %.3g A is needed.\n", 'A' + c - ADC_IA,
			       WIRING_LIVE_PART * look->input.ct_primary_a);
	if (report->voltage_ratio > 0 && fabs(report->voltage_ratio - 1) > VOLTAGE_TOLERANCE)
		printf("The voltages are %.0f %% of what the setting system_voltage (%.0f V) lets expect.\n", 100 * report->voltage_ratio,
		       look->input.system_voltage_v);
	if (look->astray > UNSTEADY)
		printf("The phasors moved by %.0f %% while they were looked at: try again while the load is steady.\n", 100 * look->astray);
}

static void print_text(const struct wiring_look *look)
{
	static const char *const heads[] = {
		[WIRING_WELL] = "Nothing wrong found", [WIRING_FAULT] = "The wiring is WRONG", [WIRING_DOUBT] = "The wiring may be wrong",
		[WIRING_NO_LOAD] = "The voltages are well, the currents too small to tell", [WIRING_NO_VOLTAGE] = "No voltage: nothing can be told",
	};

	printf("%s", heads[look->report.verdict]);
	if (look->report.explanations)
		printf(" (confidence %.0f %%)", fmin(floor(100 * look->report.confidence), 99));
	puts(".\n");
	if (look->report.verdict != WIRING_WELL || look->report.explanations > 1 || look->report.explanation[0].findings)
		print_explanations(&look->report);
	print_notes(look);
	print_phasors(look);
}

static int show(struct wiring_look *look)
{
	look->astray = wiring_mean((const struct phasor (*)[ADC_CHANNELS])look->looks, look->seconds, look->input.phasor);
	if (wiring_examine(&look->input, &look->report)) {
		fputs("dinmeter: the daemon tells no usable phasors or settings\n", stderr);
		return CLIENT_FAILED;
	}
	if (look->json)
		print_json(look);
	else
		print_text(look);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dinmeter: the findings cannot be written: %s\n", strerror(errno));
		return CLIENT_FAILED;
	}
	return look->report.verdict == WIRING_WELL ? CLIENT_DONE : CLIENT_FAILED;
}

static int read_seconds(const char *text, int *seconds)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text && !*end && value >= 1 && value <= SECONDS_MAX) {
		*seconds = (int)value;
		return -1;
	}
	fprintf(stderr, "dinmeter wiring: --seconds must be 1-%d, got %s\n", SECONDS_MAX, text);
	return CLIENT_USAGE;
}

static int read_options(struct wiring_look *look, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' }, { "seconds", required_argument, NULL, 's' }, CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		switch (option) {
		case 'j':
			look->json = true;
			break;
		case 's':
			status = read_seconds(optarg, &look->seconds);
			break;
		default:
			status = control_client_take_option(&look->socket, &look->config, option, usage, help);
		}
	}
	if (status >= 0 || optind == argc)
		return status;
	fprintf(stderr, "dinmeter %s: unexpected '%s'\n%s", argv[0], argv[optind], usage);
	return CLIENT_USAGE;
}

int client_wiring(int argc, char **argv)
{
	struct wiring_look look = { .seconds = SECONDS_DEFAULT };
	struct control_client client;
	int status = read_options(&look, argc, argv);

	if (status >= 0)
		return status;
	status = control_client_open(&client, look.socket, look.config);
	if (status)
		return status;
	status = collect(&look, &client);
	control_client_close(&client);
	return status ? status : show(&look);
}
