/* dinmeter scope: waves, phasors and harmonics; live on the terminal, or one picture of them as text, JSON, PNG or SVG. */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/scope_json.h"
#include "client/scope_live.h"
#include "client/scope_source.h"
#include "daemon/monotonic.h"
#include "picture/scope_picture.h"
#include "view/scope.h"

#define NS_PER_S INT64_C(1000000000)
#define PATIENCE_NS (3 * NS_PER_S)	/* without a sample: then there are none */
#define READ_MS 200
#define ROWS 24
#define COLUMNS 80

static const char usage[] =
	"usage: dinmeter scope [--once | --json | --png FILE | --svg FILE] [OPTION]... " CONTROL_CLIENT_USAGE "\n";
static const char help[] =
	"\nShows the waves of the six inputs, their phasors and harmonics; ? tells the keys.\n\n"
	"  --once         print one picture as text and end; no terminal is needed\n"
	"  --json         print its numbers as one JSON object\n"
	"  --png FILE     draw one picture into the file\n"
	"  --svg FILE     the same\n"
	"  --dark         draw on dark paper\n"
	"  --page NAME    begin with waves (default), phasors, harmonics or all\n"
	"  --select NAME  begin with the channel va, vb, vc, ia, ib or ic selected\n"
	"  --cycles N     cycles of the waves, 1-10 (default 3)\n"
	"  --volts V      full scale of the voltages (default: as large as they are)\n"
	"  --amperes A    full scale of the currents\n"
	"  --width N      of --once, in characters, 44-500 (default: $COLUMNS, else 80)\n"
	"  --height N     of --once, in lines, 16-200 (default: $LINES, else 24)\n"
	"  --ascii        draw nothing but ASCII\n"
	"  --no-color     no colours, as when $NO_COLOR is set\n"
	CONTROL_CLIENT_HELP;

struct arguments {
	const char *socket, *config, *png, *svg;
	bool once, json, dark, ascii, no_color;
	unsigned width, height;
	struct scope_options options;
	struct scope_screen screen;
};

static int refuse(const char *option, const char *got, const char *allowed)
{
	fprintf(stderr, "dinmeter scope: %s: got '%s', must be %s\n", option, got, allowed);
	return CLIENT_USAGE;
}

/* A number within least..most.  0, or -EINVAL. */
static int parse_number(const char *text, double least, double most, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end == text || *end != '\0' || !(*value >= least && *value <= most) ? -EINVAL : 0;
}

static int parse_whole(const char *text, double least, double most, unsigned *value)
{
	double number;

	if (parse_number(text, least, most, &number) || number != floor(number))
		return -EINVAL;
	*value = (unsigned)number;
	return 0;
}

static int find_word(const char *text, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return i;
	return -1;
}

static int take_page(struct arguments *arguments, const char *text)
{
	static const char *const pages[SCOPE_PAGES] = { "waves", "phasors", "harmonics", "all" };
	int page = find_word(text, pages, SCOPE_PAGES);

	if (page < 0)
		return refuse("--page", text, "waves, phasors, harmonics or all");
	arguments->screen.page = (enum scope_page)page;
	return 0;
}

static int take_selected(struct arguments *arguments, const char *text)
{
	static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

	arguments->screen.selected = find_word(text, names, ADC_CHANNELS);
	return arguments->screen.selected < 0 ? refuse("--select", text, "va, vb, vc, ia, ib or ic") : 0;
}

static int take_picture(const char **file, const char *text, enum picture_format wanted, const char *option, const char *allowed)
{
	enum picture_format format;

	if (picture_format_of(text, &format) || format != wanted)
		return refuse(option, text, allowed);
	*file = text;
	return 0;
}

/* The options with a value.  0 or the exit status. */
static int take_value(struct arguments *arguments, int option, const char *text)
{
	struct scope_options *options = &arguments->options;

	switch (option) {
	case 'P':
		return take_picture(&arguments->png, text, PICTURE_PNG, "--png", "a file whose name ends in .png");
	case 'V':
		return take_picture(&arguments->svg, text, PICTURE_SVG, "--svg", "a file whose name ends in .svg");
	case 'p':
		return take_page(arguments, text);
	case 's':
		return take_selected(arguments, text);
	case 'n':
		return parse_whole(text, SCOPE_CYCLES_MIN, SCOPE_CYCLES_MAX, &options->cycles) ? refuse("--cycles", text, "1-10") : 0;
	case 'v':
		return parse_number(text, 1e-3, 1e9, &options->volts) ? refuse("--volts", text, "0.001-1e9") : 0;
	case 'i':
		return parse_number(text, 1e-3, 1e9, &options->amperes) ? refuse("--amperes", text, "0.001-1e9") : 0;
	case 'W':
		return parse_whole(text, SCOPE_COLUMNS_MIN, GRID_COLUMNS_MAX, &arguments->width) ? refuse("--width", text, "44-500") : 0;
	default:
		return parse_whole(text, SCOPE_ROWS_MIN, GRID_ROWS_MAX, &arguments->height) ? refuse("--height", text, "16-200") : 0;
	}
}

/* -1 to go on, or the exit status. */
static int take_option(struct arguments *arguments, int option)
{
	int status;

	switch (option) {
	case 'o':
		arguments->once = true;
		return -1;
	case 'j':
		arguments->json = true;
		return -1;
	case 'd':
		arguments->dark = true;
		return -1;
	case 'a':
		arguments->ascii = true;
		return -1;
	case 'b':
		arguments->no_color = true;
		return -1;
	case 'S':
	case 'c':
	case 'h':
	case '?':
		return control_client_take_option(&arguments->socket, &arguments->config, option, usage, help);
	default:
		status = take_value(arguments, option, optarg);
		return status ? status : -1;
	}
}

