#include "client/scope_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/said.h"
#include "client/tui.h"
#include "daemon/monotonic.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define PICTURE_MS 125			/* eight pictures a second */
#define RETRY_NS (NS_PER_S / 2)
#define EXPLAIN_NS NS_PER_S
#define LOST_SHOWN_NS (10 * NS_PER_S)
#define READS_MAX 64			/* in a row: keys are looked at in between */

struct live {
	struct scope_source *source;
	struct scope_options options;
	struct scope_screen screen;
	struct scope_view view;
	bool ascii, paused, quit;
	int64_t next_try_ns, next_explain_ns;
	char reason[64];		/* why no samples come */
	struct grid_cell *cells;
};

/* Takes all that has come, and looks for a daemon that went. */
static void collect(struct live *live)
{
	int64_t now_ns = monotonic_ns();

	if (!live->source->connected && now_ns >= live->next_try_ns) {
		scope_source_reopen(live->source);
		live->next_try_ns = now_ns + RETRY_NS;
	}
	for (int i = 0; i < READS_MAX && scope_source_read(live->source, 0) > 0; i++)
		;
}

/* Nothing is shown as live that is not. */
static void show_nothing(struct live *live)
{
	scope_view_clear(&live->view, &live->options);
	snprintf(live->view.title, sizeof(live->view.title), "dinmeter scope");
}

static void tell_lost(struct live *live, int64_t now_ns)
{
	const struct scope_source *source = live->source;

	if (source->lost > 0 && now_ns - source->lost_ns < LOST_SHOWN_NS)
		snprintf(live->view.note, sizeof(live->view.note), "%llu scans were lost, the last %lld s ago", (unsigned long long)source->lost,
			 (long long)((now_ns - source->lost_ns) / NS_PER_S));
}

static void tell_why(struct live *live, int64_t now_ns)
{
	if (now_ns >= live->next_explain_ns) {
		scope_source_explain(live->source, live->reason, sizeof(live->reason));
		live->next_explain_ns = now_ns + EXPLAIN_NS;
	}
	snprintf(live->view.note, sizeof(live->view.note), "no new samples: %s", live->reason);
}

static void look(struct live *live)
{
	struct scope_source *source = live->source;
	int64_t now_ns = monotonic_ns();
	char line[96];

	if (live->paused)
		return;
	if (!source->connected) {
		show_nothing(live);
		said_last(line, sizeof(line));
		snprintf(live->view.note, sizeof(live->view.note), "no connection, waiting for dinmeterd: %.60s",
			 strncmp(line, "dinmeter: ", 10) ? line : line + 10);
	} else if (scope_source_stale(source, now_ns)) {
		show_nothing(live);
		tell_why(live, now_ns);
	} else if (scope_source_filled(source) < 1) {
		show_nothing(live);
		snprintf(live->view.note, sizeof(live->view.note), "collecting: %.0f %% of 1.2 s", 100 * scope_source_filled(source));
		tell_lost(live, now_ns);
	} else {
		scope_source_build(source, &live->options, &live->view);
		live->next_explain_ns = 0;
		tell_lost(live, now_ns);
	}
}

static void pause_or_go_on(struct live *live)
{
	if (live->paused)
		live->paused = false;
	else if (live->view.state == SCOPE_LIVE)
		live->paused = true;
	if (live->paused)
		live->view.state = SCOPE_PAUSED;
}

/* What is held still is drawn again to new options, from the same samples. */
static void redo(struct live *live)
{
	char time[sizeof(live->view.time)];

	if (!live->paused)
		return;
	memcpy(time, live->view.time, sizeof(time));
	scope_source_rebuild(live->source, &live->options, &live->view);
	memcpy(live->view.time, time, sizeof(time));
	live->view.state = SCOPE_PAUSED;
}

/* A step of 1, 2, 5 up or down from what is shown now. */
static double step_scale(double scale, bool up)
{
	return up ? scope_view_scale(scale * 1.5) : scope_view_scale(scale * 0.45);
}

static bool press_scale(struct live *live, int key)
{
	struct scope_options *options = &live->options;

	if (key == 'v' || key == 'V')
		options->volts = step_scale(live->view.channel[ADC_VA].full_scale, key == 'V');
	else if (key == 'i' || key == 'I')
		options->amperes = step_scale(live->view.channel[ADC_IA].full_scale, key == 'I');
	else if (key == '0')
		options->volts = options->amperes = 0;
	else
		return false;
	return true;
}