static int read_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option known[] = {
		{ "once", no_argument, NULL, 'o' }, { "json", no_argument, NULL, 'j' }, { "png", required_argument, NULL, 'P' },
		{ "svg", required_argument, NULL, 'V' }, { "dark", no_argument, NULL, 'd' }, { "page", required_argument, NULL, 'p' },
		{ "select", required_argument, NULL, 's' }, { "cycles", required_argument, NULL, 'n' },
		{ "volts", required_argument, NULL, 'v' }, { "amperes", required_argument, NULL, 'i' },
		{ "width", required_argument, NULL, 'W' }, { "height", required_argument, NULL, 'H' },
		{ "ascii", no_argument, NULL, 'a' }, { "no-color", no_argument, NULL, 'b' },
		CONTROL_CLIENT_OPTIONS, { NULL, 0, NULL, 0 }
	};
	int option, status, outputs;

	*arguments = (struct arguments){ .options = { .cycles = 3 }, .screen = { .selected = -1 } };
	while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		status = take_option(arguments, option);
		if (status >= 0)
			return status;
	}
	outputs = arguments->once + arguments->json + !!arguments->png + !!arguments->svg;
	if (optind == argc && outputs <= 1)
		return -1;
	if (optind < argc)
		fprintf(stderr, "dinmeter scope: unexpected '%s'\n", argv[optind]);
	else
		fputs("dinmeter scope: --once, --json, --png and --svg: one of them at a time\n", stderr);
	fputs(usage, stderr);
	return CLIENT_USAGE;
}

/* Until a whole window of live samples is there.  0 or the exit status. */
static int fill(struct scope_source *source)
{
	int64_t heard_ns = monotonic_ns();

	for (;;) {
		int n = scope_source_read(source, READ_MS);
		int64_t now_ns = monotonic_ns();
		char reason[64];

		if (n < 0)
			return CLIENT_FAILED;
		if (n > 0 && !scope_source_stale(source, now_ns)) {
			heard_ns = now_ns;
			if (scope_source_filled(source) >= 1)
				return 0;
		}
		if (now_ns - heard_ns < PATIENCE_NS && !(n == 0 && source->newest_ns && scope_source_stale(source, now_ns)))
			continue;
		scope_source_explain(source, reason, sizeof(reason));
		fprintf(stderr, "dinmeter scope: no new samples: %s\n", reason);
		return CLIENT_FAILED;
	}
}

/* From the environment, where it says a number that will do. */
static unsigned size_from(const char *name, unsigned least, unsigned most, unsigned otherwise)
{
	const char *text = getenv(name);
	unsigned value;

	return text && !parse_whole(text, least, most, &value) ? value : otherwise;
}

static int print_text(const struct arguments *arguments, const struct scope_view *view)
{
	unsigned rows = arguments->height ? arguments->height : size_from("LINES", SCOPE_ROWS_MIN, GRID_ROWS_MAX, ROWS);
	unsigned columns = arguments->width ? arguments->width : size_from("COLUMNS", SCOPE_COLUMNS_MIN, GRID_COLUMNS_MAX, COLUMNS);
	struct grid_cell *cells = calloc((size_t)rows * columns, sizeof(*cells));
	char text[4 * GRID_COLUMNS_MAX + 1];
	struct grid grid;

	if (!cells)
		return -ENOMEM;
	setlocale(LC_CTYPE, "");
	grid_init(&grid, cells, rows, columns, arguments->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
	scope_draw(&grid, view, &arguments->screen);
	for (unsigned row = 0; row < rows; row++) {
		grid_row_text(&grid, row, text, sizeof(text));
		puts(text);
	}
	free(cells);
	return 0;
}

static int show(const struct arguments *arguments, const struct scope_view *view)
{
	const char *file = arguments->png ? arguments->png : arguments->svg;
	int error;

	if (file)
		error = scope_picture_write(view, file, arguments->dark ? PICTURE_DARK : PICTURE_LIGHT);
	else
		error = arguments->json ? scope_json_print(stdout, view) : print_text(arguments, view);
	if (!error && (fflush(stdout) || ferror(stdout)))
		error = -errno;
	if (!error)
		return CLIENT_DONE;
	fprintf(stderr, "dinmeter scope: %s: %s\n", file ? file : "the picture cannot be written", strerror(-error));
	return CLIENT_FAILED;
}

static int run_once(struct scope_source *source, const struct arguments *arguments)
{
	struct scope_view view;
	int status = fill(source);

	if (status)
		return status;
	scope_source_build(source, &arguments->options, &view);
	return show(arguments, &view);
}

int client_scope(int argc, char **argv)
{
	struct arguments arguments;
	struct scope_source source;
	int status = read_arguments(&arguments, argc, argv);

	if (status >= 0)
		return status;
	status = scope_source_open(&source, arguments.socket, arguments.config);
	if (status)
		return status;
	if (arguments.once || arguments.json || arguments.png || arguments.svg) {
		status = run_once(&source, &arguments);
	} else {
		arguments.screen.keys = true;
		status = scope_live_run(&source, &arguments.options, &arguments.screen, arguments.ascii, !arguments.no_color);
	}
	scope_source_close(&source);
	return status;
}