static bool press_channel(struct live *live, int key)
{
	struct scope_screen *screen = &live->screen;
	int c = key == 'x' ? screen->selected : key - '1';

	if (key == TUI_DOWN)
		screen->selected = screen->selected + 1 < ADC_CHANNELS ? screen->selected + 1 : -1;
	else if (key == TUI_UP)
		screen->selected = screen->selected < 0 ? ADC_CHANNELS - 1 : screen->selected - 1;
	else if (key == TUI_ESCAPE)
		screen->selected = -1;
	else if ((key >= '1' && key <= '6') || (key == 'x' && c >= 0))
		live->options.hidden[c] = !live->options.hidden[c];
	else
		return false;
	return true;
}

static bool press_page(struct live *live, int key)
{
	static const char letters[SCOPE_PAGES] = { 'w', 'p', 'h', 'a' };
	struct scope_screen *screen = &live->screen;

	for (int page = 0; page < SCOPE_PAGES; page++)
		if (key == letters[page]) {
			screen->page = (enum scope_page)page;
			return true;
		}
	if (key == TUI_ENTER || key == TUI_PAGE_DOWN)
		screen->page = (enum scope_page)((screen->page + 1) % SCOPE_PAGES);
	else if (key == TUI_PAGE_UP)
		screen->page = (enum scope_page)((screen->page + SCOPE_PAGES - 1) % SCOPE_PAGES);
	else
		return false;
	return true;
}

static void press(struct live *live, int key)
{
	struct scope_options *options = &live->options;

	if (key == TUI_END_OF_INPUT || key == 'q') {
		live->quit = true;
	} else if (live->screen.help || key == '?') {
		live->screen.help = !live->screen.help;
	} else if (key == ' ') {
		pause_or_go_on(live);
	} else if (key == TUI_LEFT || key == '-' || key == TUI_RIGHT || key == '+') {
		bool more = key == TUI_RIGHT || key == '+';

		if (more ? options->cycles < SCOPE_CYCLES_MAX : options->cycles > SCOPE_CYCLES_MIN)
			options->cycles += more ? 1 : -1u;
		redo(live);
	} else if (press_scale(live, key) || press_channel(live, key)) {
		redo(live);
	} else {
		press_page(live, key);
	}
}

static void paint(struct live *live)
{
	unsigned rows, columns;
	struct grid grid;

	tui_size(&rows, &columns);
	grid_init(&grid, live->cells, rows, columns, live->ascii);
	scope_draw(&grid, &live->view, &live->screen);
	tui_paint(&grid);
}

/* Until the next picture is due or a key has changed it. */
static void await_key(struct live *live, int64_t due_ns)
{
	int64_t left_ns = due_ns - monotonic_ns();
	int key = tui_key(left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0, -1);

	if (key == TUI_RESIZE)
		return;
	if (key != TUI_NONE)
		press(live, key);
}

static void run(struct live *live)
{
	int64_t due_ns = 0;

	while (!live->quit) {
		collect(live);
		if (monotonic_ns() >= due_ns) {
			look(live);
			due_ns = monotonic_ns() + PICTURE_MS * NS_PER_MS;
		}
		paint(live);
		await_key(live, due_ns);
	}
}

int scope_live_run(struct scope_source *source, const struct scope_options *options, const struct scope_screen *screen, bool ascii,
		   bool colour)
{
	struct live live = { .source = source, .options = *options, .screen = *screen };
	int error;

	live.cells = calloc((size_t)GRID_ROWS_MAX * GRID_COLUMNS_MAX, sizeof(*live.cells));
	if (!live.cells) {
		fputs("dinmeter scope: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	error = tui_open(ascii, colour);
	if (error) {
		free(live.cells);
		return CLIENT_FAILED;
	}
	live.ascii = tui_is_ascii();
	error = said_begin();
	show_nothing(&live);
	if (!error)
		run(&live);
	said_end();
	tui_close();
	free(live.cells);
	if (error)
		fprintf(stderr, "dinmeter scope: stderr cannot be caught: %s\n", strerror(-error));
	return error ? CLIENT_FAILED : CLIENT_DONE;
}
